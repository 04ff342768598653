//! What moves: background model, regions, zones, tracks, lighting. Knows luma planes and time, no cameras.

mod absorb;
pub mod background;
mod clean;
mod components;
mod filter;
mod lighting;
pub mod regions;
mod samples;
mod shadow;
mod shake;
pub mod tracks;
pub mod zones;

use crate::config;
use crate::picture::plane::Plane;
use background::{Background, BackgroundSettings};
use regions::Labeller;
use std::time::Duration;
use tracks::{Track, Tracker};
use zones::{Privacy, ZoneMasks};

/// Motion detection for one camera.
pub struct Motion {
    settings: config::Motion,
    zones: Vec<config::Zone>,
    background: Background,
    /// Zones at the size of the last frame.
    masks: ZoneMasks,
    /// The foreground that counts: blind zones taken out.
    mask: Plane,
    labeller: Labeller,
    tracker: Tracker,
}

/// What moves in one frame. Coordinates are those of the luma plane that was looked at.
#[derive(Debug, Default)]
pub struct Moving {
    pub tracks: Vec<Track>,
    /// A change of light over the whole picture is under way: what moves is not to be trusted.
    pub lighting: bool,
    /// The background isn't known yet.
    pub learning: bool,
}

impl Motion {
    pub fn new(settings: &config::Motion, zones: &[config::Zone]) -> Self {
        Self {
            background: Background::new(background_settings(settings)),
            settings: settings.clone(),
            zones: zones.to_vec(),
            masks: ZoneMasks::default(),
            mask: Plane::default(),
            labeller: Labeller::default(),
            tracker: Tracker::default(),
        }
    }

    /// Takes new settings at once; what was learned stays unless the background model itself changes.
    pub fn configure(&mut self, settings: &config::Motion, zones: &[config::Zone]) {
        if background_settings(settings) != background_settings(&self.settings) {
            self.background = Background::new(background_settings(settings));
        }
        self.settings = settings.clone();
        self.zones = zones.to_vec();
        // An empty mask fits no frame, so zones are rasterised again with the next one.
        self.mask = Plane::default();
    }

    /// Looks at the next frame, taken at `time`.
    pub fn look(&mut self, luma: &Plane, time: Duration) -> Moving {
        if (self.mask.width, self.mask.height) != (luma.width, luma.height) {
            self.masks = ZoneMasks::new(&self.zones, luma.width, luma.height);
            self.mask = Plane::new(luma.width, luma.height, 0);
            self.tracker.reset();
        }
        let foreground = self.background.apply(luma, time);
        let (lighting, learning) = (foreground.lighting, foreground.learning);
        self.mask.data.copy_from_slice(&foreground.mask.data);
        if let Some(blind) = &self.masks.blind {
            for (pixel, &hidden) in self.mask.data.iter_mut().zip(&blind.data) {
                *pixel &= !hidden;
            }
        }
        let min_area = (self.settings.min_area * (luma.width * luma.height) as f32).ceil() as usize;
        let blobs = if lighting || learning {
            Vec::new()
        } else {
            self.labeller.find(&self.mask, &self.masks, min_area)
        };
        let tracks = self.tracker.update(blobs, time).cloned().collect();
        Moving { tracks, lighting, learning }
    }

    /// Whether the next frame decides something: that a new thing is there, or what the background is.
    pub fn is_undecided(&self) -> bool {
        self.background.is_learning() || self.tracker.is_undecided()
    }

    /// The last frame's foreground, 0 or 255, blind zones taken out.
    pub fn mask(&self) -> &Plane {
        &self.mask
    }

    /// What it does with each pixel of the last frame; see [`zones::layers`]. `None` while there was no frame since the
    /// settings changed.
    pub fn layers(&self, privacy: &Privacy) -> Option<Plane> {
        (!self.mask.data.is_empty()).then(|| zones::layers(&self.mask, &self.masks, privacy))
    }

    /// Forgets what it saw.
    pub fn reset(&mut self) {
        self.background.reset();
        self.tracker.reset();
    }
}

fn background_settings(settings: &config::Motion) -> BackgroundSettings {
    BackgroundSettings { sensitivity: settings.sensitivity, absorb_seconds: settings.absorb_seconds }
}
