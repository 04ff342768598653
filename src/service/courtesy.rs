//! Work that can wait goes after work that can't.

use std::panic::resume_unwind;
use std::thread;

/// A thread that is so nice gets about a tenth of what another one gets that wants to work at the same time (sched(7)).
const NICE: libc::c_int = 10;

/// Does `work` in a thread of its own to which the processor is given after all others, and waits for it.
pub fn after_others<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let polite = || {
            // SAFETY: nice(2) takes a number only. On Linux it is about the calling thread, not its process.
            unsafe { libc::nice(NICE) };
            work()
        };
        scope.spawn(polite).join().unwrap_or_else(|cause| resume_unwind(cause))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn niceness() -> libc::c_int {
        // SAFETY: getpriority(2) takes numbers only.
        unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }
    }

    #[test]
    fn only_that_work_gives_way() {
        let before = niceness();
        assert_eq!(after_others(niceness), (before + NICE).min(19));
        assert_eq!(niceness(), before);
    }
}
