//! Several pictures side by side in one. Knows nothing of cameras.

use super::plane::Plane;
use super::shrink;
use super::{Chroma, Picture};

/// Columns of the whole picture at most, and of one place in it.
const WIDTH: usize = 1280;
const PLACE_WIDTH: usize = 640;

/// Equal places, row after row. All sizes are even, for colour has half of the columns and rows.
pub struct Mosaic {
    columns: usize,
    /// Width and height of each place.
    place: (usize, usize),
    picture: Picture,
}

impl Mosaic {
    /// With `count` places whose width and height are as those of `shape`, and as many columns as rows or one more.
    pub fn new(count: usize, shape: (usize, usize)) -> Self {
        let columns = columns(count);
        let rows = count.div_ceil(columns).max(1);
        let width = (WIDTH / columns).min(PLACE_WIDTH) & !1;
        // However odd a picture is, its place stays between a strip and three times as high as wide.
        let height = (width * shape.1.max(1) / shape.0.max(1)).clamp(16, 3 * width) & !1;
        let (whole_width, whole_height) = (columns * width, rows * height);
        let chroma = Plane::new(whole_width / 2, whole_height / 2, 128);
        let chroma = Chroma { cb: chroma.clone(), cr: chroma, horizontal: 2, vertical: 2 };
        let picture = Picture { luma: Plane::new(whole_width, whole_height, 0), chroma: Some(chroma) };
        Self { columns, place: (width, height), picture }
    }

    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// The largest size, not larger than a place, at which a picture of the size `from` keeps its shape; at most its own size.
    pub fn fitting(&self, from: (usize, usize)) -> (usize, usize) {
        let (width, height) = self.place;
        let ratio = (width as f64 / from.0 as f64).min(height as f64 / from.1 as f64).min(1.0);
        let even = |size: usize| ((size as f64 * ratio).round() as usize & !1).max(2).min(size);
        (even(from.0), even(from.1))
    }

    /// The size of a place.
    pub fn place(&self) -> (usize, usize) {
        self.place
    }

    /// Puts a picture that fits into the middle of a place, with black around it.
    pub fn put(&mut self, index: usize, picture: &Picture) {
        let picture = match &picture.chroma {
            Some(chroma) if (chroma.horizontal, chroma.vertical) != (2, 2) => {
                &shrink::picture(picture, (picture.luma.width, picture.luma.height))
            }
            _ => picture,
        };
        let (x, y) = (index % self.columns * self.place.0, index / self.columns * self.place.1);
        let chroma = self.picture.chroma.as_mut().expect("it is made in colour");
        lay(&mut self.picture.luma, (x, y), self.place, Some(&picture.luma), 0);
        let half = (self.place.0 / 2, self.place.1 / 2);
        let colours = picture.chroma.as_ref().map(|chroma| [&chroma.cb, &chroma.cr]);
        for (index, plane) in [&mut chroma.cb, &mut chroma.cr].into_iter().enumerate() {
            lay(plane, (x / 2, y / 2), half, colours.map(|colours| colours[index]), 128);
        }
    }
}

/// The columns in which so many pictures are arranged: as many as there are rows, or one more.
pub fn columns(count: usize) -> usize {
    (1..).find(|columns| columns * columns >= count).unwrap_or(1)
}

/// Covers a place of `whole` with `fill`, and `part` in its middle.
fn lay(whole: &mut Plane, (x, y): (usize, usize), place: (usize, usize), part: Option<&Plane>, fill: u8) {
    let size = part.map_or((0, 0), |part| (part.width.min(place.0), part.height.min(place.1)));
    let (left, top) = ((place.0 - size.0) / 2, (place.1 - size.1) / 2);
    for row in 0..place.1 {
        let target = &mut whole.row_mut(y + row)[x..x + place.0];
        target.fill(fill);
        if let Some(part) = part
            && (top..top + size.1).contains(&row)
        {
            target[left..left + size.0].copy_from_slice(&part.row(row - top)[..size.0]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: usize, height: usize, value: u8) -> Picture {
        Picture { luma: Plane::new(width, height, value), chroma: None }
    }

    #[test]
    fn places_follow_the_number_of_pictures() {
        for (count, columns, size) in [
            (1, 1, (640, 480)),
            (2, 2, (1280, 480)),
            (3, 2, (1280, 960)),
            (4, 2, (1280, 960)),
            (5, 3, (1278, 639)),
            (9, 3, (1278, 957)),
        ] {
            let mosaic = Mosaic::new(count, (640, 480));
            assert_eq!(mosaic.columns, columns, "{count}");
            let (width, height) = (mosaic.picture.luma.width, mosaic.picture.luma.height);
            assert_eq!(width, size.0, "{count}");
            assert!(height.abs_diff(size.1) < 6 && height % 2 == 0, "{count}: {height}");
        }
        // As odd as can be.
        for shape in [(0, 0), (1, 5000), (5000, 1)] {
            let mosaic = Mosaic::new(2, shape);
            assert!(mosaic.place().1 >= 16 && mosaic.place().1 <= 3 * mosaic.place().0);
        }
    }

    #[test]
    fn a_picture_keeps_its_shape_and_is_never_made_larger() {
        let mosaic = Mosaic::new(4, (640, 480));
        assert_eq!(mosaic.fitting((1280, 960)), (640, 480));
        assert_eq!(mosaic.fitting((1280, 720)), (640, 360));
        assert_eq!(mosaic.fitting((320, 240)), (320, 240));
        assert_eq!(mosaic.fitting((480, 1280)), (180, 480));
        assert_eq!(mosaic.fitting((1, 1)), (1, 1));
    }

    #[test]
    fn each_picture_is_in_its_own_place_and_leaves_no_trace_of_the_one_before() {
        let mut mosaic = Mosaic::new(4, (640, 480));
        for index in 0..4 {
            mosaic.put(index, &grey(640, 480, 200));
        }
        mosaic.put(3, &grey(320, 480, 90));
        let luma = &mosaic.picture().luma;
        assert_eq!((luma.row(0)[0], luma.row(479)[1279], luma.row(959)[639]), (200, 200, 200));
        let row = luma.row(700);
        assert_eq!((row[640], row[799], row[800], row[1119], row[1120]), (0, 0, 90, 90, 0));
    }
}
