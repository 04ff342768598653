//! A supervisor with a camera that misbehaves, in no time.

use super::*;
use crate::camera::{PixelFormat, Range};
use crate::service::clock::{Clock, SimulatedClock};
use crate::service::progress::Progress;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

/// What a fake camera does next, each taking 40 ms.
#[derive(Clone, Copy, Debug)]
enum Act {
    Good(u32),
    Rubbish(u32),
    Freeze,
    Unplug,
    End,
    /// Somebody stops the camera, and somebody else starts it before its thread has seen that.
    StopAndStart,
    /// Who has stopped it waits no longer.
    StopIsOver,
}

type Stopping = Arc<Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>>;

struct FakeCamera {
    sequence: u64,
    opened: Opened,
    acts: Vec<Act>,
    clock: Arc<SimulatedClock>,
    supervisor: Arc<Supervisor>,
    stopping: Stopping,
}

impl FakeCamera {
    fn has_stopped(&self) -> bool {
        let mut stopping = lock(&self.stopping);
        let stopping = stopping.as_mut().expect("somebody has stopped it");
        stopping.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }
}

impl Camera for FakeCamera {
    fn opened(&self) -> &Opened {
        &self.opened
    }

    fn next_frame(&mut self) -> Result<Frame, CameraError> {
        self.clock.sleep(Duration::from_millis(40));
        self.sequence += u64::from(matches!(self.acts.first(), Some(Act::Good(_))));
        let Some(act) = self.acts.first_mut() else {
            self.supervisor.quit();
            return Err(CameraError::Broken("nothing left to play".into()));
        };
        let now = *act;
        match act {
            Act::Good(n) | Act::Rubbish(n) if *n > 1 => *n -= 1,
            _ => drop(self.acts.remove(0)),
        }
        match now {
            Act::Good(_) => Ok(Frame {
                sequence: self.sequence - 1,
                captured: self.clock.now(),
                restarted: false,
                format: PixelFormat::Grey,
                width: 1,
                height: 1,
                stride: 1,
                range: Range::Full,
                data: vec![0],
            }),
            Act::Rubbish(_) => Err(CameraError::Broken("corrupt data".into())),
            Act::Freeze => Err(CameraError::TimedOut(Duration::from_secs(5))),
            Act::Unplug => Err(CameraError::Lost("unplugged".into())),
            Act::End => Err(CameraError::End),
            Act::StopAndStart => {
                let supervisor = self.supervisor.clone();
                *lock(&self.stopping) = Some(Box::pin(async move { supervisor.stop().await }));
                assert!(!self.has_stopped(), "the device isn't free yet");
                self.supervisor.want();
                Err(CameraError::Broken("the next frame would come".into()))
            }
            Act::StopIsOver => {
                assert!(self.has_stopped(), "the device was free");
                Err(CameraError::Broken("the next frame would come".into()))
            }
        }
    }
}

#[derive(Default)]
struct Seen {
    frames: AtomicUsize,
    broken: AtomicUsize,
    stops: AtomicUsize,
    no_signal: Mutex<Vec<(Duration, String)>>,
    last: Mutex<Option<Duration>>,
}

impl Sink for Seen {
    fn frame(&self, frame: Frame) {
        let before = self.frames.fetch_add(1, Ordering::Relaxed);
        assert_eq!(frame.sequence, before as u64, "numbered on over reopenings");
        *lock(&self.last) = Some(frame.captured);
    }
    fn broken(&self, _: &str) {
        self.broken.fetch_add(1, Ordering::Relaxed);
    }
    fn last_valid(&self) -> Option<Duration> {
        *lock(&self.last)
    }
    fn no_signal(&self, since: Duration, reason: &str) {
        lock(&self.no_signal).push((since, reason.into()));
    }
    fn stopped(&self) {
        self.stops.fetch_add(1, Ordering::Relaxed);
    }
}

/// Each inner list is one time that the camera can be opened; an empty one fails to open. After the
/// last the supervisor is told to quit. Gives what was seen, the report and the times of the attempts.
fn play(openings: &[&[Act]]) -> (Seen, Report, Vec<Duration>) {
    let clock = SimulatedClock::shared();
    let supervisor = Arc::new(Supervisor::new("fake", clock.clone(), Duration::from_secs(5)));
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let seen = Seen::default();
    let stopping = Stopping::default();
    supervisor.want();
    let open = {
        let (clock, supervisor, attempts) = (clock.clone(), supervisor.clone(), attempts.clone());
        let openings: Vec<Vec<Act>> = openings.iter().map(|acts| acts.to_vec()).collect();
        move || -> Result<Box<dyn Camera>, CameraError> {
            let number = lock(&attempts).len();
            lock(&attempts).push(clock.now());
            let Some(acts) = openings.get(number).filter(|acts| !acts.is_empty()) else {
                if number >= openings.len() {
                    supervisor.quit();
                }
                return Err(CameraError::Lost("no such device".into()));
            };
            let opened =
                Opened { device: "fake".into(), format: "GREY".into(), width: 1, height: 1, fps: None };
            Ok(Box::new(FakeCamera {
                sequence: 0,
                opened,
                acts: acts.clone(),
                clock: clock.clone(),
                supervisor: supervisor.clone(),
                stopping: stopping.clone(),
            }))
        }
    };
    supervisor.run(&open, &seen, &Progress::new(SimulatedClock::shared()).pulse("capture"));
    let attempts = lock(&attempts).clone();
    (seen, supervisor.report(), attempts)
}

#[test]
fn an_unplugged_camera_is_opened_again_and_its_frames_go_on() {
    let (seen, report, _) = play(&[&[Act::Good(10), Act::Unplug], &[], &[], &[Act::Good(5)]]);
    assert_eq!(seen.frames.into_inner(), 15);
    assert_eq!(report.reopened, 1);
    let told = seen.no_signal.into_inner().expect("not poisoned");
    // Since the last good frame, through all failed attempts. The reason is the newest one.
    assert!(told.iter().all(|(since, _)| *since == Duration::from_millis(400)), "{told:?}");
    assert_eq!(told[0].1, "unplugged");
    assert_eq!(told.last().expect("told").1, "no such device");
}

#[test]
fn waits_between_attempts_grow_to_three_seconds_and_no_further() {
    let (_, _, attempts) = play(&[&[] as &[Act]; 10]);
    let waits: Vec<f64> = attempts.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
    for (wait, nominal) in waits.iter().zip([1.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0]) {
        assert!((0.7 * nominal..=1.3 * nominal).contains(wait), "{wait} instead of about {nominal}");
    }
}

#[test]
fn a_frozen_camera_is_opened_again() {
    let (seen, report, _) = play(&[&[Act::Good(3), Act::Freeze], &[Act::Good(3)]]);
    assert_eq!((seen.frames.into_inner(), report.reopened), (6, 1));
}

#[test]
fn some_rubbish_is_counted_and_rubbish_only_is_a_loss() {
    let (seen, report, _) = play(&[&[Act::Good(3), Act::Rubbish(50), Act::Good(3), Act::Rubbish(9)]]);
    assert_eq!(report.reopened, 0);
    assert!(seen.broken.into_inner() >= 59);
    let (seen, _, attempts) = play(&[&[Act::Good(3), Act::Rubbish(1000)], &[Act::Good(1)]]);
    assert_eq!(seen.frames.into_inner(), 4);
    assert_eq!(attempts.len(), 2);
    let told = seen.no_signal.into_inner().expect("not poisoned");
    assert!(told[0].1.contains("no usable frame for 5 s: corrupt data"), "{told:?}");
}

#[test]
fn a_recording_that_is_over_is_not_opened_again_by_itself() {
    let clock = SimulatedClock::shared();
    let supervisor = Arc::new(Supervisor::new("fake", clock.clone(), Duration::from_secs(5)));
    supervisor.want();
    let running = std::thread::spawn({
        let supervisor = supervisor.clone();
        move || {
            let seen = Seen::default();
            let opened = Opened { device: "f".into(), format: "f".into(), width: 1, height: 1, fps: None };
            let open = {
                let supervisor = supervisor.clone();
                move || -> Result<Box<dyn Camera>, CameraError> {
                    let acts = vec![Act::Good(2), Act::End];
                    let (clock, supervisor) = (clock.clone(), supervisor.clone());
                    let (opened, stopping) = (opened.clone(), Stopping::default());
                    Ok(Box::new(FakeCamera { sequence: 0, opened, acts, clock, supervisor, stopping }))
                }
            };
            supervisor.run(&open, &seen, &Progress::new(SimulatedClock::shared()).pulse("capture"));
            (seen.frames.into_inner(), seen.stops.into_inner())
        }
    });
    while supervisor.report().phase != Phase::Stopped || supervisor.report().attempts == 0 {
        std::thread::yield_now();
    }
    supervisor.quit();
    assert_eq!(running.join().expect("no panic"), (2, 1));
}

#[test]
fn a_stop_is_carried_out_though_the_camera_is_wanted_again_at_once() {
    let (seen, report, attempts) =
        play(&[&[Act::Good(3), Act::StopAndStart, Act::Good(1)], &[Act::StopIsOver, Act::Good(2)]]);
    assert_eq!(attempts.len(), 2);
    assert_eq!(seen.frames.into_inner(), 5, "none after the stop");
    assert_eq!(seen.stops.into_inner(), 2, "the one that was ordered, and the program's end");
    assert_eq!((report.reopened, report.phase), (0, Phase::Stopped));
}
