//! HTTP: the guide's API, the stream and the page. Nothing outside this folder knows HTTP.
//! One file an endpoint family; what holds for every request is in `guard`, what holds for every
//! connection in `listen`.

mod access;
mod admission;
mod baseline;
mod cameras;
mod condition;
mod documents;
mod event_files;
mod events;
mod guard;
mod guide;
mod health;
mod listen;
mod live;
mod log_lines;
mod mask;
mod metrics;
mod openapi;
mod origin;
mod outputs;
mod page;
mod problem;
mod query;
mod rate;
mod routes;
mod seat;
mod settings;
mod snapshots;
mod status;
mod status_stream;
mod system;
pub mod tls;
mod update;
mod websocket;

use crate::access::Access;
use crate::appliance::Appliance;
use crate::config::{self, Config};
use crate::service::machine;
use crate::service::process::Process;
use crate::service::thermal::ThermalZones;
use crate::service::update::Updates;
use crate::settings::Settings;
use crate::snapshots::timelapse;
use axum::Router;
use origin::Names;
use problem::Problem;
use rate::Rates;
use routes::Table;
use seat::Places;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tls::Tls;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How soon a changed password ends what was begun with the old one.
const FILES_PERIOD: Duration = Duration::from_secs(2);

/// What the server serves, and how.
#[derive(Clone)]
pub struct Context {
    pub appliance: Arc<Appliance>,
    pub settings: Arc<Settings>,
    pub access: Arc<Access>,
    /// What connections are encrypted with.
    pub tls: Option<Arc<Tls>>,
    pub server: config::Server,
    /// Snapshots are kept in its folder `snapshots`.
    pub state_dir: PathBuf,
}

impl Context {
    pub fn new(
        appliance: Arc<Appliance>,
        settings: Arc<Settings>,
        access: Arc<Access>,
        tls: Option<Arc<Tls>>,
        config: &Config,
    ) -> Self {
        Self {
            appliance,
            settings,
            access,
            tls,
            server: config.server.clone(),
            state_dir: config.state_dir.clone(),
        }
    }
}

/// What each request handler gets.
struct App {
    context: Context,
    /// Ends all streams.
    shutdown: CancellationToken,
    /// On which terms each call is answered.
    terms: Table,
    /// By which names this server is known.
    names: Names,
    /// How often each address may ask for what costs much.
    rates: Rates,
    /// Held while a password's hash is computed.
    hashing: Arc<Semaphore>,
    /// Of viewers.
    places: Arc<Places>,
    /// One permit for each follower of the status that is still allowed.
    followers: Arc<Semaphore>,
    process: Process,
    /// Where root's units do them.
    updates: Option<Updates>,
    /// Held while a clip is made for browsers.
    filming: Mutex<()>,
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
        address_connections: context.server.max_address_connections,
        head: Duration::from_secs_f64(context.server.head_seconds),
        head_bytes: context.server.max_head_bytes,
        stall: Duration::from_secs_f64(context.server.stall_seconds),
    };
    tokio::spawn(timelapse::run(context.appliance.clone(), shutdown.clone()));
    tokio::spawn(follow_files(context.access.clone(), context.tls.clone(), shutdown.clone()));
    let tls = context.tls.clone();
    let pulse = context.appliance.progress.pulse("the server");
    let router = router(context, shutdown.clone());
    listen::serve(listener, router, limits, tls, &pulse, shutdown).await;
    Ok(())
}

/// Looks for what others change while the program runs: a password by a command, a certificate by its renewal.
async fn follow_files(access: Arc<Access>, tls: Option<Arc<Tls>>, shutdown: CancellationToken) {
    while shutdown.run_until_cancelled(sleep(FILES_PERIOD)).await.is_some() {
        let (access, tls) = (access.clone(), tls.clone());
        // One after the other, so that a disk that hangs holds up no more than one thread.
        let _ = tokio::task::spawn_blocking(move || {
            access.refresh();
            tls.inspect(|tls| tls.refresh());
        })
        .await;
    }
}

/// The addresses with their guards, without connections.
pub fn router(context: Context, shutdown: CancellationToken) -> Router {
    let routes = routes::routes();
    let app = Arc::new(App {
        terms: Table::of(&routes),
        names: Names::new(machine::hostname(), &context.server.names),
        hashing: Arc::new(Semaphore::new(1)),
        rates: Rates::new(context.server.expensive_per_second),
        places: Places::new(context.server.max_viewers),
        followers: Arc::new(Semaphore::new(status_stream::MOST_FOLLOWERS)),
        process: Process::new(context.appliance.clock.clone(), Box::new(ThermalZones::of_this_board())),
        updates: Updates::of_this_service(),
        filming: Mutex::default(),
        looking: Arc::default(),
        context,
        shutdown,
    });
    let router =
        routes.into_iter().fold(Router::new(), |router, route| router.route(route.path, route.handler));
    let router = router
        .fallback(async || {
            Problem::not_found("there is nothing at this address; /api/openapi.json lists what is")
        })
        .method_not_allowed_fallback(async || Problem::method_not_allowed());
    guard::protect(router, &app).with_state(app)
}
