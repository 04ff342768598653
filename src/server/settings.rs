//! Settings that may be changed on the page: to be seen with what each may be, and to be changed.

use super::App;
use super::problem::Problem;
use crate::config::Fault;
use crate::settings::{Refusal, Settings, View};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Serialize)]
struct Body {
    #[serde(flatten)]
    view: View,
    /// What a patch changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<Value>>,
}

fn body(settings: &Settings, changes: Option<Vec<Value>>) -> Response {
    let view = settings.view();
    let headers =
        [(header::CACHE_CONTROL, "no-store".into()), (header::ETAG, format!("\"{}\"", view.revision))];
    (headers, Json(Body { view, changes })).into_response()
}

/// `GET /api/settings`
pub async fn show(State(app): State<Arc<App>>) -> Response {
    body(&app.context.settings, None)
}

/// `PATCH /api/settings`, a JSON merge patch; with `If-Match` only if nobody changed anything since.
pub async fn change(State(app): State<Arc<App>>, headers: HeaderMap, bytes: Bytes) -> Response {
    let Ok(patch) = serde_json::from_slice::<Value>(&bytes) else {
        return faulty(&[Fault::new("the body is no JSON")]);
    };
    let of = headers
        .get(header::IF_MATCH)
        .filter(|tag| *tag != "*")
        .map(|tag| String::from_utf8_lossy(tag.as_bytes()).trim_matches('"').to_string());
    // It goes on to its end even if the caller hangs up.
    let changing = tokio::task::spawn_blocking(move || {
        let appliance = &app.context.appliance;
        let changes =
            app.context.settings.patch(patch, of.as_deref(), |config| appliance.configure(config))?;
        let changes = changes
            .iter()
            .map(|change| json!({ "key": change.key, "effect": change.effect, "camera": change.camera }));
        Ok(body(&app.context.settings, Some(changes.collect())))
    });
    match changing.await {
        Ok(Ok(response)) => response,
        Ok(Err(refusal)) => refused(&refusal),
        Err(error) => {
            log::error!("changing settings failed: {error}");
            Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
    }
}

fn refused(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::Faults(faults) => faulty(faults),
        Refusal::Unreadable(why) => Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Settings not readable",
            format!("what was changed before can't be read and would be lost: {why}"),
        )
        .into_response(),
        Refusal::Outdated => Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "Settings changed meanwhile",
            "somebody else has changed settings since these were asked for; ask again and look",
        )
        .into_response(),
        Refusal::Unwritten(error) => Problem::not_saved("Settings not saved", error).into_response(),
    }
}

fn faulty(faults: &[Fault]) -> Response {
    let body = json!({
        "error": "Bad settings",
        "detail": faults.first().map(ToString::to_string),
        "faults": faults.iter().map(|fault| json!({ "keys": fault.keys, "text": fault.text })).collect::<Vec<_>>(),
    });
    (StatusCode::BAD_REQUEST, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
