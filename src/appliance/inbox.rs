//! What waits for analysis, what came of it, and the figures that follow. Knows frames and analyses, no devices.

use super::{Phase, lock};
use crate::anomaly::kinds::Severity;
use crate::camera::{Frame, Opened};
use crate::pipeline::Analysis;
use crate::service::beat::Beat;
use crate::service::clock::SharedClock;
use crate::service::progress::Pulse;
use crate::service::slot::Slot;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Figures older than this tell nothing of now and aren't shown.
const FRESH: Duration = Duration::from_secs(2);

/// No frame takes so long, and no command.
pub(super) const FRAME_PATIENCE: Duration = Duration::from_secs(20);

/// The network's heartbeat is slow: its rate is measured over so long.
const LOOKS_SPAN: Duration = Duration::from_secs(10);

/// A moment of a camera's life, for `/status`.
#[derive(Clone, Debug)]
pub struct Status {
    pub phase: Phase,
    /// What the device delivers, while it is known.
    pub opened: Option<Opened>,
    /// The newest analysis since the camera was started.
    pub analysis: Option<Arc<Analysis>>,
    /// Since the last frame that could be used; `None`: there was none since the camera was started.
    pub frame_age: Option<Duration>,
    /// Frames analysed since the program started.
    pub frames_analyzed: u64,
    /// Frames that needed no analysis.
    pub frames_spared: u64,
    /// Unusable frames since the program started, with the reason of the last.
    pub frames_broken: u64,
    pub last_broken: Option<String>,
    /// Frames that should have been analysed and weren't, because the next one came first.
    pub frames_skipped: u64,
    /// How often the camera was opened again after a loss.
    pub reopened: u64,
    /// Frames a second that came and could be used; `None` when none came lately.
    pub fps: Option<f32>,
    /// And those of them that were analysed.
    pub analysis_fps: Option<f32>,
    /// From capture to the end of the analysis.
    pub latency_ms: Option<f32>,
    /// Time for the analysis of one frame, without the network's look.
    pub processing_ms: Option<f32>,
    pub viewers: usize,
    /// Why each of the camera's JPEG pictures is decoded and encoded for viewers, if it is.
    pub reencoded: Option<&'static str>,
    pub anomaly: AnomalyStatus,
}

/// What is to be known of the search for anomalies.
#[derive(Clone, Debug, Default)]
pub struct AnomalyStatus {
    pub network: NetworkState,
    /// How far learning is, from 0 to 1.
    pub progress: f32,
    pub complete: bool,
    pub paused: bool,
    /// Anomalies of more than low severity since the program started, each counted once when it begins.
    pub anomalies: u64,
    /// How often the network looked since the program started.
    pub looks: u64,
    /// Looks a second over the last ten seconds, and the time for one in ms; `None` when there was none lately.
    pub look_rate: Option<f32>,
    pub look_ms: Option<f32>,
    /// Why the network looks less often than is configured.
    pub throttled: Option<String>,
    /// Why what was learned can't be saved.
    pub unsaved: Option<String>,
}

/// Whether the network looks.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum NetworkState {
    /// Not known yet.
    #[default]
    Loading,
    /// Anomalies aren't looked for.
    Off,
    /// Why there is none, or why it fails, in words; anomalies are judged without it.
    Missing(String),
    Running {
        version: String,
        provider: &'static str,
        /// Why that isn't the provider that was asked for.
        fallback: Option<String>,
    },
}

/// A frame on its way to the analysis.
pub(super) struct Incoming {
    pub frame: Arc<Frame>,
    /// Counts the starts of the camera: what was captured before a stop must not count after it.
    pub session: u64,
    /// This frame, or one that was missed just before it, began the source anew.
    pub begins: bool,
    /// Frames up to this one that are to be analysed; if that are no more than up to the one before, it is for viewers.
    pub due: u64,
    /// Frames handed on up to this one.
    pub number: u64,
}

/// Frames that wait for analysis, and what came of those before.
pub(super) struct AnalysisInbox {
    pub clock: SharedClock,
    /// The analysis goes on.
    pub pulse: Pulse,
    pub slot: Slot<Incoming>,
    /// The very next frame matters.
    pub undecided: AtomicBool,
    pub counts: Mutex<Counts>,
}

#[derive(Default)]
pub(super) struct Counts {
    session: u64,
    analyzed: u64,
    spared: u64,
    skipped: u64,
    /// Frames that were to be analysed; and up to the last one that was taken.
    due: u64,
    pub taken: u64,
    /// Frames handed on; and up to the last one that all is done for.
    handed: u64,
    finished: u64,
    beat: Beat,
    pub broken: u64,
    pub broken_logged: Option<Duration>,
    pub last_broken: Option<String>,
    pub last_valid: Option<Duration>,
    pub newest: Option<Arc<Analysis>>,
    /// The last frame was part of an anomaly that counts.
    anomalous: bool,
    anomalies: u64,
    looks: u64,
    /// When the network's last looks ended, and their time in ms.
    recent_looks: VecDeque<(Duration, f32)>,
    /// When the last frames were taken.
    frames: VecDeque<Duration>,
    /// When the last analyses ended, with their latency and the time they took, both in ms.
    recent: VecDeque<(Duration, f32, f32)>,
}

impl Counts {
    /// A frame was taken.
    fn took(&mut self, now: Duration) {
        self.frames.push_back(now);
        while self.frames.front().is_some_and(|then| *then + FRESH < now) {
            self.frames.pop_front();
        }
    }

    /// A frame needed no analysis.
    fn spare(&mut self, now: Duration) {
        self.spared += 1;
        self.took(now);
    }
}

/// Whether places in what was found are places in this frame.
fn fits(found: &Analysis, frame: &Frame) -> bool {
    (found.width, found.height) == (frame.width, frame.height)
}

/// How often a second, as far as two times tell.
fn rate(mut times: impl Iterator<Item = Duration>) -> Option<f32> {
    let first = times.next()?;
    let (last, intervals) = times.fold((first, 0), |(_, count), time| (time, count + 1));
    (last > first).then(|| intervals as f32 / (last - first).as_secs_f32())
}

impl AnalysisInbox {
    pub fn new(clock: SharedClock, pulse: Pulse) -> Self {
        let (undecided, counts) = (AtomicBool::new(false), Mutex::default());
        Self { clock, pulse, slot: Slot::default(), undecided, counts }
    }

    /// Takes a frame, of which `rate` a second are to be analysed (0: each one), the others only if somebody watches. Gives back
    /// what can be shown at once: it needs no analysis, and none before it is under way.
    pub fn put(&self, frame: Arc<Frame>, rate: f64, watched: bool) -> Option<(Arc<Frame>, Arc<Analysis>)> {
        let mut counts = lock(&self.counts);
        let is_due = rate == 0.0
            || counts.beat.is_due(frame.captured, rate)
            || frame.restarted
            || self.undecided.load(Ordering::Relaxed);
        match counts.newest.clone().filter(|newest| !is_due && fits(newest, &frame)) {
            Some(_) if !watched => {
                counts.spare(self.clock.now());
                return None;
            }
            Some(newest) if counts.finished == counts.handed => {
                counts.spare(self.clock.now());
                return Some((frame, newest));
            }
            Some(_) => {}
            None => counts.due += 1,
        }
        counts.handed += 1;
        let incoming = Incoming {
            session: counts.session,
            begins: frame.restarted,
            due: counts.due,
            number: counts.handed,
            frame,
        };
        drop(counts);
        self.pulse.owe(FRAME_PATIENCE);
        self.slot.put(incoming, |missed, next| next.begins |= missed.begins);
        None
    }

    /// What is known of a frame without a look at it; `None` if it has to be analysed.
    pub fn known(&self, incoming: &Incoming) -> Option<Arc<Analysis>> {
        let mut counts = lock(&self.counts);
        let missed = incoming.due - std::mem::replace(&mut counts.taken, incoming.due);
        counts.skipped += missed.saturating_sub(1);
        if missed > 0 || incoming.begins || counts.session != incoming.session {
            return None;
        }
        let newest = counts.newest.clone().filter(|newest| fits(newest, &incoming.frame))?;
        counts.spare(self.clock.now());
        Some(newest)
    }

    /// All is done for a frame.
    pub fn finish(&self, number: u64) {
        lock(&self.counts).finished = number;
    }

    /// Frames that should have been analysed and weren't, because the next one came first.
    pub fn skipped(&self) -> u64 {
        lock(&self.counts).skipped
    }

    /// Takes an analysis; false if it belongs to a time before the camera was stopped.
    pub fn done(&self, session: u64, analysis: &Arc<Analysis>) -> bool {
        let now = self.clock.now();
        let mut counts = lock(&self.counts);
        counts.analyzed += 1;
        let verdict = analysis.judgement.as_ref().and_then(|judgement| judgement.verdict.as_ref());
        let anomalous = verdict.is_some_and(|verdict| verdict.is_anomaly && verdict.severity > Severity::Low);
        counts.anomalies += u64::from(anomalous && !counts.anomalous);
        counts.anomalous = anomalous;
        if counts.session != session {
            return false;
        }
        counts.last_valid = Some(now);
        let latency = now.saturating_sub(analysis.captured).as_secs_f32() * 1e3;
        let processing =
            (analysis.timings.decode + analysis.timings.motion + analysis.timings.anomaly) as f32 / 1e3;
        counts.recent.push_back((now, latency, processing));
        while counts.recent.front().is_some_and(|(then, ..)| *then + FRESH < now) {
            counts.recent.pop_front();
        }
        counts.newest = Some(analysis.clone());
        counts.took(now);
        true
    }

    /// The network looked, for so long.
    pub fn looked(&self, took: Duration) {
        let now = self.clock.now();
        let mut counts = lock(&self.counts);
        counts.looks += 1;
        counts.recent_looks.push_back((now, took.as_secs_f32() * 1e3));
        while counts.recent_looks.front().is_some_and(|(then, _)| *then + LOOKS_SPAN < now) {
            counts.recent_looks.pop_front();
        }
    }

    /// The camera was stopped: only the counters stay.
    pub fn forget(&self) {
        let mut counts = lock(&self.counts);
        counts.session += 1;
        counts.newest = None;
        counts.last_valid = None;
        counts.anomalous = false;
        counts.recent.clear();
        counts.frames.clear();
        counts.recent_looks.clear();
    }

    pub fn status(&self, phase: Phase, opened: Option<Opened>, reopened: u64, viewers: usize) -> Status {
        let now = self.clock.now();
        let counts = lock(&self.counts);
        let fresh: Vec<_> = counts.recent.iter().filter(|(then, ..)| *then + FRESH >= now).collect();
        let mean = |value: fn(&(Duration, f32, f32)) -> f32| {
            (!fresh.is_empty())
                .then(|| fresh.iter().map(|entry| value(entry)).sum::<f32>() / fresh.len() as f32)
        };
        let looks: Vec<f32> = counts
            .recent_looks
            .iter()
            .filter(|(then, _)| *then + LOOKS_SPAN >= now)
            .map(|look| look.1)
            .collect();
        let has_looked = !looks.is_empty();
        let anomaly = AnomalyStatus {
            anomalies: counts.anomalies,
            looks: counts.looks,
            look_rate: has_looked.then(|| looks.len() as f32 / LOOKS_SPAN.as_secs_f32()),
            look_ms: has_looked.then(|| looks.iter().sum::<f32>() / looks.len() as f32),
            ..AnomalyStatus::default()
        };
        Status {
            phase,
            opened,
            analysis: counts.newest.clone(),
            frame_age: counts.last_valid.map(|last| now.saturating_sub(last)),
            frames_analyzed: counts.analyzed,
            frames_spared: counts.spared,
            frames_broken: counts.broken,
            last_broken: counts.last_broken.clone(),
            frames_skipped: counts.skipped,
            reopened,
            fps: rate(counts.frames.iter().copied().filter(|then| *then + FRESH >= now)),
            analysis_fps: rate(fresh.iter().map(|entry| entry.0)),
            latency_ms: mean(|entry| entry.1),
            processing_ms: mean(|entry| entry.2),
            viewers,
            reencoded: None,
            anomaly,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::{Wanted, demo};
    use crate::service::clock::SimulatedClock;
    use crate::service::progress::Progress;

    fn inbox() -> AnalysisInbox {
        let clock = SimulatedClock::shared();
        let pulse = Progress::new(clock.clone()).pulse("analyse");
        AnalysisInbox::new(clock, pulse)
    }

    /// Offers a second of 30 frames, of which those to be analysed are at once, and tells which could be shown at once, and which
    /// were analysed.
    fn second(inbox: &AnalysisInbox, watched: bool) -> (Vec<u64>, Vec<u64>) {
        let mut scene = demo::open(&Wanted { width: 64, height: 48, fps: 30.0 }, None);
        let (mut shown, mut analysed) = (Vec::new(), Vec::new());
        for _ in 0..30 {
            let frame = scene.next_frame().unwrap();
            let sequence = frame.sequence;
            let before = inbox.status(Phase::Streaming, None, 0, 0).frames_spared;
            if let Some((frame, _)) = inbox.put(Arc::new(frame), 10.0, watched) {
                shown.push(frame.sequence);
            }
            if inbox.status(Phase::Streaming, None, 0, 0).frames_spared == before {
                let incoming = inbox.slot.take().unwrap();
                assert!(inbox.known(&incoming).is_none());
                inbox.done(incoming.session, &Arc::new(of(&incoming.frame)));
                inbox.finish(incoming.number);
                analysed.push(sequence);
            }
        }
        (shown, analysed)
    }

    fn of(frame: &Frame) -> Analysis {
        Analysis { width: frame.width, height: frame.height, ..Analysis::default() }
    }

    #[test]
    fn a_third_is_analysed_and_the_rest_shown_at_once_if_somebody_watches() {
        let third: Vec<u64> = (0..30).step_by(3).collect();
        let rest: Vec<u64> = (0..30).filter(|number| number % 3 != 0).collect();
        assert_eq!(second(&inbox(), true), (rest, third.clone()));
        assert_eq!(second(&inbox(), false), (vec![], third));
        let undecided = inbox();
        undecided.undecided.store(true, Ordering::Relaxed);
        assert_eq!(second(&undecided, true), (vec![], (0..30).collect()));
    }

    #[test]
    fn what_comes_during_an_analysis_waits_for_it_and_nothing_is_lost() {
        let inbox = inbox();
        let mut scene = demo::open(&Wanted { width: 64, height: 48, fps: 30.0 }, None);
        let mut put = |frames: usize| {
            for _ in 0..frames {
                assert!(inbox.put(Arc::new(scene.next_frame().unwrap()), 10.0, true).is_none());
            }
            inbox.slot.take().unwrap()
        };
        let first = put(1);
        assert!(first.begins && inbox.known(&first).is_none());
        inbox.done(0, &Arc::new(of(&first.frame)));
        let second = put(1);
        assert!(inbox.known(&second).is_some(), "it is for viewers");
        // The fourth frame is to be analysed, and the fifth replaces it.
        let fifth = put(3);
        assert!(inbox.known(&fifth).is_none());
        assert_eq!((fifth.frame.sequence, inbox.skipped()), (4, 0));
        // Of two that are to be analysed the later one is.
        let last = put(6);
        assert!(inbox.known(&last).is_none());
        assert_eq!((last.frame.sequence, inbox.skipped()), (10, 1));
        inbox.finish(last.number);
        assert!(inbox.put(Arc::new(scene.next_frame().unwrap()), 10.0, true).is_some());
    }
}
