//! For whoever supervises this program: does it answer, and do valid frames come?

use super::App;
use super::condition::{Condition, rounded};
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET /healthz`: the process answers.
pub async fn alive() -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(json!({ "status": "ok" }))).into_response()
}

/// `GET /readyz`: 200 when each camera that should run delivers valid frames, else 503 with the reasons.
/// What only makes anomalies be told less well is told under `limits`, and the camera is ready all the same.
pub async fn ready(State(app): State<Arc<App>>) -> Response {
    let appliance = &app.context.appliance;
    let conditions: Vec<_> = appliance
        .cameras
        .iter()
        .map(|camera| (camera.name(), Condition::of(camera, &appliance.clock)))
        .collect();
    let cameras: Vec<Value> = conditions.iter().map(|(name, condition)| camera(name, condition)).collect();
    let missing: Vec<String> =
        conditions.iter().filter_map(|(name, condition)| missing(name, condition)).collect();
    let (status, body) = if missing.is_empty() {
        (StatusCode::OK, json!({ "ready": true, "cameras": cameras }))
    } else {
        let detail = missing.join("; ");
        let body = json!({ "error": "Not ready", "detail": detail, "ready": false, "cameras": cameras });
        (StatusCode::SERVICE_UNAVAILABLE, body)
    };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// Why a camera isn't ready. One that nobody wants to run isn't missed.
fn missing(name: &str, condition: &Condition) -> Option<String> {
    if condition.active || !condition.streaming {
        return None;
    }
    Some(match &condition.degraded {
        Some(degraded) => format!("{name}: {} (for {} s)", degraded.reason, degraded.seconds),
        None => format!("{name}: its first frame is awaited"),
    })
}

fn camera(name: &str, condition: &Condition) -> Value {
    json!({
        "name": name,
        "ready": condition.active,
        "phase": condition.phase(),
        "frame_age_seconds": condition.status.frame_age.map(|age| rounded(age.as_secs_f32(), 3)),
        "degraded": condition.degraded,
        "limits": condition.limits(),
    })
}
