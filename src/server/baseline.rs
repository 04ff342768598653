//! What was learned of a camera: to be seen, forgotten, and not to be added to for a while.

use super::App;
use super::condition::rounded;
use super::problem::Problem;
use super::query::Parameters;
use crate::anomaly::baseline::Baseline;
use crate::anomaly::places::{COLUMNS, ROWS};
use crate::anomaly::signal::Signal;
use crate::appliance::{BaselineError, NetworkState};
use crate::picture::map::{self, Usual};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET /api/baseline`
pub async fn show(State(app): State<Arc<App>>, parameters: Parameters) -> Result<Response, Problem> {
    let camera = parameters.camera(&app)?;
    let kept = camera.baseline().await.map_err(problem)?;
    let status = camera.status().anomaly;
    let baseline = &kept.baseline;
    let alarms = camera.config().anomaly.false_alarms_per_day;
    let version = match &status.network {
        NetworkState::Running { version, .. } => Some(version),
        _ => None,
    };
    let body = json!({
        "camera": camera.name(),
        "learning_progress": rounded(baseline.progress(), 3),
        "learning_complete": baseline.is_complete(),
        "paused": status.paused,
        "learned_seconds": (baseline.learned * 10.0).round() / 10.0,
        "network_learned": baseline.sight.is_some() && baseline.is_sight_known(),
        "prototypes": baseline.prototypes(),
        "model_version": version,
        "unsaved": status.unsaved,
        "signals": Signal::ALL.map(|signal| json!({
            "signal": signal,
            "unit": unit(signal),
            "normal_up_to": baseline.upper(signal, alarms).map(|upper| rounded(upper, 4)),
        })),
        "activity": activity(baseline),
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// In what the upper end of the normal range is given.
fn unit(signal: Signal) -> &'static str {
    match signal {
        Signal::Area => "share of the picture",
        Signal::Count => "things",
        Signal::Speed | Signal::Pace | Signal::Size | Signal::Linger => "times what the place is used to",
        Signal::Place | Signal::Direction | Signal::Hour => "one in so many",
        Signal::Kind | Signal::Thing | Signal::View | Signal::Light => "novelty",
    }
}

/// Share of time with motion by hour; null where nothing was seen.
fn activity(baseline: &Baseline) -> Value {
    let shares: Vec<_> = baseline.hours.shares().map(|share| share.map(|share| rounded(share, 4))).collect();
    let (working_days, weekends) = shares.split_at(shares.len() / 2);
    json!({ "working_days": working_days, "weekends": weekends })
}

/// `GET /api/baseline/map.png`
pub async fn picture(State(app): State<Arc<App>>, parameters: Parameters) -> Result<Response, Problem> {
    let camera = parameters.camera(&app)?;
    let kept = camera.baseline().await.map_err(problem)?;
    let behaviour = &kept.baseline.behaviour;
    let usual = |(place, &seconds): (usize, &f32)| {
        let (column, row) = ((place % COLUMNS) as f32 + 0.5, (place / COLUMNS) as f32 + 0.5);
        Usual {
            seconds,
            direction: behaviour.usual_direction(place),
            speed: behaviour.usual_speed((column / COLUMNS as f32, row / ROWS as f32)),
        }
    };
    let places: Vec<Usual> = behaviour.presence().iter().enumerate().map(usual).collect();
    let png = map::png(&map::draw(&places, COLUMNS)).map_err(|error| {
        log::error!("the baseline's map can't be written: {error}");
        Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR)
    })?;
    Ok(([(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "no-store")], png).into_response())
}

/// `POST /api/baseline/reset`
pub async fn reset(State(app): State<Arc<App>>, parameters: Parameters) -> Result<Json<Value>, Problem> {
    let camera = parameters.camera(&app)?.clone();
    // In a task of its own: a caller who hangs up must not leave it half done.
    let resetting = tokio::spawn(async move { camera.reset_baseline().await });
    match resetting.await {
        Ok(Ok(())) => Ok(Json(json!({ "status": "baseline reset", "learning_progress": 0.0 }))),
        Ok(Err(error)) => Err(problem(error)),
        Err(error) => {
            log::error!("resetting a baseline failed: {error}");
            Err(Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pause {
    paused: bool,
}

/// `POST /api/baseline/pause`: without a body it pauses.
pub async fn pause(
    State(app): State<Arc<App>>,
    parameters: Parameters,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let camera = parameters.camera(&app)?;
    let paused = if body.trim_ascii().is_empty() {
        true
    } else {
        let asked: Pause = serde_json::from_slice(&body).map_err(|_| {
            Problem::bad_value(
                "the body must be {\"paused\": true} or {\"paused\": false}, or nothing to pause",
            )
        })?;
        asked.paused
    };
    camera.pause_learning(paused);
    Ok(Json(json!({ "status": if paused { "learning paused" } else { "learning" }, "paused": paused })))
}

fn problem(error: BaselineError) -> Problem {
    let detail = error.to_string();
    match error {
        BaselineError::Off => Problem::new(StatusCode::CONFLICT, "Anomaly detection is off", detail),
        BaselineError::Busy(busy) => Problem::analysis_busy(&busy),
        BaselineError::Unsaved(why) => Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Baseline not saved",
            format!("it is forgotten now, but comes back with the next start: {why}"),
        ),
    }
}
