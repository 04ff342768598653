//! The events that were kept: the list, one of them, its mark and its end, and what happens now.

use super::App;
use super::problem::Problem;
use super::query::{Parameters, parsed};
use super::status_stream::{KEEP_ALIVE, full};
use crate::access::Grant;
use crate::events::record::Event;
use crate::events::store::{News, Store, StoreError};
use axum::Extension;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// `GET /api/events`
pub async fn list(State(app): State<Arc<App>>, parameters: Parameters) -> Result<Response, Problem> {
    let filter = parameters.events()?;
    let limit = filter.limit;
    let (events, total) = in_background(&app, move |store| store.list(&filter)).await?;
    // A whole page may be the last; the next one is empty then.
    let next = events.last().filter(|_| events.len() == limit).map(|event| event.id);
    let body = json!({ "total": total, "events": events, "next": next });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// `GET /api/events/{id}`
pub async fn show(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let event = find(&app, &id).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(event)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    keep: bool,
}

/// `PATCH /api/events/{id}`
pub async fn mark(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Event>, Problem> {
    let id = number(&id)?;
    let Mark { keep } = parsed(&body, "{\"keep\": true} or {\"keep\": false}")?;
    let marked = in_background(&app, move |store| store.keep(id, keep)).await?;
    marked.map(Json).ok_or_else(no_event)
}

/// `DELETE /api/events/{id}`
pub async fn delete(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let event = find(&app, &id).await?;
    if event.ended.is_none() {
        let detail = "it is being recorded: try again when it is over";
        return Err(Problem::new(StatusCode::CONFLICT, "Event under way", detail));
    }
    match in_background(&app, move |store| store.delete(event.id)).await? {
        true => Ok(Json(json!({ "status": "deleted", "id": event.id }))),
        false => Err(no_event()),
    }
}

/// `GET /api/events/storage`
pub async fn storage(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let condition = in_background(&app, |store| Ok(store.condition())).await?;
    let written: Vec<Value> =
        condition.written.iter().map(|(day, bytes)| json!({ "day": day, "bytes": bytes })).collect();
    let body = json!({
        "enabled": app.context.appliance.events.settings().enabled,
        "events": condition.events,
        "bytes": condition.bytes,
        "max_bytes": condition.max_bytes,
        "free_bytes": condition.free_bytes,
        "written": written,
        "problem": condition.problem,
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// `GET /api/events/stream`
pub async fn follow(
    State(app): State<Arc<App>>,
    Extension(grant): Extension<Grant>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let camera = parameters.any_camera(&app)?.map(|camera| camera.name().to_string());
    let place = app.followers.clone().try_acquire_owned().map_err(|_| full())?;
    let follower =
        Follower { camera, news: app.context.appliance.events.follow(), ended: grant.ended, _place: place };
    let events = stream::unfold(follower, async |mut follower| Some((follower.next().await?, follower)));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// Somebody who follows the news.
struct Follower {
    /// Of this one only.
    camera: Option<String>,
    news: Receiver<News>,
    ended: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    /// The next event; `None` when the login is over or the program ends.
    async fn next(&mut self) -> Option<Result<sse::Event, axum::Error>> {
        loop {
            let news = tokio::select! {
                biased;
                () = self.ended.cancelled() => return None,
                news = self.news.recv() => news,
            };
            match news {
                Ok(News::Began { event } | News::Changed { event } | News::Ended { event })
                    if self.camera.as_ref().is_some_and(|camera| *camera != event.camera) => {}
                Ok(news) => return Some(sse::Event::default().json_data(&news)),
                // Whoever was too slow has to read the list.
                Err(RecvError::Lagged(_)) => {
                    return Some(sse::Event::default().json_data(json!({ "news": "missed" })));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// One event by its number.
pub async fn find(app: &Arc<App>, id: &str) -> Result<Event, Problem> {
    let id = number(id)?;
    in_background(app, move |store| store.get(id)).await?.ok_or_else(no_event)
}

fn number(id: &str) -> Result<i64, Problem> {
    id.parse().map_err(|_| no_event())
}

pub fn no_event() -> Problem {
    Problem::not_found("there is no such event; /api/events lists those that there are")
}

/// Disks take their time, and other requests must not wait for them.
pub async fn in_background<T: Send + 'static>(
    app: &Arc<App>,
    work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let app = app.clone();
    let done = tokio::task::spawn_blocking(move || work(&app.context.appliance.events)).await;
    let done = done.unwrap_or_else(|error| Err(StoreError(error.to_string())));
    done.map_err(|StoreError(why)| {
        log::error!("events: {why}");
        let detail = "the events can't be read or written now; the log says why";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Events not available", detail)
    })
}
