//! A small picture of what is usual where: how lively each place is, where things go there, and how fast. Knows places
//! and figures, nothing of how they were learned.

use super::font::Font;
use super::paint::{self, Colour, Rect, Stroke};
use super::plane::Plane;
use super::{Chroma, Picture};

/// Side of a place's square in pixels: room for an arrow with a figure below.
const CELL: i32 = 48;
const QUIET: (f32, f32, f32) = (18.0, 24.0, 38.0);
const LIVELY: (f32, f32, f32) = (190.0, 96.0, 22.0);
const ARROW: Colour = Colour::rgb(34, 211, 238);
const FIGURE: Colour = Colour::rgb(240, 244, 248);
/// A mean direction shorter than this is none.
const LEAST_AGREEMENT: f32 = 0.2;

/// What is usual at one place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usual {
    /// Seconds with something that moved.
    pub seconds: f32,
    /// Mean of the directions' unit vectors, down is positive: shorter the more they differ.
    pub direction: (f32, f32),
    /// Upper speed in picture widths a second, where it is known.
    pub speed: Option<f32>,
}

/// Draws places row by row. The background is the brighter the livelier the place (logarithmic, against the liveliest);
/// the arrow's length is how far directions agree; the figure is the upper speed.
pub fn draw(places: &[Usual], columns: usize) -> Picture {
    let rows = places.len().div_ceil(columns.max(1)).max(1);
    let (width, height) = (columns.max(1) * CELL as usize, rows * CELL as usize);
    let plane = |value| Plane::new(width, height, value);
    let chroma = Chroma { cb: plane(128), cr: plane(128), horizontal: 1, vertical: 1 };
    let mut picture = Picture { luma: plane(0), chroma: Some(chroma) };
    let most = places.iter().map(|usual| usual.seconds).fold(0.0, f32::max);
    for (i, usual) in places.iter().enumerate() {
        let (x, y) = ((i % columns) as i32 * CELL, (i / columns) as i32 * CELL);
        let share = if most > 0.0 { usual.seconds.max(0.0).ln_1p() / most.ln_1p() } else { 0.0 };
        let ground = Rect { x, y, w: CELL - 1, h: CELL - 1 };
        paint::fill(&mut picture, ground, between(QUIET, LIVELY, share), 255);
        if usual.seconds > 0.0 {
            arrow(&mut picture, (x + CELL / 2, y + CELL / 2 - 6), usual.direction);
            if let Some(speed) = usual.speed {
                let font = Font::of_height(10);
                let text = format!("{speed:.2}");
                let left = x + (CELL - font.width(&text) as i32) / 2;
                paint::text(&mut picture, left, y + CELL - 2 - font.height() as i32, font, &text, FIGURE);
            }
        }
    }
    picture
}

fn between(from: (f32, f32, f32), to: (f32, f32, f32), share: f32) -> Colour {
    let mix = |from: f32, to: f32| (from + (to - from) * share) as u8;
    Colour::rgb(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

fn arrow(picture: &mut Picture, centre: (i32, i32), (dx, dy): (f32, f32)) {
    let agreement = dx.hypot(dy);
    if agreement.is_nan() || agreement < LEAST_AGREEMENT {
        return;
    }
    let half = agreement.min(1.0) * CELL as f32 * 0.32;
    let (ux, uy) = (dx / agreement, dy / agreement);
    let (x, y) = (centre.0 as f32, centre.1 as f32);
    let tip = (x + ux * half, y + uy * half);
    let tail = (x - ux * half, y - uy * half);
    let stroke = Stroke { thickness: 2.0, dash: None, colour: ARROW, opacity: 255 };
    paint::polygon(picture, &[tail, tip], stroke);
    let barb = |side: f32| (tip.0 - 7.0 * ux - side * 4.0 * uy, tip.1 - 7.0 * uy + side * 4.0 * ux);
    paint::fill_polygon(picture, &[tip, barb(1.0), barb(-1.0)], ARROW, 255);
}

/// The picture as a PNG file.
///
/// # Errors
/// None but those of writing to memory.
pub fn png(picture: &Picture) -> Result<Vec<u8>, png::EncodingError> {
    let (width, height) = (picture.luma.width, picture.luma.height);
    let mut rgb = Vec::with_capacity(3 * width * height);
    for y in 0..height {
        for x in 0..width {
            let luma = f32::from(picture.luma.data[y * width + x]);
            let (cb, cr) = picture.chroma.as_ref().map_or((0.0, 0.0), |chroma| {
                let at = y / chroma.vertical * chroma.cb.width + x / chroma.horizontal;
                (f32::from(chroma.cb.data[at]) - 128.0, f32::from(chroma.cr.data[at]) - 128.0)
            });
            // JFIF 1.02.
            for value in [luma + 1.402 * cr, luma - 0.344_14 * cb - 0.714_14 * cr, luma + 1.772 * cb] {
                rgb.push(value.round().clamp(0.0, 255.0) as u8);
            }
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(picture: &Picture, column: usize) -> f32 {
        let side = CELL as usize;
        let samples = (0..side).flat_map(|y| picture.luma.row(y)[column * side..(column + 1) * side].iter());
        samples.map(|&sample| f32::from(sample)).sum::<f32>() / (side * side) as f32
    }

    #[test]
    fn livelier_places_are_brighter_and_empty_ones_have_no_arrow() {
        let right = Usual { seconds: 5.0, direction: (1.0, 0.0), speed: None };
        let lively = Usual { seconds: 500.0, direction: (0.0, 0.0), speed: None };
        let empty = Usual { seconds: 0.0, ..right };
        let picture = draw(&[empty, Usual { direction: (0.0, 0.0), ..right }, lively, right], 4);
        let [none, little, much, with_arrow] = [0, 1, 2, 3].map(|column| mean(&picture, column));
        assert!(none < little && little < much, "{none} {little} {much}");
        assert!(with_arrow > little + 3.0, "{with_arrow} {little}");
    }

    #[test]
    fn the_file_is_a_png_with_the_pictures_colours() {
        let picture = draw(&[Usual { seconds: 1.0, ..Usual::default() }], 1);
        let bytes = png(&picture).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut rgb).unwrap();
        let close = |found: u8, wanted: f32| (f32::from(found) - wanted).abs() < 4.0;
        assert!(
            close(rgb[0], LIVELY.0) && close(rgb[1], LIVELY.1) && close(rgb[2], LIVELY.2),
            "{:?}",
            &rgb[..3]
        );
    }

    #[test]
    fn nothing_learned_makes_a_picture_too() {
        assert!(png(&draw(&[Usual::default(); 144], 16)).unwrap().len() < 20_000);
        draw(&[], 0);
        draw(&[Usual { seconds: f32::NAN, direction: (f32::NAN, 1.0), speed: Some(f32::NAN) }], 1);
    }
}
