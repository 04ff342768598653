//! What each place of a grid has looked like: a bounded number of prototypes a place, with the distance to the
//! nearest as measure of novelty. Knows vectors, nothing of what they mean.
//!
//! The memory has two halves that learn in turn, each for a longer and longer stretch of time. What one half learns
//! is first judged by the other, which hasn't seen that stretch: so the normal range of novelty is measured on
//! normal footage that is as new as what will be judged later, and not on what was just learned.

use serde::{Deserialize, Serialize};

/// Prototypes of one place in one half.
const PROTOTYPES: usize = 24;
/// A vector so much nearer than the place's normal range is the same thing again.
const SAME_SHARE: f32 = 0.5;
/// The quantile of normal novelty that is the upper end of its range.
const UPPER: f32 = 0.99;
/// How far a place's range is drawn towards the median of all places, as a share.
const SHRINKAGE: f32 = 0.5;
/// Bins of a place's distances: each a fifth larger than the one before, from the noise of the vectors on.
const BINS: usize = 24;
const BIN: f32 = 1.2;
/// Ranges are computed anew after so many vectors.
const SETTLE_EVERY: u32 = 5_000;

/// The memory of a grid of places.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Memory {
    places: usize,
    dimensions: usize,
    /// A distance of this size means nothing: the noise of the vectors.
    floor: f32,
    halves: [Half; 2],
    /// How often each distance was found at each place by the half that hadn't learned it: `[place][bin]`.
    distances: Vec<f32>,
    /// Upper end of the normal distances, after shrinkage: what is divided by.
    range: Vec<f32>,
    unsettled: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Half {
    /// `[place][prototype][dimension]`.
    values: Vec<f32>,
    /// How often each was seen, 0 for unused: `[place][prototype]`.
    weights: Vec<f32>,
}

impl Memory {
    pub fn new(places: usize, dimensions: usize, floor: f32) -> Self {
        let half = || Half {
            values: vec![0.0; places * PROTOTYPES * dimensions],
            weights: vec![0.0; places * PROTOTYPES],
        };
        Self {
            places,
            dimensions,
            floor,
            halves: [half(), half()],
            distances: vec![0.0; places * BINS],
            range: vec![floor; places],
            unsettled: 0,
        }
    }

    /// Whether all lists have the lengths that this version works with; what was written by another one may not.
    pub fn is_sound(&self) -> bool {
        // Compared with what is there first, so that the products below are of numbers that memory can hold.
        if self.range.len() != self.places {
            return false;
        }
        let prototypes = self.places * PROTOTYPES;
        let half = |half: &Half| {
            half.weights.len() == prototypes
                && Some(half.values.len()) == prototypes.checked_mul(self.dimensions)
        };
        self.halves.iter().all(half) && self.distances.len() == self.places * BINS
    }

    pub fn fits(&self, places: usize, dimensions: usize) -> bool {
        (self.places, self.dimensions) == (places, dimensions)
    }

    /// Novelty of `vector` at `place`: its distance to the nearest prototype over the upper end of the normal
    /// range, so that above 1 is out of range. With `half`, only that half is asked. Infinite where nothing was learned.
    pub fn novelty(&self, place: usize, vector: &[f32], half: Option<usize>) -> f32 {
        self.distance(place, vector, half) / self.range[place]
    }

    fn distance(&self, place: usize, vector: &[f32], half: Option<usize>) -> f32 {
        let nearest =
            |half: &Half| half.nearest(place, vector).map_or(f32::INFINITY, |(_, distance)| distance);
        match half {
            Some(half) => nearest(&self.halves[half]),
            None => nearest(&self.halves[0]).min(nearest(&self.halves[1])),
        }
    }

    /// Takes in what is normal: the other half's surprise widens the range, then `half` learns it.
    /// Returns the novelty as judged by the other half, if that knows the place.
    pub fn learn(&mut self, place: usize, vector: &[f32], half: usize) -> Option<f32> {
        let unseen = self.distance(place, vector, Some(1 - half));
        let known = unseen.is_finite();
        if known {
            let bin = ((unseen / self.floor).max(1.0).ln() / BIN.ln()) as usize;
            self.distances[place * BINS + bin.min(BINS - 1)] += 1.0;
            self.unsettled += 1;
            if self.unsettled >= SETTLE_EVERY {
                self.settle();
            }
        }
        let same = SAME_SHARE * self.range[place].max(self.floor);
        self.halves[half].take(place, vector, same);
        known.then(|| unseen / self.range[place])
    }

    /// Brings the ranges up to date.
    fn settle(&mut self) {
        self.unsettled = 0;
        let upper = self.distances.chunks_exact(BINS).map(|counts| {
            let wanted = UPPER * counts.iter().sum::<f32>();
            let mut below = 0.0;
            let at = counts.iter().position(|count| {
                below += count;
                below >= wanted
            });
            self.floor * BIN.powi(at.map_or(0, |bin| bin as i32 + 1))
        });
        let upper: Vec<f32> = upper.collect();
        let mut sorted = upper.clone();
        sorted.sort_by(f32::total_cmp);
        let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(self.floor);
        for (range, upper) in self.range.iter_mut().zip(&upper) {
            *range = ((1.0 - SHRINKAGE) * upper + SHRINKAGE * middle).max(self.floor);
        }
    }

    /// Lets everything count for less, so that new prototypes can take the place of old ones.
    pub fn fade(&mut self, factor: f32) {
        for half in &mut self.halves {
            // What was once learned stays until its place is needed: weight 0 would mean unused.
            half.weights
                .iter_mut()
                .filter(|weight| **weight > 0.0)
                .for_each(|w| *w = (*w * factor).max(1e-3));
        }
        self.distances.iter_mut().for_each(|count| *count *= factor);
    }

    /// Prototypes in use.
    pub fn prototypes(&self) -> usize {
        self.halves.iter().flat_map(|half| &half.weights).filter(|&&weight| weight > 0.0).count()
    }
}

/// Sum of the squares of the differences, four at a time.
fn square_distance(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    let mut sums = [0.0; 4];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += (a - b) * (a - b);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| (a - b) * (a - b)).sum();
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

impl Half {
    /// The nearest prototype with its distance (root of the mean square).
    fn nearest(&self, place: usize, vector: &[f32]) -> Option<(usize, f32)> {
        let dimensions = vector.len();
        let weights = &self.weights[place * PROTOTYPES..(place + 1) * PROTOTYPES];
        let values = &self.values[place * PROTOTYPES * dimensions..(place + 1) * PROTOTYPES * dimensions];
        let mut best = None;
        let mut least = f32::INFINITY;
        for (i, (prototype, &weight)) in values.chunks_exact(dimensions).zip(weights).enumerate() {
            if weight == 0.0 {
                break;
            }
            let square = square_distance(prototype, vector);
            if square < least {
                (best, least) = (Some(i), square);
            }
        }
        best.map(|i| (i, (least / dimensions as f32).sqrt()))
    }

    /// Moves the nearest prototype towards the vector if it is nearer than `same`, else remembers a new one. When
    /// there is no room, the two that are most alike become one.
    fn take(&mut self, place: usize, vector: &[f32], same: f32) {
        let dimensions = vector.len();
        let nearest = self.nearest(place, vector);
        let weights = place * PROTOTYPES..(place + 1) * PROTOTYPES;
        if let Some((i, distance)) = nearest
            && distance < same
        {
            let weight = &mut self.weights[weights.start + i];
            *weight = (*weight + 1.0).min(1000.0);
            let share = 1.0 / *weight;
            let start = (weights.start + i) * dimensions;
            for (value, new) in self.values[start..start + dimensions].iter_mut().zip(vector) {
                *value += share * (new - *value);
            }
            return;
        }
        let free = self.weights[weights.clone()].iter().position(|&weight| weight == 0.0);
        let slot = free.unwrap_or_else(|| self.join_two(place, dimensions));
        let start = (weights.start + slot) * dimensions;
        self.values[start..start + dimensions].copy_from_slice(vector);
        self.weights[weights.start + slot] = 1.0;
    }

    /// Joins the two prototypes whose union loses least, and returns the slot that this freed.
    fn join_two(&mut self, place: usize, dimensions: usize) -> usize {
        let first = place * PROTOTYPES;
        let at = |i: usize| (first + i) * dimensions..(first + i + 1) * dimensions;
        let mut best = (f32::INFINITY, 0, 1);
        for i in 0..PROTOTYPES {
            for j in i + 1..PROTOTYPES {
                let (a, b) = (&self.values[at(i)], &self.values[at(j)]);
                let square: f32 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
                let (m, n) = (self.weights[first + i], self.weights[first + j]);
                // The growth of the squared error, as in Ward's clustering.
                let loss = square * m * n / (m + n);
                if loss < best.0 {
                    best = (loss, i, j);
                }
            }
        }
        let (_, i, j) = best;
        let (m, n) = (self.weights[first + i], self.weights[first + j]);
        for d in 0..dimensions {
            let b = self.values[(first + j) * dimensions + d];
            let a = &mut self.values[(first + i) * dimensions + d];
            *a = (*a * m + b * n) / (m + n);
        }
        self.weights[first + i] = m + n;
        j
    }
}

/// Which half learns at a time of learning: stretches grow by a third each, so that the distance in time between
/// the halves grows with what was learned.
pub fn turn(seconds: f64) -> usize {
    const FIRST: f64 = 10.0;
    const GROWTH: f64 = 4.0 / 3.0;
    // The end of stretch k is FIRST * (GROWTH^(k+1) - 1) / (GROWTH - 1).
    let stretch = ((seconds.max(0.0) * (GROWTH - 1.0) / FIRST + 1.0).ln() / GROWTH.ln()) as usize;
    stretch % 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taught(memory: &mut Memory, values: &[f32], rounds: usize) {
        for round in 0..rounds {
            for &value in values {
                memory.learn(0, &[value, -value], round % 2);
            }
        }
        memory.settle();
    }

    #[test]
    fn what_was_seen_is_known_and_what_was_not_is_new() {
        let mut memory = Memory::new(1, 2, 0.05);
        taught(&mut memory, &[0.0, 0.02, 1.0, 1.02, 3.0], 40);
        for known in [0.01, 1.0, 3.0] {
            assert!(memory.novelty(0, &[known, -known], None) < 1.0, "{known}");
        }
        assert!(memory.novelty(0, &[2.0, -2.0], None) > 5.0);
        assert!(memory.novelty(0, &[0.0, 3.0], None) > 5.0);
    }

    #[test]
    fn nothing_learned_is_infinitely_new() {
        assert_eq!(Memory::new(1, 2, 0.05).novelty(0, &[0.0, 0.0], None), f32::INFINITY);
    }

    #[test]
    fn the_halves_judge_what_they_have_not_learned() {
        let mut memory = Memory::new(1, 1, 0.01);
        assert_eq!(memory.learn(0, &[1.0], 0), None);
        let judged = memory.learn(0, &[2.0], 1).expect("the first half knows the place");
        assert!(judged > 10.0, "{judged}");
        assert_eq!(memory.novelty(0, &[1.0], Some(0)), 0.0);
        assert!(memory.novelty(0, &[1.0], Some(1)) > 1.0);
    }

    #[test]
    fn what_has_faded_leaves_the_range_to_what_is_learned_now() {
        let wide = |fades: bool| {
            let mut memory = Memory::new(1, 1, 0.01);
            let mut random = fastrand::Rng::with_seed(3);
            for i in 0..400 {
                memory.learn(0, &[20.0 * random.f32()], i % 2);
            }
            if fades {
                memory.fade(1e-4);
            }
            for i in 0..4000 {
                memory.learn(0, &[5.0], i % 2);
            }
            memory.settle();
            memory.range[0]
        };
        assert!(wide(true) < 0.1 * wide(false), "{} of {}", wide(true), wide(false));
    }

    #[test]
    fn memory_is_bounded_and_keeps_the_extremes() {
        let mut memory = Memory::new(2, 1, 0.001);
        for i in 0..2000 {
            memory.learn(0, &[(i % 200) as f32], i % 2);
        }
        assert!(memory.prototypes() <= 2 * PROTOTYPES);
        memory.settle();
        let far = memory.novelty(0, &[1000.0], None);
        for value in 0..200 {
            assert!(memory.novelty(0, &[value as f32], None) < far / 10.0);
        }
    }

    #[test]
    fn the_turns_grow() {
        let turns: Vec<usize> = (0..3600).map(|second| turn(f64::from(second))).collect();
        let changes: Vec<usize> = (1..turns.len()).filter(|&i| turns[i] != turns[i - 1]).collect();
        assert_eq!(changes[0], 10);
        assert!(changes.windows(3).all(|w| w[2] - w[1] >= w[1] - w[0]), "{changes:?}");
        let learned: usize = turns.iter().sum();
        assert!((900..2700).contains(&learned), "{learned}");
    }
}
