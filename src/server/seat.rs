//! A viewer's place before a camera: who may watch, what they see, and when it ends. Knows nothing of how
//! pictures travel.

use super::App;
use super::problem::Problem;
use super::query::Parameters;
use crate::access::{By, Grant};
use crate::appliance::{CameraHandle, Phase};
use crate::publisher::{Encoded, Viewer, Wish};
use axum::http::StatusCode;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// When a viewer who found no place may ask again, in seconds.
const RETRY_SECONDS: u32 = 5;

/// A subscription to a camera's pictures, counted against `server.max_viewers`.
pub struct Seat {
    viewer: Viewer,
    ended: CancellationToken,
    _place: Place,
}

/// The places, and how many of them each login has.
pub struct Places {
    most: usize,
    taken: Mutex<HashMap<By, usize>>,
}

/// One of the places.
struct Place {
    places: Arc<Places>,
    by: By,
}

/// Why there is no place.
#[derive(Debug, PartialEq)]
enum Full {
    /// All are taken.
    All,
    /// One login has so many, and no more, that others can watch, too.
    Share(usize),
}

impl Places {
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    fn take(self: &Arc<Self>, by: &By) -> Result<Place, Full> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= self.most {
            return Err(Full::All);
        }
        // Where nobody logs in, nobody can be told from others.
        let share = if *by == By::OpenDoor { self.most } else { self.most.div_ceil(2) };
        if taken.get(by).is_some_and(|has| *has >= share) {
            return Err(Full::Share(share));
        }
        *taken.entry(by.clone()).or_default() += 1;
        Ok(Place { places: self.clone(), by: by.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(has) = taken.get_mut(&self.by) {
            *has -= 1;
            if *has == 0 {
                taken.remove(&self.by);
            }
        }
    }
}

impl Seat {
    /// Takes a place until the grant has ended. A camera that wasn't started yet is started; one that can't be opened is watched all
    /// the same, and its pictures say so.
    ///
    /// # Errors
    /// The user stopped the camera, or all places are taken.
    async fn take(app: &App, camera: &CameraHandle, wish: Wish, grant: &Grant) -> Result<Self, Problem> {
        // First the subscription, then the question: a stop that comes between them ends the subscription.
        let viewer = camera.watch(wish);
        if camera.stopped_by_user() {
            return Err(Problem::camera_stopped());
        }
        let place = app.places.take(&grant.by).map_err(|full| full.problem(app))?;
        if camera.status().phase == Phase::Stopped
            && let Err(error) = camera.start().await
        {
            log::info!("{}: watched, but it can't be opened: {error}", camera.name());
        }
        Ok(Self { viewer, ended: grant.ended.clone(), _place: place })
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

/// A place before all cameras. None of them is started by it.
///
/// # Errors
/// All places are taken, or a parameter can't be used.
pub fn overview(app: &App, parameters: &Parameters, grant: &Grant) -> Result<Seat, Problem> {
    let wish = parameters.wish(&app.context.appliance.stream())?;
    let place = app.places.take(&grant.by).map_err(|full| full.problem(app))?;
    let viewer = app.context.appliance.overview.watch(wish);
    Ok(Seat { viewer, ended: grant.ended.clone(), _place: place })
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
    Ok((camera.clone(), Seat::take(app, camera, wish, grant).await?))
}

impl Full {
    fn problem(&self, app: &App) -> Problem {
        let all = app.context.server.max_viewers;
        let detail = match self {
            Self::All => format!("all {all} places are taken (server.max_viewers)"),
            Self::Share(share) => {
                format!(
                    "this login has {share} of the {all} places (server.max_viewers), and others may watch, too"
                )
            }
        };
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Too many viewers", detail).retry_after(RETRY_SECONDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_login_has_half_of_the_places_at_most_and_gives_them_back() {
        let places = Places::new(5);
        let (one, other) = (By::Token("one".into()), By::Token("other".into()));
        let held: Vec<_> = (0..3).map(|_| places.take(&one).map_err(|_| ()).unwrap()).collect();
        assert_eq!(places.take(&one).err(), Some(Full::Share(3)));
        let rest = [places.take(&other), places.take(&other)];
        assert!(rest.iter().all(Result::is_ok));
        assert_eq!(places.take(&other).err(), Some(Full::All));
        drop((held, rest));
        assert!(places.taken.lock().unwrap().is_empty(), "nobody is remembered");
        let all: Vec<_> = (0..5).map(|_| places.take(&By::OpenDoor)).collect();
        assert!(all.iter().all(Result::is_ok));
    }
}
