//! Words for anomalies: of which kind, and how severe.

use serde::{Deserialize, Serialize};

/// Kinds of anomalies, as the API names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnomalyType {
    SuddenMotion,
    UnusualActivity,
    Loitering,
    RapidMovement,
    UnusualSize,
    UnusualTime,
    Crowd,
    UnusualAppearance,
    CameraTampering,
}

impl AnomalyType {
    pub const ALL: [Self; 9] = [
        Self::SuddenMotion,
        Self::UnusualActivity,
        Self::Loitering,
        Self::RapidMovement,
        Self::UnusualSize,
        Self::UnusualTime,
        Self::Crowd,
        Self::UnusualAppearance,
        Self::CameraTampering,
    ];

    /// As the API and the configuration name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SuddenMotion => "sudden_motion",
            Self::UnusualActivity => "unusual_activity",
            Self::Loitering => "loitering",
            Self::RapidMovement => "rapid_movement",
            Self::UnusualSize => "unusual_size",
            Self::UnusualTime => "unusual_time",
            Self::Crowd => "crowd",
            Self::UnusualAppearance => "unusual_appearance",
            Self::CameraTampering => "camera_tampering",
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::SuddenMotion => "sudden motion",
            Self::UnusualActivity => "unusual activity",
            Self::Loitering => "loitering",
            Self::RapidMovement => "rapid movement",
            Self::UnusualSize => "unusual size",
            Self::UnusualTime => "unusual time",
            Self::Crowd => "crowd",
            Self::UnusualAppearance => "unusual appearance",
            Self::CameraTampering => "camera tampering",
        }
    }
}

/// How severe an anomaly is. As an anomaly's, `Low` raises no alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// As the API and the configuration name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_apis() {
        for kind in AnomalyType::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert_eq!(kind.words().replace(' ', "_"), kind.name());
        }
        for severity in Severity::ALL {
            assert_eq!(serde_json::to_value(severity).unwrap(), severity.name());
            assert_eq!(Severity::parse(severity.name()), Some(severity));
        }
        assert_eq!(Severity::parse("high"), None);
    }
}
