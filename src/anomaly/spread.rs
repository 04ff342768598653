//! How seldom a signal is as high as now, of all the time that was learned: what tells one frame from another. Knows
//! numbers, nothing of what they measure.
//!
//! The tails of [`super::rarity`] ask whether anything as high is seen within ten seconds, which is what false alarms are
//! counted by, and makes all that is below a block's peak alike. Here every moment counts.

use crate::anomaly::histogram::Histogram;
use serde::{Deserialize, Serialize};

/// The share of the time from which on the values are taken to fall exponentially.
const TOP_SHARE: f32 = 0.2;
/// Seconds for which the default excess counts.
const EXCESS_SECONDS: f32 = 60.0;
/// A share is known to this many seconds.
const DOUBT_SECONDS: f32 = 0.5;
/// Of what was there for less, it isn't known how large it may become.
const VOUCHED_SECONDS: f32 = 2.0;

/// Of one signal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spread {
    /// Mean excess over the threshold: the least that is believed, and what is taken for it while it isn't known.
    least: f32,
    unknown: f32,
    /// Seconds at each value, at rest, and without a value.
    seconds: Histogram,
    resting: f32,
    absent: f32,
}

impl Spread {
    /// For a signal that is at rest up to `low`, and lies between this and `high` else.
    pub fn new((low, high): (f32, f32), least: f32, unknown: f32) -> Self {
        Self { least, unknown, seconds: Histogram::new(low, high), resting: 0.0, absent: 0.0 }
    }

    /// Whether all lists have the lengths that this version works with.
    pub fn is_sound(&self) -> bool {
        self.seconds.is_sound()
    }

    /// Takes a value that lasted for some seconds; `None` when there was nothing to measure.
    pub fn learn(&mut self, value: Option<f32>, seconds: f32) {
        match value {
            Some(value) if value <= self.seconds.ends().0 => self.resting += seconds,
            Some(value) => self.seconds.add(value, seconds),
            None => self.absent += seconds,
        }
    }

    /// Minus the decimal logarithm of the share of time in which the signal is as high: 2 is one second in a hundred.
    pub fn rarity(&self, value: f32) -> f32 {
        if value <= self.seconds.ends().0 {
            return 0.0;
        }
        let moving = self.seconds.total();
        let there = moving + self.resting;
        let share =
            |seconds: f32| -((seconds + DOUBT_SECONDS) / (there + self.absent + DOUBT_SECONDS)).log10();
        let top = self.seconds.top(TOP_SHARE * moving);
        if value <= top.threshold {
            return share(self.seconds.reaches(value, true)).max(0.0);
        }
        let excess = (top.excess + EXCESS_SECONDS * self.unknown) / (top.weight + EXCESS_SECONDS);
        let beyond = (value - top.threshold) / excess.max(self.least) * std::f32::consts::LOG10_E;
        let rarity = (share(top.weight) + (there / VOUCHED_SECONDS).min(1.0) * beyond).max(0.0);
        // Beyond what the time that was learned can vouch for it grows ever more slowly.
        let known = ((there + self.absent) / DOUBT_SECONDS + 1.0).log10();
        if rarity <= known { rarity } else { known * (1.0 + (rarity / known).ln()) }
    }

    /// Lets what was learned count for less.
    pub fn fade(&mut self, factor: f32) {
        self.seconds.fade(factor);
        self.resting *= factor;
        self.absent *= factor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_time_is_told_and_continued() {
        let mut spread = Spread::new((-4.0, 6.0), 0.2, 0.2);
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..50_000 {
            spread.learn(Some(-(1.0 - random.f32()).ln() * 0.5), 0.2);
        }
        for value in [0.1f32, 0.5, 1.0, 2.0, 4.0, 7.0] {
            let expected = 2.0 * value * std::f32::consts::LOG10_E;
            let found = spread.rarity(value);
            assert!((found - expected).abs() < 0.1 + 0.05 * expected, "{value}: {found} for {expected}");
        }
    }

    #[test]
    fn rarity_grows_with_each_value_and_with_the_time_without_one() {
        let mut spread = Spread::new((-4.0, 6.0), 0.2, 0.2);
        (0..1000).for_each(|i| spread.learn(Some((i % 100) as f32 / 50.0), 0.2));
        let before: Vec<f32> = (0..300).map(|i| spread.rarity(i as f32 / 100.0)).collect();
        assert!(before.windows(2).all(|pair| pair[1] >= pair[0] - 0.02), "{before:?}");
        spread.learn(None, 1800.0);
        assert!((spread.rarity(1.0) - before[100] - 1.0).abs() < 0.05);
    }

    #[test]
    fn what_rests_makes_what_moves_rare() {
        let mut spread = Spread::new((0.0, 6.0), 0.2, 0.2);
        spread.learn(Some(0.0), 990.0);
        spread.learn(Some(1.5), 10.0);
        assert_eq!(spread.rarity(0.0), 0.0);
        // One second in a hundred, however little it is.
        assert!((spread.rarity(0.01) - 2.0).abs() < 0.05, "{}", spread.rarity(0.01));
        assert!(spread.rarity(2.5) > spread.rarity(1.6) + 0.5);
    }

    #[test]
    fn a_minute_does_not_vouch_for_a_year() {
        let learned = |seconds: f32| {
            let mut spread = Spread::new((-4.0, 6.0), 0.2, 0.2);
            (0..10).for_each(|_| spread.learn(Some(0.0), seconds / 10.0));
            spread
        };
        let (minute, day) = (learned(60.0), learned(86_400.0));
        assert!(minute.rarity(5.0) < 6.5, "{}", minute.rarity(5.0));
        assert!(day.rarity(5.0) > minute.rarity(5.0) + 1.5, "{}", day.rarity(5.0));
        assert!(minute.rarity(5.5) > minute.rarity(5.0));
    }

    #[test]
    fn nothing_known_makes_nothing_rare() {
        let mut spread = Spread::new((-4.0, 6.0), 0.2, 0.8);
        assert_eq!(spread.rarity(5.0), 0.0);
        spread.learn(None, 99.0);
        assert!((spread.rarity(5.0) - 2.3).abs() < 0.01, "{}", spread.rarity(5.0));
    }
}
