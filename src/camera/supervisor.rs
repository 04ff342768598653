//! Keeps one camera open: opens it when asked, opens it again when it is lost, and says what is going on.
//! Knows the [`Camera`] trait and the clock; what a frame shows is not its business.

use super::{Camera, CameraError, Frame, Loss, Opened};
use crate::service::clock::SharedClock;
use crate::service::progress::Pulse;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Waits between attempts grow from the first to the last, doubling, and tremble by a quarter, so that
/// several cameras behind one hub don't knock at the same moment.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LAST_WAIT: Duration = Duration::from_secs(3);

/// A camera that delivered for so long was well: the next loss begins with the first wait again.
const SETTLED: Duration = Duration::from_secs(10);

/// How often the consumer is told that there is still no signal.
const NO_SIGNAL_PERIOD: Duration = Duration::from_secs(1);

/// A driver that doesn't come back from an attempt to open so long after the time-out is stuck, and one that doesn't
/// come back from waiting for a frame.
const OPENING_SLACK: Duration = Duration::from_secs(20);
const FRAME_SLACK: Duration = Duration::from_secs(10);

/// How soon an order is noticed while waiting for the next attempt.
const ORDERS_PERIOD: Duration = Duration::from_millis(100);

/// What a camera is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Phase {
    /// Not started yet, stopped by the user, or a recording that is over.
    #[default]
    Stopped,
    /// Being opened for the first time since it was started.
    Opening,
    /// Open, and frames come.
    Streaming,
    /// It should be there and isn't; it is tried again by itself. `since` is on the process's clock.
    Lost { since: Duration, loss: Loss, reason: String },
}

/// The supervisor's view of its camera.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub phase: Phase,
    /// What the device delivers; kept while it is lost.
    pub opened: Option<Opened>,
    /// How often it was opened again after a loss.
    pub reopened: u64,
    /// Attempts to open that are over, good or bad.
    attempts: u64,
    /// How often it was closed by order, or because the recording was over.
    releases: u64,
    /// Why the last attempt failed, if it did.
    failure: Option<String>,
}

/// Who gets the frames.
pub trait Sink: Send + Sync {
    fn frame(&self, frame: Frame);
    /// A frame of the camera was unusable.
    fn broken(&self, reason: &str);
    /// When the last frame arrived that could be used, on the process's clock.
    fn last_valid(&self) -> Option<Duration>;
    /// The camera is lost; repeated while it is.
    fn no_signal(&self, since: Duration, reason: &str);
    /// The camera is released, by order or because the recording is over.
    fn stopped(&self);
}

/// Opens the camera; asked again for each attempt.
pub type Opener<'a> = dyn Fn() -> Result<Box<dyn Camera>, CameraError> + 'a;

#[derive(Default)]
struct Orders {
    wanted: bool,
    /// Close it, even if it is wanted again by now: who ordered that waits for it.
    release: bool,
    /// The last order was to close it.
    stopped_by_user: bool,
    /// Open it anew although it is well (its settings changed).
    reopen: bool,
    /// Don't wait for the next attempt.
    now: bool,
    quit: bool,
}

impl Orders {
    fn want(&mut self) {
        self.wanted = !self.quit;
        self.now = true;
        self.stopped_by_user = false;
    }
}

/// Commands a camera's thread and tells what it does.
pub struct Supervisor {
    name: String,
    clock: SharedClock,
    orders: Mutex<Orders>,
    changed: Condvar,
    report: watch::Sender<Report>,
    timeout: Mutex<Duration>,
}

impl Supervisor {
    pub fn new(name: &str, clock: SharedClock, timeout: Duration) -> Self {
        Self {
            name: name.into(),
            clock,
            orders: Mutex::default(),
            changed: Condvar::new(),
            report: watch::Sender::new(Report::default()),
            timeout: Mutex::new(timeout),
        }
    }

    /// Whether it should be open, be it so or not.
    pub fn is_wanted(&self) -> bool {
        lock(&self.orders).wanted
    }

    pub fn report(&self) -> Report {
        self.report.borrow().clone()
    }

    /// Whether it is closed because the user said so.
    pub fn is_stopped_by_user(&self) -> bool {
        lock(&self.orders).stopped_by_user
    }

    /// Wants the camera open, without waiting for it.
    pub fn want(&self) {
        self.order(Orders::want);
    }

    /// Wants the camera open, and waits until it is or the attempt has failed.
    ///
    /// # Errors
    /// Why it can't be opened, in words.
    pub async fn start(&self) -> Result<(), String> {
        let mut report = self.report.subscribe();
        let (mut before, mut closing) = (0, false);
        self.order(|orders| {
            orders.want();
            closing = orders.release;
            before = report.borrow_and_update().attempts;
        });
        let outcome = report
            .wait_for(|report| report.phase == Phase::Streaming && !closing || report.attempts > before)
            .await
            .map_err(|_| "the program is ending".to_string())?;
        match (&outcome.phase, &outcome.failure) {
            (Phase::Streaming, _) | (_, None) => Ok(()),
            (_, Some(reason)) => Err(reason.clone()),
        }
    }

    /// Wants the camera closed, and waits until the device was free: somebody else may have started it again since.
    pub async fn stop(&self) {
        let mut report = self.report.subscribe();
        let mut before = 0;
        self.order(|orders| {
            orders.wanted = false;
            orders.now = false;
            orders.release = true;
            orders.stopped_by_user = true;
            // Under the lock: a release that is counted later belongs to this order.
            before = report.borrow_and_update().releases;
        });
        // An error means that the thread has ended, and with it the camera.
        let _ = report.wait_for(|report| report.phase == Phase::Stopped || report.releases > before).await;
    }

    /// Opens a running camera anew.
    pub fn reopen(&self, timeout: Duration) {
        *lock(&self.timeout) = timeout;
        self.order(|orders| {
            orders.reopen = true;
            orders.now = true;
        });
    }

    /// Ends [`Supervisor::run`].
    pub fn quit(&self) {
        self.order(|orders| {
            orders.quit = true;
            orders.wanted = false;
        });
    }

    fn order(&self, change: impl FnOnce(&mut Orders)) {
        change(&mut lock(&self.orders));
        self.changed.notify_all();
    }

    /// Keeps the camera open until [`Supervisor::quit`]. Blocks the thread it is given.
    /// `pulse` tells that the thread isn't stuck in a driver.
    pub fn run(&self, open: &Opener<'_>, sink: &dyn Sink, pulse: &Pulse) {
        let mut wait = FIRST_WAIT;
        let mut next_sequence = 0;
        while self.wait_until_wanted(sink, pulse) {
            if self.report.borrow().phase == Phase::Opening {
                wait = FIRST_WAIT;
            }
            let opened_at = self.clock.now();
            pulse.promise(*lock(&self.timeout) + OPENING_SLACK);
            let end = match open() {
                Ok(camera) => {
                    self.tell_opened(camera.opened());
                    self.stream(camera, sink, &mut next_sequence, pulse)
                }
                Err(error) => Ending::Lost(error.loss(), error.to_string()),
            };
            if self.clock.now().saturating_sub(opened_at) >= SETTLED {
                wait = FIRST_WAIT;
            }
            match end {
                Ending::Ordered => {}
                Ending::Over => {
                    log::info!("{}: the recording is over", self.name);
                    lock(&self.orders).wanted = false;
                }
                Ending::Lost(loss, reason) => {
                    self.tell_lost(loss, &reason, sink);
                    self.back_off(wait, sink, pulse);
                    wait = (wait * 2).min(LAST_WAIT);
                }
            }
        }
        pulse.rest();
    }

    /// Waits with the camera closed until it is to be open, and tells so. False: the program ends.
    fn wait_until_wanted(&self, sink: &dyn Sink, pulse: &Pulse) -> bool {
        let mut orders = lock(&self.orders);
        loop {
            let released = std::mem::take(&mut orders.release) || !orders.wanted;
            let phase = self.report.borrow().phase.clone();
            if released && phase != Phase::Stopped {
                drop(orders);
                sink.stopped();
                self.tell(|report| {
                    report.phase = Phase::Stopped;
                    report.opened = None;
                    report.releases += 1;
                });
                orders = lock(&self.orders);
            } else if orders.quit {
                return false;
            } else if orders.wanted {
                orders.reopen = false;
                orders.now = false;
                // Under the lock: who orders something from now on finds a camera that isn't closed.
                if !matches!(phase, Phase::Lost { .. }) {
                    self.tell(|report| report.phase = Phase::Opening);
                }
                return true;
            } else {
                pulse.rest();
                orders = self.changed.wait(orders).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Frames are numbered on over reopenings: `next_sequence` is the number of the first.
    fn stream(
        &self,
        mut camera: Box<dyn Camera>,
        sink: &dyn Sink,
        next_sequence: &mut u64,
        pulse: &Pulse,
    ) -> Ending {
        let opened_at = self.clock.now();
        let first_sequence = *next_sequence;
        let mut last_broken = None;
        loop {
            {
                let orders = lock(&self.orders);
                if !orders.wanted || orders.release || orders.reopen {
                    return Ending::Ordered;
                }
            }
            pulse.promise(*lock(&self.timeout) + FRAME_SLACK);
            match camera.next_frame() {
                Ok(mut frame) => {
                    frame.sequence += first_sequence;
                    *next_sequence = frame.sequence + 1;
                    sink.frame(frame);
                }
                Err(CameraError::Broken(reason)) => {
                    sink.broken(&reason);
                    last_broken = Some(reason);
                }
                Err(CameraError::End) => return Ending::Over,
                Err(error) => return Ending::Lost(error.loss(), error.to_string()),
            }
            // A camera that sends rubbish only is as lost as one that sends nothing.
            let timeout = *lock(&self.timeout);
            let last_valid = sink.last_valid().unwrap_or_default().max(opened_at);
            if self.clock.now().saturating_sub(last_valid) > timeout {
                let reason = last_broken.unwrap_or_else(|| "no frame could be analysed".into());
                let reason = format!("no usable frame for {:.0} s: {reason}", timeout.as_secs_f32());
                return Ending::Lost(Loss::Failed, reason);
            }
        }
    }

    /// Waits for the next attempt, or until an order comes.
    fn back_off(&self, wait: Duration, sink: &dyn Sink, pulse: &Pulse) {
        let wait = wait.mul_f64(0.75 + 0.5 * fastrand::f64());
        let end = self.clock.now() + wait;
        let Phase::Lost { since, reason, .. } = self.report.borrow().phase.clone() else { return };
        let mut told = None;
        loop {
            let now = self.clock.now();
            pulse.promise(FRAME_SLACK);
            if told.is_none_or(|told| now >= told + NO_SIGNAL_PERIOD) {
                sink.no_signal(since, &reason);
                told = Some(now);
            }
            let left = end.saturating_sub(now);
            let orders = lock(&self.orders);
            if left.is_zero() || orders.now || orders.release || !orders.wanted {
                return;
            }
            drop(orders);
            self.clock.sleep(left.min(ORDERS_PERIOD));
        }
    }

    fn tell(&self, change: impl FnOnce(&mut Report)) {
        self.report.send_modify(change);
    }

    fn tell_opened(&self, opened: &Opened) {
        let Opened { device, format, width, height, fps } = opened;
        let rate = fps.map_or(String::new(), |fps| format!(" at {fps} fps"));
        log::info!(camera = self.name; "{}: {device} delivers {format} {width}x{height}{rate}", self.name);
        self.tell(|report| {
            report.reopened += u64::from(matches!(report.phase, Phase::Lost { .. }));
            report.phase = Phase::Streaming;
            report.opened = Some(opened.clone());
            report.attempts += 1;
            report.failure = None;
        });
    }

    fn tell_lost(&self, loss: Loss, reason: &str, sink: &dyn Sink) {
        let (before, now) = (self.report.borrow().phase.clone(), self.clock.now());
        let since = match &before {
            Phase::Lost { since, .. } => *since,
            Phase::Streaming => sink.last_valid().unwrap_or(now),
            _ => now,
        };
        // One line for each change of state, not one for each attempt.
        if !matches!(before, Phase::Lost { .. }) {
            log::warn!(camera = self.name; "{}: camera lost: {reason}; trying again by itself", self.name);
        }
        self.tell(|report| {
            report.phase = Phase::Lost { since, loss, reason: reason.into() };
            report.attempts += u64::from(before != Phase::Streaming);
            report.failure = Some(reason.into());
        });
    }
}

/// How an open camera's time ended.
enum Ending {
    Ordered,
    Over,
    Lost(Loss, String),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
