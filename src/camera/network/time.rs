//! When a picture was taken, from a camera's clock that can't be trusted and the moment of its arrival.

use std::time::Duration;

/// A picture isn't believed to have been longer on its way than others by more than this: the camera's clock has
/// jumped, or stood still.
const MOST_LATE: f64 = 1.0;

/// The camera's clock may be slow by so much: the shortest way is forgotten at this rate. Quartz clocks are ten times
/// better.
const DRIFT: f64 = 0.001;

/// Places pictures on the process's clock, each later than the one before.
///
/// The picture that came fastest tells how the camera's clock stands to ours; one that was held up on its way is older
/// than its arrival by as much.
#[derive(Default)]
pub struct Arrivals {
    /// What is to be added to the camera's time, from the fastest picture, and the arrival it was last corrected at.
    shift: Option<(f64, f64)>,
    last: Option<Duration>,
}

impl Arrivals {
    /// `camera` is the camera's time in seconds from whenever, `now` the arrival on the process's clock.
    pub fn place(&mut self, camera: f64, now: Duration) -> Duration {
        let arrival = now.as_secs_f64();
        let direct = arrival - camera;
        let shift = match self.shift {
            Some((shift, at)) => shift + (arrival - at).max(0.0) * DRIFT,
            None => direct,
        };
        // Earlier than the fastest so far, or unbelievably late: the arrival itself tells.
        let shift = if direct < shift || direct - shift > MOST_LATE { direct } else { shift };
        self.shift = Some((shift, arrival));
        let placed = Duration::try_from_secs_f64(camera + shift).unwrap_or(now).min(now);
        // Speeds are worked out from the difference: it is never 0.
        let captured = self.last.map_or(placed, |last| placed.max(last + Duration::from_micros(1)));
        self.last = Some(captured);
        captured
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(line: &mut Arrivals, camera: f64, now: f64) -> f64 {
        (line.place(camera, Duration::from_secs_f64(now)).as_secs_f64() * 1000.0).round() / 1000.0
    }

    #[test]
    fn a_picture_that_was_held_up_is_older_than_its_arrival() {
        let mut line = Arrivals::default();
        assert_eq!(placed(&mut line, 500.0, 10.0), 10.0);
        assert_eq!(placed(&mut line, 500.04, 10.14), 10.04);
        assert_eq!(placed(&mut line, 500.08, 10.15), 10.08);
        assert_eq!(placed(&mut line, 500.12, 10.12), 10.12);
    }

    #[test]
    fn a_faster_picture_corrects_the_first() {
        let mut line = Arrivals::default();
        assert_eq!(placed(&mut line, 0.0, 10.5), 10.5);
        assert_eq!(placed(&mut line, 1.0, 11.1), 11.1);
        assert_eq!(placed(&mut line, 1.1, 11.25), 11.2);
    }

    #[test]
    fn a_clock_that_jumps_or_stands_still_does_no_harm() {
        let mut line = Arrivals::default();
        let mut last = 0.0;
        let camera = [0.0, 0.1, 5000.0, 5000.1, 3.0, 3.1, 3.1, 3.1, 3.1, -1e15, 1e15, f64::MAX, 0.0];
        for (index, camera) in camera.into_iter().enumerate() {
            let now = 10.0 + index as f64 * 0.5;
            let at = line.place(camera, Duration::from_secs_f64(now)).as_secs_f64();
            assert!(at > last && at <= now + 0.001 && now - at <= 1.01, "{camera}: {at} at {now}");
            last = at;
        }
    }

    #[test]
    fn a_clock_that_is_slow_or_fast_is_followed() {
        for rate in [0.9995, 1.0005] {
            let mut line = Arrivals::default();
            for step in 0..100_000 {
                let now = 10.0 + f64::from(step) * 0.04;
                let at =
                    line.place(f64::from(step) * 0.04 * rate, Duration::from_secs_f64(now)).as_secs_f64();
                assert!((now - at).abs() < 0.01, "{at} at {now}");
            }
        }
    }
}
