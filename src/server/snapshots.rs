//! Single pictures on request, kept in the state folder under the guide's names.

use super::App;
use super::condition::Condition;
use super::problem::Problem;
use super::query::Parameters;
use crate::publisher::{Encoded, Wish};
use crate::snapshots::Store;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How long the next picture may take beyond what a slow camera needs for one frame.
const PICTURE_PATIENCE: Duration = Duration::from_secs(2);

/// `POST /snapshot`
pub async fn take(State(app): State<Arc<App>>, parameters: Parameters) -> Result<Json<Value>, Problem> {
    let picture = newest_picture(&app, &parameters).await?;
    let written = in_background(&app, move |store| store.write(&picture.jpeg, picture.wall)).await;
    match written {
        Ok(filename) => Ok(Json(json!({ "filename": filename }))),
        Err(error) => {
            log::error!("a snapshot can't be written: {error}");
            Err(Problem::not_saved("Snapshot not saved", &error))
        }
    }
}

async fn newest_picture(app: &App, parameters: &Parameters) -> Result<Arc<Encoded>, Problem> {
    let camera = parameters.camera(app)?;
    let wish = Wish { fps: None, ..parameters.wish(&app.context.appliance.stream())? };
    if camera.stopped_by_user() {
        return Err(Problem::camera_stopped());
    }
    let active = || Condition::of(camera, &app.context.appliance.clock).active;
    if !active() {
        return Err(Problem::no_picture());
    }
    // Viewers who take all places must not keep anybody from it.
    let mut viewer = camera.watch(wish);
    let frame_time = Duration::from_secs_f32(1.0 / camera.config().fps.clamp(0.1, 60.0));
    let picture = tokio::time::timeout(PICTURE_PATIENCE + frame_time, viewer.next()).await;
    // A camera lost meanwhile gives pictures that say so: no snapshots.
    picture.ok().flatten().filter(|_| active()).ok_or_else(Problem::no_picture)
}

/// `GET /api/snapshots`
pub async fn list(State(app): State<Arc<App>>, parameters: Parameters) -> Result<Response, Problem> {
    let wanted = parameters.snapshots()?;
    let listed = in_background(&app, move |store| store.list(&wanted)).await;
    let (snapshots, total) = listed.map_err(|error| unreadable(&error))?;
    let body = Json(json!({ "total": total, "snapshots": snapshots }));
    Ok(([(header::CACHE_CONTROL, "no-store")], body).into_response())
}

/// `GET /api/snapshots/{filename}`
pub async fn download(
    State(app): State<Arc<App>>,
    Path(filename): Path<String>,
) -> Result<Response, Problem> {
    let read = in_background(&app, move |store| store.read(&filename)).await;
    let jpeg = read.map_err(|error| unreadable(&error))?;
    let jpeg = jpeg.ok_or_else(no_snapshot)?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "private, no-cache")], jpeg)
        .into_response())
}

/// `DELETE /api/snapshots/{filename}`
pub async fn delete(
    State(app): State<Arc<App>>,
    Path(filename): Path<String>,
) -> Result<Json<Value>, Problem> {
    let name = filename.clone();
    match in_background(&app, move |store| store.delete(&name)).await {
        Ok(true) => Ok(Json(json!({ "status": "deleted", "filename": filename }))),
        Ok(false) => Err(no_snapshot()),
        Err(error) => {
            log::error!("a snapshot can't be deleted: {error}");
            Err(Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Snapshot not deleted",
                "the state folder can't be written to; the log says why",
            ))
        }
    }
}

fn no_snapshot() -> Problem {
    Problem::not_found("there is no such snapshot; /api/snapshots lists those that there are")
}

fn unreadable(error: &io::Error) -> Problem {
    log::error!("the snapshots can't be read: {error}");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Snapshots not readable",
        "the state folder can't be read; the log says why",
    )
}

/// Disks take their time, and other requests must not wait for them.
async fn in_background<T: Send + 'static>(
    app: &Arc<App>,
    work: impl FnOnce(&Store) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let app = app.clone();
    let done = tokio::task::spawn_blocking(move || work(&app.context.appliance.snapshots)).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
}
