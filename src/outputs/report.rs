//! What the outputs and inputs are at a moment, for whoever shows it.

use super::arming::Mode;
use crate::config::outputs::Action;
use serde::Serialize;
use std::time::SystemTime;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Led,
    Relay,
}

/// One LED or relay.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputReport {
    pub name: String,
    pub kind: Kind,
    /// As configured.
    pub line: String,
    pub active_low: bool,
    /// Lit or closed, as it should be now.
    pub on: bool,
    /// The same, as the line itself says; `None`: it can't be asked.
    pub read_back: Option<bool>,
    /// When `on` became what it is; for an LED when it began to show what it shows.
    pub since: SystemTime,
    /// Why, in words.
    pub why: String,
    /// Why it can't be moved, in words.
    pub problem: Option<String>,
    /// From the capture of the frame that caused the last change to the line's new level, in ms; `None` if no frame did.
    pub capture_to_line_ms: Option<f32>,
}

/// One input.
#[derive(Clone, Debug, PartialEq)]
pub struct InputReport {
    pub name: String,
    pub line: String,
    pub action: Action,
    /// `None`: it isn't known.
    pub active: Option<bool>,
    pub since: SystemTime,
    pub problem: Option<String>,
}

/// All of them, and what rules them.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub driver: &'static str,
    /// Why it is this driver, in words.
    pub driver_reason: String,
    pub armed: bool,
    pub mode: Mode,
    /// Why it is armed or not, in words.
    pub why: String,
    /// When the schedule arms or disarms next.
    pub next_change: Option<SystemTime>,
    pub silent_until: Option<SystemTime>,
    pub outputs: Vec<OutputReport>,
    pub inputs: Vec<InputReport>,
    /// Everything that is missing, in words.
    pub problems: Vec<String>,
}

impl Report {
    /// Of outputs that aren't moved.
    pub fn failed(why: &str) -> Self {
        Self {
            driver: "none",
            driver_reason: why.into(),
            armed: false,
            mode: Mode::default(),
            why: why.into(),
            next_change: None,
            silent_until: None,
            outputs: Vec::new(),
            inputs: Vec::new(),
            problems: vec![why.into()],
        }
    }
}

impl Default for Report {
    /// Before anything is known.
    fn default() -> Self {
        Self { problems: Vec::new(), ..Self::failed("the outputs are starting") }
    }
}
