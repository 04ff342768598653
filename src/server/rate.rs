//! How often each address may ask for what costs much. Knows not what that is.

use crate::access::network;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many seconds' worth may be asked for at once.
const BURST_SECONDS: f64 = 4.0;

/// Addresses remembered at most; one that asked longest ago is forgotten first, which forgives it little.
const MOST_ADDRESSES: usize = 1024;

/// What each address has left.
pub struct Rates {
    per_second: f64,
    addresses: Mutex<HashMap<IpAddr, Left>>,
}

struct Left {
    requests: f64,
    at: Instant,
}

impl Rates {
    pub fn new(per_second: f64) -> Self {
        Self { per_second, addresses: Mutex::default() }
    }

    /// Whether the address may ask now.
    ///
    /// # Errors
    /// In so long it may.
    pub fn ask(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let address = network(address);
        // Slow rates too let one through at once.
        let burst = (self.per_second * BURST_SECONDS).max(1.0);
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= MOST_ADDRESSES && !addresses.contains_key(&address) {
            let oldest = addresses.iter().min_by_key(|(_, left)| left.at).map(|(address, _)| *address);
            oldest.map(|oldest| addresses.remove(&oldest));
        }
        let left = addresses.entry(address).or_insert(Left { requests: burst, at: now });
        let passed = now.saturating_duration_since(left.at).as_secs_f64();
        left.requests = (left.requests + passed * self.per_second).min(burst);
        left.at = now;
        if left.requests < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - left.requests) / self.per_second));
        }
        left.requests -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_burst_and_then_its_rate_and_others_theirs() {
        let rates = Rates::new(2.0);
        let (here, there) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let start = Instant::now();
        assert_eq!((0..100).filter(|_| rates.ask(here, start).is_ok()).count(), 8);
        assert_eq!(rates.ask(here, start), Err(Duration::from_millis(500)));
        assert_eq!(rates.ask(there, start), Ok(()));
        let later = start + Duration::from_secs(3);
        assert_eq!((0..100).filter(|_| rates.ask(here, later).is_ok()).count(), 6);
    }

    #[test]
    fn a_slow_rate_lets_one_through_and_memory_is_bounded() {
        let rates = Rates::new(0.1);
        let start = Instant::now();
        for n in 0..3000u32 {
            assert_eq!(
                rates.ask(IpAddr::from(n.to_be_bytes()), start + Duration::from_millis(n.into())),
                Ok(())
            );
        }
        assert!(rates.addresses.lock().unwrap().len() <= MOST_ADDRESSES);
        let last = IpAddr::from(2999u32.to_be_bytes());
        assert!(rates.ask(last, start + Duration::from_secs(4)).is_err());
    }
}
