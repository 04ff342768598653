//! Whether the program's threads go on. Each promises when it will be heard of next; one that breaks its promise is
//! stuck. Knows time and names.

use super::clock::SharedClock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Nothing is promised: the thread waits for work that may never come.
const RESTING: u64 = u64::MAX;

/// All threads that are watched.
#[derive(Clone)]
pub struct Progress {
    clock: SharedClock,
    stages: Arc<Mutex<Vec<Arc<Stage>>>>,
}

struct Stage {
    name: String,
    /// Milliseconds on the process's clock.
    due: AtomicU64,
}

/// One thread's way to say that it goes on.
#[derive(Clone)]
pub struct Pulse {
    clock: SharedClock,
    stage: Arc<Stage>,
}

impl Progress {
    pub fn new(clock: SharedClock) -> Self {
        Self { clock, stages: Arc::default() }
    }

    /// Watches one thread more; it rests until its first promise.
    pub fn pulse(&self, name: impl Into<String>) -> Pulse {
        let stage = Arc::new(Stage { name: name.into(), due: AtomicU64::new(RESTING) });
        self.stages.lock().unwrap_or_else(PoisonError::into_inner).push(stage.clone());
        Pulse { clock: self.clock.clone(), stage }
    }

    /// The threads that broke their promise, each with the time since.
    pub fn stuck(&self) -> Vec<(String, Duration)> {
        let now = milliseconds(self.clock.now());
        let stages = self.stages.lock().unwrap_or_else(PoisonError::into_inner);
        let late = |stage: &Arc<Stage>| {
            let late = now.checked_sub(stage.due.load(Ordering::Relaxed)).filter(|late| *late > 0)?;
            Some((stage.name.clone(), Duration::from_millis(late)))
        };
        stages.iter().filter_map(late).collect()
    }
}

impl Pulse {
    /// It will be heard of again within this time.
    pub fn promise(&self, within: Duration) {
        self.stage.due.store(milliseconds(self.clock.now() + within), Ordering::Relaxed);
    }

    /// It gets work: if it rests, it will be heard of within this time.
    pub fn owe(&self, within: Duration) {
        let due = milliseconds(self.clock.now() + within);
        // Whoever has promised something already keeps to that.
        let _ = self.stage.due.compare_exchange(RESTING, due, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// It waits for work, for as long as it takes.
    pub fn rest(&self) {
        self.stage.due.store(RESTING, Ordering::Relaxed);
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(RESTING - 1)
}

#[cfg(test)]
mod tests {
    use super::super::clock::{Clock, SimulatedClock};
    use super::*;

    #[test]
    fn a_broken_promise_is_told_until_it_is_kept() {
        let clock = SimulatedClock::shared();
        let progress = Progress::new(clock.clone());
        let (capture, server) = (progress.pulse("capture"), progress.pulse("server"));
        assert_eq!(progress.stuck(), []);
        capture.promise(Duration::from_secs(5));
        server.promise(Duration::from_secs(60));
        clock.sleep(Duration::from_secs(5));
        assert_eq!(progress.stuck(), []);
        clock.sleep(Duration::from_secs(2));
        assert_eq!(progress.stuck(), [("capture".to_string(), Duration::from_secs(2))]);
        capture.rest();
        assert_eq!(progress.stuck(), []);
        clock.sleep(Duration::from_secs(99));
        assert_eq!(progress.stuck().len(), 1);
        server.rest();
        assert_eq!(progress.stuck(), []);
        server.owe(Duration::from_secs(3));
        server.owe(Duration::from_secs(30));
        clock.sleep(Duration::from_secs(4));
        assert_eq!(progress.stuck().len(), 1, "the first debt counts");
    }
}
