//! How rare a value of a signal is: the tail of its largest values in blocks of ten seconds, learned from normal
//! footage. Knows numbers, nothing of what they measure.
//!
//! The largest value of a block is what a false alarm would come of, whatever the frame rate and however alike
//! neighbouring frames are. Beyond what was seen the tail is taken to fall exponentially (the peaks over a
//! threshold of extreme value theory), with the mean excess drawn to a default while few peaks are known.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Length of a block in seconds, and how many make a day.
const BLOCK_SECONDS: f32 = 10.0;
pub const BLOCKS_A_DAY: f32 = 86_400.0 / BLOCK_SECONDS;
const BINS: usize = 128;
/// The tail begins where so many blocks, or this share of them, lie above.
const TAIL_BLOCKS: f32 = 12.0;
const TAIL_SHARE: f32 = 0.05;
/// How far beyond what was seen a tail's continuation is believed, as a multiple of the powers of ten that were seen.
const REACH: f32 = 2.2;
/// Weight in peaks with which a signal's default mean excess counts.
const EXCESS_WEIGHT: f32 = 6.0;

/// The normal range of one signal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tail {
    low: f32,
    high: f32,
    /// Default mean excess.
    excess: f32,
    /// Blocks whose largest value was in a bin.
    blocks: Vec<f32>,
    /// Blocks that were ever learned.
    learned: f32,
    /// Blocks in which the signal had no value.
    empty: f32,
    /// The block under way: its largest value, and since when it lasts.
    #[serde(skip)]
    largest: Option<f32>,
    #[serde(skip)]
    since: Option<Duration>,
}

impl Tail {
    /// For a signal between `low` and `high` (what lies beyond counts as these), whose peaks are taken to exceed a
    /// threshold by `excess` in the mean while few are known.
    pub fn new(low: f32, high: f32, excess: f32) -> Self {
        Self {
            low,
            high,
            excess,
            blocks: vec![0.0; BINS],
            learned: 0.0,
            empty: 0.0,
            largest: None,
            since: None,
        }
    }

    /// Takes the signal's value at a time, `None` when there is nothing to measure. Returns the rarity of the block
    /// that ended with this, as judged before it was learned; if it is above `most`, it isn't.
    pub fn learn(&mut self, time: Duration, value: Option<f32>, most: f32) -> Option<f32> {
        let since = *self.since.get_or_insert(time);
        let mut judged = None;
        if time.saturating_sub(since).as_secs_f32() >= BLOCK_SECONDS || time < since {
            let rarity = self.largest.map_or(0.0, |largest| self.rarity(largest));
            judged = Some(rarity);
            self.since = Some(time);
            // What is at the lower end is nothing to measure: a floor that many blocks share is no part of a tail.
            let largest = self.largest.take().filter(|&largest| largest > self.low);
            if rarity > most {
                return judged;
            }
            // What was judged when little was known fades as more is known: block k of n counts k/n.
            self.learned += 1.0;
            self.fade(1.0 - 1.0 / self.learned);
            match largest {
                Some(largest) => {
                    let bin = self.bin(largest);
                    self.blocks[bin] += 1.0;
                }
                None => self.empty += 1.0,
            }
        }
        if let Some(value) = value {
            self.largest = Some(self.largest.map_or(value, |largest| largest.max(value)));
        }
        judged
    }

    /// Ends the block under way without counting it: what comes next doesn't follow on it.
    pub fn cut(&mut self) {
        (self.largest, self.since) = (None, None);
    }

    fn bin(&self, value: f32) -> usize {
        let share = (value - self.low) / (self.high - self.low);
        ((share.clamp(0.0, 1.0) * BINS as f32) as usize).min(BINS - 1)
    }

    /// Upper edge of a bin.
    fn edge(&self, bin: usize) -> f32 {
        self.low + (self.high - self.low) * (bin + 1) as f32 / BINS as f32
    }

    /// Blocks seen.
    pub fn seen(&self) -> f32 {
        self.empty + self.blocks.iter().sum::<f32>()
    }

    /// Blocks in which the signal had a value.
    pub fn measured(&self) -> f32 {
        self.blocks.iter().sum()
    }

    /// Minus the decimal logarithm of the share of normal blocks that reach `value`: 2 is one block in a hundred.
    pub fn rarity(&self, value: f32) -> f32 {
        let seen = self.seen();
        if value <= self.low {
            return 0.0;
        }
        // From above: the first bins hold too few blocks to tell a share; there the tail is fitted.
        let wanted = TAIL_BLOCKS.max(TAIL_SHARE * seen).min(0.5 * seen);
        let (mut above, mut start) = (0.0, BINS);
        while start > 0 && above < wanted {
            start -= 1;
            above += self.blocks[start];
        }
        let threshold =
            if above > 0.0 { self.edge(start) - (self.high - self.low) / BINS as f32 } else { self.low };
        if value <= threshold {
            let reach: f32 = self.blocks[self.bin(value)..].iter().sum();
            return -((reach + 0.5) / (seen + 1.0)).log10();
        }
        let middle = |bin: usize| self.edge(bin) - (self.high - self.low) / (2 * BINS) as f32;
        let excess: f32 = (start..BINS).map(|bin| self.blocks[bin] * (middle(bin) - threshold)).sum();
        // Peaks that are all alike, as those of a count are, don't mean that nothing exceeds them.
        let mean = ((excess + EXCESS_WEIGHT * self.excess) / (above + EXCESS_WEIGHT)).max(self.excess);
        let share = (above + 0.5) / (seen + 1.0);
        // Of what was hardly ever there, only that is known; how large it may become isn't.
        let vouched = (above / TAIL_BLOCKS).min(1.0);
        let beyond = (value - threshold) / mean * std::f32::consts::LOG10_E;
        self.believable(-share.log10() + vouched * beyond)
    }

    /// However far a tail is continued, a thousand blocks can't vouch for one in ten to the fifty: beyond what was
    /// seen, rarity grows ever more slowly.
    fn believable(&self, rarity: f32) -> f32 {
        let known = (self.seen() + 1.0).log10();
        // Where nothing was seen, nothing is rare.
        if rarity <= known || known <= 0.0 {
            return rarity.min(known);
        }
        let reach = REACH * known;
        known + reach * (1.0 + (rarity - known) / reach).ln()
    }

    /// The value that one normal block in `10^rarity` reaches: the upper end of the normal range.
    pub fn value(&self, rarity: f32) -> f32 {
        let (mut below, mut above) = (self.low, self.high + 4.0 * (self.high - self.low));
        for _ in 0..40 {
            let middle = (below + above) / 2.0;
            if self.rarity(middle) < rarity { below = middle } else { above = middle }
        }
        (below + above) / 2.0
    }

    /// Lets what was learned count for less.
    pub fn fade(&mut self, factor: f32) {
        self.blocks.iter_mut().for_each(|count| *count *= factor);
        self.empty *= factor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(values: impl Iterator<Item = Option<f32>>) -> Tail {
        let mut tail = Tail::new(-4.0, 6.0, 0.2);
        for (i, value) in values.enumerate() {
            // Five values a block.
            tail.learn(Duration::from_secs(2 * i as u64), value, f32::INFINITY);
        }
        tail
    }

    /// Exponential with mean 0.5.
    fn exponential(count: usize) -> impl Iterator<Item = Option<f32>> {
        let mut random = fastrand::Rng::with_seed(7);
        (0..count).map(move |_| Some(-(1.0 - random.f32()).ln() * 0.5))
    }

    #[test]
    fn the_tail_of_an_exponential_signal_is_found_and_continued() {
        let tail = learned(exponential(50_000));
        // A block of five exceeds v with 1 - (1 - e^-2v)^5, which is about 5 e^-2v far out.
        for v in [2.0f32, 3.0, 4.0, 6.0] {
            let expected = -(5.0 * (-2.0 * v).exp()).log10();
            let found = tail.rarity(v);
            assert!((found - expected).abs() < 0.35 + 0.05 * expected, "{v}: {found} for {expected}");
        }
    }

    #[test]
    fn rarity_grows_with_the_value_and_its_inverse_agrees() {
        let tail = learned(exponential(2_000));
        let mut last = 0.0;
        for i in 0..200 {
            let rarity = tail.rarity(-4.0 + 0.06 * i as f32);
            assert!(rarity >= last - 1e-4, "at {i}: {rarity} after {last}");
            last = rarity;
        }
        assert!((tail.rarity(tail.value(4.0)) - 4.0).abs() < 0.01);
    }

    #[test]
    fn nothing_known_makes_nothing_rare() {
        let tail = Tail::new(-4.0, 6.0, 0.2);
        for value in [-4.0, 0.0, 5.0, 100.0] {
            assert_eq!(tail.rarity(value), 0.0);
        }
        // One normal block is no ground to call anything one in ten thousand.
        let short = learned([Some(0.0); 10].into_iter());
        assert!(short.rarity(0.3) < 1.5, "{}", short.rarity(0.3));
    }

    #[test]
    fn a_signal_that_is_seldom_there_is_rare_when_it_is() {
        let seldom = learned((0..10_000).map(|i| (i % 500 == 0).then_some(1.0)));
        let always = learned((0..10_000).map(|_| Some(1.0)));
        assert!(seldom.rarity(0.9) > 1.8 && always.rarity(0.9) < 0.1);
    }
}
