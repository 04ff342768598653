//! A camera's Huffman tables, which are always the same: made once, and again when they change.

use super::header::{Codes, Component, Header};
use super::huffman::{AcTable, DcTable};
use super::{Refusal, standard};
use crate::picture::jpeg::JpegError;

/// White and black are 1024 from grey. What is much further comes from bits that are out of step.
const FURTHEST: i32 = 1536;

#[derive(Default)]
pub struct Tables {
    dc: [Cached<DcTable>; 4],
    ac: [Cached<AcTable>; 4],
}

/// One block of a unit.
pub struct Block<'a> {
    pub component: usize,
    pub dc: &'a DcTable,
    pub ac: &'a AcTable,
    /// The first coefficient isn't further from 0.
    pub furthest: i32,
    /// Its place among the unit's blocks of its component.
    pub x: usize,
    pub y: usize,
}

impl Tables {
    /// Takes those of a picture, or the standard's if it has none.
    ///
    /// # Errors
    /// They are damaged.
    pub fn take(&mut self, header: &Header) -> Result<(), Refusal> {
        let bare = header.has_no_tables();
        for component in &header.components {
            let (dc, ac) = (component.dc, component.ac);
            let (dc_codes, ac_codes) = if bare {
                (standard::DC.get(dc).copied(), standard::AC.get(ac).copied())
            } else {
                (header.dc[dc], header.ac[ac])
            };
            self.dc[dc].take(dc_codes, DcTable::new)?;
            self.ac[ac].take(ac_codes, AcTable::new)?;
        }
        Ok(())
    }

    /// The blocks of a unit in their order.
    ///
    /// # Errors
    /// A table is missing.
    pub fn unit(&self, header: &Header) -> Result<Vec<Block<'_>>, Refusal> {
        let mut blocks = Vec::with_capacity(6);
        for (number, component) in header.components.iter().enumerate() {
            let quantiser = quantiser(header, *component)?;
            let block = |x, y| -> Result<Block<'_>, Refusal> {
                Ok(Block {
                    component: number,
                    dc: self.dc[component.dc].table()?,
                    ac: self.ac[component.ac].table()?,
                    furthest: FURTHEST / i32::from(quantiser[0]).max(1),
                    x,
                    y,
                })
            };
            for place in 0..component.across * component.down {
                blocks.push(block(place % component.across, place / component.across)?);
            }
        }
        Ok(blocks)
    }
}

/// # Errors
/// It is missing.
pub fn quantiser<'a>(header: &'a Header, component: Component) -> Result<&'a [u8; 64], Refusal> {
    let table = header.quantisers[component.quantiser].as_ref();
    table.ok_or_else(|| JpegError::Garbage("a quantisation table is missing".into()).into())
}

/// A table with what it was made from.
struct Cached<T>(Option<(Vec<u8>, T)>);

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Cached<T> {
    fn take(
        &mut self,
        codes: Option<Codes>,
        make: impl FnOnce(Codes) -> Result<T, Refusal>,
    ) -> Result<(), Refusal> {
        let Some(codes) = codes else {
            self.0 = None;
            return Ok(());
        };
        let is = |(key, _): &(Vec<u8>, T)| key[..16] == codes.counts[..] && key[16..] == *codes.symbols;
        if !self.0.as_ref().is_some_and(is) {
            self.0 = None;
            self.0 = Some(([&codes.counts[..], codes.symbols].concat(), make(codes)?));
        }
        Ok(())
    }

    fn table(&self) -> Result<&T, Refusal> {
        let table = self.0.as_ref().map(|(_, table)| table);
        table.ok_or(Refusal::Unsupported("a Huffman table is missing"))
    }
}
