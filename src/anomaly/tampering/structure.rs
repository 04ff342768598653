//! The structure of a picture that light leaves alone: in which direction its edges run, wherever they are
//! stronger than the noise. Knows one picture after another, and nothing of what is normal.

use crate::picture::plane::Plane;

/// Columns that the structure is sought at, roughly: a wider picture is averaged down.
const COLUMNS: f32 = 100.0;
/// Side of a block in pixels of the reduced picture, roughly.
const BLOCK: f32 = 12.0;
/// Smallest reduced picture that tells anything.
const SMALLEST: (usize, usize) = (48, 30);
/// Slope (luma over two pixels) of an edge that counts half in a picture without noise.
const HALF_SLOPE: f32 = 3.0;
/// What a standard deviation of noise adds to it.
const NOISE_SLOPE: f32 = 2.0;
/// The structure is averaged over so many seconds: noise and passers-by fade, what stands stays.
const AVERAGE_SECONDS: f32 = 1.0;

/// The size of everything here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Size of the picture that is looked at.
    pub input: (usize, usize),
    /// Pixels averaged to one, along each side.
    factor: usize,
    /// Size of the reduced picture.
    pub width: usize,
    pub height: usize,
    /// Blocks across and down.
    pub across: usize,
    pub down: usize,
}

impl Layout {
    /// `None` for a picture too small to tell anything, or not what it says.
    pub fn of(width: usize, height: usize) -> Option<Self> {
        let factor = ((width as f32 / COLUMNS).round() as usize).max(1);
        let (w, h) = (width / factor, height / factor);
        if w < SMALLEST.0 || h < SMALLEST.1 {
            return None;
        }
        let blocks = |side: usize| (side as f32 / BLOCK).round() as usize;
        Some(Self { input: (width, height), factor, width: w, height: h, across: blocks(w), down: blocks(h) })
    }

    pub fn blocks(&self) -> usize {
        self.across * self.down
    }

    pub fn pixels(&self) -> usize {
        self.width * self.height
    }

    /// Columns of the blocks in a line: from, to.
    pub fn columns(&self, block: usize) -> (usize, usize) {
        (block * self.width / self.across, (block + 1) * self.width / self.across)
    }

    /// The line of blocks that a row is in.
    pub fn line_of(&self, row: usize) -> usize {
        // The inverse of `columns`, for rows.
        ((row + 1) * self.down - 1) / self.height
    }
}

/// The structure of the present picture. Planes are `width * height` large, per block figures
/// `across * down`.
#[derive(Clone, Debug, Default)]
pub struct Structure {
    pub layout: Layout,
    reduced: Vec<f32>,
    /// Direction of the edge, as cosine and sine of twice its angle (an edge and its negative are the same),
    /// times its significance 0..1. Averaged over a second.
    pub cos: Vec<f32>,
    pub sin: Vec<f32>,
    /// Luma slope over two pixels.
    pub slope: Vec<f32>,
    /// Mean luma of each block.
    pub luma: Vec<f32>,
    /// Fine against coarse slopes of each block (natural logarithm): lower is more blurred.
    pub sharpness: Vec<f32>,
    /// Fine slopes of each block (natural logarithm).
    pub contrast: Vec<f32>,
    /// Mean significance of the edges of each block.
    pub density: Vec<f32>,
    /// Mean significance of the edges of the present picture alone, not averaged over time.
    pub activity: f32,
    fine: Vec<f32>,
    coarse: Vec<f32>,
    /// Slope of an edge that counts half in the present picture, noise considered.
    pub half_slope: f32,
    fresh: bool,
}

impl Structure {
    pub fn new(layout: Layout) -> Self {
        let (pixels, blocks) = (layout.pixels(), layout.blocks());
        Self {
            layout,
            reduced: vec![0.0; pixels],
            cos: vec![0.0; pixels],
            sin: vec![0.0; pixels],
            slope: vec![0.0; pixels],
            luma: vec![0.0; blocks],
            contrast: vec![0.0; blocks],
            sharpness: vec![0.0; blocks],
            density: vec![0.0; blocks],
            activity: 0.0,
            fine: vec![0.0; blocks],
            coarse: vec![0.0; blocks],
            half_slope: HALF_SLOPE,
            fresh: true,
        }
    }

    /// The next picture, `elapsed` seconds after the one before. It must have the layout's size.
    pub fn take(&mut self, picture: &Plane, elapsed: f32) {
        self.reduce(picture);
        self.half_slope = HALF_SLOPE + NOISE_SLOPE * self.noise();
        let share = if self.fresh { 1.0 } else { 1.0 - (-elapsed / AVERAGE_SECONDS).exp() };
        self.fresh = false;
        self.find_edges(share);
        self.measure(picture);
    }

    /// Forgets the average: the next picture stands for itself.
    pub fn restart(&mut self) {
        self.fresh = true;
    }

    fn reduce(&mut self, picture: &Plane) {
        let (w, k) = (self.layout.width, self.layout.factor);
        let unit = 1.0 / (k * k) as f32;
        for (y, row) in self.reduced.chunks_exact_mut(w).enumerate() {
            row.fill(0.0);
            for line in y * k..(y + 1) * k {
                let line = &picture.row(line)[..w * k];
                match k {
                    1 => row.iter_mut().zip(line).for_each(|(sum, &p)| *sum += f32::from(p)),
                    2 => row.iter_mut().zip(line.as_chunks::<2>().0).for_each(|(sum, p)| {
                        *sum += f32::from(u16::from(p[0]) + u16::from(p[1]));
                    }),
                    _ => row.iter_mut().zip(line.chunks_exact(k)).for_each(|(sum, p)| {
                        *sum += p.iter().map(|&p| f32::from(p)).sum::<f32>();
                    }),
                }
            }
            row.iter_mut().for_each(|sum| *sum *= unit);
        }
    }

    /// Standard deviation of the noise, from the fifth of the picture that is smoothest.
    fn noise(&self) -> f32 {
        let (w, h) = (self.layout.width, self.layout.height);
        let mut counts = [0u32; 256];
        let mut total = 0;
        for y in (1..h).step_by(3) {
            for three in self.reduced[y * w..(y + 1) * w].windows(3).step_by(2) {
                let bend = (three[0] - 2.0 * three[1] + three[2]).abs();
                counts[((bend * 8.0) as usize).min(255)] += 1;
                total += 1;
            }
        }
        let mut seen = 0;
        let fifth = counts.iter().position(|&n| {
            seen += n;
            seen * 5 >= total
        });
        // The second difference of noise is sqrt(6) times as strong, and a fifth of a normal distribution
        // is within 0.253 standard deviations.
        fifth.unwrap_or(0) as f32 / 8.0 / (0.253 * 6.0f32.sqrt())
    }

    fn find_edges(&mut self, share: f32) {
        let (w, h) = (self.layout.width, self.layout.height);
        let floor = self.half_slope * self.half_slope;
        let mut activity = 0.0;
        for y in 1..h - 1 {
            let above = &self.reduced[(y - 1) * w..y * w];
            let here = &self.reduced[y * w..(y + 1) * w];
            let below = &self.reduced[(y + 1) * w..(y + 2) * w];
            let cos = &mut self.cos[y * w + 1..(y + 1) * w - 1];
            let sin = &mut self.sin[y * w + 1..(y + 1) * w - 1];
            let slope = &mut self.slope[y * w + 1..(y + 1) * w - 1];
            let n = w - 2;
            // Equal lengths, said so that no access is checked.
            let (a0, a1, a2) = (&above[..n], &above[1..=n], &above[2..]);
            let (h0, h2) = (&here[..n], &here[2..]);
            let (b0, b1, b2) = (&below[..n], &below[1..=n], &below[2..]);
            for x in 0..n {
                // Sobel's operator, as a difference over two pixels.
                let right = 0.25 * (a2[x] - a0[x] + b2[x] - b0[x]) + 0.5 * (h2[x] - h0[x]);
                let down = 0.25 * (b0[x] - a0[x] + b2[x] - a2[x]) + 0.5 * (b1[x] - a1[x]);
                let square = right * right + down * down;
                let weight = 1.0 / (square + floor);
                cos[x] += ((right * right - down * down) * weight - cos[x]) * share;
                sin[x] += (2.0 * right * down * weight - sin[x]) * share;
                slope[x] = square.sqrt();
            }
            activity += slope.iter().map(|s| s * s / (s * s + floor)).sum::<f32>();
        }
        self.activity = activity / self.layout.pixels() as f32;
    }

    /// The figures of each block.
    fn measure(&mut self, picture: &Plane) {
        let layout = self.layout;
        let (w, k) = (layout.width, layout.factor);
        for sums in [&mut self.luma, &mut self.density, &mut self.fine, &mut self.coarse] {
            sums.fill(0.0);
        }
        for y in 0..layout.height {
            let first = layout.line_of(y) * layout.across;
            let input = picture.row(y * k);
            for column in 0..layout.across {
                let (from, to) = layout.columns(column);
                let block = first + column;
                let row = &self.reduced[y * w + from..y * w + to];
                let cos = &self.cos[y * w + from..y * w + to];
                let sin = &self.sin[y * w + from..y * w + to];
                self.luma[block] += row.iter().sum::<f32>();
                self.density[block] += cos.iter().zip(sin).map(|(c, s)| (c * c + s * s).sqrt()).sum::<f32>();
                self.coarse[block] += row.iter().zip(&row[4..]).map(|(a, b)| (a - b).abs()).sum::<f32>();
                let input = &input[from * k..to * k];
                let fine: u32 = input.iter().zip(&input[1..]).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
                self.fine[block] += fine as f32 / k as f32;
            }
        }
        for block in 0..layout.blocks() {
            let (line, column) = (block / layout.across, block % layout.across);
            let (from, to) = layout.columns(column);
            let rows = (line + 1) * layout.height / layout.down - line * layout.height / layout.down;
            let pixels = ((to - from) * rows) as f32;
            self.luma[block] /= pixels;
            self.density[block] /= pixels;
            let (fine, coarse) = (self.fine[block] / pixels, self.coarse[block] / pixels);
            // The offset is what rounding leaves in a flat picture.
            self.contrast[block] = (fine + 0.3).ln();
            self.sharpness[block] = ((fine + 0.3) / (coarse + 0.3)).ln();
        }
    }
}
