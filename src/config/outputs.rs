//! Settings of LEDs, relays and inputs. Plain values; which line does what when is `outputs`'.

use crate::anomaly::kinds::{AnomalyType, Severity};
use std::fmt;

/// `[outputs]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outputs {
    pub driver: Driver,
}

/// Who moves the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Driver {
    /// `rppal` on a Raspberry Pi where it can be opened, `gpiochip` elsewhere.
    #[default]
    Auto,
    /// A Raspberry Pi's registers.
    Rppal,
    /// The kernel's character devices, on any board.
    Gpiochip,
    /// Nobody: what the lines would do is shown only.
    None,
}

impl Driver {
    pub const ALL: [Self; 4] = [Self::Auto, Self::Rppal, Self::Gpiochip, Self::None];

    /// As written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Rppal => "rppal",
            Self::Gpiochip => "gpiochip",
            Self::None => "none",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|driver| driver.name() == text)
    }
}

/// A GPIO line as the user names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    /// By the name that the board's maker gave it: `GPIO17`.
    Named(String),
    /// By its number on a chip, which is named by its device (`gpiochip0`) or its label (`pinctrl-bcm2711`).
    Offset { chip: String, offset: u32 },
}

impl Line {
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if !fits || text.trim() != text {
            return None;
        }
        match text.rsplit_once(':') {
            Some(("", _)) => None,
            Some((chip, offset)) => {
                let chip = chip.strip_prefix("/dev/").unwrap_or(chip).into();
                Some(Self::Offset { chip, offset: offset.parse().ok()? })
            }
            None => Some(Self::Named(text.into())),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Offset { chip, offset } => write!(f, "{chip}:{offset}"),
        }
    }
}

/// One `[[led]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Led {
    /// Letters, digits, `-` and `_`: it is part of addresses.
    pub name: String,
    pub line: Line,
    /// Lit while the line is low.
    pub active_low: bool,
    pub shows: Shows,
    /// Names of cameras; empty: all.
    pub cameras: Vec<String>,
    pub patterns: Patterns,
}

/// What an LED tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shows {
    /// Whether the appliance is well.
    #[default]
    Status,
    /// Whether something moves.
    Motion,
    /// Whether there is an ALERT, and how severe it is.
    Alert,
    /// Whether the relays may close.
    Armed,
}

impl Shows {
    pub const ALL: [Self; 4] = [Self::Status, Self::Motion, Self::Alert, Self::Armed];

    /// As written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Motion => "motion",
            Self::Alert => "alert",
            Self::Armed => "armed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shows| shows.name() == text)
    }
}

/// What an LED does over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    Off,
    On,
    /// Milliseconds on, off, on, off and so on; an even number of them, repeated.
    Blink(Vec<u32>),
}

/// Milliseconds that one step of a pattern may last.
const STEP: std::ops::RangeInclusive<u32> = 20..=60_000;
const MOST_STEPS: usize = 16;

impl Pattern {
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "off" => return Some(Self::Off),
            "on" => return Some(Self::On),
            _ => {}
        }
        let steps: Option<Vec<u32>> = text.split_whitespace().map(|step| step.parse().ok()).collect();
        let steps = steps?;
        let fits = !steps.is_empty() && steps.len() <= MOST_STEPS && steps.len().is_multiple_of(2);
        (fits && steps.iter().all(|step| STEP.contains(step))).then_some(Self::Blink(steps))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::On => f.write_str("on"),
            Self::Blink(steps) => {
                let steps: Vec<_> = steps.iter().map(u32::to_string).collect();
                f.write_str(&steps.join(" "))
            }
        }
    }
}

/// `[led.patterns]`: what is shown when. Each LED uses those of what it shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Patterns {
    pub healthy: Pattern,
    pub learning: Pattern,
    pub degraded: Pattern,
    pub stopped: Pattern,
    pub idle: Pattern,
    pub motion: Pattern,
    pub calm: Pattern,
    pub low: Pattern,
    pub medium: Pattern,
    pub high: Pattern,
    pub critical: Pattern,
    pub silenced: Pattern,
    pub armed: Pattern,
    pub disarmed: Pattern,
}

impl Patterns {
    /// Of an ALERT so severe.
    pub fn of(&self, severity: Severity) -> &Pattern {
        match severity {
            Severity::Low => &self.low,
            Severity::Medium => &self.medium,
            Severity::High => &self.high,
            Severity::Critical => &self.critical,
        }
    }
}

impl Default for Patterns {
    fn default() -> Self {
        let blink = |milliseconds| Pattern::Blink(vec![milliseconds, milliseconds]);
        Self {
            healthy: Pattern::On,
            learning: blink(500),
            degraded: blink(100),
            stopped: Pattern::Off,
            idle: Pattern::Off,
            motion: Pattern::On,
            calm: Pattern::Off,
            low: blink(1000),
            medium: blink(500),
            high: blink(250),
            critical: blink(100),
            silenced: Pattern::On,
            armed: Pattern::On,
            disarmed: Pattern::Off,
        }
    }
}

/// One `[[relay]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Relay {
    /// Letters, digits, `-` and `_`: it is part of addresses.
    pub name: String,
    pub line: Line,
    /// Closed while the line is low.
    pub active_low: bool,
    /// Names of cameras; empty: all.
    pub cameras: Vec<String>,
    /// An ALERT must be at least so severe.
    pub min_severity: Severity,
    /// Names of alert zones; empty: all, and anomalies wherever they are.
    pub zones: Vec<String>,
    /// Names of [`AlarmType`]s; empty: all.
    pub types: Vec<String>,
    /// Names of inputs that close it too.
    pub inputs: Vec<String>,
    /// It stays closed so long after the last cause.
    pub hold_seconds: f64,
    /// It is never closed longer at a stretch.
    pub longest_on_seconds: f64,
    /// From the end of one closing to the next.
    pub pause_seconds: f64,
    /// It may close before the camera has learned what is normal.
    pub while_learning: bool,
}

/// What an ALERT may be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmType {
    /// Motion in an alert zone.
    Zone,
    Anomaly(AnomalyType),
}

impl AlarmType {
    /// As written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zone => "zone",
            Self::Anomaly(kind) => kind.name(),
        }
    }

    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Zone).chain(AnomalyType::ALL.map(Self::Anomaly))
    }
}

/// One `[[input]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    pub name: String,
    pub line: Line,
    /// Active while the line is low.
    pub active_low: bool,
    pub bias: Bias,
    /// A level counts once it has lasted so long.
    pub debounce_ms: u32,
    pub action: Action,
    /// How severe an `alarm` is.
    pub severity: Severity,
}

/// The resistor that the board puts at an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bias {
    /// As it was.
    #[default]
    AsIs,
    PullUp,
    PullDown,
    Disabled,
}

impl Bias {
    pub const ALL: [Self; 4] = [Self::AsIs, Self::PullUp, Self::PullDown, Self::Disabled];

    /// As written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::AsIs => "as-is",
            Self::PullUp => "pull-up",
            Self::PullDown => "pull-down",
            Self::Disabled => "disabled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bias| bias.name() == text)
    }
}

/// What an input does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is shown, and nothing else.
    #[default]
    Report,
    /// A switch: active arms, inactive disarms, whenever it changes and when the program starts.
    Arm,
    /// A button: each press silences.
    Silence,
    /// While active it is an alarm, for the relays that name it and for LEDs.
    Alarm,
}

impl Action {
    pub const ALL: [Self; 4] = [Self::Report, Self::Arm, Self::Silence, Self::Alarm];

    /// As written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Arm => "arm",
            Self::Silence => "silence",
            Self::Alarm => "alarm",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == text)
    }
}

/// `[arming]`
#[derive(Clone, Debug, PartialEq)]
pub struct Arming {
    /// Spans in which it is armed, as [`super::Span`] reads them; empty: always.
    pub schedule: Vec<String>,
    /// Name of the schedule's time zone; empty: the machine's.
    pub time_zone: String,
    /// So long an alarm is silent that somebody silences without saying how long.
    pub silence_seconds: f64,
}

impl Default for Arming {
    fn default() -> Self {
        Self { schedule: Vec::new(), time_zone: String::new(), silence_seconds: 300.0 }
    }
}

/// What an LED is about which nothing is said; its line must be written.
impl Default for Led {
    fn default() -> Self {
        Self {
            name: String::new(),
            line: Line::Named(String::new()),
            active_low: false,
            shows: Shows::default(),
            cameras: Vec::new(),
            patterns: Patterns::default(),
        }
    }
}

/// What a relay is about which nothing is said; its line must be written.
impl Default for Relay {
    fn default() -> Self {
        Self {
            name: String::new(),
            line: Line::Named(String::new()),
            active_low: false,
            cameras: Vec::new(),
            min_severity: Severity::Medium,
            zones: Vec::new(),
            types: Vec::new(),
            inputs: Vec::new(),
            hold_seconds: 5.0,
            longest_on_seconds: 60.0,
            pause_seconds: 10.0,
            while_learning: false,
        }
    }
}

/// What an input is about which nothing is said; its line must be written.
impl Default for Input {
    fn default() -> Self {
        Self {
            name: String::new(),
            line: Line::Named(String::new()),
            active_low: false,
            bias: Bias::default(),
            debounce_ms: 50,
            action: Action::default(),
            severity: Severity::High,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_named_or_counted() {
        let chip = |chip: &str, offset| Some(Line::Offset { chip: chip.into(), offset });
        assert_eq!(Line::parse("GPIO17"), Some(Line::Named("GPIO17".into())));
        assert_eq!(Line::parse("gpiochip0:17"), chip("gpiochip0", 17));
        assert_eq!(Line::parse("/dev/gpiochip0:17"), chip("gpiochip0", 17));
        assert_eq!(Line::parse("9030000.pl061:0"), chip("9030000.pl061", 0));
        for bad in ["", " GPIO1", "a\nb", ":4", "chip:", "chip:x", "chip:-1", &"n".repeat(65)] {
            assert_eq!(Line::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn patterns_are_read_as_they_are_written() {
        for text in ["on", "off", "500 500", "50 50 50 850"] {
            assert_eq!(Pattern::parse(text).map(|pattern| pattern.to_string()).as_deref(), Some(text));
        }
        for bad in ["", "500", "500 500 500", "10 500", "500 60001", "-1 5", "fast", &"20 ".repeat(18)] {
            assert_eq!(Pattern::parse(bad), None, "{bad}");
        }
    }
}
