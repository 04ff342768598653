//! How often a password may be tried: each failure makes its address wait longer, and all addresses together have a
//! budget. Knows no passwords.

use super::User;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
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

/// Tries so far. Names that nobody has cost the budget nothing: no password of theirs can be found. All times are since one beginning.
pub struct Throttle {
    sources: HashMap<Source, Failures>,
    /// Failures that all together still have, at the time `told`.
    budget: f64,
    told: Duration,
}

/// Where tries come from and whom they are for: who knows the viewer's password must not get rid of the wait for the
/// administrator's by it. `None`: nobody of that name. Strangers are told apart by their [`network`], those who were in
/// by their full address: all machines of a home share one IPv6 network.
type Source = (IpAddr, Option<User>);

struct Failures {
    count: u32,
    last: Duration,
    /// A password was right from here once: neither the common budget nor its neighbours' failures hold for it, so that
    /// strangers can't lock people out.
    trusted: bool,
}

impl Throttle {
    pub fn new() -> Self {
        Self { sources: HashMap::new(), budget: BUDGET, told: Duration::ZERO }
    }

    /// Whether a try may begin. Counts nothing.
    ///
    /// # Errors
    /// It has to wait so long.
    pub fn ask(&self, address: IpAddr, user: Option<User>, now: Duration) -> Result<(), Duration> {
        let Some(known) = self.failures(self.source(address, user), now) else { return Ok(()) };
        let over = (known.last + wait(known.count)).saturating_sub(now);
        if over.is_zero() { Ok(()) } else { Err(over) }
    }

    /// Lets one try begin, which counts as failed until [`Self::succeeded`]: many at once are no way around.
    ///
    /// # Errors
    /// It has to wait so long.
    pub fn begin(&mut self, address: IpAddr, user: Option<User>, now: Duration) -> Result<(), Duration> {
        self.ask(address, user, now)?;
        let source = self.source(address, user);
        let passed = now.saturating_sub(self.told).as_secs_f64();
        self.budget = (self.budget + passed / REFILL.as_secs_f64()).min(BUDGET);
        self.told = now;
        let count = self.failures(source, now).map_or(0, |known| known.count);
        let trusted = self.is_trusted(source);
        if !trusted && user.is_some() && !is_device_itself(address) {
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
        let source = self.source(address, Some(user));
        if !self.is_trusted(source) {
            // The failure that it was counted as.
            self.sources.remove(&source);
            self.budget = (self.budget + 1.0).min(BUDGET);
        }
        let known = (address.to_canonical(), Some(user));
        self.make_room(known);
        self.sources.insert(known, Failures { count: 0, last: now, trusted: true });
    }

    /// By what a try's failures are counted.
    fn source(&self, address: IpAddr, user: Option<User>) -> Source {
        let known = (address.to_canonical(), user);
        if self.is_trusted(known) { known } else { (network(address), user) }
    }

    fn is_trusted(&self, source: Source) -> bool {
        self.sources.get(&source).is_some_and(|known| known.trusted)
    }

    /// Those that aren't forgiven yet.
    fn failures(&self, source: Source, now: Duration) -> Option<&Failures> {
        self.sources.get(&source).filter(|known| now.saturating_sub(known.last) < FORGIVEN)
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

/// The device is always a way in to itself.
fn is_device_itself(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST
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

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 7));

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
    fn the_device_itself_and_names_that_nobody_has_are_beside_the_budget() {
        let mut throttle = Throttle::new();
        for n in 0..1000u32 {
            throttle.begin(IpAddr::from((0x0a00_0000 + n).to_be_bytes()), None, seconds(0)).unwrap();
        }
        assert_eq!(throttle.begin(HERE, ADMIN, seconds(0)), Ok(()));
        for n in 0..1000u32 {
            let _ = throttle.begin(IpAddr::from((0x0b00_0000 + n).to_be_bytes()), ADMIN, seconds(0));
        }
        assert!(throttle.begin([192, 168, 1, 8].into(), ADMIN, seconds(0)).is_err());
        for loopback in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(throttle.begin(loopback.parse().unwrap(), ADMIN, seconds(0)), Ok(()), "{loopback}");
        }
    }

    #[test]
    fn who_was_in_is_not_kept_out_by_neighbours_of_the_same_ipv6_network() {
        let (here, neighbour) = ("fd09::1".parse().unwrap(), "fd09::2".parse().unwrap());
        let mut throttle = Throttle::new();
        throttle.begin(here, ADMIN, seconds(0)).unwrap();
        throttle.succeeded(here, User::Admin, seconds(0));
        for second in 0..1000 {
            let _ = throttle.begin(neighbour, ADMIN, seconds(second));
        }
        assert!(throttle.begin(neighbour, ADMIN, seconds(1000)).is_err());
        assert_eq!(throttle.begin(here, ADMIN, seconds(1000)), Ok(()));
        // Its own failures still count.
        for _ in 1..FREE {
            throttle.begin(here, ADMIN, seconds(1000)).unwrap();
        }
        assert!(throttle.ask(here, ADMIN, seconds(1000)).is_err());
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
