//! Drawing on a surface's own planes: no RGB, whatever the subsampling. Knows shapes and colours, not what they mean.
//!
//! Coordinates are luma pixels, x to the right and y down, and may lie outside: what doesn't fit is clipped. A
//! chroma sample takes the share of the colour that the shape covers of its luma pixels.

use super::font::Font;
use super::plane::Plane;
use super::surface::Surface;

/// A colour in JFIF's full-range YCbCr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    pub y: u8,
    pub cb: u8,
    pub cr: u8,
}

impl Colour {
    /// From RGB as pages use it (JFIF 1.02: BT.601 in full range).
    pub const fn rgb(r: u8, g: u8, b: u8) -> Self {
        let (r, g, b) = (r as i32, g as i32, b as i32);
        Self {
            y: clamped((299 * r + 587 * g + 114 * b + 500) / 1000),
            cb: clamped((128_500 - 169 * r - 331 * g + 500 * b) / 1000),
            cr: clamped((128_500 + 500 * r - 419 * g - 81 * b) / 1000),
        }
    }
}

const fn clamped(value: i32) -> u8 {
    if value < 0 {
        0
    } else if value > 255 {
        255
    } else {
        value as u8
    }
}

/// A rectangle in luma pixels. Nothing is drawn where a side isn't positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    pub x: i32,
    pub y: i32,
    pub w: i32,
    pub h: i32,
}

/// One plane of a surface, its sample of the colour, and how many luma pixels one sample stands for.
#[derive(Clone, Copy)]
struct Layer {
    plane: usize,
    width: usize,
    height: usize,
    value: u8,
    h: i32,
    v: i32,
}

fn layers(surface: &dyn Surface, colour: Colour) -> impl Iterator<Item = Layer> + use<> {
    let (width, height) = surface.size();
    let luma = Layer { plane: 0, width, height, value: colour.y, h: 1, v: 1 };
    let chroma = surface.subsampling().map(|(h, v)| {
        let (width, height) = (width.div_ceil(h), height.div_ceil(v));
        [(1, colour.cb), (2, colour.cr)].map(|(plane, value)| Layer {
            plane,
            width,
            height,
            value,
            h: h as i32,
            v: v as i32,
        })
    });
    std::iter::once(luma).chain(chroma.into_iter().flatten())
}

/// `weight` 0..=256 of `value`, the rest of what is there.
fn blend(sample: &mut u8, value: u8, weight: u16) {
    *sample = ((u16::from(*sample) * (256 - weight) + u16::from(value) * weight + 128) >> 8) as u8;
}

/// Opacity 0..=255 as a weight 0..=256.
fn weight(opacity: u8) -> u16 {
    u16::from(opacity) + u16::from(opacity >> 7)
}

/// Fills a rectangle; `opacity` 255 hides what is under it.
pub fn fill(surface: &mut dyn Surface, rect: Rect, colour: Colour, opacity: u8) {
    let (width, height) = surface.size();
    let (width, height) = (width as i32, height as i32);
    let (x0, y0) = (rect.x.clamp(0, width), rect.y.clamp(0, height));
    let (x1, y1) = (rect.x.saturating_add(rect.w).min(width), rect.y.saturating_add(rect.h).min(height));
    if x0 >= x1 || y0 >= y1 {
        return;
    }
    for layer in layers(surface, colour) {
        let Layer { plane, value, h, v, .. } = layer;
        // The last sample may stand for fewer pixels: then these are all of it.
        let x1 = if x1 == width { layer.width as i32 * h } else { x1 };
        let y1 = if y1 == height { layer.height as i32 * v } else { y1 };
        // Luma pixels of sample `at` between two edges.
        let share = |at: i32, size: i32, from: i32, to: i32| to.min((at + 1) * size) - from.max(at * size);
        let columns = x0 / h..(x1 + h - 1) / h;
        for y in y0 / v..(y1 + v - 1) / v {
            let rows = share(y, v, y0, y1);
            let row = surface.samples(plane, y as usize, columns.start as usize..columns.end as usize);
            let partial = |x: i32| (i32::from(weight(opacity)) * rows * share(x, h, x0, x1) / (h * v)) as u16;
            let whole = (i32::from(weight(opacity)) * rows / v) as u16;
            // Only the first and the last sample can be covered in part.
            if let [first, middle @ ..] = row {
                blend(first, value, partial(columns.start));
                if let [middle @ .., last] = middle {
                    middle.iter_mut().for_each(|sample| blend(sample, value, whole));
                    blend(last, value, partial(columns.end - 1));
                }
            }
        }
    }
}

/// Draws a rectangle's border, `thickness` pixels wide, inside it.
pub fn outline(surface: &mut dyn Surface, rect: Rect, thickness: i32, colour: Colour, opacity: u8) {
    let Rect { x, y, w, h } = rect;
    let t = thickness;
    if w <= 2 * t || h <= 2 * t {
        return fill(surface, rect, colour, opacity);
    }
    let (right, bottom) = (x.saturating_add(w - t), y.saturating_add(h - t));
    let between = y.saturating_add(t);
    fill(surface, Rect { x, y, w, h: t }, colour, opacity);
    fill(surface, Rect { x, y: bottom, w, h: t }, colour, opacity);
    fill(surface, Rect { x, y: between, w: t, h: h - 2 * t }, colour, opacity);
    fill(surface, Rect { x: right, y: between, w: t, h: h - 2 * t }, colour, opacity);
}

/// Draws a rectangle's four corners, each arm `length` pixels long, inside it.
pub fn corners(surface: &mut dyn Surface, rect: Rect, thickness: i32, length: i32, colour: Colour) {
    let Rect { x, y, w, h } = rect;
    let (t, along, down) = (thickness.min(w).min(h), length.min(w / 2), length.min(h / 2));
    for left in [x, x.saturating_add(w - along)] {
        for top in [y, y.saturating_add(h - t)] {
            fill(surface, Rect { x: left, y: top, w: along, h: t }, colour, 255);
        }
    }
    for left in [x, x.saturating_add(w - t)] {
        for top in [y, y.saturating_add(h - down)] {
            fill(surface, Rect { x: left, y: top, w: t, h: down }, colour, 255);
        }
    }
}

/// Writes a line of text with its upper left corner at `x`, `y`.
pub fn text(surface: &mut dyn Surface, x: i32, y: i32, font: Font, text: &str, colour: Colour) {
    stamp(surface, x, y, &font.mask(text), colour);
}

/// Lays a colour over the picture where `mask` has ink (0..=255).
fn stamp(surface: &mut dyn Surface, left: i32, top: i32, mask: &Plane, colour: Colour) {
    if mask.width == 0 || mask.height == 0 {
        return;
    }
    let (width, height) = surface.size();
    let (width, height) = (width as i32, height as i32);
    let (right, bottom) = (
        left.saturating_add(mask.width as i32).min(width),
        top.saturating_add(mask.height as i32).min(height),
    );
    let mut inks = Vec::new();
    for layer in layers(surface, colour) {
        let Layer { plane, value, h, v, .. } = layer;
        let clip = |from: i32, to: i32, size: i32, end: usize| {
            (from.div_euclid(size)).clamp(0, end as i32)..((to - 1).div_euclid(size) + 1).clamp(0, end as i32)
        };
        let columns = clip(left, right, h, layer.width);
        if columns.is_empty() {
            continue;
        }
        let pixels = (columns.start * h).max(left)..(columns.end * h).min(right);
        for y in clip(top, bottom, v, layer.height) {
            inks.clear();
            inks.resize(columns.len(), 0_u16);
            for py in (y * v).max(top)..((y + 1) * v).min(bottom) {
                let row = &mask.row((py - top) as usize)[(pixels.start - left) as usize..];
                for (px, &ink) in pixels.clone().zip(row) {
                    inks[((px >> h.ilog2()) - columns.start) as usize] += u16::from(ink);
                }
            }
            // The picture's last samples may stand for fewer pixels.
            if let Some(last) = inks.last_mut() {
                *last *= (h / (width - (columns.end - 1) * h).min(h)) as u16;
            }
            let area = h * (height - y * v).min(v);
            let samples = surface.samples(plane, y as usize, columns.start as usize..columns.end as usize);
            for (sample, &ink) in samples.iter_mut().zip(&inks) {
                blend(sample, value, weight((ink >> area.ilog2()) as u8));
            }
        }
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Stroke {
    /// Pixels.
    pub thickness: f32,
    /// Length in pixels of a dash and of the gap after it; `None`: one unbroken line.
    pub dash: Option<f32>,
    pub colour: Colour,
    pub opacity: u8,
}

/// Draws the border of a polygon, smooth at any angle.
pub fn polygon(surface: &mut dyn Surface, points: &[(f32, f32)], stroke: Stroke) {
    let mut travelled = 0.0;
    for (index, &from) in points.iter().enumerate() {
        let to = points[(index + 1) % points.len()];
        line(surface, from, to, stroke, travelled);
        travelled += (to.0 - from.0).hypot(to.1 - from.1);
    }
}

/// Draws a line; `travelled` is the length before it that its dashes follow.
fn line(surface: &mut dyn Surface, from: (f32, f32), to: (f32, f32), stroke: Stroke, travelled: f32) {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy);
    // also false for what isn't a number
    if !(length > 0.0 && length < 1e6) {
        return;
    }
    let (ux, uy) = (dx / length, dy / length);
    for layer in layers(surface, stroke.colour) {
        let (h, v) = (layer.h as f32, layer.v as f32);
        // An edge fades over the size of one sample.
        let fade = h.max(v);
        let reach = stroke.thickness / 2.0 + fade;
        let end = |edge: f32, size: f32, last: usize| ((edge / size).max(0.0) as usize).min(last);
        let top = end(from.1.min(to.1) - reach, v, layer.height);
        let bottom = end(from.1.max(to.1) + reach + v, v, layer.height);
        for row in top..bottom {
            let y = (row as f32 + 0.5) * v;
            // Where this row runs along the line: between the line's two parallels at the distance `reach`.
            let (mut left, mut right) = (from.0.min(to.0) - reach, from.0.max(to.0) + reach);
            if uy.abs() > 1e-3 {
                let centre = from.0 + (y - from.1) * ux / uy;
                left = left.max(centre - reach / uy.abs());
                right = right.min(centre + reach / uy.abs());
            }
            let (first, last) = (end(left, h, layer.width), end(right + h, h, layer.width));
            let columns = first..last.max(first);
            let samples = surface.samples(layer.plane, row, columns.clone());
            for (column, sample) in columns.zip(samples) {
                let (px, py) = ((column as f32 + 0.5) * h - from.0, y - from.1);
                let along = px * ux + py * uy;
                if stroke.dash.is_some_and(|dash| (travelled + along).rem_euclid(2.0 * dash) > dash) {
                    continue;
                }
                let beyond = (along - length).max(-along).max(0.0);
                let aside = px * uy - py * ux;
                let distance =
                    if beyond > 0.0 { (aside * aside + beyond * beyond).sqrt() } else { aside.abs() };
                let cover = (0.5 + (stroke.thickness / 2.0 - distance) / fade).clamp(0.0, 1.0);
                // A line thinner than a chroma sample colours it in part only.
                let cover = cover.min(stroke.thickness / fade);
                let ink = (cover * f32::from(weight(stroke.opacity))) as u16;
                blend(sample, layer.value, ink.min(256));
            }
        }
    }
}

/// Fills a polygon (even-odd rule). With `opacity` 255 nothing of what was there can be told from the result:
/// each chroma sample that the polygon touches by its luma pixels' centres is replaced whole.
pub fn fill_polygon(surface: &mut dyn Surface, points: &[(f32, f32)], colour: Colour, opacity: u8) {
    let (width, height) = surface.size();
    let mut covered: Vec<(usize, usize, usize)> = Vec::new();
    let mut crossings = Vec::new();
    for row in 0..height {
        let y = row as f32 + 0.5;
        crossings.clear();
        for (index, &(x0, y0)) in points.iter().enumerate() {
            let (x1, y1) = points[(index + 1) % points.len()];
            if (y0 <= y) != (y1 <= y) {
                crossings.push(x0 + (y - y0) * (x1 - x0) / (y1 - y0));
            }
        }
        crossings.sort_by(f32::total_cmp);
        let column = |x: f32| ((x + 0.5).floor().max(0.0) as usize).min(width);
        for pair in crossings.chunks_exact(2) {
            covered.push((row, column(pair[0]), column(pair[1])));
        }
    }
    for layer in layers(surface, colour) {
        let (h, v) = (layer.h as usize, layer.v as usize);
        // Two luma rows share a chroma row, which must be blended once: the longest reach of both is taken.
        let mut open: Option<(usize, usize, usize)> = None;
        let mut paint = |span: Option<(usize, usize, usize)>| {
            if let Some((row, from, to)) = span {
                let samples = surface.samples(layer.plane, row, from..to);
                samples.iter_mut().for_each(|sample| blend(sample, layer.value, weight(opacity)));
            }
        };
        for &(row, from, to) in covered.iter().filter(|(_, from, to)| from < to) {
            let next = (row / v, from / h, to.div_ceil(h));
            match &mut open {
                Some((row, from, to)) if *row == next.0 && next.1 <= *to && *from <= next.2 => {
                    (*from, *to) = ((*from).min(next.1), (*to).max(next.2));
                }
                _ => paint(open.replace(next)),
            }
        }
        paint(open);
    }
}

#[cfg(test)]
mod tests;
