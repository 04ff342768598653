//! When a relay is closed: hold time, longest time, and the pause between two closings. Knows time alone; what counts
//! as a cause, and whether it may close at all, is decided by whoever asks.

use crate::config;
use std::time::Duration;

/// What is known of closings before the program started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// There was none.
    None,
    /// The last one ended so long before now, or before that.
    Ended(Duration),
    /// There was one, and nobody knows how long ago: as if it ended now.
    Unknown,
}

/// Why it should be closed now.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// In words.
    pub reason: String,
}

/// What a step changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It closes, and why.
    Closed(String),
    /// It opens, and why.
    Opened(String),
}

#[derive(Clone, Debug, PartialEq)]
struct Closing {
    since: Duration,
    last_cause: Duration,
    /// Nobody but a person who tries it out has asked for it.
    test_until: Option<Duration>,
    reason: String,
}

/// One relay over time. `now` never goes back.
#[derive(Debug)]
pub struct Relay {
    closing: Option<Closing>,
    /// When the last closing was known to be over, and for how long it had been then.
    over: Option<(Duration, Duration)>,
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

impl Relay {
    pub fn new(now: Duration, past: Past) -> Self {
        let over = match past {
            Past::None => None,
            Past::Ended(ago) => Some((now, ago)),
            Past::Unknown => Some((now, Duration::ZERO)),
        };
        Self { closing: None, over }
    }

    pub fn is_closed(&self) -> bool {
        self.closing.is_some()
    }

    /// How long it must still stay open after the last closing.
    pub fn pause_left(&self, now: Duration, rules: &config::Relay) -> Duration {
        let Some((then, ago)) = self.over else { return Duration::ZERO };
        seconds(rules.pause_seconds).saturating_sub(now.saturating_sub(then) + ago)
    }

    /// Moves on. `allowed` says in words why it may not be closed.
    pub fn step(
        &mut self,
        now: Duration,
        rules: &config::Relay,
        demand: Option<&Demand>,
        allowed: Result<(), &str>,
    ) -> Option<Change> {
        let demand = demand.filter(|_| allowed.is_ok());
        let Some(closing) = &mut self.closing else {
            let demand = demand.filter(|_| self.pause_left(now, rules).is_zero())?;
            let reason = demand.reason.clone();
            self.closing =
                Some(Closing { since: now, last_cause: now, test_until: None, reason: reason.clone() });
            return Some(Change::Closed(reason));
        };
        if demand.is_some() {
            closing.last_cause = now;
            closing.test_until = None;
        }
        let longest = closing.since + seconds(rules.longest_on_seconds);
        let end = closing.test_until.unwrap_or(closing.last_cause + seconds(rules.hold_seconds));
        let why = match allowed {
            Err(why) if closing.test_until.is_none() => why.to_string(),
            _ if now >= longest => format!("it was closed for {} s", rules.longest_on_seconds),
            _ if now >= end && closing.test_until.is_some() => "the test is over".into(),
            _ if now >= end => format!("no cause for {} s", rules.hold_seconds),
            _ => return None,
        };
        Some(self.open(now, why))
    }

    /// Closes it for somebody who tries it out, never longer than it may be closed.
    ///
    /// # Errors
    /// How long that isn't possible, in words.
    pub fn test(
        &mut self,
        now: Duration,
        rules: &config::Relay,
        length: Duration,
        reason: &str,
    ) -> Result<Change, String> {
        if self.is_closed() {
            return Err("it is closed already".into());
        }
        let left = self.pause_left(now, rules);
        if !left.is_zero() {
            return Err(format!("it must stay open for {:.1} s more (pause_seconds)", left.as_secs_f32()));
        }
        let until = now + length.min(seconds(rules.longest_on_seconds));
        self.closing =
            Some(Closing { since: now, last_cause: now, test_until: Some(until), reason: reason.into() });
        Ok(Change::Closed(reason.into()))
    }

    /// Opens it at once, whatever the rules say.
    pub fn end(&mut self, now: Duration, why: &str) -> Option<Change> {
        self.closing.is_some().then(|| self.open(now, why.into()))
    }

    /// Its line was away and is back, at the safe level: what happened meanwhile isn't known.
    pub fn retaken(&mut self, now: Duration) {
        self.over = self.over.map(|_| (now, Duration::ZERO));
    }

    /// When it opens by itself, if nothing else happens.
    pub fn deadline(&self, rules: &config::Relay) -> Option<Duration> {
        let closing = self.closing.as_ref()?;
        let end = closing.test_until.unwrap_or(closing.last_cause + seconds(rules.hold_seconds));
        Some(end.min(closing.since + seconds(rules.longest_on_seconds)))
    }

    fn open(&mut self, now: Duration, why: String) -> Change {
        self.closing = None;
        self.over = Some((now, Duration::ZERO));
        Change::Opened(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: fn() -> config::Relay = || config::Relay {
        hold_seconds: 5.0,
        longest_on_seconds: 20.0,
        pause_seconds: 10.0,
        ..config::Relay::default()
    };

    fn s(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn demand() -> Demand {
        Demand { reason: "somebody".into() }
    }

    /// Moves on in steps of 100 ms; `caused` says when there is a cause. Gives the times of changes.
    fn play(relay: &mut Relay, seconds: f64, caused: impl Fn(f64) -> bool) -> Vec<(f64, bool)> {
        let rules = RULES();
        let mut changes = Vec::new();
        for tenth in 0..=(seconds * 10.0) as u32 {
            let time = f64::from(tenth) / 10.0;
            let demand = caused(time).then(demand);
            if relay.step(s(time), &rules, demand.as_ref(), Ok(())).is_some() {
                changes.push((time, relay.is_closed()));
            }
        }
        changes
    }

    #[test]
    fn it_holds_after_the_last_cause() {
        let mut relay = Relay::new(Duration::ZERO, Past::None);
        assert_eq!(play(&mut relay, 30.0, |time| (1.0..3.05).contains(&time)), [(1.0, true), (8.0, false)]);
    }

    #[test]
    fn it_opens_after_the_longest_time_and_pauses_though_the_cause_goes_on() {
        let mut relay = Relay::new(Duration::ZERO, Past::None);
        assert_eq!(
            play(&mut relay, 61.0, |time| time >= 1.0),
            [(1.0, true), (21.0, false), (31.0, true), (51.0, false), (61.0, true)]
        );
    }

    #[test]
    fn causes_in_the_pause_do_not_make_it_longer() {
        let mut relay = Relay::new(Duration::ZERO, Past::None);
        let caused = |time: f64| time == 0.0 || (6.0..14.95).contains(&time) || time == 17.0;
        assert_eq!(play(&mut relay, 17.5, caused), [(0.0, true), (5.0, false), (17.0, true)]);
    }

    #[test]
    fn a_closing_before_the_start_counts() {
        let always = |_| true;
        for (past, first) in [
            (Past::None, 0.0),
            (Past::Unknown, 10.0),
            (Past::Ended(s(4.0)), 6.0),
            (Past::Ended(s(3600.0)), 0.0),
        ] {
            let mut relay = Relay::new(Duration::ZERO, past);
            assert_eq!(play(&mut relay, 12.0, always)[0], (first, true), "{past:?}");
        }
    }

    #[test]
    fn disarmed_it_opens_at_once_and_stays_open() {
        let (rules, mut relay) = (RULES(), Relay::new(Duration::ZERO, Past::None));
        relay.step(s(0.0), &rules, Some(&demand()), Ok(()));
        let opened = relay.step(s(1.0), &rules, Some(&demand()), Err("it is disarmed"));
        assert_eq!(opened, Some(Change::Opened("it is disarmed".into())));
        assert_eq!(relay.step(s(30.0), &rules, Some(&demand()), Err("it is disarmed")), None);
    }

    #[test]
    fn a_test_needs_no_arming_but_the_pause_and_becomes_an_alarm_by_a_cause() {
        let (rules, mut relay) = (RULES(), Relay::new(Duration::ZERO, Past::None));
        relay.test(s(0.0), &rules, s(1.0), "test").unwrap();
        assert_eq!(relay.step(s(0.9), &rules, None, Err("it is disarmed")), None);
        assert!(relay.step(s(1.0), &rules, None, Err("it is disarmed")).is_some());
        let refused = relay.test(s(5.0), &rules, s(1.0), "test").unwrap_err();
        assert!(refused.contains("6.0 s more"), "{refused}");
        relay.test(s(11.0), &rules, s(3600.0), "test").unwrap();
        assert_eq!(relay.deadline(&rules), Some(s(31.0)));
        relay.step(s(12.0), &rules, Some(&demand()), Ok(()));
        assert_eq!(relay.deadline(&rules), Some(s(17.0)));
        assert!(relay.test(s(13.0), &rules, s(1.0), "test").is_err());
        assert!(relay.step(s(13.0), &rules, None, Err("it is disarmed")).is_some());
    }
}
