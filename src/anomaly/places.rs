//! How large a value is at each place of the picture: one histogram a place, pooled over neighbours and drawn
//! towards the whole scene where little was seen. Robust against a busy minute, since quantiles are kept and no
//! means. Knows numbers, nothing of what they measure.

use serde::{Deserialize, Serialize};

/// Places across and down, whatever the picture's size.
pub const COLUMNS: usize = 16;
pub const ROWS: usize = 9;
const BINS: usize = 32;
/// What the whole scene showed counts for so much at each place. Weights are seconds, or visits.
const PRIOR_WEIGHT: f32 = 4.0;
/// A scene that showed less than this tells nothing.
const KNOWN_WEIGHT: f32 = 3.0;
/// Weight of a place's neighbour.
const NEIGHBOUR: f32 = 0.5;

/// Histograms of the logarithm of a positive value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Places {
    /// Natural logarithms that the histograms span.
    low: f32,
    high: f32,
    /// `[place][bin]`.
    weights: Vec<f32>,
    scene: Vec<f32>,
}

impl Places {
    /// For values from `least` to `most`; what lies beyond counts as these.
    pub fn new(least: f32, most: f32) -> Self {
        Self {
            low: least.ln(),
            high: most.ln(),
            weights: vec![0.0; COLUMNS * ROWS * BINS],
            scene: vec![0.0; BINS],
        }
    }

    /// Whether all lists have the lengths that this version works with.
    pub fn is_sound(&self) -> bool {
        self.weights.len() == COLUMNS * ROWS * BINS && self.scene.len() == BINS
    }

    fn bin(&self, value: f32) -> usize {
        let share = (value.max(f32::MIN_POSITIVE).ln() - self.low) / (self.high - self.low);
        ((share.clamp(0.0, 1.0) * BINS as f32) as usize).min(BINS - 1)
    }

    /// Takes a value at a point (0..1 across and down).
    pub fn add(&mut self, point: (f32, f32), value: f32, weight: f32) {
        let bin = self.bin(value);
        self.weights[place(point) * BINS + bin] += weight;
        self.scene[bin] += weight;
    }

    /// The value below which `quantile` of the weight lies at a point and around it; `None` while the scene
    /// isn't known.
    pub fn quantile(&self, point: (f32, f32), quantile: f32) -> Option<f32> {
        let known: f32 = self.scene.iter().sum();
        if known < KNOWN_WEIGHT {
            return None;
        }
        let mut pooled = [0.0f32; BINS];
        for (sum, scene) in pooled.iter_mut().zip(&self.scene) {
            *sum = PRIOR_WEIGHT * scene / known;
        }
        let (column, row) = (place(point) % COLUMNS, place(point) / COLUMNS);
        for y in row.saturating_sub(1)..(row + 2).min(ROWS) {
            for x in column.saturating_sub(1)..(column + 2).min(COLUMNS) {
                let weight = if (x, y) == (column, row) { 1.0 } else { NEIGHBOUR };
                let counts = &self.weights[(y * COLUMNS + x) * BINS..][..BINS];
                pooled.iter_mut().zip(counts).for_each(|(sum, count)| *sum += weight * count);
            }
        }
        let wanted = quantile * pooled.iter().sum::<f32>();
        let mut below = 0.0;
        let mut at = BINS as f32;
        for (i, count) in pooled.iter().enumerate() {
            if below + count >= wanted && *count > 0.0 {
                at = i as f32 + (wanted - below) / count;
                break;
            }
            below += count;
        }
        Some((self.low + (self.high - self.low) * at / BINS as f32).exp())
    }

    /// The weight at each place, row by row.
    pub fn presence(&self) -> impl Iterator<Item = f32> {
        self.weights.chunks_exact(BINS).map(|counts| counts.iter().sum())
    }

    /// Lets what was learned count for less.
    pub fn fade(&mut self, factor: f32) {
        self.weights.iter_mut().chain(&mut self.scene).for_each(|count| *count *= factor);
    }
}

/// The place of a point (0..1 across and down).
pub fn place((x, y): (f32, f32)) -> usize {
    let index = |share: f32, count: usize| ((share.max(0.0) * count as f32) as usize).min(count - 1);
    index(y, ROWS) * COLUMNS + index(x, COLUMNS)
}

/// The middle of a place (0..1 across and down).
pub fn centre(place: usize) -> (f32, f32) {
    let (column, row) = (place % COLUMNS, place / COLUMNS);
    ((column as f32 + 0.5) / COLUMNS as f32, (row as f32 + 0.5) / ROWS as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_its_own_range_and_an_unknown_place_has_the_scenes() {
        let mut places = Places::new(0.01, 10.0);
        assert_eq!(places.quantile((0.5, 0.5), 0.95), None);
        for _ in 0..200 {
            places.add((0.1, 0.1), 0.1, 1.0);
            places.add((0.9, 0.9), 2.0, 1.0);
        }
        let at = |point| places.quantile(point, 0.95).expect("the scene is known");
        assert!((0.08..0.15).contains(&at((0.1, 0.1))), "{}", at((0.1, 0.1)));
        assert!((1.6..2.6).contains(&at((0.9, 0.9))), "{}", at((0.9, 0.9)));
        assert!((1.6..2.6).contains(&at((0.9, 0.1))), "{}", at((0.9, 0.1)));
    }

    #[test]
    fn one_busy_minute_does_not_spoil_an_hour() {
        let mut places = Places::new(0.01, 10.0);
        places.add((0.5, 0.5), 0.2, 3600.0);
        let before = places.quantile((0.5, 0.5), 0.95);
        places.add((0.5, 0.5), 5.0, 60.0);
        let after = places.quantile((0.5, 0.5), 0.95);
        assert!(after < before.map(|value| value * 1.1), "{before:?} {after:?}");
    }
}
