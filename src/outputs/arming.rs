//! Whether relays may close: armed by hand, disarmed by hand, or as the schedule says; and silenced for a while.

use super::Moment;
use super::schedule::Schedule;
use crate::config::{self, Span};
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};

/// Who decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Armed,
    Disarmed,
    /// The schedule; without one it is armed.
    #[default]
    Schedule,
}

/// The last decision by hand; it outlives the program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    pub mode: Mode,
    /// Who chose it, in words; empty: nobody ever did.
    pub by: String,
}

impl Choice {
    /// For a start at which nobody can tell what was chosen: better no relay than one against somebody's will.
    pub fn unknown() -> Self {
        Self { mode: Mode::Disarmed, by: "nobody knows who: what was chosen can't be read".into() }
    }
}

/// What holds at a moment.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    Armed(String),
    /// Why no relay closes, in words.
    Disarmed(String),
}

impl Standing {
    pub fn is_armed(&self) -> bool {
        matches!(self, Self::Armed(_))
    }

    /// In words.
    pub fn why(&self) -> &str {
        match self {
            Self::Armed(why) | Self::Disarmed(why) => why,
        }
    }
}

pub struct Arming {
    choice: Choice,
    schedule: Schedule,
    /// Why the schedule can't be used.
    problem: Option<String>,
    silent_until: Option<Duration>,
}

impl Arming {
    pub fn new(settings: &config::Arming, choice: Choice) -> Self {
        let mut arming = Self { choice, schedule: Schedule::always(), problem: None, silent_until: None };
        arming.configure(settings);
        arming
    }

    pub fn configure(&mut self, settings: &config::Arming) {
        // Spans that can't be read were refused with the file.
        let spans = settings.schedule.iter().filter_map(|span| Span::parse(span).ok()).collect();
        match Schedule::new(spans, &settings.time_zone) {
            Ok(schedule) => (self.schedule, self.problem) = (schedule, None),
            // Its zone was known when the file was checked; until it is again, nothing is armed by it.
            Err(why) => self.problem = Some(why),
        }
    }

    pub fn choose(&mut self, mode: Mode, by: &str) {
        self.choice = Choice { mode, by: by.into() };
    }

    pub fn choice(&self) -> &Choice {
        &self.choice
    }

    pub fn standing(&self, moment: &Moment) -> Standing {
        match self.choice.mode {
            Mode::Armed => Standing::Armed(format!("armed by {}", self.choice.by)),
            Mode::Disarmed => Standing::Disarmed(format!("disarmed by {}", self.choice.by)),
            Mode::Schedule => match &self.problem {
                Some(why) => Standing::Disarmed(format!("the schedule can't be used: {why}")),
                None if self.schedule.is_empty() => {
                    Standing::Armed("always armed: there is no schedule".into())
                }
                None if !moment.clock_set => {
                    Standing::Disarmed("the schedule waits: the clock is not set yet".into())
                }
                None if self.schedule.holds(moment.wall) => Standing::Armed("armed by the schedule".into()),
                None => Standing::Disarmed("disarmed by the schedule".into()),
            },
        }
    }

    /// What keeps it from doing as it is told.
    pub fn problem(&self, moment: &Moment) -> Option<String> {
        let scheduled = self.choice.mode == Mode::Schedule;
        match &self.problem {
            Some(why) if scheduled => Some(format!("the schedule can't be used: {why}")),
            None if scheduled && !self.schedule.is_empty() && !moment.clock_set => {
                Some("the schedule arms nothing: the clock is not set yet".into())
            }
            _ => None,
        }
    }

    /// When the schedule changes next, while it decides.
    pub fn next_change(&self, moment: &Moment) -> Option<SystemTime> {
        let decides = self.choice.mode == Mode::Schedule && self.problem.is_none() && moment.clock_set;
        decides.then(|| self.schedule.next_change(moment.wall)).flatten()
    }

    /// Silences for so long from now; zero ends it.
    pub fn silence(&mut self, now: Duration, length: Duration) {
        self.silent_until = (!length.is_zero()).then(|| now + length);
    }

    /// How long it is still silent.
    pub fn silent_for(&self, now: Duration) -> Option<Duration> {
        let left = self.silent_until?.saturating_sub(now);
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(wall: &str, clock_set: bool) -> Moment {
        let wall = wall.parse::<jiff::Timestamp>().unwrap().into();
        Moment { now: Duration::from_secs(100), wall, clock_set }
    }

    fn nightly() -> config::Arming {
        let schedule = vec!["daily 22:00-06:00".into()];
        config::Arming { schedule, time_zone: "UTC".into(), ..config::Arming::default() }
    }

    #[test]
    fn what_was_chosen_by_hand_wins_over_the_schedule() {
        let (night, day) = (moment("2026-11-24T23:00:00Z", true), moment("2026-11-24T12:00:00Z", true));
        let mut arming = Arming::new(&nightly(), Choice::default());
        assert!(arming.standing(&night).is_armed() && !arming.standing(&day).is_armed());
        arming.choose(Mode::Disarmed, "the API");
        assert_eq!(arming.standing(&night), Standing::Disarmed("disarmed by the API".into()));
        assert_eq!(arming.next_change(&night), None);
        arming.choose(Mode::Armed, "input key");
        assert!(arming.standing(&day).is_armed());
        arming.choose(Mode::Schedule, "the API");
        assert_eq!(arming.next_change(&day), Some(moment("2026-11-24T22:00:00Z", true).wall));
    }

    #[test]
    fn a_clock_that_is_not_set_arms_nothing_by_the_schedule_alone() {
        let night = moment("2026-11-24T23:00:00Z", false);
        let mut arming = Arming::new(&nightly(), Choice::default());
        assert!(!arming.standing(&night).is_armed());
        assert!(arming.problem(&night).is_some_and(|why| why.contains("not set")));
        arming.choose(Mode::Armed, "the API");
        assert!(arming.standing(&night).is_armed() && arming.problem(&night).is_none());
        let always = Arming::new(&config::Arming::default(), Choice::default());
        assert!(always.standing(&night).is_armed() && always.problem(&night).is_none());
    }

    #[test]
    fn silence_runs_out() {
        let mut arming = Arming::new(&config::Arming::default(), Choice::default());
        let s = Duration::from_secs;
        arming.silence(s(10), s(60));
        assert_eq!(arming.silent_for(s(30)), Some(s(40)));
        assert_eq!(arming.silent_for(s(70)), None);
        arming.silence(s(80), s(60));
        arming.silence(s(81), Duration::ZERO);
        assert_eq!(arming.silent_for(s(82)), None);
    }
}
