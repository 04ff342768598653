//! Picks the frames of a lower rate out of a stream.

use std::time::Duration;

/// Cameras' time stamps tremble.
const TOLERANCE: Duration = Duration::from_micros(500);

/// Remembers when the next frame is due.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Beat {
    due: Duration,
}

impl Beat {
    /// Whether the frame taken at `time` is one of `rate` a second, more than 0.
    pub fn is_due(&mut self, time: Duration, rate: f64) -> bool {
        let period = Duration::from_secs_f64(rate.recip());
        // What is due later than in a period was planned by another clock or at another rate.
        if time + TOLERANCE < self.due && self.due <= time + period {
            return false;
        }
        // From the plan and not from this frame, so that 10 of 25 a second are 10 and not 8.3; but what was missed is not
        // made up for in a burst.
        self.due = (self.due + period).clamp(time + period / 2, time + period);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of the frames at `times` (ms) that are due.
    fn due(rate: f64, times: impl Iterator<Item = u64>) -> Vec<u64> {
        let mut beat = Beat::default();
        times.filter(|&at| beat.is_due(Duration::from_millis(at), rate)).collect()
    }

    #[test]
    fn ten_of_twenty_five_frames_a_second_are_ten() {
        let times = due(10.0, (100..125).map(|n| 40 * n));
        assert!((10..=11).contains(&times.len()), "{times:?}");
        assert_eq!(due(10.0, (0..30).map(|n| 100 * n / 3)).len(), 10);
        assert_eq!(due(10.0, (0..10).map(|n| 200 * n)).len(), 10, "slower cameras lose nothing");
    }

    #[test]
    fn what_was_missed_is_not_made_up_for_in_a_burst() {
        let times = due(5.0, (0..5).chain(20..60).map(|n| 40 * n));
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 100), "{times:?}");
    }

    #[test]
    fn a_clock_that_began_anew_stops_nothing() {
        assert_eq!(due(10.0, [5000, 5100, 0, 50, 100, 200].into_iter()), [5000, 5100, 0, 100, 200]);
    }
}
