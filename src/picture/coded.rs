//! A camera's own JPEG bytes as they are: what they say is read from the coefficients, without making a picture of them.
//! Huffman decoding is most of what JPEG costs; one pass of it is enough for analysis, for integrity and for the index by
//! which single blocks are found again.
//!
//! Baseline pictures with interleaved components (ITU-T T.81), as cameras make them. All else is
//! [`Refusal::Unsupported`], and for libjpeg ([`jpeg`](super::jpeg)).

mod bits;
mod canvas;
mod cosine;
mod header;
mod huffman;
mod scan;
mod segments;
mod standard;
mod tables;
mod transform;

pub use canvas::{Canvas, Splicer};
pub use scan::{Index, Scanner};
pub use transform::Scale;

use super::jpeg::JpegError;
use header::Header;

/// Why a picture isn't read here. The texts are for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A form of JPEG that libjpeg can read.
    #[error("{0}")]
    Unsupported(&'static str),
    /// It can't be used.
    #[error(transparent)]
    Broken(#[from] JpegError),
}

/// A camera's picture as others can read it: with the standard's Huffman tables if it has none, and without the zeros
/// that some drivers leave behind it.
pub fn complete(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1));
    if Header::read(&bytes).is_ok_and(|header| header.has_no_tables()) {
        standard::insert(&mut bytes);
    }
    bytes
}

fn corrupt(what: &str) -> Refusal {
    Refusal::Broken(JpegError::Corrupt(what.into()))
}

#[cfg(test)]
mod tests;
