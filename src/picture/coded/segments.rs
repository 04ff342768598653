//! Entropy-coded data between restart markers, with the stuffing taken out (T.81, B.1.1.5).

use super::bits::SLACK;
use super::{Refusal, corrupt};
use crate::picture::jpeg::JpegError;

/// The data of one picture; kept from picture to picture for its memory.
#[derive(Default)]
pub struct Segments {
    /// All of them, and [`SLACK`] bytes.
    pub bytes: Vec<u8>,
    /// Where each ends.
    pub ends: Vec<usize>,
}

impl Segments {
    /// Takes the data from `bytes`, which go on to the picture's end.
    ///
    /// # Errors
    /// The end marker is missing, or something else comes before it.
    pub fn read(&mut self, mut bytes: &[u8]) -> Result<(), Refusal> {
        self.bytes.clear();
        self.ends.clear();
        self.bytes.reserve(bytes.len() + SLACK);
        loop {
            let Some(at) = memchr::memchr(0xff, bytes) else { return Err(JpegError::Truncated.into()) };
            self.bytes.extend_from_slice(&bytes[..at]);
            let Some(&marker) = bytes.get(at + 1) else { return Err(JpegError::Truncated.into()) };
            match marker {
                0x00 => self.bytes.push(0xff),
                0xff => {
                    // Fill bytes before a marker.
                    bytes = &bytes[at + 1..];
                    continue;
                }
                0xd0..=0xd7 => {
                    if self.ends.len() % 8 != usize::from(marker & 7) {
                        return Err(corrupt("a restart marker is missing"));
                    }
                    self.ends.push(self.bytes.len());
                }
                0xd9 => {
                    self.ends.push(self.bytes.len());
                    self.bytes.extend_from_slice(&[0; SLACK]);
                    return Ok(());
                }
                // More tables, more scans, the number of lines: not of baseline with interleaved colours.
                0xc4 | 0xda | 0xdb | 0xdc => return Err(Refusal::Unsupported("it has more than one scan")),
                _ => return Err(corrupt("a marker within the data")),
            }
            bytes = &bytes[at + 2..];
        }
    }
}
