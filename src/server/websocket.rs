//! The stream as a WebSocket: for each picture a text message with what was found in it (JSON), then a binary
//! message with the JPEG.

use super::App;
use super::listen::{Peer, log_end};
use super::problem::Problem;
use super::query::Parameters;
use super::seat::{Seat, seat};
use crate::access::Grant;
use crate::anomaly::verdict::Verdict;
use crate::pipeline::{Region, State as AiState, Timings};
use crate::publisher::Encoded;
use axum::Extension;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Chrome and many proxies drop a connection that is silent for a minute.
const PING_PERIOD: Duration = Duration::from_secs(20);

/// A viewer who hasn't answered two pings is gone.
const SILENCE: Duration = Duration::from_secs(50);

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// `GET /ws/live`
pub async fn first(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Extension(grant): Extension<Grant>,
    parameters: Parameters,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    watch(app, None, peer, grant, parameters, upgrade).await
}

/// `GET /ws/live/{camera}`
pub async fn named(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Extension(peer): Extension<Peer>,
    Extension(grant): Extension<Grant>,
    parameters: Parameters,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    watch(app, Some(&name), peer, grant, parameters, upgrade).await
}

async fn watch(
    app: Arc<App>,
    name: Option<&str>,
    peer: Peer,
    grant: Grant,
    parameters: Parameters,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|_| Problem::of_status(StatusCode::UPGRADE_REQUIRED))?;
    let (camera, seat) = seat(&app, name, &parameters, &grant).await?;
    let most = app.context.server.max_message_bytes;
    let upgrade = upgrade.max_message_size(most).max_frame_size(most);
    Ok(upgrade.on_upgrade(async move |socket| {
        if let Err(error) = show(socket, seat, camera.name(), &app, &grant).await {
            log_end(peer.address, &error, Duration::from_secs_f64(app.context.server.stall_seconds));
        }
        // The connection counts until here.
        drop(peer);
    }))
}

/// Sends pictures until either side has enough.
async fn show(
    socket: WebSocket,
    mut seat: Seat,
    camera: &str,
    app: &App,
    grant: &Grant,
) -> Result<(), axum::Error> {
    let (mut sink, mut stream) = socket.split();
    let mut pings = interval_at(Instant::now() + PING_PERIOD, PING_PERIOD);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            picture = seat.next() => match picture {
                Some(picture) => {
                    sink.feed(Message::text(found(camera, &picture))).await?;
                    sink.send(Message::Binary(picture.jpeg.clone())).await?;
                }
                None => {
                    let reason = if app.shutdown.is_cancelled() {
                        "the server ends"
                    } else if grant.ended.is_cancelled() {
                        "the login is over"
                    } else {
                        "the camera was stopped"
                    };
                    let frame = CloseFrame { code: close_code::AWAY, reason: reason.into() };
                    return sink.send(Message::Close(Some(frame))).await;
                }
            },
            message = stream.next() => match message {
                None | Some(Ok(Message::Close(_))) => return Ok(()),
                // Pings are answered by the library; what else a viewer says means only that they are there.
                Some(Ok(_)) => heard = Instant::now(),
                Some(Err(error)) => return Err(error),
            },
            _ = pings.tick() => {
                if heard.elapsed() > SILENCE {
                    log::debug!("a viewer of {camera} is gone");
                    return Ok(());
                }
                sink.send(Message::Ping(Default::default())).await?;
            }
        }
    }
}

#[derive(Serialize)]
struct Found<'a> {
    camera: &'a str,
    sequence: u64,
    /// Unix seconds at which the frame was taken.
    time: f64,
    width: u32,
    height: u32,
    ai_status: AiState,
    alert_zone: Option<&'a str>,
    regions: &'a [Region],
    lighting_change: bool,
    learning_background: bool,
    /// How strange the frame is; null where anomalies aren't looked for.
    anomaly_score: Option<f32>,
    learning_progress: Option<f32>,
    /// Only during an anomaly, with the fields of the status's `anomaly_status`.
    anomaly_status: Option<&'a Verdict>,
    timings_us: Timings,
}

fn found(camera: &str, picture: &Encoded) -> String {
    let analysis = &picture.analysis;
    let judgement = analysis.judgement.as_ref();
    let time = picture.wall.duration_since(UNIX_EPOCH).unwrap_or_default();
    let found = Found {
        camera,
        sequence: picture.sequence,
        time: time.as_micros() as f64 / 1e6,
        width: analysis.width,
        height: analysis.height,
        ai_status: analysis.state,
        alert_zone: analysis.alert_zone.as_deref(),
        regions: &analysis.regions,
        lighting_change: analysis.lighting,
        learning_background: analysis.learning,
        anomaly_score: judgement.map(|judgement| judgement.score),
        learning_progress: judgement.map(|judgement| judgement.progress),
        anomaly_status: judgement.and_then(|judgement| judgement.verdict.as_ref()),
        timings_us: analysis.timings,
    };
    serde_json::to_string(&found).expect("numbers and texts are always JSON")
}
