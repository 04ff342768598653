//! How rare a value of a signal is: the tail of its largest values in blocks of ten seconds, learned from normal
//! footage. Knows numbers, nothing of what they measure.
//!
//! The largest value of a block is what a false alarm would come of, whatever the frame rate and however alike
//! neighbouring frames are. Beyond what was seen the tail is taken to fall exponentially (the peaks over a
//! threshold of extreme value theory), with the mean excess drawn to a default while few peaks are known.

use crate::anomaly::histogram::Histogram;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Length of a block in seconds, and how many make a day.
const BLOCK_SECONDS: f32 = 10.0;
pub const BLOCKS_A_DAY: f32 = 86_400.0 / BLOCK_SECONDS;
/// Once learning is complete, so many blocks wait before they are learned.
const WAITING_BLOCKS: usize = 3;
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
    /// Mean excess: the least that is believed, and what is taken for it while it isn't known.
    least: f32,
    unknown: f32,
    /// Blocks by their largest value.
    blocks: Histogram,
    /// Blocks that were ever learned.
    learned: f32,
    /// Blocks in which the signal had no value.
    empty: f32,
    /// The block under way: its largest value, and since when it lasts.
    #[serde(skip)]
    largest: Option<f32>,
    #[serde(skip)]
    since: Option<Duration>,
    /// The last blocks by their largest value, oldest first: to be learned unless they lead to an anomaly.
    #[serde(skip)]
    waiting: VecDeque<Option<f32>>,
}

impl Tail {
    /// For a signal between `low` and `high` (what lies beyond counts as these), whose peaks exceed a threshold in the
    /// mean by `least` at least, and by `unknown` while few are known.
    pub fn new((low, high): (f32, f32), least: f32, unknown: f32) -> Self {
        Self {
            least,
            unknown,
            blocks: Histogram::new(low, high),
            learned: 0.0,
            empty: 0.0,
            largest: None,
            since: None,
            waiting: VecDeque::new(),
        }
    }

    /// Whether all lists have the lengths that this version works with.
    pub fn is_sound(&self) -> bool {
        self.blocks.is_sound()
    }

    /// Takes the signal's value at a time, `None` when there is nothing to measure. Returns the rarity of the block
    /// that ended with this, as judged before it was learned; if it is above `most`, it isn't. Where that is finite, what is
    /// learned are the blocks of half a minute ago, or [`Tail::cut`] drops them.
    pub fn learn(&mut self, time: Duration, value: Option<f32>, most: f32) -> Option<f32> {
        let since = *self.since.get_or_insert(time);
        let mut judged = None;
        if time.saturating_sub(since).as_secs_f32() >= BLOCK_SECONDS || time < since {
            let rarity = self.largest.map_or(0.0, |largest| self.rarity(largest));
            judged = Some(rarity);
            self.since = Some(time);
            // What is at the lower end is nothing to measure: a floor that many blocks share is no part of a tail.
            let largest = self.largest.take().filter(|&largest| largest > self.blocks.ends().0);
            if rarity > most {
                return judged;
            }
            self.waiting.push_back(largest);
            let keep = if most.is_finite() { WAITING_BLOCKS } else { 0 };
            while self.waiting.len() > keep {
                let block = self.waiting.pop_front().flatten();
                self.count(block);
            }
        }
        if let Some(value) = value {
            self.largest = Some(self.largest.map_or(value, |largest| largest.max(value)));
        }
        judged
    }

    fn count(&mut self, largest: Option<f32>) {
        // What was judged when little was known fades as more is known: block k of n counts k/n.
        self.learned += 1.0;
        self.fade(1.0 - 1.0 / self.learned);
        match largest {
            Some(largest) => self.blocks.add(largest, 1.0),
            None => self.empty += 1.0,
        }
    }

    /// Ends the block under way without counting it, nor those that wait: what comes next doesn't follow on them.
    pub fn cut(&mut self) {
        (self.largest, self.since) = (None, None);
        self.waiting.clear();
    }

    /// Blocks seen.
    pub fn seen(&self) -> f32 {
        self.empty + self.blocks.total()
    }

    /// Blocks in which the signal had a value.
    pub fn measured(&self) -> f32 {
        self.blocks.total()
    }

    /// Minus the decimal logarithm of the share of normal blocks that reach `value`: 2 is one block in a hundred.
    pub fn rarity(&self, value: f32) -> f32 {
        let seen = self.seen();
        if value <= self.blocks.ends().0 {
            return 0.0;
        }
        // From above: the first bins hold too few blocks to tell a share; there the tail is fitted.
        let top = self.blocks.top(TAIL_BLOCKS.max(TAIL_SHARE * seen).min(0.5 * seen));
        if value <= top.threshold {
            return -((self.blocks.reaches(value, false) + 0.5) / (seen + 1.0)).log10();
        }
        // Peaks that are all alike, as those of a count are, don't mean that nothing exceeds them.
        let mean = (top.excess + EXCESS_WEIGHT * self.unknown) / (top.weight + EXCESS_WEIGHT);
        let share = (top.weight + 0.5) / (seen + 1.0);
        // Of what was hardly ever there, only that is known; how large it may become isn't.
        let vouched = (top.weight / TAIL_BLOCKS).min(1.0);
        let beyond = (value - top.threshold) / mean.max(self.least) * std::f32::consts::LOG10_E;
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
        let (low, high) = self.blocks.ends();
        let (mut below, mut above) = (low, high + 4.0 * (high - low));
        for _ in 0..40 {
            let middle = (below + above) / 2.0;
            if self.rarity(middle) < rarity { below = middle } else { above = middle }
        }
        (below + above) / 2.0
    }

    /// Lets what was learned count for less.
    pub fn fade(&mut self, factor: f32) {
        self.blocks.fade(factor);
        self.empty *= factor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(values: impl Iterator<Item = Option<f32>>) -> Tail {
        let mut tail = Tail::new((-4.0, 6.0), 0.2, 0.2);
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
        let tail = Tail::new((-4.0, 6.0), 0.2, 0.2);
        for value in [-4.0, 0.0, 5.0, 100.0] {
            assert_eq!(tail.rarity(value), 0.0);
        }
        // One normal block is no ground to call anything one in ten thousand.
        let short = learned([Some(0.0); 10].into_iter());
        assert!(short.rarity(0.3) < 1.5, "{}", short.rarity(0.3));
    }

    #[test]
    fn what_leads_to_an_anomaly_is_not_learned() {
        let mut tail = learned((0..1000).map(|_| Some(0.0)));
        tail.cut();
        let known = tail.seen();
        let mut watch = |seconds: std::ops::Range<u64>| {
            for second in seconds {
                tail.learn(Duration::from_secs(second), Some(1.0), 9.0);
            }
            tail.seen()
        };
        assert_eq!(watch(3000..3040), known, "three blocks wait, and one is under way");
        let learned = watch(3040..3041);
        assert!(learned > known, "the first of four");
        tail.cut();
        for second in 4000..4040 {
            tail.learn(Duration::from_secs(second), Some(1.0), 9.0);
        }
        assert_eq!(tail.seen(), learned, "those that waited are gone");
    }

    #[test]
    fn a_signal_that_is_seldom_there_is_rare_when_it_is() {
        let seldom = learned((0..10_000).map(|i| (i % 500 == 0).then_some(1.0)));
        let always = learned((0..10_000).map(|_| Some(1.0)));
        assert!(seldom.rarity(0.9) > 1.8 && always.rarity(0.9) < 0.1);
    }
}
