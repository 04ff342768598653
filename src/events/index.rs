//! Finds what a clip holds, whether it was ended or cut off. Knows the clips of this program, not MP4 at large; and a damaged file
//! gives an error or less than it had, never more work than its length is worth.

use super::clip::RECORD;
use super::record::Event;
use mp4_atom::{Atom, Moof, Moov, Uuid};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Boxes that are read whole have at most so many bytes: an hour's index has fewer.
const MOST_BOX_BYTES: u64 = 4 << 20;

/// What a clip holds.
#[derive(Debug)]
pub struct Index {
    /// To read samples from.
    pub file: File,
    /// Of its pictures, in pixels.
    pub width: u32,
    pub height: u32,
    pub moov: Moov,
    /// Where that is, with its head, and how long.
    pub moov_place: (u64, u64),
    /// Where the box is that players seek with, with its head, and how long; only a clip that was ended has it.
    pub seeking: Option<(u64, u64)>,
    pub samples: Vec<Placed>,
    /// What was written of the event last.
    pub event: Option<Event>,
    /// Bytes up to the end of the last whole box.
    pub length: u64,
}

/// One picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    pub offset: u64,
    pub size: u32,
    /// How long it is shown.
    pub ticks: u32,
}

impl Index {
    /// # Errors
    /// The file can't be read, or isn't one of ours.
    pub fn read(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let end = file.metadata()?.len();
        let mut index = Self {
            file,
            width: 0,
            height: 0,
            moov: Moov::default(),
            moov_place: (0, 0),
            seeking: None,
            samples: Vec::new(),
            event: None,
            length: 0,
        };
        let mut waiting: Option<Vec<Placed>> = None;
        while let Some((kind, at, length)) = index.next_box(end)? {
            let body = |index: &Self| index.bytes(at, length);
            let place = (index.length, length + 8);
            index.seeking = (&kind == b"mfra").then_some(place);
            match &kind {
                b"moov" => {
                    index.moov_place = place;
                    index.take_moov(&body(&index)?)?;
                }
                b"moof" => waiting = Some(placed(&body(&index)?, index.length)?),
                // Only now are the pictures there that the box before told of.
                b"mdat" => {
                    let whole = |placed: &Placed| {
                        placed.offset >= at
                            && placed
                                .offset
                                .checked_add(placed.size.into())
                                .is_some_and(|end| end <= at + length)
                    };
                    let samples = waiting.take().filter(|samples| samples.iter().all(whole));
                    index.samples.extend(samples.ok_or_else(|| invalid("pictures are where none can be"))?);
                }
                b"uuid" => {
                    let bytes = body(&index)?;
                    if let Ok(Uuid::Unknown(RECORD, text)) = Uuid::decode_body(&mut bytes.as_slice()) {
                        index.event = Some(serde_json::from_slice(&text)?);
                    }
                }
                _ => {}
            }
            index.length = at + length;
        }
        if index.width == 0 || index.height == 0 {
            return Err(invalid("it has no pictures' size"));
        }
        Ok(index)
    }

    /// In ticks.
    pub fn duration(&self) -> u64 {
        self.samples.iter().map(|sample| u64::from(sample.ticks)).sum()
    }

    /// One picture's bytes.
    pub fn sample(&self, placed: Placed) -> io::Result<Vec<u8>> {
        self.bytes(placed.offset, placed.size.into())
    }

    /// The kind of the next box, and where its content is; `None` at the end and where it is cut off.
    fn next_box(&self, end: u64) -> io::Result<Option<([u8; 4], u64, u64)>> {
        let at = self.length;
        if end.saturating_sub(at) < 8 {
            return Ok(None);
        }
        let mut head = [0; 8];
        self.file.read_exact_at(&mut head, at)?;
        let ([l0, l1, l2, l3, kind @ ..], at) = (head, at + 8);
        let length = u64::from(u32::from_be_bytes([l0, l1, l2, l3]));
        // Our boxes are never longer than 32 bits tell; what is written in vain has any length.
        let Some(length) = length.checked_sub(8).filter(|length| at + length <= end) else { return Ok(None) };
        Ok(Some((kind, at, length)))
    }

    fn bytes(&self, at: u64, length: u64) -> io::Result<Vec<u8>> {
        if length > MOST_BOX_BYTES {
            return Err(invalid("a box is too long"));
        }
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    }

    fn take_moov(&mut self, body: &[u8]) -> io::Result<()> {
        self.moov = Moov::decode_body(&mut &*body).map_err(|error| invalid(&error.to_string()))?;
        let tkhd = &self.moov.trak.first().ok_or_else(|| invalid("it has no pictures"))?.tkhd;
        (self.width, self.height) = (tkhd.width.integer().into(), tkhd.height.integer().into());
        Ok(())
    }
}

/// Where the pictures of a fragment are, whose first box begins at `at`.
fn placed(body: &[u8], at: u64) -> io::Result<Vec<Placed>> {
    let moof = Moof::decode_body(&mut &*body).map_err(|error| invalid(&error.to_string()))?;
    let mut placed = Vec::new();
    for run in moof.traf.iter().flat_map(|traf| &traf.trun) {
        let offset = run.data_offset.and_then(|offset| at.checked_add_signed(offset.into()));
        let mut offset = offset.ok_or_else(|| invalid("pictures have no place"))?;
        for entry in run.samples.iter() {
            let (Some(size), Some(ticks)) = (entry.size, entry.duration) else {
                return Err(invalid("a picture has no size"));
            };
            placed.push(Placed { offset, size, ticks });
            offset = offset.checked_add(size.into()).ok_or_else(|| invalid("a picture is too long"))?;
        }
    }
    Ok(placed)
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("it isn't a clip of this program: {why}"))
}
