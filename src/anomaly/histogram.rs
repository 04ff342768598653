//! How often each value of a signal was there, in bins, and what lies above. Knows numbers, nothing of time.

use serde::{Deserialize, Serialize};

const BINS: usize = 128;

/// Weights of values between two ends; what lies beyond counts as these.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Histogram {
    low: f32,
    high: f32,
    weights: Vec<f32>,
}

/// The upper end of what was there.
#[derive(Clone, Copy, Debug)]
pub struct Top {
    /// Where it begins, and the weight from there on.
    pub threshold: f32,
    pub weight: f32,
    /// By how much what is there exceeds the threshold, each times its weight, in sum.
    pub excess: f32,
}

impl Histogram {
    pub fn new(low: f32, high: f32) -> Self {
        Self { low, high, weights: vec![0.0; BINS] }
    }

    /// Whether it has as many bins as this version works with.
    pub fn is_sound(&self) -> bool {
        self.weights.len() == BINS
    }

    /// The lower and the upper end.
    pub fn ends(&self) -> (f32, f32) {
        (self.low, self.high)
    }

    fn width(&self) -> f32 {
        (self.high - self.low) / BINS as f32
    }

    /// The bin of a value, and how far into it the value is (0..1).
    fn bin(&self, value: f32) -> (usize, f32) {
        let at = ((value - self.low) / self.width()).clamp(0.0, BINS as f32);
        let bin = (at as usize).min(BINS - 1);
        (bin, at - bin as f32)
    }

    pub fn add(&mut self, value: f32, weight: f32) {
        let (bin, _) = self.bin(value);
        self.weights[bin] += weight;
    }

    pub fn total(&self) -> f32 {
        self.weights.iter().sum()
    }

    /// Weight of what is as large as `value`: of its own bin all, or the share that is above it where `between`.
    pub fn reaches(&self, value: f32, between: bool) -> f32 {
        let (bin, into) = self.bin(value);
        let own = self.weights[bin] * if between { 1.0 - into } else { 1.0 };
        own + self.weights[bin + 1..].iter().sum::<f32>()
    }

    /// The fewest bins from above that hold at least `wanted`.
    pub fn top(&self, wanted: f32) -> Top {
        let (mut weight, mut start) = (0.0, BINS);
        while start > 0 && weight < wanted {
            start -= 1;
            weight += self.weights[start];
        }
        if weight <= 0.0 {
            return Top { threshold: self.low, weight: 0.0, excess: 0.0 };
        }
        let threshold = self.low + self.width() * start as f32;
        let middle = |bin: usize| self.width() * ((bin - start) as f32 + 0.5);
        let excess = (start..BINS).map(|bin| self.weights[bin] * middle(bin)).sum();
        Top { threshold, weight, excess }
    }

    /// Lets what was there count for less.
    pub fn fade(&mut self, factor: f32) {
        self.weights.iter_mut().for_each(|weight| *weight *= factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_above_is_told() {
        let mut histogram = Histogram::new(0.0, 128.0);
        for (value, weight) in [(10.2, 4.0), (20.7, 2.0), (200.0, 1.0), (-3.0, 5.0)] {
            histogram.add(value, weight);
        }
        assert_eq!(histogram.total(), 12.0);
        assert_eq!((histogram.reaches(20.5, false), histogram.reaches(20.5, true)), (3.0, 2.0));
        assert_eq!((histogram.reaches(50.0, true), histogram.reaches(0.0, false)), (1.0, 12.0));
        let top = histogram.top(2.5);
        assert_eq!((top.threshold, top.weight, top.excess), (20.0, 3.0, 2.0 * 0.5 + 107.5));
        assert_eq!(Histogram::new(-1.0, 1.0).top(2.0).threshold, -1.0);
    }
}
