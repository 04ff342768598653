//! The lines of the configuration: each is held, or missed and asked for again.

use super::driver::{InputLine, OutputLine, Request};
use super::report::{InputReport, Kind, OutputReport};
use crate::config;
use crate::config::outputs::Line;
use std::time::{Duration, SystemTime};

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

    /// What is missing, in words, if it is.
    pub fn missed(&self) -> Option<String> {
        Some(format!("{}: {}", self.request.user, self.problem.as_ref()?))
    }
}

/// One LED or relay.
pub(super) struct Output {
    pub held: Held<Box<dyn OutputLine>>,
    pub kind: Kind,
    pub name: String,
    /// As it should be.
    pub on: bool,
    /// As the line said last.
    pub read_back: Option<bool>,
    pub since: SystemTime,
    pub why: String,
    /// From the capture of the frame that moved it last.
    pub latency_ms: Option<f32>,
}

/// One input.
pub(super) struct Input {
    pub held: Held<Box<dyn InputLine>>,
    pub since: SystemTime,
}

impl Output {
    pub fn new(kind: Kind, name: &str, line: &Line, active_low: bool, began: SystemTime) -> Self {
        let user = match kind {
            Kind::Led => format!("LED {name}"),
            Kind::Relay => format!("relay {name}"),
        };
        Self {
            held: Held::new(Request { line: line.clone(), active_low, user }),
            kind,
            name: name.into(),
            on: false,
            read_back: None,
            since: began,
            why: "the program began".into(),
            latency_ms: None,
        }
    }

    /// What is missing or wrong, in words, if anything is.
    pub fn problem(&self) -> Option<String> {
        let astray = self.kind == Kind::Relay && self.read_back.is_some_and(|level| level != self.on);
        let should = if self.on { "closed" } else { "open" };
        let astray = astray
            .then(|| format!("{}: its line doesn't follow: it should be {should}", self.held.request.user));
        self.held.missed().or(astray)
    }

    pub fn report(&self) -> OutputReport {
        OutputReport {
            name: self.name.clone(),
            kind: self.kind,
            line: self.held.request.line.to_string(),
            active_low: self.held.request.active_low,
            on: self.on,
            read_back: self.read_back,
            since: self.since,
            why: self.why.clone(),
            problem: self.held.problem.clone(),
            capture_to_line_ms: self.latency_ms,
        }
    }
}

impl Input {
    pub fn new(input: &config::Input, began: SystemTime) -> Self {
        let user = format!("input {}", input.name);
        let request = Request { line: input.line.clone(), active_low: input.active_low, user };
        Self { held: Held::new(request), since: began }
    }

    /// `active` is the level that counts.
    pub fn report(&self, settings: &config::Input, active: Option<bool>) -> InputReport {
        InputReport {
            name: settings.name.clone(),
            line: self.held.request.line.to_string(),
            action: settings.action,
            active,
            since: self.since,
            problem: self.held.problem.clone(),
        }
    }
}
