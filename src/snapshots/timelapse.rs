//! Takes a picture of each camera now and then.

use crate::appliance::{Appliance, CameraHandle, Phase};
use crate::publisher::Wish;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Any camera gives a picture in this time, or has none to give.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes pictures as `[snapshots]` says until `shutdown` is cancelled: at whole multiples of the period by the wall clock, so that
/// those of one minute, or one hour, lie at its beginning.
pub async fn run(appliance: Arc<Appliance>, shutdown: CancellationToken) {
    loop {
        let period = appliance.snapshots.settings().every_seconds;
        let due = async {
            if period == 0.0 {
                return std::future::pending().await;
            }
            let wall = appliance.clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
            tokio::time::sleep(Duration::from_secs_f64(until_next(wall, period))).await;
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = appliance.snapshots.changed.notified() => continue,
            () = due => {}
        }
        let mut taking = JoinSet::new();
        for camera in &appliance.cameras {
            taking.spawn(take(appliance.clone(), camera.clone()));
        }
        let _ = shutdown.run_until_cancelled(taking.join_all()).await;
    }
}

/// Seconds until the next multiple of `period` that isn't too near: a clock that time servers slow down is still a little before
/// the one for which pictures were just taken.
fn until_next(wall: f64, period: f64) -> f64 {
    let rest = period - wall % period;
    if rest < period / 8.0 { rest + period } else { rest }
}

/// A camera without a picture is passed over: its pictures say why there is none, and that isn't worth keeping.
async fn take(appliance: Arc<Appliance>, camera: Arc<CameraHandle>) {
    let streaming = || camera.phase() == Phase::Streaming;
    if !streaming() {
        return;
    }
    let quality = appliance.stream().quality;
    let mut viewer = camera.watch(Wish { quality, any_quality: true, fps: None, overlay: false });
    let Ok(Some(picture)) = tokio::time::timeout(PATIENCE, viewer.next()).await else { return };
    drop(viewer);
    if streaming() {
        let keep = move || appliance.snapshots.keep_timelapse(&picture.jpeg, camera.name(), picture.wall);
        let _ = tokio::task::spawn_blocking(keep).await;
    }
}

#[cfg(test)]
mod tests {
    use super::until_next;

    #[test]
    fn pictures_are_taken_at_whole_multiples_and_once_for_each() {
        assert_eq!(until_next(7230.0, 3600.0), 3570.0);
        assert_eq!(until_next(7200.0, 3600.0), 3600.0, "just taken");
        assert_eq!(until_next(7199.0, 3600.0), 3601.0, "taken by a clock that was fast");
        assert_eq!(until_next(7198.5, 2.0), 1.5);
    }
}
