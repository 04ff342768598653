//! What is different between two configurations, and how each difference acts on a running service.

use super::keys::{Effect, Key};
use super::tables::{
    ALERT, ANOMALY, ARMING, CAMERA, EVENTS, INPUT, LED, MOTION, NETWORK, OUTPUTS, PATTERNS, RELAY, ROOT,
    SERVER, SNAPSHOTS, STREAM, ZONE,
};
use super::{Camera, Config, Input, Led, Relay};

/// One setting that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// In full, with the numbers of the new configuration: `camera[0].motion.sensitivity`.
    pub key: String,
    pub effect: Effect,
    /// Name of the camera that it is about.
    pub camera: Option<String>,
}

/// Every difference. Cameras are told apart by their names: another name or order, one more or one less needs a
/// restart, since addresses and the plain endpoints' camera change with them. So it is with LEDs, relays and inputs.
pub fn changes(old: &Config, new: &Config) -> Vec<Change> {
    let mut list = List { changes: Vec::new(), camera: None };
    // [motion], [alert] and [anomaly] act through the cameras that have no other.
    list.compare("", ROOT, old, new);
    list.compare("server.", SERVER, &old.server, &new.server);
    list.compare("stream.", STREAM, &old.stream, &new.stream);
    list.compare("network.", NETWORK, &old.network, &new.network);
    list.compare("events.", EVENTS, &old.events, &new.events);
    list.compare("snapshots.", SNAPSHOTS, &old.snapshots, &new.snapshots);
    list.compare("arming.", ARMING, &old.arming, &new.arming);
    list.compare("outputs.", OUTPUTS, &old.outputs, &new.outputs);
    list.lines(old, new);
    let names = |config: &Config| config.cameras.iter().map(|camera| camera.name.clone()).collect::<Vec<_>>();
    if names(old) != names(new) {
        list.push("camera".into(), Effect::Restart);
    }
    for (index, camera) in new.cameras.iter().enumerate() {
        if let Some(before) = old.named(&camera.name) {
            list.camera = Some(camera.name.clone());
            list.camera(&format!("camera[{index}]."), before, camera);
        }
    }
    list.changes
}

/// The configuration that a running service has after it was told to read the file again: `new` where a change
/// acts without a restart, `old` elsewhere. It has the very cameras of `old`.
pub fn adopted(old: &Config, new: &Config) -> Config {
    Config {
        stream: new.stream.clone(),
        motion: new.motion.clone(),
        alert: new.alert.clone(),
        anomaly: new.anomaly.clone(),
        events: new.events.clone(),
        snapshots: new.snapshots.clone(),
        arming: new.arming.clone(),
        leds: paired(&old.leds, &new.leds, |led| &led.name)
            .map(|(old, new)| Led {
                line: old.line.clone(),
                active_low: old.active_low,
                ..new.unwrap_or(old).clone()
            })
            .collect(),
        relays: paired(&old.relays, &new.relays, |relay| &relay.name)
            .map(|(old, new)| Relay {
                line: old.line.clone(),
                active_low: old.active_low,
                ..new.unwrap_or(old).clone()
            })
            .collect(),
        inputs: paired(&old.inputs, &new.inputs, |input| &input.name)
            .map(|(old, new)| Input {
                line: old.line.clone(),
                active_low: old.active_low,
                bias: old.bias,
                ..new.unwrap_or(old).clone()
            })
            .collect(),
        cameras: old
            .cameras
            .iter()
            .map(|camera| match new.named(&camera.name) {
                Some(changed) => Camera { autostart: camera.autostart, ..changed.clone() },
                None => camera.clone(),
            })
            .collect(),
        ..old.clone()
    }
}

/// Each of `old` with the one of the same name in `new`.
fn paired<'a, T>(
    old: &'a [T],
    new: &'a [T],
    name: impl Fn(&T) -> &String,
) -> impl Iterator<Item = (&'a T, Option<&'a T>)> {
    old.iter().map(move |old| (old, new.iter().find(|new| name(new) == name(old))))
}

struct List {
    changes: Vec<Change>,
    camera: Option<String>,
}

impl List {
    fn push(&mut self, key: String, effect: Effect) {
        self.changes.push(Change { key, effect, camera: self.camera.clone() });
    }

    fn compare<T>(&mut self, path: &str, keys: &[Key<T>], old: &T, new: &T) {
        for key in keys {
            if key.field.shown(old) != key.field.shown(new) {
                self.push(format!("{path}{}", key.name), key.effect);
            }
        }
    }

    fn lines(&mut self, old: &Config, new: &Config) {
        let names = |config: &Config| {
            [
                config.leds.iter().map(|led| led.name.clone()).collect::<Vec<_>>(),
                config.relays.iter().map(|relay| relay.name.clone()).collect(),
                config.inputs.iter().map(|input| input.name.clone()).collect(),
            ]
        };
        let (before, after) = (names(old), names(new));
        for (kind, (before, after)) in ["led", "relay", "input"].into_iter().zip(before.iter().zip(&after)) {
            if before != after {
                self.push(kind.into(), Effect::Restart);
            }
        }
        for (index, (new, old)) in paired(&new.leds, &old.leds, |led| &led.name).enumerate() {
            let Some(old) = old else { continue };
            self.compare(&format!("led[{index}]."), LED, old, new);
            self.compare(&format!("led[{index}].patterns."), PATTERNS, &old.patterns, &new.patterns);
        }
        for (index, (new, old)) in paired(&new.relays, &old.relays, |relay| &relay.name).enumerate() {
            if let Some(old) = old {
                self.compare(&format!("relay[{index}]."), RELAY, old, new);
            }
        }
        for (index, (new, old)) in paired(&new.inputs, &old.inputs, |input| &input.name).enumerate() {
            if let Some(old) = old {
                self.compare(&format!("input[{index}]."), INPUT, old, new);
            }
        }
    }

    fn camera(&mut self, path: &str, old: &Camera, new: &Camera) {
        self.compare(path, CAMERA, old, new);
        self.compare(&format!("{path}motion."), MOTION, &old.motion, &new.motion);
        self.compare(&format!("{path}alert."), ALERT, &old.alert, &new.alert);
        self.compare(&format!("{path}anomaly."), ANOMALY, &old.anomaly, &new.anomaly);
        if old.zones.len() != new.zones.len() {
            self.push(format!("{path}zone"), Effect::AtOnce);
        }
        for (index, (old, new)) in old.zones.iter().zip(&new.zones).enumerate() {
            self.compare(&format!("{path}zone[{index}]."), ZONE, old, new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::Field;
    use super::super::{Server, Source, Zone, ZoneKind};
    use super::*;

    /// Each key in turn gets another value.
    fn each_changed<T: Clone>(keys: &'static [Key<T>], section: &T) -> Vec<(&'static Key<T>, T)> {
        keys.iter()
            .map(|key| {
                let mut changed = section.clone();
                match key.field {
                    Field::Number { from, to, get, set, .. } => {
                        set(&mut changed, if get(section) == to { from } else { to });
                    }
                    Field::Whole { from, to, get, set } => {
                        set(&mut changed, if get(section) == to { from } else { to });
                    }
                    Field::Switch { get, set } => set(&mut changed, !get(section)),
                    Field::Text { set, .. } => {
                        let written = [
                            "other",
                            "privacy",
                            "0.0.0.0:1",
                            "cuda",
                            "udp",
                            "none",
                            "self-signed",
                            "motion",
                            "20 20",
                            "CRITICAL",
                            "pull-up",
                            "alarm",
                            "UTC",
                            "GREY",
                        ]
                        .iter()
                        .any(|text| {
                            set(&mut changed, text).is_ok()
                                && key.field.shown(&changed) != key.field.shown(section)
                        });
                        assert!(written, "no other text for {}", key.name);
                    }
                    Field::Texts { set, .. } => set(&mut changed, vec!["other".into()]),
                    Field::Polygon { set, .. } => set(&mut changed, vec![(0.0, 0.0), (0.5, 0.0), (0.5, 0.5)]),
                }
                (key, changed)
            })
            .collect()
    }

    fn start() -> Config {
        let points = vec![(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)];
        let zones = vec![Zone { name: "door".into(), kind: ZoneKind::Alert, points }];
        let first = Camera { zones, ..Camera::default() };
        let second =
            Camera { name: "yard".into(), source: Source::Recording("b.avi".into()), ..Camera::default() };
        Config {
            cameras: vec![first, second],
            leds: vec![Led { name: "lamp".into(), ..Led::default() }],
            relays: vec![Relay { name: "siren".into(), ..Relay::default() }],
            inputs: vec![Input { name: "key".into(), ..Input::default() }],
            ..Config::default()
        }
    }

    fn check<T: Clone>(path: &str, keys: &'static [Key<T>], section: &T, put: impl Fn(&mut Config, T)) {
        let old = start();
        for (key, changed) in each_changed(keys, section) {
            let mut new = old.clone();
            put(&mut new, changed);
            let found = changes(&old, &new);
            let (full, effect) = match (path, key.name) {
                ("camera[0]." | "led[0]." | "relay[0]." | "input[0].", "name") => {
                    (path.replace("[0].", ""), Effect::Restart)
                }
                (_, name) => (format!("{path}{name}"), key.effect),
            };
            assert_eq!(found.len(), 1, "{full}: {found:?}");
            assert_eq!((&found[0].key, found[0].effect), (&full, effect));
            assert_eq!(
                found[0].camera.as_deref(),
                path.starts_with("camera")
                    .then_some("camera0")
                    .filter(|_| { key.name != "name" || path != "camera[0]." })
            );

            let running = adopted(&old, &new);
            if effect == Effect::Restart {
                assert_eq!(running, old, "{full} acts without a restart");
            } else {
                assert_eq!(running, new, "{full} doesn't act");
            }
        }
    }

    #[test]
    fn each_key_changes_by_itself_with_its_own_effect() {
        let old = start();
        check("", ROOT, &old, |config, changed| *config = changed);
        check("server.", SERVER, &old.server, |config, changed| config.server = changed);
        check("stream.", STREAM, &old.stream, |config, changed| config.stream = changed);
        check("network.", NETWORK, &old.network, |config, changed| config.network = changed);
        check("events.", EVENTS, &old.events, |config, changed| config.events = changed);
        check("snapshots.", SNAPSHOTS, &old.snapshots, |config, changed| config.snapshots = changed);
        check("arming.", ARMING, &old.arming, |config, changed| config.arming = changed);
        check("outputs.", OUTPUTS, &old.outputs, |config, changed| config.outputs = changed);
        check("led[0].", LED, &old.leds[0], |config, changed| config.leds[0] = changed);
        check("led[0].patterns.", PATTERNS, &old.leds[0].patterns, |config, changed| {
            config.leds[0].patterns = changed;
        });
        check("relay[0].", RELAY, &old.relays[0], |config, changed| config.relays[0] = changed);
        check("input[0].", INPUT, &old.inputs[0], |config, changed| config.inputs[0] = changed);
        let camera = &old.cameras[0];
        check("camera[0].", CAMERA, camera, |config, changed| config.cameras[0] = changed);
        check("camera[0].motion.", MOTION, &camera.motion, |config, changed| {
            config.cameras[0].motion = changed
        });
        check("camera[0].alert.", ALERT, &camera.alert, |config, changed| config.cameras[0].alert = changed);
        check("camera[0].anomaly.", ANOMALY, &camera.anomaly, |config, changed| {
            config.cameras[0].anomaly = changed
        });
        check("camera[0].zone[0].", ZONE, &camera.zones[0], |config, changed| {
            config.cameras[0].zones[0] = changed
        });
    }

    #[test]
    fn nothing_changed_is_no_change() {
        assert_eq!(changes(&start(), &start()), []);
    }

    #[test]
    fn another_order_of_cameras_needs_a_restart_and_changes_none_of_them() {
        let mut new = start();
        new.cameras.reverse();
        let restart = Change { key: "camera".into(), effect: Effect::Restart, camera: None };
        assert_eq!(changes(&start(), &new), [restart]);
        assert_eq!(adopted(&start(), &new), start());
    }

    #[test]
    fn a_new_camera_waits_for_a_restart_while_the_others_change() {
        let mut new = start();
        new.cameras.insert(0, Camera { name: "new".into(), ..Camera::default() });
        new.cameras[1].zones.clear();
        new.server = Server { max_viewers: 3, ..Server::default() };
        let keys: Vec<_> = changes(&start(), &new).into_iter().map(|change| change.key).collect();
        assert_eq!(keys, ["server.max_viewers", "camera", "camera[1].zone"]);
        let running = adopted(&start(), &new);
        assert_eq!(running.cameras.len(), 2);
        assert!(running.cameras[0].zones.is_empty());
        assert_eq!(running.server, Server::default());
        // What is left over needs a restart, all of it.
        assert!(changes(&running, &new).iter().all(|change| change.effect == Effect::Restart));
    }
}
