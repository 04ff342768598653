//! Tells that somebody tampered with the camera: turned it away, covered it, put it out of focus.
//!
//! The view is known by the directions of its edges, which light leaves where they are; up to six lights of it
//! are remembered. Edges that are gone from their places while there is light enough to see them are a
//! disturbance. Where the edges are in place, however weak, it is another light, and learned as such.
//!
//! What can't be told apart, so that nothing is said: a dark cover (below 0.4 of the usual luma) and lamps that
//! went out; a saturated picture and a lens that is blinded; a view without edges and a covered one; a turn by less
//! than about 8 degrees, a zoom by less than about 1.2, and a move that leaves a quarter of the blocks alone. A view
//! that keeps moving (a shaking mast, a crowd) isn't told as moved until it stands still. Fog or a diffuse light that
//! comes within minutes and leaves the brightness as it was looks like another focus.
//!
//! Blur that only softens large plain areas' borders is missed: it takes no contrast from neighbouring pixels in sum.
//!
//! Knows small luma planes and time, no cameras, zones or alarms.

mod structure;
#[cfg(test)]
mod tests;
mod view;

use crate::picture::plane::Plane;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use structure::{Layout, Structure};
use view::{Blur, Comparison, SavedView, View};

// The thresholds were tuned on the recordings of tests/tampering.rs.

/// Lights that are remembered: day, lamps, infrared, and some in between.
const VIEWS: usize = 6;
/// Seconds that a camera is watched before anything is said.
const WARM_UP_SECONDS: f32 = 8.0;
/// Share of blocks with their edges kept from which the view is as known.
const CALM: f32 = 0.55;
/// Share of blocks with their edges in place from which it is the same view, in another light or behind people.
/// A room's first switch to infrared leaves 0.25 and more, another view 0.2 and less.
const IN_PLACE: f32 = 0.25;
/// Fewer blocks than this with edges, or than this share of them visible, tell nothing.
const FEWEST_BLOCKS: usize = 6;
const VISIBLE_SHARE: f32 = 0.5;
/// Seconds that a disturbance must last to be told, and beyond which it isn't counted.
const COVERED_SECONDS: f32 = 3.0;
const MOVED_SECONDS: f32 = 5.0;
const DEFOCUSED_SECONDS: f32 = 5.0;
const MOST_SECONDS: f32 = 8.0;
/// Share of the usual structure below which a picture has none.
const BARE: f32 = 0.4;
/// Another light of the same view is remembered after so many seconds.
const NEW_LIGHT_SECONDS: f32 = 6.0;
/// Changes of sharpness and of fine contrast (natural logarithms) that are another focus.
const SOFTER: f32 = -0.25;
const FLATTER: f32 = -0.5;
/// A blur leaves the brightness of the blocks: change of its logarithm at most, correlation at least.
const SAME_BRIGHTNESS: (f32, f32) = (0.3, 0.8);
/// Seconds over which it is watched whether a disturbed view stands still: until the first are over (they show the
/// disturbance coming), until it is judged, until it begins anew.
const STILL_SECONDS: (f32, f32, f32) = (1.5, 4.0, 8.0);
/// It does when this share of its edges remains in their mean.
const STILL: f32 = 0.6;
/// A gap after which the average of the structure begins anew, and the most that one look counts for, in seconds.
const GAP_SECONDS: f32 = 10.0;
const MOST_ELAPSED: f32 = 2.0;
/// Memory of the usual spread of the figures, in seconds, and the least spread that is believed.
const SPREAD_SECONDS: f32 = 600.0;
const LEAST_SPREAD: f32 = 0.05;

/// What was done to the camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It shows another view.
    #[serde(rename = "turned")]
    Moved,
    /// It shows nothing, though there is light. A cover with a sharp pattern is told as [`Kind::Moved`].
    Covered,
    /// It shows the same, blurred.
    Defocused,
}

/// A disturbance that lasts.
#[derive(Clone, Debug, PartialEq)]
pub struct Tamper {
    pub kind: Kind,
    /// When it began, on the clock of the looks.
    pub since: Duration,
    /// By how many standard deviations of its usual spread the share of kept edges (defocused: the fine contrast)
    /// is off; 0 and more.
    pub deviation: f32,
    /// Share of the known outlines that are in their place, and what it usually is.
    pub kept: f32,
    pub usual: f32,
}

/// Watches the view of one camera. Its serialized form holds what was learned of the view (about 18 KB of small
/// numbers a light), not the disturbance under way.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub struct Tampering {
    layout: Option<Layout>,
    now: Structure,
    views: Vec<View>,
    /// The view that fits best.
    current: usize,
    compared: Comparison,
    other: Comparison,
    scratch: Vec<f32>,
    last: Option<Duration>,
    /// Seconds watched; seconds of the disturbance, of the blur, of another light.
    watched: f32,
    disturbed: f32,
    blurred: f32,
    new_light: f32,
    still: Still,
    told: Option<Kind>,
    began: Duration,
    deviation: f32,
    usual: Usual,
}

/// The usual share of kept edges, its variance, and the variance of the change of fine contrast.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Usual {
    kept: f32,
    kept_variance: f32,
    contrast_variance: f32,
    seconds: f32,
}

/// Whether a disturbed view stands still.
#[derive(Clone, Debug, Default)]
struct Still {
    mean: View,
    seconds: f32,
    activity: f32,
    looks: f32,
    still: bool,
}

/// What is stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Saved {
    width: usize,
    height: usize,
    views: Vec<SavedView>,
    usual: Usual,
}

impl From<Tampering> for Saved {
    fn from(learned: Tampering) -> Self {
        let (width, height) = learned.layout.map_or((0, 0), |layout| layout.input);
        Self { width, height, views: learned.views.iter().map(View::save).collect(), usual: learned.usual }
    }
}

impl From<Saved> for Tampering {
    /// What doesn't fit is left out: then it is learned anew.
    fn from(saved: Saved) -> Self {
        let mut learned = Self::default();
        let Some(layout) = Layout::of(saved.width, saved.height) else { return learned };
        learned.begin(layout);
        learned.views =
            saved.views.iter().filter_map(|view| View::restore(view, layout)).take(VIEWS).collect();
        learned.watched = learned.views.iter().map(|view| view.seconds).sum();
        learned.usual = saved.usual;
        learned
    }
}

impl Tampering {
    /// Looks at the next picture (about 100 to 240 columns), taken at `time`: what was done to the camera, while that
    /// lasts. Up to five times a second; the time counts and not the number of looks. A picture of another size than
    /// the one before, as when the camera was set up anew, is learned from the beginning.
    pub fn look(&mut self, luma: &Plane, time: Duration) -> Option<Tamper> {
        let layout = Layout::of(luma.width, luma.height)?;
        if luma.data.len() != luma.width * luma.height {
            return None;
        }
        if self.layout != Some(layout) {
            self.begin(layout);
        }
        let elapsed = self.last.map_or(0.0, |last| time.saturating_sub(last).as_secs_f32());
        self.last = Some(time);
        if elapsed > GAP_SECONDS {
            self.now.restart();
        }
        let elapsed = elapsed.min(MOST_ELAPSED);
        self.now.take(luma, elapsed);
        if self.views.is_empty() {
            self.views.push(View::new(layout));
        }
        self.watched += elapsed;
        self.choose();
        if self.watched < WARM_UP_SECONDS {
            self.views[self.current].learn(&self.now, &self.compared, elapsed);
            return None;
        }
        let before = self.disturbed.max(self.blurred);
        self.judge(elapsed);
        if before == 0.0 {
            self.began = time;
        }
        self.told.map(|kind| self.tell(kind))
    }

    /// Takes the present view as the new one: all is learned anew, beginning with the next look.
    pub fn accept(&mut self) {
        self.reset();
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    fn begin(&mut self, layout: Layout) {
        let still = Still { mean: View::new(layout), ..Still::default() };
        *self = Self { layout: Some(layout), now: Structure::new(layout), still, ..Self::default() };
    }

    /// Compares with the current view, and where that doesn't fit with all others.
    fn choose(&mut self) {
        self.views[self.current].compare(&self.now, &mut self.compared);
        if self.compared.kept >= CALM {
            return;
        }
        let before = self.current;
        for (i, view) in self.views.iter().enumerate().filter(|(i, _)| *i != before) {
            view.compare(&self.now, &mut self.other);
            if self.other.kept > self.compared.kept + 0.05 {
                std::mem::swap(&mut self.other, &mut self.compared);
                self.current = i;
            }
        }
    }

    fn judge(&mut self, elapsed: f32) {
        let (view, compared) = (&self.views[self.current], &self.compared);
        if compared.visible < FEWEST_BLOCKS
            || (compared.visible as f32) < VISIBLE_SHARE * compared.informative as f32
        {
            // Too dark, too bright or too bare to know.
            self.calm();
            self.blurred = 0.0;
            self.told = None;
            return;
        }
        let brightness = view.brightness(&self.now, &mut self.scratch);
        let Blur { sharpness, contrast } = view.blur(&self.now, compared, &mut self.scratch);
        let flatter =
            contrast < FLATTER && brightness.0.abs() < SAME_BRIGHTNESS.0 && brightness.1 > SAME_BRIGHTNESS.1;
        let blurred = flatter && sharpness < SOFTER;
        self.blurred = if blurred { self.blurred + elapsed } else { 0.0 };

        let known = compared.kept >= CALM;
        if known || self.in_place() >= IN_PLACE {
            self.same_view(known, blurred, contrast, elapsed);
            return;
        }
        self.new_light = 0.0;
        self.disturbed = (self.disturbed + elapsed).min(MOST_SECONDS);
        self.still.watch(&self.now, &self.compared, elapsed);
        let (kind, wait) = if flatter {
            (Kind::Defocused, DEFOCUSED_SECONDS)
        } else if self.views[self.current].density(&self.now, &self.compared) > BARE {
            (Kind::Moved, MOVED_SECONDS)
        } else {
            (Kind::Covered, COVERED_SECONDS)
        };
        if self.disturbed >= wait && (kind != Kind::Moved || self.still.still) {
            self.told.get_or_insert(kind);
        }
        self.deviation = match self.told {
            Some(Kind::Defocused) => -contrast / spread(self.usual.contrast_variance),
            _ => (self.usual.kept - self.compared.kept) / spread(self.usual.kept_variance),
        };
    }

    /// The greatest share of blocks with their edges in place that any view gives.
    fn in_place(&mut self) -> f32 {
        let mut best = self.views[self.current].in_place(&self.now, &self.compared);
        for (_, view) in self.views.iter().enumerate().filter(|(i, _)| *i != self.current) {
            if best < IN_PLACE {
                view.compare(&self.now, &mut self.other);
                best = best.max(view.in_place(&self.now, &self.other));
            }
        }
        best
    }

    /// The camera looks where it did: as `known`, or in another light or behind people; perhaps blurred.
    fn same_view(&mut self, known: bool, blurred: bool, contrast: f32, elapsed: f32) {
        if blurred {
            self.calm();
            self.deviation = -contrast / spread(self.usual.contrast_variance);
            self.told = (self.blurred >= DEFOCUSED_SECONDS).then_some(Kind::Defocused);
        } else if known {
            self.calm();
            self.told = None;
            self.views[self.current].learn(&self.now, &self.compared, elapsed);
            self.usual.learn(self.compared.kept, contrast, elapsed);
        } else {
            // One chance agreement doesn't end a disturbance.
            self.disturbed = (self.disturbed - 2.0 * elapsed).max(0.0);
            if self.disturbed == 0.0 {
                self.told = None;
            }
            self.new_light += elapsed;
            if self.new_light > NEW_LIGHT_SECONDS {
                self.remember(elapsed);
            }
        }
    }

    fn calm(&mut self) {
        self.disturbed = 0.0;
        self.new_light = 0.0;
        self.still.restart();
    }

    /// Remembers another light, at the expense of the one that was seen least.
    fn remember(&mut self, elapsed: f32) {
        self.new_light = 0.0;
        if self.views.len() < VIEWS {
            self.views.push(View::new(self.now.layout));
            self.current = self.views.len() - 1;
        } else {
            let others = self.views.iter().enumerate().filter(|(i, _)| *i != self.current);
            let least = others.min_by(|a, b| a.1.seconds.total_cmp(&b.1.seconds));
            self.current = least.map_or(0, |(i, _)| i);
            self.views[self.current].clear();
        }
        self.views[self.current].learn(&self.now, &self.compared, elapsed);
    }

    fn tell(&self, kind: Kind) -> Tamper {
        Tamper {
            kind,
            since: self.began,
            deviation: self.deviation.max(0.0),
            kept: self.compared.kept,
            usual: self.usual.kept,
        }
    }
}

impl Usual {
    fn learn(&mut self, kept: f32, contrast: f32, elapsed: f32) {
        self.seconds = (self.seconds + elapsed).min(SPREAD_SECONDS);
        let share = if self.seconds > 0.0 { elapsed / self.seconds } else { 1.0 };
        let off = kept - self.kept;
        self.kept += off * share;
        self.kept_variance += (off * off - self.kept_variance) * share;
        self.contrast_variance += (contrast * contrast - self.contrast_variance) * share;
    }
}

impl Still {
    fn restart(&mut self) {
        self.mean.clear();
        self.seconds = 0.0;
        self.still = false;
    }

    fn watch(&mut self, now: &Structure, compared: &Comparison, elapsed: f32) {
        self.seconds += elapsed;
        if self.seconds <= STILL_SECONDS.0 {
            return;
        }
        if self.seconds > STILL_SECONDS.2 || self.mean.seconds == 0.0 {
            self.mean.clear();
            self.seconds = self.seconds.min(STILL_SECONDS.0);
            (self.activity, self.looks) = (0.0, 0.0);
        }
        self.mean.learn(now, compared, elapsed.max(0.01));
        self.activity += now.activity;
        self.looks += 1.0;
        if self.seconds > STILL_SECONDS.1 && self.looks >= 3.0 {
            self.still = self.mean.significance() * self.looks > STILL * self.activity;
        }
    }
}

fn spread(variance: f32) -> f32 {
    variance.max(0.0).sqrt().max(LEAST_SPREAD)
}
