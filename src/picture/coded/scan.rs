//! One pass over a picture: a smaller grey one, whether it is whole, and where its blocks are.

use super::bits::Bits;
use super::header::Header;
use super::huffman::{AcTable, LAST};
use super::segments::Segments;
use super::tables::{Tables, quantiser};
use super::transform::{self, Low, Scale, Weights};
use super::{Refusal, corrupt};
use crate::picture::jpeg::JpegError;
use crate::picture::plane::Plane;

/// Bytes between the last block and the next marker that are still padding, as libjpeg is told too. What has lost its
/// step leaves hundreds.
const MOST_LEFT: usize = 64;

/// Where a unit is, and what its first coefficients are counted from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unit {
    /// Its first bit.
    pub begin: usize,
    /// The first coefficient before it, by component.
    pub means: [i32; 3],
}

/// Where everything is in one picture.
#[derive(Default)]
pub struct Index {
    pub(super) segments: Segments,
    /// All units, row by row, and where the last one of each segment ends.
    pub(super) units: Vec<Unit>,
    pub(super) ends: Vec<usize>,
}

/// Reads pictures, one after the other; what it keeps is memory and tables.
#[derive(Default)]
pub struct Scanner {
    pub(super) tables: Tables,
    /// Of the last picture.
    pub(super) index: Index,
}

impl Scanner {
    /// The grey picture, smaller by `scale`: `ceil(size / 4)` or `/ 8`.
    ///
    /// # Errors
    /// It has another form, is cut off or damaged.
    pub fn luma(&mut self, bytes: &[u8], scale: Scale) -> Result<Plane, Refusal> {
        self.read(&Header::read(bytes)?, bytes, scale)
    }

    /// Where everything is in the last picture, which must have been read without an error, so that
    /// [`Splicer`](super::Splicer) need not read it again.
    pub fn take_index(&mut self) -> Index {
        std::mem::take(&mut self.index)
    }

    pub(super) fn read(&mut self, header: &Header, bytes: &[u8], scale: Scale) -> Result<Plane, Refusal> {
        self.index.segments.read(&bytes[header.data..])?;
        self.tables.take(header)?;
        match scale {
            Scale::Quarter => self.pass::<2>(header, scale.last()),
            Scale::Eighth => self.pass::<1>(header, scale.last()),
        }
    }

    /// `SIDE`: the pixels of a block's side, for which its coefficients up to number `last` are needed.
    fn pass<const SIDE: usize>(&mut self, header: &Header, last: u32) -> Result<Plane, Refusal> {
        let luma = header.components[0];
        let weights = Weights::new(quantiser(header, luma)?);
        let (across, down) = header.units();
        let stride = across * luma.across * SIDE;
        let mut plane = Plane::new(stride, down * luma.down * SIDE, 0);

        let blocks = self.tables.unit(header)?;
        let interval = header.interval();
        let Index { segments, units, ends } = &mut self.index;
        if segments.ends.len() != (across * down).div_ceil(interval) {
            return Err(corrupt("restart markers are missing"));
        }
        units.clear();
        units.reserve(across * down);
        ends.clear();
        let mut begin = 0;
        for &end in &segments.ends {
            let mut bits = Bits::at(&segments.bytes, 8 * begin);
            let mut means = [0; 3];
            let first = units.len();
            for unit in first..(first + interval).min(across * down) {
                units.push(Unit { begin: bits.position(), means });
                let corner =
                    (unit / across) * luma.down * SIDE * stride + (unit % across) * luma.across * SIDE;
                for block in &blocks {
                    let mean = &mut means[block.component];
                    *mean += block.dc.difference(&mut bits)?;
                    if mean.abs() > block.furthest {
                        return Err(corrupt("a block brighter than white or darker than black"));
                    }
                    if block.component != 0 {
                        block.ac.skip(&mut bits, 0)?;
                        continue;
                    }
                    let mut low = Low::default();
                    weights.put(&mut low, 0, *mean);
                    lowest(block.ac, &weights, last, &mut bits, &mut low)?;
                    let out = &mut plane.data[corner + block.y * SIDE * stride + block.x * SIDE..];
                    if SIDE == 1 {
                        out[0] = transform::one(&low);
                    } else {
                        let [upper, lower] = transform::four(&low);
                        out[..2].copy_from_slice(&upper);
                        out[stride..stride + 2].copy_from_slice(&lower);
                    }
                }
            }
            let used = bits.position();
            if used > 8 * end {
                return Err(JpegError::Truncated.into());
            }
            if end - used / 8 > MOST_LEFT {
                return Err(corrupt("data that belong to no block"));
            }
            ends.push(used);
            begin = end;
        }
        let d = 8 / SIDE;
        crop(&mut plane, header.width.div_ceil(d), header.height.div_ceil(d));
        Ok(plane)
    }
}

/// Reads a block behind its first coefficient: those up to number `last` into `low`.
#[inline(always)]
fn lowest(ac: &AcTable, weights: &Weights, last: u32, bits: &mut Bits, low: &mut Low) -> Result<(), Refusal> {
    let mut k = 0;
    while k < last {
        bits.refill();
        let Some((advance, value)) = ac.value(bits)? else { return Ok(()) };
        k += advance;
        if k <= last {
            weights.put(low, k, value);
        }
    }
    match k {
        0 => ac.skip(bits, 0),
        1..LAST => {
            bits.refill();
            ac.skip(bits, k)
        }
        LAST => Ok(()),
        _ => Err(corrupt("a block with too many coefficients")),
    }
}

/// Cuts off what whole units have beyond the picture.
fn crop(plane: &mut Plane, width: usize, height: usize) {
    if plane.width > width {
        for y in 1..height {
            plane.data.copy_within(y * plane.width..y * plane.width + width, y * width);
        }
    }
    plane.data.truncate(width * height);
    (plane.width, plane.height) = (width, height);
}
