//! LEDs, relays and inputs. Nothing outside this folder knows GPIO.
//!
//! Cameras tell what they see ([`news`]), [`control`] decides what each output does, and a thread of its own
//! ([`worker`]) moves the lines: a driver that hangs delays no camera.

pub mod arming;
pub mod control;
mod debounce;
pub mod driver;
pub mod history;
mod led;
mod lines;
pub mod news;
mod pattern;
mod recorder;
pub mod relay;
pub mod report;
mod schedule;
mod worker;

use crate::config::Config;
use crate::pipeline::Analysis;
use crate::service::clock::SharedClock;
use crate::service::progress::Pulse;
use crate::service::shield::shielded;
use arming::Mode;
use control::Settings;
use history::Closing;
use news::{Health, News};
use report::Report;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

pub use control::Moment;

/// The program goes on without its lines if the driver hangs so long at the start.
const START_PATIENCE: Duration = Duration::from_secs(5);

/// The thread answers between two moves.
const COMMAND_PATIENCE: Duration = Duration::from_secs(3);

/// What the thread is asked to do.
enum Command {
    Arm {
        mode: Mode,
        by: String,
        done: oneshot::Sender<()>,
    },
    Silence {
        length: Option<Duration>,
        done: oneshot::Sender<()>,
    },
    Test {
        output: String,
        length: Option<Duration>,
        by: String,
        done: oneshot::Sender<Result<(), TestError>>,
    },
}

/// Why an output isn't tried out, in words for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TestError {
    #[error("there is no LED or relay of that name; /api/outputs lists them")]
    Unknown,
    /// It must wait so long.
    #[error("{0}")]
    Pause(String, Duration),
    #[error("{0}")]
    Missing(String),
    #[error("the outputs don't answer; try again")]
    Busy,
}

/// The thread of the outputs doesn't answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the outputs don't answer; try again")]
pub struct Busy;

/// What waits for the thread.
struct Inbox {
    news: News,
    commands: Vec<Command>,
    settings: Option<Settings>,
    /// There is something to do.
    dirty: bool,
    quit: bool,
}

struct Shared {
    inbox: Mutex<Inbox>,
    changed: Condvar,
    report: Mutex<Arc<Report>>,
}

impl Shared {
    /// Tells whoever looks that the thread doesn't do its work.
    fn fail(&self, why: &str) {
        log::error!("{why}");
        *lock(&self.report) = Arc::new(Report::failed(why));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The way to the outputs.
pub struct Outputs {
    shared: Arc<Shared>,
    recorder: Arc<recorder::Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Outputs {
    /// Puts every line at its safe level and starts the thread. `pulse` tells that it goes on.
    pub fn start(config: &Config, clock: SharedClock, pulse: Pulse) -> Self {
        let chosen = driver::choose(config.outputs.driver);
        Self::with_driver(config, chosen, clock, pulse)
    }

    fn with_driver(config: &Config, chosen: driver::Chosen, clock: SharedClock, pulse: Pulse) -> Self {
        let shared = Arc::new(Shared {
            inbox: Mutex::new(Inbox {
                news: News::new(config.cameras.len()),
                commands: Vec::new(),
                settings: None,
                dirty: true,
                quit: false,
            }),
            changed: Condvar::new(),
            report: Mutex::default(),
        });
        let (recorder, choice, recording) = recorder::Recorder::start(&config.state_dir);
        let kept = recorder.shared();
        let settings = Settings::of(config);
        let (ready, is_ready) = mpsc::channel();
        let work = {
            let shared = shared.clone();
            move || {
                // What goes wrong in it opens all relays on its way out, and the watchdog isn't fed any more.
                let worked = shielded(|| {
                    let mut worker = worker::Worker::new(settings, chosen, clock, pulse, recorder, choice);
                    worker.publish(&shared);
                    let _ = ready.send(());
                    worker.run(&shared);
                });
                if let Err(defect) = worked {
                    shared.fail(&format!("nothing moves LEDs and relays any more: {defect}"));
                }
            }
        };
        let moving = std::thread::Builder::new().name("outputs".into()).spawn(work);
        if let Err(error) = &moving {
            shared.fail(&format!("nothing moves LEDs and relays: no thread: {error}"));
        } else if is_ready.recv_timeout(START_PATIENCE) == Err(RecvTimeoutError::Timeout) {
            shared.fail("LEDs and relays can't be set in time");
        }
        let threads = Mutex::new(moving.ok().into_iter().chain(recording).collect());
        Self { shared, recorder: kept, threads }
    }

    /// Sets every relay's line to its safe level and darkens the LEDs, for whoever cleans up after a crash.
    ///
    /// # Errors
    /// What can't be set, in words.
    pub fn make_safe(config: &Config) -> Result<(), Vec<String>> {
        match driver::choose(config.outputs.driver).driver {
            Some(driver) => make_safe(&Settings::of(config), driver.as_ref()),
            None => Ok(()),
        }
    }

    /// Takes what was found in a camera's frame.
    pub fn frame(&self, camera: usize, analysis: &Analysis) {
        self.tell(|inbox| inbox.news.frame(camera, analysis));
    }

    /// Takes that a camera gives no pictures, or none yet.
    pub fn health(&self, camera: usize, health: Health) {
        self.tell(|inbox| inbox.news.health(camera, health));
    }

    /// New rules for the same lines.
    pub fn configure(&self, config: &Config) {
        self.tell(|inbox| {
            inbox.settings = Some(Settings::of(config));
            true
        });
    }

    /// What they are now.
    pub fn report(&self) -> Arc<Report> {
        lock(&self.shared.report).clone()
    }

    /// Closings of relays, the newest first.
    pub fn history(&self, most: usize) -> Vec<Closing> {
        self.recorder.newest(most)
    }

    /// Arms or disarms; returns once that acts.
    ///
    /// # Errors
    /// The thread doesn't answer.
    pub async fn arm(&self, mode: Mode, by: &str) -> Result<(), Busy> {
        self.command(|done| Command::Arm { mode, by: by.into(), done }).await
    }

    /// Silences, for the configured time if none is given; zero ends it. Returns once that acts.
    ///
    /// # Errors
    /// The thread doesn't answer.
    pub async fn silence(&self, length: Option<Duration>) -> Result<(), Busy> {
        self.command(|done| Command::Silence { length, done }).await
    }

    /// Tries an LED or relay out.
    ///
    /// # Errors
    /// It can't be tried out now.
    pub async fn test(&self, output: &str, length: Option<Duration>, by: &str) -> Result<(), TestError> {
        let output = output.into();
        let answer = self.command(|done| Command::Test { output, length, by: by.into(), done }).await;
        answer.map_err(|Busy| TestError::Busy)?
    }

    /// Opens all relays and switches all LEDs off, for good.
    pub fn quit(&self) {
        self.tell(|inbox| {
            inbox.quit = true;
            true
        });
    }

    /// The threads, to be waited for after [`Outputs::quit`].
    pub fn threads(&self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut *lock(&self.threads))
    }

    async fn command<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Busy> {
        let (done, is_done) = oneshot::channel();
        self.tell(|inbox| {
            inbox.commands.push(command(done));
            true
        });
        match tokio::time::timeout(COMMAND_PATIENCE, is_done).await {
            Ok(Ok(answer)) => Ok(answer),
            _ => Err(Busy),
        }
    }

    /// Changes the inbox, and wakes the thread if there is something to do.
    fn tell(&self, change: impl FnOnce(&mut Inbox) -> bool) {
        let mut inbox = lock(&self.shared.inbox);
        if change(&mut inbox) {
            inbox.dirty = true;
            drop(inbox);
            self.shared.changed.notify_one();
        }
    }
}

/// Takes each line for a moment, which puts it at its safe level.
fn make_safe(settings: &Settings, driver: &dyn driver::Driver) -> Result<(), Vec<String>> {
    let relays = settings.relays.iter();
    let relays = relays.map(|relay| (&relay.line, relay.active_low, format!("relay {}", relay.name)));
    let leds = settings.leds.iter().map(|led| (&led.line, led.active_low, format!("LED {}", led.name)));
    let failed: Vec<String> = relays
        .chain(leds)
        .filter_map(|(line, active_low, user)| {
            let request = driver::Request { line: line.clone(), active_low, user };
            driver.output(&request).err().map(|why| format!("{}: {why}", request.user))
        })
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(failed) }
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod tests;
