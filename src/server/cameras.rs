//! Which cameras there are, what they deliver and what is watched in them.

use super::App;
use super::condition::Condition;
use crate::appliance::CameraHandle;
use crate::camera::{Opened, demo};
use crate::config::{Source, Zone};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// `GET /api/cameras`
pub async fn list(State(app): State<Arc<App>>) -> Response {
    let appliance = &app.context.appliance;
    let cameras: Vec<Value> = appliance
        .cameras
        .iter()
        .map(|camera| describe(camera, &Condition::of(camera, &appliance.clock)))
        .collect();
    ([(header::CACHE_CONTROL, "no-store")], Json(json!({ "cameras": cameras }))).into_response()
}

fn describe(camera: &CameraHandle, condition: &Condition) -> Value {
    let config = camera.config();
    let mut body = Map::new();
    body.insert("name".into(), camera.name().into());
    body.insert("source".into(), kind(&config.source).into());
    body.insert("phase".into(), condition.phase().into());
    body.insert("camera_active".into(), condition.active.into());
    body.insert("stopped_by_user".into(), camera.stopped_by_user().into());
    body.insert("opened".into(), condition.status.opened.as_ref().map(opened).into());
    body.insert("zones".into(), config.zones.iter().map(zone).collect());
    if let Some(degraded) = &condition.degraded {
        body.insert("degraded".into(), json!(degraded));
    }
    if let Some(schedule) = schedule(&config.source) {
        body.insert("schedule".into(), schedule);
    }
    Value::Object(body)
}

pub fn kind(source: &Source) -> &'static str {
    match source {
        Source::Demo => "demo",
        Source::Device(_) => "device",
        Source::Network(_) => "network",
        Source::Recording(_) => "recording",
    }
}

pub fn opened(opened: &Opened) -> Value {
    json!({
        "device": opened.device,
        "format": opened.format,
        "width": opened.width,
        "height": opened.height,
        "fps": opened.fps,
    })
}

fn zone(zone: &Zone) -> Value {
    json!({ "name": zone.name, "kind": zone.kind, "points": zone.points })
}

/// When the demo's unusual things happen, so that whoever watches can check the verdicts. Seconds count
/// from the camera's start, and again from each end of the cycle.
fn schedule(source: &Source) -> Option<Value> {
    if *source != Source::Demo {
        return None;
    }
    let unusual = demo::schedule().iter().map(|unusual| {
        json!({
            "at_seconds": unusual.at_seconds,
            "duration_seconds": unusual.duration_seconds,
            "name": unusual.name,
            "what": unusual.what,
        })
    });
    Some(
        json!({ "cycle_seconds": demo::CYCLE_SECONDS, "calm_cycles": demo::CALM_CYCLES, "unusual": unusual.collect::<Vec<_>>() }),
    )
}
