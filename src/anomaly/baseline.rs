//! All that was learned of one camera: what is kept when the program ends.

use crate::anomaly::behaviour::Behaviour;
use crate::anomaly::hours::Hours;
use crate::anomaly::rarity::Tail;
use crate::anomaly::sight::Sight;
use crate::anomaly::signal::{Signal, Values};
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
        }
    }
}

impl Baseline {
    /// Takes the values of a frame as normal; `step` are the seconds since the frame before.
    pub fn learn(&mut self, values: &Values, time: Duration, step: f64, adapt_seconds: f64) {
        self.learned += step;
        let most = if self.complete { SUSPECT } else { f32::INFINITY };
        let mut rarest: Option<f32> = None;
        for (tail, &signal) in self.tails.iter_mut().zip(&Signal::ALL) {
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

    /// Somebody says that what was learned is all that is normal.
    pub fn declare_complete(&mut self) {
        self.complete |= self.learned > 0.0;
    }

    /// What comes next doesn't follow on what was.
    pub fn cut(&mut self) {
        self.behaviour.cut();
        self.sight.iter_mut().for_each(Sight::cut);
        self.tails.iter_mut().for_each(Tail::cut);
    }
}
