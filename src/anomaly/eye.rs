//! The network with what is needed to feed it: when it is to look, and what it saw last. Knows descriptors and signals, no
//! verdicts.

use super::Judgement;
use super::model::Describe;
use super::sight::{Layout, Learning};
use super::signal::{Signal, Values};
use crate::config;
use std::time::Duration;

/// After motion the network looks on at its full rate for so long.
const AFTERMATH: Duration = Duration::from_millis(1000);

pub(super) struct Eye {
    pub network: Box<dyn Describe>,
    pub layout: Layout,
    /// When it looked last, and when something moved last.
    pub looked: Option<Duration>,
    moved: Option<Duration>,
    /// The look that the last frame is worth, until it is taken.
    pub due: Option<Due>,
    /// The last look's values.
    pub values: Values,
}

/// A look that is to be taken.
#[derive(Clone, Debug)]
pub(super) struct Due {
    /// When the frame was taken.
    pub time: Duration,
    pub learning: Learning,
    /// Seconds since the frame before.
    pub step: f64,
    /// What was said of the frame without this look, and whether the one before was part of an anomaly.
    pub judgement: Judgement,
    pub anomalous: bool,
}

/// How often it may look.
pub(super) struct Pace<'a> {
    pub settings: &'a config::Anomaly,
    /// So many times a second at most while something moves; 0: at the heartbeat only.
    pub most: f64,
    /// Seconds between the last two frames of the stack.
    pub step: f32,
}

impl Eye {
    /// # Errors
    /// The network gives other descriptors than those that are understood here, in words.
    pub fn new(network: Box<dyn Describe>) -> Result<Self, String> {
        let layout = Layout::new(&network.info().groups)?;
        Ok(Self { network, layout, looked: None, moved: None, due: None, values: Values::default() })
    }

    /// Takes a frame; `look`: what is to be done if it is time to look at it, `None` if it can't be looked at.
    pub fn plan(&mut self, time: Duration, moves: bool, pace: &Pace, look: Option<Due>) {
        if moves {
            self.moved = Some(time);
        }
        self.due = look.filter(|_| self.is_time(time, pace));
    }

    /// The full rate while something moves and shortly after, else the heartbeat's.
    fn is_time(&self, time: Duration, pace: &Pace) -> bool {
        let Some(looked) = self.looked else { return true };
        let Pace { settings, most, step } = *pace;
        let lively = self.moved.is_some_and(|moved| time.saturating_sub(moved) <= AFTERMATH);
        let rests = most <= 0.0;
        let shortest = 1.0 / if rests { settings.rate_hz } else { settings.rate_hz.min(most) };
        let period = if lively && !rests { shortest } else { settings.heartbeat_seconds.max(shortest) };
        // Half a stack's step early is nearer than half a step late.
        let early = f64::from(step) / 2.0;
        time < looked || time.saturating_sub(looked).as_secs_f64() + early >= period
    }

    /// Puts what it saw last among the other signals.
    pub fn tell(&self, values: &mut Values) {
        for signal in Signal::ALL.into_iter().filter(|signal| signal.is_networks()) {
            values.set(signal, self.values.get(signal).copied());
        }
    }

    /// What comes next doesn't follow on what was.
    pub fn cut(&mut self) {
        (self.looked, self.moved, self.due, self.values) = (None, None, None, Values::default());
    }
}

#[cfg(test)]
mod tests;
