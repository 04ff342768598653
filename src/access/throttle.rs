//! How often a password may be tried: each failure makes its address wait longer, and all addresses together have a
//! budget. Knows no passwords.

use super::User;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// Failures of one address that cost nothing: people mistype.
const FREE: u32 = 5;

/// The wait after the first failure that costs, doubled with each further one, up to the longest.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// An address that has failed nothing for so long begins anew.
const FORGIVEN: Duration = Duration::from_secs(60 * 60);

/// Failures of all addresses together: so many at once, and then one in so long: 390 in an hour. With the weakest
/// password that can be set, and the many addresses of a network of hijacked machines, guessing takes ages.
const BUDGET: f64 = 30.0;
const REFILL: Duration = Duration::from_secs(10);

/// Sources remembered at most; the one that failed longest ago is forgotten first.
const MOST_SOURCES: usize = 1024;

/// Tries so far. All times are since one beginning.
pub struct Throttle {
    sources: HashMap<Source, Failures>,
    /// Failures that all together still have, at the time `told`.
    budget: f64,
    told: Duration,
}

/// Where tries come from and whom they are for: who knows the viewer's password must not get rid of the wait for the
/// administrator's by it. `None`: nobody of that name.
type Source = (IpAddr, Option<User>);

struct Failures {
    count: u32,
    last: Duration,
    /// A password was right from here once: the common budget doesn't hold for it, so that strangers can't lock
    /// people out.
    trusted: bool,
}

impl Throttle {
    pub fn new() -> Self {
        Self { sources: HashMap::new(), budget: BUDGET, told: Duration::ZERO }
    }

    /// Lets one try begin, which counts as failed until [`Self::succeeded`]: many at once are no way around.
    ///
    /// # Errors
    /// It has to wait so long.
    pub fn begin(&mut self, address: IpAddr, user: Option<User>, now: Duration) -> Result<(), Duration> {
        let source = (network(address), user);
        let passed = now.saturating_sub(self.told).as_secs_f64();
        self.budget = (self.budget + passed / REFILL.as_secs_f64()).min(BUDGET);
        self.told = now;
        let known = self.sources.get(&source);
        let trusted = known.is_some_and(|known| known.trusted);
        let known = known.filter(|known| now.saturating_sub(known.last) < FORGIVEN);
        if let Some(known) = known {
            let over = (known.last + wait(known.count)).saturating_sub(now);
            if !over.is_zero() {
                return Err(over);
            }
        }
        let count = known.map_or(0, |known| known.count);
        if !trusted {
            if self.budget < 1.0 {
                return Err(REFILL.mul_f64(1.0 - self.budget));
            }
            self.budget -= 1.0;
        }
        self.make_room(source);
        self.sources.insert(source, Failures { count: count + 1, last: now, trusted });
        Ok(())
    }

    /// The password was right.
    pub fn succeeded(&mut self, address: IpAddr, user: User, now: Duration) {
        let known = Failures { count: 0, last: now, trusted: true };
        let before = self.sources.insert((network(address), Some(user)), known);
        if before.is_none_or(|before| !before.trusted) {
            self.budget = (self.budget + 1.0).min(BUDGET);
        }
    }

    fn make_room(&mut self, source: Source) {
        if self.sources.len() < MOST_SOURCES || self.sources.contains_key(&source) {
            return;
        }
        let oldest = self.sources.iter().min_by_key(|(_, failures)| (failures.trusted, failures.last));
        if let Some(oldest) = oldest.map(|(source, _)| *source) {
            self.sources.remove(&oldest);
        }
    }
}

/// How long after so many failures.
fn wait(failures: u32) -> Duration {
    match failures.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(more) => FIRST_WAIT.saturating_mul(1 << more.min(16)).min(LONGEST_WAIT),
    }
}

/// Whom an address stands for: whoever has one IPv6 address has the 2^64 beside it as well.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 7));

    const ADMIN: Option<User> = Some(User::Admin);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_few_mistakes_cost_nothing_and_each_further_one_doubles_the_wait() {
        let mut throttle = Throttle::new();
        for _ in 0..FREE {
            assert_eq!(throttle.begin(HERE, ADMIN, seconds(1)), Ok(()));
        }
        assert_eq!(throttle.begin(HERE, ADMIN, seconds(1)), Err(seconds(2)));
        assert_eq!(throttle.begin(HERE, ADMIN, seconds(2)), Err(seconds(1)));
        assert_eq!(throttle.begin(HERE, ADMIN, seconds(3)), Ok(()));
        assert_eq!(throttle.begin(HERE, ADMIN, seconds(3)), Err(seconds(4)));
        assert_eq!(wait(40), LONGEST_WAIT);
        assert_eq!(wait(u32::MAX), LONGEST_WAIT);
    }

    #[test]
    fn success_or_an_hour_makes_good() {
        let mut throttle = Throttle::new();
        (0..FREE).for_each(|_| throttle.begin(HERE, ADMIN, seconds(0)).unwrap());
        throttle.succeeded(HERE, User::Admin, seconds(0));
        assert_eq!(throttle.begin(HERE, ADMIN, seconds(0)), Ok(()));
        let mut throttle = Throttle::new();
        for second in [0, 0, 0, 0, 0, 2, 6, 14] {
            throttle.begin(HERE, ADMIN, seconds(second)).unwrap();
        }
        assert!(throttle.begin(HERE, ADMIN, seconds(20)).is_err());
        assert!((0..FREE).all(|_| throttle.begin(HERE, ADMIN, seconds(14) + FORGIVEN).is_ok()));
    }

    #[test]
    fn a_viewer_who_logs_in_gains_no_tries_for_the_administrator() {
        let mut throttle = Throttle::new();
        let tried = (0..1000).filter(|_| {
            throttle.begin(HERE, Some(User::Viewer), seconds(0)).unwrap();
            throttle.succeeded(HERE, User::Viewer, seconds(0));
            throttle.begin(HERE, ADMIN, seconds(0)).is_ok()
        });
        assert_eq!(tried.count(), FREE as usize);
    }

    #[test]
    fn many_addresses_share_one_budget_and_lock_nobody_out_who_was_in() {
        let mut throttle = Throttle::new();
        throttle.begin(HERE, ADMIN, seconds(0)).unwrap();
        throttle.succeeded(HERE, User::Admin, seconds(0));
        let tried = |throttle: &mut Throttle, second| {
            let strangers = (0..1000u32).map(|n| IpAddr::from((0x0a00_0000 + n).to_be_bytes()));
            strangers.filter(|stranger| throttle.begin(*stranger, ADMIN, seconds(second)).is_ok()).count()
        };
        assert_eq!(tried(&mut throttle, 0), 30);
        assert_eq!(tried(&mut throttle, 1), 0);
        assert_eq!(throttle.begin(HERE, ADMIN, seconds(1)), Ok(()));
        assert_eq!(tried(&mut throttle, 101), 10);
    }

    #[test]
    fn a_thousand_tries_in_an_hour_are_few_that_count() {
        let mut throttle = Throttle::new();
        let tried =
            (0..1000).filter(|n| throttle.begin(HERE, ADMIN, seconds(n * 3600 / 1000)).is_ok()).count();
        // 5 free ones, then after 2, 4, … 512 and twice 900 s.
        assert_eq!(tried, 16);
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_and_memory_is_bounded() {
        let one: IpAddr = "2001:db8:1:2::1".parse().unwrap();
        assert_eq!(network(one), network("2001:db8:1:2:ffff::9".parse().unwrap()));
        assert_ne!(network(one), network("2001:db8:1:3::1".parse().unwrap()));
        assert_eq!(network("::ffff:10.0.0.1".parse().unwrap()), IpAddr::from([10, 0, 0, 1]));
        let mut throttle = Throttle::new();
        for n in 0..5000u32 {
            let _ = throttle.begin(IpAddr::from(n.to_be_bytes()), None, seconds(u64::from(n) * 10));
        }
        assert!(throttle.sources.len() <= MOST_SOURCES);
    }
}
