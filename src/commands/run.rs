//! `edge-cctv run`: watch the cameras and serve them until told to stop.

use crate::access::Access;
use crate::appliance::Appliance;
use crate::camera::demo;
use crate::commands::Failure;
use crate::config::{self, Auth, Config, Effect, Overrides, Source};
use crate::server::tls::Tls;
use crate::server::{self, Context};
use crate::service::claim::Claim;
use crate::service::clock::SystemClock;
use crate::service::{health, systemd};
use crate::settings::Settings;
use clap::Args;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long devices have to be released after the server has ended. With the server's own 1.5 s a stop
/// takes less than 2 s whatever hangs, but for a disk that hangs, which gets 3 s more to take what was learned.
const RELEASE_PATIENCE: Duration = Duration::from_millis(400);

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  edge-cctv run --camera demo
  edge-cctv run --camera /dev/v4l/by-id/usb-046d_HD_Webcam-video-index0 --listen 127.0.0.1:8080
  edge-cctv run --camera yard.mp4 --camera /dev/video0
  edge-cctv run --camera rtsp://192.168.1.20/stream2       with a login: username and password_file in the file")]
pub struct Run {
    /// Settings; everything has a default
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A camera: /dev/videoN, a by-id or by-path name, rtsp://HOST/PATH, http://HOST/PATH, a video file, a folder of pictures,
    /// or demo.
    /// May be repeated; replaces the cameras of the file
    #[arg(long, value_name = "SOURCE")]
    camera: Vec<String>,
    /// Where to listen
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Folder for snapshots and what is learned
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

impl Run {
    /// # Errors
    /// The configuration is faulty, or the address can't be listened on.
    pub fn run(&self) -> Result<(), Failure> {
        let config = self.configuration()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Failure::from(format!("no threads: {error}")))?;
        let result = runtime.block_on(self.serve(config));
        // A task that hangs must not keep the process alive.
        runtime.shutdown_background();
        result
    }

    /// The file's settings with the flags on top, and zones for demo scenes that have none.
    fn configuration(&self) -> Result<Config, Failure> {
        let mut config = match &self.config {
            Some(path) => config::load(path)?,
            None => Config::default(),
        };
        let overrides =
            Overrides { cameras: self.camera.clone(), listen: self.listen, state: self.state.clone() };
        overrides.apply(&mut config)?;
        for camera in &mut config.cameras {
            // The demo shows what an alert zone does, unless the user drew other zones.
            if camera.source == Source::Demo && camera.zones.is_empty() {
                camera.zones.push(demo::zone());
            }
        }
        Ok(config)
    }

    async fn serve(&self, config: Config) -> Result<(), Failure> {
        let address = config.server.listen;
        let _claim = claim(&config.state_dir)?;
        let clock = SystemClock::trusting(config.trust_clock);
        let shutdown = CancellationToken::new();
        let access = Arc::new(Access::open(&config, clock.clone(), shutdown.clone()));
        if access.lacks_password() {
            return Err(Failure::of_configuration(format!(
                "{address} can be reached from other machines, and there is no password: everybody could watch and \
                 close relays. Set one with `edge-cctv passwd --state {}`, or write auth = \"none\" below [server]",
                config.state_dir.display()
            )));
        }
        let tls = Tls::open(&config).map_err(|error| Failure::of_configuration(error.to_string()))?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        // Before any line is touched: a second program by mistake must not move the lines of the first.
        let listener = TcpListener::bind(address).await.map_err(|error| {
            let hint = match error.kind() {
                std::io::ErrorKind::AddrInUse => ": another program (or another edge-cctv) listens there",
                std::io::ErrorKind::AddrNotAvailable => ": this machine doesn't have that address",
                _ => "",
            };
            Failure::from(format!("can't listen on {address}: {error}{hint}"))
        })?;
        let address = listener.local_addr().unwrap_or(address);
        let settings = Arc::new(Settings::open(config));
        let config = settings.running();
        let appliance = Arc::new(Appliance::new(&config, clock));
        systemd::feed_watchdog(appliance.progress.clone());
        let context = Context::new(appliance.clone(), settings.clone(), access, tls, &config);
        let server = tokio::spawn(server::serve(listener, context, shutdown.clone()));
        log::info!("listening on {scheme}://{address}");
        if !address.ip().is_loopback() && config.server.auth == Auth::None {
            log::warn!("auth = \"none\": everybody who reaches {address} can watch and control");
        }

        tokio::select! {
            () = stop_signal() => {}
            () = self.reload_on_hangup(&settings, &appliance) => {}
            () = systemd::report(&appliance) => {}
            () = health::answer(appliance.clone(), address) => {}
        }
        log::info!("stopping");
        systemd::stopping();
        // Relays don't wait for viewers to be gone.
        appliance.outputs.quit();
        shutdown.cancel();
        let served = server.await;
        let release = appliance.clone();
        // Joining threads blocks, which a task of the runtime must not.
        let _ = tokio::task::spawn_blocking(move || release.shut_down(RELEASE_PATIENCE)).await;
        match served {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("the server failed: {error}").into()),
            Err(error) => Err(format!("the server failed: {error}").into()),
        }
    }

    /// Reads the configuration again on each SIGHUP. A faulty file changes nothing.
    async fn reload_on_hangup(&self, settings: &Arc<Settings>, appliance: &Arc<Appliance>) {
        let Ok(mut hangup) = signal(SignalKind::hangup()) else {
            log::error!("SIGHUP can't be received: the configuration can't be reloaded");
            return std::future::pending().await;
        };
        while hangup.recv().await.is_some() {
            systemd::reloading();
            let new = match self.configuration() {
                Ok(new) => new,
                Err(failure) => {
                    log::error!("the configuration stays as it was: {failure}");
                    systemd::reloaded();
                    continue;
                }
            };
            let (settings, appliance) = (settings.clone(), appliance.clone());
            // It waits for a change on the page that is on its way to the disk.
            let rebase = tokio::task::spawn_blocking(move || {
                settings.rebase(new, |config| appliance.configure(config))
            });
            let changes = match rebase.await {
                Ok(changes) => changes,
                Err(error) => {
                    log::error!("reloading the configuration failed: {error}");
                    systemd::reloaded();
                    continue;
                }
            };
            for change in &changes {
                match change.effect {
                    Effect::Restart => log::warn!("{} changes with the next start", change.key),
                    Effect::AtOnce | Effect::ReopensCamera => log::info!("{} changed", change.key),
                }
            }
            log::info!("configuration reloaded, {} changes", changes.len());
            systemd::reloaded();
        }
    }
}

/// The state folder, for this process alone. A disk that can't be written takes nothing from the rest.
fn claim(state_dir: &Path) -> Result<Option<Claim>, Failure> {
    match Claim::take(state_dir) {
        Ok(Some(claim)) => Ok(Some(claim)),
        Ok(None) => {
            let folder = state_dir.display();
            Err(Failure::from(format!("another edge-cctv runs with the state folder {folder}")))
        }
        Err(error) => {
            log::warn!("the state folder {} can't be written: {error}", state_dir.display());
            Ok(None)
        }
    }
}

/// Waits for SIGTERM or SIGINT.
async fn stop_signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        log::error!("signals can't be received: stop with SIGKILL only");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
