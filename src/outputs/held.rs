//! One line of the configuration: held, or missed and asked for again.

use super::driver::Request;
use std::time::Duration;

/// A line that can't be had is asked for again after so long.
const RETRY: Duration = Duration::from_secs(2);

/// A line that is held, or missed.
pub(super) struct Held<L> {
    pub request: Request,
    pub line: Option<L>,
    /// Why it is missed, in words.
    pub problem: Option<String>,
    retry_at: Duration,
}

impl<L> Held<L> {
    pub fn new(request: Request) -> Self {
        Self { request, line: None, problem: None, retry_at: Duration::ZERO }
    }

    /// Asks for the line if it is time; true if it is there from now on.
    pub fn seek(&mut self, now: Duration, take: impl FnOnce(&Request) -> Result<L, String>) -> bool {
        if self.line.is_some() || now < self.retry_at {
            return false;
        }
        match take(&self.request) {
            Ok(line) => {
                self.line = Some(line);
                if self.problem.take().is_some() {
                    log::info!("{}: line {} is there now", self.request.user, self.request.line);
                }
                true
            }
            Err(why) => {
                self.miss(now, why);
                false
            }
        }
    }

    /// The line is gone, or can't be had; it is told once.
    pub fn miss(&mut self, now: Duration, why: String) {
        self.line = None;
        self.retry_at = now + RETRY;
        if self.problem.as_ref() != Some(&why) {
            log::error!("{}: {why}; trying again by itself", self.request.user);
            self.problem = Some(why);
        }
    }
}
