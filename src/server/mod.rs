//! HTTP: the guide's API, the stream and the page. Nothing outside this folder knows HTTP.
//! One file an endpoint family; what holds for every request is in `guard`, what holds for every
//! connection in `listen`.

mod baseline;
mod cameras;
mod condition;
mod documents;
mod guard;
mod guide;
mod health;
mod listen;
mod live;
mod log_lines;
mod mask;
mod metrics;
mod openapi;
mod outputs;
mod page;
mod problem;
mod query;
mod seat;
mod settings;
mod snapshots;
mod status;
mod status_stream;
mod system;
mod websocket;

use crate::appliance::Appliance;
use crate::config::{self, Config};
use crate::service::process::Process;
use crate::service::thermal::ThermalZones;
use crate::settings::Settings;
use axum::Router;
use axum::routing::{MethodRouter, get, post};
use problem::Problem;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;

/// What the server serves, and how.
#[derive(Clone)]
pub struct Context {
    pub appliance: Arc<Appliance>,
    pub settings: Arc<Settings>,
    pub server: config::Server,
    /// Snapshots are kept in its folder `snapshots`.
    pub state_dir: PathBuf,
}

impl Context {
    pub fn new(appliance: Arc<Appliance>, settings: Arc<Settings>, config: &Config) -> Self {
        Self { appliance, settings, server: config.server.clone(), state_dir: config.state_dir.clone() }
    }
}

/// What each request handler gets.
struct App {
    context: Context,
    /// Ends all streams.
    shutdown: CancellationToken,
    /// One permit for each stream that is still allowed.
    seats: Arc<Semaphore>,
    /// One permit for each follower of the status that is still allowed.
    followers: Arc<Semaphore>,
    snapshots: snapshots::Store,
    process: Process,
    /// Held while devices and disks are asked what they are.
    looking: Arc<Mutex<()>>,
}

/// Serves until `shutdown` is cancelled, then ends streams and connections; within 1.5 s it returns
/// whatever the viewers do. The caller owns both, so that a test can bind port 0.
///
/// # Errors
/// None after the listener was bound: failures to accept are logged and tried again.
pub async fn serve(listener: TcpListener, context: Context, shutdown: CancellationToken) -> io::Result<()> {
    let limits = listen::Limits {
        connections: context.server.max_connections,
        stall: Duration::from_secs_f64(context.server.stall_seconds),
    };
    let pulse = context.appliance.progress.pulse("the server");
    let router = router(context, shutdown.clone());
    listen::serve(listener, router, limits, &pulse, shutdown).await;
    Ok(())
}

fn router(context: Context, shutdown: CancellationToken) -> Router {
    let app = Arc::new(App {
        seats: Arc::new(Semaphore::new(context.server.max_viewers)),
        followers: Arc::new(Semaphore::new(status_stream::MOST_FOLLOWERS)),
        process: Process::new(context.appliance.clock.clone(), Box::new(ThermalZones::of_this_board())),
        looking: Arc::default(),
        snapshots: snapshots::Store::new(context.state_dir.join("snapshots")),
        context,
        shutdown,
    });
    let router =
        routes().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    let router = router
        .fallback(async || {
            Problem::not_found("there is nothing at this address; /api/openapi.json lists what is")
        })
        .method_not_allowed_fallback(async || Problem::method_not_allowed());
    guard::protect(router, &app).with_state(app)
}

/// Every address there is; `openapi.json` describes each of them.
fn routes() -> Vec<(&'static str, MethodRouter<Arc<App>>)> {
    vec![
        ("/", get(guide::root)),
        ("/start", post(guide::start)),
        ("/status", get(status::show)),
        ("/stop", post(guide::stop)),
        ("/live", get(live::first)),
        ("/live/{camera}", get(live::named)),
        ("/ws/live", get(websocket::first)),
        ("/ws/live/{camera}", get(websocket::named)),
        ("/snapshot", post(snapshots::take)),
        ("/api/snapshots", get(snapshots::list)),
        ("/api/snapshots/{filename}", get(snapshots::download).delete(snapshots::delete)),
        ("/api/status/stream", get(status_stream::follow)),
        ("/api/cameras", get(cameras::list)),
        ("/api/log", get(log_lines::list)),
        ("/api/system", get(system::show)),
        ("/api/mask.png", get(mask::picture)),
        ("/api/openapi.json", get(openapi::document)),
        ("/api/baseline", get(baseline::show)),
        ("/api/baseline/map.png", get(baseline::picture)),
        ("/api/baseline/pause", post(baseline::pause)),
        ("/api/baseline/reset", post(baseline::reset)),
        ("/api/outputs", get(outputs::list)),
        ("/api/outputs/history", get(outputs::history)),
        ("/api/outputs/{name}/test", post(outputs::test)),
        ("/api/alert/silence", post(outputs::silence)),
        ("/api/arm", get(outputs::arming).post(outputs::arm)),
        ("/api/settings", get(settings::show).patch(settings::change)),
        ("/healthz", get(health::alive)),
        ("/readyz", get(health::ready)),
        ("/metrics", get(metrics::metrics)),
        ("/assets/{file}", get(page::asset)),
        ("/docs/{folder}/{file}", get(documents::show)),
    ]
}
