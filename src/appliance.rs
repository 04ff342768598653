//! The cameras with their threads: supervisor → analysis → publisher. What the server sees of them.

mod analyst;
mod governor;
mod inbox;
mod keeper;
mod overview;
mod source;

use crate::anomaly::store::{Kept, Store};
use crate::camera::Frame;
use crate::camera::supervisor::{Sink, Supervisor};
use crate::config::{self, Config};
use crate::events::recorder::Recorder;
use crate::events::store::Store as Events;
use crate::outputs::Outputs;
use crate::outputs::news::Health;
use crate::picture::plane::Plane;
use crate::publisher::{Publisher, Viewer, Wish};
use crate::service::clock::SharedClock;
use crate::service::progress::Progress;
use crate::snapshots::Store as Snapshots;
use analyst::Command;
use inbox::AnalysisInbox;
use keeper::Keeper;
use overview::Overview;
use source::{open, opening, timeout};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{oneshot, watch};

pub use crate::camera::supervisor::Phase;
pub use inbox::{AnomalyStatus, NetworkState, Status};

/// Unusable frames are logged at most so often; all are counted.
const BROKEN_LOG_PERIOD: Duration = Duration::from_secs(60);

/// The camera is opened after so long even if the network is still being loaded.
const LOADING_PATIENCE: Duration = Duration::from_secs(10);

/// A slow memory card needs some time for what was learned; a disk that hangs gets no more than this.
const SAVE_PATIENCE: Duration = Duration::from_secs(3);

/// The analysis answers a command between two frames.
const COMMAND_PATIENCE: Duration = Duration::from_secs(5);

/// All cameras. The first is the one that the plain endpoints mean.
pub struct Appliance {
    pub clock: SharedClock,
    /// Whether the threads go on.
    pub progress: Progress,
    pub outputs: Arc<Outputs>,
    pub events: Arc<Events>,
    pub snapshots: Arc<Snapshots>,
    pub cameras: Vec<Arc<CameraHandle>>,
    /// All of them in one picture.
    pub overview: Arc<Overview>,
    stream: RwLock<config::Stream>,
}

impl Appliance {
    /// Makes the outputs safe, then starts each camera's threads, and the cameras that start by themselves.
    pub fn new(config: &Config, clock: SharedClock) -> Self {
        let progress = Progress::new(clock.clone());
        let outputs = Arc::new(Outputs::start(config, clock.clone(), progress.pulse("the outputs")));
        let events = Arc::new(Events::new(&config.state_dir, &config.events, clock.clone()));
        let snapshots = Snapshots::new(&config.state_dir, &config.snapshots, clock.clone());
        let cameras: Vec<_> = (0..config.cameras.len())
            .map(|index| {
                CameraHandle::spawn(index, config, clock.clone(), &progress, outputs.clone(), events.clone())
            })
            .collect();
        let overview = Overview::new(cameras.clone(), clock.clone());
        let stream = RwLock::new(config.stream.clone());
        Self { clock, progress, outputs, events, snapshots, cameras, overview, stream }
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
        self.outputs.configure(config);
        self.events.configure(&config.events);
        self.snapshots.configure(&config.snapshots);
    }

    /// Viewers of all cameras.
    pub fn viewers(&self) -> usize {
        self.cameras.iter().map(|camera| camera.publisher.viewers()).sum()
    }

    /// Ends all streams, releases all cameras and saves what was learned, waiting at most `patience` for a device that
    /// hangs.
    pub fn shut_down(&self, patience: Duration) {
        self.outputs.quit();
        self.overview.dismiss();
        for camera in &self.cameras {
            camera.quit();
        }
        let end = self.clock.now() + patience;
        for camera in &self.cameras {
            camera.join(end);
        }
        for thread in self.outputs.threads() {
            join_one(&self.clock, "outputs", thread, end, "a driver or the disk hangs; leaving without it");
        }
    }
}

/// Why `/start` failed, in words for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

/// The analysis is stuck in a frame, or at its end.
#[derive(Debug, thiserror::Error)]
#[error("the analysis doesn't answer; try again")]
pub struct AnalysisBusy;

/// Why a command to the analysis didn't do what it should, in words for people.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    #[error("anomalies aren't looked for at this camera (anomaly.enabled)")]
    Off,
    #[error(transparent)]
    Busy(#[from] AnalysisBusy),
    #[error("{0}")]
    Unsaved(String),
}

/// One camera: its supervisor, analysis and encoder, and the way to command and watch them.
pub struct CameraHandle {
    name: String,
    /// Its number in the configuration.
    index: usize,
    outputs: Arc<Outputs>,
    config: RwLock<Arc<config::Camera>>,
    network: config::Network,
    supervisor: Supervisor,
    publisher: Publisher,
    analysis: AnalysisInbox,
    keeper: Keeper,
    recorder: Recorder,
    /// What the analysis is asked to do, with a nudge to its inbox.
    commands: Mutex<Vec<Command>>,
    learning_paused: AtomicBool,
    network_state: watch::Sender<NetworkState>,
    learning: Mutex<Learning>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Those that write to the disk.
    keeping: Mutex<Vec<JoinHandle<()>>>,
}

/// What the analysis tells of its learning.
#[derive(Clone, Debug, Default)]
struct Learning {
    progress: f32,
    complete: bool,
    throttled: Option<String>,
}

impl CameraHandle {
    fn spawn(
        index: usize,
        config: &Config,
        clock: SharedClock,
        progress: &Progress,
        outputs: Arc<Outputs>,
        events: Arc<Events>,
    ) -> Arc<Self> {
        let camera = &config.cameras[index];
        let pulse = |task: &str| progress.pulse(format!("the thread to {task} {}", camera.name));
        let (capturing, analysing, encoding) = (pulse("capture"), pulse("analyse"), pulse("encode"));
        let autostart = camera.autostart;
        let camera = Arc::new(camera.clone());
        let state_dir: &Path = &config.state_dir;
        let handle = Arc::new(Self {
            name: camera.name.clone(),
            index,
            outputs,
            supervisor: Supervisor::new(&camera.name, clock.clone(), timeout(&camera)),
            publisher: Publisher::new(clock.clone(), camera.clone(), encoding),
            analysis: AnalysisInbox::new(clock.clone(), analysing),
            keeper: Keeper::new(Store::new(state_dir, &camera.name), &camera.name),
            recorder: Recorder::new(&camera, events, clock.clone()),
            commands: Mutex::default(),
            learning_paused: AtomicBool::new(false),
            network_state: watch::Sender::default(),
            learning: Mutex::default(),
            config: RwLock::new(camera),
            network: config.network.clone(),
            threads: Mutex::default(),
            keeping: Mutex::default(),
        });
        if autostart {
            handle.supervisor.want();
            handle.outputs.health(index, Health::Starting);
        }
        let (ready, is_ready) = std::sync::mpsc::channel();
        let capture = handle.spawn_thread("capture", move |handle| {
            // A recording's first frames must not be missed while the network is loaded.
            let _ = is_ready.recv_timeout(LOADING_PATIENCE);
            let open = || open(&handle.config(), &clock);
            handle.supervisor.run(&open, handle, &capturing);
            handle.analysis.slot.close();
        });
        let analyse = handle.spawn_thread("analyse", move |handle| analyst::run(handle, ready));
        let encode = handle.spawn_thread("encode", |handle| handle.publisher.run());
        let keep = handle.spawn_thread("keep", |handle| handle.keeper.run());
        let record = handle.spawn_thread("record", |handle| handle.recorder.run());
        lock(&handle.threads).extend([capture, analyse, encode].into_iter().flatten());
        lock(&handle.keeping).extend([keep, record].into_iter().flatten());
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
        if self.supervisor.report().phase == Phase::Stopped {
            self.outputs.health(self.index, Health::Starting);
        }
        self.supervisor.start().await.map_err(StartError)
    }

    /// Releases the camera and forgets the state; returns once the device is free.
    pub async fn stop(&self) {
        self.supervisor.stop().await;
        // What was learned is kept; why it can't be is in the log and in the status.
        let _ = self.save().await;
    }

    /// Saves what was learned, and waits until it is on the disk.
    ///
    /// # Errors
    /// It can't be saved, in words.
    async fn save(&self) -> Result<(), BaselineError> {
        let saved = self.command(Command::Save).await?;
        saved.map_err(BaselineError::Unsaved)
    }

    /// Forgets all that was learned, on the disk too.
    ///
    /// # Errors
    /// It is forgotten until the next start only, because the disk can't be written.
    pub async fn reset_baseline(&self) -> Result<(), BaselineError> {
        self.command(Command::Reset).await?.map_err(BaselineError::Unsaved)
    }

    /// A copy of what was learned.
    ///
    /// # Errors
    /// Anomalies aren't looked for.
    pub async fn baseline(&self) -> Result<Box<Kept>, BaselineError> {
        self.command(Command::Copy).await?.ok_or(BaselineError::Off)
    }

    /// What is done with each pixel of the newest frame, as numbers of [`Layer`](crate::motion::zones::Layer); `None`
    /// before the first frame.
    ///
    /// # Errors
    /// The analysis is stuck.
    pub async fn layers(&self) -> Result<Option<Plane>, AnalysisBusy> {
        self.command(Command::Layers).await
    }

    /// While paused nothing is learned; until the program ends.
    pub fn pause_learning(&self, paused: bool) {
        self.learning_paused.store(paused, Ordering::Relaxed);
        self.analysis.slot.nudge();
    }

    async fn command<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, AnalysisBusy> {
        let (answer, answered) = oneshot::channel();
        lock(&self.commands).push(command(answer));
        self.analysis.slot.nudge();
        match tokio::time::timeout(COMMAND_PATIENCE, answered).await {
            Ok(Ok(answer)) => Ok(answer),
            _ => Err(AnalysisBusy),
        }
    }

    /// Whether the network looks, once that is known.
    pub async fn network(&self) -> NetworkState {
        let mut state = self.network_state.subscribe();
        let known =
            tokio::time::timeout(COMMAND_PATIENCE, state.wait_for(|state| *state != NetworkState::Loading));
        known
            .await
            .map_or(NetworkState::Loading, |state| state.map(|state| state.clone()).unwrap_or_default())
    }

    /// Whether it should run, be it so or not.
    pub fn is_wanted(&self) -> bool {
        self.supervisor.is_wanted()
    }

    /// Stopped by `POST /stop`, and not started since.
    pub fn stopped_by_user(&self) -> bool {
        self.supervisor.is_stopped_by_user()
    }

    pub fn status(&self) -> Status {
        let report = self.supervisor.report();
        let viewers = self.publisher.viewers();
        let mut status = self.analysis.status(report.phase, report.opened, report.reopened, viewers);
        status.reencoded = self.publisher.refused();
        let learning = lock(&self.learning).clone();
        status.anomaly = AnomalyStatus {
            network: self.network_state.borrow().clone(),
            progress: learning.progress,
            complete: learning.complete,
            paused: self.learning_paused.load(Ordering::Relaxed),
            throttled: learning.throttled,
            unsaved: self.keeper.problem(),
            ..status.anomaly
        };
        status
    }

    pub fn phase(&self) -> Phase {
        self.supervisor.report().phase
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
        self.recorder.configure(new.clone());
        if opening(&old) != opening(&new) {
            self.supervisor.reopen(timeout(&new));
        }
    }

    fn quit(&self) {
        self.supervisor.quit();
        self.publisher.close();
        self.recorder.close();
        // Not only after the capture's end: a device that hangs must not keep what was learned from the disk.
        self.analysis.slot.close();
    }

    fn join(&self, end: Duration) {
        let clock = &self.analysis.clock;
        for thread in lock(&self.threads).drain(..) {
            join_one(clock, &self.name, thread, end, "a device hangs; leaving without it");
        }
        let end = clock.now() + SAVE_PATIENCE;
        for thread in lock(&self.keeping).drain(..) {
            join_one(
                clock,
                &self.name,
                thread,
                end,
                "the disk hangs; what was learned or happened lately isn't saved",
            );
        }
    }
}

impl Sink for CameraHandle {
    fn frame(&self, frame: Frame) {
        let frame = Arc::new(frame);
        self.recorder.frame(&frame);
        let watched = self.publisher.viewers() > 0;
        if let Some((frame, analysis)) = self.analysis.put(frame, self.config().motion.rate_hz, watched) {
            self.publisher.show(frame, analysis, None);
        }
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
        self.outputs.health(self.index, Health::Lost);
        self.recorder.cut();
        self.publisher.show_no_signal(since, &reason, width, height);
    }

    fn stopped(&self) {
        self.analysis.forget();
        self.outputs.health(self.index, Health::Stopped);
        self.recorder.cut();
        self.publisher.dismiss();
    }
}

fn join_one(clock: &SharedClock, name: &str, thread: JoinHandle<()>, end: Duration, otherwise: &str) {
    while !thread.is_finished() && clock.now() < end {
        clock.sleep(Duration::from_millis(5));
    }
    if !thread.is_finished() {
        log::warn!("{name}: {otherwise}");
    } else if thread.join().is_err() {
        log::error!("{name}: a thread panicked");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
