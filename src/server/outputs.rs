//! LEDs, relays, inputs and arming: to be seen, tried out, silenced and armed.

use super::App;
use super::condition::{rounded, without_folders};
use super::problem::Problem;
use super::query::{Parameters, parsed};
use crate::outputs::arming::Mode;
use crate::outputs::report::Report;
use crate::outputs::{Busy, TestError};
use crate::service::clock::rfc3339;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Closings that are listed unless the caller says how many.
const LISTED: usize = 100;

/// Nobody tries a relay out for longer; its own longest time holds too.
const LONGEST_TEST: f64 = 60.0;
/// Nobody silences for longer.
const LONGEST_SILENCE: f64 = 86_400.0;

/// Who it was that used the API.
const BY: &str = "the API";

fn fresh(body: Value) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// `GET /api/outputs`
pub async fn list(State(app): State<Arc<App>>) -> Response {
    let report = app.context.appliance.outputs.report();
    let outputs: Vec<Value> = report
        .outputs
        .iter()
        .map(|output| {
            json!({
                "name": output.name,
                "kind": output.kind,
                "line": output.line,
                "active_low": output.active_low,
                "on": output.on,
                "read_back": output.read_back,
                "since": rfc3339(output.since),
                "why": output.why,
                "problem": output.problem.as_deref().map(without_folders),
                "capture_to_line_ms": output.capture_to_line_ms.map(|ms| rounded(ms, 2)),
            })
        })
        .collect();
    let inputs: Vec<Value> = report
        .inputs
        .iter()
        .map(|input| {
            json!({
                "name": input.name,
                "line": input.line,
                "action": input.action,
                "active": input.active,
                "since": rfc3339(input.since),
                "problem": input.problem.as_deref().map(without_folders),
            })
        })
        .collect();
    fresh(json!({
        "driver": report.driver,
        "driver_reason": without_folders(&report.driver_reason),
        "outputs": outputs,
        "inputs": inputs,
    }))
}

/// `GET /api/outputs/history`
pub async fn history(State(app): State<Arc<App>>, parameters: Parameters) -> Result<Response, Problem> {
    let most = parameters.limit()?.unwrap_or(LISTED);
    Ok(fresh(json!({ "closings": app.context.appliance.outputs.history(most) })))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Length {
    seconds: Option<f64>,
}

/// `POST /api/outputs/{name}/test`
pub async fn test(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let length = length(&body, 0.1, LONGEST_TEST)?;
    match app.context.appliance.outputs.test(&name, length, BY).await {
        Ok(()) => Ok(Json(json!({ "status": "testing", "output": name }))),
        Err(error) => {
            let detail = without_folders(&error.to_string());
            Err(match error {
                TestError::Unknown => Problem::not_found(detail),
                TestError::Pause(_, left) => Problem::new(StatusCode::CONFLICT, "Relay must pause", detail)
                    .retry_after(u32::try_from(left.as_secs() + 1).unwrap_or(u32::MAX)),
                TestError::Missing(_) => {
                    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Output missing", detail)
                }
                TestError::Busy => busy(Busy),
            })
        }
    }
}

/// `POST /api/alert/silence`: without a body for the configured time; 0 seconds end it.
pub async fn silence(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<Value>, Problem> {
    let outputs = &app.context.appliance.outputs;
    outputs.silence(length(&body, 0.0, LONGEST_SILENCE)?).await.map_err(busy)?;
    let until = outputs.report().silent_until;
    let status = if until.is_some() { "silenced" } else { "not silenced" };
    Ok(Json(json!({ "status": status, "silent_until": until.map(rfc3339) })))
}

/// `GET /api/arm`
pub async fn arming(State(app): State<Arc<App>>) -> Response {
    fresh(arming_body(&app.context.appliance.outputs.report()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    mode: Mode,
}

/// `POST /api/arm`
pub async fn arm(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<Value>, Problem> {
    let Wanted { mode } =
        parsed(&body, "{\"mode\": \"armed\"}, {\"mode\": \"disarmed\"} or {\"mode\": \"schedule\"}")?;
    let outputs = &app.context.appliance.outputs;
    outputs.arm(mode, BY).await.map_err(busy)?;
    Ok(Json(arming_body(&outputs.report())))
}

fn arming_body(report: &Report) -> Value {
    json!({
        "armed": report.armed,
        "mode": report.mode,
        "why": report.why,
        "next_change": report.next_change.map(rfc3339),
        "silent_until": report.silent_until.map(rfc3339),
    })
}

/// A time in seconds, if the body has one.
fn length(body: &Bytes, least: f64, most: f64) -> Result<Option<Duration>, Problem> {
    let Length { seconds } = if body.trim_ascii().is_empty() {
        Length::default()
    } else {
        parsed(body, "{\"seconds\": 1.5} or nothing")?
    };
    match seconds {
        Some(seconds) if !(least..=most).contains(&seconds) => {
            Err(Problem::bad_value(format!("seconds must be a number from {least} to {most}")))
        }
        seconds => Ok(seconds.map(Duration::from_secs_f64)),
    }
}

fn busy(error: Busy) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Outputs are busy", error.to_string()).retry_after(5)
}
