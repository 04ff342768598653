//! What one light shows of the view: the edges that are always there, per pixel, and the usual figures of each
//! block. Compares the present structure with them. Knows no time of day and decides nothing.

use super::structure::{Layout, Structure};
use serde::{Deserialize, Serialize};

/// An edge belongs to the view where its mean significance is above this (0..1).
const STEADY: f32 = 0.4;
/// Share of a block's pixels that must be steady edges for the block to tell anything.
const INFORMATIVE_SHARE: f32 = 0.06;
/// A block has kept its edges when they agree with the learned ones at least so much (1: fully).
const KEPT: f32 = 0.5;
/// Of a reference seen for long, what was before fades over so many seconds.
const MEMORY_SECONDS: f32 = 240.0;
/// What moved inside this distance (reduced pixels) is looked for: such a block votes for "elsewhere".
const REACH: isize = 6;
/// Steady edges looked up per block.
const POINTS: usize = 16;
/// An edge must be expected this much above the slope that noise hides.
const VISIBLE: f32 = 0.7;
/// Where so little of the usual luma is left it is dark, and whether a lamp went out or something is before the
/// lens can't be told.
const DIMMED: f32 = 0.4;
/// Brighter is clipped.
const CLIPPED: f32 = 243.0;
/// Agreement that a place must have for a vote: below it, it is chance.
const VOTE: f32 = 0.12;

/// The view under one light.
#[derive(Clone, Debug, Default)]
pub struct View {
    cos: Vec<f32>,
    sin: Vec<f32>,
    /// Per block: mean luma, slope of its steady edges, sharpness, density.
    luma: Vec<f32>,
    slope: Vec<f32>,
    sharpness: Vec<f32>,
    contrast: Vec<f32>,
    density: Vec<f32>,
    /// Seconds that it was learned for.
    pub seconds: f32,
}

/// How the present compares with a view.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Per block: agreement with the learned edges; `NAN` if the block tells nothing now.
    pub agreement: Vec<f32>,
    /// Blocks with steady edges, and those of them where they could be seen now.
    pub informative: usize,
    pub visible: usize,
    /// Share of the visible blocks that have kept their edges.
    pub kept: f32,
    /// Per block: mean slope of the present picture at the steady edges.
    slope: Vec<f32>,
    /// Per block: what the agreement would be before division if nothing had changed, and the steady edges.
    whole: Vec<f32>,
    count: Vec<f32>,
}

/// Changes against a view, as natural logarithms; negative: blurred.
pub struct Blur {
    /// Of fine against coarse slopes.
    pub sharpness: f32,
    /// Of fine slopes.
    pub contrast: f32,
}

/// A view as it is stored: directions as -100..=100, figures as they are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedView {
    cos: Vec<i8>,
    sin: Vec<i8>,
    luma: Vec<f32>,
    slope: Vec<f32>,
    sharpness: Vec<f32>,
    contrast: Vec<f32>,
    density: Vec<f32>,
    seconds: f32,
}

impl View {
    pub fn new(layout: Layout) -> Self {
        let (pixels, blocks) = (layout.pixels(), layout.blocks());
        Self {
            cos: vec![0.0; pixels],
            sin: vec![0.0; pixels],
            luma: vec![0.0; blocks],
            slope: vec![0.0; blocks],
            sharpness: vec![0.0; blocks],
            contrast: vec![0.0; blocks],
            density: vec![0.0; blocks],
            seconds: 0.0,
        }
    }

    pub fn clear(&mut self) {
        self.seconds = 0.0;
    }

    /// Learns from what was seen for `elapsed` seconds. The first picture is taken as it is.
    pub fn learn(&mut self, now: &Structure, compared: &Comparison, elapsed: f32) {
        let share = if self.seconds == 0.0 {
            1.0
        } else {
            (elapsed / (self.seconds + elapsed)).max(elapsed / MEMORY_SECONDS).min(1.0)
        };
        self.seconds = (self.seconds + elapsed).min(1e6);
        blend(&mut self.cos, &now.cos, share);
        blend(&mut self.sin, &now.sin, share);
        blend(&mut self.luma, &now.luma, share);
        blend(&mut self.slope, &compared.slope, share);
        blend(&mut self.contrast, &now.contrast, share);
        blend(&mut self.sharpness, &now.sharpness, share);
        blend(&mut self.density, &now.density, share);
    }

    /// Compares the present with the view.
    pub fn compare(&self, now: &Structure, result: &mut Comparison) {
        let layout = now.layout;
        let (w, across) = (layout.width, layout.across);
        for sums in [&mut result.agreement, &mut result.slope, &mut result.whole, &mut result.count] {
            sums.clear();
            sums.resize(layout.blocks(), 0.0);
        }
        for y in 0..layout.height {
            let first = layout.line_of(y) * across;
            for column in 0..across {
                let (from, to) = layout.columns(column);
                let (from, to, block) = (y * w + from, y * w + to, first + column);
                let n = to - from;
                let (rc, rs) = (&self.cos[from..to][..n], &self.sin[from..to][..n]);
                let (nc, ns) = (&now.cos[from..to][..n], &now.sin[from..to][..n]);
                let slope = &now.slope[from..to][..n];
                let (mut same, mut full, mut steep, mut points) = (0.0, 0.0, 0.0, 0.0);
                for x in 0..n {
                    let square = rc[x] * rc[x] + rs[x] * rs[x];
                    let steady = f32::from(u8::from(square > STEADY * STEADY));
                    same += steady * (rc[x] * nc[x] + rs[x] * ns[x]);
                    full += steady * square;
                    steep += steady * slope[x];
                    points += steady;
                }
                result.agreement[block] += same;
                result.whole[block] += full;
                result.slope[block] += steep;
                result.count[block] += points;
            }
        }
        (result.informative, result.visible) = (0, 0);
        let mut kept = 0;
        let pixels = layout.pixels() as f32 / layout.blocks() as f32;
        for block in 0..layout.blocks() {
            result.slope[block] /= result.count[block].max(1.0);
            if result.count[block] < INFORMATIVE_SHARE * pixels {
                result.agreement[block] = f32::NAN;
                continue;
            }
            result.informative += 1;
            result.agreement[block] /= result.whole[block];
            let dimmed = (now.luma[block] / self.luma[block].max(1.0)).min(1.0);
            let lit = dimmed > DIMMED && now.luma[block] < CLIPPED;
            let seen = lit && self.slope[block] * dimmed > VISIBLE * now.half_slope;
            // Edges that are there count, however little light there is.
            if result.agreement[block] > KEPT {
                kept += 1;
            } else if !seen {
                result.agreement[block] = f32::NAN;
                continue;
            }
            result.visible += 1;
        }
        result.kept = if result.visible == 0 { 0.0 } else { kept as f32 / result.visible as f32 };
    }

    /// Share of the visible blocks whose edges are found where they were rather than elsewhere nearby. Unlike the
    /// agreement it doesn't ask how much of them is left. For another view it is chance: about a twentieth.
    pub fn in_place(&self, now: &Structure, comparison: &Comparison) -> f32 {
        let layout = now.layout;
        let (mut voters, mut here) = (0u32, 0u32);
        for block in 0..layout.blocks() {
            if comparison.agreement[block].is_nan() {
                continue;
            }
            voters += 1;
            let near = |(dx, dy): (isize, isize)| dx.abs() <= 1 && dy.abs() <= 1;
            here += u32::from(
                comparison.agreement[block] > KEPT || self.best_place(now, block).is_some_and(near),
            );
        }
        if voters == 0 { 0.0 } else { here as f32 / voters as f32 }
    }

    /// How much of the usual structure of the informative blocks the present picture has, wherever it is.
    pub fn density(&self, now: &Structure, comparison: &Comparison) -> f32 {
        let (mut usual, mut present) = (0.0, 0.0);
        for (block, agreement) in comparison.agreement.iter().enumerate() {
            if !agreement.is_nan() {
                usual += self.density[block];
                present += now.density[block];
            }
        }
        if usual > 0.0 { present / usual } else { 1.0 }
    }

    /// How the brightness of the blocks compares with the usual one, as natural logarithms: the median of the
    /// differences, and the correlation.
    pub fn brightness(&self, now: &Structure, scratch: &mut Vec<f32>) -> (f32, f32) {
        let log = |luma: f32| (luma + 4.0).ln();
        scratch.clear();
        scratch.extend(now.luma.iter().zip(&self.luma).map(|(&now, &usual)| log(now) - log(usual)));
        let median = median(scratch);
        let n = now.luma.len() as f32;
        let (mut a, mut b, mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (&x, &y) in now.luma.iter().zip(&self.luma) {
            let (x, y) = (log(x), log(y));
            a += x;
            b += y;
            aa += x * x;
            bb += y * y;
            ab += x * y;
        }
        let spread = ((aa - a * a / n) * (bb - b * b / n)).max(1e-6).sqrt();
        (median, (ab - a * b / n) / spread)
    }

    /// Medians over the visible blocks of the change of sharpness and of fine contrast (natural logarithms;
    /// negative: blurred).
    pub fn blur(&self, now: &Structure, comparison: &Comparison, scratch: &mut Vec<f32>) -> Blur {
        let mut change = |now: &[f32], usual: &[f32]| {
            scratch.clear();
            let visible = comparison.agreement.iter().enumerate().filter(|(_, a)| !a.is_nan());
            scratch.extend(visible.map(|(block, _)| now[block] - usual[block]));
            median(scratch)
        };
        Blur {
            sharpness: change(&now.sharpness, &self.sharpness),
            contrast: change(&now.contrast, &self.contrast),
        }
    }

    /// Mean significance of the learned edges: less than that of the pictures that it was learned from by as much
    /// as these differed.
    pub fn significance(&self) -> f32 {
        let sum: f32 = self.cos.iter().zip(&self.sin).map(|(c, s)| (c * c + s * s).sqrt()).sum();
        sum / self.cos.len().max(1) as f32
    }

    pub fn save(&self) -> SavedView {
        let small = |values: &[f32]| values.iter().map(|v| (v * 100.0).round() as i8).collect();
        SavedView {
            cos: small(&self.cos),
            sin: small(&self.sin),
            luma: self.luma.clone(),
            slope: self.slope.clone(),
            sharpness: self.sharpness.clone(),
            contrast: self.contrast.clone(),
            density: self.density.clone(),
            seconds: self.seconds,
        }
    }

    /// `None` if it doesn't fit the layout or holds what can't be.
    pub fn restore(saved: &SavedView, layout: Layout) -> Option<Self> {
        let large = |values: &[i8]| values.iter().map(|&v| f32::from(v) / 100.0).collect::<Vec<_>>();
        let blocks = [&saved.luma, &saved.slope, &saved.sharpness, &saved.contrast, &saved.density];
        let fits = saved.cos.len() == layout.pixels() && saved.sin.len() == layout.pixels();
        let sound = blocks.iter().all(|b| b.len() == layout.blocks() && b.iter().all(|v| v.is_finite()));
        (fits && sound && saved.seconds > 0.0 && saved.seconds.is_finite()).then(|| Self {
            cos: large(&saved.cos),
            sin: large(&saved.sin),
            luma: saved.luma.clone(),
            slope: saved.slope.clone(),
            sharpness: saved.sharpness.clone(),
            contrast: saved.contrast.clone(),
            density: saved.density.clone(),
            seconds: saved.seconds,
        })
    }

    /// Where around a block its edges fit best; `None` if nowhere.
    fn best_place(&self, now: &Structure, block: usize) -> Option<(isize, isize)> {
        let layout = now.layout;
        let w = layout.width as isize;
        let (line, column) = (block / layout.across, block % layout.across);
        let (left, right) = layout.columns(column);
        let (top, bottom) = (line * layout.height / layout.down, (line + 1) * layout.height / layout.down);
        // Evenly from all over the block.
        let steady = |at: usize| self.cos[at] * self.cos[at] + self.sin[at] * self.sin[at] > STEADY * STEADY;
        let places = || (top..bottom).flat_map(move |y| (left..right).map(move |x| (x, y)));
        let total = places().filter(|(x, y)| steady(y * layout.width + x)).count();
        let step = total.div_ceil(POINTS).max(1);
        let mut points = [(0isize, 0isize, 0.0f32, 0.0f32); POINTS];
        let mut n = 0;
        let mut whole = 0.0;
        for (x, y) in places().filter(|(x, y)| steady(y * layout.width + x)).step_by(step).take(POINTS) {
            let at = y * layout.width + x;
            points[n] = (x as isize, y as isize, self.cos[at], self.sin[at]);
            whole += self.cos[at] * self.cos[at] + self.sin[at] * self.sin[at];
            n += 1;
        }
        let mut best = (VOTE * whole, None);
        for dy in -REACH..=REACH {
            for dx in -REACH..=REACH {
                let mut sum = 0.0;
                for &(x, y, cos, sin) in &points[..n] {
                    let (x, y) = (x + dx, y + dy);
                    if x >= 0 && x < w && y >= 0 && y < layout.height as isize {
                        let at = (y * w + x) as usize;
                        sum += cos * now.cos[at] + sin * now.sin[at];
                    }
                }
                // Of equals the nearer one: a straight edge fits anywhere along itself.
                let sum = sum - 0.004 * whole * (dx.abs() + dy.abs()) as f32;
                if sum > best.0 {
                    best = (sum, Some((dx, dy)));
                }
            }
        }
        best.1
    }
}

fn blend(known: &mut [f32], now: &[f32], share: f32) {
    known.iter_mut().zip(now).for_each(|(known, now)| *known += (now - *known) * share);
}

/// Orders the values on the way.
fn median(values: &mut [f32]) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}
