//! Whether a camera is well, from the age of its last valid frame, in words that may leave the machine.

use crate::anomaly::verdict::Verdict;
use crate::appliance::{CameraHandle, NetworkState, Phase, Status};
use crate::camera::Loss;
use crate::config;
use crate::pipeline::State;
use crate::service::clock::{SharedClock, rfc3339};
use serde::Serialize;
use std::time::Duration;

/// A camera at one moment.
pub struct Condition {
    pub status: Status,
    /// It is wanted: running, being opened, or lost and tried again.
    pub streaming: bool,
    /// Valid frames are coming: the last one is younger than the camera's time-out.
    pub active: bool,
    /// Why not, if frames should be coming.
    pub degraded: Option<Degraded>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Degraded {
    pub kind: Loss,
    /// What is wrong, in words.
    pub reason: String,
    /// Since when, in RFC 3339.
    pub since: String,
    /// For how long.
    pub seconds: f64,
}

impl Condition {
    pub fn of(camera: &CameraHandle, clock: &SharedClock) -> Self {
        let mut condition = Self::new(camera.status(), &camera.config(), clock);
        // One that was told to start and hasn't begun yet is missed, too.
        condition.streaming |= camera.is_wanted();
        condition
    }

    fn new(status: Status, camera: &config::Camera, clock: &SharedClock) -> Self {
        let patience = Duration::from_secs_f64(camera.timeout_seconds);
        let running = status.phase == Phase::Streaming;
        let active = running && status.frame_age.is_some_and(|age| age <= patience);
        let degraded = match (&status.phase, status.frame_age) {
            (Phase::Lost { since, loss, reason }, _) => {
                let elapsed = clock.now().saturating_sub(*since);
                Some((elapsed, *loss, camera.source.without_folders(reason)))
            }
            (Phase::Streaming, Some(age)) if !active => {
                Some((age, Loss::Silent, "no frame comes".to_string()))
            }
            _ => None,
        };
        let degraded = degraded.map(|(elapsed, kind, reason)| Degraded {
            kind,
            reason,
            since: rfc3339(clock.wall() - elapsed),
            seconds: rounded(elapsed.as_secs_f32(), 1),
        });
        Self { streaming: status.phase != Phase::Stopped, active, degraded, status }
    }

    /// What was found in the newest frame says nothing once no frames come.
    pub fn state(&self) -> State {
        self.fresh_analysis().map_or(State::Idle, |analysis| analysis.state)
    }

    pub fn fresh_analysis(&self) -> Option<&crate::pipeline::Analysis> {
        self.status.analysis.as_deref().filter(|_| self.active)
    }

    /// The anomaly in the newest frame.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.fresh_analysis()?.judgement.as_ref()?.verdict.as_ref()
    }

    /// How strange the newest frame is; while little is known, everything is strange, and nothing is said.
    pub fn score(&self) -> Option<f32> {
        let judgement = self.fresh_analysis()?.judgement.as_ref()?;
        judgement.complete.then_some(judgement.score)
    }

    /// Why anomalies are told less well than they could be, in words that may leave the machine.
    pub fn limits(&self) -> Vec<String> {
        let anomaly = &self.status.anomaly;
        let missing = match &anomaly.network {
            NetworkState::Missing(why) => {
                Some(format!("anomalies are judged without the network: {}", without_folders(why)))
            }
            _ => None,
        };
        let throttled = anomaly.throttled.as_ref().map(|why| format!("the network looks less often: {why}"));
        let unsaved = anomaly.unsaved.as_ref().map(|why| format!("what was learned can't be saved: {why}"));
        let reencoded = self.status.reencoded;
        let reencoded = reencoded
            .map(|why| format!("each picture is decoded and encoded for viewers, which costs time: {why}"));
        [missing, throttled, unsaved, reencoded].into_iter().flatten().collect()
    }

    /// The phase as one word.
    pub fn phase(&self) -> &'static str {
        match self.status.phase {
            Phase::Stopped => "stopped",
            Phase::Opening => "opening",
            Phase::Streaming => "streaming",
            Phase::Lost { .. } => "lost",
        }
    }
}

/// The phases as words, for whoever lists them all.
pub const PHASES: [&str; 4] = ["stopped", "opening", "streaming", "lost"];

/// A text with its paths shortened to their last part; of equal ones in a row one is left.
pub fn without_folders(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        // A folder may end in a slash.
        let path = word.trim_end_matches('/');
        let short = match path.rfind('/') {
            Some(at) => &path[at + 1..],
            None => word,
        };
        let bare = |word: &str| word.trim_end_matches([',', ';', '.', ':']).to_string();
        match words.last_mut() {
            Some(last) if short != word && bare(last) == bare(short) => *last = short.into(),
            _ => words.push(short.into()),
        }
    }
    words.join(" ")
}

/// A measured value without digits that mean nothing.
pub fn rounded(value: f32, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (f64::from(value) * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::clock::{Clock, SimulatedClock};
    use std::path::PathBuf;

    fn status(phase: Phase, frame_age: Option<f32>) -> Status {
        Status {
            phase,
            opened: None,
            analysis: None,
            frame_age: frame_age.map(Duration::from_secs_f32),
            frames_analyzed: 0,
            frames_spared: 0,
            frames_broken: 0,
            last_broken: None,
            frames_skipped: 0,
            reopened: 0,
            fps: None,
            analysis_fps: None,
            latency_ms: None,
            processing_ms: None,
            viewers: 0,
            reencoded: None,
            anomaly: Default::default(),
        }
    }

    fn condition(phase: Phase, frame_age: Option<f32>) -> Condition {
        let clock = SimulatedClock::shared();
        clock.sleep(Duration::from_secs(100));
        let camera = config::Camera {
            source: config::Source::Device(PathBuf::from("/dev/v4l/by-id/usb-Webcam")),
            timeout_seconds: 5.0,
            ..config::Camera::default()
        };
        Condition::new(status(phase, frame_age), &camera, &(clock as SharedClock))
    }

    #[test]
    fn a_camera_is_active_while_its_last_frame_is_young() {
        assert!(condition(Phase::Streaming, Some(4.9)).active);
        let stale = condition(Phase::Streaming, Some(5.1));
        assert!(!stale.active);
        let told = stale.degraded.map(|degraded| (degraded.kind, degraded.seconds));
        assert_eq!(told, Some((Loss::Silent, 5.1)));
        let awaited = condition(Phase::Streaming, None);
        assert!(!awaited.active && awaited.degraded.is_none());
    }

    #[test]
    fn a_lost_camera_tells_why_and_since_when_but_not_where() {
        let reason = "/dev/v4l/by-id/usb-Webcam: no such device; is it plugged in?".to_string();
        let lost =
            condition(Phase::Lost { since: Duration::from_secs(88), loss: Loss::Gone, reason }, Some(0.1));
        assert!(lost.streaming && !lost.active);
        assert_eq!(
            lost.degraded,
            Some(Degraded {
                kind: Loss::Gone,
                reason: "usb-Webcam: no such device; is it plugged in?".into(),
                since: "2023-11-14T22:14:48.000Z".into(),
                seconds: 12.0,
            })
        );
    }

    #[test]
    fn a_stopped_camera_is_neither_streaming_nor_degraded() {
        let stopped = condition(Phase::Stopped, None);
        assert!(!stopped.streaming && !stopped.active && stopped.degraded.is_none());
    }

    #[test]
    fn texts_lose_their_folders() {
        let cases = [
            (
                "there is no network; looked for /opt/x/models/anomaly.onnx, models/anomaly.onnx, /usr/anomaly.onnx",
                "there is no network; looked for anomaly.onnx",
            ),
            ("no room in /var/lib/edge-cctv/ or /", "no room in edge-cctv or /"),
            ("/etc/x.so can't be loaded: /etc/x.so: too short", "x.so can't be loaded: x.so: too short"),
            (
                "the network gave NaN for tone in column 1, row 2",
                "the network gave NaN for tone in column 1, row 2",
            ),
        ];
        for (text, short) in cases {
            assert_eq!(without_folders(text), short);
        }
    }

    #[test]
    fn measured_values_have_no_more_digits_than_they_mean() {
        assert_eq!(rounded(24.951_234, 1).to_string(), "25");
        assert_eq!(rounded(0.123_46, 3).to_string(), "0.123");
    }
}
