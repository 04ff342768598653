//! What never moves: street, footpath, lawn, trees, and a building with a fenced yard. Drawn once, when the demo opens.

use super::canvas::{Canvas, Ink, Point};

// Heights in the picture (0 top, 1 bottom) that the things in the scene refer to.
pub const HORIZON: f32 = 0.29;
/// Where the building stands.
pub const WALL: f32 = 0.36;
/// Where the yard's fence stands on the ground.
pub const FENCE: f32 = 0.58;
/// The fence's height above the ground, in the picture.
pub const FENCE_HEIGHT: f32 = 0.092;
/// The middle of the footpath.
pub const FOOTPATH: f32 = 0.735;
/// Where the wheels roll of cars to the left and to the right.
pub const FAR_LANE: f32 = 0.865;
pub const NEAR_LANE: f32 = 0.95;

/// The building's left edge and the yard's front left corner, 0..1 across.
const BUILDING: f32 = 0.56;
const YARD: f32 = 0.485;

/// The empty scene.
pub struct Backdrop {
    /// An I420 frame.
    pub data: Vec<u8>,
    /// See [`Canvas::front`]: the fence, as near as it stands.
    pub front: Vec<u8>,
}

/// How near a thing is that stands at this height of the picture, for [`Canvas::nearness`].
pub fn nearness(v: f32) -> u8 {
    (v * 254.0).clamp(1.0, 254.0) as u8
}

/// Height of a grown person who stands at this height of the picture, as a share of the picture's height.
pub fn person_height(v: f32) -> f32 {
    0.055 + 0.13 * v
}

impl Backdrop {
    pub fn new(width: usize, height: usize) -> Self {
        let (cw, ch) = (width.div_ceil(2), height.div_ceil(2));
        let mut data = vec![0; width * height + 2 * cw * ch];
        let nothing = vec![0; width * height];
        let mut canvas = Canvas::over(&mut data, width, height, &nothing);
        ground(&mut canvas);
        furniture(&mut canvas);
        fence(&mut canvas);
        vignette(&mut canvas);
        // The fence alone, on black, tells which pixels are fence.
        let mut mask = vec![0; width * height + 2 * cw * ch];
        let mut canvas = Canvas::over(&mut mask, width, height, &nothing);
        fence(&mut canvas);
        let front =
            mask[..width * height].iter().map(|&ink| if ink > 60 { nearness(FENCE) } else { 0 }).collect();
        Self { data, front }
    }
}

/// Everything flat or far, by a formula for each pixel.
fn ground(canvas: &mut Canvas) {
    let (width, height) = (canvas.width, canvas.height);
    let cw = width.div_ceil(2);
    let mut sums = vec![[0u32; 3]; cw];
    for y in 0..height {
        for x in 0..width {
            let ink = Ink::rgb(colour(x as f32 + 0.5, y as f32 + 0.5, width as f32, height as f32));
            canvas.luma[y * width + x] = ink.y;
            let [cb, cr, count] = &mut sums[x / 2];
            (*cb, *cr, *count) = (*cb + u32::from(ink.cb), *cr + u32::from(ink.cr), *count + 1);
        }
        if y % 2 == 1 || y + 1 == height {
            for (x, [cb, cr, count]) in sums.iter_mut().enumerate() {
                canvas.cb[y / 2 * cw + x] = (*cb / *count) as u8;
                canvas.cr[y / 2 * cw + x] = (*cr / *count) as u8;
            }
            sums.fill([0; 3]);
        }
    }
}

fn mix(a: [f32; 3], b: [f32; 3], share: f32) -> [f32; 3] {
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * share)
}

fn lit(colour: [f32; 3], light: f32) -> [f32; 3] {
    colour.map(|value| value * light)
}

/// A pixel's place in the picture.
struct Place {
    /// 0..1 across and down.
    u: f32,
    v: f32,
    /// Across, in the units of `v`: for textures that mustn't be stretched.
    x: f32,
    /// The picture's size in pixels.
    width: f32,
    height: f32,
}

impl Place {
    /// How much of the pixel lies below a height.
    fn below(&self, edge: f32) -> f32 {
        (0.5 + (self.v - edge) * self.height).clamp(0.0, 1.0)
    }

    /// How much of the pixel lies to the right of an edge.
    fn right(&self, edge: f32) -> f32 {
        (0.5 + (self.u - edge) * self.width).clamp(0.0, 1.0)
    }

    /// How much of the pixel lies in a rectangle.
    fn within(&self, left: f32, right: f32, top: f32, bottom: f32) -> f32 {
        self.right(left) * (1.0 - self.right(right)) * self.below(top) * (1.0 - self.below(bottom))
    }

    /// How much of a pattern of this size a pixel can show: fine ones fade out.
    fn detail(&self, size: f32) -> f32 {
        ((size * self.height - 2.0) / 2.0).clamp(0.0, 1.0)
    }

    /// Irregularity of so many spots to the picture's height, -1..1.
    fn grain(&self, scale: f32) -> f32 {
        noise(self.x * scale, self.v * scale * 1.6)
    }
}

/// The colour at a pixel: layers from far to near, without those that others hide there.
fn colour(px: f32, py: f32, width: f32, height: f32) -> [f32; 3] {
    let p = Place { u: px / width, v: py / height, x: px / height, width, height };
    let edge = 2.0 / width.min(height);
    let hidden_by_wall = p.u > BUILDING + edge && p.v > 0.1 + edge && p.v < WALL - edge;
    let hidden_by_street = p.v > 0.783 + edge;
    let mut c = [0.0; 3];
    if !hidden_by_wall && !hidden_by_street {
        c = country(&p);
    }
    if p.u > YARD - edge && p.v < FENCE + 0.01 + edge {
        c = site(&p, c);
    }
    if p.v > 0.705 - edge { street(&p, c) } else { c }
}

/// Sky, houses, hedge and lawn.
fn country(p: &Place) -> [f32; 3] {
    let Place { u, v, x, .. } = *p;
    let cloud = noise(x * 2.2, v * 9.0) * 0.5 + noise(x * 5.0 + 7.0, v * 18.0) * 0.3;
    let mut c = mix([0.60, 0.71, 0.84], [0.80, 0.85, 0.89], (v / HORIZON).min(1.0) * 0.8 + cloud * 0.35);

    // a row of houses behind a hedge
    for (left, to, top, wall) in [
        (0.02, 0.145, 0.165, [0.74, 0.69, 0.60]),
        (0.175, 0.32, 0.150, [0.66, 0.52, 0.44]),
        (0.36, 0.50, 0.170, [0.72, 0.71, 0.68]),
    ] {
        let middle = (left + to) / 2.0;
        let eave = top + 0.035;
        let slope = (1.0 - (u - middle).abs() / ((to - left) / 2.0 + 0.012)).clamp(0.0, 1.0);
        c = mix(c, lit(wall, 0.95 + 0.05 * p.grain(90.0)), p.within(left, to, eave, HORIZON));
        c = mix(
            c,
            [0.40, 0.28, 0.25],
            p.below(eave - 0.075 * slope) * (1.0 - p.below(eave)) * slope.min(0.02) * 50.0,
        );
        for window in 0..3 {
            let at = left + (to - left) * (0.16 + 0.28 * window as f32);
            c = mix(c, [0.25, 0.30, 0.36], p.within(at, at + 0.018, eave + 0.02, eave + 0.05));
        }
    }
    let hedge = HORIZON - 0.045 + 0.008 * noise(x * 14.0, 3.0) + 0.005 * noise(x * 50.0, 9.0);
    let leaves = 0.75 + 0.30 * p.grain(55.0) + 0.20 * p.grain(120.0);
    c = mix(c, lit([0.20, 0.30, 0.15], leaves), p.below(hedge));

    // the lawn up to the footpath
    let blades = 1.0 + 0.10 * p.grain(7.0) + 0.09 * p.grain(45.0) + 0.10 * p.grain(160.0);
    c = mix(c, lit(mix([0.40, 0.48, 0.25], [0.33, 0.45, 0.20], v), blades), p.below(HORIZON + 0.01));
    c
}

/// The yard and the building, over what is behind them.
fn site(p: &Place, mut c: [f32; 3]) -> [f32; 3] {
    let Place { u, v, x, width, height } = *p;
    // the yard's concrete, its left side running away from us
    let yard_left = YARD + (BUILDING - 0.01 - YARD) * ((FENCE - v) / (FENCE - WALL)).clamp(0.0, 1.0);
    let stain = 1.0 + 0.05 * p.grain(5.0) + 0.04 * p.grain(70.0);
    let joint =
        1.0 - 0.10 * line((v - WALL) * 9.0, height / 9.0) - 0.08 * line((u - 0.56) * 7.0, width / 7.0);
    let shade = 1.0 - 0.28 * (1.0 - p.below(WALL + 0.045));
    let concrete = lit([0.60, 0.595, 0.57], stain * joint * shade);
    c = mix(c, concrete, p.right(yard_left) * p.below(WALL) * (1.0 - p.below(FENCE + 0.004)));

    // the building: brick, a roller door, a small door, windows
    let (course, brick) = ((v * 85.0).floor(), (v * 85.0).fract());
    let shifted = x * 28.0 + if course as i64 % 2 == 0 { 0.0 } else { 0.5 };
    let mortar = if brick < 0.16 || shifted.fract() < 0.06 { 1.0 } else { 0.0 };
    let stone = 1.0 + 0.10 * (hash(shifted.floor() as i32, course as i32) - 0.5) + 0.05 * p.grain(30.0);
    let brick = mix(lit([0.56, 0.38, 0.31], stone), [0.62, 0.55, 0.49], mortar * 0.55 * p.detail(0.0118));
    let building = p.right(BUILDING) * p.below(0.085) * (1.0 - p.below(WALL));
    c = mix(c, brick, building);
    c = mix(c, [0.30, 0.31, 0.33], p.right(BUILDING - 0.006) * p.below(0.075) * (1.0 - p.below(0.098)));
    for (left, to) in [(0.585, 0.650), (0.835, 0.865), (0.94, 0.99)] {
        c = mix(c, [0.80, 0.80, 0.78], p.within(left - 0.004, to + 0.004, 0.146, 0.214));
        c = mix(
            c,
            mix([0.24, 0.31, 0.38], [0.46, 0.54, 0.60], (u - left) * 12.0 + (0.2 - v) * 4.0),
            p.within(left, to, 0.15, 0.21),
        );
    }
    c = mix(c, [0.78, 0.64, 0.20], p.within(0.676, 0.806, 0.183, WALL));
    let slat = 1.0 - 0.12 * ((v * 80.0).fract() * p.detail(0.0125));
    c = mix(c, lit([0.63, 0.66, 0.69], slat), p.within(0.683, 0.799, 0.192, WALL));
    c = mix(c, [0.22, 0.31, 0.40], p.within(0.885, 0.922, 0.258, WALL));
    c = mix(c, [0.16, 0.17, 0.19], p.within(0.69, 0.79, 0.118, 0.150));
    c = mix(c, [0.86, 0.87, 0.88], p.within(0.70, 0.78, 0.129, 0.139));
    c
}

/// Footpath, kerb, street, and the verge on this side.
fn street(p: &Place, mut c: [f32; 3]) -> [f32; 3] {
    let Place { v, x, height, .. } = *p;
    let slabs = 1.0 - 0.13 * line(x * 11.0, height / 11.0) - 0.09 * line((v - 0.705) * 28.0, height / 28.0);
    let tone =
        1.0 + 0.05 * (hash((x * 11.0) as i32, ((v - 0.705) * 28.0) as i32) - 0.5) + 0.05 * p.grain(90.0);
    c = mix(c, lit([0.66, 0.645, 0.61], slabs * tone), p.below(0.705) * (1.0 - p.below(0.768)));
    c = mix(c, [0.72, 0.72, 0.70], p.below(0.768) * (1.0 - p.below(0.777)));
    c = mix(c, [0.40, 0.40, 0.39], p.below(0.777) * (1.0 - p.below(0.783)));
    let asphalt = 1.0 + 0.06 * p.grain(4.0) + 0.10 * p.grain(130.0) + 0.06 * p.grain(60.0);
    c = mix(c, lit([0.335, 0.34, 0.35], asphalt), p.below(0.783));
    let dash = if (x * 5.0).fract() < 0.5 { 1.0 } else { 0.0 };
    c = mix(c, [0.80, 0.80, 0.77], p.below(0.893) * (1.0 - p.below(0.901)) * dash * 0.85);
    c = mix(c, [0.70, 0.70, 0.68], p.below(0.975) * (1.0 - p.below(0.984)));
    mix(c, lit([0.35, 0.45, 0.22], 1.0 + 0.10 * p.grain(45.0) + 0.10 * p.grain(160.0)), p.below(0.984))
}

/// 1 on a thin line at each whole number, 0 between; `pixels` a unit.
fn line(value: f32, pixels: f32) -> f32 {
    let from_line = (value - value.round()).abs() * pixels;
    (1.3 - from_line).clamp(0.0, 1.0)
}

/// Trees, a lamp, a bench, bins: what stands about and nobody passes behind.
fn furniture(canvas: &mut Canvas) {
    let (w, h) = (canvas.width as f32, canvas.height as f32);
    let at = |u: f32, v: f32| (u * w, v * h);
    tree(canvas, at(0.405, 0.44), 0.19 * h, 3);
    tree(canvas, at(0.135, 0.585), 0.34 * h, 11);
    let mut random = fastrand::Rng::with_seed(5);
    for (u, v, size) in [(0.49, 0.345, 0.030), (0.525, 0.35, 0.026), (0.02, 0.60, 0.040)] {
        foliage(canvas, at(u, v), size * h * 1.5, size * h, &mut random);
    }
    // the bench
    let (bx, by) = at(0.305, 0.615);
    let wood = Ink::rgb([0.45, 0.31, 0.20]);
    let metal = Ink::rgb([0.20, 0.21, 0.22]);
    canvas.ellipse(
        (bx + 0.045 * h, by + 0.001 * h),
        0.075 * h,
        0.012 * h,
        Ink::rgb([0.12, 0.16, 0.08]),
        0.5,
        0.6,
    );
    for leg in [0.0, 0.085] {
        canvas.limb((bx + leg * h, by), (bx + leg * h, by - 0.055 * h), (0.003 * h, 0.003 * h), metal);
    }
    for plank in [0.028, 0.043, 0.056] {
        let y = by - plank * h;
        canvas.limb((bx - 0.008 * h, y), (bx + 0.093 * h, y), (0.0042 * h, 0.0042 * h), wood);
    }
    // the lamp between lawn and footpath
    let (lx, ly) = at(0.44, 0.70);
    canvas.ellipse((lx + 0.02 * h, ly), 0.03 * h, 0.006 * h, Ink::rgb([0.12, 0.16, 0.08]), 0.4, 0.6);
    let pole = Ink::rgb([0.36, 0.38, 0.40]);
    canvas.limb((lx, ly), (lx, ly - 0.40 * h), (0.0058 * h, 0.0036 * h), pole);
    canvas.limb((lx, ly - 0.40 * h), (lx + 0.05 * h, ly - 0.425 * h), (0.0036 * h, 0.003 * h), pole);
    canvas.ellipse(
        (lx + 0.062 * h, ly - 0.424 * h),
        0.022 * h,
        0.007 * h,
        Ink::rgb([0.82, 0.82, 0.78]),
        1.0,
        0.0,
    );
    // pallets and a bin in the yard, against the wall
    let (px, py) = at(0.955, 0.385);
    canvas.ellipse((px, py), 0.05 * h, 0.010 * h, Ink::rgb([0.2, 0.2, 0.2]), 0.5, 0.6);
    for board in 0..4 {
        let y = py - (0.004 + 0.013 * board as f32) * h;
        let tone = 0.9 + 0.06 * board as f32;
        let ink = Ink::rgb(lit([0.60, 0.47, 0.31], tone));
        canvas.convex(
            &[
                (px - 0.04 * h, y),
                (px + 0.04 * h, y),
                (px + 0.04 * h, y - 0.010 * h),
                (px - 0.04 * h, y - 0.010 * h),
            ],
            ink,
            1.0,
        );
    }
    let (cx, cy) = at(0.612, 0.385);
    let box_ = |half: f32, low: f32, high: f32| {
        [
            (cx - half * h, cy - low * h),
            (cx + half * h, cy - low * h),
            (cx + half * h, cy - high * h),
            (cx - half * h, cy - high * h),
        ]
    };
    canvas.ellipse((cx + 0.01 * h, cy), 0.035 * h, 0.008 * h, Ink::rgb([0.2, 0.2, 0.2]), 0.5, 0.6);
    canvas.convex(&box_(0.024, 0.0, 0.055), Ink::rgb([0.17, 0.34, 0.24]), 1.0);
    canvas.convex(&box_(0.027, 0.053, 0.062), Ink::rgb([0.13, 0.27, 0.19]), 1.0);
}

/// A tree that stands at `foot` and is so many pixels high.
fn tree(canvas: &mut Canvas, foot: Point, size: f32, seed: u64) {
    let (x, y) = foot;
    let mut random = fastrand::Rng::with_seed(seed);
    canvas.ellipse(
        (x + 0.22 * size, y + 0.01 * size),
        0.42 * size,
        0.055 * size,
        Ink::rgb([0.12, 0.17, 0.07]),
        0.5,
        0.7,
    );
    let bark = Ink::rgb([0.30, 0.25, 0.20]);
    canvas.limb((x, y), (x + 0.01 * size, y - 0.55 * size), (0.035 * size, 0.022 * size), bark);
    for side in [-0.16, 0.17] {
        canvas.limb(
            (x, y - 0.40 * size),
            (x + side * size, y - 0.62 * size),
            (0.018 * size, 0.010 * size),
            bark,
        );
    }
    foliage(canvas, (x, y - 0.72 * size), 0.33 * size, 0.29 * size, &mut random);
}

/// Leaves in tufts, darker below and inside, within an ellipse.
fn foliage(canvas: &mut Canvas, centre: Point, rx: f32, ry: f32, random: &mut fastrand::Rng) {
    for tuft in 0..150 {
        let (angle, away) = (random.f32() * std::f32::consts::TAU, random.f32().sqrt() * 0.88);
        let (dx, dy) = (angle.cos() * away, angle.sin() * away);
        let light = 0.62 + 0.25 * tuft as f32 / 150.0 - 0.28 * dy - 0.10 * dx + 0.12 * (random.f32() - 0.5);
        let size = 0.11 + 0.10 * random.f32();
        let ink = Ink::rgb(lit([0.34, 0.45, 0.19], light));
        canvas.ellipse((centre.0 + dx * rx, centre.1 + dy * ry), size * rx, size * ry * 0.9, ink, 0.92, 0.25);
    }
}

/// Bars with two rails, along the front and the left side of the yard.
fn fence(canvas: &mut Canvas) {
    let (w, h) = (canvas.width as f32, canvas.height as f32);
    let bar = Ink::rgb([0.30, 0.33, 0.32]);
    let rail = Ink::rgb([0.36, 0.39, 0.38]);
    let foot = |step: f32| {
        // 0..1 along the left side from the building, then 1..2 along the front
        let side = step.min(1.0);
        let u = BUILDING - 0.01 + (YARD - BUILDING + 0.01) * side + (1.01 - YARD) * (step - side);
        let v = WALL + (FENCE - WALL) * side;
        let size = FENCE_HEIGHT * person_height(v) / person_height(FENCE);
        ((u * w, v * h), (u * w, (v - size) * h), size)
    };
    let spans = [(0.0, 1.0, 9), (1.0, 2.0, ((1.01 - YARD) * w / h / 0.0155) as usize)];
    for (from, to, bars) in spans {
        for i in 0..=bars {
            let (bottom, top, size) = foot(from + (to - from) * i as f32 / bars as f32);
            let radius = if i % 10 == 0 { 0.030 } else { 0.012 } * size * h;
            canvas.limb(bottom, top, (radius, radius), bar);
        }
        for level in [0.18, 0.88] {
            let point = |step: f32| {
                let (bottom, top, _) = foot(step);
                (bottom.0, bottom.1 + (top.1 - bottom.1) * level)
            };
            let radius = 0.020 * FENCE_HEIGHT * h;
            canvas.limb(point(from), point(to), (radius, radius), rail);
        }
    }
}

/// Lenses are darker towards their corners.
fn vignette(canvas: &mut Canvas) {
    let (w, h) = (canvas.width as f32, canvas.height as f32);
    for y in 0..canvas.height {
        let dy = (y as f32 / h - 0.5) * 2.0;
        for (x, sample) in canvas.luma[y * canvas.width..][..canvas.width].iter_mut().enumerate() {
            let dx = (x as f32 / w - 0.5) * 2.0;
            let light = 1.0 - 0.08 * (dx * dx + dy * dy);
            *sample = (16.0 + (f32::from(*sample) - 16.0) * light + 0.5) as u8;
        }
    }
}

/// 0..1, the same for the same place.
fn hash(x: i32, y: i32) -> f32 {
    let mut bits = (x as u32).wrapping_mul(0x9e37_79b9) ^ (y as u32).wrapping_mul(0x85eb_ca6b);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2c1b_3c6d);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297a_2d39);
    (bits >> 8) as f32 / (1 << 24) as f32
}

/// -1..1, smooth, with features about one unit large (value noise).
fn noise(x: f32, y: f32) -> f32 {
    let (x0, y0) = (x.floor(), y.floor());
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let (fx, fy) = (smooth(x - x0), smooth(y - y0));
    let (xi, yi) = (x0 as i32, y0 as i32);
    let row = |y: i32| hash(xi, y) + (hash(xi + 1, y) - hash(xi, y)) * fx;
    (row(yi) + (row(yi + 1) - row(yi)) * fy) * 2.0 - 1.0
}
