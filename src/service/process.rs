//! What this process takes and how long it runs, and how hot the board is: measured when somebody asks, and no more
//! often than once a second. Knows procfs, not who asks.

use super::clock::SharedClock;
use super::thermal::Thermometer;
use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Figures so young are given again.
const FRESH: Duration = Duration::from_secs(1);

/// What can't be measured here is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Resident, now and at its most.
    pub memory_bytes: Option<u64>,
    pub peak_memory_bytes: Option<u64>,
    /// Of the hottest part of the board.
    pub celsius: Option<f32>,
}

/// Blocks from this size on go back to the kernel as soon as they are freed. Camera pictures are smaller: they are
/// needed again at once. What a password's hash is computed in is larger.
const LARGE: libc::c_int = 16 << 20;

/// The C library otherwise takes the first large block that is freed for a habit and keeps those that follow, for each
/// thread: a crowd of logins left the process 800 MB large. To be called before there are threads.
pub fn give_large_blocks_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt(3) takes numbers and locks what it changes.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        // Fixed with the other one, and then too small for pictures, by its default.
        libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE);
    }
}

/// This process on this board.
pub struct Process {
    clock: SharedClock,
    thermometer: Box<dyn Thermometer + Sync>,
    /// When it was measured last.
    last: Mutex<Option<(Duration, Figures)>>,
}

impl Process {
    pub fn new(clock: SharedClock, thermometer: Box<dyn Thermometer + Sync>) -> Self {
        Self { clock, thermometer, last: Mutex::default() }
    }

    pub fn figures(&self) -> Figures {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        match *last {
            Some((then, figures)) if now < then + FRESH => figures,
            _ => {
                // A process can always read its own.
                let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
                let figures = Figures {
                    memory_bytes: bytes(&status, "VmRSS:"),
                    peak_memory_bytes: bytes(&status, "VmHWM:"),
                    celsius: self.thermometer.celsius(),
                };
                *last = Some((now, figures));
                figures
            }
        }
    }

    /// Since the program started.
    pub fn uptime(&self) -> Duration {
        self.clock.now()
    }

    /// When the program started, by what the clock says now: it may have been set since.
    pub fn started(&self) -> SystemTime {
        self.clock.wall() - self.uptime()
    }
}

/// Resident at its most.
pub fn peak_memory_bytes() -> Option<u64> {
    bytes(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// The processor's time that this thread has used.
pub fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: clock_gettime(2) writes into `time`, which lives longer.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// What the processor or the board calls itself.
pub fn processor() -> Option<String> {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line =
        |name: &str| processors.lines().find_map(|line| Some(line.strip_prefix(name)?.split_once(':')?.1));
    // ARM's kernel doesn't tell the processor's name, but the board's.
    let board = || fs::read_to_string("/proc/device-tree/model").ok();
    let name = line("model name").map(str::to_owned).or_else(board)?;
    Some(name.trim_matches(|letter: char| letter.is_whitespace() || letter == '\0').to_owned())
}

/// A line of proc_pid_status(5), which is in kibibytes.
fn bytes(status: &str, name: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::super::clock::{Clock, SimulatedClock};
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU8, Ordering};

    struct Counting(Arc<AtomicU8>);

    impl Thermometer for Counting {
        fn celsius(&self) -> Option<f32> {
            Some(f32::from(self.0.fetch_add(1, Ordering::Relaxed)))
        }
    }

    #[test]
    fn it_is_measured_once_a_second_at_most() {
        let (clock, count) = (SimulatedClock::shared(), Arc::new(AtomicU8::new(0)));
        let process = Process::new(clock.clone(), Box::new(Counting(count.clone())));
        let first = process.figures();
        assert!(
            first.memory_bytes > Some(1 << 20) && first.peak_memory_bytes >= first.memory_bytes,
            "{first:?}"
        );
        clock.sleep(Duration::from_millis(999));
        assert_eq!(process.figures(), first);
        clock.sleep(Duration::from_millis(1));
        assert_eq!(process.figures().celsius, Some(1.0));
        assert_eq!(process.uptime(), Duration::from_secs(1));
        assert_eq!(process.started(), clock.wall() - Duration::from_secs(1));
    }

    #[test]
    fn lines_that_are_not_there_are_unknown() {
        let status = "Name:\tedge-cctv\nVmHWM:\t   52344 kB\nVmRSS:\t  bad kB\n";
        assert_eq!(bytes(status, "VmHWM:"), Some(52_344 * 1024));
        assert_eq!(bytes(status, "VmRSS:"), None);
        assert_eq!(bytes(status, "VmSwap:"), None);
    }
}
