//! When a recording's frames are due, and what happens at its end. Knows no format.

use super::{Pace, Recording, Step};
use crate::camera::{Camera, CameraError, Frame, Opened};
use crate::service::clock::SharedClock;
use std::time::Duration;

/// Longest wait for one frame; a longer gap in the recording is shortened to it.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// So long is tried to catch up with the clock before the frame at hand is taken and the rest played later.
const LONGEST_CATCH_UP: Duration = Duration::from_millis(500);

/// Interval after a recording's last frame where its rate isn't known.
const DEFAULT_INTERVAL: Duration = Duration::from_millis(40);

/// Least time between two frames: recordings with equal or falling time stamps must not make a speed infinite.
const LEAST_INTERVAL: Duration = Duration::from_millis(1);

/// Plays a recording.
pub(super) struct Player {
    recording: Box<dyn Recording>,
    opened: Opened,
    pace: Pace,
    repeat: bool,
    /// Where this pass began on the time line of all passes.
    base: Duration,
    /// Frames of all passes before this one.
    base_sequence: u64,
    /// The newest step of this pass.
    last: Option<Step>,
    /// Some frame of this pass could be used.
    usable: bool,
    /// The next frame delivered is the first of its pass.
    restarted: bool,
    /// A moment of the clock and the place on the time line that belongs to it.
    anchor: Option<(Duration, Duration)>,
    captured: Option<Duration>,
    ended: bool,
    slow: bool,
}

impl Player {
    pub(super) fn new(recording: Box<dyn Recording>, pace: Pace, repeat: bool) -> Self {
        Self {
            opened: recording.opened().clone(),
            recording,
            pace,
            repeat,
            base: Duration::ZERO,
            base_sequence: 0,
            last: None,
            usable: false,
            restarted: true,
            anchor: None,
            captured: None,
            ended: false,
            slow: false,
        }
    }

    /// The next frame of this pass or the first of the next one.
    fn step(&mut self) -> Result<Step, CameraError> {
        loop {
            if self.ended {
                return Err(CameraError::End);
            }
            if let Some(step) = self.recording.step()? {
                self.last = Some(step);
                return Ok(step);
            }
            if !self.repeat {
                self.ended = true;
                continue;
            }
            // Without this a recording without one good frame would be repeated at full speed for ever.
            let Some(last) = self.last.take().filter(|_| self.usable) else {
                return Err(CameraError::Lost(format!("{} holds no readable picture", self.opened.device)));
            };
            self.recording.rewind()?;
            self.base += last.position + self.interval();
            self.base_sequence += last.index + 1;
            self.usable = false;
            self.restarted = true;
        }
    }

    fn interval(&self) -> Duration {
        let fps = self.opened.fps.filter(|fps| (0.01..=1000.0).contains(fps));
        fps.map_or(DEFAULT_INTERVAL, |fps| Duration::from_secs_f32(1.0 / fps))
    }

    /// Waits until the next frame is due, or passes over to the newest due one. Also tells when that was.
    fn step_in_time(&mut self, clock: &SharedClock) -> Result<(Step, Duration), CameraError> {
        let entered = clock.now();
        loop {
            let step = self.step()?;
            let now = clock.now();
            let place = self.base + step.position;
            let anchor = *self.anchor.get_or_insert((now, place));
            let due = due(anchor, place);
            if due > now {
                let wait = (due - now).min(LONGEST_WAIT);
                if wait < due - now {
                    self.anchor = Some((now + wait, place));
                }
                clock.sleep(wait);
                return Ok((step, now + wait));
            }
            let base = self.base;
            let newer =
                self.recording.following().is_some_and(|position| self::due(anchor, base + position) <= now);
            if !newer {
                return Ok((step, due));
            }
            if now.saturating_sub(entered) >= LONGEST_CATCH_UP {
                if !self.slow {
                    self.slow = true;
                    log::warn!(
                        "{}: it can't be read as fast as it was recorded, so it is played slower",
                        self.opened.device
                    );
                }
                self.anchor = Some((now, place));
                return Ok((step, now));
            }
            self.usable = true;
        }
    }
}

/// When a place on the time line is due.
fn due((moment, place): (Duration, Duration), wanted: Duration) -> Duration {
    (moment + wanted).saturating_sub(place)
}

impl Camera for Player {
    fn opened(&self) -> &Opened {
        &self.opened
    }

    fn next_frame(&mut self) -> Result<Frame, CameraError> {
        let (step, captured) = match self.pace.clone() {
            Pace::Unlimited => {
                let step = self.step()?;
                (step, self.base + step.position)
            }
            Pace::RealTime(clock) => self.step_in_time(&clock)?,
        };
        let image = self.recording.image()?;
        self.usable = true;
        let captured = self.captured.map_or(captured, |last| captured.max(last + LEAST_INTERVAL));
        self.captured = Some(captured);
        Ok(Frame {
            sequence: self.base_sequence + step.index,
            captured,
            restarted: std::mem::take(&mut self.restarted),
            format: image.format,
            width: image.width,
            height: image.height,
            stride: image.stride,
            range: image.range,
            data: image.data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Image;
    use super::*;
    use crate::camera::{PixelFormat, Range};
    use crate::service::clock::{Clock, SimulatedClock};
    use std::sync::{Arc, Mutex};
    use std::time::SystemTime;

    /// A recording that is a list of positions in ms; `None` is a broken frame.
    struct Script {
        opened: Opened,
        frames: Vec<(u64, bool)>,
        next: usize,
    }

    fn script(frames: &[(u64, bool)]) -> Box<Script> {
        let opened =
            Opened { device: "script".into(), format: "GREY".into(), width: 1, height: 1, fps: Some(10.0) };
        Box::new(Script { opened, frames: frames.to_vec(), next: 0 })
    }

    impl Recording for Script {
        fn opened(&self) -> &Opened {
            &self.opened
        }

        fn step(&mut self) -> Result<Option<Step>, CameraError> {
            let Some(&(ms, _)) = self.frames.get(self.next) else { return Ok(None) };
            self.next += 1;
            Ok(Some(Step { index: self.next as u64 - 1, position: Duration::from_millis(ms) }))
        }

        fn image(&mut self) -> Result<Image, CameraError> {
            if !self.frames[self.next - 1].1 {
                return Err(CameraError::Broken("scripted".into()));
            }
            Ok(Image {
                format: PixelFormat::Grey,
                width: 1,
                height: 1,
                stride: 1,
                range: Range::Full,
                data: vec![self.next as u8],
            })
        }

        fn following(&self) -> Option<Duration> {
            self.frames.get(self.next).map(|frame| Duration::from_millis(frame.0))
        }

        fn rewind(&mut self) -> Result<(), CameraError> {
            self.next = 0;
            Ok(())
        }
    }

    fn ms(duration: Duration) -> u64 {
        duration.as_millis() as u64
    }

    const STEADY: [(u64, bool); 4] = [(0, true), (100, true), (200, true), (300, true)];

    #[test]
    fn an_unlimited_recording_counts_from_its_start_and_ends() {
        let mut player = Player::new(script(&STEADY), Pace::Unlimited, false);
        for expected in 0..4u64 {
            let frame = player.next_frame().unwrap();
            assert_eq!((frame.sequence, ms(frame.captured)), (expected, expected * 100));
            assert_eq!(frame.restarted, expected == 0);
        }
        assert!(matches!(player.next_frame(), Err(CameraError::End)));
        assert!(matches!(player.next_frame(), Err(CameraError::End)));
    }

    #[test]
    fn a_repeated_recording_restarts_and_its_time_and_sequence_go_on() {
        let mut player = Player::new(script(&STEADY), Pace::Unlimited, true);
        for expected in 0..10u64 {
            let frame = player.next_frame().unwrap();
            assert_eq!((frame.sequence, ms(frame.captured)), (expected, expected * 100));
            assert_eq!(frame.restarted, expected % 4 == 0, "frame {expected}");
            assert_eq!(frame.data, [(expected % 4) as u8 + 1]);
        }
    }

    #[test]
    fn a_broken_frame_costs_a_sequence_number_and_no_more() {
        let frames = [(0, false), (100, true), (200, false), (300, true)];
        let mut player = Player::new(script(&frames), Pace::Unlimited, false);
        assert!(matches!(player.next_frame(), Err(CameraError::Broken(_))));
        let first = player.next_frame().unwrap();
        assert_eq!((first.sequence, first.restarted), (1, true), "the first usable frame is the restart");
        assert!(matches!(player.next_frame(), Err(CameraError::Broken(_))));
        assert_eq!(player.next_frame().unwrap().sequence, 3);
    }

    #[test]
    fn a_recording_without_a_usable_frame_is_not_repeated_for_ever() {
        let mut player = Player::new(script(&[(0, false), (100, false)]), Pace::Unlimited, true);
        assert!(matches!(player.next_frame(), Err(CameraError::Broken(_))));
        assert!(matches!(player.next_frame(), Err(CameraError::Broken(_))));
        assert!(matches!(player.next_frame(), Err(CameraError::Lost(_))));
        let mut empty = Player::new(script(&[]), Pace::Unlimited, true);
        assert!(matches!(empty.next_frame(), Err(CameraError::Lost(_))));
    }

    #[test]
    fn real_time_waits_until_each_frame_is_due() {
        let clock = SimulatedClock::shared();
        clock.sleep(Duration::from_secs(50));
        let mut player = Player::new(script(&STEADY), Pace::RealTime(clock.clone()), true);
        for expected in 0..9u64 {
            let frame = player.next_frame().unwrap();
            assert_eq!((frame.sequence, ms(frame.captured)), (expected, 50_000 + expected * 100));
            assert_eq!(clock.now(), frame.captured, "delivered when due");
        }
    }

    #[test]
    fn a_late_consumer_gets_the_newest_due_frame() {
        let clock = SimulatedClock::shared();
        let mut player = Player::new(script(&STEADY), Pace::RealTime(clock.clone()), false);
        assert_eq!(player.next_frame().unwrap().sequence, 0);
        clock.sleep(Duration::from_millis(250));
        let frame = player.next_frame().unwrap();
        assert_eq!((frame.sequence, ms(frame.captured)), (2, 200));
        assert_eq!(clock.now(), Duration::from_millis(250), "no wait for a frame that is due already");
        clock.sleep(Duration::from_secs(60));
        assert_eq!(player.next_frame().unwrap().sequence, 3, "the last frame is never passed over");
        assert!(matches!(player.next_frame(), Err(CameraError::End)));
    }

    #[test]
    fn a_long_gap_is_shortened() {
        let clock = SimulatedClock::shared();
        let frames = [(0, true), (3_600_000, true), (3_600_100, true)];
        let mut player = Player::new(script(&frames), Pace::RealTime(clock.clone()), false);
        let times: Vec<_> = (0..3).map(|_| ms(player.next_frame().unwrap().captured)).collect();
        assert_eq!(times, [0, 1000, 1100]);
    }

    #[test]
    fn captured_never_stands_still_or_goes_back() {
        let frames = [(100, true), (100, true), (50, true), (200, true)];
        for pace in [Pace::Unlimited, Pace::RealTime(SimulatedClock::shared())] {
            let mut player = Player::new(script(&frames), pace, true);
            let mut last = None;
            for _ in 0..20 {
                let frame = player.next_frame().unwrap();
                assert!(last.is_none_or(|last| frame.captured > last), "{:?} after {last:?}", frame.captured);
                last = Some(frame.captured);
            }
        }
    }

    /// A clock on which everything takes long: each look at it costs 300 ms.
    #[derive(Default)]
    struct Slow(Mutex<Duration>);

    impl Clock for Slow {
        fn is_set(&self) -> bool {
            true
        }

        fn now(&self) -> Duration {
            let mut now = self.0.lock().unwrap();
            *now += Duration::from_millis(300);
            *now
        }
        fn wall(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
        }
        fn sleep(&self, duration: Duration) {
            *self.0.lock().unwrap() += duration;
        }
    }

    #[test]
    fn a_machine_too_slow_for_the_recording_plays_it_slower() {
        let frames: Vec<_> = (0..1000).map(|index| (index * 10, true)).collect();
        let mut player = Player::new(script(&frames), Pace::RealTime(Arc::new(Slow::default())), false);
        let mut delivered = 0;
        while let Ok(frame) = player.next_frame() {
            delivered += 1;
            assert!(frame.sequence < 10 * delivered, "frame {} of {delivered} delivered", frame.sequence);
        }
        assert!(delivered > 100, "{delivered}");
    }
}
