//! All that was learned of one camera: what is kept when the program ends.

use crate::anomaly::behaviour::Behaviour;
use crate::anomaly::hours::Hours;
use crate::anomaly::rarity::Tail;
use crate::anomaly::sight::{Layout, Sight};
use crate::anomaly::signal::{Signal, Values};
use crate::anomaly::spread::Spread;
use crate::anomaly::verdict;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Learning takes at least so long, in seconds, and until things settle.
const LEAST_SECONDS: f64 = 600.0;
/// A block in which a signal is rarer than this was a surprise, and once learning is complete, moments aren't taken for
/// normal.
const SURPRISE: f32 = 2.0;
/// Once learning is complete, blocks rarer than this aren't taken for normal.
const SUSPECT: f32 = 3.0;
/// Things have settled when fewer blocks than this share were one; blocks over which the share is taken.
const SETTLED_SHARE: f32 = 0.25;
const SETTLING_BLOCKS: f32 = 20.0;
/// How often what was learned fades a little, in seconds.
const FADE_SECONDS: f64 = 600.0;

/// What is normal for one camera.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Baseline {
    pub behaviour: Behaviour,
    pub hours: Hours,
    /// `None` until the network looked once.
    pub sight: Option<Sight>,
    /// By signal: of its peaks, and of all its values.
    pub tails: Vec<Tail>,
    pub spreads: Vec<Spread>,
    /// Seconds of footage learned from.
    pub learned: f64,
    /// Share of the last blocks that were a surprise.
    surprises: f32,
    complete: bool,
    faded: f64,
    /// `learned` when the network's part was begun, and when it will be known.
    sight_since: f64,
    sight_known_at: f64,
}

impl Default for Baseline {
    fn default() -> Self {
        Self {
            behaviour: Behaviour::default(),
            hours: Hours::default(),
            sight: None,
            tails: Signal::ALL.into_iter().map(tail).collect(),
            spreads: Signal::ALL.into_iter().map(spread).collect(),
            learned: 0.0,
            surprises: 1.0,
            complete: false,
            faded: 0.0,
            sight_since: 0.0,
            sight_known_at: 0.0,
        }
    }
}

impl Baseline {
    /// Whether all lists of the behaviour's part have the lengths that this version works with; what was written by
    /// another one may not.
    pub fn is_sound(&self) -> bool {
        self.behaviour.is_sound()
            && self.hours.is_sound()
            && self.tails.len() == Signal::ALL.len()
            && self.tails.iter().all(Tail::is_sound)
            && self.spreads.len() == Signal::ALL.len()
            && self.spreads.iter().all(Spread::is_sound)
    }

    /// Takes the values of a frame as normal; `step` are the seconds since the frame before. While nobody `sees`
    /// (there is no network), nothing is learned of the network's signals: that there is none isn't normal.
    pub fn learn(&mut self, values: &Values, time: Duration, step: f64, adapt_seconds: f64, sees: bool) {
        self.learned += step;
        let most = if self.complete { SUSPECT } else { f32::INFINITY };
        let mut rarest: Option<f32> = None;
        for signal in Signal::ALL {
            if signal.is_networks() && !sees {
                continue;
            }
            let value = values.get(signal).map(|measured| measured.log);
            let spread = &mut self.spreads[signal as usize];
            if !self.complete || value.is_none_or(|value| spread.rarity(value) <= SURPRISE) {
                spread.learn(value, step as f32);
            }
            let judged = self.tails[signal as usize].learn(time, value, most);
            if let Some(rarity) = judged.filter(|_| signal != Signal::Light) {
                rarest = Some(rarest.map_or(rarity, |rarest| rarest.max(rarity)));
            }
        }
        if let Some(rarity) = rarest {
            let surprise = if rarity > SURPRISE { 1.0 } else { 0.0 };
            self.surprises += (surprise - self.surprises) / SETTLING_BLOCKS;
        }
        self.complete |= self.learned >= LEAST_SECONDS && self.settled() >= 1.0;
        if self.complete && self.learned - self.faded > FADE_SECONDS {
            self.fade((-(self.learned - self.faded) / adapt_seconds).exp() as f32);
            self.faded = self.learned;
        }
    }

    fn fade(&mut self, factor: f32) {
        self.behaviour.fade(factor);
        self.hours.fade(factor);
        self.sight.iter_mut().for_each(|sight| sight.fade(factor));
        self.tails.iter_mut().for_each(|tail| tail.fade(factor));
        self.spreads.iter_mut().for_each(|spread| spread.fade(factor));
    }

    /// Whether somebody declared it complete before it would have been by itself.
    pub fn is_brief(&self) -> bool {
        self.complete && self.learned < LEAST_SECONDS
    }

    /// From 0 to 1: how far learning is, by time and by how settled things are.
    pub fn progress(&self) -> f32 {
        if self.complete {
            return 1.0;
        }
        ((self.learned / LEAST_SECONDS).min(1.0) as f32).min(self.settled())
    }

    /// From 0 to 1.
    fn settled(&self) -> f32 {
        ((1.0 - self.surprises) / (1.0 - SETTLED_SHARE)).clamp(0.0, 1.0)
    }

    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Prototypes of what the network sees here, all places together.
    pub fn prototypes(&self) -> usize {
        self.sight.as_ref().map_or(0, Sight::prototypes)
    }

    /// The upper end of a signal's normal range, in the signal's unit or as a multiple of what the place is used to, for
    /// a number of false alarms a day; `None` while it isn't known.
    pub fn upper(&self, signal: Signal, false_alarms_per_day: f64) -> Option<f32> {
        let tail = &self.tails[signal as usize];
        let log = tail.value(verdict::threshold(false_alarms_per_day));
        (tail.measured() > 0.0 && log <= signal.span().1).then(|| log.exp())
    }

    /// Somebody says that what was learned is all that is normal.
    pub fn declare_complete(&mut self) {
        self.complete |= self.learned > 0.0;
        self.sight_known_at = self.sight_known_at.min(self.learned);
    }

    /// What was learned with the network at this geometry; begun anew if there is none.
    pub(super) fn sight(&mut self, columns: usize, rows: usize, layout: &Layout) -> &mut Sight {
        if !self.sight.as_ref().is_some_and(|sight| sight.fits(columns, rows, layout)) {
            self.forget_sight();
            self.sight_since = self.learned;
            self.sight_known_at = self.learned + LEAST_SECONDS;
        }
        self.sight.get_or_insert_with(|| Sight::new(columns, rows, layout))
    }

    /// Drops what says nothing with another network or another geometry of the picture: it is learned anew.
    pub fn forget_sight(&mut self) {
        self.sight = None;
        for signal in Signal::ALL.into_iter().filter(|signal| signal.is_networks()) {
            self.tails[signal as usize] = tail(signal);
            self.spreads[signal as usize] = spread(signal);
        }
    }

    /// Whether the network's part is known: else all that the network sees is normal.
    pub fn is_sight_known(&self) -> bool {
        self.complete && self.learned >= self.sight_known_at
    }

    /// Seconds of footage that the network's part was learned from.
    pub fn sight_learned(&self) -> f64 {
        self.learned - self.sight_since
    }

    /// What comes next doesn't follow on what was.
    pub fn cut(&mut self) {
        self.behaviour.cut();
        self.sight.iter_mut().for_each(Sight::cut);
        self.interrupt();
    }

    /// What comes now isn't to be learned: nor is what led to it.
    pub fn interrupt(&mut self) {
        self.tails.iter_mut().for_each(Tail::cut);
    }
}

fn tail(signal: Signal) -> Tail {
    Tail::new(signal.span(), signal.least_excess(), signal.excess())
}

fn spread(signal: Signal) -> Spread {
    Spread::new((signal.rest(), signal.span().1), signal.least_excess(), signal.excess_when_unknown())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learning_completes_after_ten_minutes_and_goes_on() {
        // Fifths of a second don't add up to whole ones.
        let mut baseline = Baseline::default();
        for i in 1..=3200u64 {
            baseline.learn(&Values::default(), Duration::from_millis(200 * i), 0.2, 86_400.0, true);
            assert!(!baseline.is_brief(), "nobody declared it complete");
            assert_eq!(baseline.is_complete(), baseline.learned >= LEAST_SECONDS);
        }
        assert_eq!(baseline.progress(), 1.0);
        let mut taught = Baseline::default();
        taught.learn(&Values::default(), Duration::ZERO, 60.0, 86_400.0, true);
        taught.declare_complete();
        assert!(taught.is_brief() && taught.is_complete());
    }
}
