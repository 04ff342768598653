//! All that was learned of one camera: what is kept when the program ends.

use crate::anomaly::behaviour::Behaviour;
use crate::anomaly::hours::Hours;
use crate::anomaly::rarity::Tail;
use crate::anomaly::sight::{Layout, Sight};
use crate::anomaly::signal::{Signal, Values};
use crate::anomaly::verdict;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Learning takes at least so long, in seconds, and until things settle.
const LEAST_SECONDS: f64 = 600.0;
/// A block in which a signal is rarer than this was a surprise.
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
    /// By signal.
    pub tails: Vec<Tail>,
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
        let tail = |signal: &Signal| {
            let (low, high, excess) = signal.span();
            Tail::new(low, high, excess)
        };
        Self {
            behaviour: Behaviour::default(),
            hours: Hours::default(),
            sight: None,
            tails: Signal::ALL.iter().map(tail).collect(),
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
    /// Takes the values of a frame as normal; `step` are the seconds since the frame before. While nobody `sees`
    /// (there is no network), nothing is learned of the network's signals: that there is none isn't normal.
    pub fn learn(&mut self, values: &Values, time: Duration, step: f64, adapt_seconds: f64, sees: bool) {
        self.learned += step;
        let most = if self.complete { SUSPECT } else { f32::INFINITY };
        let mut rarest: Option<f32> = None;
        for (tail, &signal) in self.tails.iter_mut().zip(&Signal::ALL) {
            if signal.is_networks() && !sees {
                continue;
            }
            let judged = tail.learn(time, values.get(signal).map(|measured| measured.log), most);
            if let Some(rarity) = judged.filter(|_| signal != Signal::Light) {
                rarest = Some(rarest.map_or(rarity, |rarest| rarest.max(rarity)));
            }
        }
        if let Some(rarity) = rarest {
            let surprise = if rarity > SURPRISE { 1.0 } else { 0.0 };
            self.surprises += (surprise - self.surprises) / SETTLING_BLOCKS;
        }
        self.complete |= self.progress() >= 1.0;
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
    }

    /// From 0 to 1: how far learning is, by time and by how settled things are.
    pub fn progress(&self) -> f32 {
        if self.complete {
            return 1.0;
        }
        let settled = ((1.0 - self.surprises) / (1.0 - SETTLED_SHARE)).clamp(0.0, 1.0);
        ((self.learned / LEAST_SECONDS).min(1.0) as f32).min(settled)
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
        for (tail, signal) in self.tails.iter_mut().zip(Signal::ALL) {
            if signal.is_networks() && tail.seen() > 0.0 {
                let (low, high, excess) = signal.span();
                *tail = Tail::new(low, high, excess);
            }
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
        self.tails.iter_mut().for_each(Tail::cut);
    }
}
