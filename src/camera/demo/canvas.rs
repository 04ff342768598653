//! Smooth shapes on the three planes of an I420 frame. Knows neither the scene nor time.

/// A colour in BT.601's limited range, as raw video has it.
#[derive(Clone, Copy)]
pub struct Ink {
    pub y: u8,
    pub cb: u8,
    pub cr: u8,
}

impl Ink {
    /// From RGB, 0..=1 each; what lies outside is clipped.
    pub fn rgb([r, g, b]: [f32; 3]) -> Self {
        let [r, g, b] = [r, g, b].map(|value| value.clamp(0.0, 1.0));
        let byte = |offset: f32, value: f32| (offset + value + 0.5) as u8;
        Self {
            y: byte(16.0, 219.0 * (0.299 * r + 0.587 * g + 0.114 * b)),
            cb: byte(128.0, 224.0 * (-0.168_736 * r - 0.331_264 * g + 0.5 * b)),
            cr: byte(128.0, 224.0 * (0.5 * r - 0.418_688 * g - 0.081_312 * b)),
        }
    }
}

/// A point in luma pixels.
pub type Point = (f32, f32);

/// The planes of one frame. Chroma has half the luma's size, rounded up.
pub struct Canvas<'a> {
    pub width: usize,
    pub height: usize,
    pub luma: &'a mut [u8],
    pub cb: &'a mut [u8],
    pub cr: &'a mut [u8],
    /// For each luma pixel how near the thing is that hides others there: 0 nothing, 255 nearest.
    pub front: &'a [u8],
    /// How near the things are that are drawn now: they are hidden where `front` is greater.
    pub nearness: u8,
}

impl Canvas<'_> {
    /// Splits a frame's bytes into planes.
    pub fn over<'a>(data: &'a mut [u8], width: usize, height: usize, front: &'a [u8]) -> Canvas<'a> {
        let chroma = width.div_ceil(2) * height.div_ceil(2);
        let (luma, rest) = data.split_at_mut(width * height);
        let (cb, cr) = rest.split_at_mut(chroma);
        Canvas { width, height, luma, cb, cr, front, nearness: 255 }
    }

    /// A thick line with round ends; the radius goes from `from`'s to `to`'s.
    pub fn limb(&mut self, from: Point, to: Point, radii: (f32, f32), ink: Ink) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let square = (dx * dx + dy * dy).max(1e-6);
        let reach = radii.0.max(radii.1);
        let (left, right) = (from.0.min(to.0) - reach, from.0.max(to.0) + reach);
        let (top, bottom) = (from.1.min(to.1) - reach, from.1.max(to.1) + reach);
        self.shape((left, top), (right, bottom), ink, 1.0, |x, y| {
            let along = (((x - from.0) * dx + (y - from.1) * dy) / square).clamp(0.0, 1.0);
            let (nx, ny) = (x - from.0 - along * dx, y - from.1 - along * dy);
            (nx * nx + ny * ny).sqrt() - radii.0 - along * (radii.1 - radii.0)
        });
    }

    /// An ellipse with its axes along the picture's; `opacity` 0..=1, `soft` 0..=1 of it fades out.
    pub fn ellipse(&mut self, centre: Point, rx: f32, ry: f32, ink: Ink, opacity: f32, soft: f32) {
        let (left, right) = (centre.0 - rx, centre.0 + rx);
        let fade = (rx.min(ry) * soft).max(1.0);
        self.shape((left, centre.1 - ry), (right, centre.1 + ry), ink, opacity, |x, y| {
            let (dx, dy) = ((x - centre.0) / rx, (y - centre.1) / ry);
            ((dx * dx + dy * dy).sqrt() - 1.0) * rx.min(ry) / fade + 0.5 * (1.0 - 1.0 / fade)
        });
    }

    /// A convex polygon.
    pub fn convex(&mut self, points: &[Point], ink: Ink, opacity: f32) {
        let next = |i: usize| points[(i + 1) % points.len()];
        let area: f32 = (0..points.len()).map(|i| points[i].0 * next(i).1 - next(i).0 * points[i].1).sum();
        // Each side as the normal that points out of the polygon, and where it starts.
        let sides: Vec<(Point, Point)> = (0..points.len())
            .map(|i| {
                let (dx, dy) = (next(i).0 - points[i].0, next(i).1 - points[i].1);
                let length = dx.hypot(dy).max(1e-6) * area.signum();
                (points[i], (dy / length, -dx / length))
            })
            .collect();
        let low = points.iter().fold((f32::MAX, f32::MAX), |low, p| (low.0.min(p.0), low.1.min(p.1)));
        let high = points.iter().fold((f32::MIN, f32::MIN), |high, p| (high.0.max(p.0), high.1.max(p.1)));
        self.shape(low, high, ink, opacity, |x, y| {
            sides.iter().fold(f32::MIN, |most, (at, out)| most.max((x - at.0) * out.0 + (y - at.1) * out.1))
        });
    }

    /// Blends `ink` in where `distance` (signed, in pixels, negative inside) says so; an edge is a pixel wide.
    fn shape(&mut self, low: Point, high: Point, ink: Ink, opacity: f32, distance: impl Fn(f32, f32) -> f32) {
        // `as` makes a number that is too large or none at all fit.
        let clip = |low: f32, high: f32, size: f32, end: usize| {
            (((low - 1.0) / size).max(0.0) as usize).min(end)
                ..(((high + 2.0) / size).max(0.0) as usize + 1).min(end)
        };
        let columns = clip(low.0, high.0, 1.0, self.width);
        for y in clip(low.1, high.1, 1.0, self.height) {
            let row = y * self.width;
            for x in columns.clone() {
                let cover = (0.5 - distance(x as f32 + 0.5, y as f32 + 0.5)).clamp(0.0, 1.0) * opacity;
                if cover > 0.0 && self.front[row + x] <= self.nearness {
                    blend(&mut self.luma[row + x], ink.y, cover);
                }
            }
        }
        let (cw, ch) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let columns = clip(low.0, high.0, 2.0, cw);
        for y in clip(low.1, high.1, 2.0, ch) {
            for x in columns.clone() {
                let cover =
                    (0.5 - distance(2.0 * x as f32 + 1.0, 2.0 * y as f32 + 1.0) / 2.0).clamp(0.0, 1.0);
                let front = self.front[2 * y * self.width + 2 * x];
                if cover > 0.0 && front <= self.nearness {
                    blend(&mut self.cb[y * cw + x], ink.cb, cover * opacity);
                    blend(&mut self.cr[y * cw + x], ink.cr, cover * opacity);
                }
            }
        }
    }
}

fn blend(sample: &mut u8, value: u8, cover: f32) {
    let weight = (cover * 256.0) as u32;
    *sample = ((u32::from(*sample) * (256 - weight) + u32::from(value) * weight + 128) >> 8) as u8;
}
