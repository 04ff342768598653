//! Every key of the file, once.
//!
//! The reader, the reload, the installed file and the reference are made from these tables, so that none can say
//! something else than the others.

mod anomaly;
mod camera;
mod events;
mod outputs;
mod server;
mod snapshots;

use super::keys::{Effect, Field, Key, decimal};
use super::{Alert, Camera, Config, Motion, Source, Stream, Transport, Zone, ZoneKind, text};
use crate::anomaly::kinds::Severity;

pub use anomaly::{ANOMALY, NETWORK};
pub use camera::{CAMERA, ZONE};
pub use events::EVENTS;
pub use outputs::{ARMING, INPUT, LED, MOST_INPUTS, MOST_LEDS, MOST_RELAYS, OUTPUTS, PATTERNS, RELAY};
pub use server::SERVER;
pub use snapshots::SNAPSHOTS;

/// Most cameras in one file: more than any board here can look at.
pub const MOST_CAMERAS: usize = 16;
/// Most zones of one camera.
pub const MOST_ZONES: usize = 32;
/// Most corners of one zone.
pub const MOST_POINTS: usize = 64;
/// A day, for durations that have no better limit.
const DAY: f64 = 86_400.0;

/// Above all tables.
pub static ROOT: &[Key<Config>] = &[
    Key {
        name: "state_dir",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "Folder for events, snapshots and what is learned; it is made if it isn't there. A relative path starts at \
            the folder that the program is started in.",
        field: Field::Text {
            allowed: "paths of folders",
            get: |config| config.state_dir.display().to_string(),
            set: |config, text| {
                if text.trim().is_empty() || text.chars().any(char::is_control) {
                    return Err("it names no folder; allowed are paths of folders".into());
                }
                config.state_dir = text.into();
                Ok(())
            },
        },
    },
    Key {
        name: "trust_clock",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "Take the clock for right although neither a time server nor a battery-backed clock has set it. Otherwise \
                schedules don't act until one has.",
        field: Field::Switch {
            get: |config| config.trust_clock,
            set: |config, switch| config.trust_clock = switch,
        },
    },
];

/// `[stream]`
pub static STREAM: &[Key<Stream>] = &[
    Key {
        name: "quality",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "JPEG quality of the pictures that are encoded here; 100 is best and biggest. A camera's own JPEG \
                pictures keep theirs. A viewer can ask for another one with `quality=`, and a small one saves network.",
        field: Field::Whole {
            from: 1,
            to: 100,
            get: |stream| stream.quality.into(),
            set: |stream, number| stream.quality = u8::try_from(number).unwrap_or(100),
        },
    },
    Key {
        name: "fps",
        effect: Effect::AtOnce,
        required: false,
        unit: "frames a second",
        about: "At most so many pictures for a viewer who doesn't ask with `fps=`.",
        field: Field::Number {
            from: 0.1,
            to: 240.0,
            zero: Some("as many as the camera gives"),
            get: |stream| decimal(stream.fps),
            set: |stream, number| stream.fps = number as f32,
        },
    },
];

/// `[motion]` and `[camera.motion]`
pub static MOTION: &[Key<Motion>] = &[
    Key {
        name: "sensitivity",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "How faint a change counts as motion; higher finds fainter things and more that is nothing.",
        field: Field::Number {
            from: 0.0,
            to: 1.0,
            zero: None,
            get: |motion| decimal(motion.sensitivity),
            set: |motion, number| motion.sensitivity = number as f32,
        },
    },
    Key {
        name: "min_area",
        effect: Effect::AtOnce,
        required: false,
        unit: "of the picture",
        about: "Smallest area of a moving thing as a share of the picture: 0.001 is a thousandth.",
        field: Field::Number {
            from: 0.00001,
            to: 1.0,
            zero: None,
            get: |motion| decimal(motion.min_area),
            set: |motion, number| motion.min_area = number as f32,
        },
    },
    Key {
        name: "min_seconds",
        effect: Effect::AtOnce,
        required: false,
        unit: "seconds",
        about: "Motion lasts so long before the state becomes MOTION.",
        field: Field::Number {
            from: 0.0,
            to: 60.0,
            zero: None,
            get: |motion| motion.min_seconds,
            set: |motion, number| motion.min_seconds = number,
        },
    },
    Key {
        name: "hold_seconds",
        effect: Effect::AtOnce,
        required: false,
        unit: "seconds",
        about: "The state stays MOTION so long after the last motion.",
        field: Field::Number {
            from: 0.0,
            to: 3600.0,
            zero: None,
            get: |motion| motion.hold_seconds,
            set: |motion, number| motion.hold_seconds = number,
        },
    },
    Key {
        name: "absorb_seconds",
        effect: Effect::AtOnce,
        required: false,
        unit: "seconds",
        about: "What stands still for so long becomes part of the background. Longer than `min_seconds`.",
        field: Field::Number {
            from: 1.0,
            to: DAY,
            zero: None,
            get: |motion| decimal(motion.absorb_seconds),
            set: |motion, number| motion.absorb_seconds = number as f32,
        },
    },
    Key {
        name: "max_width",
        effect: Effect::AtOnce,
        required: false,
        unit: "pixels",
        about: "Motion is sought on a picture of at most this width; a wider one costs more and finds smaller \
                things.",
        field: Field::Whole {
            from: 64,
            to: 4096,
            get: |motion| motion.max_width,
            set: |motion, number| motion.max_width = number,
        },
    },
    Key {
        name: "rate_hz",
        effect: Effect::AtOnce,
        required: false,
        unit: "frames a second",
        about: "So many frames of a camera are analysed, and each one while it is decided whether something new is there. \
                The others are shown with what was found last. Of recordings, `edge-cctv analyze` analyses each frame.",
        field: Field::Number {
            from: 1.0,
            to: 240.0,
            zero: Some("each one"),
            get: |motion| motion.rate_hz,
            set: |motion, number| motion.rate_hz = number,
        },
    },
];

/// `[alert]` and `[camera.alert]`
pub static ALERT: &[Key<Alert>] = &[
    Key {
        name: "hold_seconds",
        effect: Effect::AtOnce,
        required: false,
        unit: "seconds",
        about: "ALERT lasts so long after its last cause.",
        field: Field::Number {
            from: 0.0,
            to: 3600.0,
            zero: None,
            get: |alert| alert.hold_seconds,
            set: |alert, number| alert.hold_seconds = number,
        },
    },
    Key {
        name: "zone_severity",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "How severe motion in an alert zone is, for LEDs and relays. An anomaly has a severity of its own.",
        field: Field::Text {
            allowed: SEVERITY,
            get: |alert| alert.zone_severity.name().into(),
            set: |alert, text| {
                alert.zone_severity = severity(text)?;
                Ok(())
            },
        },
    },
];

/// Severities, as the file names them.
const SEVERITY: &str = "\"LOW\", \"MEDIUM\", \"HIGH\", \"CRITICAL\"";

fn severity(text: &str) -> Result<Severity, String> {
    Severity::parse(text).ok_or_else(|| format!("allowed are {SEVERITY}"))
}

/// The tables of the file: how they are written, and the names of their keys.
pub fn tables() -> [(&'static str, Vec<&'static str>); 17] {
    fn names<T>(keys: &[Key<T>]) -> Vec<&'static str> {
        keys.iter().map(|key| key.name).collect()
    }
    [
        ("above all tables", names(ROOT)),
        ("in [server]", names(SERVER)),
        ("in [stream]", names(STREAM)),
        ("in [motion] or [camera.motion]", names(MOTION)),
        ("in [alert] or [camera.alert]", names(ALERT)),
        ("in [anomaly] or [camera.anomaly]", names(ANOMALY)),
        ("in [network]", names(NETWORK)),
        ("in [events]", names(EVENTS)),
        ("in [snapshots]", names(SNAPSHOTS)),
        ("in [arming]", names(ARMING)),
        ("in [outputs]", names(OUTPUTS)),
        ("in [[led]]", names(LED)),
        ("in [led.patterns]", names(PATTERNS)),
        ("in [[relay]]", names(RELAY)),
        ("in [[input]]", names(INPUT)),
        ("in [[camera]]", names(CAMERA)),
        ("in [[camera.zone]]", names(ZONE)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_defaults<T>(keys: &[Key<T>], section: &T) {
        for key in keys {
            match key.field {
                Field::Number { from, to, zero, get, .. } => {
                    let value = get(section);
                    assert!(
                        (from..=to).contains(&value) || zero.is_some() && value == 0.0,
                        "{} is {value}",
                        key.name
                    );
                }
                Field::Whole { from, to, get, .. } => {
                    assert!((from..=to).contains(&get(section)), "{}", key.name)
                }
                _ => {}
            }
            assert!(key.about.ends_with('.'), "{}", key.name);
        }
    }

    #[test]
    fn every_default_is_in_its_range() {
        let config = Config::default();
        check_defaults(ROOT, &config);
        check_defaults(SERVER, &config.server);
        check_defaults(STREAM, &config.stream);
        check_defaults(MOTION, &config.motion);
        check_defaults(ALERT, &config.alert);
        check_defaults(ANOMALY, &config.anomaly);
        check_defaults(NETWORK, &config.network);
        check_defaults(EVENTS, &config.events);
        check_defaults(SNAPSHOTS, &config.snapshots);
        check_defaults(ARMING, &config.arming);
        check_defaults(OUTPUTS, &config.outputs);
        check_defaults(LED, &super::super::Led::default());
        check_defaults(PATTERNS, &Default::default());
        check_defaults(RELAY, &super::super::Relay::default());
        check_defaults(INPUT, &super::super::Input::default());
        check_defaults(CAMERA, &config.cameras[0]);
    }
}
