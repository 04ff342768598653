//! Opens a camera of any kind as it is configured.

use crate::camera::{self, Camera, CameraError};
use crate::config;
use crate::service::clock::SharedClock;
use std::time::Duration;

/// Opens a camera as configured.
pub(super) fn open(camera: &config::Camera, clock: &SharedClock) -> Result<Box<dyn Camera>, CameraError> {
    let wanted = camera::Wanted { width: camera.width, height: camera.height, fps: camera.fps };
    match &camera.source {
        config::Source::Demo => Ok(camera::demo::open(&wanted, Some(clock.clone()))),
        config::Source::Device(path) => match camera.format {
            None => camera::v4l2::open(path, &wanted, timeout(camera), clock.clone()),
            Some(format) => camera::v4l2::open_as(path, &[format], &wanted, timeout(camera), clock.clone()),
        },
        config::Source::Network(_) => {
            let connection = camera.connection().expect("a camera in the network has one");
            camera::network::open(&connection, &wanted, timeout(camera), clock.clone())
        }
        config::Source::Recording(path) => {
            camera::replay::open(path, camera::replay::Pace::RealTime(clock.clone()), camera.repeat)
        }
    }
}

/// The settings that a camera is opened with.
pub(super) fn opening(camera: &config::Camera) -> impl PartialEq + use<> {
    let config::Camera { source, width, height, fps, format, timeout_seconds, repeat, .. } = camera;
    let connection = camera.connection();
    (source.clone(), connection, *width, *height, *fps, *format, *timeout_seconds, *repeat)
}

pub(super) fn timeout(camera: &config::Camera) -> Duration {
    Duration::from_secs_f64(camera.timeout_seconds)
}
