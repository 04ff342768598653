//! The markers before the entropy-coded data.

use super::{Refusal, corrupt, standard};
use crate::picture::jpeg::{JpegError, MAX_PIXELS};

/// From a coefficient's place in the file to `8 * row + column` (T.81, figure A.6).
pub const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// One colour's part of the scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Component {
    id: u8,
    /// Blocks of a unit across and down, 1 or 2.
    pub across: usize,
    pub down: usize,
    /// Which quantisation and Huffman tables it uses, 0 to 3.
    pub quantiser: usize,
    pub dc: usize,
    pub ac: usize,
}

/// A Huffman table as the file has it: how many codes of each length 1 to 16, then their symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codes<'a> {
    pub counts: &'a [u8; 16],
    pub symbols: &'a [u8],
}

/// What the header says. Tables are by number, 0 to 3, in the file's order of coefficients.
#[derive(Debug, Default)]
pub struct Header<'a> {
    pub width: usize,
    pub height: usize,
    /// One (grey) or three.
    pub components: Vec<Component>,
    /// So many units (MCUs) are between two restart markers; 0: there are none.
    pub restart_interval: usize,
    pub quantisers: [Option<[u8; 64]>; 4],
    pub dc: [Option<Codes<'a>>; 4],
    pub ac: [Option<Codes<'a>>; 4],
    /// Where the entropy-coded data begin.
    pub data: usize,
}

/// The markers that a picture can't do without; of the others only JFIF's and Adobe's, which tell what its colours mean.
/// All else may hold a second, smaller picture.
const fn is_needed(marker: u8, content: &[u8]) -> bool {
    match marker {
        0xc0 | 0xc1 | 0xc4 | 0xda | 0xdb | 0xdd => true,
        0xe0 => matches!(content, [b'J', b'F', b'I', b'F', 0, ..]),
        0xee => matches!(content, [b'A', b'd', b'o', b'b', b'e', ..]),
        _ => false,
    }
}

impl<'a> Header<'a> {
    /// # Errors
    /// It isn't a whole baseline header.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        Self::walk(bytes, |_| {})
    }

    /// The header again, with what is needed alone, and with the standard's Huffman tables where it has none.
    pub fn rewritten(bytes: &'a [u8]) -> Result<Vec<u8>, Refusal> {
        let mut out = vec![0xff, 0xd8];
        let header = Self::walk(bytes, |part| out.extend_from_slice(part))?;
        if header.has_no_tables() {
            standard::insert(&mut out);
        }
        Ok(out)
    }

    /// Shows each marker that is needed, with its content.
    fn walk(bytes: &'a [u8], mut show: impl FnMut(&'a [u8])) -> Result<Self, Refusal> {
        if !bytes.starts_with(&[0xff, 0xd8]) {
            return Err(JpegError::Garbage("it doesn't begin with FF D8".into()).into());
        }
        let mut header = Self::default();
        let mut at = 2;
        let mut strange_colours = false;
        loop {
            let &[lead, marker] = chunk(bytes, at)?;
            if lead != 0xff {
                return Err(JpegError::Garbage("no marker where one must be".into()).into());
            }
            // Fill bytes before a marker, and markers without content.
            if marker == 0xff || matches!(marker, 0x01 | 0xd0..=0xd7) {
                at += if marker == 0xff { 1 } else { 2 };
                continue;
            }
            let length = usize::from(u16::from_be_bytes(*chunk(bytes, at + 2)?));
            let content = bytes.get(at + 4..at + 2 + length.max(2)).ok_or(JpegError::Truncated)?;
            if is_needed(marker, content) {
                show(&bytes[at..at + 2 + length.max(2)]);
            }
            at += 2 + length.max(2);
            match marker {
                0xc0 | 0xc1 => header.frame(content)?,
                0xc4 => header.huffman_tables(content)?,
                0xc2 | 0xc3 | 0xc5..=0xcf => {
                    return Err(Refusal::Unsupported("it isn't coded as baseline JPEG"));
                }
                0xdb => header.quantisation_tables(content)?,
                0xdd => header.restart_interval = u16::from_be_bytes(*chunk(content, 0)?).into(),
                0xda => {
                    header.scan(content)?;
                    strange_colours |= header.components.iter().map(|component| component.id).eq(*b"RGB");
                    if strange_colours && header.components.len() == 3 {
                        return Err(Refusal::Unsupported("its colours aren't YCbCr"));
                    }
                    header.data = at;
                    return Ok(header);
                }
                // Adobe's marker ends with 1 where three colours are YCbCr.
                0xee if content.starts_with(b"Adobe") => strange_colours = content.get(11) != Some(&1),
                0x00 | 0xd8 | 0xd9 | 0xdc => {
                    return Err(JpegError::Garbage(format!("marker {marker:02X} before the data")).into());
                }
                _ => {}
            }
        }
    }

    /// Units (MCUs) across and down.
    pub fn units(&self) -> (usize, usize) {
        let Component { across, down, .. } = self.components[0];
        (self.width.div_ceil(8 * across), self.height.div_ceil(8 * down))
    }

    /// Units between two restart markers, or all.
    pub fn interval(&self) -> usize {
        let (across, down) = self.units();
        if self.restart_interval == 0 { across * down } else { self.restart_interval }
    }

    /// Cameras leave the Huffman tables out that everybody knows.
    pub fn has_no_tables(&self) -> bool {
        self.dc.iter().chain(&self.ac).all(Option::is_none)
    }

    fn frame(&mut self, content: &[u8]) -> Result<(), Refusal> {
        let &[precision, h1, h0, w1, w0, count] = chunk(content, 0)?;
        if precision != 8 {
            return Err(Refusal::Unsupported("it hasn't 8 bits a sample"));
        }
        if !self.components.is_empty() {
            return Err(JpegError::Garbage("two sizes in one picture".into()).into());
        }
        (self.width, self.height) =
            (u16::from_be_bytes([w1, w0]).into(), u16::from_be_bytes([h1, h0]).into());
        if self.width == 0 || self.height == 0 {
            return Err(JpegError::Empty(self.width as u32, self.height as u32).into());
        }
        if (self.width * self.height) as u64 > MAX_PIXELS {
            return Err(JpegError::TooLarge(self.width as u32, self.height as u32).into());
        }
        if !matches!(count, 1 | 3) {
            return Err(Refusal::Unsupported("it has neither one component nor three"));
        }
        for number in 0..usize::from(count) {
            let &[id, factors, quantiser] = chunk(content, 6 + 3 * number)?;
            let (across, down) = (usize::from(factors >> 4), usize::from(factors & 15));
            if quantiser > 3 {
                return Err(JpegError::Garbage("a table with an impossible number".into()).into());
            }
            // One component alone is never interleaved, whatever its factors say.
            let (across, down) = if count == 1 { (1, 1) } else { (across, down) };
            let sizes = 1..=2;
            if !sizes.contains(&across) || !sizes.contains(&down) {
                return Err(Refusal::Unsupported("its colours are subsampled in an unusual way"));
            }
            self.components.push(Component {
                id,
                across,
                down,
                quantiser: quantiser.into(),
                ..Component::default()
            });
        }
        // No colour is finer than the luma, and both are alike.
        if let [luma, cb, cr] = &self.components[..]
            && (cb.across > luma.across
                || cb.down > luma.down
                || (cb.across, cb.down) != (cr.across, cr.down))
        {
            return Err(Refusal::Unsupported("its colours are subsampled in an unusual way"));
        }
        Ok(())
    }

    /// Luma columns and rows for one of a colour; `None`: it is grey.
    pub fn subsampling(&self) -> Option<(usize, usize)> {
        let [luma, colour, _] = &self.components[..] else { return None };
        Some((luma.across / colour.across, luma.down / colour.down))
    }

    fn huffman_tables(&mut self, mut content: &'a [u8]) -> Result<(), Refusal> {
        while let Some((&class, rest)) = content.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(JpegError::Truncated)?;
            let sum = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(sum).ok_or(JpegError::Truncated)?;
            let tables = match class >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(corrupt("a Huffman table of no kind")),
            };
            let number = usize::from(class & 15);
            *tables.get_mut(number).ok_or_else(|| corrupt("a table with an impossible number"))? =
                Some(Codes { counts, symbols });
            content = rest;
        }
        Ok(())
    }

    fn quantisation_tables(&mut self, mut content: &[u8]) -> Result<(), Refusal> {
        while let Some((&kind, rest)) = content.split_first() {
            if kind >> 4 != 0 {
                return Err(Refusal::Unsupported("its quantisation tables have 16 bits"));
            }
            let number = usize::from(kind & 15);
            let (table, rest) = rest.split_first_chunk::<64>().ok_or(JpegError::Truncated)?;
            *self.quantisers.get_mut(number).ok_or_else(|| corrupt("a table with an impossible number"))? =
                Some(*table);
            content = rest;
        }
        Ok(())
    }

    fn scan(&mut self, content: &[u8]) -> Result<(), Refusal> {
        let &[count] = chunk(content, 0)?;
        if self.components.is_empty() {
            return Err(JpegError::Garbage("data before the size".into()).into());
        }
        if usize::from(count) != self.components.len() {
            return Err(Refusal::Unsupported("its colours come one after the other"));
        }
        for (number, component) in self.components.iter_mut().enumerate() {
            let &[id, tables] = chunk(content, 1 + 2 * number)?;
            if id != component.id {
                return Err(Refusal::Unsupported("its colours come in an unusual order"));
            }
            (component.dc, component.ac) = ((tables >> 4).into(), (tables & 15).into());
            if component.dc > 3 || component.ac > 3 {
                return Err(corrupt("a table with an impossible number"));
            }
        }
        let &[first, last, _] = chunk(content, 1 + 2 * usize::from(count))?;
        if (first, last) != (0, 63) {
            return Err(Refusal::Unsupported("it isn't coded as baseline JPEG"));
        }
        Ok(())
    }
}

/// `N` bytes at `at`, or the picture is cut off.
fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Result<&[u8; N], JpegError> {
    bytes.get(at..).and_then(<[u8]>::first_chunk).ok_or(JpegError::Truncated)
}
