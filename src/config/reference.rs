//! The documents about the file, written from the tables of keys: the commented installed file and the reference.
//!
//! `tests/config_documents.rs` compares them with what is in the repository.

use super::keys::Key;
use super::tables::{
    ALERT, ANOMALY, ARMING, CAMERA, EVENTS, INPUT, LED, MOST_CAMERAS, MOST_INPUTS, MOST_LEDS, MOST_RELAYS,
    MOST_ZONES, MOTION, NETWORK, OUTPUTS, PATTERNS, RELAY, ROOT, SERVER, SNAPSHOTS, STREAM, ZONE,
};
use super::{Camera, Config, Input, Led, Relay, Server, Tls, Zone, ZoneKind};
use std::fmt::Write as _;

/// One key as the documents show it.
struct Row {
    name: &'static str,
    about: String,
    allowed: String,
    /// As in the file; `None`: it must be written.
    default: Option<String>,
    effect: &'static str,
}

fn rows<T>(keys: &[Key<T>], defaults: &T) -> Vec<Row> {
    keys.iter()
        .map(|key| Row {
            name: key.name,
            about: key.about.into(),
            allowed: key.allowed(),
            default: (!key.required).then(|| key.field.shown(defaults)),
            effect: key.effect.words(),
        })
        .collect()
}

/// One table of the file.
struct Section {
    header: &'static str,
    about: String,
    rows: Vec<Row>,
}

fn sections(config: &Config) -> Vec<Section> {
    let zone = Zone { name: String::new(), kind: ZoneKind::Alert, points: Vec::new() };
    let section = |header, about: &str, rows| Section { header, about: about.into(), rows };
    vec![
        section("", "Above all tables.", rows(ROOT, config)),
        section("[server]", "The web server.", rows(SERVER, &config.server)),
        section("[stream]", "What viewers get who ask for nothing else.", rows(STREAM, &config.stream)),
        section(
            "[motion]",
            "How motion is found, for all cameras. `[camera.motion]` below a `[[camera]]` has the same keys and wins for \
             that camera.",
            rows(MOTION, &config.motion),
        ),
        section(
            "[alert]",
            "How long an alert lasts, for all cameras. `[camera.alert]` below a `[[camera]]` has the same keys and wins \
             for that camera.",
            rows(ALERT, &config.alert),
        ),
        section(
            "[anomaly]",
            "What is normal is learned, and what isn't is told, for all cameras. `[camera.anomaly]` below a `[[camera]]` \
             has the same keys and wins for that camera.",
            rows(ANOMALY, &config.anomaly),
        ),
        section(
            "[network]",
            "The neural network that describes the pictures for the anomaly detection. Without it all else goes on.",
            rows(NETWORK, &config.network),
        ),
        section(
            "[events]",
            "What happened is kept in the folder `events` of the state folder: from the first motion to the end of its state, \
             with a picture and a clip.",
            rows(EVENTS, &config.events),
        ),
        section(
            "[snapshots]",
            "A time-lapse: pictures in the folder `snapshots/timelapse` of the state folder, without overlay and with what is \
             private black.",
            rows(SNAPSHOTS, &config.snapshots),
        ),
        section(
            "[arming]",
            "When relays may close. `POST /api/arm`, the page and an input with the action `arm` arm and disarm by hand; \
             what was done last holds, over restarts too.",
            rows(ARMING, &config.arming),
        ),
        section("[outputs]", "GPIO.", rows(OUTPUTS, &config.outputs)),
        section(
            "[[led]]",
            &format!("An LED; at most {MOST_LEDS}. Adding, removing and renaming act after a restart."),
            rows(LED, &Led::default()),
        ),
        section(
            "[led.patterns]",
            "What the `[[led]]` above it does when. An LED has those of what it shows.",
            rows(PATTERNS, &Led::default().patterns),
        ),
        section(
            "[[relay]]",
            &format!(
                "A relay; at most {MOST_RELAYS}. It closes on an ALERT while it is armed, never for a change of light, and \
                 is open whenever the program doesn't run. Adding, removing and renaming act after a restart."
            ),
            rows(RELAY, &Relay::default()),
        ),
        section(
            "[[input]]",
            &format!(
                "A switch, button or sensor; at most {MOST_INPUTS}. Its line is read every 10 ms. Adding, removing and renaming act \
                 after a restart."
            ),
            rows(INPUT, &Input::default()),
        ),
        section(
            "[[camera]]",
            &format!(
                "A camera; at most {MOST_CAMERAS}. The first is the one of `/live`, `/start` and the other addresses \
                 without a name. Without any there is one with the demo scene. No two share a device. Adding, \
                 removing, renaming and reordering act after a restart."
            ),
            rows(CAMERA, &Camera::default()),
        ),
        section(
            "[[camera.zone]]",
            &format!("A polygon over the picture of the `[[camera]]` above it; at most {MOST_ZONES} each."),
            rows(ZONE, &zone),
        ),
    ]
}

/// What an installed service has: it is reached from other machines, encrypted, and keeps its state where systemd makes it
/// a place.
pub fn installed() -> Config {
    let server = Server { listen: ([0, 0, 0, 0], 8000).into(), tls: Tls::SelfSigned, ..Server::default() };
    Config { state_dir: "/var/lib/edge-cctv".into(), server, ..Config::default() }
}

/// `packaging/config.toml`: every key as an installed service has it, explained.
pub fn installed_file() -> String {
    let mut text = String::new();
    comment(
        &mut text,
        "Configuration of the installed edge-cctv. Every setting is here with its default, but for the state folder, and for \
         `listen` and `tls`: this one is reached from other machines, encrypted. What is left out has the default. \
         `edge-cctv check-config FILE` tells every fault with its line. `systemctl reload edge-cctv` reads the file \
         again; each setting says how a change acts then.",
    );
    for section in sections(&installed()) {
        // These have no default: they are in the example.
        if ["[[camera.zone]]", "[[led]]", "[led.patterns]", "[[relay]]", "[[input]]"]
            .contains(&section.header)
        {
            continue;
        }
        text.push('\n');
        if !section.header.is_empty() {
            comment(&mut text, &section.about);
            text += section.header;
            text.push('\n');
        }
        for (index, row) in section.rows.iter().enumerate() {
            if index > 0 || !section.header.is_empty() {
                text.push('\n');
            }
            comment(&mut text, &row.about);
            comment(&mut text, &format!("Allowed: {}. A change {}.", row.allowed, row.effect));
            let value = row.default.clone().unwrap_or_else(|| default_source(row.name));
            let _ = writeln!(text, "{} = {value}", row.name);
        }
    }
    text += EXAMPLE;
    text
}

/// The file spells out the demo camera, which has the one key that must be written.
fn default_source(name: &str) -> String {
    let camera = Camera::default();
    CAMERA.iter().find(|key| key.name == name).map(|key| key.field.shown(&camera)).unwrap_or_default()
}

/// Lines that begin with `#` and no blank are settings.
const EXAMPLE: &str = r##"
# An example with two cameras, an LED and a siren. Take the [[camera]] above out and the `#` at the beginning of these lines away.

# A webcam at the door. Whoever comes near the door is an alert; the neighbour's window is black for everybody.
#[[camera]]
#name = "door"
#source = "/dev/v4l/by-id/usb-046d_HD_Webcam_C270-video-index0"
#width = 1280
#height = 720
#fps = 15

#[camera.alert]
#hold_seconds = 10

#[[camera.zone]]
#name = "doorstep"
#kind = "alert"
#points = [[0.3, 0.5], [0.7, 0.5], [0.8, 1], [0.2, 1]]

#[[camera.zone]]
#name = "neighbour"
#kind = "privacy"
#points = [[0.8, 0], [1, 0], [1, 0.3], [0.8, 0.3]]

# A yard with a tree that moves in the wind: only bigger things count, and the tree is not looked at.
#[[camera]]
#name = "yard"
#source = "/dev/v4l/by-path/platform-xhci-hcd.1-usb-0:2:1.0-video-index0"

#[camera.motion]
#min_area = 0.01
#min_seconds = 1

#[[camera.zone]]
#name = "tree"
#kind = "ignore"
#points = [[0, 0], [0.35, 0], [0.3, 0.4], [0, 0.5]]

# An LED that is on while all is well and blinks fast when something is missing.
#[[led]]
#name = "status"
#line = "GPIO17"
#shows = "status"

#[led.patterns]
#learning = "900 100"

# A siren: at most a minute at a stretch, and then at least five minutes of peace, if somebody is at the door at night
# while the key switch is on.
#[[relay]]
#name = "siren"
#line = "GPIO27"
#cameras = ["door"]
#zones = ["doorstep"]
#min_severity = "HIGH"
#longest_on_seconds = 60
#pause_seconds = 300

#[[input]]
#name = "key"
#line = "GPIO22"
#bias = "pull-up"
#active_low = true
#action = "arm"
"##;

/// A paragraph as comment lines of at most 100 characters.
fn comment(text: &mut String, paragraph: &str) {
    let mut line = String::from("#");
    for word in paragraph.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > 100 {
            let _ = writeln!(text, "{line}");
            line = String::from("#");
        }
        line.push(' ');
        line += word;
    }
    let _ = writeln!(text, "{line}");
}

/// `docs/reference/configuration.md`
pub fn reference() -> String {
    let mut text = String::from(HEAD);
    for section in sections(&Config::default()) {
        let title =
            if section.header.is_empty() { String::from("Top") } else { format!("`{}`", section.header) };
        let _ = write!(text, "\n## {title}\n\n{}\n\n", section.about);
        text += "| key | meaning | allowed | default | a change |\n|---|---|---|---|---|\n";
        for row in section.rows {
            let default = row
                .default
                .clone()
                .map_or_else(|| "must be written".into(), |default| format!("`{default}`"));
            let Row { name, about, allowed, effect, .. } = row;
            let _ = writeln!(text, "| `{name}` | {about} | {allowed} | {default} | {effect} |");
        }
    }
    text
}

const HEAD: &str = "\
# Configuration

<!-- Written by the program from its own tables: `UPDATE_DOCUMENTS=1 cargo test --test config_documents`. -->

One TOML file. Whatever is left out has its default; without a file everything has. `packaging/config.toml` is what an
installed service begins with: every default written out but `state_dir`, `listen` and `tls`, and an example with two
cameras.

`edge-cctv check-config FILE` tells every fault at once, each with its line, its full key and what is allowed, and ends
with exit code 78; a file in order ends with 0. `edge-cctv run` refuses a file with a fault in the same words and with
the same exit code. A key that isn't here is a fault too.

Flags of `run` win over the file: `--listen ADDR:PORT`, `--state DIR` and `--camera SOURCE`, which can be repeated and
replaces the file's cameras. A `--camera` whose source a camera of the file has keeps that camera's name and settings.

On SIGHUP (`systemctl reload edge-cctv`) the file is read again. With a fault in it everything stays as it was.
Otherwise the last column says what a change does: it acts at once, with the next frame or request; it reopens the
camera, while the others go on; or it acts after a restart and waits until then.

What is changed on the page lies on top of file and flags; what can be is in [settings.md](settings.md).

Numbers can be written with and without a decimal point. Coordinates and shares are 0 to 1.
";
