//! Neighbourhood filters on 8-bit planes: the small blur before the model, and the counting filters
//! (median, dilation, erosion) that clean a binary mask. Knows nothing of backgrounds.
//!
//! All of them are separable and their inner loops have no branches, so that they become SSE2 or NEON
//! code. Borders repeat the outermost sample.

use crate::picture::plane::Plane;

/// Scratch memory that the filters share; grows to the picture's size once.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    rows: Vec<u8>,
    line: Vec<u8>,
    sums: Vec<u8>,
}

impl Scratch {
    fn fit(&mut self, width: usize, height: usize, radius: usize) {
        self.rows.resize(width * height, 0);
        self.line.resize(width + 2 * radius, 0);
        self.sums.resize(width + 2 * radius, 0);
    }
}

/// Binomial 3x3 blur, `output` as large as `input`: weights 1 2 1 each way, rounded.
pub fn blur3(input: &Plane, output: &mut Plane) {
    let (w, h) = (input.width, input.height);
    for y in 0..h {
        let above = input.row(y.saturating_sub(1));
        let here = input.row(y);
        let below = input.row((y + 1).min(h - 1));
        let out = &mut output.data[y * w..(y + 1) * w];
        let column = |x: usize| u16::from(above[x]) + 2 * u16::from(here[x]) + u16::from(below[x]);
        if w < 3 {
            out.copy_from_slice(here);
            continue;
        }
        out[0] = ((3 * column(0) + column(1) + 8) >> 4) as u8;
        out[w - 1] = ((3 * column(w - 1) + column(w - 2) + 8) >> 4) as u8;
        let n = w - 2;
        let (a0, a1, a2) = (&above[..n], &above[1..1 + n], &above[2..2 + n]);
        let (h0, h1, h2) = (&here[..n], &here[1..1 + n], &here[2..2 + n]);
        let (b0, b1, b2) = (&below[..n], &below[1..1 + n], &below[2..2 + n]);
        let out = &mut out[1..1 + n];
        for x in 0..n {
            let l = u16::from(a0[x]) + 2 * u16::from(h0[x]) + u16::from(b0[x]);
            let m = u16::from(a1[x]) + 2 * u16::from(h1[x]) + u16::from(b1[x]);
            let r = u16::from(a2[x]) + 2 * u16::from(h2[x]) + u16::from(b2[x]);
            out[x] = ((l + 2 * m + r + 8) >> 4) as u8;
        }
    }
}

/// Copies `row` into `line` with `radius` repeated samples at both ends.
fn pad(row: &[u8], line: &mut [u8], radius: usize) {
    let n = row.len();
    line[..radius].fill(row[0]);
    line[radius..radius + n].copy_from_slice(row);
    line[radius + n..].fill(row[n - 1]);
}

/// In `counts`: how many of the (2r+1)x(2r+1) neighbours are set, for a mask of 0 and 1; r at most 7,
/// because the counts are 8-bit.
pub fn count_box(mask: &[u8], counts: &mut [u8], w: usize, h: usize, radius: usize, scratch: &mut Scratch) {
    let r = radius.min(7);
    scratch.fit(w, h, r);
    for y in 0..h {
        pad(&mask[y * w..(y + 1) * w], &mut scratch.line[..w + 2 * r], r);
        let out = &mut scratch.rows[y * w..(y + 1) * w];
        out.copy_from_slice(&scratch.line[..w]);
        for k in 1..=2 * r {
            for (o, &v) in out.iter_mut().zip(&scratch.line[k..k + w]) {
                *o += v;
            }
        }
    }
    // A running column sum: one row comes in below, one leaves above.
    let rows = &scratch.rows;
    let sums = &mut scratch.sums[..w];
    sums.fill(0);
    let row = |y: isize| {
        let y = y.clamp(0, h as isize - 1) as usize;
        &rows[y * w..(y + 1) * w]
    };
    for k in -(r as isize)..r as isize {
        for (s, &v) in sums.iter_mut().zip(row(k)) {
            *s += v;
        }
    }
    for y in 0..h {
        let (enter, leave) = (row(y as isize + r as isize), row(y as isize - r as isize));
        let out = &mut counts[y * w..(y + 1) * w];
        for (((o, s), &e), &l) in out.iter_mut().zip(sums.iter_mut()).zip(enter).zip(leave) {
            let sum = s.wrapping_add(e);
            *o = sum;
            *s = sum.wrapping_sub(l);
        }
    }
}

/// Median of a mask of 0 and 1 over (2r+1)x(2r+1), in place.
pub fn median(mask: &mut [u8], counts: &mut [u8], w: usize, h: usize, radius: usize, scratch: &mut Scratch) {
    let r = radius.min(7);
    count_box(mask, counts, w, h, r, scratch);
    let half = ((2 * r + 1) * (2 * r + 1) / 2) as u8;
    for (m, &c) in mask.iter_mut().zip(counts.iter()) {
        *m = u8::from(c > half);
    }
}

/// Grows a mask of 0 and 1 by a square of half width `radius`, in place.
pub fn dilate(mask: &mut [u8], w: usize, h: usize, radius: usize, scratch: &mut Scratch) {
    window_or(mask, w, h, radius, 0, scratch);
}

/// Shrinks a mask of 0 and 1 by a square of half width `radius`, in place; outside the picture counts as
/// the outermost sample.
pub fn erode(mask: &mut [u8], w: usize, h: usize, radius: usize, scratch: &mut Scratch) {
    window_or(mask, w, h, radius, 1, scratch);
}

/// A function of its own, never inlined: only so does the compiler know that the two rows don't overlap,
/// and uses vectors.
#[inline(never)]
fn merge(row: &mut [u8], other: &[u8]) {
    for (a, &b) in row.iter_mut().zip(other) {
        *a |= b;
    }
}

/// Dilates `mask ^ flip` and flips it back. Windows double: 1, 2, 4 ... samples, and a last step overlaps.
fn window_or(mask: &mut [u8], w: usize, h: usize, radius: usize, flip: u8, scratch: &mut Scratch) {
    let r = radius.min(h - 1);
    if r == 0 {
        return;
    }
    scratch.fit(w, h, r);
    let width = 2 * r + 1;
    for y in 0..h {
        let row = &mut mask[y * w..(y + 1) * w];
        let line = &mut scratch.line[..w + 2 * r];
        pad(row, line, r);
        for v in line.iter_mut() {
            *v ^= flip;
        }
        let other = &mut scratch.sums[..w + 2 * r];
        let mut have = 1;
        while have < width {
            let step = have.min(width - have);
            let n = line.len() - step;
            for ((o, &a), &b) in other[..n].iter_mut().zip(&line[..n]).zip(&line[step..]) {
                *o = a | b;
            }
            line[..n].copy_from_slice(&other[..n]);
            have += step;
        }
        row.copy_from_slice(&line[..w]);
    }
    // Downwards: row y gathers the rows y..y + have; the result is moved down by the radius at the end.
    let rows = &mut scratch.rows[..w * h];
    let mut have = 1;
    while have <= r {
        let step = have.min(r + 1 - have);
        for y in 0..h - step.min(h) {
            let (here, below) = mask.split_at_mut((y + step) * w);
            merge(&mut here[y * w..(y + 1) * w], &below[..w]);
        }
        have += step;
    }
    // mask[y] now covers y..=y+r; the window y-r..=y+r is the or of mask[y-r] and mask[y].
    for y in 0..h {
        let (top, here) = (&mask[y.saturating_sub(r) * w..][..w], &mask[y * w..][..w]);
        for ((o, &a), &b) in rows[y * w..(y + 1) * w].iter_mut().zip(top).zip(here) {
            *o = (a | b) ^ flip;
        }
    }
    mask.copy_from_slice(rows);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pixels of the (2r+1)x(2r+1) around each pixel, one by one.
    fn slow(mask: &[u8], w: usize, h: usize, r: usize, pick: impl Fn(usize, usize) -> bool) -> Vec<u8> {
        let around = |x: usize, y: usize| {
            let mut set = 0;
            for dy in 0..=2 * r {
                for dx in 0..=2 * r {
                    let (sx, sy) =
                        ((x + dx).saturating_sub(r).min(w - 1), (y + dy).saturating_sub(r).min(h - 1));
                    set += usize::from(mask[sy * w + sx]);
                }
            }
            u8::from(pick(set, (2 * r + 1) * (2 * r + 1)))
        };
        (0..w * h).map(|i| around(i % w, i / w)).collect()
    }

    #[test]
    fn the_fast_filters_do_what_the_slow_ones_do() {
        let mut scratch = Scratch::default();
        for (w, h) in [(37, 29), (16, 9), (5, 40)] {
            let mask: Vec<u8> = (0..w * h).map(|i| u8::from(i * i % 23 < 8 && i % 31 > 3)).collect();
            for r in 1..=4 {
                let mut counts = vec![0; w * h];
                let mut done = mask.clone();
                median(&mut done, &mut counts, w, h, r, &mut scratch);
                assert_eq!(done, slow(&mask, w, h, r, |set, all| set * 2 > all), "median {w}x{h} {r}");
                done.copy_from_slice(&mask);
                dilate(&mut done, w, h, r, &mut scratch);
                assert_eq!(done, slow(&mask, w, h, r, |set, _| set > 0), "dilate {w}x{h} {r}");
                done.copy_from_slice(&mask);
                erode(&mut done, w, h, r, &mut scratch);
                assert_eq!(done, slow(&mask, w, h, r, |set, all| set == all), "erode {w}x{h} {r}");
            }
        }
    }

    #[test]
    fn the_blur_keeps_a_flat_picture_and_spreads_a_point_as_the_binomial_does() {
        let mut out = Plane::new(7, 5, 0);
        blur3(&Plane::new(7, 5, 201), &mut out);
        assert_eq!(out, Plane::new(7, 5, 201));
        let mut point = Plane::new(7, 5, 0);
        point.data[2 * 7 + 3] = 160;
        blur3(&point, &mut out);
        assert_eq!(&out.row(1)[2..5], [10, 20, 10]);
        assert_eq!(&out.row(2)[2..5], [20, 40, 20]);
    }
}
