//! Pictures and clips of events, in parts if a player asks for parts, and several events in one archive.

use super::App;
use super::events::{find, no_event};
use super::problem::Problem;
use super::query::Parameters;
use crate::events::files::{Files, Kind};
use crate::events::film;
use crate::events::record::Event;
use crate::service::courtesy::after_others;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tower::ServiceExt;
use tower_http::services::ServeFile;
use zip::DateTime;
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};

/// Whoever waits longer for a film may ask again: it goes on being made.
const FILM_PATIENCE: Duration = Duration::from_secs(60);
const FILM_RETRY_SECONDS: u32 = 5;

/// Most events in one archive.
const MOST_EXPORTED: usize = 100;

/// Pieces of an archive that wait to be sent, and how large each is at least.
const WAITING_PIECES: usize = 4;
const PIECE_BYTES: usize = 64 << 10;

/// `GET /api/events/{id}/thumbnail.jpg`
pub async fn thumbnail(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    file(&app, &id, Kind::Thumbnail, request).await
}

/// `GET /api/events/{id}/snapshot.jpg`
pub async fn snapshot(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    file(&app, &id, Kind::Snapshot, request).await
}

/// `GET /api/events/{id}/recording.mp4`: the camera's own pictures.
pub async fn recording(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    file(&app, &id, Kind::Clip, request).await
}

/// `GET /api/events/{id}/clip.mp4`: the same in H.264, made when somebody asks first.
pub async fn clip(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let event = find(&app, &id).await?;
    if event.ended.is_none() {
        let detail = "it is being recorded: its clip is there when it is over";
        return Err(Problem::new(StatusCode::CONFLICT, "Event under way", detail));
    }
    if event.clip.is_none() {
        return Err(no_file());
    }
    let path = app.context.appliance.events.files.path(&event.camera, event.id, Kind::Film);
    if !path.exists() {
        // In a task of its own: it goes on if the caller goes.
        let making = tokio::spawn(made(app.clone(), event));
        match tokio::time::timeout(FILM_PATIENCE, making).await {
            Ok(made) => made.unwrap_or_else(|error| Err(not_made(&io::Error::other(error))))?,
            Err(_) => {
                let detail = "the clip is being made for browsers, which takes a while: try again";
                return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Clip is being made", detail)
                    .retry_after(FILM_RETRY_SECONDS));
            }
        }
    }
    serve(&path, request).await
}

/// Makes the film of a clip, one at a time: others wait, and find theirs made if it was the same.
async fn made(app: Arc<App>, event: Event) -> Result<(), Problem> {
    let _turn = app.filming.lock().await;
    let app = app.clone();
    let made = tokio::task::spawn_blocking(move || {
        let store = &app.context.appliance.events;
        let path = |kind| store.files.path(&event.camera, event.id, kind);
        let film = path(Kind::Film);
        if film.exists() {
            return Ok(());
        }
        // It will be smaller than the clip.
        let bytes = event.clip.map_or(0, |clip| clip.bytes);
        store.make_room(bytes).map_err(|error| io::Error::new(ErrorKind::StorageFull, error.0))?;
        after_others(|| film::make(&path(Kind::Clip), &film))?;
        store.added(&event);
        Ok(())
    });
    made.await.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| not_made(&error))
}

fn not_made(error: &io::Error) -> Problem {
    log::error!("a clip can't be made for browsers: {error}");
    Problem::not_saved("Clip not made", error)
}

async fn file(app: &Arc<App>, id: &str, kind: Kind, request: Request) -> Result<Response, Problem> {
    let event = find(app, id).await?;
    serve(&app.context.appliance.events.files.path(&event.camera, event.id, kind), request).await
}

/// All of a file, or the part that is asked for.
async fn serve(path: &std::path::Path, request: Request) -> Result<Response, Problem> {
    let served = ServeFile::new(path).oneshot(request).await;
    let mut response = match served {
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    };
    if response.status() == StatusCode::NOT_FOUND {
        return Err(no_file());
    }
    // Its content stays, and who may see it doesn't.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}

fn no_file() -> Problem {
    Problem::not_found("this event has no such file; the event's `fault` may say why")
}

/// `GET /api/events/export.zip?ids=1,2`: pictures, clips and what is known of them.
pub async fn export(State(app): State<Arc<App>>, parameters: Parameters) -> Result<Response, Problem> {
    let mut events = Vec::new();
    for id in parameters.ids(MOST_EXPORTED)? {
        match find(&app, &id).await {
            Ok(event) => events.push(event),
            // Deleted meanwhile, and no reason to lose the others.
            Err(problem) if problem.status == StatusCode::NOT_FOUND => {}
            Err(problem) => return Err(problem),
        }
    }
    if events.is_empty() {
        return Err(no_event());
    }
    let files = app.context.appliance.events.files.clone();
    let (sender, receiver) = mpsc::channel(WAITING_PIECES);
    tokio::task::spawn_blocking(move || {
        let mut pieces = Pieces { sender, waiting: Vec::new() };
        match archive(&events, &files, &mut pieces) {
            Ok(()) => {}
            // Who went away doesn't want the rest.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            Err(error) => {
                log::error!("events can't be exported: {error}");
                // Cuts the answer off, so that nobody takes half an archive for a whole one.
                let _ = pieces.sender.blocking_send(Err(error));
            }
        }
    });
    let pieces = stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
    let headers = [
        (header::CONTENT_TYPE, "application/zip"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"events.zip\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// Writes an archive. Its files are compressed already.
fn archive(events: &[Event], files: &Files, pieces: &mut Pieces) -> io::Result<()> {
    let mut zip: ZipWriter<StreamWriter<&mut Pieces>> = ZipWriter::new_stream(pieces);
    for event in events {
        let stored = SimpleFileOptions::default().large_file(true).last_modified_time(time(event.began));
        let name = |what: &str| format!("{}-{}.{what}", event.camera, event.id);
        zip.start_file(name("json"), stored)?;
        zip.write_all(&serde_json::to_vec_pretty(event)?)?;
        for (kind, extension) in [(Kind::Snapshot, "jpg"), (Kind::Clip, "mp4")] {
            match File::open(files.path(&event.camera, event.id, kind)) {
                Ok(mut file) => {
                    zip.start_file(name(extension), stored)?;
                    io::copy(&mut file, &mut zip)?;
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    zip.finish()?;
    pieces.flush()
}

/// As archives tell it, by the local clock.
fn time(milliseconds: i64) -> DateTime {
    let time = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    let time = time.to_zoned(jiff::tz::TimeZone::system());
    let part = |part: i8| u8::try_from(part).unwrap_or(0);
    let year = u16::try_from(time.year()).unwrap_or(0);
    let (month, day) = (part(time.month()), part(time.day()));
    DateTime::from_date_and_time(
        year,
        month,
        day,
        part(time.hour()),
        part(time.minute()),
        part(time.second()),
    )
    .unwrap_or_default()
}

/// Hands what is written to the task that sends it, and waits while that is slower.
struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
    waiting: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let piece = std::mem::take(&mut self.waiting).into();
        self.sender.blocking_send(Ok(piece)).map_err(|_| ErrorKind::BrokenPipe.into())
    }
}
