//! When a frame was taken and which number it has, from a driver's word that can't be trusted.

use std::time::Duration;

/// A frame that waited longer in the driver's queue than this isn't believed to: its clock is wrong.
const MAX_AGE: Duration = Duration::from_secs(60);

/// More frames than this are not lost at once: the driver's counter has jumped. (A minute at 60 frames a second.)
const MAX_GAP: u32 = 3600;

/// Places frames on the process's clock, each later than the one before.
#[derive(Default)]
pub struct Timeline {
    last: Option<Duration>,
}

impl Timeline {
    /// `taken` and `monotonic` are the driver's word and the present on `CLOCK_MONOTONIC`, `now` is the present
    /// on the process's clock. A time in the future or long ago is taken for the present.
    pub fn place(&mut self, taken: Option<Duration>, monotonic: Duration, now: Duration) -> Duration {
        let age = taken
            .and_then(|taken| monotonic.checked_sub(taken))
            .filter(|age| *age <= MAX_AGE)
            .unwrap_or(Duration::ZERO);
        let placed = now.saturating_sub(age);
        // Speeds are worked out from the difference: it is never 0.
        let captured = self.last.map_or(placed, |last| placed.max(last + Duration::from_micros(1)));
        self.last = Some(captured);
        captured
    }
}

/// Numbers frames from 0, with the driver's gaps where its counter makes sense.
#[derive(Default)]
pub struct Counter {
    last: Option<(u32, u64)>,
}

impl Counter {
    pub fn next(&mut self, driver: u32) -> u64 {
        let number = self.last.map_or(0, |(before, number)| {
            let step = driver.wrapping_sub(before);
            number + if (1..=MAX_GAP).contains(&step) { u64::from(step) } else { 1 }
        });
        self.last = Some((driver, number));
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_frame_is_as_old_as_the_driver_says() {
        let mut line = Timeline::default();
        assert_eq!(line.place(Some(ms(99_960)), ms(100_000), ms(5000)), ms(4960));
        assert_eq!(line.place(Some(ms(99_995)), ms(100_040), ms(5040)), ms(4995));
    }

    #[test]
    fn a_driver_without_monotonic_time_means_now() {
        assert_eq!(Timeline::default().place(None, ms(100_000), ms(5000)), ms(5000));
    }

    #[test]
    fn times_in_the_future_or_long_ago_mean_now() {
        assert_eq!(Timeline::default().place(Some(ms(100_500)), ms(100_000), ms(5000)), ms(5000));
        assert_eq!(Timeline::default().place(Some(ms(1)), ms(100_000), ms(90_000)), ms(90_000));
    }

    #[test]
    fn a_camera_clock_that_jumps_back_doesnt_turn_time_back() {
        let mut line = Timeline::default();
        let first = line.place(Some(ms(99_990)), ms(100_000), ms(5000));
        let second = line.place(Some(ms(99_000)), ms(100_010), ms(5010));
        let third = line.place(Some(ms(100_045)), ms(100_050), ms(5050));
        assert!(first < second && second < third && third == ms(5045), "{first:?} {second:?} {third:?}");
    }

    #[test]
    fn a_frame_from_before_the_process_began_is_at_its_beginning() {
        assert_eq!(Timeline::default().place(Some(ms(90_000)), ms(100_000), ms(3)), ms(0));
    }

    #[test]
    fn gaps_are_lost_frames_and_jumps_are_not() {
        let mut counter = Counter::default();
        let numbers: Vec<_> = [7, 8, 11, 12, 12, 4, 5, 90_000, 90_001].map(|n| counter.next(n)).into();
        assert_eq!(numbers, [0, 1, 4, 5, 6, 7, 8, 9, 10]);
    }

    #[test]
    fn the_drivers_counter_may_wrap() {
        let mut counter = Counter::default();
        assert_eq!([u32::MAX - 1, u32::MAX, 0, 2].map(|n| counter.next(n)), [0, 1, 2, 4]);
    }
}
