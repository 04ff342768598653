//! Makes a plane smaller by averaging areas. Knows nothing of what the samples mean.

use super::plane::Plane;
use super::{Chroma, Picture};

/// Parts of a whole in fixed point: the weights of one output sample's inputs add up to this, so that sums of a row's samples fit
/// into 16 bits, and nothing is rounded before the end.
const WHOLE: u16 = 1 << 8;

/// Reduces planes of one size to one smaller size; weights are computed once.
#[derive(Debug)]
pub struct Shrinker {
    from: (usize, usize),
    columns: Vec<Span>,
    rows: Vec<Span>,
    /// One output row's inputs, weighed and summed down.
    sums: Vec<u16>,
}

/// A whole picture at another size, which is not larger and not empty; colour becomes 4:2:0.
pub fn picture(picture: &Picture, size: (usize, usize)) -> Picture {
    let smaller = |plane: &Plane, size: (usize, usize)| {
        let from = (plane.width, plane.height);
        if from == size {
            return plane.clone();
        }
        let mut small = Plane::default();
        Shrinker::new(from, size).shrink(plane, &mut small);
        small
    };
    let half = (size.0.div_ceil(2), size.1.div_ceil(2));
    let chroma = picture.chroma.as_ref().map(|chroma| Chroma {
        cb: smaller(&chroma.cb, half),
        cr: smaller(&chroma.cr, half),
        horizontal: 2,
        vertical: 2,
    });
    Picture { luma: smaller(&picture.luma, size), chroma }
}

/// The inputs of one output sample: those from `start` on, with their weights.
#[derive(Debug)]
struct Span {
    start: usize,
    weights: Vec<u16>,
}

impl Shrinker {
    /// From `from` to `to`, both width and height in pixels; `to` is not larger and not empty.
    pub fn new(from: (usize, usize), to: (usize, usize)) -> Self {
        let spans = |from: usize, to: usize| (0..to).map(|i| span(i, from, to)).collect::<Vec<_>>();
        Self { from, columns: spans(from.0, to.0), rows: spans(from.1, to.1), sums: vec![0; from.0] }
    }

    /// Whether planes of this size are what it was made for.
    pub fn fits(&self, plane: &Plane) -> bool {
        (plane.width, plane.height) == self.from
    }

    /// Writes the reduced `plane` over `small`, which gets the size.
    pub fn shrink(&mut self, plane: &Plane, small: &mut Plane) {
        debug_assert!(self.fits(plane));
        (small.width, small.height) = (self.columns.len(), self.rows.len());
        small.data.clear();
        for row in &self.rows {
            self.sums.fill(0);
            for (y, &weight) in (row.start..).zip(&row.weights) {
                for (sum, &sample) in self.sums.iter_mut().zip(plane.row(y)) {
                    *sum += u16::from(sample) * weight;
                }
            }
            let mean = |span: &Span| {
                let inputs = self.sums[span.start..].iter().zip(&span.weights);
                let sum: u32 = inputs.map(|(&sum, &weight)| u32::from(sum) * u32::from(weight)).sum();
                ((sum + (1 << 15)) >> 16) as u8
            };
            small.data.extend(self.columns.iter().map(mean));
        }
    }
}

fn span(index: usize, from: usize, to: usize) -> Span {
    let (start, end) = (index as f64 * from as f64 / to as f64, (index + 1) as f64 * from as f64 / to as f64);
    let first = start as usize;
    let last = (end.ceil() as usize).min(from);
    let covered = |i: usize| (end.min((i + 1) as f64) - start.max(i as f64)).max(0.0) / (end - start);
    let mut weights: Vec<u16> =
        (first..last).map(|i| (covered(i) * f64::from(WHOLE)).round() as u16).collect();
    // What rounding took or gave goes to the largest weight, so that grey stays grey.
    let sum: u16 = weights.iter().sum();
    if let Some(largest) = weights.iter_mut().max() {
        *largest = (*largest + WHOLE).saturating_sub(sum);
    }
    Span { start: first, weights }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shrunk(plane: &Plane, to: (usize, usize)) -> Plane {
        let mut small = Plane::default();
        Shrinker::new((plane.width, plane.height), to).shrink(plane, &mut small);
        small
    }

    #[test]
    fn grey_stays_grey_at_any_ratio() {
        for (from, to) in
            [((360, 240), (192, 128)), ((480, 270), (208, 120)), ((128, 64), (128, 64)), ((97, 53), (8, 8))]
        {
            for value in [0, 1, 127, 254, 255] {
                let small = shrunk(&Plane::new(from.0, from.1, value), to);
                assert_eq!((small.width, small.height), to);
                assert!(small.data.iter().all(|&sample| sample == value), "{from:?} {to:?} {value}");
            }
        }
    }

    #[test]
    fn an_output_is_the_mean_of_what_it_covers() {
        let mut plane = Plane::new(6, 4, 0);
        for (i, sample) in plane.data.iter_mut().enumerate() {
            *sample = (i * 10) as u8;
        }
        // 3x2 inputs each: the mean of 0,10,20,60,70,80 is 40.
        assert_eq!(shrunk(&plane, (2, 2)).data, [40, 70, 160, 190]);
        // 1.5 columns each: (0 + 10/2) / 1.5 = 3.3, next row 63.3.
        let fine = shrunk(&plane, (4, 4));
        assert!((i32::from(fine.data[0]) - 3).abs() <= 1, "{:?}", fine.data);
    }
}
