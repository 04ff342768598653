//! The signals that have a normal range, and how one frame's values of them are collected.

use serde::{Deserialize, Serialize};

/// What is measured of each frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Share of the picture that moves.
    Area,
    /// Number of moving things.
    Count,
    /// Speed of a track, in picture widths a second.
    Speed,
    /// How seldom things move in this direction here.
    Direction,
    /// Side of a square as large as the thing, as a share of the picture.
    Size,
    /// Seconds without getting anywhere.
    Linger,
    /// How seldom anything moves here.
    Place,
    /// How seldom anything moves at this hour.
    Hour,
    /// Speed as the network sees it, in picture widths a second.
    Pace,
    /// How unlike what usually moves here a moving thing looks.
    Kind,
    /// How unlike anything seen here a few places look that don't move.
    Thing,
    /// The same over the whole picture.
    View,
    /// How unlike any light seen here the picture's light is. Never a cause of alarm.
    Light,
}

impl Signal {
    pub const ALL: [Self; 13] = [
        Self::Area,
        Self::Count,
        Self::Speed,
        Self::Direction,
        Self::Size,
        Self::Linger,
        Self::Place,
        Self::Hour,
        Self::Pace,
        Self::Kind,
        Self::Thing,
        Self::View,
        Self::Light,
    ];

    /// Told by the network, not by tracks.
    pub fn is_networks(self) -> bool {
        matches!(self, Self::Pace | Self::Kind | Self::Thing | Self::View | Self::Light)
    }

    /// Natural logarithms between which the signal lies.
    pub fn span(self) -> (f32, f32) {
        match self {
            Self::Area => (-9.0, 1.0),
            Self::Place | Self::Direction | Self::Hour => (0.01, 7.0),
            Self::Thing | Self::View | Self::Light => (-4.0, 4.0),
            // Less new than half the normal range is not new at all.
            Self::Count | Self::Kind => (-0.7, 4.0),
            _ => (-3.0, 4.0),
        }
    }

    /// Up to this nothing is unusual.
    pub fn rest(self) -> f32 {
        match self {
            // A little above where pooled novelty is none.
            Self::Thing | Self::View | Self::Light => -3.9,
            _ => self.span().0,
        }
    }

    /// The mean by which its peaks exceed a threshold while it isn't known better.
    pub fn excess(self) -> f32 {
        match self {
            Self::Area => 0.5,
            Self::Count => 0.3,
            Self::Place | Self::Direction | Self::Hour => 1.2,
            Self::Thing | Self::View | Self::Light => 0.15,
            Self::Kind => 0.4,
            _ => 0.2,
        }
    }

    /// The least that this mean is taken to be, however alike the peaks are.
    pub fn least_excess(self) -> f32 {
        match self {
            // Of walkers that differ by a tenth in the mean, one in a hundred is half as fast again.
            Self::Speed | Self::Pace => 0.1,
            // Who passes takes about as long as everybody.
            Self::Linger => 0.1,
            _ => self.excess(),
        }
    }

    /// The mean by which its values exceed what was usual in a short while of learning: what nobody has brought yet is
    /// new everywhere.
    pub fn excess_when_unknown(self) -> f32 {
        match self {
            Self::Thing | Self::View | Self::Light => 0.8,
            Self::Speed | Self::Size | Self::Linger => 0.6,
            _ => self.excess(),
        }
    }
}

/// One signal's value in one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Natural logarithm of `value` over `usual`.
    pub log: f32,
    /// The same for what may be a cause of alarm: lower where the change may be the light's.
    pub alarming: f32,
    /// In the signal's unit.
    pub value: f32,
    /// What the place is used to, in the signal's unit; 1 for signals of the whole picture.
    pub usual: f32,
    /// Where (0..1 across and down).
    pub point: Option<(f32, f32)>,
}

impl Measured {
    /// A value that isn't compared with its place's.
    pub fn plain(value: f32, point: Option<(f32, f32)>) -> Self {
        Self::above(value, 1.0, point)
    }

    pub fn above(value: f32, usual: f32, point: Option<(f32, f32)>) -> Self {
        let log = (value.max(1e-6) / usual.max(1e-6)).ln();
        Self { log, alarming: log, value, usual, point }
    }
}

/// The values of one frame: the most extreme one for each signal.
#[derive(Clone, Debug, Default)]
pub struct Values([Option<Measured>; Signal::ALL.len()]);

impl Values {
    pub fn get(&self, signal: Signal) -> Option<&Measured> {
        self.0[signal as usize].as_ref()
    }

    pub fn set(&mut self, signal: Signal, measured: Option<Measured>) {
        self.0[signal as usize] = measured;
    }

    /// Takes a value if it is more extreme than what was measured before.
    pub fn raise(&mut self, signal: Signal, measured: Measured) {
        let slot = &mut self.0[signal as usize];
        if slot.is_none_or(|before| measured.log > before.log) {
            *slot = Some(measured);
        }
    }

    /// The same for a value beside what its place is used to, if that is known.
    pub fn raise_above(&mut self, signal: Signal, value: f32, usual: Option<f32>, point: (f32, f32)) {
        if let Some(usual) = usual {
            self.raise(signal, Measured::above(value, usual, Some(point)));
        }
    }
}
