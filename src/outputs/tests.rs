//! The thread with its lines, on a board that exists in memory; and relays over random histories.

use super::arming::Choice;
use super::control::{Controller, Moved, closes};
use super::driver::Chosen;
use super::driver::recorded::Recorded;
use super::news::Alarm;
use super::relay::{Change, Past};
use super::*;
use crate::alert::Cause;
use crate::anomaly::Judgement;
use crate::anomaly::kinds::{AnomalyType, Severity};
use crate::config::outputs::{Action, AlarmType, Bias, Line, Shows};
use crate::config::{Camera, Input, Led, Relay};
use crate::pipeline::State;
use crate::service::clock::{Clock as _, SharedClock, SimulatedClock, SystemClock};
use crate::service::progress::Progress;
use proptest::prelude::*;
use std::time::{Instant, SystemTime};

const PATIENCE: Duration = Duration::from_secs(10);

fn line(name: &str) -> Line {
    Line::parse(name).unwrap()
}

/// A board with an LED, a relay, a button, a key switch and a tamper contact.
struct Board {
    lines: Recorded,
    outputs: Outputs,
    clock: SharedClock,
    folder: tempfile::TempDir,
}

fn configuration(folder: &std::path::Path) -> Config {
    let led = |name: &str, shows| Led { name: name.into(), line: line(name), shows, ..Led::default() };
    let input = |name: &str, action| Input {
        name: name.into(),
        line: line(name),
        action,
        debounce_ms: 0,
        ..Input::default()
    };
    let siren = Relay {
        name: "siren".into(),
        line: line("siren"),
        inputs: vec!["lid".into()],
        hold_seconds: 0.5,
        longest_on_seconds: 5.0,
        pause_seconds: 0.5,
        ..Relay::default()
    };
    Config {
        state_dir: folder.into(),
        cameras: vec![Camera::default()],
        leds: vec![led("status", Shows::Status), led("moves", Shows::Motion)],
        relays: vec![siren],
        inputs: vec![input("key", Action::Arm), input("hush", Action::Silence), input("lid", Action::Alarm)],
        ..Config::default()
    }
}

impl Board {
    fn new(change: impl FnOnce(&Recorded, &mut Config)) -> Self {
        Self::with_folder(tempfile::tempdir().unwrap(), change)
    }

    fn with_folder(folder: tempfile::TempDir, change: impl FnOnce(&Recorded, &mut Config)) -> Self {
        let lines = Recorded::default();
        lines.drive("key", true);
        let mut config = configuration(folder.path());
        change(&lines, &mut config);
        let clock = SystemClock::shared();
        let chosen = Chosen { driver: Some(Box::new(lines.clone())), reason: "a test".into() };
        let pulse = Progress::new(clock.clone()).pulse("outputs");
        let outputs = Outputs::with_driver(&config, chosen, clock.clone(), pulse);
        Self { lines, outputs, clock, folder }
    }

    fn wait(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !holds(self) {
            assert!(begin.elapsed() < PATIENCE, "{what} never came: {:#?}", self.outputs.report());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn level(&self, line: &str) -> bool {
        self.lines.level(line).expect("the line is taken")
    }

    /// A frame with somebody in an alert zone, or with nobody.
    fn frame(&self, state: State) -> Analysis {
        let cause = Cause { kind: AlarmType::Zone, zone: Some("door".into()), severity: Severity::High };
        Analysis {
            captured: self.clock.now(),
            state,
            causes: if state == State::Alert { vec![cause] } else { Vec::new() },
            judgement: Some(Judgement { complete: true, ..Judgement::default() }),
            ..Analysis::default()
        }
    }

    fn end(self) -> tempfile::TempDir {
        self.outputs.quit();
        for thread in self.outputs.threads() {
            thread.join().unwrap();
        }
        self.folder
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
}

#[test]
fn lines_follow_the_camera_and_are_safe_at_the_end() {
    let board = Board::new(|_, _| {});
    assert_eq!(board.lines.moves().first(), Some(&("status".to_string(), false)), "safe first");
    board.wait("the key is read", |board| {
        board.outputs.report().armed && board.outputs.report().inputs[0].active.is_some()
    });
    board.outputs.frame(0, &board.frame(State::Motion));
    board.wait("the motion LED", |board| board.level("moves"));
    assert!(!board.level("siren"));
    board.outputs.frame(0, &board.frame(State::Alert));
    board.wait("the siren", |board| board.level("siren") && board.outputs.report().outputs[2].on);
    let report = board.outputs.report();
    assert_eq!(report.outputs[2].read_back, Some(true));
    assert!(report.outputs[2].capture_to_line_ms.is_some_and(|ms| ms > 0.0));
    assert!(report.outputs[2].why.contains("motion in zone door"), "{}", report.outputs[2].why);
    board.wait("the hold is over", |board| !board.level("siren"));
    board.outputs.frame(0, &board.frame(State::Idle));
    board.wait("darkness", |board| !board.level("moves"));
    // The pause first.
    std::thread::sleep(Duration::from_millis(500));
    board.outputs.frame(0, &board.frame(State::Alert));
    board.wait("the siren again", |board| board.level("siren"));
    let (lines, folder) = (board.lines.clone(), board.end());
    for output in ["status", "moves", "siren"] {
        assert_eq!(lines.level(output), Some(false), "{output}");
    }
    let (history, _) = history::History::load(&folder.path().join("relays.jsonl")).unwrap();
    let closings = history.newest(9);
    assert_eq!(closings.len(), 2);
    assert_eq!(closings[0].ended.as_deref(), Some("the program ends"));
    assert_eq!(closings[1].ended.as_deref(), Some("no cause for 0.5 s"));
}

#[test]
fn inputs_arm_disarm_silence_and_alarm() {
    let board = Board::new(|_, config| config.relays[0].hold_seconds = 3600.0);
    board.wait("armed by the key", |board| board.outputs.report().why.contains("input key"));
    board.lines.drive("lid", true);
    board.wait("the siren", |board| board.level("siren"));
    board.lines.drive("key", false);
    board.wait("disarmed", |board| !board.level("siren") && !board.outputs.report().armed);
    board.lines.drive("key", true);
    board.wait("the siren again, after the pause", |board| board.level("siren"));
    board.lines.drive("hush", true);
    board.wait("silence", |board| !board.level("siren") && board.outputs.report().silent_until.is_some());
    run(board.outputs.silence(Some(Duration::ZERO))).unwrap();
    board.wait("noise", |board| board.level("siren"));
    board.end();
}

#[test]
fn what_was_armed_by_hand_outlives_the_program() {
    let board = Board::new(|_, config| config.inputs.clear());
    assert!(board.outputs.report().armed);
    run(board.outputs.arm(Mode::Disarmed, "the API")).unwrap();
    assert!(!board.outputs.report().armed);
    let board = Board::with_folder(board.end(), |_, config| config.inputs.clear());
    board.wait("the same", |board| board.outputs.report().why == "disarmed by the API");
    board.end();
}

#[test]
fn tests_move_lines_and_heed_the_pause() {
    let board = Board::new(|_, config| config.relays[0].pause_seconds = 3600.0);
    run(board.outputs.test("siren", Some(Duration::from_millis(200)), "me")).unwrap();
    assert!(board.lines.moves().contains(&("siren".to_string(), true)));
    board.wait("the end of the test", |board| !board.level("siren"));
    let refused = run(board.outputs.test("siren", None, "me")).unwrap_err();
    assert!(matches!(refused, TestError::Pause(_, left) if left > Duration::from_secs(3000)), "{refused:?}");
    run(board.outputs.test("moves", None, "me")).unwrap();
    assert!(board.level("moves"));
    assert_eq!(run(board.outputs.test("other", None, "me")), Err(TestError::Unknown));
    board.end();
}

#[test]
fn a_missing_line_is_told_sought_and_taken_at_its_safe_level() {
    let board = Board::new(|lines, _| lines.fault("siren", Some("line siren is in use by \"somebody\"")));
    board.wait("the problem", |board| !board.outputs.report().problems.is_empty());
    assert_eq!(board.outputs.report().problems, ["relay siren: line siren is in use by \"somebody\""]);
    board.wait("the status LED blinks", |board| board.outputs.report().outputs[0].why.contains("siren"));
    board.outputs.frame(0, &board.frame(State::Alert));
    let missing = run(board.outputs.test("siren", None, "me"));
    assert!(matches!(missing, Err(TestError::Missing(_))), "{missing:?}");
    board.lines.fault("siren", None);
    board.wait("the line", |board| board.outputs.report().problems.is_empty());
    assert!(!board.level("siren"), "an ALERT of before doesn't close it");
    board.lines.drive("lid", true);
    board.wait("the siren", |board| board.level("siren"));
    // Unplugged while it is closed.
    board.lines.fault("siren", Some("the line is lost"));
    board.wait("the loss", |board| !board.outputs.report().outputs[2].on);
    assert_eq!(board.outputs.history(1)[0].ended.as_deref(), Some("its line was lost"));
    board.end();
}

#[test]
fn a_closing_that_a_crash_cut_off_gets_its_end_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = history::Log::new(folder.path().join("relays.jsonl"));
    log.add(&history::Entry {
        relay: "siren".into(),
        event: history::Event::Closed,
        at: "2026-11-24T12:00:00Z".into(),
        why: "motion".into(),
        time_synced: true,
        boot: String::new(),
        uptime: 0.0,
    })
    .unwrap();
    let board = Board::with_folder(folder, |_, config| config.relays[0].pause_seconds = 3600.0);
    let closing = &board.outputs.history(1)[0];
    assert!(closing.ended.as_deref().is_some_and(|why| why.contains("cut off")), "{closing:?}");
    let refused = run(board.outputs.test("siren", None, "me"));
    assert!(matches!(refused, Err(TestError::Pause(..))), "the pause begins with the start: {refused:?}");
    board.end();
}

/// A driver with a defect.
struct Defective;

impl driver::Driver for Defective {
    fn name(&self) -> &'static str {
        "defective"
    }

    fn output(&self, _: &driver::Request) -> Result<Box<dyn driver::OutputLine>, String> {
        std::panic::resume_unwind(Box::new("out of bounds"))
    }

    fn input(&self, _: &driver::Request, _: Bias) -> Result<Box<dyn driver::InputLine>, String> {
        Err("none".into())
    }
}

#[test]
fn a_defect_is_told_and_the_thread_counts_as_stuck() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path());
    let clock = SimulatedClock::shared();
    let progress = Progress::new(clock.clone());
    let chosen = Chosen { driver: Some(Box::new(Defective)), reason: "a test".into() };
    let outputs = Outputs::with_driver(&config, chosen, clock.clone(), progress.pulse("outputs"));
    for thread in outputs.threads() {
        thread.join().unwrap();
    }
    let problems = outputs.report().problems.join("; ");
    assert!(problems.contains("out of bounds"), "{problems}");
    clock.sleep(Duration::from_secs(60));
    assert_eq!(progress.stuck().len(), 1, "so systemd starts the program anew");
}

#[test]
fn without_a_driver_it_is_shown_what_lines_would_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = configuration(folder.path());
    config.inputs.clear();
    config.relays[0].inputs.clear();
    config.outputs.driver = crate::config::outputs::Driver::None;
    let clock = SystemClock::shared();
    let outputs = Outputs::start(&config, clock.clone(), Progress::new(clock).pulse("outputs"));
    run(outputs.test("siren", Some(Duration::from_secs(5)), "me")).unwrap();
    let report = outputs.report();
    assert_eq!((report.driver, report.outputs[2].on, report.outputs[2].read_back), ("none", true, None));
    assert_eq!(report.problems, [""; 0]);
    outputs.quit();
    outputs.threads().into_iter().for_each(|thread| thread.join().unwrap());
}

// --- relays over random histories -----------------------------------------------------------------

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
