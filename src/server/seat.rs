//! A viewer's place before a camera: who may watch, what they see, and when it ends. Knows nothing of how
//! pictures travel.

use super::App;
use super::problem::Problem;
use super::query::Parameters;
use crate::access::Grant;
use crate::appliance::{CameraHandle, Phase};
use crate::publisher::{Encoded, Viewer, Wish};
use axum::http::StatusCode;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

/// When a viewer who found no place may ask again, in seconds.
const RETRY_SECONDS: u32 = 5;

/// A subscription to a camera's pictures, counted against `server.max_viewers`.
pub struct Seat {
    viewer: Viewer,
    ended: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

impl Seat {
    /// Takes a place until `ended`. A camera that wasn't started yet is started; one that can't be opened is watched all
    /// the same, and its pictures say so.
    ///
    /// # Errors
    /// The user stopped the camera, or all places are taken.
    pub async fn take(
        app: &App,
        camera: &CameraHandle,
        wish: Wish,
        ended: &CancellationToken,
    ) -> Result<Self, Problem> {
        // First the subscription, then the question: a stop that comes between them ends the subscription.
        let viewer = camera.watch(wish);
        if camera.stopped_by_user() {
            return Err(Problem::camera_stopped());
        }
        let permit = app.seats.clone().try_acquire_owned().map_err(|_| full(app))?;
        if camera.status().phase == Phase::Stopped
            && let Err(error) = camera.start().await
        {
            log::info!("{}: watched, but it can't be opened: {error}", camera.name());
        }
        Ok(Self { viewer, ended: ended.clone(), _permit: permit })
    }

    /// The newest picture not seen yet; `None` when the camera is stopped, the login is over or the program ends.
    pub async fn next(&mut self) -> Option<Arc<Encoded>> {
        tokio::select! {
            biased;
            () = self.ended.cancelled() => None,
            picture = self.viewer.next() => picture,
        }
    }
}

/// What a viewer asked for, with the camera's name from the path if there is one.
pub async fn seat(
    app: &App,
    name: Option<&str>,
    parameters: &Parameters,
    grant: &Grant,
) -> Result<(Arc<CameraHandle>, Seat), Problem> {
    let camera = match name {
        Some(name) => super::query::camera(app, name)?,
        None => app.context.appliance.first(),
    };
    let wish = parameters.wish(&app.context.appliance.stream())?;
    Ok((camera.clone(), Seat::take(app, camera, wish, &grant.ended).await?))
}

fn full(app: &App) -> Problem {
    let detail = format!("all {} places are taken (server.max_viewers)", app.context.server.max_viewers);
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Too many viewers", detail).retry_after(RETRY_SECONDS)
}
