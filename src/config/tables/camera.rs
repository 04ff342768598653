//! `[[camera]]` and `[[camera.zone]]`.

use super::{Camera, Effect, Field, Key, MOST_POINTS, Source, Transport, Zone, ZoneKind, decimal, text};
use std::path::PathBuf;

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
