//! All waiting and all wall-clock time go through here, so that tests of time-outs take no time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Time as the program sees it. Durations are monotonic; wall time is for labels only.
pub trait Clock: Send + Sync {
    /// Time since the process (or the simulation) began. Never goes back.
    fn now(&self) -> Duration;
    /// Wall-clock time, which may jump.
    fn wall(&self) -> SystemTime;
    /// Blocks this thread. A simulated clock moves on at once.
    fn sleep(&self, duration: Duration);
}

/// A clock handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clocks.
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    pub fn shared() -> SharedClock {
        Arc::new(Self { start: Instant::now() })
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// A clock for tests: sleeping moves it on and takes no time.
#[derive(Default)]
pub struct SimulatedClock {
    now: Mutex<Duration>,
}

impl SimulatedClock {
    pub fn shared() -> Arc<Self> {
        Arc::new(Self::default())
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Duration {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + self.now()
    }

    fn sleep(&self, duration: Duration) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) += duration;
    }
}
