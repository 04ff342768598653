//! How often the network may look: less while the analysis falls behind the camera or the board is hot. Without load it
//! limits nothing, so that the live service gives the verdicts that `analyze` gives.

use crate::service::thermal::Thermometer;
use std::time::Duration;

/// Frames skipped are counted over so long.
const WINDOW: Duration = Duration::from_secs(2);
/// A single frame that was skipped in it is an accident.
const SKIPPED: u64 = 2;
/// Load lowers the rate down to this, in looks a second.
const LEAST_RATE: f64 = 1.0;
/// And further where a look takes long: while there is load, looks take no more of the time than this. No frame is
/// analysed during a look, so a board that is far too slow for the network would show hardly a picture.
const LARGEST_SHARE: f64 = 0.25;
/// After so long without load the rate rises again, by this factor each window.
const CALM: Duration = Duration::from_secs(10);
const RECOVERY: f64 = 1.25;
/// The temperature is read so often.
const HEAT_PERIOD: Duration = Duration::from_secs(5);
/// From here on half the rate, and from there on the heartbeat alone, in degrees Celsius. A Raspberry Pi lowers its
/// clock at 80 and more so at 85 (its documentation on thermal management); so much cooler, and it is over.
const HOT: f32 = 80.0;
const TOO_HOT: f32 = 85.0;
const COOLER: f32 = 3.0;

#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
enum Heat {
    #[default]
    Fine,
    Hot,
    TooHot,
}

/// Decides for one camera.
pub struct Governor {
    thermometer: Box<dyn Thermometer>,
    /// What load allows; infinite without.
    rate: f64,
    window: Option<(Duration, u64)>,
    loaded: Option<Duration>,
    /// How long the last look took.
    look: Duration,
    heat: Heat,
    celsius: f32,
    read: Option<Duration>,
}

impl Governor {
    pub fn new(thermometer: Box<dyn Thermometer>) -> Self {
        Self {
            thermometer,
            rate: f64::INFINITY,
            window: None,
            loaded: None,
            look: Duration::ZERO,
            heat: Heat::Fine,
            celsius: 0.0,
            read: None,
        }
    }

    /// The network looked, for so long.
    pub fn looked(&mut self, took: Duration) {
        self.look = took;
    }

    /// The most looks a second from now on: infinite for no limit, 0 for the heartbeat alone. `skipped` counts the frames
    /// that nobody had time for since the program started, `configured` is the rate without load.
    pub fn limit(&mut self, now: Duration, skipped: u64, configured: f64) -> f64 {
        self.feel(now);
        let (begun, before) = *self.window.get_or_insert((now, skipped));
        if now.saturating_sub(begun) >= WINDOW {
            self.window = Some((now, skipped));
            let least = LEAST_RATE.min(configured);
            if skipped.saturating_sub(before) >= SKIPPED {
                let affordable = LARGEST_SHARE / self.look.as_secs_f64();
                self.rate = (self.rate.min(configured) / 2.0).max(least).min(affordable);
                self.loaded = Some(now);
            } else if self.loaded.is_some_and(|loaded| now.saturating_sub(loaded) >= CALM) {
                self.rate *= RECOVERY;
            }
            if self.rate >= configured {
                (self.rate, self.loaded) = (f64::INFINITY, None);
            }
        }
        match self.heat {
            Heat::Fine => self.rate,
            Heat::Hot => self.rate.min(configured / 2.0),
            Heat::TooHot => 0.0,
        }
    }

    fn feel(&mut self, now: Duration) {
        if self.read.is_some_and(|read| now.saturating_sub(read) < HEAT_PERIOD) {
            return;
        }
        self.read = Some(now);
        let Some(celsius) = self.thermometer.celsius() else {
            self.heat = Heat::Fine;
            return;
        };
        self.celsius = celsius;
        let at = |limit: f32, heat: Heat| celsius > limit - if self.heat >= heat { COOLER } else { 0.0 };
        self.heat = match () {
            () if at(TOO_HOT, Heat::TooHot) => Heat::TooHot,
            () if at(HOT, Heat::Hot) => Heat::Hot,
            () => Heat::Fine,
        };
    }

    /// Why the network looks less often than is configured, in words.
    pub fn reason(&self) -> Option<String> {
        match self.heat {
            Heat::TooHot => Some(format!("the board is too hot ({:.0} °C): the network rests", self.celsius)),
            Heat::Hot => Some(format!("the board is hot ({:.0} °C)", self.celsius)),
            Heat::Fine => self.rate.is_finite().then(|| "the analysis falls behind the camera".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone)]
    struct Fake(Arc<Mutex<Option<f32>>>);

    impl Thermometer for Fake {
        fn celsius(&self) -> Option<f32> {
            *self.0.lock().unwrap()
        }
    }

    fn governor(celsius: Option<f32>) -> (Governor, Fake) {
        let fake = Fake(Arc::new(Mutex::new(celsius)));
        (Governor::new(Box::new(fake.clone())), fake)
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn without_load_nothing_is_limited() {
        for celsius in [None, Some(60.0)] {
            let (mut governor, _) = governor(celsius);
            // A frame that is skipped now and then is no load.
            for second in 0..100 {
                assert_eq!(governor.limit(at(second), second / 4, 5.0), f64::INFINITY);
            }
            assert_eq!(governor.reason(), None);
        }
    }

    #[test]
    fn frames_skipped_halve_the_rate_and_it_comes_back_slowly() {
        let (mut governor, _) = governor(None);
        let mut limits: Vec<f64> =
            (0..=10).map(|second| governor.limit(at(second), 10 * second, 5.0)).collect();
        limits.dedup();
        assert_eq!(limits, [f64::INFINITY, 2.5, 1.25, 1.0]);
        assert!(governor.reason().unwrap().contains("falls behind"));
        let back: Vec<f64> = (11..60).map(|second| governor.limit(at(second), 100, 5.0)).collect();
        assert!(back.windows(2).all(|pair| pair[1] >= pair[0]), "{back:?}");
        assert_eq!(back[8], 1.0, "calm has to last");
        assert_eq!(back.last(), Some(&f64::INFINITY));
        assert_eq!(governor.reason(), None);
    }

    #[test]
    fn a_look_that_takes_long_leaves_time_for_frames() {
        let (mut governor, _) = governor(None);
        governor.looked(Duration::from_secs(5));
        assert_eq!(governor.limit(at(0), 0, 5.0), f64::INFINITY, "without load nothing is limited");
        assert_eq!(governor.limit(at(2), 10, 5.0), 0.05, "a look each 20 s");
        governor.looked(Duration::from_millis(100));
        assert_eq!(governor.limit(at(4), 20, 5.0), 1.0, "it is fast again");
    }

    #[test]
    fn load_never_raises_a_low_rate() {
        let (mut governor, _) = governor(None);
        for second in 0..20 {
            let limit = governor.limit(at(second), 10 * second, 0.2);
            assert!(limit == f64::INFINITY || limit <= 0.2, "{limit}");
        }
    }

    #[test]
    fn heat_halves_the_rate_and_more_heat_leaves_the_heartbeat() {
        let (mut governor, fake) = governor(Some(79.0));
        let mut step = 0;
        let mut limit = |celsius| {
            *fake.0.lock().unwrap() = celsius;
            step += 5;
            (governor.limit(at(step), 0, 5.0), governor.reason())
        };
        assert_eq!(limit(Some(80.0)), (f64::INFINITY, None));
        assert_eq!(limit(Some(81.0)), (2.5, Some("the board is hot (81 °C)".into())));
        assert_eq!(limit(Some(78.0)).0, 2.5, "it has to be cooler by some degrees");
        assert_eq!(limit(Some(86.0)).0, 0.0);
        assert_eq!(limit(Some(83.0)).0, 0.0);
        assert_eq!(limit(Some(82.0)).0, 2.5);
        assert_eq!(limit(Some(77.0)).0, f64::INFINITY);
        limit(Some(90.0));
        assert_eq!(limit(None).0, f64::INFINITY, "a sensor that is gone says nothing");
    }
}
