//! Reads and checks the configuration file: either everything is in order, or every fault is told.

use super::fault::{Fault, Faults};
use super::reader::{Found, Reader};
use super::tables::{
    ALERT, ANOMALY, ARMING, CAMERA, EVENTS, INPUT, LED, MOST_CAMERAS, MOST_INPUTS, MOST_LEDS, MOST_RELAYS,
    MOST_ZONES, MOTION, NETWORK, OUTPUTS, PATTERNS, RELAY, ROOT, SERVER, SNAPSHOTS, STREAM, ZONE,
};
use super::{Alert, Anomaly, Camera, Config, Input, Led, Motion, Relay, Zone, ZoneKind, relations};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use toml::de::DeTable;
use toml_parser::lexer::TokenKind;

/// A configuration of all cameras with all zones is smaller; whatever is bigger is another file.
pub const MOST_BYTES: u64 = 1 << 20;

/// Most names in one dotted key (`a.b.c`); our keys have 3. The TOML parser limits brackets within brackets by
/// itself, but not this, and taking thousands of tables within tables apart would overflow the stack.
const MOST_DOTS: usize = 16;

/// Reads a file. Two names of one device count as the same.
pub fn load(path: &Path) -> Result<Config, Faults> {
    let text = read(path).map_err(|fault| Faults { file: Some(path.into()), ..fault.into() })?;
    parse_with(&text, &resolved).map_err(|faults| Faults { file: Some(path.into()), ..faults })
}

/// Reads a file's text. Looks at no device: two names of one are two.
pub fn parse(text: &str) -> Result<Config, Faults> {
    // Components are what is between slashes, without "." and empty ones.
    parse_with(text, &|path| path.components().collect())
}

/// What a path leads to: /dev/v4l/by-id/… are links to /dev/videoN. An absent device has its own name only.
pub fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.components().collect())
}

fn read(path: &Path) -> Result<String, Fault> {
    let cannot = |error: std::io::Error| {
        Fault::new(match error.kind() {
            ErrorKind::NotFound => "there is no such file".into(),
            ErrorKind::PermissionDenied => {
                "the file can't be read: permission denied; run as its owner or root".into()
            }
            ErrorKind::IsADirectory => "this is a folder; name the file in it".into(),
            _ => format!("the file can't be read: {error}"),
        })
    };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes)).map_err(cannot)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Fault::new("the file is bigger than 1 MiB: this is no configuration"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        let text = "the file isn't UTF-8 text from here on: save it with that encoding";
        Fault { line: Some(line), ..Fault::new(text) }
    })
}

fn parse_with(text: &str, resolve: &dyn Fn(&Path) -> PathBuf) -> Result<Config, Faults> {
    let mut reader = Reader::new(text);
    let config = if let Some(offset) = endless_key(text) {
        reader.syntax_fault(offset, format!("a key of more than {MOST_DOTS} names"));
        Config::default()
    } else {
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let span = error.span().unwrap_or(text.len()..text.len());
            let text = match error.message() {
                "duplicate key" => {
                    format!(
                        "{} is there twice",
                        super::fault::quoted(text.get(span.clone()).unwrap_or_default())
                    )
                }
                message => format!("this is not TOML: {message}"),
            };
            reader.syntax_fault(span.start, text);
        }
        if reader.lost_a_header() {
            Config::default()
        } else {
            let config = document_to_config(&mut reader, document.get_ref());
            // What a broken line sets isn't known, so what it fits to isn't either.
            if reader.all_is_toml() {
                let together = relations::faults(&config, &reader.places, resolve);
                reader.faults.extend(together);
            }
            config
        }
    };
    let mut list = reader.faults;
    if list.is_empty() {
        return Ok(config);
    }
    list.sort_by_key(|fault| (fault.line, fault.column));
    Err(Faults { file: None, list })
}

/// Where a key of too many names begins to have too many.
fn endless_key(text: &str) -> Option<usize> {
    let mut dots = 0;
    for token in toml_parser::Source::new(text).lex() {
        match token.kind() {
            TokenKind::Dot => dots += 1,
            TokenKind::Atom
            | TokenKind::Whitespace
            | TokenKind::BasicString
            | TokenKind::LiteralString
            | TokenKind::MlBasicString
            | TokenKind::MlLiteralString => {}
            _ => dots = 0,
        }
        if dots == MOST_DOTS {
            return Some(token.span().start());
        }
    }
    None
}

fn document_to_config(reader: &mut Reader, root: &DeTable<'_>) -> Config {
    let mut config = Config::default();
    let whole = Found { table: root, offset: 0 };
    let nested = [
        "server",
        "stream",
        "motion",
        "alert",
        "anomaly",
        "network",
        "events",
        "snapshots",
        "arming",
        "outputs",
        "led",
        "relay",
        "input",
        "camera",
    ];
    reader.section("", whole, ROOT, &nested, &mut config);
    if let Some(found) = reader.table("", root, "server") {
        reader.section("server", found, SERVER, &[], &mut config.server);
    }
    if let Some(found) = reader.table("", root, "stream") {
        reader.section("stream", found, STREAM, &[], &mut config.stream);
    }
    if let Some(found) = reader.table("", root, "network") {
        reader.section("network", found, NETWORK, &[], &mut config.network);
    }
    if let Some(found) = reader.table("", root, "events") {
        reader.section("events", found, EVENTS, &[], &mut config.events);
    }
    if let Some(found) = reader.table("", root, "snapshots") {
        reader.section("snapshots", found, SNAPSHOTS, &[], &mut config.snapshots);
    }
    if let Some(found) = reader.table("", root, "arming") {
        reader.section("arming", found, ARMING, &[], &mut config.arming);
    }
    if let Some(found) = reader.table("", root, "outputs") {
        reader.section("outputs", found, OUTPUTS, &[], &mut config.outputs);
    }
    lines(reader, root, &mut config);
    inherited(reader, "", root, &mut config.motion, &mut config.alert, &mut config.anomaly);
    let cameras: Vec<_> = reader
        .tables("", root, "camera", MOST_CAMERAS)
        .into_iter()
        .enumerate()
        .map(|(index, found)| camera(reader, index, found, config.camera(index)))
        .collect();
    config.cameras = if cameras.is_empty() { vec![config.camera(0)] } else { cameras };
    config
}

/// LEDs, relays and inputs.
fn lines(reader: &mut Reader, root: &DeTable<'_>, config: &mut Config) {
    for (index, found) in reader.tables("", root, "led", MOST_LEDS).into_iter().enumerate() {
        let (path, mut led) = (format!("led[{index}]"), Led::default());
        reader.section(&path, found, LED, &["patterns"], &mut led);
        if let Some(found) = reader.table(&path, found.table, "patterns") {
            reader.section(&format!("{path}.patterns"), found, PATTERNS, &[], &mut led.patterns);
        }
        config.leds.push(led);
    }
    for (index, found) in reader.tables("", root, "relay", MOST_RELAYS).into_iter().enumerate() {
        let mut relay = Relay::default();
        reader.section(&format!("relay[{index}]"), found, RELAY, &[], &mut relay);
        config.relays.push(relay);
    }
    for (index, found) in reader.tables("", root, "input", MOST_INPUTS).into_iter().enumerate() {
        let mut input = Input::default();
        reader.section(&format!("input[{index}]"), found, INPUT, &[], &mut input);
        config.inputs.push(input);
    }
}

/// The tables that a camera takes from the top unless it has its own.
pub fn inherited(
    reader: &mut Reader,
    path: &str,
    within: &DeTable,
    motion: &mut Motion,
    alert: &mut Alert,
    anomaly: &mut Anomaly,
) {
    let full = |name: &str| if path.is_empty() { name.into() } else { format!("{path}.{name}") };
    if let Some(found) = reader.table(path, within, "motion") {
        reader.section(&full("motion"), found, MOTION, &[], motion);
    }
    if let Some(found) = reader.table(path, within, "alert") {
        reader.section(&full("alert"), found, ALERT, &[], alert);
    }
    if let Some(found) = reader.table(path, within, "anomaly") {
        reader.section(&full("anomaly"), found, ANOMALY, &[], anomaly);
    }
}

fn camera(reader: &mut Reader, index: usize, found: Found, mut camera: Camera) -> Camera {
    let path = format!("camera[{index}]");
    reader.section(&path, found, CAMERA, &["motion", "alert", "anomaly", "zone"], &mut camera);
    let Camera { motion, alert, anomaly, .. } = &mut camera;
    inherited(reader, &path, found.table, motion, alert, anomaly);
    for (index, found) in reader.tables(&path, found.table, "zone", MOST_ZONES).into_iter().enumerate() {
        camera.zones.push(zone(reader, &path, index, found));
    }
    camera
}

/// A zone of the camera at `path`.
pub fn zone(reader: &mut Reader, path: &str, index: usize, found: Found) -> Zone {
    let mut zone = Zone { name: String::new(), kind: ZoneKind::Alert, points: Vec::new() };
    reader.section(&format!("{path}.zone[{index}]"), found, ZONE, &[], &mut zone);
    zone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_of_one_device_are_one_device() {
        let text = "[[camera]]\nsource = '/dev/v4l/by-id/webcam'\n[[camera]]\nsource = '/dev/video0'\n";
        let link = |path: &Path| if path.ends_with("webcam") { "/dev/video0".into() } else { path.into() };
        let faults = parse_with(text, &link).unwrap_err().to_string();
        assert_eq!(
            faults,
            "line 4: camera[1].source is \"/dev/video0\": that device is camera[0].source (line 2) already, and a \
             device gives its pictures to one only"
        );
        assert!(parse(text).is_ok());
        // A node that every machine has, as `load` sees it.
        assert_eq!(resolved(Path::new("/dev/../dev/./null")), Path::new("/dev/null"));
    }

    #[test]
    fn a_key_of_thousands_of_names_is_refused_before_it_is_read() {
        for text in ["a.".repeat(300_000) + "a = 1", "[".to_string() + &"'a' . ".repeat(300_000) + "a]"] {
            let faults = parse(&text).unwrap_err();
            assert!(faults.to_string().contains("more than 16 names"), "{}", faults.list.len());
        }
        let text = "x = ".to_string() + &"{a.a.a.a.a.a.a.a.a = ".repeat(70) + "1" + &"}".repeat(70);
        assert!(parse(&text).unwrap_err().to_string().contains("x is unknown"));
    }
}
