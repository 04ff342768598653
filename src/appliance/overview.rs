//! All cameras in one picture, for whoever looks at all of them: browsers keep six connections to one server, and each stream takes
//! one. Like any viewer it takes the pictures that the cameras' publishers make; nobody looks, nothing is done.

use super::{CameraHandle, Phase};
use crate::picture::mosaic::Mosaic;
use crate::picture::overlay::{self, Overlay};
use crate::picture::{Picture, jpeg, shrink};
use crate::pipeline::Analysis;
use crate::publisher::{Encoded, Viewer, Wish, date_and_time};
use crate::service::clock::SharedClock;
use bytes::Bytes;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// Pictures a second if nobody says how many, and at most.
const USUAL_FPS: f32 = 5.0;
const MOST_FPS: f32 = 15.0;

/// The first picture comes so soon, however few a second are wished for.
const FIRST: Duration = Duration::from_millis(200);

/// Pictures of all cameras, made as viewers wish.
pub struct Overview {
    cameras: Vec<Arc<CameraHandle>>,
    clock: SharedClock,
    screens: Mutex<Vec<Arc<Screen>>>,
}

/// What viewers with equal wishes look at. Made by a task of its own, as long as it is in the list.
struct Screen {
    wish: Wish,
    newest: watch::Sender<Option<Arc<Encoded>>>,
}

impl Overview {
    pub fn new(cameras: Vec<Arc<CameraHandle>>, clock: SharedClock) -> Arc<Self> {
        Arc::new(Self { cameras, clock, screens: Mutex::default() })
    }

    /// Subscribes. A camera that nobody started isn't started by it, and is shown as stopped.
    pub fn watch(self: &Arc<Self>, wish: Wish) -> Viewer {
        let wish = Wish { fps: Some(wish.fps.unwrap_or(USUAL_FPS).min(MOST_FPS)), ..wish };
        let mut screens = self.screens();
        let known = screens.iter().find(|screen| screen.wish == wish);
        let mut newest = match known {
            Some(screen) => screen.newest.subscribe(),
            None => {
                let (newest, viewer) = watch::channel(None);
                let screen = Arc::new(Screen { wish, newest });
                tokio::spawn(run(self.clone(), Arc::downgrade(&screen), wish));
                screens.push(screen);
                viewer
            }
        };
        // What is there is shown at once: the next picture comes only when a camera has something new.
        newest.mark_changed();
        Viewer::new(newest)
    }

    /// Ends all subscriptions.
    pub fn dismiss(&self) {
        self.screens().clear();
    }

    fn screens(&self) -> MutexGuard<'_, Vec<Arc<Screen>>> {
        self.screens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The screen, if anybody still looks at it; else it is taken from the list.
    fn watched(&self, screen: &Weak<Screen>) -> Option<Arc<Screen>> {
        let mut screens = self.screens();
        let screen = screen.upgrade()?;
        if screen.newest.receiver_count() > 0 {
            return Some(screen);
        }
        screens.retain(|other| !Arc::ptr_eq(other, &screen));
        None
    }
}

/// Makes the pictures of one screen until nobody looks at it.
async fn run(overview: Arc<Overview>, screen: Weak<Screen>, wish: Wish) {
    let period = Duration::from_secs_f32(1.0 / wish.fps.unwrap_or(USUAL_FPS));
    let mut places: Vec<_> = overview.cameras.iter().cloned().map(Place::new).collect();
    let mut board = Board::new(&overview.cameras, wish);
    let mut next = tokio::time::Instant::now();
    let mut wait = period.min(FIRST);
    for number in 0.. {
        // What couldn't be kept up with is left out.
        next = (next + wait).max(tokio::time::Instant::now());
        wait = period;
        tokio::time::sleep_until(next).await;
        if overview.watched(&screen).is_none() {
            return;
        }
        let changes: Vec<_> = places.iter_mut().map(|place| place.look(wish)).collect();
        if changes.iter().all(|change| matches!(change, Change::None)) {
            continue;
        }
        let newest = changes.iter().filter_map(Change::captured).max().unwrap_or(overview.clock.now());
        let drawn = tokio::task::spawn_blocking(move || {
            let jpeg = board.draw(&changes);
            (board, jpeg)
        });
        let Ok((drawn_board, jpeg)) = drawn.await else {
            log::error!("the picture of all cameras wasn't shown: a defect of this program");
            board = Board::new(&overview.cameras, wish);
            places.iter_mut().for_each(Place::leave);
            continue;
        };
        board = drawn_board;
        let (Some(jpeg), Some(screen)) = (jpeg, overview.watched(&screen)) else { continue };
        let wall = overview.clock.wall() - overview.clock.now().saturating_sub(newest);
        let encoded = Encoded::new(jpeg, (number, newest, wall), Arc::new(Analysis::default()));
        screen.newest.send_replace(Some(Arc::new(encoded)));
    }
}

/// A camera as a screen sees it.
struct Place {
    camera: Arc<CameraHandle>,
    viewer: Option<Viewer>,
    /// Told as stopped already.
    stopped: bool,
}

/// What is new in a place.
enum Change {
    None,
    Stopped,
    /// A picture, and whether it is the camera's: else it says why there is none.
    Picture(Arc<Encoded>, Arc<CameraHandle>, bool),
}

impl Place {
    fn new(camera: Arc<CameraHandle>) -> Self {
        Self { camera, viewer: None, stopped: false }
    }

    /// As if it had never looked.
    fn leave(&mut self) {
        (self.viewer, self.stopped) = (None, false);
    }

    fn look(&mut self, wish: Wish) -> Change {
        let phase = self.camera.phase();
        if phase == Phase::Stopped {
            self.viewer = None;
            return if std::mem::replace(&mut self.stopped, true) { Change::None } else { Change::Stopped };
        }
        self.stopped = false;
        // Drawn on once it is small; so the camera's own bytes will do.
        let wish = Wish { any_quality: true, overlay: false, ..wish };
        let viewer = self.viewer.get_or_insert_with(|| self.camera.watch(wish));
        match viewer.newest() {
            Ok(Some(picture)) => {
                Change::Picture(picture, self.camera.clone(), !matches!(phase, Phase::Lost { .. }))
            }
            Ok(None) => Change::None,
            Err(_) => {
                self.viewer = None;
                Change::None
            }
        }
    }
}

impl Change {
    fn captured(&self) -> Option<Duration> {
        match self {
            Self::Picture(picture, ..) => Some(picture.captured),
            Self::None | Self::Stopped => None,
        }
    }
}

/// The picture that is drawn on.
struct Board {
    mosaic: Mosaic,
    names: Vec<String>,
    wish: Wish,
}

impl Board {
    /// Places have the first camera's shape, and are black until there is a picture.
    fn new(cameras: &[Arc<CameraHandle>], wish: Wish) -> Self {
        let shape = cameras.first().map_or((4, 3), |camera| {
            let config = camera.config();
            (config.width as usize, config.height as usize)
        });
        let mosaic = Mosaic::new(cameras.len(), shape);
        Self { mosaic, names: cameras.iter().map(|camera| camera.name().into()).collect(), wish }
    }

    /// Draws what is new, and makes one picture of all.
    fn draw(&mut self, changes: &[Change]) -> Option<Bytes> {
        for (index, change) in changes.iter().enumerate() {
            let drawn = match change {
                Change::None => continue,
                Change::Stopped => Ok(self.stopped(index)),
                Change::Picture(picture, camera, own) => self.place(picture, camera, *own),
            };
            match drawn {
                Ok(picture) => self.mosaic.put(index, &picture),
                Err(error) => log::debug!("{}: not shown with all others: {error}", self.names[index]),
            }
        }
        let encoded = jpeg::encode(self.mosaic.picture(), self.wish.quality);
        encoded
            .inspect_err(|error| log::warn!("the picture of all cameras can't be encoded: {error}"))
            .ok()
            .map(Bytes::from)
    }

    fn stopped(&self, index: usize) -> Picture {
        let (width, height) = self.mosaic.place();
        let mut picture = overlay::stopped(width, height);
        if self.wish.overlay {
            overlay::draw_caption(&mut picture, &self.names[index], "");
        }
        picture
    }

    /// A camera's picture, small, with what is to be seen on it.
    fn place(&self, encoded: &Encoded, camera: &CameraHandle, own: bool) -> Result<Picture, jpeg::JpegError> {
        let (width, height) = jpeg::header(&encoded.jpeg)?;
        let size = self.mosaic.fitting((width as usize, height as usize));
        let mut picture = shrink::picture(&jpeg::decode_small(&encoded.jpeg, size)?, size);
        if self.wish.overlay {
            let (config, time) = (camera.config(), date_and_time(encoded.wall));
            let (analysis, zones) = (&*encoded.analysis, &config.zones[..]);
            if own {
                let drawn = Overlay { camera: camera.name(), time: &time, analysis, zones };
                overlay::draw(&mut picture, &drawn);
            } else {
                overlay::draw_caption(&mut picture, camera.name(), &time);
            }
        }
        Ok(picture)
    }
}
