//! What can be drawn on: samples of a picture's planes.

use super::Picture;
use std::ops::Range;

pub trait Surface {
    /// Width and height in luma pixels.
    fn size(&self) -> (usize, usize);

    /// Luma columns and rows for one chroma sample, 1 or 2; `None`: it is grey.
    fn subsampling(&self) -> Option<(usize, usize)>;

    /// Samples of luma (0), Cb (1) or Cr (2), in one row, to be changed. Each plane is `ceil(size / subsampling)` large.
    fn samples(&mut self, plane: usize, row: usize, columns: Range<usize>) -> &mut [u8];
}

impl Surface for Picture {
    fn size(&self) -> (usize, usize) {
        (self.luma.width, self.luma.height)
    }

    fn subsampling(&self) -> Option<(usize, usize)> {
        self.chroma.as_ref().map(|chroma| (chroma.horizontal, chroma.vertical))
    }

    fn samples(&mut self, plane: usize, row: usize, columns: Range<usize>) -> &mut [u8] {
        let plane = match (plane, &mut self.chroma) {
            (1, Some(chroma)) => &mut chroma.cb,
            (2, Some(chroma)) => &mut chroma.cr,
            _ => &mut self.luma,
        };
        &mut plane.row_mut(row)[columns]
    }
}
