//! What is normal for a camera, and what isn't: signals of each frame, a baseline learned of them, and a verdict.
//! Knows luma planes, what moves, and time; no cameras, no HTTP, and no files but the network's and (in `store`) the
//! baseline's.

pub mod baseline;
mod behaviour;
pub mod contract;
mod eye;
#[cfg(test)]
pub mod fake;
pub mod finding;
mod histogram;
pub mod hours;
pub mod kinds;
pub mod library;
mod memory;
pub mod model;
mod path;
pub mod places;
mod rarity;
mod sight;
pub mod signal;
mod spread;
mod stack;
pub mod store;
pub mod tampering;
pub mod verdict;

use crate::config;
use crate::motion::Moving;
use crate::picture::plane::Plane;
use baseline::Baseline;
use eye::{Due, Eye, Pace};
use hours::Hour;
use model::{Describe, ModelSource, Network, NetworkInfo};
use serde::Serialize;
use sight::{Learning, Look, Sight};
use signal::{Measured, Signal, Values};
use stack::Stack;
use std::time::Duration;
use tampering::{Tamper, Tampering};
use verdict::{Level, Verdict};

/// What is seen of one frame.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    pub luma: &'a Plane,
    /// Foreground, 0 or 255.
    pub mask: &'a Plane,
    pub moving: &'a Moving,
    pub time: Duration,
    /// Local time, if the frame is of now; a recording's isn't known.
    pub hour: Option<Hour>,
}

/// What is said of one frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// Higher is stranger.
    pub score: f32,
    pub verdict: Option<Verdict>,
    /// How near it is to an anomaly; `None` while that isn't judged.
    pub level: Option<Level>,
    /// From 0 to 1.
    pub progress: f32,
    pub complete: bool,
}

/// How rare one signal's value is.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Rarity {
    pub signal: Signal,
    /// Natural logarithm of the value over what is usual.
    pub log: f32,
    /// Minus the decimal logarithm of the share of normal moments that reach it, and of normal ten-second blocks.
    pub moments: f32,
    pub blocks: f32,
}

/// The judge of one camera.
pub struct Anomaly {
    settings: config::Anomaly,
    baseline: Baseline,
    eye: Option<Eye>,
    /// Why the network doesn't look, in words.
    blind: Option<String>,
    stack: Stack,
    tampering: Tampering,
    /// What the last look at the view found.
    tampered: Option<Verdict>,
    paused: bool,
    /// Teaching: all that is seen is normal, and nothing is judged.
    teaching: bool,
    anomalous: bool,
    /// With what the network saw since, the last frame would have been judged otherwise.
    undecided: bool,
    /// When something was seen last that isn't normal.
    disturbed: Option<Duration>,
    /// Tracks that are, or were, in an alert zone.
    trespassers: Vec<u32>,
    last: Option<Duration>,
    /// The last frame's.
    values: Values,
    /// The network looks no more often than so many times a second while something moves; 0: at its heartbeat only.
    most_looks: f64,
    pub only: Only,
}

/// Which signals count: all, or for comparisons one family alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Only {
    #[default]
    All,
    Behaviour,
    Network,
}

/// Without a network the view is looked at so often, for tampering.
const INTERVAL: Duration = Duration::from_millis(200);

/// A camera that was moved is told so long, then the new view is learned.
const MOVED_FOR: Duration = Duration::from_secs(60);

/// After an anomaly nothing is learned for so long: who caused it is still leaving.
const DISTURBED_FOR: Duration = Duration::from_secs(10);

impl Anomaly {
    /// For a camera as configured: `None` if its anomalies aren't to be looked for. A network that can't be had is told
    /// in the log, and the other signals are judged without it.
    pub fn configured(camera: &config::Camera, network: &config::Network) -> Option<Self> {
        if !camera.anomaly.enabled {
            return None;
        }
        let mut anomaly = Self::new(&camera.anomaly);
        if !anomaly.find_network(network) {
            let why = anomaly.blind().unwrap_or_default();
            log::warn!("{}: anomalies are judged without the network: {why}", camera.name);
        }
        Some(anomaly)
    }

    /// Without a network.
    pub fn new(settings: &config::Anomaly) -> Self {
        Self {
            settings: settings.clone(),
            baseline: Baseline::default(),
            eye: None,
            blind: None,
            stack: Stack::new(INTERVAL, contract::STRIDE),
            tampering: Tampering::default(),
            tampered: None,
            paused: false,
            teaching: false,
            anomalous: false,
            undecided: false,
            disturbed: None,
            trespassers: Vec::new(),
            last: None,
            values: Values::default(),
            most_looks: f64::INFINITY,
            only: Only::All,
        }
    }

    /// Takes the network that is configured, if it is there now; if not, [`Anomaly::blind`] tells why.
    pub fn find_network(&mut self, network: &config::Network) -> bool {
        let source = ModelSource::configured(&network.model);
        let loaded = Network::load(&network.library, &source, network.provider);
        match loaded
            .map_err(|error| error.to_string())
            .and_then(|network| self.set_network(Box::new(network)))
        {
            Ok(()) => true,
            Err(why) => {
                (self.eye, self.blind) = (None, Some(why));
                false
            }
        }
    }

    /// Takes a network.
    ///
    /// # Errors
    /// It gives other descriptors than those that are understood here, in words.
    pub fn set_network(&mut self, network: Box<dyn Describe>) -> Result<(), String> {
        let eye = Eye::new(network)?;
        self.stack = Stack::new(eye.network.info().interval, eye.network.info().stride);
        (self.eye, self.blind) = (Some(eye), None);
        Ok(())
    }

    pub fn configure(&mut self, settings: &config::Anomaly) {
        self.settings = settings.clone();
    }

    /// Judges a frame, with what the network saw before it, and learns from it. Then [`Anomaly::ask_network`] is due: a frame
    /// that the network is to look at is learned there.
    pub fn look(&mut self, seen: &Seen) -> Judgement {
        let step = self.last.map_or(0.0, |last| seen.time.saturating_sub(last).as_secs_f64()).min(2.5);
        self.last = Some(seen.time);
        // Under changing light, and before the background is known, no track is to be believed. The network needs no
        // background.
        let believable = !seen.moving.lighting && !seen.moving.learning;
        let stacked = self.stack.push(seen.luma, seen.time);
        let tampered = self.watch_view(seen.time);
        let trespassed = self.watch_zones(seen.moving);
        let learning = match () {
            () if self.paused || seen.moving.lighting || tampered.is_some() => Learning::Nothing,
            // Whoever may not be here isn't normal, however often he comes.
            () if trespassed && !self.teaching => Learning::Nothing,
            () if self.teaching || !self.baseline.is_complete() => Learning::Everything,
            // What came next would soon outweigh the few minutes that were taught.
            () if self.baseline.is_brief() => Learning::Nothing,
            () => Learning::Slowly,
        };
        let mut values = Values::default();
        if believable && self.only != Only::Network {
            let learns = self.is_to_be_learned(learning, seen.time);
            self.baseline.behaviour.look(seen.moving, seen.mask, seen.time, learns, &mut values);
            self.by_the_hour(seen, learns, step, &mut values);
        }
        if let Some(eye) = &self.eye {
            eye.tell(&mut values);
        }
        let judged = self.judged(&values);
        let score = verdict::score(&judged, &self.baseline.spreads, &self.baseline.tails);
        let judges = self.baseline.is_complete() && !self.teaching;
        let (verdict, level) = match tampered {
            Some(tampered) => (Some(tampered), None),
            None if judges && believable => self.judge(&judged),
            None => (None, None),
        };
        let anomalous = std::mem::replace(&mut self.anomalous, verdict.is_some());
        self.undecided = false;
        if trespassed {
            self.disturbed = Some(seen.time);
        }
        let judgement = self.judgement(score, verdict, level);
        let due = Due { time: seen.time, learning, step, judgement: judgement.clone(), anomalous };
        self.plan_look(seen, stacked, due);
        if !self.is_look_due() {
            self.learn(&values, seen.time, learning, step);
        }
        self.values = values;
        // Learning may have gone on meanwhile.
        let Judgement { score, verdict, level, .. } = judgement;
        self.judgement(score, verdict, level)
    }

    fn judgement(&self, score: f32, verdict: Option<Verdict>, level: Option<Level>) -> Judgement {
        let (progress, complete) = (self.baseline.progress(), self.baseline.is_complete());
        Judgement { score, verdict, level, progress, complete }
    }

    /// Whether the baseline learns from a frame: an anomaly isn't over when it is told no more.
    fn is_to_be_learned(&self, learning: Learning, time: Duration) -> bool {
        let calm = self.disturbed.is_none_or(|last| time.saturating_sub(last) > DISTURBED_FOR);
        learning == Learning::Everything || (learning == Learning::Slowly && calm)
    }

    /// What can be judged: while the network is new, or the picture's geometry, what it says has no normal range yet.
    fn judged(&self, values: &Values) -> Values {
        let mut judged = values.clone();
        if self.baseline.is_complete() && !self.baseline.is_sight_known() {
            for signal in Signal::ALL.into_iter().filter(|signal| signal.is_networks()) {
                judged.set(signal, None);
            }
        }
        judged
    }

    fn judge(&self, values: &Values) -> (Option<Verdict>, Option<Level>) {
        let tails = &self.baseline.tails;
        let strange = self.baseline.sight.as_ref().is_some_and(Sight::is_strange) && self.eye.is_some();
        let parts = verdict::rank(values, tails);
        let level = verdict::level(&parts, self.settings.false_alarms_per_day);
        let verdict = verdict::judge(&parts, tails, level, self.anomalous)
            .or_else(|| strange.then(|| verdict::strange_light(values, tails)));
        (verdict, Some(level))
    }

    /// Looks whether somebody tampered with the camera. Once a moved camera was told, all is learned anew.
    fn watch_view(&mut self, time: Duration) -> Option<Verdict> {
        if !self.stack.is_newest(time) || self.teaching {
            return self.tampered.clone();
        }
        let tamper = self.tampering.look(self.stack.newest(), time);
        let is_told = |tamper: &Tamper| {
            tamper.kind == tampering::Kind::Moved && time.saturating_sub(tamper.since) > MOVED_FOR
        };
        if tamper.as_ref().is_some_and(is_told) && !self.paused {
            log::warn!("the camera looks elsewhere than before: what is normal is learned anew");
            self.tampering.accept();
            self.baseline = Baseline::default();
            self.tampered = None;
        } else {
            self.tampered = tamper.map(|tamper| verdict::tampering(&tamper));
        }
        self.tampered.clone()
    }

    /// Whether somebody is in the picture who is, or was, in an alert zone.
    fn watch_zones(&mut self, moving: &Moving) -> bool {
        self.trespassers.retain(|id| moving.tracks.iter().any(|track| track.id == *id));
        for track in moving.tracks.iter().filter(|track| track.has_moved && track.blob.zone.is_some()) {
            if !self.trespassers.contains(&track.id) {
                self.trespassers.push(track.id);
            }
        }
        !self.trespassers.is_empty()
    }

    /// The signal of the hour.
    fn by_the_hour(&mut self, seen: &Seen, learns: bool, step: f64, values: &mut Values) {
        let Some(hour) = seen.hour else { return };
        let lively = seen.moving.tracks.iter().any(|track| track.has_moved);
        if lively && let Some(quietness) = self.baseline.hours.quietness(hour) {
            values.raise(Signal::Hour, Measured::plain(quietness, None));
        }
        if learns {
            self.baseline.hours.add(hour, lively, step as f32);
        }
    }

    /// Learns of a frame, if it is to be learned; `step` are the seconds since the one before.
    fn learn(&mut self, values: &Values, time: Duration, learning: Learning, step: f64) {
        if self.anomalous {
            self.disturbed = Some(time);
        }
        if !self.is_to_be_learned(learning, time) {
            return self.baseline.interrupt();
        }
        let adapt_seconds = self.settings.adapt_days * 86_400.0;
        let sees = self.eye.is_some() && self.blind.is_none();
        self.baseline.learn(values, time, step, adapt_seconds, sees);
    }

    /// Decides whether the network is to look at this frame.
    fn plan_look(&mut self, seen: &Seen, stacked: bool, look: Due) {
        let Some(eye) = &mut self.eye else { return };
        let moves =
            seen.mask.data.iter().any(|&sample| sample != 0) || seen.moving.lighting || seen.moving.learning;
        let pace = Pace { settings: &self.settings, most: self.most_looks, step: self.stack.step() };
        eye.plan(seen.time, moves, &pace, Some(look).filter(|_| stacked && self.only != Only::Behaviour));
    }

    /// Whether the network is to look at the last frame.
    pub fn is_look_due(&self) -> bool {
        self.eye.as_ref().is_some_and(|eye| eye.due.is_some())
    }

    /// Lets the network look at the last frame, if it is time, so that this one can be shown before. The frame is judged again with
    /// what it sees, and learned; that is what is given, or `None` if it couldn't look.
    pub fn ask_network(&mut self) -> Option<Judgement> {
        let due = self.eye.as_mut()?.due.take()?;
        let looked = self.take_look(&due);
        let mut values = std::mem::take(&mut self.values);
        if let Some(eye) = &self.eye {
            eye.tell(&mut values);
        }
        let judged = self.judged(&values);
        let score = verdict::score(&judged, &self.baseline.spreads, &self.baseline.tails);
        let Judgement { mut verdict, mut level, .. } = due.judgement;
        if level.is_some() {
            self.anomalous = due.anomalous;
            let before = verdict.is_some();
            (verdict, level) = self.judge(&judged);
            self.anomalous = verdict.is_some();
            self.undecided = before != self.anomalous;
        }
        self.learn(&values, due.time, due.learning, due.step);
        self.values = values;
        looked.then(|| self.judgement(score, verdict, level))
    }

    fn take_look(&mut self, due: &Due) -> bool {
        let Some(eye) = &mut self.eye else { return false };
        let learning = match due.learning {
            Learning::Slowly if !self.baseline.is_sight_known() => Learning::Everything,
            learning => learning,
        };
        eye.looked = Some(due.time);
        eye.values = Values::default();
        let interval = self.stack.step();
        let descriptors = match eye.network.describe(self.stack.planes()) {
            Ok(descriptors) => descriptors,
            Err(error) => {
                if self.blind.is_none() {
                    log::error!("the network can't judge a picture: {error}");
                }
                self.blind = Some(error.to_string());
                return false;
            }
        };
        self.blind = None;
        let (columns, rows) = (descriptors.columns, descriptors.rows);
        self.baseline.sight(columns, rows, &eye.layout);
        let learned = self.baseline.sight_learned();
        let sight = self.baseline.sight(columns, rows, &eye.layout);
        let look = Look { columns, rows, values: descriptors.values, time: due.time, interval };
        sight.look(&look, &eye.layout, learning, learned, &mut eye.values);
        true
    }

    /// Whether the very next frame matters: with what the network saw, the last one would have been judged otherwise.
    pub fn is_undecided(&self) -> bool {
        self.undecided
    }

    /// All that is seen from now on is normal, until [`Anomaly::end_teaching`].
    pub fn teach(&mut self) {
        self.teaching = true;
    }

    /// What was taught is all that is normal: from now on the rest is strange.
    pub fn end_teaching(&mut self) {
        self.teaching = false;
        self.baseline.declare_complete();
        self.cut();
    }

    /// The source began anew: what comes next doesn't follow on what was. What was learned stays.
    pub fn cut(&mut self) {
        self.baseline.cut();
        (self.anomalous, self.undecided, self.disturbed) = (false, false, None);
        self.trespassers.clear();
        self.last = None;
        self.stack.cut();
        if let Some(eye) = &mut self.eye {
            eye.cut();
        }
    }

    /// How rare each signal's last value is.
    pub fn rarities(&self) -> Vec<Rarity> {
        let rarity = |signal: Signal| {
            let log = self.values.get(signal)?.log;
            let (spread, tail) =
                (&self.baseline.spreads[signal as usize], &self.baseline.tails[signal as usize]);
            Some(Rarity { signal, log, moments: spread.rarity(log), blocks: tail.rarity(log) })
        };
        Signal::ALL.into_iter().filter_map(rarity).collect()
    }

    /// What was learned.
    pub fn baseline(&self) -> &Baseline {
        &self.baseline
    }

    /// Goes on with what was learned before; a part that doesn't fit the network is learned anew.
    pub fn set_baseline(&mut self, baseline: Baseline) {
        self.baseline = baseline;
        self.tampering.reset();
        self.tampered = None;
        self.cut();
    }

    /// All that was learned is forgotten, and learning begins anew.
    pub fn reset(&mut self) {
        self.set_baseline(Baseline::default());
    }

    /// Drops what was learned with another network or at another geometry of the picture; the rest stays.
    pub fn forget_sight(&mut self) {
        self.baseline.forget_sight();
        self.cut();
    }

    /// The picture is another by the user's will: what it looks like is learned anew, and is no tampering.
    pub fn see_anew(&mut self) {
        self.forget_sight();
        self.tampering.reset();
        self.tampered = None;
    }

    /// While paused nothing is learned, and what was learned is judged by.
    pub fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Lets the network look no more often than so many times a second while something moves, whatever is configured:
    /// infinite is no limit, 0 leaves the heartbeat.
    pub fn limit_looks(&mut self, a_second: f64) {
        self.most_looks = a_second;
    }

    /// The network that looks, if there is one.
    pub fn network(&self) -> Option<&NetworkInfo> {
        self.eye.as_ref().map(|eye| eye.network.info())
    }

    /// Why the network doesn't look; `None` if it does.
    pub fn blind(&self) -> Option<&str> {
        self.blind.as_deref()
    }
}
