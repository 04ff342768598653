//! By how many whole pixels the camera has shaken against the background, from the sums of rows and
//! columns; and the picture put back into place. Knows nothing of foreground.

use crate::picture::plane::Plane;

/// Largest displacement looked for, as a share of the smaller side: 12 of 240 pixels.
const REACH_SHARE: usize = 20;
/// Rows and columns summed at most; the sums are 16-bit.
const SUMMED: usize = 256;
/// Differences above this count no more (luma steps): an object is no shake.
const CLIP: u8 = 24;
/// A displacement is believed when it takes away this share of the clipped difference.
const GAIN_SHARE: f32 = 0.2;
/// ... and when there is a difference to take away: luma steps a point, more than noise leaves.
const WORTH: f32 = 1.5;

/// Pixels by which the picture's content lies right of and below the background's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offset {
    pub x: isize,
    pub y: isize,
}

#[derive(Clone, Debug, Default)]
struct Profile {
    columns: Vec<u16>,
    rows: Vec<u16>,
}

impl Profile {
    fn take(&mut self, data: &[u8], w: usize, h: usize) {
        self.columns.clear();
        self.columns.resize(w, 0);
        self.rows.clear();
        let every = h.div_ceil(SUMMED);
        for (y, row) in data.chunks_exact(w).enumerate() {
            if y % every == 0 {
                for (c, &v) in self.columns.iter_mut().zip(row) {
                    *c += u16::from(v);
                }
            }
            let sum: u32 =
                row.chunks(SUMMED).map(|part| part.iter().map(|&v| u32::from(v)).sum::<u32>()).sum();
            // A mean in 1/256 steps: rows are as exact as columns, however wide the picture is.
            self.rows.push((sum * 256 / w as u32).min(65535) as u16);
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Shake {
    now: Profile,
    known: Profile,
}

/// The displacement of `now` against `known` that makes the steps from sum to sum alike. Steps rather than
/// sums, so that light doesn't matter.
fn align(now: &[u16], known: &[u16], reach: usize) -> isize {
    let n = now.len();
    if n < 4 * reach + 2 {
        return 0;
    }
    let inner = reach..n - reach - 1;
    let step = |p: &[u16], i: usize| i32::from(p[i + 1]) - i32::from(p[i]);
    let misfit = |d: isize| -> i64 {
        let sum = |i: usize| i64::from((step(now, i.wrapping_add_signed(d)) - step(known, i)).abs());
        inner.clone().map(sum).sum()
    };
    let still = misfit(0);
    let reach = reach as isize;
    let best = (-reach..=reach).map(|d| (misfit(d), d.abs(), d)).min();
    best.filter(|b| b.0 < still).map_or(0, |b| b.2)
}

impl Shake {
    /// Where `picture` lies against `background`; nothing when in doubt.
    pub fn measure(&mut self, picture: &Plane, background: &[u8]) -> Offset {
        let (w, h) = (picture.width, picture.height);
        let reach = w.min(h) / REACH_SHARE;
        if reach == 0 {
            return Offset::default();
        }
        self.now.take(&picture.data, w, h);
        self.known.take(background, w, h);
        let found = Offset {
            x: align(&self.now.columns, &self.known.columns, reach),
            y: align(&self.now.rows, &self.known.rows, reach),
        };
        if found == Offset::default() {
            return found;
        }
        let (still, count) = misfit(picture, background, Offset::default(), reach);
        let (moved, _) = misfit(picture, background, found, reach);
        let worth = still as f32 > WORTH * count as f32;
        if worth && (moved as f32) < (1.0 - GAIN_SHARE) * still as f32 { found } else { Offset::default() }
    }
}

/// Sum of the clipped differences over a grid of points, and how many they are.
fn misfit(picture: &Plane, background: &[u8], offset: Offset, reach: usize) -> (u32, u32) {
    let (w, h) = (picture.width, picture.height);
    let every = (w.min(h) / 80).max(1);
    let (mut sum, mut count) = (0, 0);
    for y in (reach..h - reach).step_by(every) {
        for x in (reach..w - reach).step_by(every) {
            let i = y * w + x;
            let there = i.wrapping_add_signed(offset.y * w as isize + offset.x);
            sum += u32::from(picture.data[there].abs_diff(background[i]).min(CLIP));
            count += 1;
        }
    }
    (sum, count)
}

/// `out[y][x] = plane[y + offset.y][x + offset.x]`; what comes from outside is `fill`, or the outermost
/// sample where there is none.
pub fn moved(plane: &[u8], out: &mut [u8], w: usize, offset: Offset, fill: Option<u8>) {
    let h = plane.len() / w;
    let dx = offset.x.unsigned_abs().min(w);
    for (y, out) in out.chunks_exact_mut(w).enumerate() {
        let from = y as isize + offset.y;
        let inside = (0..h as isize).contains(&from);
        let row = &plane[from.clamp(0, h as isize - 1) as usize * w..][..w];
        let (left, right) = (fill.unwrap_or(row[0]), fill.unwrap_or(row[w - 1]));
        match fill {
            Some(fill) if !inside => out.fill(fill),
            _ if offset.x >= 0 => {
                out[..w - dx].copy_from_slice(&row[dx..]);
                out[w - dx..].fill(right);
            }
            _ => {
                out[dx..].copy_from_slice(&row[..w - dx]);
                out[..dx].fill(left);
            }
        }
    }
}

/// Clears in `mask` what [`moved`] had to invent.
pub fn clear_outside(mask: &mut [u8], w: usize, offset: Offset) {
    let h = mask.len() / w;
    for (y, row) in mask.chunks_exact_mut(w).enumerate() {
        let inside = (0..h as isize).contains(&(y as isize + offset.y));
        let dx = offset.x.unsigned_abs().min(w);
        match inside {
            false => row.fill(0),
            true if offset.x >= 0 => row[w - dx..].fill(0),
            true => row[..dx].fill(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const W: usize = 120;
    const H: usize = 80;

    fn scene(dx: usize, dy: usize, object: bool) -> Plane {
        let mut plane = Plane::new(W, H, 0);
        for y in 0..H {
            for x in 0..W {
                let (sx, sy) = (x + dx, y + dy);
                let tone = (sx * sx / 7 + sy * sy / 5 + sx * sy / 9) % 97 + 60;
                plane.data[y * W + x] = if object && x > 60 && y > 40 { 250 } else { tone as u8 };
            }
        }
        plane
    }

    #[test]
    fn a_shaken_picture_is_measured_and_put_back_whatever_stands_in_it() {
        let still = scene(4, 4, false);
        for object in [false, true] {
            for (dx, dy) in [(4, 4), (5, 4), (2, 5), (4, 1), (7, 7)] {
                let shaken = scene(dx, dy, object);
                let offset = Shake::default().measure(&shaken, &still.data);
                assert_eq!(offset, Offset { x: 4 - dx as isize, y: 4 - dy as isize }, "object: {object}");
                let mut back = vec![0; W * H];
                moved(&shaken.data, &mut back, W, offset, None);
                assert_eq!(back[20 * W + 20], still.data[20 * W + 20]);
            }
        }
    }

    #[test]
    fn a_still_camera_and_a_changed_light_are_no_shake() {
        let still = scene(0, 0, false);
        let darker: Vec<u8> = still.data.iter().map(|&v| v / 2).collect();
        assert_eq!(Shake::default().measure(&still, &darker), Offset::default());
        assert_eq!(Shake::default().measure(&scene(0, 0, true), &still.data), Offset::default());
    }

    #[test]
    fn what_comes_from_outside_is_cleared() {
        for (x, y, kept) in [(0, 0, 12), (1, 0, 9), (-1, 1, 6), (9, 0, 0), (0, -3, 0)] {
            let mut mask = vec![1; 12];
            clear_outside(&mut mask, 4, Offset { x, y });
            assert_eq!(mask.iter().map(|&v| usize::from(v)).sum::<usize>(), kept, "{x} {y}");
            let mut out = vec![0; 12];
            moved(&[1; 12], &mut out, 4, Offset { x, y }, Some(0));
            assert_eq!(out, mask);
        }
    }
}
