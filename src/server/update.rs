//! Updates: whether there are any from here, how far one is, and how the last one went.

use super::App;
use super::condition::without_folders;
use super::problem::Problem;
use crate::service::update::{Phase, Updates};
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET /api/update`
pub async fn show(State(app): State<Arc<App>>) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(described(app.updates.as_ref()))).into_response()
}

/// `POST /api/update`: asks for what is newer. What and from where is not the caller's to say.
pub async fn ask(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let Some(updates) = &app.updates else {
        return Err(Problem::new(StatusCode::CONFLICT, "No updates from here", ELSEWHERE));
    };
    if matches!(updates.phase(), Phase::Idle | Phase::Unheard) {
        updates.ask().map_err(|error| {
            log::error!("the update can't be asked for: {error}");
            Problem::not_saved("Update not asked for", &error)
        })?;
        log::info!("an update was asked for");
    }
    Ok((StatusCode::ACCEPTED, Json(described(Some(updates)))).into_response())
}

const ELSEWHERE: &str = "this program isn't installed as a package, so its updates come in another way";

fn described(updates: Option<&Updates>) -> Value {
    let Some(updates) = updates else { return json!({ "possible": false, "detail": ELSEWHERE }) };
    let phase = match updates.phase() {
        Phase::Idle => "idle",
        Phase::Asked => "asked",
        Phase::Unheard => "unheard",
        Phase::Running => "running",
        Phase::Judged => "judged",
        Phase::TakenBack => "taken-back",
    };
    let last = updates.last().map(|last| {
        json!({
            "outcome": last.outcome,
            "from": last.from,
            "to": last.to,
            "at": last.at,
            "why": without_folders(&last.why),
        })
    });
    json!({ "possible": true, "phase": phase, "last": last })
}
