//! All waiting and all wall-clock time go through here, so that tests of time-outs take no time.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Time as the program sees it. Durations are monotonic; wall time is for labels only.
pub trait Clock: Send + Sync {
    /// Time since the process (or the simulation) began. Never goes back.
    fn now(&self) -> Duration;
    /// Wall-clock time, which may jump.
    fn wall(&self) -> SystemTime;
    /// Whether something has set the wall clock: before, it says anything.
    fn is_set(&self) -> bool;
    /// Blocks this thread. A simulated clock moves on at once.
    fn sleep(&self, duration: Duration);
}

/// A clock handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clocks.
pub struct SystemClock {
    start: Instant,
    trusted: bool,
    /// Once it was set, it stays so.
    was_set: AtomicBool,
    /// When that was looked at last, in seconds after the start and one.
    looked: AtomicU64,
}

/// Wall-clock time before this was never set: 2024-01-01. A battery that is empty says 1970 or 2000.
const EARLIEST: Duration = Duration::from_secs(1_704_067_200);

impl SystemClock {
    pub fn shared() -> SharedClock {
        Self::trusting(false)
    }

    /// With `trusted`, the clock counts as set whoever set it.
    pub fn trusting(trusted: bool) -> SharedClock {
        Arc::new(Self {
            start: Instant::now(),
            trusted,
            was_set: AtomicBool::new(false),
            looked: AtomicU64::new(0),
        })
    }
}

/// A time server has set the clock: the kernel knows it from the NTP client, and systemd's own leaves a file.
fn is_synchronised() -> bool {
    // SAFETY: adjtimex(2) with no mode set reads into a structure that is all zeros before.
    let status = unsafe {
        let mut buffer: libc::timex = std::mem::zeroed();
        if libc::adjtimex(&mut buffer) < 0 { libc::STA_UNSYNC } else { buffer.status }
    };
    status & libc::STA_UNSYNC == 0 || Path::new("/run/systemd/timesync/synchronized").exists()
}

/// A battery-backed clock has set the clock when the kernel booted (Documentation/ABI/testing/sysfs-class-rtc).
fn came_from_battery() -> bool {
    let clocks = std::fs::read_dir("/sys/class/rtc").into_iter().flatten().flatten();
    clocks.into_iter().any(|clock| {
        std::fs::read_to_string(clock.path().join("hctosys")).is_ok_and(|flag| flag.trim() == "1")
    })
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn is_set(&self) -> bool {
        if self.trusted || self.was_set.load(Ordering::Relaxed) {
            return true;
        }
        let second = self.now().as_secs() + 1;
        if self.looked.swap(second, Ordering::Relaxed) == second {
            return false;
        }
        let late = self.wall().duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since >= EARLIEST);
        let set = late && (is_synchronised() || came_from_battery());
        self.was_set.store(set, Ordering::Relaxed);
        set
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// Wall-clock time to the millisecond, UTC.
pub fn rfc3339(wall: SystemTime) -> String {
    let timestamp = jiff::Timestamp::try_from(wall).unwrap_or_default();
    timestamp.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
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

    fn is_set(&self) -> bool {
        true
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + self.now()
    }

    fn sleep(&self, duration: Duration) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) += duration;
    }
}
