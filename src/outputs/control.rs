//! From what cameras, inputs and people say to what each output does. Knows no hardware: levels of lines come in, and
//! what each line should be goes out.

use super::arming::{Arming, Choice, Mode, Standing};
use super::debounce::Debounce;
use super::led::{Lamp, Situation};
use super::news::{Alarm, News, View};
use super::relay::{Change, Demand, Past, Relay};
use crate::anomaly::kinds::Severity;
use crate::config::outputs::{Action, Input};
use crate::config::{self, Config};
use std::time::{Duration, SystemTime};

/// Now, on all clocks.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Monotonic, since the program began.
    pub now: Duration,
    pub wall: SystemTime,
    /// The wall clock was set.
    pub clock_set: bool,
}

/// The settings that rule the outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub arming: config::Arming,
    pub leds: Vec<config::Led>,
    pub relays: Vec<config::Relay>,
    pub inputs: Vec<Input>,
    /// Names of the cameras.
    pub cameras: Vec<String>,
}

impl Settings {
    pub fn of(config: &Config) -> Self {
        Self {
            arming: config.arming.clone(),
            leds: config.leds.clone(),
            relays: config.relays.clone(),
            inputs: config.inputs.clone(),
            cameras: config.cameras.iter().map(|camera| camera.name.clone()).collect(),
        }
    }
}

/// A relay that moved, for the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Number of the relay.
    pub relay: usize,
    pub change: Change,
}

/// Decides what each output does.
pub struct Controller {
    settings: Settings,
    lamps: Vec<Lamp>,
    relays: Vec<Relay>,
    debounces: Vec<Debounce>,
    pub arming: Arming,
    views: Vec<View>,
}

impl Controller {
    /// `past` tells of each relay's closings before the start.
    pub fn new(settings: Settings, now: Duration, past: &[Past], choice: Choice) -> Self {
        let relay = |index: usize| Relay::new(now, past.get(index).copied().unwrap_or(Past::Unknown));
        Self {
            lamps: settings.leds.iter().map(|_| Lamp::default()).collect(),
            relays: (0..settings.relays.len()).map(relay).collect(),
            debounces: settings.inputs.iter().map(|_| Debounce::default()).collect(),
            arming: Arming::new(&settings.arming, choice),
            views: vec![View::default(); settings.cameras.len()],
            settings,
        }
    }

    /// New rules for the same lines.
    pub fn configure(&mut self, settings: Settings) {
        self.arming.configure(&settings.arming);
        self.settings = settings;
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes the level of an input's line; `None`: it can't be read. True if that changes anything.
    pub fn sample(&mut self, index: usize, now: Duration, raw: Option<bool>) -> bool {
        let (debounce, input) = (&mut self.debounces[index], &self.settings.inputs[index]);
        let Some(raw) = raw else {
            let known = debounce.level().is_some();
            debounce.lose();
            return known;
        };
        let before = debounce.level();
        if !debounce.sample(now, raw, Duration::from_millis(input.debounce_ms.into())) {
            return false;
        }
        let by = format!("input {}", input.name);
        match input.action {
            Action::Arm => self.arming.choose(if raw { Mode::Armed } else { Mode::Disarmed }, &by),
            // A button that is held while the program starts was pressed for something else.
            Action::Silence if raw && before == Some(false) => {
                self.arming.silence(now, Duration::from_secs_f64(self.settings.arming.silence_seconds));
            }
            Action::Silence | Action::Alarm | Action::Report => {}
        }
        true
    }

    /// The level of an input that counts.
    pub fn input(&self, index: usize) -> Option<bool> {
        self.debounces[index].level()
    }

    /// Moves on: what the cameras told, and `usable` says of each relay whether its line is there. `problem` is the
    /// first thing that is missing.
    pub fn step(
        &mut self,
        moment: &Moment,
        news: &News,
        usable: &[bool],
        problem: Option<&str>,
    ) -> (Vec<Moved>, Vec<bool>) {
        self.views.clone_from(&news.views);
        let now = moment.now;
        let standing = self.arming.standing(moment);
        let silent = self.arming.silent_for(now).is_some();
        let alarms = self.active_alarms();
        let mut moved = Vec::new();
        for (index, relay) in self.relays.iter_mut().enumerate() {
            let rules = &self.settings.relays[index];
            let allowed = match &standing {
                _ if !usable[index] => Err("its line is missing"),
                Standing::Disarmed(why) => Err(why.as_str()),
                Standing::Armed(_) if silent => Err("it is silenced"),
                Standing::Armed(_) => Ok(()),
            };
            let demand = demand(rules, &self.settings.cameras, &news.alarms, &alarms);
            if let Some(change) = relay.step(now, rules, demand.as_ref(), allowed) {
                moved.push(Moved { relay: index, change });
            }
        }
        let armed = match &standing {
            Standing::Armed(why) => Ok(why.as_str()),
            Standing::Disarmed(why) => Err(why.as_str()),
        };
        let situation = Situation {
            names: &self.settings.cameras,
            views: &self.views,
            problem,
            alarms: &alarms,
            silent,
            armed,
        };
        let lamps = self.lamps.iter_mut().zip(&self.settings.leds);
        let shown = lamps.map(|(lamp, led)| lamp.show(now, led, &situation)).collect();
        (moved, shown)
    }

    /// The cameras told nothing since the last time.
    pub fn no_news(&self) -> News {
        News { views: self.views.clone(), ..News::default() }
    }

    fn active_alarms(&self) -> Vec<(String, Severity)> {
        let inputs = self.settings.inputs.iter().zip(&self.debounces);
        inputs
            .filter(|(input, debounce)| input.action == Action::Alarm && debounce.level() == Some(true))
            .map(|(input, _)| (input.name.clone(), input.severity))
            .collect()
    }

    pub fn lamp(&self, index: usize) -> &Lamp {
        &self.lamps[index]
    }

    pub fn relay_is_closed(&self, index: usize) -> bool {
        self.relays[index].is_closed()
    }

    pub fn test_lamp(&mut self, index: usize, now: Duration, length: Duration) {
        self.lamps[index].test(now, length);
    }

    /// # Errors
    /// Why that isn't possible, in words.
    pub fn test_relay(
        &mut self,
        index: usize,
        now: Duration,
        length: Duration,
        by: &str,
    ) -> Result<Moved, String> {
        let reason = format!("test by {by}");
        let change = self.relays[index].test(now, &self.settings.relays[index], length, &reason)?;
        Ok(Moved { relay: index, change })
    }

    /// How long a relay must still stay open after its last closing.
    pub fn pause_left(&self, index: usize, now: Duration) -> Duration {
        self.relays[index].pause_left(now, &self.settings.relays[index])
    }

    /// A relay's line can't be moved any more.
    pub fn lose_relay(&mut self, index: usize, now: Duration) -> Option<Moved> {
        let change = self.relays[index].end(now, "its line was lost")?;
        Some(Moved { relay: index, change })
    }

    /// A relay's line was taken, at the safe level.
    pub fn retake_relay(&mut self, index: usize, now: Duration) {
        self.relays[index].retaken(now);
    }

    /// All relays open, for good.
    pub fn end(&mut self, now: Duration, why: &str) -> Vec<Moved> {
        let relays = self.relays.iter_mut().enumerate();
        relays.filter_map(|(relay, state)| Some(Moved { relay, change: state.end(now, why)? })).collect()
    }

    /// When something changes next without news.
    pub fn deadline(&self, now: Duration) -> Option<Duration> {
        let lamps = self.lamps.iter().filter_map(|lamp| lamp.lit(now).1);
        let relays = self.relays.iter().zip(&self.settings.relays);
        let relays = relays.filter_map(|(relay, rules)| relay.deadline(rules));
        let silence = self.arming.silent_for(now).map(|left| now + left);
        lamps.chain(relays).chain(silence).min()
    }
}

/// What closes a relay, if anything does.
fn demand(
    rules: &config::Relay,
    cameras: &[String],
    seen: &[Alarm],
    felt: &[(String, Severity)],
) -> Option<Demand> {
    let input =
        felt.iter().find(|(name, severity)| rules.inputs.contains(name) && *severity >= rules.min_severity);
    if let Some((name, severity)) = input {
        let reason = format!("input {name}, severity {}", severity.name());
        return Some(Demand { reason });
    }
    let alarm = seen.iter().find(|alarm| closes(rules, cameras, alarm))?;
    let camera = cameras.get(alarm.camera).map_or("", String::as_str);
    let what = match &alarm.cause.zone {
        Some(zone) => format!("motion in zone {zone}"),
        None => alarm.cause.kind.name().replace('_', " "),
    };
    let reason = format!("{what} at {camera}, severity {}", alarm.cause.severity.name());
    Some(Demand { reason })
}

/// Whether a relay's rules say that this closes it.
pub fn closes(rules: &config::Relay, cameras: &[String], alarm: &Alarm) -> bool {
    let chosen = |list: &[String], name: &str| list.is_empty() || list.iter().any(|entry| entry == name);
    let cause = &alarm.cause;
    let in_zone =
        rules.zones.is_empty() || cause.zone.as_deref().is_some_and(|zone| chosen(&rules.zones, zone));
    cause.severity >= rules.min_severity
        && in_zone
        && chosen(&rules.types, cause.kind.name())
        && cameras.get(alarm.camera).is_some_and(|camera| chosen(&rules.cameras, camera))
        && (rules.while_learning || !alarm.learning)
}
