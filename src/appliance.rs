//! The cameras with their threads: supervisor → analysis → publisher. What the server sees of them.

use crate::anomaly::Anomaly;
use crate::camera::supervisor::{Sink, Supervisor};
use crate::camera::{self, Camera, CameraError, Frame, Opened};
use crate::config::{self, Config};
use crate::pipeline::{Analysis, Pipeline};
use crate::publisher::{Publisher, Viewer, Wish};
use crate::service::clock::SharedClock;
use crate::service::shield::shielded;
use crate::service::slot::Slot;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

pub use crate::camera::supervisor::Phase;

/// Figures older than this tell nothing of now and aren't shown.
const FRESH: Duration = Duration::from_secs(2);

/// Unusable frames are logged at most so often; all are counted.
const BROKEN_LOG_PERIOD: Duration = Duration::from_secs(60);

/// All cameras. The first is the one that the plain endpoints mean.
pub struct Appliance {
    pub clock: SharedClock,
    pub cameras: Vec<Arc<CameraHandle>>,
    stream: RwLock<config::Stream>,
}

impl Appliance {
    /// Starts each camera's threads, and the cameras that start by themselves.
    pub fn new(config: &Config, clock: SharedClock) -> Self {
        let cameras = config
            .cameras
            .iter()
            .map(|camera| CameraHandle::spawn(camera.clone(), config.network.clone(), clock.clone()))
            .collect();
        Self { clock, cameras, stream: RwLock::new(config.stream.clone()) }
    }

    /// By name; the guide's `/live/{camera_id}` counts from 0, so a number that is no name is an index.
    pub fn camera(&self, name: &str) -> Option<&Arc<CameraHandle>> {
        self.cameras
            .iter()
            .find(|camera| camera.name() == name)
            .or_else(|| self.cameras.get(name.parse::<usize>().ok()?))
    }

    /// The camera that the plain endpoints mean.
    pub fn first(&self) -> &Arc<CameraHandle> {
        self.cameras.first().expect("a configuration has at least one camera")
    }

    /// What a viewer gets who asks for nothing else.
    pub fn stream(&self) -> config::Stream {
        self.stream.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes new settings; the cameras are those that it was started with.
    pub fn configure(&self, config: &Config) {
        *self.stream.write().unwrap_or_else(PoisonError::into_inner) = config.stream.clone();
        for (handle, camera) in self.cameras.iter().zip(&config.cameras) {
            handle.configure(camera.clone());
        }
    }

    /// Viewers of all cameras.
    pub fn viewers(&self) -> usize {
        self.cameras.iter().map(|camera| camera.publisher.viewers()).sum()
    }

    /// Ends all streams and releases all cameras, waiting at most `patience` for a device that hangs.
    pub fn shut_down(&self, patience: Duration) {
        for camera in &self.cameras {
            camera.quit();
        }
        let end = self.clock.now() + patience;
        for camera in &self.cameras {
            camera.join(end);
        }
    }
}

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
    /// Unusable frames since the program started, with the reason of the last.
    pub frames_broken: u64,
    pub last_broken: Option<String>,
    /// Frames that nobody had time for before the next one came.
    pub frames_skipped: u64,
    /// How often the camera was opened again after a loss.
    pub reopened: u64,
    /// Frames a second that were analysed; `None` when none came lately.
    pub fps: Option<f32>,
    /// From capture to the end of the analysis.
    pub latency_ms: Option<f32>,
    /// Time for the analysis of one frame.
    pub processing_ms: Option<f32>,
    pub viewers: usize,
}

/// Why `/start` failed, in words for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

/// One camera: its supervisor, analysis and encoder, and the way to command and watch them.
pub struct CameraHandle {
    name: String,
    config: RwLock<Arc<config::Camera>>,
    network: config::Network,
    supervisor: Supervisor,
    publisher: Publisher,
    analysis: AnalysisInbox,
    stopped_by_user: AtomicBool,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl CameraHandle {
    fn spawn(camera: config::Camera, network: config::Network, clock: SharedClock) -> Arc<Self> {
        let autostart = camera.autostart;
        let camera = Arc::new(camera);
        let handle = Arc::new(Self {
            name: camera.name.clone(),
            supervisor: Supervisor::new(&camera.name, clock.clone(), timeout(&camera)),
            publisher: Publisher::new(clock.clone(), camera.clone()),
            analysis: AnalysisInbox::new(clock.clone()),
            config: RwLock::new(camera),
            network,
            stopped_by_user: AtomicBool::new(false),
            threads: Mutex::default(),
        });
        if autostart {
            handle.supervisor.want();
        }
        let capture = handle.spawn_thread("capture", move |handle| {
            let open = || open(&handle.config(), &clock);
            handle.supervisor.run(&open, handle);
            handle.analysis.slot.close();
        });
        let analyse = handle.spawn_thread("analyse", |handle| handle.analyse());
        let encode = handle.spawn_thread("encode", |handle| handle.publisher.run());
        lock(&handle.threads).extend([capture, analyse, encode].into_iter().flatten());
        handle
    }

    fn spawn_thread(
        self: &Arc<Self>,
        task: &str,
        work: impl FnOnce(&Self) + Send + 'static,
    ) -> Option<JoinHandle<()>> {
        let handle = self.clone();
        // The kernel shows 15 letters of a thread's name.
        let spawned =
            std::thread::Builder::new().name(format!("{task} {}", self.name)).spawn(move || work(&handle));
        spawned.inspect_err(|error| log::error!("{}: no thread to {task}: {error}", self.name)).ok()
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The settings in force.
    pub fn config(&self) -> Arc<config::Camera> {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts the camera and waits until it is open or has failed; started already: nothing happens.
    /// After a failure it is tried again by itself until [`CameraHandle::stop`].
    ///
    /// # Errors
    /// Why the camera can't be opened, in words.
    pub async fn start(&self) -> Result<(), StartError> {
        self.stopped_by_user.store(false, Ordering::Relaxed);
        self.supervisor.start().await.map_err(StartError)
    }

    /// Releases the camera and forgets the state; returns once the device is free.
    pub async fn stop(&self) {
        self.stopped_by_user.store(true, Ordering::Relaxed);
        self.supervisor.stop().await;
    }

    /// Stopped by `POST /stop`, and not started since.
    pub fn stopped_by_user(&self) -> bool {
        self.stopped_by_user.load(Ordering::Relaxed)
    }

    pub fn status(&self) -> Status {
        let report = self.supervisor.report();
        self.analysis.status(report.phase, report.opened, report.reopened, self.publisher.viewers())
    }

    /// Subscribes. While the camera is lost the pictures say NO SIGNAL; once it is stopped they end.
    pub fn watch(&self, wish: Wish) -> Viewer {
        self.publisher.watch(wish)
    }

    fn configure(&self, camera: config::Camera) {
        let (old, new) = (self.config(), Arc::new(camera));
        if *old == *new {
            return;
        }
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = new.clone();
        self.publisher.configure(new.clone());
        if opening(&old) != opening(&new) {
            self.supervisor.reopen(timeout(&new));
        }
    }

    fn analyse(&self) {
        let mut config = self.config();
        let mut pipeline = Pipeline::new(&config, Anomaly::configured(&config, &self.network));
        while let Some(incoming) = self.analysis.slot.take() {
            let newest = self.config();
            if !Arc::ptr_eq(&config, &newest) {
                pipeline.configure(&newest);
                config = newest;
            }
            if incoming.begins {
                pipeline.reset();
            }
            match shielded(|| pipeline.process(&incoming.frame, None)) {
                Ok(Ok(analysis)) => {
                    let analysis = Arc::new(analysis);
                    if self.analysis.done(incoming.session, &analysis) {
                        self.publisher.show(incoming.frame, analysis);
                    }
                }
                Ok(Err(error)) => self.broken(&error.to_string()),
                Err(defect) => {
                    pipeline = Pipeline::new(&config, Anomaly::configured(&config, &self.network));
                    self.broken(&defect);
                }
            }
        }
    }

    fn quit(&self) {
        self.supervisor.quit();
        self.publisher.close();
    }

    fn join(&self, end: Duration) {
        for thread in lock(&self.threads).drain(..) {
            while !thread.is_finished() && self.analysis.clock.now() < end {
                self.analysis.clock.sleep(Duration::from_millis(5));
            }
            if !thread.is_finished() {
                log::warn!("{}: a device hangs; leaving without it", self.name);
            } else if thread.join().is_err() {
                log::error!("{}: a thread panicked", self.name);
            }
        }
    }
}

impl Sink for CameraHandle {
    fn frame(&self, frame: Frame) {
        self.analysis.put(frame);
    }

    fn broken(&self, reason: &str) {
        let mut counts = lock(&self.analysis.counts);
        counts.broken += 1;
        let now = self.analysis.clock.now();
        if counts.broken_logged.is_none_or(|logged| now >= logged + BROKEN_LOG_PERIOD) {
            counts.broken_logged = Some(now);
            log::warn!("{}: unusable frame skipped ({} so far): {reason}", self.name, counts.broken);
        }
        counts.last_broken = Some(reason.into());
    }

    fn last_valid(&self) -> Option<Duration> {
        lock(&self.analysis.counts).last_valid
    }

    fn no_signal(&self, since: Duration, reason: &str) {
        let clock = &self.analysis.clock;
        let config = self.config();
        let (width, height) = match lock(&self.analysis.counts).newest.as_ref() {
            Some(analysis) => (analysis.width, analysis.height),
            None => (config.width, config.height),
        };
        let since = clock.wall() - clock.now().saturating_sub(since);
        let reason = config.source.without_folders(reason);
        self.publisher.show_no_signal(since, &reason, width, height);
    }

    fn stopped(&self) {
        self.analysis.forget();
        self.publisher.dismiss();
    }
}

/// A frame on its way to the analysis.
struct Incoming {
    frame: Frame,
    /// Counts the starts of the camera: what was captured before a stop must not count after it.
    session: u64,
    /// This frame, or one that was missed just before it, began the source anew.
    begins: bool,
}

/// Frames that wait for analysis, and what came of those before.
struct AnalysisInbox {
    clock: SharedClock,
    slot: Slot<Incoming>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    session: u64,
    analyzed: u64,
    broken: u64,
    broken_logged: Option<Duration>,
    last_broken: Option<String>,
    last_valid: Option<Duration>,
    newest: Option<Arc<Analysis>>,
    /// When the last analyses ended, with their latency and the time they took, both in ms.
    recent: std::collections::VecDeque<(Duration, f32, f32)>,
}

impl AnalysisInbox {
    fn new(clock: SharedClock) -> Self {
        Self { clock, slot: Slot::default(), counts: Mutex::default() }
    }

    fn put(&self, frame: Frame) {
        let session = lock(&self.counts).session;
        let begins = frame.restarted;
        self.slot.put(Incoming { frame, session, begins }, |missed, next| next.begins |= missed.begins);
    }

    /// Takes an analysis; false if it belongs to a time before the camera was stopped.
    fn done(&self, session: u64, analysis: &Arc<Analysis>) -> bool {
        let now = self.clock.now();
        let mut counts = lock(&self.counts);
        counts.analyzed += 1;
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
        true
    }

    /// The camera was stopped: only the counters stay.
    fn forget(&self) {
        let mut counts = lock(&self.counts);
        counts.session += 1;
        counts.newest = None;
        counts.last_valid = None;
        counts.recent.clear();
    }

    fn status(&self, phase: Phase, opened: Option<Opened>, reopened: u64, viewers: usize) -> Status {
        let now = self.clock.now();
        let counts = lock(&self.counts);
        let fresh: Vec<_> = counts.recent.iter().filter(|(then, ..)| *then + FRESH >= now).collect();
        let mean = |value: fn(&(Duration, f32, f32)) -> f32| {
            (!fresh.is_empty())
                .then(|| fresh.iter().map(|entry| value(entry)).sum::<f32>() / fresh.len() as f32)
        };
        let fps = match (fresh.first(), fresh.last()) {
            (Some(first), Some(last)) if last.0 > first.0 => {
                Some((fresh.len() - 1) as f32 / (last.0 - first.0).as_secs_f32())
            }
            _ => None,
        };
        Status {
            phase,
            opened,
            analysis: counts.newest.clone(),
            frame_age: counts.last_valid.map(|last| now.saturating_sub(last)),
            frames_analyzed: counts.analyzed,
            frames_broken: counts.broken,
            last_broken: counts.last_broken.clone(),
            frames_skipped: self.slot.replaced(),
            reopened,
            fps,
            latency_ms: mean(|entry| entry.1),
            processing_ms: mean(|entry| entry.2),
            viewers,
        }
    }
}

/// Opens a camera as configured.
fn open(camera: &config::Camera, clock: &SharedClock) -> Result<Box<dyn Camera>, CameraError> {
    let wanted = camera::Wanted { width: camera.width, height: camera.height, fps: camera.fps };
    match &camera.source {
        config::Source::Demo => Ok(camera::demo::open(&wanted, Some(clock.clone()))),
        config::Source::Device(path) => camera::v4l2::open(path, &wanted, timeout(camera), clock.clone()),
        config::Source::Recording(path) => {
            camera::replay::open(path, camera::replay::Pace::RealTime(clock.clone()), camera.repeat)
        }
    }
}

/// The settings that a camera is opened with.
fn opening(camera: &config::Camera) -> impl PartialEq + use<> {
    let config::Camera { source, width, height, fps, timeout_seconds, repeat, .. } = camera;
    (source.clone(), *width, *height, *fps, *timeout_seconds, *repeat)
}

fn timeout(camera: &config::Camera) -> Duration {
    Duration::from_secs_f64(camera.timeout_seconds)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
