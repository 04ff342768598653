//! Settings laid over a configuration: a document of the file's shape with the cameras by name, of which only a part is
//! open. Its values are read as the file's are, so that they have the same faults in the same words.
//!
//! Knows nothing of where the document is kept and who may change it.

use super::fault::Fault;
use super::file::{inherited, resolved, zone};
use super::reader::{Found, Reader};
use super::spelling::nearest;
use super::tables::{ARMING, CAMERA, EVENTS, MOST_ZONES, ROOT, SNAPSHOTS, STREAM};
use super::{Camera, Config, relations};
use toml::de::DeTable;

/// What the file alone says: paths, addresses, lines, and (`motion`, `alert`, `anomaly`) what is changed camera by camera.
const CLOSED: [&str; 11] = [
    "state_dir",
    "trust_clock",
    "server",
    "motion",
    "alert",
    "anomaly",
    "network",
    "outputs",
    "led",
    "relay",
    "input",
];
/// Its source may name a path, and its name is part of addresses and of files; the others say where passwords are and to whom
/// they are told.
pub const CLOSED_OF_A_CAMERA: [&str; 6] =
    ["name", "source", "username", "password_file", "certificate", "transport"];

/// What comes of settings on top of a configuration.
#[derive(Debug)]
pub struct Composed {
    /// The configuration with what is fine of the settings. If they don't fit together, only zones are: pictures that
    /// are to be black stay so.
    pub config: Config,
    /// Keys and values that aren't taken.
    pub values: Vec<Fault>,
    /// What doesn't fit together, and did without the settings.
    pub relations: Vec<Fault>,
}

/// Lays the settings in `text` over `base`, which has all its zones. Settings of cameras that `base` hasn't are passed
/// over.
pub fn compose(base: &Config, text: &str) -> Composed {
    let mut reader = Reader::new(text);
    let mut config = base.clone();
    let (document, errors) = DeTable::parse_recoverable(text);
    if let Some(error) = errors.first() {
        let values = vec![Fault::new(format!("the settings can't be read: {}", error.message()))];
        return Composed { config, values, relations: Vec::new() };
    }
    read(&mut reader, document.get_ref(), &mut config);
    let Reader { faults: values, places, .. } = reader;
    let places = places.settled();
    let relations = relations::new_faults(base, &config, &places, &resolved);
    if !relations.is_empty() {
        let mut zones_only = base.clone();
        for (camera, changed) in zones_only.cameras.iter_mut().zip(config.cameras) {
            camera.zones = changed.zones;
        }
        config = zones_only;
    }
    let values = values.into_iter().map(|fault| Fault { line: None, ..fault }).collect();
    Composed { config, values, relations }
}

/// The fault of settings for a camera that isn't there.
pub fn unknown_camera(config: &Config, name: &str) -> Fault {
    let names = config.cameras.iter().map(|camera| camera.name.as_str());
    let advice = match nearest(name, names.clone()) {
        Some(meant) => format!("did you mean {meant}?"),
        None => format!("known here are {}", names.collect::<Vec<_>>().join(", ")),
    };
    let full = super::reader::join("camera", name);
    Fault { keys: vec![full.clone()], ..Fault::new(format!("{full} is unknown: {advice}")) }
}

fn read(reader: &mut Reader, root: &DeTable<'_>, config: &mut Config) {
    let whole = Found { table: root, offset: 0 };
    let open = ["stream", "arming", "events", "snapshots", "camera"];
    reader.open_section("", whole, ROOT, &open, &CLOSED, config);
    if let Some(found) = reader.table("", root, "stream") {
        reader.section("stream", found, STREAM, &[], &mut config.stream);
    }
    if let Some(found) = reader.table("", root, "arming") {
        reader.section("arming", found, ARMING, &[], &mut config.arming);
    }
    if let Some(found) = reader.table("", root, "events") {
        reader.section("events", found, EVENTS, &[], &mut config.events);
    }
    if let Some(found) = reader.table("", root, "snapshots") {
        reader.section("snapshots", found, SNAPSHOTS, &[], &mut config.snapshots);
    }
    let Some(cameras) = reader.table("", root, "camera") else { return };
    for (name, value) in cameras.table {
        let Some(index) = config.cameras.iter().position(|camera| camera.name == *name.get_ref()) else {
            continue;
        };
        let path = format!("camera[{index}]");
        if let Some(found) = reader.as_table(&path, value) {
            camera(reader, &path, found, &mut config.cameras[index]);
        }
    }
}

fn camera(reader: &mut Reader, path: &str, found: Found, camera: &mut Camera) {
    let nested = ["motion", "alert", "anomaly", "zone"];
    reader.open_section(path, found, CAMERA, &nested, &CLOSED_OF_A_CAMERA, camera);
    let Camera { motion, alert, anomaly, .. } = camera;
    inherited(reader, path, found.table, motion, alert, anomaly);
    if !found.table.contains_key("zone") {
        return;
    }
    let before = reader.faults.len();
    let mut zones = Vec::new();
    for (index, found) in reader.tables(path, found.table, "zone", MOST_ZONES).into_iter().enumerate() {
        let faults = reader.faults.len();
        let zone = zone(reader, path, index, found);
        if reader.faults.len() == faults {
            zones.push(zone);
        }
    }
    if reader.faults.len() > before {
        // Nobody knows what a zone with a fault was for: what the file watches and blackens goes on beside the fine ones.
        let left = camera.zones.drain(..).filter(|zone| !zones.iter().any(|other| other.name == zone.name));
        let left: Vec<_> = left.collect();
        zones.extend(left);
    }
    camera.zones = zones;
}
