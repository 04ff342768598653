//! What runs here and on what: for whoever looks after the board.

use super::App;
use super::cameras;
use super::condition::{Condition, rounded, without_folders};
use super::status;
use crate::appliance::CameraHandle;
use crate::camera::v4l2::{self, FormatInfo, Rate, Size};
use crate::service::clock::rfc3339;
use crate::service::machine;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Devices and disks that hang are told as unknown.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /api/system`
pub async fn show(State(app): State<Arc<App>>) -> Response {
    let appliance = &app.context.appliance;
    let hardware = timeout(PATIENCE, Hardware::look(&app)).await.unwrap_or_default();
    let figures = app.process.figures();
    let outputs = appliance.outputs.report();
    let cameras: Vec<Value> = appliance
        .cameras
        .iter()
        .enumerate()
        .map(|(index, camera)| {
            let formats = hardware.formats.get(index).map_or(&[][..], Vec::as_slice);
            described(camera, &Condition::of(camera, &appliance.clock), formats)
        })
        .collect();
    let body = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started": rfc3339(app.process.started()),
        "uptime_seconds": app.process.uptime().as_secs(),
        "architecture": std::env::consts::ARCH,
        "kernel": machine::kernel(),
        "hostname": machine::hostname(),
        "clock_set": appliance.clock.is_set(),
        "memory_bytes": figures.memory_bytes,
        "peak_memory_bytes": figures.peak_memory_bytes,
        "temperature_c": figures.celsius.map(|celsius| rounded(celsius, 1)),
        "disk": hardware.disk.map(|room| json!({ "free_bytes": room.free_bytes, "total_bytes": room.total_bytes })),
        "cameras": cameras,
        "outputs_driver": outputs.driver,
        "outputs_driver_reason": without_folders(&outputs.driver_reason),
    });
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

fn described(camera: &CameraHandle, condition: &Condition, formats: &[FormatInfo]) -> Value {
    let config = camera.config();
    let status = &condition.status;
    json!({
        "name": camera.name(),
        "source": cameras::kind(&config.source),
        "opened": status.opened.as_ref().map(cameras::opened),
        "formats": formats.iter().flat_map(sizes).collect::<Vec<_>>(),
        "frames_analyzed": status.frames_analyzed,
        "frames_broken": status.frames_broken,
        "last_broken": status.last_broken.as_deref().map(without_folders),
        "frames_skipped": status.frames_skipped,
        "reopened": status.reopened,
        "network": status::network(condition),
    })
}

/// A format in each of its sizes; of a range of sizes or rates the ends.
fn sizes(format: &FormatInfo) -> Vec<Value> {
    let rates = |rates: &[Rate]| -> Vec<f64> {
        let ends = rates.iter().flat_map(|rate| match *rate {
            Rate::Exact(fps) => vec![fps],
            Rate::Range { slowest, fastest } => vec![slowest, fastest],
        });
        ends.map(|fps| rounded(fps, 2)).collect()
    };
    let each = format.sizes.iter().flat_map(|info| {
        let ends = match info.size {
            Size::Exact { width, height } => vec![(width, height)],
            Size::Range { min, max, .. } => vec![min, max],
        };
        let fps = rates(&info.rates);
        ends.into_iter().map(move |(width, height)| {
            json!({ "format": format.fourcc, "width": width, "height": height, "fps": fps })
        })
    });
    each.collect()
}

/// What can hang when it is asked.
#[derive(Default)]
struct Hardware {
    disk: Option<machine::Room>,
    /// By the camera's number.
    formats: Vec<Vec<FormatInfo>>,
}

impl Hardware {
    /// One look at a time: what hangs takes one thread, however often it is asked for.
    async fn look(app: &App) -> Self {
        let looking = app.looking.clone().lock_owned().await;
        let folder = app.context.state_dir.clone();
        let device = |camera: &Arc<CameraHandle>| camera.config().source.device().map(PathBuf::from);
        let devices: Vec<_> = app.context.appliance.cameras.iter().map(device).collect();
        let looked = tokio::task::spawn_blocking(move || {
            let _looking = looking;
            let formats = devices.iter().map(|device| device.as_deref().map_or_else(Vec::new, v4l2::formats));
            Self { disk: machine::room(&folder), formats: formats.collect() }
        });
        looked.await.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::v4l2::SizeInfo;

    #[test]
    fn each_size_of_a_format_is_told_with_its_rates() {
        let format = FormatInfo {
            fourcc: "MJPG".into(),
            description: "Motion-JPEG".into(),
            usable: true,
            sizes: vec![
                SizeInfo {
                    size: Size::Exact { width: 640, height: 480 },
                    rates: vec![Rate::Exact(30.0), Rate::Exact(7.5)],
                },
                SizeInfo {
                    size: Size::Range { min: (16, 16), max: (1920, 1080), step: (2, 2) },
                    rates: vec![Rate::Range { slowest: 1.0, fastest: 60.0 }],
                },
            ],
        };
        assert_eq!(
            sizes(&format),
            [
                json!({ "format": "MJPG", "width": 640, "height": 480, "fps": [30.0, 7.5] }),
                json!({ "format": "MJPG", "width": 16, "height": 16, "fps": [1.0, 60.0] }),
                json!({ "format": "MJPG", "width": 1920, "height": 1080, "fps": [1.0, 60.0] }),
            ]
        );
    }
}
