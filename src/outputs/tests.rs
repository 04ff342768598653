//! The thread with its lines, on a board that exists in memory.

use super::driver::Chosen;
use super::driver::recorded::Recorded;
use super::*;
use crate::alert::Cause;
use crate::anomaly::Judgement;
use crate::anomaly::kinds::Severity;
use crate::config::outputs::{Action, AlarmType, Bias, Line, Shows};
use crate::config::{Camera, Input, Led, Relay};
use crate::pipeline::State;
use crate::service::clock::{Clock as _, SharedClock, SimulatedClock, SystemClock};
use crate::service::progress::Progress;
use std::time::Instant;

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
