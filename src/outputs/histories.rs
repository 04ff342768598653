//! Relays over random histories: whatever happens, they do what their rules say.

use super::arming::{Choice, Mode};
use super::control::{Controller, Moment, Moved, Settings, closes};
use super::news::{Alarm, News};
use super::relay::{Change, Past};
use crate::alert::Cause;
use crate::anomaly::Judgement;
use crate::anomaly::kinds::{AnomalyType, Severity};
use crate::config::outputs::{Action, AlarmType};
use crate::config::{Input, Relay};
use crate::pipeline::{Analysis, State};
use proptest::prelude::*;
use std::time::{Duration, SystemTime};

/// What may happen next.
#[derive(Clone, Debug)]
enum Happening {
    /// Nothing for so many ms.
    Wait(u64),
    /// A frame with a cause.
    Cause {
        severity: usize,
        zone: Option<bool>,
        learning: bool,
    },
    /// A change of the light with the very same cause.
    Light,
    Arm(usize),
    Silence(u64),
    Test(u64),
    Lid(bool),
    /// The wall clock jumps, and may or may not be set.
    Jump {
        hours: i64,
        set: bool,
    },
    /// The line is lost, or back.
    Line(bool),
    /// The program starts anew; `reboot`: the machine too.
    Restart {
        reboot: bool,
    },
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => (1u64..3000).prop_map(Happening::Wait),
        8 => (0usize..4, proptest::option::of(any::<bool>()), prop::bool::weighted(0.2))
            .prop_map(|(severity, zone, learning)| Happening::Cause { severity, zone, learning }),
        1 => Just(Happening::Light),
        2 => (0usize..3).prop_map(Happening::Arm),
        1 => (0u64..4000).prop_map(Happening::Silence),
        1 => (1u64..20_000).prop_map(Happening::Test),
        1 => any::<bool>().prop_map(Happening::Lid),
        1 => (-30i64..30, any::<bool>()).prop_map(|(hours, set)| Happening::Jump { hours, set }),
        1 => any::<bool>().prop_map(Happening::Line),
        1 => any::<bool>().prop_map(|reboot| Happening::Restart { reboot }),
    ]
}

fn rules() -> Relay {
    Relay {
        name: "siren".into(),
        min_severity: Severity::Medium,
        zones: vec!["door".into()],
        inputs: vec!["lid".into()],
        hold_seconds: 1.0,
        longest_on_seconds: 4.0,
        pause_seconds: 2.5,
        ..Relay::default()
    }
}

fn settings() -> Settings {
    let lid = Input {
        name: "lid".into(),
        action: Action::Alarm,
        debounce_ms: 0,
        severity: Severity::High,
        ..Input::default()
    };
    Settings {
        arming: crate::config::Arming {
            schedule: vec!["daily 22:00-06:00".into()],
            time_zone: "UTC".into(),
            ..crate::config::Arming::default()
        },
        leds: Vec::new(),
        relays: vec![rules()],
        inputs: vec![lid],
        cameras: vec!["yard".into()],
    }
}

/// The world around one relay, which judges from outside whether it does right.
struct World {
    controller: Controller,
    /// True time, which no restart and no jump touches.
    time: Duration,
    /// When the program, as it sees time, began.
    began: Duration,
    wall: i64,
    clock_set: bool,
    lid: bool,
    line: bool,
    /// Last moments of a cause that the rules name, of a test, and their reach.
    reason_until: Duration,
    closed_since: Option<Duration>,
    opened_at: Option<Duration>,
    closings: usize,
}

impl World {
    fn new() -> Self {
        Self {
            controller: Controller::new(settings(), Duration::ZERO, &[Past::None], Choice::default()),
            time: Duration::ZERO,
            began: Duration::ZERO,
            // 2026-11-24, noon
            wall: 1_795_521_600,
            clock_set: true,
            lid: false,
            line: true,
            reason_until: Duration::ZERO,
            closed_since: None,
            opened_at: None,
            closings: 0,
        }
    }

    fn moment(&self) -> Moment {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(self.wall as u64);
        Moment { now: self.time - self.began, wall: wall + self.time, clock_set: self.clock_set }
    }

    /// Armed and not silenced, as the rules have it; told apart from how the relay uses it.
    fn may_alarm(&self) -> bool {
        let moment = self.moment();
        self.controller.arming.standing(&moment).is_armed()
            && self.controller.arming.silent_for(moment.now).is_none()
    }

    fn took(&mut self, moved: &[Moved]) -> Result<(), TestCaseError> {
        for Moved { change, .. } in moved {
            match change {
                Change::Closed(why) => {
                    prop_assert!(self.closed_since.is_none(), "closed twice");
                    prop_assert!(self.time < self.reason_until, "closed without a reason: {}", why);
                    if let Some(opened) = self.opened_at {
                        let pause = self.time - opened;
                        prop_assert!(pause >= Duration::from_millis(2500), "a pause of {:?}", pause);
                    }
                    self.closed_since = Some(self.time);
                    self.closings += 1;
                }
                Change::Opened(_) => {
                    prop_assert!(self.closed_since.take().is_some(), "opened twice");
                    self.opened_at = Some(self.time);
                }
            }
        }
        Ok(())
    }

    /// One turn, with what the cameras told.
    fn step(&mut self, alarms: Vec<Alarm>) -> Result<(), TestCaseError> {
        let moment = self.moment();
        self.controller.sample(0, moment.now, Some(self.lid));
        let wanted = alarms.iter().any(|alarm| closes(&rules(), &["yard".into()], alarm)) || self.lid;
        if wanted && self.may_alarm() && self.line {
            self.reason_until = self.reason_until.max(self.time + Duration::from_secs(1));
        }
        let news = News { alarms, ..News::new(1) };
        let (moved, _) = self.controller.step(&moment, &news, &[self.line], None);
        self.took(&moved)?;
        self.judge()
    }

    /// What must hold at every moment.
    fn judge(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.closed_since.is_some(), self.controller.relay_is_closed(0));
        if let Some(since) = self.closed_since {
            prop_assert!(self.time - since < Duration::from_secs(4), "closed for {:?}", self.time - since);
            prop_assert!(self.time < self.reason_until, "nothing keeps it closed");
            prop_assert!(self.line, "closed without a line");
        }
        Ok(())
    }

    /// Time goes by, in steps no longer than the thread's tick, and to each deadline.
    fn wait(&mut self, length: Duration) -> Result<(), TestCaseError> {
        let end = self.time + length;
        while self.time < end {
            let deadline = self.controller.deadline(self.moment().now).map(|deadline| deadline + self.began);
            let next = deadline.unwrap_or(end).clamp(self.time + Duration::from_millis(1), end);
            self.time = next.min(self.time + Duration::from_secs(1));
            self.step(Vec::new())?;
        }
        Ok(())
    }

    fn happen(&mut self, happening: &Happening) -> Result<(), TestCaseError> {
        match happening {
            Happening::Wait(ms) => self.wait(Duration::from_millis(*ms))?,
            Happening::Cause { severity, zone, learning } => {
                let mut news = News::new(1);
                news.frame(0, &frame(*severity, *zone, *learning, false));
                self.step(news.alarms)?;
            }
            Happening::Light => {
                let mut news = News::new(1);
                news.frame(0, &frame(3, Some(true), false, true));
                prop_assert!(news.alarms.is_empty(), "light is no cause");
                self.step(news.alarms)?;
            }
            Happening::Arm(mode) => {
                let mode = [Mode::Armed, Mode::Disarmed, Mode::Schedule][*mode];
                self.controller.arming.choose(mode, "somebody");
                self.step(Vec::new())?;
                if !self.may_alarm() && self.closed_since.is_some() {
                    // Only a test goes on.
                    prop_assert!(self.controller.deadline(self.moment().now).is_some());
                }
            }
            Happening::Silence(ms) => {
                self.controller.arming.silence(self.moment().now, Duration::from_millis(*ms));
                self.step(Vec::new())?;
            }
            Happening::Test(ms) => {
                let length = Duration::from_millis(*ms);
                if self.line
                    && let Ok(moved) = self.controller.test_relay(0, self.moment().now, length, "somebody")
                {
                    self.reason_until = self.reason_until.max(self.time + length);
                    self.took(&[moved])?;
                }
                self.step(Vec::new())?;
            }
            Happening::Lid(level) => {
                self.lid = *level;
                self.step(Vec::new())?;
            }
            Happening::Jump { hours, set } => {
                self.wall += hours * 3600;
                self.clock_set = *set;
                self.step(Vec::new())?;
            }
            Happening::Line(there) => {
                let now = self.moment().now;
                let (had, has) = (self.line, *there);
                self.line = has;
                if had && !has {
                    let moved: Vec<Moved> = self.controller.lose_relay(0, now).into_iter().collect();
                    self.took(&moved)?;
                } else if !had && has {
                    self.controller.retake_relay(0, now);
                }
                self.step(Vec::new())?;
            }
            Happening::Restart { reboot } => {
                let moved = self.controller.end(self.moment().now, "restart");
                self.took(&moved)?;
                self.wait_without_program();
                let past = match self.opened_at {
                    None => Past::None,
                    Some(_) if *reboot => Past::Unknown,
                    Some(opened) => Past::Ended(self.time - opened),
                };
                self.began = self.time;
                let choice = self.controller.arming.choice().clone();
                self.controller = Controller::new(settings(), Duration::ZERO, &[past], choice);
                self.step(Vec::new())?;
            }
        }
        Ok(())
    }

    fn wait_without_program(&mut self) {
        self.time += Duration::from_millis(700);
    }
}

fn frame(severity: usize, zone: Option<bool>, learning: bool, lighting: bool) -> Analysis {
    let zone = zone.map(|door| if door { "door".into() } else { "yard".into() });
    let kind = match &zone {
        Some(_) => AlarmType::Zone,
        None => AlarmType::Anomaly(AnomalyType::Loitering),
    };
    Analysis {
        state: State::Alert,
        causes: vec![Cause { kind, zone, severity: Severity::ALL[severity] }],
        judgement: Some(Judgement { complete: !learning, ..Judgement::default() }),
        lighting,
        ..Analysis::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Closed only when a rule says so, never longer than allowed, never more often than allowed.
    #[test]
    fn a_relay_does_right_whatever_happens(happenings in prop::collection::vec(happening(), 1..80)) {
        let mut world = World::new();
        for happening in &happenings {
            world.happen(happening)?;
        }
    }
}

/// The property above would hold for a relay that never closes.
#[test]
fn the_random_histories_close_relays() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut closings = 0;
    for _ in 0..200 {
        let happenings = prop::collection::vec(happening(), 1..80).new_tree(&mut runner).unwrap().current();
        let mut world = World::new();
        for happening in &happenings {
            world.happen(happening).unwrap();
        }
        closings += world.closings;
    }
    assert!(closings > 200, "{closings} closings");
}

#[test]
fn a_relay_closes_for_what_its_rules_name_alone() {
    let alarm = |severity, zone: Option<bool>, learning| {
        let mut news = News::new(1);
        news.frame(0, &frame(severity, zone, learning, false));
        news.alarms.remove(0)
    };
    let cameras = ["yard".to_string()];
    let any = Relay { zones: Vec::new(), ..rules() };
    for (relay, alarm, does) in [
        (rules(), alarm(1, Some(true), false), true),
        (rules(), alarm(0, Some(true), false), false),
        (rules(), alarm(3, Some(false), false), false),
        (rules(), alarm(3, None, false), false),
        (rules(), alarm(3, Some(true), true), false),
        (Relay { while_learning: true, ..rules() }, alarm(3, Some(true), true), true),
        (any.clone(), alarm(3, None, false), true),
        (Relay { types: vec!["zone".into()], ..any.clone() }, alarm(3, None, false), false),
        (Relay { types: vec!["loitering".into()], ..any.clone() }, alarm(3, None, false), true),
        (Relay { cameras: vec!["door".into()], ..any.clone() }, alarm(3, None, false), false),
        (Relay { cameras: vec!["yard".into()], ..any }, alarm(3, None, false), true),
    ] {
        assert_eq!(closes(&relay, &cameras, &alarm), does, "{alarm:?} {relay:?}");
    }
}
