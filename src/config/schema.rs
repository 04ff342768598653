//! The open settings for a page that edits them: what each key may be, and what it is now. Made from the tables of keys.

use super::keys::{Effect, Field, Key};
use super::tables::{ALERT, ANOMALY, ARMING, CAMERA, EVENTS, MOTION, SNAPSHOTS, STREAM, ZONE};
use super::{Camera, Config, Zone, ZoneKind, overlay};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One key, as a page needs it to make a field of it.
#[derive(Serialize)]
pub struct KeyForm {
    key: &'static str,
    /// "number", "whole", "switch", "text", "texts" or "polygon".
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<f64>,
    /// What 0 means, if it is allowed outside the range.
    #[serde(skip_serializing_if = "Option::is_none")]
    zero: Option<&'static str>,
    /// In words.
    allowed: String,
    unit: &'static str,
    about: &'static str,
    effect: Effect,
    /// What it is if nobody says anything; null: it must be said.
    default: Value,
}

impl KeyForm {
    fn of<T>(key: &Key<T>, defaults: &T) -> Self {
        let (r#type, range, zero) = match key.field {
            Field::Number { from, to, zero, .. } => ("number", Some((from, to)), zero),
            Field::Whole { from, to, .. } => ("whole", Some((from.into(), to.into())), None),
            Field::Switch { .. } => ("switch", None, None),
            Field::Text { .. } => ("text", None, None),
            Field::Texts { .. } => ("texts", None, None),
            Field::Polygon { .. } => ("polygon", None, None),
        };
        Self {
            key: key.name,
            r#type,
            from: range.map(|(from, _)| from),
            to: range.map(|(_, to)| to),
            zero,
            allowed: key.allowed(),
            unit: key.unit,
            about: key.about,
            effect: key.effect,
            default: if key.required { Value::Null } else { key.field.json(defaults) },
        }
    }
}

/// The keys that are open, by the table that they are in.
pub fn forms() -> BTreeMap<&'static str, Vec<KeyForm>> {
    let (config, camera) = (Config::default(), Camera::default());
    let zone = Zone { name: String::new(), kind: ZoneKind::Alert, points: Vec::new() };
    BTreeMap::from([
        ("stream", table(STREAM, &config.stream)),
        ("arming", table(ARMING, &config.arming)),
        ("events", table(EVENTS, &config.events)),
        ("snapshots", table(SNAPSHOTS, &config.snapshots)),
        ("camera", open(CAMERA).map(|key| KeyForm::of(key, &camera)).collect()),
        ("motion", table(MOTION, &camera.motion)),
        ("alert", table(ALERT, &camera.alert)),
        ("anomaly", table(ANOMALY, &camera.anomaly)),
        ("zone", table(ZONE, &zone)),
    ])
}

fn table<T>(keys: &[Key<T>], defaults: &T) -> Vec<KeyForm> {
    keys.iter().map(|key| KeyForm::of(key, defaults)).collect()
}

fn open(keys: &'static [Key<Camera>]) -> impl Iterator<Item = &'static Key<Camera>> {
    keys.iter().filter(|key| !overlay::CLOSED_OF_A_CAMERA.contains(&key.name))
}

/// What is open of a configuration, in the shape of the settings that can be laid over it.
pub fn values(config: &Config) -> Value {
    let cameras = config.cameras.iter().map(|camera| (camera.name.clone(), camera_values(camera).into()));
    let mut values = Map::new();
    values.insert("stream".into(), section(STREAM, &config.stream).into());
    values.insert("arming".into(), section(ARMING, &config.arming).into());
    values.insert("events".into(), section(EVENTS, &config.events).into());
    values.insert("snapshots".into(), section(SNAPSHOTS, &config.snapshots).into());
    values.insert("camera".into(), Value::Object(cameras.collect()));
    Value::Object(values)
}

fn camera_values(camera: &Camera) -> Map<String, Value> {
    let mut values: Map<_, _> =
        open(CAMERA).map(|key| (key.name.to_string(), key.field.json(camera))).collect();
    values.insert("motion".into(), section(MOTION, &camera.motion).into());
    values.insert("alert".into(), section(ALERT, &camera.alert).into());
    values.insert("anomaly".into(), section(ANOMALY, &camera.anomaly).into());
    values
        .insert("zone".into(), camera.zones.iter().map(|zone| Value::Object(section(ZONE, zone))).collect());
    values
}

fn section<T>(keys: &[Key<T>], section: &T) -> Map<String, Value> {
    keys.iter().map(|key| (key.name.to_string(), key.field.json(section))).collect()
}
