//! One camera's analysis thread: frames through the pipeline, commands between them, and what was learned on its way to
//! the disk. What the frames show is the pipeline's, how often the network may look is the governor's.

use super::governor::Governor;
use super::inbox::{FRAME_PATIENCE, Incoming};
use super::keeper::Acknowledge;
use super::{CameraHandle, Learning, NetworkState, lock};
use crate::anomaly::Anomaly;
use crate::anomaly::hours::Hour;
use crate::anomaly::store::{Kept, Origin, source_tag};
use crate::camera::supervisor::Sink;
use crate::config;
use crate::picture::plane::Plane;
use crate::pipeline::Pipeline;
use crate::service::shield::shielded;
use crate::service::slot::Taken;
use crate::service::thermal::ThermalZones;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;

/// What was learned is saved so often.
const SAVE_PERIOD: Duration = Duration::from_secs(300);

/// A network that isn't there is looked for again so often.
const SEARCH_PERIOD: Duration = Duration::from_secs(60);

/// A defect so soon after a start with what was learned may come of that: it is set aside, and learning begins anew.
const PROVEN_FRAMES: u64 = 250;

/// On a board with few cores the network would compute in the way of those who draw, send and receive the picture.
const SHOWN_FIRST: Duration = Duration::from_millis(4);

/// Loading the network takes some seconds on a slow board.
const LOADING_PATIENCE: Duration = Duration::from_secs(60);

/// What the analysis is asked to do between two frames.
pub(super) enum Command {
    /// Forget what was learned, on the disk too.
    Reset(Acknowledge),
    /// Save what was learned.
    Save(Acknowledge),
    /// Give a copy of what was learned; `None` if anomalies aren't looked for.
    Copy(oneshot::Sender<Option<Box<Kept>>>),
    /// Give what is done with each pixel of the last frame; `None` before the first.
    Layers(oneshot::Sender<Option<Plane>>),
}

/// Analyses until the inbox is closed. Sends `ready` once frames can come.
pub(super) fn run(handle: &CameraHandle, ready: mpsc::Sender<()>) {
    let pulse = &handle.analysis.pulse;
    pulse.promise(LOADING_PATIENCE);
    let mut analyst = Analyst::new(handle);
    // Nobody waits any more if loading took too long.
    let _ = ready.send(());
    pulse.rest();
    while let Some(taken) = handle.analysis.slot.take_or_nudge() {
        pulse.promise(FRAME_PATIENCE);
        analyst.obey();
        if let Taken::Value(incoming) = taken {
            analyst.take(incoming);
        }
        pulse.rest();
    }
    analyst.obey();
    analyst.save(None);
    handle.keeper.close();
}

struct Analyst<'a> {
    handle: &'a CameraHandle,
    config: Arc<config::Camera>,
    pipeline: Pipeline,
    governor: Governor,
    origin: Origin,
    /// Seconds learned when the keeper got the baseline last, and when that was.
    handed: f64,
    handed_at: Duration,
    /// When the network was looked for last.
    searched_at: Duration,
    /// Learning was complete in the frame before.
    complete: bool,
    /// Frames since the pipeline was made.
    proven: u64,
    restored: bool,
}

impl<'a> Analyst<'a> {
    fn new(handle: &'a CameraHandle) -> Self {
        let config = handle.config();
        let mut analyst = Self {
            handle,
            pipeline: Pipeline::new(&config, None),
            governor: Governor::new(Box::new(ThermalZones::of_this_board())),
            origin: Origin::default(),
            handed: 0.0,
            handed_at: handle.analysis.clock.now(),
            searched_at: handle.analysis.clock.now(),
            complete: false,
            proven: 0,
            restored: false,
            config,
        };
        analyst.begin();
        analyst
    }

    /// Makes the judge of anomalies, with what was learned before.
    fn begin(&mut self) {
        let name = &self.handle.name;
        let tag = source_tag(&self.config.source);
        self.origin = Origin { source: tag, ..Origin::default() };
        (self.handed, self.restored, self.complete) = (0.0, false, false);
        let mut anomaly = Anomaly::configured(&self.config, &self.handle.network);
        if let Some(anomaly) = &mut anomaly {
            if let Some(Kept { baseline, origin }) = self.handle.keeper.newest(tag) {
                log::info!("{name}: goes on with what was learned in {:.1} hours", baseline.learned / 3600.0);
                self.origin = origin;
                (self.handed, self.restored) = (baseline.learned, true);
                anomaly.set_baseline(baseline);
            }
            adopt_network(anomaly, &mut self.origin, name);
            self.complete = anomaly.baseline().is_complete();
        }
        self.pipeline.set_anomaly(anomaly);
        self.tell();
    }

    /// Does what was asked for since the last frame.
    fn obey(&mut self) {
        let commands = std::mem::take(&mut *lock(&self.handle.commands));
        for command in commands {
            match command {
                Command::Save(acknowledge) => self.save(Some(acknowledge)),
                Command::Copy(answer) => {
                    // Who asked may be gone.
                    let _ = answer.send(self.kept().map(Box::new));
                }
                Command::Layers(answer) => {
                    let _ = answer.send(self.pipeline.layers());
                }
                Command::Reset(acknowledge) => {
                    self.reset();
                    self.handed = f64::NAN;
                    self.save(Some(acknowledge));
                }
            }
        }
    }

    fn reset(&mut self) {
        let tag = source_tag(&self.config.source);
        if let Some(anomaly) = self.pipeline.anomaly() {
            anomaly.reset();
            self.origin.size = None;
            self.complete = false;
            log::info!("{}: what was learned is forgotten", self.handle.name);
        } else if let Some(kept) = self.handle.keeper.newest(tag) {
            // Switched off: what was learned before is forgotten all the same.
            let baseline = crate::anomaly::baseline::Baseline::default();
            self.handle.keeper.put(Kept { baseline, ..kept }, None);
        }
        self.tell();
    }

    fn configure(&mut self) {
        let newest = self.handle.config();
        if Arc::ptr_eq(&self.config, &newest) {
            return;
        }
        let before = std::mem::replace(&mut self.config, newest);
        self.pipeline.configure(&self.config);
        if before.anomaly.enabled != self.config.anomaly.enabled {
            // Switched off, what was learned stays on the disk.
            self.save(None);
            self.begin();
        } else if source_tag(&before.source) != source_tag(&self.config.source) {
            log::warn!("{}: the source is another one: learning starts anew", self.handle.name);
            self.reset();
            self.origin.source = source_tag(&self.config.source);
        }
    }

    /// All that is done for a frame. It is shown before the network looks at it, and so is what comes during the look and needs no
    /// analysis.
    fn take(&mut self, incoming: Incoming) {
        let number = incoming.number;
        self.analyse(incoming);
        self.handle.analysis.finish(number);
        self.ask_network();
    }

    fn analyse(&mut self, incoming: Incoming) {
        self.configure();
        if let Some(analysis) = self.handle.analysis.known(&incoming) {
            self.handle.publisher.show(incoming.frame, analysis, None);
            return;
        }
        if incoming.begins {
            self.pipeline.reset();
        }
        let clock = &self.handle.analysis.clock;
        let now = clock.now();
        let size = (incoming.frame.width, incoming.frame.height);
        if let Some(anomaly) = self.pipeline.anomaly() {
            if self.origin.size.is_some_and(|before| before != size) {
                log::warn!(
                    "{}: the picture's size is another one: what the network sees is learned anew",
                    self.handle.name
                );
                anomaly.forget_sight();
            }
            self.origin.size = Some(size);
            if anomaly.network().is_none() && now.saturating_sub(self.searched_at) >= SEARCH_PERIOD {
                self.searched_at = now;
                if anomaly.find_network(&self.handle.network) {
                    log::info!("{}: the network is there now", self.handle.name);
                    adopt_network(anomaly, &mut self.origin, &self.handle.name);
                }
            }
            anomaly.pause(self.handle.learning_paused.load(Ordering::Relaxed));
            let skipped = self.handle.analysis.skipped();
            anomaly.limit_looks(self.governor.limit(now, skipped, self.config.anomaly.rate_hz));
        }
        let of_now = self.config.source.device().is_some() && clock.is_set();
        let hour = of_now.then(|| hour(clock.wall())).flatten();
        let processed = shielded(|| self.pipeline.process(&incoming.frame, hour));
        // What couldn't be used decided nothing.
        let undecided = self.pipeline.is_undecided() || !matches!(processed, Ok(Ok(_)));
        self.handle.analysis.undecided.store(undecided, Ordering::Relaxed);
        match processed {
            Ok(Ok(analysis)) => {
                self.proven += 1;
                self.tell();
                let analysis = Arc::new(analysis);
                if self.handle.analysis.done(incoming.session, &analysis) {
                    self.handle.outputs.frame(self.handle.index, &analysis);
                    self.handle.recorder.analysed(&incoming.frame, &analysis);
                    let publisher = &self.handle.publisher;
                    let index = (publisher.viewers() > 0).then(|| self.pipeline.take_index()).flatten();
                    publisher.show(incoming.frame, analysis, index);
                }
                let complete =
                    self.pipeline.anomaly().is_some_and(|anomaly| anomaly.baseline().is_complete());
                if complete && !self.complete {
                    log::info!(
                        "{}: learning is complete: what is unusual is told from now on",
                        self.handle.name
                    );
                }
                if complete != self.complete || now.saturating_sub(self.handed_at) >= SAVE_PERIOD {
                    self.complete = complete;
                    self.save(None);
                }
            }
            Ok(Err(error)) => self.handle.broken(&error.to_string()),
            Err(defect) => {
                self.handle.broken(&defect);
                self.rebuild();
            }
        }
    }

    /// Lets the network look at the last frame, if it is time.
    fn ask_network(&mut self) {
        if !self.pipeline.is_look_due() {
            return;
        }
        if self.handle.publisher.viewers() > 0 {
            self.handle.analysis.clock.sleep(SHOWN_FIRST);
        }
        match shielded(|| self.pipeline.ask_network()) {
            Ok(took) => {
                if let Some((_, took)) = took {
                    self.handle.analysis.looked(took);
                    self.governor.looked(took);
                }
                if self.pipeline.is_undecided() {
                    self.handle.analysis.undecided.store(true, Ordering::Relaxed);
                }
                self.tell();
            }
            Err(defect) => {
                self.handle.broken(&defect);
                self.rebuild();
            }
        }
    }

    /// After a defect: a new pipeline that goes on with what was saved last.
    fn rebuild(&mut self) {
        if self.restored && self.proven < PROVEN_FRAMES {
            log::error!(
                "{}: what was learned may be the cause: it is set aside, and learning starts anew",
                self.handle.name
            );
            self.handle.keeper.set_aside();
        }
        self.proven = 0;
        self.pipeline = Pipeline::new(&self.config, None);
        self.begin();
    }

    /// What is to be saved; `None` if anomalies aren't looked for.
    fn kept(&mut self) -> Option<Kept> {
        let baseline = self.pipeline.anomaly()?.baseline().clone();
        Some(Kept { baseline, origin: self.origin })
    }

    /// Hands what was learned to the keeper, if anything was since the last time.
    fn save(&mut self, acknowledge: Option<Acknowledge>) {
        self.handed_at = self.handle.analysis.clock.now();
        let learned = self.pipeline.anomaly().map(|anomaly| anomaly.baseline().learned);
        if learned.is_none_or(|learned| learned == self.handed) {
            if let Some(acknowledge) = acknowledge {
                self.handle.keeper.settle(acknowledge);
            }
            return;
        }
        if let Some(kept) = self.kept() {
            self.handed = kept.baseline.learned;
            self.handle.keeper.put(kept, acknowledge);
        }
    }

    /// Tells the status what it can't see.
    fn tell(&mut self) {
        let throttled = self.governor.reason();
        let Some(anomaly) = self.pipeline.anomaly() else {
            self.handle.network_state.send_if_modified(|state| replace(state, NetworkState::Off));
            *lock(&self.handle.learning) = Learning::default();
            return;
        };
        let (progress, complete) = (anomaly.baseline().progress(), anomaly.baseline().is_complete());
        let mut learning = lock(&self.handle.learning);
        if learning.throttled != throttled {
            match &throttled {
                Some(why) => log::warn!("{}: the network looks less often: {why}", self.handle.name),
                None => log::info!("{}: the network looks as often as is configured", self.handle.name),
            }
        }
        *learning = Learning { progress, complete, throttled };
        drop(learning);
        self.handle.network_state.send_if_modified(|state| replace(state, network_state(anomaly)));
    }
}

/// Goes on with the network that `anomaly` has now: what another one saw is learned anew.
fn adopt_network(anomaly: &mut Anomaly, origin: &mut Origin, camera: &str) {
    let network = anomaly.network().map(|network| network.fingerprint);
    if origin.network.is_some() && network.is_some() && origin.network != network {
        log::warn!("{camera}: the network is another one: what it sees is learned anew");
        anomaly.forget_sight();
    }
    origin.network = network.or(origin.network);
}

/// Puts a new value; true if it is another one.
fn replace(state: &mut NetworkState, new: NetworkState) -> bool {
    let changed = *state != new;
    *state = new;
    changed
}

fn network_state(anomaly: &Anomaly) -> NetworkState {
    match (anomaly.blind(), anomaly.network()) {
        (Some(why), _) => NetworkState::Missing(why.into()),
        (None, Some(network)) => NetworkState::Running {
            version: network.version.clone(),
            provider: network.provider.name(),
            fallback: network.fallback.clone(),
        },
        (None, None) => NetworkState::Off,
    }
}

/// The hour of the week in local time.
fn hour(wall: SystemTime) -> Option<Hour> {
    let local = jiff::Timestamp::try_from(wall).ok()?.to_zoned(jiff::tz::TimeZone::system());
    let weekend = matches!(local.weekday(), jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday);
    Some(Hour { hour: u8::try_from(local.hour()).ok()?, weekend })
}

#[cfg(test)]
mod tests;
