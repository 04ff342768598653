//! Finds JPEG pictures in a stream of bytes, which is all that `multipart/x-mixed-replace` is.
//!
//! Boundaries aren't looked at: cameras announce others than they send, with and without `--`, in quotes or not. A
//! picture says itself where it ends (ITU-T T.81, annex B), and only where its end marker is missing is
//! `Content-Length` believed.

use crate::camera::MAX_FRAME_BYTES;
use memchr::memmem;

/// Between two pictures there is a boundary and a few header lines.
const MOST_BETWEEN: usize = 1 << 20;

/// As much of the text before a picture is searched for its length.
const HEAD_BYTES: usize = 4096;

/// What was found: a picture's bytes, or why there is one that can't be used.
pub type Found = Result<Vec<u8>, String>;

/// Where in the stream it is.
enum Place {
    Between,
    /// All before `at` is seen. `entropy`: in coded data, where only markers end it. `announced`: the header's length.
    Inside {
        at: usize,
        entropy: bool,
        announced: Option<usize>,
    },
}

pub struct Pictures {
    /// What isn't done with; inside a picture it begins with it.
    buffer: Vec<u8>,
    place: Place,
    /// Bytes passed over since the last picture.
    between: usize,
}

/// One step inside a picture.
enum Step {
    /// All that is there has been seen.
    More,
    /// It ends after so many bytes.
    End(usize),
    /// It breaks off, and another one begins here.
    Cut(usize),
}

impl Pictures {
    pub fn new() -> Self {
        Self { buffer: Vec::new(), place: Place::Between, between: 0 }
    }

    /// Takes the next bytes of the stream and appends what is complete with them.
    ///
    /// # Errors
    /// This is no stream of pictures.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Found>) -> Result<(), String> {
        self.buffer.extend_from_slice(bytes);
        loop {
            match self.place {
                Place::Between => match memmem::find(&self.buffer, &[0xff, 0xd8, 0xff]) {
                    Some(start) => self.begin(start),
                    None => return self.pass_over(),
                },
                Place::Inside { .. } => match self.step() {
                    Step::More if self.buffer.len() as u64 > MAX_FRAME_BYTES => {
                        return Err(format!("a picture has more than {} MB", MAX_FRAME_BYTES >> 20));
                    }
                    Step::More => return Ok(()),
                    Step::End(length) => {
                        let rest = self.buffer.split_off(length);
                        out.push(Ok(std::mem::replace(&mut self.buffer, rest)));
                        self.place = Place::Between;
                        self.between = 0;
                    }
                    Step::Cut(at) => {
                        out.push(Err("a picture breaks off".into()));
                        self.begin(at);
                    }
                },
            }
        }
    }

    fn begin(&mut self, start: usize) {
        let announced = announced(&self.buffer[start.saturating_sub(HEAD_BYTES)..start]);
        self.buffer.drain(..start);
        self.place = Place::Inside { at: 2, entropy: false, announced };
    }

    /// Keeps what may be the header of the next picture.
    fn pass_over(&mut self) -> Result<(), String> {
        let passed = self.buffer.len().saturating_sub(HEAD_BYTES);
        self.buffer.drain(..passed);
        self.between += passed;
        if self.between > MOST_BETWEEN {
            return Err("its stream holds no JPEG pictures".into());
        }
        Ok(())
    }

    fn step(&mut self) -> Step {
        let Place::Inside { at, entropy, announced } = &mut self.place else { return Step::More };
        let buffer = &self.buffer;
        loop {
            if *entropy {
                let found = buffer.get(*at..).and_then(|rest| memchr::memchr(0xff, rest));
                *at = found.map_or(buffer.len().max(*at), |found| *at + found);
            }
            // The end that was announced is behind, and the picture's own wasn't there.
            if let Some(length) = *announced
                && *at >= length
            {
                let Some(after) = buffer.get(length..length + 4) else { return Step::More };
                if after.starts_with(b"--") || after == b"\r\n--" || after.starts_with(b"\n--") {
                    return Step::End(length);
                }
                *announced = None;
            }
            let Some(&[lead, marker]) = buffer.get(*at..*at + 2) else { return Step::More };
            if lead != 0xff {
                // Not where a marker should be: the next one may tell more.
                *entropy = true;
                continue;
            }
            match marker {
                // A fill byte.
                0xff => *at += 1,
                // A coded 0xff, or a marker without content.
                0x00 | 0x01 | 0xd0..=0xd7 => *at += 2,
                0xd8 => return Step::Cut(*at),
                0xd9 => return Step::End(*at + 2),
                _ => {
                    let Some(&[high, low]) = buffer.get(*at + 2..*at + 4) else { return Step::More };
                    *at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
                    // Coded data follows its header (SOS) only.
                    *entropy = marker == 0xda;
                }
            }
        }
    }
}

/// The length in the last header of this text.
fn announced(text: &[u8]) -> Option<usize> {
    let text = text.to_ascii_lowercase();
    let name = b"content-length:";
    let value = &text[memmem::rfind(&text, name)? + name.len()..];
    let line = value.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    let length = std::str::from_utf8(line).ok()?.trim().parse().ok()?;
    (4..=MAX_FRAME_BYTES as usize).contains(&length).then_some(length)
}

#[cfg(test)]
mod tests;
