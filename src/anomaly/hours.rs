//! How lively each hour of the day is, on working days and at weekends. Knows the hour it is told, and no clock.

use serde::{Deserialize, Serialize};

/// An hour of the week as far as habits go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    /// 0..=23, local time.
    pub hour: u8,
    pub weekend: bool,
}

const HOURS: usize = 24;
/// So much of an hour and the ones beside it must have been seen, in seconds, before it can be called quiet.
const KNOWN_SECONDS: f32 = 2.0 * 3600.0;
/// Seconds of motion that any hour is taken to have.
const PRIOR_SECONDS: f32 = 2.0;

/// Seconds seen and seconds with motion, by hour.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hours {
    seen: Vec<f32>,
    lively: Vec<f32>,
}

impl Default for Hours {
    fn default() -> Self {
        Self { seen: vec![0.0; 2 * HOURS], lively: vec![0.0; 2 * HOURS] }
    }
}

impl Hours {
    /// Whether all lists have the lengths that this version works with.
    pub fn is_sound(&self) -> bool {
        [&self.seen, &self.lively].iter().all(|hours| hours.len() == 2 * HOURS)
    }

    pub fn add(&mut self, hour: Hour, lively: bool, seconds: f32) {
        let index = index(hour.hour.into(), hour.weekend);
        self.seen[index] += seconds;
        if lively {
            self.lively[index] += seconds;
        }
    }

    /// One over the share of time with motion at this hour and the ones beside it; `None` while they aren't known.
    pub fn quietness(&self, hour: Hour) -> Option<f32> {
        let (mut seen, mut lively) = (0.0, 0.0);
        for (offset, share) in [(HOURS - 1, 0.5), (0, 1.0), (1, 0.5)] {
            let index = index(usize::from(hour.hour) + offset, hour.weekend);
            seen += share * self.seen[index];
            lively += share * self.lively[index];
        }
        (seen > KNOWN_SECONDS).then(|| (seen + PRIOR_SECONDS) / (lively + PRIOR_SECONDS))
    }

    /// Share of time with motion, for each hour of working days, then of weekends; `None` where nothing was seen.
    pub fn shares(&self) -> impl Iterator<Item = Option<f32>> {
        self.seen.iter().zip(&self.lively).map(|(&seen, &lively)| (seen > 0.0).then(|| lively / seen))
    }

    /// Lets what was learned count for less.
    pub fn fade(&mut self, factor: f32) {
        self.seen.iter_mut().chain(&mut self.lively).for_each(|seconds| *seconds *= factor);
    }
}

fn index(hour: usize, weekend: bool) -> usize {
    usize::from(weekend) * HOURS + hour % HOURS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_hour_is_told_from_a_lively_one_once_both_are_known() {
        let mut hours = Hours::default();
        let at = |hour| Hour { hour, weekend: false };
        assert_eq!(hours.quietness(at(3)), None);
        for day in 0..4 {
            for hour in 0..24 {
                hours.add(at(hour), (8..20).contains(&hour) && day != 9, 3600.0);
            }
        }
        let (night, day) = (hours.quietness(at(3)), hours.quietness(at(12)));
        assert!(night > Some(1000.0), "{night:?}");
        assert!(day < Some(1.1), "{day:?}");
        assert_eq!(hours.quietness(Hour { hour: 12, weekend: true }), None);
    }
}
