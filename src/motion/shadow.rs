//! Which changed pixels are only darker (or, while the light changes, only lit differently) than the
//! background. A shadow multiplies the background by a factor that varies slowly over the picture, so
//! within a small window the picture must be the background times one ratio, down to the noise.
//! An object brings edges of its own. Knows nothing of how the background was learnt.

use crate::picture::plane::Plane;

/// Half width of the windows: the ratio is taken over 5x5, the misfit averaged over 5x5.
const REACH: usize = 2;
const WINDOW: u16 = ((2 * REACH + 1) * (2 * REACH + 1)) as u16;

/// Mean misfit that still counts as the same surface, in luma steps: about the noise that is left after
/// the 3x3 blur ...
const MISFIT: f32 = 0.8;
/// ... plus a share of the background's luma, since texture under another light doesn't scale exactly.
const MISFIT_SHARE: f32 = 0.02;

/// Ratios of picture to background that a cast shadow, or sun on a wall or roof, leaves. Below, it's as likely to
/// be something dark; above, something bright.
pub const SHADOW: (f32, f32) = (0.6, 1.8);
/// Ratios allowed while the light of the whole picture changes.
pub const RELIT: (f32, f32) = (0.2, 5.0);

#[derive(Clone, Debug, Default)]
pub struct Shadow {
    wanted: Vec<bool>,
    line: Vec<u16>,
    now: Vec<u16>,
    known: Vec<u16>,
    misfit: Vec<u16>,
    sum: Vec<u16>,
    column: Vec<u16>,
}

/// Sums over 2*REACH+1 columns; `line` is `row` with REACH repeated values at both ends.
fn across(line: &[u16], out: &mut [u16]) {
    let n = out.len();
    let (a, b, c, d, e) = (&line[..n], &line[1..n + 1], &line[2..n + 2], &line[3..n + 3], &line[4..n + 4]);
    for x in 0..n {
        out[x] = a[x] + b[x] + c[x] + d[x] + e[x];
    }
}

fn pad(line: &mut [u16], values: impl Iterator<Item = u16>) {
    let n = line.len();
    for (l, v) in line[REACH..].iter_mut().zip(values) {
        *l = v;
    }
    for k in 0..REACH {
        line[k] = line[REACH];
        line[n - 1 - k] = line[n - 1 - REACH];
    }
}

impl Shadow {
    pub fn resize(&mut self, width: usize, height: usize) {
        let n = width * height;
        self.wanted = vec![false; height];
        self.line = vec![0; width + 2 * REACH];
        self.column = vec![0; width];
        for plane in [&mut self.now, &mut self.known, &mut self.misfit, &mut self.sum] {
            *plane = vec![0; n];
        }
    }

    /// Clears in `changed` (0 or 1) what is `background` times a ratio within `ratios`. Rows without a
    /// change near are skipped, so a quiet picture costs nothing.
    pub fn remove(&mut self, changed: &mut [u8], picture: &Plane, background: &[u8], ratios: (f32, f32)) {
        let (w, h) = (picture.width, picture.height);
        if w <= 2 * REACH || h <= 2 * REACH {
            return;
        }
        let near = 2 * REACH;
        self.wanted.fill(false);
        for (y, row) in changed.chunks_exact(w).enumerate() {
            if row.contains(&1) {
                self.wanted[y.saturating_sub(near)..(y + near + 1).min(h)].fill(true);
            }
        }
        for y in 0..h {
            if self.wanted[y] {
                pad(&mut self.line, picture.row(y).iter().map(|&v| u16::from(v)));
                across(&self.line, &mut self.sum[y * w..(y + 1) * w]);
            }
        }
        down(&self.sum, &mut self.now, w, h, &self.wanted);
        for y in 0..h {
            if self.wanted[y] {
                pad(&mut self.line, background[y * w..(y + 1) * w].iter().map(|&v| u16::from(v)));
                across(&self.line, &mut self.sum[y * w..(y + 1) * w]);
            }
        }
        down(&self.sum, &mut self.known, w, h, &self.wanted);
        for y in 0..h {
            if !self.wanted[y] {
                continue;
            }
            let rows = y * w..(y + 1) * w;
            let sums = self.now[rows.clone()].iter().zip(&self.known[rows.clone()]);
            let values = picture.row(y).iter().zip(&background[rows.clone()]);
            for ((out, (&now, &known)), (&p, &b)) in self.column.iter_mut().zip(sums).zip(values) {
                let ratio = f32::from(now) / f32::from(known.max(1));
                let miss = (f32::from(p) - f32::from(b) * ratio).abs().min(255.0);
                // Added to 2^23 the value stands in the low bits, rounded. A cast would saturate lane by lane,
                // since SSE2 has no instruction for that.
                *out = (miss * 4.0 + 8_388_608.0).to_bits() as u16;
            }
            pad(&mut self.line, self.column.iter().copied());
            across(&self.line, &mut self.sum[rows]);
        }
        down(&self.sum, &mut self.misfit, w, h, &self.wanted);
        let fixed = MISFIT * 4.0 * f32::from(WINDOW);
        let share = MISFIT_SHARE * 4.0;
        for y in 0..h {
            if !self.wanted[y] {
                continue;
            }
            let rows = y * w..(y + 1) * w;
            let sums = self.now[rows.clone()].iter().zip(&self.known[rows.clone()]);
            for ((c, (&now, &known)), &miss) in
                changed[rows.clone()].iter_mut().zip(sums).zip(&self.misfit[rows])
            {
                let (now, known) = (f32::from(now), f32::from(known));
                let lit = (now > known * ratios.0) & (now < known * ratios.1);
                let same = f32::from(miss) < fixed + share * known;
                *c &= u8::from(!(lit & same));
            }
        }
    }
}

/// Sums over 2*REACH+1 rows, for the wanted rows; an unwanted neighbour row stands for nothing that
/// matters, because rows are wanted to twice the reach around a change.
fn down(rows: &[u16], out: &mut [u16], w: usize, h: usize, wanted: &[bool]) {
    for y in (0..h).filter(|&y| wanted[y]) {
        let row = |d: usize| {
            let y = (y + d).saturating_sub(REACH).min(h - 1);
            &rows[y * w..(y + 1) * w]
        };
        let (a, b, c, d, e) = (row(0), row(1), row(2), row(3), row(4));
        let out = &mut out[y * w..(y + 1) * w];
        for x in 0..w {
            out[x] = a[x] + b[x] + c[x] + d[x] + e[x];
        }
    }
}
