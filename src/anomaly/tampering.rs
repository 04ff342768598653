//! Tells when somebody tampered with the camera.
mod structure;
mod view;

use crate::picture::plane::Plane;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use structure::{Layout, Structure};
use view::{Comparison, SavedView, View};

/// Lights that are remembered: day, lamps, infrared, and some in between.
const VIEWS: usize = 6;
/// Seconds that a camera is watched before anything is said.
const WARM_UP_SECONDS: f32 = 8.0;
/// Share of blocks with their edges kept from which the view is as known.
const CALM: f32 = 0.55;
/// Share of blocks whose edges are in their place from which it is the same view, in another light or behind people.
const IN_PLACE: f32 = 0.35;
/// Fewer blocks than this with edges, or than this share of them visible, tell nothing.
const FEWEST_BLOCKS: usize = 6;
const VISIBLE_SHARE: f32 = 0.5;
/// Seconds until each kind is told.
const COVERED_SECONDS: f32 = 3.0;
const MOVED_SECONDS: f32 = 5.0;
const DEFOCUSED_SECONDS: f32 = 5.0;
/// Share of the usual structure below which a picture has none.
const BARE: f32 = 0.4;
/// Another light of the same view is remembered after so many seconds.
const NEW_LIGHT_SECONDS: f32 = 6.0;
/// Change of sharpness (logarithm) that is another focus.
const BLURRED: f32 = -0.4;
/// A blur leaves the brightness of the blocks: median and mean deviation of its logarithm.
const SAME_BRIGHTNESS: (f32, f32) = (0.3, 0.2);
/// A gap after which the average of the structure begins anew, in seconds.
const GAP_SECONDS: f32 = 10.0;

/// What was done to the camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Moved,
    Covered,
    Defocused,
}

/// A disturbance that lasts.
#[derive(Clone, Debug, PartialEq)]
pub struct Tamper {
    pub kind: Kind,
    /// When it began, on the clock of the looks.
    pub since: Duration,
    /// By how many standard deviations of its usual spread the share of kept edges (defocused: the sharpness) is off.
    pub deviation: f32,
    /// In words a guard understands.
    pub reason: String,
}

/// Watches the view of one camera.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub struct Tampering {
    layout: Option<Layout>,
    now: Structure,
    views: Vec<View>,
    current: usize,
    compared: Comparison,
    other: Comparison,
    votes: Vec<f32>,
    voter: usize,
    scratch: Vec<f32>,
    last: Option<Duration>,
    watched: f32,
    disturbed: f32,
    blurred: f32,
    new_light: f32,
    told: Option<Kind>,
    began: Duration,
    still: Still,
    kept_mean: f32,
    kept_variance: f32,
    pub debug: String,
}

#[derive(Clone, Debug, Default)]
struct Still {
    candidate: View,
    compared: Comparison,
    age: f32,
    still: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    width: usize,
    height: usize,
    views: Vec<SavedView>,
    kept_mean: f32,
    kept_variance: f32,
}

impl From<Tampering> for Saved {
    fn from(t: Tampering) -> Self {
        let (width, height) = t.layout.map_or((0, 0), |l| l.input);
        Self {
            width,
            height,
            views: t.views.iter().map(View::save).collect(),
            kept_mean: t.kept_mean,
            kept_variance: t.kept_variance,
        }
    }
}
impl From<Saved> for Tampering {
    fn from(s: Saved) -> Self {
        let mut t = Self::default();
        let Some(layout) = Layout::of(s.width, s.height) else { return t };
        t.begin(layout);
        t.views = s.views.iter().filter_map(|v| View::restore(v, layout)).take(VIEWS).collect();
        t.watched = t.views.iter().map(|v| v.seconds).sum();
        (t.kept_mean, t.kept_variance) = (s.kept_mean, s.kept_variance);
        t
    }
}

impl Tampering {
    fn begin(&mut self, layout: Layout) {
        *self = Self {
            layout: Some(layout),
            now: Structure::new(layout),
            still: Still { candidate: View::new(layout), ..Still::default() },
            ..Self::default()
        };
    }
    pub fn reset(&mut self) {
        *self = Self::default();
    }
    pub fn accept(&mut self) {
        self.reset();
    }

    pub fn look(&mut self, luma: &Plane, time: Duration) -> Option<Tamper> {
        let layout = Layout::of(luma.width, luma.height)?;
        if self.layout != Some(layout) {
            self.begin(layout);
        }
        let elapsed = self.last.map_or(0.0, |l| time.saturating_sub(l).as_secs_f32());
        self.last = Some(time);
        if elapsed > GAP_SECONDS {
            self.now.restart();
        }
        let elapsed = elapsed.min(2.0);
        self.now.take(luma, elapsed);
        if self.views.is_empty() {
            self.views.push(View::new(layout));
            self.current = 0;
        }
        self.watched += elapsed;
        self.choose();
        if self.watched < WARM_UP_SECONDS {
            self.views[self.current].learn(&self.now, &self.compared, elapsed);
            return None;
        }
        self.judge(elapsed);
        if self.disturbed == 0.0 && self.blurred == 0.0 {
            self.began = time;
        }
        self.told.map(|kind| self.tell(kind))
    }

    /// Compares with the current view, and where that doesn't fit with all others.
    fn choose(&mut self) {
        self.views[self.current].compare(&self.now, &mut self.compared);
        if self.compared.kept >= CALM {
            return;
        }
        for i in 0..self.views.len() {
            if i == self.current {
                continue;
            }
            self.views[i].compare(&self.now, &mut self.other);
            if self.other.kept > self.compared.kept + 0.05 {
                std::mem::swap(&mut self.other, &mut self.compared);
                self.current = i;
            }
        }
    }

    fn judge(&mut self, elapsed: f32) {
        self.debug.clear();
        let view = &self.views[self.current];
        let c = &self.compared;
        let seen = c.visible >= FEWEST_BLOCKS && c.visible as f32 >= VISIBLE_SHARE * c.informative as f32;
        use std::fmt::Write;
        let density = view.density(&self.now, c);
        let (bm, bd) = view.brightness(&self.now, &mut self.scratch);
        let sharp = view.sharpness(&self.now, c, &mut self.scratch);
        let _ = write!(
            self.debug,
            "v{}/{} inf {} vis {} kept {:.2} dens {density:.2} br {bm:.2} {bd:.2} sharp {sharp:.2} n {:.1}",
            self.current,
            self.views.len(),
            c.informative,
            c.visible,
            c.kept,
            self.now.half_slope
        );
        if !seen {
            self.disturbed = 0.0;
            self.blurred = 0.0;
            self.told = None;
            self.new_light = 0.0;
            return;
        }
        let blurred = sharp < BLURRED && bm.abs() < SAME_BRIGHTNESS.0 && bd < SAME_BRIGHTNESS.1;
        self.blurred = if blurred { self.blurred + elapsed } else { 0.0 };
        if self.compared.kept >= CALM {
            self.disturbed = 0.0;
            self.new_light = 0.0;
            self.votes.clear();
            self.told = (self.blurred >= DEFOCUSED_SECONDS).then_some(Kind::Defocused);
            if !blurred {
                self.views[self.current].learn(&self.now, &self.compared, elapsed);
            }
            return;
        }
        // Another light, people, or tampering.
        let vote = view.in_place(&self.now, c);
        let mut best = vote;
        for i in 0..self.views.len() {
            if i != self.current {
                self.views[i].compare(&self.now, &mut self.other);
                best = best.max(self.views[i].in_place(&self.now, &self.other));
            }
        }
        let st = &mut self.still;
        if st.candidate.seconds == 0.0 {
            st.candidate.learn(&self.now, &c, 0.1);
            st.age = 0.0;
            st.still = false;
        }
        st.age += elapsed;
        st.candidate.compare(&self.now, &mut st.compared);
        if st.age > 3.0 {
            st.still = st.compared.kept > 0.5;
            st.candidate.clear();
        }
        let _ = write!(self.debug, " vote {vote:.2} best {best:.2} still {:.2}", st.compared.kept);
        if best >= IN_PLACE {
            self.disturbed = (self.disturbed - 2.0 * elapsed).max(0.0);
            if self.disturbed == 0.0 {
                self.told = None;
            }
            self.new_light += elapsed;
            if self.new_light > NEW_LIGHT_SECONDS {
                let mut fresh = View::new(self.now.layout);
                fresh.learn(&self.now, &self.compared, elapsed);
                if self.views.len() < VIEWS {
                    self.views.push(fresh);
                    self.current = self.views.len() - 1;
                } else {
                    self.current = (self.current + 1) % VIEWS;
                    self.views[self.current] = fresh;
                }
                self.new_light = 0.0;
            }
            return;
        }
        self.new_light = 0.0;
        self.disturbed = (self.disturbed + elapsed).min(8.0);
        let kind = if density > BARE {
            Kind::Moved
        } else if blurred {
            Kind::Defocused
        } else {
            Kind::Covered
        };
        let wait = if kind == Kind::Covered { COVERED_SECONDS } else { MOVED_SECONDS };
        if self.disturbed >= wait && (kind != Kind::Moved || self.still.still) {
            self.told = Some(kind);
        }
    }

    fn tell(&self, kind: Kind) -> Tamper {
        Tamper { kind, since: self.began, deviation: 0.0, reason: String::new() }
    }
}
