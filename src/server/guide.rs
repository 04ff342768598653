//! The guide's commands: `/`, `/start`, `/stop`. Field names and texts are the guide's.

use super::App;
use super::condition::Condition;
use super::page;
use super::problem::Problem;
use super::query::Parameters;
use crate::access::Grant;
use crate::appliance::NetworkState;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The guide's name for what this is.
const SERVICE: &str = "Smart Edge-AI CCTV System";

/// A device that hasn't answered after its own time-out and this is reported, and opened in the background.
const START_PATIENCE: Duration = Duration::from_secs(5);

/// How long `/stop` waits for a device to be free.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// `GET /`: what this is; a browser gets the page. Who isn't logged in is told no more than that.
pub async fn root(
    State(app): State<Arc<App>>,
    grant: Option<Extension<Grant>>,
    headers: HeaderMap,
) -> Response {
    if wants_html(&headers) {
        return page::page(&headers);
    }
    let fresh = [(header::VARY, "accept"), (header::CACHE_CONTROL, "no-store")];
    if grant.is_none() {
        return (fresh, Json(json!({ "service": SERVICE, "login_required": true }))).into_response();
    }
    let camera = app.context.appliance.first();
    let ai_enabled = matches!(camera.network().await, NetworkState::Running { .. });
    let condition = Condition::of(camera, &app.context.appliance.clock);
    let body = json!({
        "service": SERVICE,
        "version": env!("CARGO_PKG_VERSION"),
        "ai_enabled": ai_enabled,
        "streaming": condition.streaming,
        "ai_pipeline_active": condition.streaming,
    });
    (fresh, Json(body)).into_response()
}

fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|kind| kind.trim().starts_with("text/html"))
}

/// `POST /start`: opens the camera; started already, it says the same.
pub async fn start(State(app): State<Arc<App>>, parameters: Parameters) -> Result<Json<Value>, Problem> {
    let camera = parameters.camera(&app)?;
    let config = camera.config();
    let patience = START_PATIENCE + Duration::from_secs_f64(config.timeout_seconds);
    match tokio::time::timeout(patience, camera.start()).await {
        Ok(Ok(())) => Ok(Json(json!({
            "status": "ready",
            "message": "Camera initialized successfully",
            "ai_pipeline_active": true,
        }))),
        Ok(Err(error)) => {
            Err(Problem::camera_not_available(config.source.without_folders(&error.to_string())))
        }
        Err(_) => Err(Problem::camera_not_available("the device doesn't answer; it is tried on")),
    }
}

/// `POST /stop`: releases the camera.
pub async fn stop(State(app): State<Arc<App>>, parameters: Parameters) -> Result<Json<Value>, Problem> {
    let camera = parameters.camera(&app)?.clone();
    // In a task of its own: a caller who hangs up must not leave the stop half done.
    let stopping = tokio::spawn(async move { camera.stop().await });
    match tokio::time::timeout(STOP_PATIENCE, stopping).await {
        Ok(Ok(())) => Ok(Json(json!({ "status": "camera stopped", "ai_pipeline": "reset" }))),
        Ok(Err(error)) => {
            log::error!("stopping a camera failed: {error}");
            Err(Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR))
        }
        Err(_) => Err(Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Camera not released",
            "the device hangs; it is released as soon as it answers",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_browsers_get_the_page() {
        let asked = |accept: &'static str| {
            wants_html(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]))
        };
        assert!(asked("text/html,application/xhtml+xml,*/*;q=0.8"));
        assert!(asked("application/xml, text/html;q=0.9"));
        assert!(!asked("*/*"));
        assert!(!asked("application/json"));
        assert!(!wants_html(&HeaderMap::new()));
    }
}
