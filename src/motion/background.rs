//! The background model: says for each picture which pixels show something that doesn't belong to the
//! scene. Works on luma alone. Knows nothing of cameras, zones or alarms.
//!
//! Each pixel remembers sixteen of its values ([`Samples`]); what is near to none of them has changed. How
//! near is near, each pixel learns by itself: false changes widen its radius. Then shadows are taken out
//! ([`Shadow`]), the mask is cleaned ([`Cleaner`]), and what has stood still joins the scene
//! ([`Absorber`]). One gain for the whole picture is followed at once ([`Lighting`]).

use super::absorb::{Absorber, Seen};
use super::clean::Cleaner;
use super::filter;
use super::lighting::{Lighting, UNIT};
use super::samples::{BLOCK, DEPTH, Samples};
use super::shadow::{self, Shadow};
use super::shake::{self, Offset, Shake};
use crate::picture::plane::Plane;
use std::time::Duration;

/// Smallest distance, in luma steps after the 3x3 blur, that is a change at sensitivity 0.5. Half and twice
/// as much at 1 and 0.
const RADIUS: f32 = 8.0;
/// Most that false changes add to the radius.
const RADIUS_MORE: i16 = 46;
/// Fixed point of the learnt part of the radius.
const RADIUS_SHIFT: u32 = 6;
const RADIUS_UNIT: i16 = 1 << RADIUS_SHIFT;
/// A false change (one that the cleaning threw out) widens the radius by a step, each quiet picture narrows
/// it by a twentieth: the radius settles where one picture in twenty is falsely changed. After the blinking
/// pixels of SuBSENSE (St-Charles et al. 2015).
const RADIUS_UP: i16 = RADIUS_UNIT;
const RADIUS_DOWN: i16 = RADIUS_UNIT / 20;
/// Samples replaced a second. With sixteen samples and what neighbours give, the memory is five to ten seconds long.
const SAMPLE_RATE: f32 = 1.5;
/// Time constant of the mean that shadows and ghosts are compared with, in seconds.
const MEAN_SECONDS: f32 = 1.0;
/// Samples set when a pixel is absorbed: two make it background, a third keeps it so for some time. The
/// others remember what is behind.
const ABSORBED_SAMPLES: usize = 3;
/// The model learns from everything for this long.
const LEARN_SECONDS: f32 = 1.0;
/// ... and for at least so many pictures.
const LEARN_FRAMES: u32 = 4;
/// After a change of the light, what stands still is absorbed after this time.
const SETTLE_ABSORB_SECONDS: f32 = 0.8;

/// How the model decides. Changes take effect with the next [`Background::new`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BackgroundSettings {
    /// 0..1, 0.5 by default: how small a difference counts.
    pub sensitivity: f32,
    /// Seconds of footage after which a thing that stands still belongs to the scene.
    pub absorb_seconds: f32,
}

/// The model of one camera's scene.
#[derive(Clone, Debug)]
pub struct Background {
    settings: BackgroundSettings,
    samples: Samples,
    picture: Plane,
    distance: Vec<u8>,
    /// What false changes added to each pixel's radius, in 1/RADIUS_UNIT luma steps.
    wider: Vec<i16>,
    radius: Vec<u8>,
    /// 1/128 luma steps.
    mean: Vec<i16>,
    known: Vec<u8>,
    raw: Vec<u8>,
    changed: Vec<u8>,
    busy: Vec<u8>,
    mask: Plane,
    cleaner: Cleaner,
    absorber: Absorber,
    shadow: Shadow,
    lighting: Lighting,
    shake: Shake,
    /// Where the camera points now, against where it pointed when it learnt.
    offset: Offset,
    frames: u32,
    first: Duration,
    last: Duration,
    /// Typical time between pictures, in seconds.
    interval: f32,
    random: u32,
}

/// What the model says of one picture.
#[derive(Clone, Copy, Debug)]
pub struct Foreground<'a> {
    /// 0 or 255, cleaned: shadows removed, holes filled, specks removed.
    pub mask: &'a Plane,
    /// A change of the whole picture's light is under way: the mask is to be trusted little.
    pub lighting: bool,
    /// Too few pictures were seen for a background.
    pub learning: bool,
}

impl Background {
    pub fn new(settings: BackgroundSettings) -> Self {
        Self {
            settings,
            samples: Samples::default(),
            picture: Plane::new(0, 0, 0),
            distance: Vec::new(),
            wider: Vec::new(),
            radius: Vec::new(),
            mean: Vec::new(),
            known: Vec::new(),
            raw: Vec::new(),
            changed: Vec::new(),
            busy: Vec::new(),
            mask: Plane::new(0, 0, 0),
            cleaner: Cleaner::default(),
            absorber: Absorber::default(),
            shadow: Shadow::default(),
            lighting: Lighting::default(),
            shake: Shake::default(),
            offset: Offset::default(),
            frames: 0,
            first: Duration::ZERO,
            last: Duration::ZERO,
            interval: 0.04,
            random: 1,
        }
    }

    /// Forgets the scene; the next picture starts it anew.
    pub fn reset(&mut self) {
        self.frames = 0;
    }

    /// Whether it still learns from everything.
    pub fn is_learning(&self) -> bool {
        self.frames <= LEARN_FRAMES || self.last.saturating_sub(self.first).as_secs_f32() < LEARN_SECONDS
    }

    /// Compares `luma` with the scene and learns from it. `time`: since the stream's start, not falling.
    pub fn apply(&mut self, luma: &Plane, time: Duration) -> Foreground<'_> {
        if (self.mask.width, self.mask.height) != (luma.width, luma.height) {
            self.frames = 0;
        }
        let elapsed = time.saturating_sub(self.last).as_secs_f32().clamp(0.001, 1.0);
        if luma.data.is_empty() {
            self.mask = luma.clone();
            return Foreground { mask: &self.mask, lighting: false, learning: true };
        }
        if self.frames == 0 {
            self.start(luma, time);
        } else {
            filter::blur3(luma, &mut self.picture);
            self.offset = self.shake.measure(&self.picture, &self.known);
            if self.offset != Offset::default() {
                shake::moved(&self.picture.data, &mut self.distance, luma.width, self.offset, None);
                self.picture.data.copy_from_slice(&self.distance);
            }
            let weight = if self.frames < 10 { 0.5 } else { 0.05 };
            self.interval += (elapsed - self.interval) * weight;
        }
        self.last = time;
        self.frames = self.frames.saturating_add(1);
        let learning = self.is_learning();

        if let Some(gain) = self.lighting.gain(&self.picture, &self.known, elapsed) {
            self.follow(gain);
        }
        self.find_changes();
        if self.offset != Offset::default() {
            shake::clear_outside(&mut self.raw, luma.width, self.offset);
        }
        let lighting = self.lighting.judge(&self.raw, &self.picture, &self.known, elapsed);
        self.changed.copy_from_slice(&self.raw);
        let ratios = if self.lighting.moving() { shadow::RELIT } else { shadow::SHADOW };
        self.shadow.remove(&mut self.changed, &self.picture, &self.known, ratios);
        self.cleaner.clean(&mut self.changed);
        self.busy.copy_from_slice(&self.changed);
        if self.busy.contains(&1) {
            self.cleaner.grow(&mut self.busy);
        }
        self.absorb(elapsed);
        self.adapt(learning);
        if self.offset == Offset::default() {
            self.mask.data.copy_from_slice(&self.changed);
        } else {
            let back = Offset { x: -self.offset.x, y: -self.offset.y };
            shake::moved(&self.changed, &mut self.mask.data, luma.width, back, Some(0));
        }
        for m in &mut self.mask.data {
            *m = 0u8.wrapping_sub(*m);
        }
        Foreground { mask: &self.mask, lighting, learning }
    }

    fn start(&mut self, luma: &Plane, time: Duration) {
        let (w, h) = (luma.width, luma.height);
        let n = w * h;
        self.picture = luma.clone();
        filter::blur3(luma, &mut self.picture);
        self.samples.resize(n);
        self.distance = vec![0; n];
        self.wider = vec![0; n];
        self.radius = vec![self.least_radius(); n];
        self.mean = self.picture.data.iter().map(|&v| i16::from(v) * 128).collect();
        self.known = self.picture.data.clone();
        self.raw = vec![0; n];
        self.changed = vec![0; n];
        self.busy = vec![0; n];
        self.mask = Plane::new(w, h, 0);
        self.cleaner.resize(w, h);
        self.absorber.resize(w, h);
        self.shadow.resize(w, h);
        self.lighting = Lighting::default();
        self.offset = Offset::default();
        self.first = time;
        self.interval = 0.04;
        self.random = 0x9e37_79b9;
        for i in 0..n {
            for k in 0..DEPTH {
                let from = if k < 2 { i } else { self.neighbour(i) };
                self.samples.set(i, k, self.picture.data[from]);
            }
        }
    }

    fn least_radius(&self) -> u8 {
        (RADIUS * 2f32.powf(1.0 - 2.0 * self.settings.sensitivity.clamp(0.0, 1.0))).round() as u8
    }

    /// xorshift32 (Marsaglia 2003): the same pictures give the same masks.
    fn draw(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random
    }

    /// A pixel of the 3x3 around `i`, at random.
    fn neighbour(&mut self, i: usize) -> usize {
        let (w, n) = (self.mask.width, self.mask.data.len());
        let r = self.draw();
        let across = ((r & 0xffff) * 3) >> 16;
        let down = ((r >> 16) * 3) >> 16;
        (i + across as usize + down as usize * w).saturating_sub(w + 1).min(n - 1)
    }

    /// Multiplies the model by `gain` (1/256) where that brings it nearer to the picture: the sky may stay
    /// clipped while the ground gets darker.
    fn follow(&mut self, gain: u16) {
        let scaled = |m: i16| (i32::from(m) * i32::from(gain) / i32::from(UNIT)).min(255 * 128) as i16;
        let blocks = self.picture.data.chunks(BLOCK).zip(self.known.chunks_mut(BLOCK));
        for (block, ((p, known), mean)) in blocks.zip(self.mean.chunks_mut(BLOCK)).enumerate() {
            let without: u32 = p.iter().zip(known.iter()).map(|(&p, &k)| u32::from(p.abs_diff(k))).sum();
            let with: u32 =
                p.iter().zip(mean.iter()).map(|(&p, &m)| u32::from(p.abs_diff((scaled(m) >> 7) as u8))).sum();
            let fits = without < u32::from(RADIUS as u8) / 2 * p.len() as u32;
            if with >= without && fits {
                continue;
            }
            self.samples.scale(block, gain);
            for (m, k) in mean.iter_mut().zip(known) {
                *m = scaled(*m);
                *k = (*m >> 7) as u8;
            }
        }
    }

    fn find_changes(&mut self) {
        self.samples.distance(&self.picture.data, &mut self.distance);
        for ((c, &d), &r) in self.raw.iter_mut().zip(&self.distance).zip(&self.radius) {
            *c = u8::from(d > r);
        }
    }

    fn absorb(&mut self, elapsed: f32) {
        let seconds = if self.lighting.settling() {
            self.settings.absorb_seconds.min(SETTLE_ABSORB_SECONDS)
        } else {
            self.settings.absorb_seconds
        };
        let (samples, mean, picture) = (&mut self.samples, &mut self.mean, &self.picture);
        let slot = self.frames as usize;
        let seen = Seen { mask: &self.changed, picture, background: &self.known, radius: &self.radius };
        self.absorber.watch(seen, elapsed, seconds, |i| {
            for k in 0..ABSORBED_SAMPLES {
                samples.set(i, (slot + k) % DEPTH, picture.data[i]);
            }
            mean[i] = i16::from(picture.data[i]) * 128;
        });
    }

    fn adapt(&mut self, learning: bool) {
        let most = RADIUS_MORE * RADIUS_UNIT;
        let least = self.least_radius();
        let planes = self.wider.iter_mut().zip(&mut self.radius);
        for (((wider, radius), &c), &b) in planes.zip(&self.raw).zip(&self.busy) {
            let (c, quiet) = (i16::from(c), i16::from(1 - b));
            let step = c * (RADIUS_UP + RADIUS_DOWN) - RADIUS_DOWN;
            *wider = (*wider + step * quiet).max(0).min(most);
            *radius = least + (*wider >> RADIUS_SHIFT) as u8;
        }
        // A shift serves for the weight: it's one instruction for eight pixels.
        let shift = (MEAN_SECONDS / self.interval).max(2.0).log2().round().clamp(1.0, 6.0) as u32;
        let planes = self.mean.iter_mut().zip(&mut self.known).zip(&self.picture.data);
        for (((mean, known), &p), &b) in planes.zip(&self.busy) {
            let quiet = -i16::from(1 - b);
            *mean += ((i16::from(p) * 128 - *mean) >> shift) & quiet;
            *known = (*mean >> 7) as u8;
        }
        self.replace_samples(learning);
    }

    fn replace_samples(&mut self, learning: bool) {
        let chance =
            if learning { 0.5 } else { (1.0 - (-SAMPLE_RATE * self.interval).exp()).clamp(1.0 / 64.0, 0.25) };
        // Steps of 1..=span, evenly drawn, reach each pixel with this chance.
        let span = (2.0 / chance) as u32 - 1;
        let mut i = 0;
        loop {
            let r = self.draw();
            i += 1 + (((r & 0xffff) * span) >> 16) as usize;
            if i > self.mask.data.len() {
                break;
            }
            if self.busy[i - 1] == 0 || learning {
                let value = self.picture.data[i - 1];
                self.samples.set(i - 1, (r >> 28) as usize % DEPTH, value);
                // The neighbour too: this way the memory learns shaking and swaying. But not a neighbour that
                // belongs to an object: it would be eaten from its rim.
                let beside = self.neighbour(i - 1);
                if self.busy[beside] == 0 || learning {
                    self.samples.set(beside, (r >> 24) as usize % DEPTH, value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
