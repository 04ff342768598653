//! Tells a change of the light from a change of the scene. Light changes nearly the whole picture by one
//! factor and leaves its edges where they are. Knows pictures and a background, not how one is learnt.

use crate::picture::plane::Plane;

/// Points compared along the smaller side of the picture.
const POINTS: usize = 40;
/// Fixed point of a gain.
pub const UNIT: u16 = 256;
/// A gain is followed once it is off by this much (1/256): below, the samples follow by themselves.
const GAIN_STEP: i32 = 5;
/// Points within this share of the median (1/256) agree with it.
const AGREE_BAND: i32 = 20;
/// Share of points that must agree before one gain is believed.
const AGREE_SHARE: f32 = 0.6;
/// Gain (natural logarithm) followed within about a second that is a change of light worth telling: a lamp
/// or a camera's exposure step. Less, as when something bright makes the exposure close, is followed in
/// silence, since the mask stays good.
const TELL_GAIN: f32 = 0.22;
/// Most that one step counts for: who switches a light on must be found soon after, however bright it is.
const MOST_GAIN: f32 = 1.5 * TELL_GAIN;
/// Gain followed within about a second after which parts of the picture may lag behind and are let settle.
const SETTLE_GAIN: f32 = 0.1;
/// Share of changed pixels from which the change may be the light.
const CHANGED_SHARE: f32 = 0.35;
/// Share of changed pixels that is taken for light, a turned camera or a covered lens even where the edges
/// changed, if it came within a second.
const SUDDEN_SHARE: f32 = 0.7;
/// Share of the background's edges that are still there when only the light changed.
const EDGE_SHARE: f32 = 0.5;
/// Luma slope that is an edge.
const EDGE: i32 = 10;
/// The flag stays on for this long after the last sign, in seconds.
const HOLD_SECONDS: f32 = 0.4;
/// After the flag the scene settles: what stands still is learnt quickly for so many seconds.
const SETTLE_SECONDS: f32 = 4.0;

#[derive(Clone, Debug)]
pub struct Lighting {
    ratios: Vec<u16>,
    /// Gain of about the last second.
    recent: f32,
    /// Share of changed pixels, smoothed over about a second.
    usual: f32,
    /// Seconds since the last sign of a change worth telling, and of one worth settling after.
    since: f32,
    since_any: f32,
}

impl Default for Lighting {
    fn default() -> Self {
        Self { ratios: vec![0; 1025], recent: 0.0, usual: 0.0, since: f32::MAX, since_any: f32::MAX }
    }
}

impl Lighting {
    /// The factor (1/256) by which the whole of `picture` differs from `background`, if there is one that
    /// most points agree on and that the background should follow.
    pub fn gain(&mut self, picture: &Plane, background: &[u8], elapsed: f32) -> Option<u16> {
        self.recent *= (-elapsed).exp();
        let (w, h) = (picture.width, picture.height);
        let step = (w.min(h) / POINTS).max(1);
        self.ratios.fill(0);
        let mut points = 0u32;
        for y in (step / 2..h).step_by(step) {
            for i in (y * w + step / 2..(y + 1) * w).step_by(step) {
                let (p, b) = (u32::from(picture.data[i]), u32::from(background[i]));
                // Clipped values tell no ratio.
                if (12..=245).contains(&b) && (6..=250).contains(&p) {
                    self.ratios[((p * 256 + b / 2) / b).min(1024) as usize] += 1;
                    points += 1;
                }
            }
        }
        if points < 64 {
            return None;
        }
        let mut seen = 0;
        let median = self.ratios.iter().position(|&n| {
            seen += u32::from(n);
            seen * 2 >= points
        })? as i32;
        let band = median * AGREE_BAND / 256;
        let agree: u32 = (median - band..=median + band)
            .filter_map(|r| self.ratios.get(usize::try_from(r).ok()?))
            .map(|&n| u32::from(n))
            .sum();
        if (median - 256).abs() < GAIN_STEP || (agree as f32) < AGREE_SHARE * points as f32 || median >= 1024
        {
            return None;
        }
        self.recent = (self.recent + (median as f32 / 256.0).ln()).clamp(-MOST_GAIN, MOST_GAIN);
        Some(median as u16)
    }

    /// Looks at the share of changed pixels and says whether the light is changing now.
    pub fn judge(&mut self, changed: &[u8], picture: &Plane, background: &[u8], elapsed: f32) -> bool {
        let count: usize = changed.chunks(128).map(|c| usize::from(c.iter().sum::<u8>())).sum();
        let share = count as f32 / changed.len().max(1) as f32;
        let lit = share > CHANGED_SHARE && edges_kept(changed, picture, background) > EDGE_SHARE;
        let sudden = share > SUDDEN_SHARE && self.usual < CHANGED_SHARE;
        if lit || sudden || self.recent.abs() > TELL_GAIN {
            self.since = 0.0;
        } else {
            self.since += elapsed;
        }
        if self.since == 0.0 || self.recent.abs() > SETTLE_GAIN {
            self.since_any = 0.0;
        } else {
            self.since_any += elapsed;
        }
        self.usual += (share - self.usual) * (1.0 - (-elapsed).exp());
        self.changing()
    }

    /// A change of the whole picture's light is under way and worth telling.
    pub fn changing(&self) -> bool {
        self.since < HOLD_SECONDS
    }

    /// The light is changing, be it little.
    pub fn moving(&self) -> bool {
        self.since_any < HOLD_SECONDS
    }

    /// The light has changed a short while ago.
    pub fn settling(&self) -> bool {
        self.since_any < SETTLE_SECONDS
    }
}

/// Share of the background's edges among the changed pixels that the picture has too, in the same direction.
fn edges_kept(changed: &[u8], picture: &Plane, background: &[u8]) -> f32 {
    let (w, h) = (picture.width, picture.height);
    let (mut edges, mut kept) = (0u32, 0u32);
    for y in (1..h.saturating_sub(1)).step_by(2) {
        for i in (y * w + 1..(y + 1) * w - 1).step_by(2) {
            if changed[i] == 0 {
                continue;
            }
            for (a, b) in [(i + 1, i - 1), (i + w, i - w)] {
                let known = i32::from(background[a]) - i32::from(background[b]);
                let now = i32::from(picture.data[a]) - i32::from(picture.data[b]);
                if known.abs() >= EDGE {
                    edges += 1;
                    kept += u32::from(now * known.signum() * 4 > known.abs());
                }
            }
        }
    }
    if edges < 64 { 1.0 } else { kept as f32 / edges as f32 }
}
