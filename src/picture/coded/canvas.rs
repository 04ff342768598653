//! Drawing on a coded picture: blocks that are touched are decoded, drawn on and coded again, and all other bits are
//! copied as they are.

use super::bits::{Bits, Writer};
use super::cosine::{self, Square};
use super::header::{Component, Header, ZIGZAG};
use super::huffman::LAST;
use super::scan::{Index, Scanner, Unit};
use super::tables::{Block, quantiser};
use super::transform::{Scale, grey};
use super::{Refusal, corrupt};
use crate::picture::plane::Plane;
use crate::picture::surface::Surface;
use std::ops::Range;

/// The largest value of a coefficient that isn't a block's first (10 bits).
const LARGEST: f32 = 1023.0;

/// Draws on pictures, one after the other; what it keeps is memory and tables.
#[derive(Default)]
pub struct Splicer {
    scanner: Scanner,
    /// Decoded where a unit is touched, in whole units; by component.
    planes: [Plane; 3],
    touched: Vec<bool>,
    writer: Writer,
}

/// A picture that is drawn on.
pub struct Canvas<'a> {
    bytes: &'a [u8],
    header: Header<'a>,
    blocks: Vec<Block<'a>>,
    segments: &'a [u8],
    units: &'a [Unit],
    ends: &'a [usize],
    across: usize,
    steps: Vec<Steps>,
    planes: &'a mut [Plane; 3],
    touched: &'a mut [bool],
    writer: &'a mut Writer,
    /// A unit couldn't be decoded, although it could be scanned.
    defect: Option<Refusal>,
}

impl Splicer {
    /// # Errors
    /// The picture has another form, is cut off or damaged.
    pub fn open<'a>(&'a mut self, bytes: &'a [u8]) -> Result<Canvas<'a>, Refusal> {
        let header = Header::read(bytes)?;
        self.scanner.read(&header, bytes, Scale::Eighth)?;
        self.prepare(bytes, header)
    }

    /// The same with what a [`Scanner`] found in the same picture.
    ///
    /// # Errors
    /// The picture has another form.
    pub fn open_with<'a>(&'a mut self, bytes: &'a [u8], index: Index) -> Result<Canvas<'a>, Refusal> {
        let header = Header::read(bytes)?;
        let (across, down) = header.units();
        if index.units.len() != across * down {
            return self.open(bytes);
        }
        self.scanner.tables.take(&header)?;
        self.scanner.index = index;
        self.prepare(bytes, header)
    }

    fn prepare<'a>(&'a mut self, bytes: &'a [u8], header: Header<'a>) -> Result<Canvas<'a>, Refusal> {
        let (across, down) = header.units();
        for (plane, component) in self.planes.iter_mut().zip(&header.components) {
            (plane.width, plane.height) = (8 * across * component.across, 8 * down * component.down);
            plane.data.resize(plane.width * plane.height, 0);
        }
        self.touched.clear();
        self.touched.resize(across * down, false);
        Ok(Canvas {
            bytes,
            blocks: self.scanner.tables.unit(&header)?,
            segments: &self.scanner.index.segments.bytes,
            units: &self.scanner.index.units,
            ends: &self.scanner.index.ends,
            across,
            steps: header
                .components
                .iter()
                .map(|component| Steps::of(&header, *component))
                .collect::<Result<_, _>>()?,
            planes: &mut self.planes,
            touched: &mut self.touched,
            writer: &mut self.writer,
            defect: None,
            header,
        })
    }
}

/// A component's quantiser in the file's order, and its reciprocal row by row.
struct Steps {
    up: [f32; 64],
    down: Square,
}

impl Steps {
    fn of(header: &Header, component: Component) -> Result<Self, Refusal> {
        let quantiser = quantiser(header, component)?;
        let mut down = Square::default();
        for (&step, &place) in quantiser.iter().zip(&ZIGZAG) {
            down.as_flattened_mut()[usize::from(place)] = f32::from(step.max(1)).recip();
        }
        Ok(Self { up: quantiser.map(f32::from), down })
    }
}

impl Canvas<'_> {
    /// The picture with what was drawn on it; if that is nothing, its own bytes.
    ///
    /// # Errors
    /// It can't be coded with its own tables, for they were made for it alone.
    pub fn finish(mut self) -> Result<Vec<u8>, Refusal> {
        if let Some(defect) = self.defect {
            return Err(defect);
        }
        if !self.touched.contains(&true) {
            return Ok(self.bytes.to_vec());
        }
        let mut out = Header::rewritten(self.bytes)?;
        out.reserve(self.segments.len() * 9 / 8);
        let mut next = 0;
        for (number, &end) in self.ends.iter().enumerate() {
            let first = next;
            next = (first + self.header.interval()).min(self.units.len());
            self.write_segment(first..next, end)?;
            if number > 0 {
                out.extend_from_slice(&[0xff, 0xd0 + ((number - 1) % 8) as u8]);
            }
            stuff(&self.writer.bytes, &mut out);
        }
        out.extend_from_slice(&[0xff, 0xd9]);
        Ok(out)
    }

    /// Writes units between two restart markers; the last of them ends at bit `end`.
    fn write_segment(&mut self, range: Range<usize>, end: usize) -> Result<(), Refusal> {
        self.writer.clear();
        let (mut unit, mut means) = (range.start, [0; 3]);
        while unit < range.end {
            let Unit { begin, means: known } = self.units[unit];
            if self.touched[unit] {
                self.encode(unit, &mut means)?;
                unit += 1;
            } else if means != known {
                self.recount(unit, &mut means)?;
                unit += 1;
            } else {
                let is_touched = |&unit: &usize| self.touched[unit];
                unit = (unit..range.end).find(is_touched).unwrap_or(range.end);
                let to = if unit == range.end { end } else { self.units[unit].begin };
                self.writer.copy(self.segments, begin, to);
                means = self.units.get(unit).map_or([0; 3], |unit| unit.means);
            }
        }
        self.writer.align();
        Ok(())
    }

    /// Codes a unit anew.
    fn encode(&mut self, unit: usize, means: &mut [i32; 3]) -> Result<(), Refusal> {
        for block in &self.blocks {
            let (x, y) = self.corner(unit, block);
            let plane = &self.planes[block.component];
            let mut samples = Square::default();
            for (row, samples) in samples.iter_mut().enumerate() {
                let at = (y + row) * plane.width + x;
                for (sample, &level) in samples.iter_mut().zip(&plane.data[at..at + 8]) {
                    *sample = f32::from(level) - 128.0;
                }
            }
            let coefficients = cosine::forward(&samples);
            let down = &self.steps[block.component].down;
            let mut quantised = [0; 64];
            for ((quantised, value), step) in
                quantised.iter_mut().zip(coefficients.as_flattened()).zip(down.as_flattened())
            {
                *quantised = rounded(value * step);
            }
            let mut coded = [0; 64];
            for (coded, &place) in coded.iter_mut().zip(&ZIGZAG) {
                *coded = quantised[usize::from(place)];
            }
            let (mean, new) = (&mut means[block.component], i32::from(coded[0]));
            block.dc.put_difference(self.writer, new - *mean)?;
            *mean = new;
            block.ac.put(self.writer, &coded)?;
        }
        Ok(())
    }

    /// Copies a unit whose first coefficients are counted from others now.
    fn recount(&mut self, unit: usize, means: &mut [i32; 3]) -> Result<(), Refusal> {
        let Unit { begin, means: mut known } = self.units[unit];
        let mut bits = Bits::at(self.segments, begin);
        for block in &self.blocks {
            let (mean, known) = (&mut means[block.component], &mut known[block.component]);
            *known += block.dc.difference(&mut bits)?;
            block.dc.put_difference(self.writer, *known - *mean)?;
            *mean = *known;
            let from = bits.position();
            block.ac.skip(&mut bits, 0)?;
            self.writer.copy(self.segments, from, bits.position());
        }
        Ok(())
    }

    /// Decodes a unit into the planes.
    fn decode(&mut self, unit: usize) -> Result<(), Refusal> {
        let Unit { begin, mut means } = self.units[unit];
        let mut bits = Bits::at(self.segments, begin);
        for block in &self.blocks {
            let up = &self.steps[block.component].up;
            let mean = &mut means[block.component];
            *mean += block.dc.difference(&mut bits)?;
            let mut coefficients = Square::default();
            let flat = coefficients.as_flattened_mut();
            flat[0] = *mean as f32 * up[0];
            let mut k = 0;
            while k < LAST {
                bits.refill();
                let Some((advance, value)) = block.ac.value(&mut bits)? else { break };
                k += advance;
                let place =
                    ZIGZAG.get(k as usize).ok_or_else(|| corrupt("a block with too many coefficients"))?;
                flat[usize::from(*place)] = value as f32 * up[k as usize];
            }
            let samples = cosine::inverse(&coefficients);
            let (x, y) = self.corner(unit, block);
            let plane = &mut self.planes[block.component];
            for (row, samples) in samples.iter().enumerate() {
                let at = (y + row) * plane.width + x;
                for (level, sample) in plane.data[at..at + 8].iter_mut().zip(samples) {
                    *level = grey(sample + 128.0);
                }
            }
        }
        Ok(())
    }

    /// Where a block's first sample is in its plane.
    fn corner(&self, unit: usize, block: &Block) -> (usize, usize) {
        let component = self.header.components[block.component];
        let (column, row) = (unit % self.across, unit / self.across);
        (8 * (column * component.across + block.x), 8 * (row * component.down + block.y))
    }
}

impl Surface for Canvas<'_> {
    fn size(&self) -> (usize, usize) {
        (self.header.width, self.header.height)
    }

    fn subsampling(&self) -> Option<(usize, usize)> {
        self.header.subsampling()
    }

    fn samples(&mut self, plane: usize, row: usize, columns: Range<usize>) -> &mut [u8] {
        let component = self.header.components[plane];
        let first = row / (8 * component.down) * self.across;
        let width = 8 * component.across;
        for unit in first + columns.start / width..first + columns.end.div_ceil(width) {
            if !self.touched[unit] {
                self.touched[unit] = true;
                if let Err(defect) = self.decode(unit) {
                    self.defect = Some(defect);
                }
            }
        }
        &mut self.planes[plane].row_mut(row)[columns]
    }
}

/// To the nearest whole number that a coefficient can be.
#[inline(always)]
fn rounded(value: f32) -> i16 {
    // Numbers so large have no fractions, and their lowest bits are the whole number. A cast would take a branch for each.
    const ROOM: f32 = 12_582_912.0;
    (value.clamp(-LARGEST, LARGEST) + ROOM).to_bits() as i16
}

/// Appends entropy-coded data, and a zero after each byte that a reader would take for a marker's.
fn stuff(mut bytes: &[u8], out: &mut Vec<u8>) {
    while let Some(at) = memchr::memchr(0xff, bytes) {
        out.extend_from_slice(&bytes[..=at]);
        out.push(0);
        bytes = &bytes[at + 1..];
    }
    out.extend_from_slice(bytes);
}
