//! What an LED shows: which of its patterns, why, and whether it is lit at this moment.

use super::news::{Health, View};
use super::pattern;
use crate::anomaly::kinds::Severity;
use crate::config::outputs::{Led, Pattern, Shows};
use crate::pipeline::State;
use std::time::Duration;

/// A person who tries an LED out sees this.
const TEST_PATTERN: fn() -> Pattern = || Pattern::Blink(vec![100, 100]);

/// What all LEDs tell of.
pub struct Situation<'a> {
    /// Names of the cameras.
    pub names: &'a [String],
    pub views: &'a [View],
    /// The first thing that is missing, in words.
    pub problem: Option<&'a str>,
    /// Active inputs that are alarms: name and severity.
    pub alarms: &'a [(String, Severity)],
    pub silent: bool,
    pub armed: Result<&'a str, &'a str>,
}

/// One LED over time.
#[derive(Debug, Default)]
pub struct Lamp {
    shown: Option<(Pattern, Duration)>,
    why: String,
    test_until: Option<Duration>,
}

impl Lamp {
    /// Takes the situation; true if it shows something else from now on.
    pub fn show(&mut self, now: Duration, led: &Led, situation: &Situation<'_>) -> bool {
        if self.test_until.is_some_and(|until| now >= until) {
            self.test_until = None;
        }
        let (pattern, why) = match self.test_until {
            Some(_) => (TEST_PATTERN(), "somebody tries it out".into()),
            None => chosen(led, situation),
        };
        self.why = why;
        if self.shown.as_ref().is_some_and(|(shown, _)| *shown == pattern) {
            return false;
        }
        self.shown = Some((pattern, now));
        true
    }

    pub fn test(&mut self, now: Duration, length: Duration) {
        self.test_until = Some(now + length);
    }

    /// Whether it is lit, and when that changes by itself.
    pub fn lit(&self, now: Duration) -> (bool, Option<Duration>) {
        let Some((pattern, since)) = &self.shown else { return (false, None) };
        let (lit, stays) = pattern::at(pattern, now.saturating_sub(*since));
        let change = stays.map(|stays| now + stays);
        (lit, [change, self.test_until].into_iter().flatten().min())
    }

    /// Why it shows what it shows, in words.
    pub fn why(&self) -> &str {
        &self.why
    }
}

fn chosen(led: &Led, situation: &Situation<'_>) -> (Pattern, String) {
    let patterns = &led.patterns;
    let cameras = || {
        let all = situation.names.iter().zip(situation.views);
        all.filter(|(name, _)| led.cameras.is_empty() || led.cameras.contains(name))
    };
    let first =
        |wanted: fn(&View) -> bool| cameras().find(|(_, view)| wanted(view)).map(|(name, _)| name.as_str());
    match led.shows {
        Shows::Status => {
            if let Some(lost) = first(|view| view.health == Health::Lost) {
                (patterns.degraded.clone(), format!("{lost} is lost"))
            } else if let Some(problem) = situation.problem {
                (patterns.degraded.clone(), problem.into())
            } else if cameras().all(|(_, view)| view.health == Health::Stopped) {
                (patterns.stopped.clone(), "no camera runs".into())
            } else if let Some(starting) = first(|view| view.health == Health::Starting) {
                (patterns.learning.clone(), format!("the first picture of {starting} is awaited"))
            } else if let Some(learning) = first(|view| view.health == Health::Well && view.learning) {
                (patterns.learning.clone(), format!("{learning} learns what is normal"))
            } else {
                (patterns.healthy.clone(), "all is well".into())
            }
        }
        Shows::Motion => match first(|view| view.state != State::Idle) {
            Some(moving) => (patterns.motion.clone(), format!("something moves at {moving}")),
            None => (patterns.idle.clone(), "nothing moves".into()),
        },
        Shows::Alert => {
            let seen = cameras().filter_map(|(name, view)| Some((view.severity?, name)));
            let felt = situation.alarms.iter().map(|(name, severity)| (*severity, name));
            match seen.chain(felt).max_by_key(|(severity, _)| *severity) {
                None => (patterns.calm.clone(), "no alert".into()),
                Some((_, at)) if situation.silent => {
                    (patterns.silenced.clone(), format!("an alert at {at} is silenced"))
                }
                Some((severity, at)) => (
                    patterns.of(severity).clone(),
                    format!("an alert of severity {} at {at}", severity.name()),
                ),
            }
        }
        Shows::Armed => match situation.armed {
            Ok(why) => (patterns.armed.clone(), why.into()),
            Err(why) => (patterns.disarmed.clone(), why.into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(health: Health, learning: bool) -> View {
        View { health, learning, ..View::default() }
    }

    fn pattern_of<'a>(
        shows: Shows,
        views: &'a [View],
        change: impl Fn(&mut Situation<'a>),
    ) -> (Pattern, String) {
        // More names than any test has cameras.
        static NAMES: std::sync::LazyLock<Vec<String>> =
            std::sync::LazyLock::new(|| (0..9).map(|number| format!("camera{number}")).collect());
        let mut situation = Situation {
            names: &NAMES,
            views,
            problem: None,
            alarms: &[],
            silent: false,
            armed: Err("disarmed by the API"),
        };
        change(&mut situation);
        chosen(&Led { shows, ..Led::default() }, &situation)
    }

    #[test]
    fn the_status_led_tells_the_worst() {
        use Health::{Lost, Starting, Stopped, Well};
        let patterns = Led::default().patterns;
        for (views, pattern, why) in [
            (vec![view(Well, false)], &patterns.healthy, "all is well"),
            (vec![view(Well, false), view(Well, true)], &patterns.learning, "camera1 learns"),
            (vec![view(Well, true), view(Lost, false)], &patterns.degraded, "camera1 is lost"),
            (vec![view(Stopped, false), view(Starting, false)], &patterns.learning, "camera1 is awaited"),
            (vec![view(Stopped, true), view(Stopped, false)], &patterns.stopped, "no camera runs"),
            (vec![view(Stopped, true), view(Well, false)], &patterns.healthy, "all is well"),
        ] {
            let (found, words) = pattern_of(Shows::Status, &views, |_| {});
            assert_eq!(&found, pattern, "{views:?}");
            assert!(words.contains(why), "{words}");
        }
        let (found, words) = pattern_of(Shows::Status, &[view(Stopped, false)], |situation| {
            situation.problem = Some("siren: GPIO27 is in use");
        });
        assert_eq!((found, words.as_str()), (patterns.degraded, "siren: GPIO27 is in use"));
    }

    #[test]
    fn the_alert_led_blinks_by_the_worst_severity_and_shows_silence() {
        let patterns = Led::default().patterns;
        let alert = |severity| View { severity, state: State::Alert, ..view(Health::Well, false) };
        let tamper = [("lid".to_string(), Severity::Critical)];
        let views = [alert(Some(Severity::Low)), alert(Some(Severity::High)), alert(None)];
        assert_eq!(pattern_of(Shows::Alert, &views, |_| {}).0, patterns.high);
        assert_eq!(pattern_of(Shows::Alert, &views[2..], |_| {}).0, patterns.calm);
        assert_eq!(pattern_of(Shows::Alert, &views, |s| s.alarms = &tamper).0, patterns.critical);
        assert_eq!(pattern_of(Shows::Alert, &views, |s| s.silent = true).0, patterns.silenced);
        assert_eq!(pattern_of(Shows::Motion, &views, |_| {}).0, patterns.motion);
        assert_eq!(
            pattern_of(Shows::Armed, &views, |_| {}),
            (patterns.disarmed, "disarmed by the API".into())
        );
    }

    #[test]
    fn a_lamp_blinks_from_the_moment_of_the_change_and_tests_end() {
        let led = Led { shows: Shows::Motion, ..Led::default() };
        let (names, views) = (["a".to_string()], [view(Health::Well, false)]);
        let situation = Situation {
            names: &names,
            views: &views,
            problem: None,
            alarms: &[],
            silent: false,
            armed: Ok("armed"),
        };
        let ms = Duration::from_millis;
        let mut lamp = Lamp::default();
        assert!(lamp.show(ms(7), &led, &situation) && !lamp.show(ms(8), &led, &situation));
        assert_eq!(lamp.lit(ms(8)), (false, None));
        lamp.test(ms(1000), ms(250));
        assert!(lamp.show(ms(1000), &led, &situation));
        assert_eq!(lamp.lit(ms(1000)), (true, Some(ms(1100))));
        assert_eq!(lamp.lit(ms(1240)), (true, Some(ms(1250))));
        assert!(lamp.show(ms(1250), &led, &situation));
        assert_eq!(lamp.lit(ms(1250)), (false, None));
    }
}
