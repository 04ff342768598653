//! Which foreground has stood still for so long that it belongs to the scene: parked things after
//! `absorb_seconds`, ghosts (the hole that a thing leaves in a background learnt with it) after about a
//! second. Knows nothing of how foreground was found.
//!
//! A ghost gives itself away by its rim: the picture has no edges there, the learnt background has.

use super::components::Components;
use crate::picture::plane::Plane;

/// Ticks of stillness after which a pixel is absorbed; a power of two well inside u16.
const FULL: u16 = 1 << 14;
/// A ghost is absorbed after this time: long enough that a thing seen twice at the same place by chance
/// isn't one.
const GHOST_SECONDS: f32 = 1.0;
/// Share of a region that must stand still to be a ghost.
const STILL_SHARE: f32 = 0.7;
/// How much stronger the background's rim must be than the picture's.
const RIM_RATIO: f32 = 1.5;
/// ... plus luma steps for each rim pixel, so that noise decides nothing.
const RIM_MARGIN: f32 = 2.0;
/// Foreground that moves in itself but stays on (a curtain, a screen) is absorbed after this many times
/// `absorb_seconds`.
const RESTLESS: f32 = 4.0;

/// What is known of one picture; all planes have its size.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Foreground, 0 or 1.
    pub mask: &'a [u8],
    pub picture: &'a Plane,
    pub background: &'a [u8],
    /// By how many luma steps each pixel may vary and still stand still.
    pub radius: &'a [u8],
}

#[derive(Clone, Copy, Debug, Default)]
struct Rim {
    area: f32,
    still: f32,
    pixels: f32,
    now: f32,
    known: f32,
}

#[derive(Clone, Debug, Default)]
pub struct Absorber {
    regions: Components,
    rims: Vec<Rim>,
    held: Vec<u8>,
    still: Vec<u16>,
    lit: Vec<u16>,
    /// Fractions of a tick left over, for still, ghost and restless pixels.
    rest: [f32; 3],
    width: usize,
    height: usize,
}

impl Absorber {
    pub fn resize(&mut self, width: usize, height: usize) {
        let n = width * height;
        self.width = width;
        self.height = height;
        self.regions.reserve(width, height);
        self.rims.reserve(height * width.div_ceil(2));
        self.held = vec![0; n];
        self.still = vec![0; n];
        self.lit = vec![0; n];
        self.rest = [0.0; 3];
    }

    fn ticks(&mut self, which: usize, elapsed: f32, seconds: f32) -> u16 {
        let exact = self.rest[which] + elapsed / seconds.max(0.1) * f32::from(FULL);
        let whole = exact.floor().min(f32::from(FULL));
        self.rest[which] = (exact - whole).min(1.0);
        whole as u16
    }

    /// Goes through the foreground and hands each pixel that has become part of the scene to `absorb`.
    /// `elapsed`: seconds since the picture before; `seconds`: of stillness until a pixel is absorbed.
    pub fn watch(&mut self, seen: Seen<'_>, elapsed: f32, seconds: f32, mut absorb: impl FnMut(usize)) {
        let Seen { mask, picture, radius, .. } = seen;
        let w = self.width;
        for ((still, lit), &m) in self.still.iter_mut().zip(&mut self.lit).zip(mask) {
            let keep = 0u16.wrapping_sub(u16::from(m));
            *still &= keep;
            *lit &= keep;
        }
        let parked = self.ticks(0, elapsed, seconds);
        let ghost = self.ticks(1, elapsed, seconds.min(GHOST_SECONDS));
        let restless = self.ticks(2, elapsed, seconds * RESTLESS);
        self.measure(seen);
        for run in &self.regions.runs {
            let rim = self.rims[run.label as usize];
            let is_ghost = rim.still > STILL_SHARE * rim.area
                && rim.known > RIM_RATIO * rim.now + RIM_MARGIN * rim.pixels;
            let step = if is_ghost { ghost } else { parked };
            for i in run.range(w) {
                let now = picture.data[i];
                self.lit[i] = self.lit[i].saturating_add(restless);
                if now.abs_diff(self.held[i]) <= radius[i] {
                    self.still[i] = self.still[i].saturating_add(step);
                } else {
                    self.still[i] = 0;
                    self.held[i] = now;
                }
                if self.still[i] >= FULL || self.lit[i] >= FULL {
                    self.still[i] = 0;
                    self.lit[i] = 0;
                    absorb(i);
                }
            }
        }
    }

    /// Counts what stands still in each region, and compares the edges along its rim.
    fn measure(&mut self, seen: Seen<'_>) {
        let Seen { mask, picture, background, radius } = seen;
        let (w, h) = (self.width, self.height);
        self.regions.find(mask, w, 1, 0, true);
        self.rims.clear();
        self.rims.resize(self.regions.count, Rim::default());
        let slope =
            |p: &[u8], i: usize| f32::from(p[i + 1].abs_diff(p[i - 1]).max(p[i + w].abs_diff(p[i - w])));
        for run in &self.regions.runs {
            let rim = &mut self.rims[run.label as usize];
            let y = run.y as usize;
            let range = run.range(w);
            rim.area += range.len() as f32;
            let still: usize =
                range.clone().map(|i| usize::from(picture.data[i].abs_diff(self.held[i]) <= radius[i])).sum();
            rim.still += still as f32;
            if y == 0 || y + 1 == h {
                continue;
            }
            let (start, end) = (range.start, range.end);
            for i in range {
                let outer = i == start || i + 1 == end || mask[i - w] == 0 || mask[i + w] == 0;
                if outer && i > y * w && i + 1 < (y + 1) * w {
                    rim.pixels += 1.0;
                    rim.now += slope(&picture.data, i);
                    rim.known += slope(background, i);
                }
            }
        }
    }
}
