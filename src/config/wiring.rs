//! What LEDs, relays and inputs must be together with each other and with the cameras. Knows nothing of TOML.

use super::outputs::{Action, Line, Shows};
use super::{Config, Source, ZoneKind};

/// One thing that doesn't fit, with the keys that it is about; the first is the one to change.
pub struct Misfit {
    pub keys: Vec<String>,
    pub text: String,
}

/// Everything that doesn't fit. `written` tells whether a key is in the file, and `demo_zone_comes` whether demo scenes
/// without zones will get their own.
pub fn misfits(config: &Config, written: &dyn Fn(&str) -> bool, demo_zone_comes: bool) -> Vec<Misfit> {
    let mut found = twins(config);
    for (index, led) in config.leds.iter().enumerate() {
        for key in foreign_patterns(led.shows) {
            let full = format!("led[{index}].patterns.{key}");
            if written(&full) {
                let shows = led.shows.name();
                let text = format!("{full} is never shown: the LED shows \"{shows}\" (led[{index}].shows)");
                found.push(Misfit { keys: vec![full], text });
            }
        }
    }
    for (index, relay) in config.relays.iter().enumerate() {
        if relay.longest_on_seconds < relay.hold_seconds {
            let keys = ["longest_on_seconds", "hold_seconds"].map(|name| format!("relay[{index}].{name}"));
            let text = format!(
                "{} is {}: it must be at least {}, which is {}",
                keys[0], relay.longest_on_seconds, keys[1], relay.hold_seconds
            );
            found.push(Misfit { keys: keys.into(), text });
        }
        for name in relay.zones.iter().filter(|name| !has_alert_zone(config, name, demo_zone_comes)) {
            let key = format!("relay[{index}].zones");
            let text = format!("{key} names \"{name}\": no camera has an alert zone of that name");
            found.push(Misfit { keys: vec![key], text });
        }
        let alarms = |name: &str| {
            config.inputs.iter().any(|input| input.name == name && input.action == Action::Alarm)
        };
        for name in relay.inputs.iter().filter(|name| !alarms(name)) {
            let key = format!("relay[{index}].inputs");
            let text = format!("{key} names \"{name}\": no input of that name has the action \"alarm\"");
            found.push(Misfit { keys: vec![key], text });
        }
    }
    found.extend(strange_cameras(config));
    found
}

/// Cameras that LEDs and relays name and that don't exist.
pub fn strange_cameras(config: &Config) -> Vec<Misfit> {
    let leds = config.leds.iter().enumerate().map(|(index, led)| (format!("led[{index}]"), &led.cameras));
    let relays = config.relays.iter().enumerate();
    let relays = relays.map(|(index, relay)| (format!("relay[{index}]"), &relay.cameras));
    let mut found = Vec::new();
    for (path, cameras) in leds.chain(relays) {
        for name in cameras.iter().filter(|name| config.named(name).is_none()) {
            let key = format!("{path}.cameras");
            let text = format!("{key} names \"{name}\": there is no such camera");
            found.push(Misfit { keys: vec![key], text });
        }
    }
    found
}

/// Names and lines that are there twice.
fn twins(config: &Config) -> Vec<Misfit> {
    let leds = config.leds.iter().enumerate().map(|(i, led)| (format!("led[{i}]"), &led.name, &led.line));
    let relays = config.relays.iter().enumerate();
    let relays = relays.map(|(i, relay)| (format!("relay[{i}]"), &relay.name, &relay.line));
    let inputs = config.inputs.iter().enumerate();
    let inputs = inputs.map(|(i, input)| (format!("input[{i}]"), &input.name, &input.line));
    let (outputs, inputs) = (leds.chain(relays).collect::<Vec<_>>(), inputs.collect::<Vec<_>>());
    let mut found = Vec::new();
    for group in [&outputs, &inputs] {
        for (at, (path, name, _)) in group.iter().enumerate() {
            if let Some((twin, ..)) = group[..at].iter().find(|(_, other, _)| other == name) {
                let keys = vec![format!("{path}.name"), format!("{twin}.name")];
                let text = format!(
                    "{} is \"{name}\", as {} is already: each needs a name of its own",
                    keys[0], keys[1]
                );
                found.push(Misfit { keys, text });
            }
        }
    }
    let all: Vec<(&String, &Line)> =
        outputs.iter().chain(&inputs).map(|(path, _, line)| (path, *line)).collect();
    for (at, (path, line)) in all.iter().enumerate() {
        if let Some((twin, _)) = all[..at].iter().find(|(_, other)| other == line) {
            let keys = vec![format!("{path}.line"), format!("{twin}.line")];
            let text =
                format!("{} is \"{line}\", as {} is already: a line does one thing only", keys[0], keys[1]);
            found.push(Misfit { keys, text });
        }
    }
    found
}

/// The patterns that an LED doesn't use.
fn foreign_patterns(shows: Shows) -> impl Iterator<Item = &'static str> {
    let groups: [(Shows, &[&str]); 4] = [
        (Shows::Status, &["healthy", "learning", "degraded", "stopped"]),
        (Shows::Motion, &["idle", "motion"]),
        (Shows::Alert, &["calm", "low", "medium", "high", "critical", "silenced"]),
        (Shows::Armed, &["armed", "disarmed"]),
    ];
    groups.into_iter().filter(move |(group, _)| *group != shows).flat_map(|(_, keys)| keys.iter().copied())
}

fn has_alert_zone(config: &Config, name: &str, demo_zone_comes: bool) -> bool {
    config.cameras.iter().any(|camera| {
        let own = demo_zone_comes && camera.source == Source::Demo && camera.zones.is_empty();
        own || camera.zones.iter().any(|zone| zone.kind == ZoneKind::Alert && zone.name == name)
    })
}
