//! Every key of the file, once.
//!
//! The reader, the reload, the installed file and the reference are made from these tables, so that none can say
//! something else than the others.

mod anomaly;
mod events;
mod outputs;
mod server;
mod snapshots;

use super::keys::{Effect, Field, Key, decimal};
use super::{Alert, Camera, Config, Motion, Source, Stream, Transport, Zone, ZoneKind, text};
use crate::anomaly::kinds::Severity;
use std::path::PathBuf;

pub use anomaly::{ANOMALY, NETWORK};
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

/// `[[camera]]`
pub static CAMERA: &[Key<Camera>] = &[
    Key {
        name: "name",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "Part of addresses: `/live/NAME`. Each camera has its own; without one the first is camera0, the second \
                camera1 and so on.",
        field: Field::Text {
            allowed: text::CAMERA_NAME,
            get: |camera| camera.name.clone(),
            set: |camera, text| {
                text::camera_name(text)?;
                camera.name = text.into();
                Ok(())
            },
        },
    },
    Key {
        name: "source",
        effect: Effect::ReopensCamera,
        required: true,
        unit: "",
        about: "Where the frames come from. The user and password of a camera in the network are better kept in `username` and \
                `password_file` than in its address. A path under `/dev/v4l/by-id/` or `/dev/v4l/by-path/` stays the same when \
                cameras are plugged in another order; `/dev/videoN` may not.",
        field: Field::Text {
            allowed: SOURCE,
            // Only to be compared: the settings that can be seen have no source.
            get: |camera| camera.source.written(),
            set: |camera, text| {
                camera.source = Source::parse(text).map_err(|why| format!("{why}; allowed are {SOURCE}"))?;
                Ok(())
            },
        },
    },
    Key {
        name: "username",
        effect: Effect::ReopensCamera,
        required: false,
        unit: "",
        about: "Who logs in at a camera in the network. Empty: who is in its address, as in `rtsp://USER:PASSWORD@HOST/PATH`, or \
                nobody. Basic and Digest authentication are known.",
        field: Field::Text {
            allowed: "names without control characters",
            get: |camera| camera.username.clone(),
            set: |camera, text| {
                if text.chars().any(char::is_control) {
                    return Err("allowed are names without control characters".into());
                }
                camera.username = text.into();
                Ok(())
            },
        },
    },
    Key {
        name: "password_file",
        effect: Effect::ReopensCamera,
        required: false,
        unit: "",
        about: "File whose first line is the password of `username`; it is read at each connection. The service's user must be \
                able to read it, and nobody else should. With `LoadCredential=NAME:FILE` in the unit it is \
                `/run/credentials/edge-cctv.service/NAME`.",
        field: Field::Text {
            allowed: FILE,
            get: |camera| camera.password_file.display().to_string(),
            set: |camera, text| {
                camera.password_file = file(text)?;
                Ok(())
            },
        },
    },
    Key {
        name: "certificate",
        effect: Effect::ReopensCamera,
        required: false,
        unit: "",
        about: "File with the very certificate that a camera shows by HTTPS, in PEM, for those that made theirs themselves. \
                Empty: it must be vouched for by an authority that the system knows.",
        field: Field::Text {
            allowed: FILE,
            get: |camera| camera.certificate.display().to_string(),
            set: |camera, text| {
                camera.certificate = file(text)?;
                Ok(())
            },
        },
    },
    Key {
        name: "transport",
        effect: Effect::ReopensCamera,
        required: false,
        unit: "",
        about: "How a camera sends by RTSP: \"tcp\" through one connection, in which nothing is lost, \"udp\" as single packets. \
                After a loss the picture stands still until the camera's next key frame.",
        field: Field::Text {
            allowed: TRANSPORT,
            get: |camera| camera.transport.name().into(),
            set: |camera, text| {
                camera.transport =
                    Transport::parse(text).ok_or_else(|| format!("allowed are {TRANSPORT}"))?;
                Ok(())
            },
        },
    },
    Key {
        name: "width",
        effect: Effect::ReopensCamera,
        required: false,
        unit: "pixels",
        about: "Width that the camera is asked for. It may give another one, which `/status` shows; one in the network always \
                gives what it is set to.",
        field: Field::Whole {
            from: 32,
            to: 4096,
            get: |camera| camera.width,
            set: |camera, number| camera.width = number,
        },
    },
    Key {
        name: "height",
        effect: Effect::ReopensCamera,
        required: false,
        unit: "pixels",
        about: "Height that the camera is asked for.",
        field: Field::Whole {
            from: 32,
            to: 4096,
            get: |camera| camera.height,
            set: |camera, number| camera.height = number,
        },
    },
    Key {
        name: "fps",
        effect: Effect::ReopensCamera,
        required: false,
        unit: "frames a second",
        about: "Frames a second that the camera is asked for; of one in the network that sends single pictures, so many are \
                fetched.",
        field: Field::Number {
            from: 0.5,
            to: 240.0,
            zero: None,
            get: |camera| decimal(camera.fps),
            set: |camera, number| camera.fps = number as f32,
        },
    },
    Key {
        name: "format",
        effect: Effect::ReopensCamera,
        required: false,
        unit: "",
        about: "Pixel format that a device must deliver; without meaning for other sources. `edge-cctv devices` lists those of \
                each camera.",
        field: Field::Text {
            allowed: FORMAT,
            get: |camera| {
                camera.format.map_or("auto".into(), |format| String::from_utf8_lossy(&format).into())
            },
            set: |camera, text| {
                camera.format = match text {
                    "auto" => None,
                    "MJPG" | "YUYV" | "NV12" | "YU12" | "GREY" => text.as_bytes().try_into().ok(),
                    _ => return Err(format!("allowed are {FORMAT}")),
                };
                Ok(())
            },
        },
    },
    Key {
        name: "autostart",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "Start the camera with the program, and not only on `POST /start`.",
        field: Field::Switch {
            get: |camera| camera.autostart,
            set: |camera, switch| camera.autostart = switch,
        },
    },
    Key {
        name: "repeat",
        effect: Effect::ReopensCamera,
        required: false,
        unit: "",
        about: "A recording begins again at its end; without meaning for other sources.",
        field: Field::Switch { get: |camera| camera.repeat, set: |camera, switch| camera.repeat = switch },
    },
    Key {
        name: "timeout_seconds",
        effect: Effect::ReopensCamera,
        required: false,
        unit: "seconds",
        about: "Without a frame for so long the camera counts as lost and is opened again. At least the time of two \
                frames, 2 / fps.",
        field: Field::Number {
            from: 0.5,
            to: 600.0,
            zero: None,
            get: |camera| camera.timeout_seconds,
            set: |camera, number| camera.timeout_seconds = number,
        },
    },
];

const FORMAT: &str = "\"auto\" (the best that it has), \"MJPG\", \"YUYV\", \"NV12\", \"YU12\", \"GREY\"";

const SOURCE: &str = "\"demo\" (a scene drawn by this program), a device such as \"/dev/video0\", a camera in the network \
                      (\"rtsp://HOST/PATH\" with H.264 or MJPEG, \"http://HOST/PATH\" or \"https://HOST/PATH\" with MJPEG or \
                      single JPEG pictures), a video file (.avi with MJPEG, .mp4 with H.264), a folder of .jpg and .png \
                      pictures";

/// What a path of a file may be.
const FILE: &str = "paths of files";

const TRANSPORT: &str = "\"tcp\", \"udp\"";

fn file(text: &str) -> Result<PathBuf, String> {
    if text.chars().any(char::is_control) {
        return Err(format!("allowed are {FILE}"));
    }
    Ok(text.into())
}

const ZONE_KIND: &str = "\"alert\" (motion in it is an alert), \"ignore\" (motion in it is not looked at), \"privacy\" \
                         (black for everybody, and nothing is looked at)";

/// `[[camera.zone]]`
pub static ZONE: &[Key<Zone>] = &[
    Key {
        name: "name",
        effect: Effect::AtOnce,
        required: true,
        unit: "",
        about: "Shown in the picture and in reasons. Each zone of a camera has its own.",
        field: Field::Text {
            allowed: text::ZONE_NAME,
            get: |zone| zone.name.clone(),
            set: |zone, text| {
                text::zone_name(text)?;
                zone.name = text.into();
                Ok(())
            },
        },
    },
    Key {
        name: "kind",
        effect: Effect::AtOnce,
        required: true,
        unit: "",
        about: "What the zone is for.",
        field: Field::Text {
            allowed: ZONE_KIND,
            get: |zone| zone.kind.name().into(),
            set: |zone, text| {
                zone.kind = ZoneKind::parse(text).ok_or_else(|| format!("allowed are {ZONE_KIND}"))?;
                Ok(())
            },
        },
    },
    Key {
        name: "points",
        effect: Effect::AtOnce,
        required: true,
        unit: "",
        about: "Corners of a polygon in their order around it, without crossings: x from 0 at the left to 1 at the \
                right, y from 0 at the top to 1 at the bottom.",
        field: Field::Polygon {
            most: MOST_POINTS,
            get: |zone| &zone.points,
            set: |zone, points| zone.points = points,
        },
    },
];

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
