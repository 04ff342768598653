//! What works and what doesn't, told over a socket that only root and the service may open: for whoever decides whether
//! an update is kept. Another version asks than the one that answers, so the form stays: one JSON object, then the end.

use crate::appliance::{Appliance, CameraHandle, NetworkState, Phase};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixListener;
use tokio::time::{sleep, timeout};

/// Where the installed service answers.
pub const SOCKET: &str = "/run/edge-cctv/health.sock";

/// A frame is fresh for so long; of a slow camera for two and a half of its frames.
const FRESH: Duration = Duration::from_secs(2);

/// Whoever asks and doesn't take the answer for so long is left.
const PATIENCE: Duration = Duration::from_secs(5);

/// An answer has at most so many bytes.
const MOST: u64 = 1 << 20;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Of the program that answers.
    pub version: String,
    /// Where its server listens.
    pub address: SocketAddr,
    /// Each part that should work by its name (`camera yard`, `network of yard`, `output door`, `input pir`), with the
    /// reason in words if it doesn't.
    pub parts: BTreeMap<String, Option<String>>,
}

impl Report {
    fn of(appliance: &Appliance, address: SocketAddr) -> Self {
        let mut parts = BTreeMap::new();
        for camera in &appliance.cameras {
            // What was stopped on purpose isn't missed.
            if camera.is_wanted() {
                parts.insert(format!("camera {}", camera.name()), fault(camera));
            }
            let network = match camera.status().anomaly.network {
                NetworkState::Running { .. } => None,
                NetworkState::Missing(why) => Some(why),
                NetworkState::Loading => Some("it is being loaded".into()),
                NetworkState::Off => continue,
            };
            parts.insert(format!("network of {}", camera.name()), network);
        }
        let outputs = appliance.outputs.report();
        for output in &outputs.outputs {
            parts.insert(format!("output {}", output.name), output.problem.clone());
        }
        for input in &outputs.inputs {
            parts.insert(format!("input {}", input.name), input.problem.clone());
        }
        Self { version: env!("CARGO_PKG_VERSION").into(), address, parts }
    }
}

fn fault(camera: &CameraHandle) -> Option<String> {
    let status = camera.status();
    if let Phase::Lost { reason, .. } = status.phase {
        return Some(reason);
    }
    let Some(age) = status.frame_age else { return Some("no frame has come".into()) };
    let slow = status
        .fps
        .filter(|fps| *fps > 0.0)
        .map_or(Duration::ZERO, |fps| Duration::try_from_secs_f32(2.5 / fps).unwrap_or(Duration::MAX));
    (age > FRESH.max(slow)).then(|| format!("the newest frame is {:.1} s old", age.as_secs_f32()))
}

/// Answers in systemd's runtime folder, until it is dropped. Without one nobody is going to ask.
pub async fn answer(appliance: Arc<Appliance>, address: SocketAddr) {
    let Some(folder) = std::env::var_os("RUNTIME_DIRECTORY") else { return std::future::pending().await };
    let socket = PathBuf::from(folder).join("health.sock");
    // One that a killed process left is in the way.
    let _ = std::fs::remove_file(&socket);
    let listener = match UnixListener::bind(&socket) {
        Ok(listener) => listener,
        Err(error) => {
            log::error!("{} can't be answered at: {error}", socket.display());
            return std::future::pending().await;
        }
    };
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            // Mostly no more file descriptors.
            sleep(Duration::from_secs(1)).await;
            continue;
        };
        let report = serde_json::to_vec(&Report::of(&appliance, address)).expect("a report is plain JSON");
        tokio::spawn(async move {
            // Who doesn't take it doesn't want it.
            let _ = timeout(PATIENCE, stream.write_all(&report)).await;
        });
    }
}

/// What the program that answers at `socket` says.
///
/// # Errors
/// None answers there within some seconds, or not in this form.
pub fn ask(socket: &Path) -> io::Result<Report> {
    let stream = std::os::unix::net::UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut text = String::new();
    stream.take(MOST).read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)?)
}
