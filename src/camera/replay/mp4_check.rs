//! Looks an MP4 file's boxes over before `re_mp4` reads them: that crate believes sizes and counts, and would
//! loop for ever over a box of size 0 or take memory for billions of claimed samples.
//! (ISO/IEC 14496-12, in which a file is a tree of boxes: size, name, content.)

use std::io::{self, Read, Seek, SeekFrom};

/// Largest index (`moov`): about two weeks at 25 frames a second.
const MAX_INDEX_BYTES: u64 = 512 << 20;

/// Boxes of boxes, with the bytes of their content before the first inner box.
const CONTAINERS: [(&[u8; 4], u64); 16] = [
    (b"moov", 0),
    (b"trak", 0),
    (b"mdia", 0),
    (b"minf", 0),
    (b"dinf", 0),
    (b"stbl", 0),
    (b"edts", 0),
    (b"mvex", 0),
    (b"moof", 0),
    (b"traf", 0),
    // Version, flags and the number of entries; then a visual sample entry's own fields (8.5.2, 12.1.3).
    (b"stsd", 8),
    (b"avc1", 78),
    (b"hvc1", 78),
    (b"hev1", 78),
    (b"av01", 78),
    (b"vp09", 78),
];

/// What the look found.
pub(super) struct Checked {
    /// Where the last box ends by its own account; behind the file's end if the file is cut off.
    pub end: u64,
}

/// Checks the index of a file of `length` bytes. The error says what is wrong with the file.
pub(super) fn check<R: Read + Seek>(reader: &mut R, length: u64) -> io::Result<Result<Checked, String>> {
    let mut at = 0;
    let mut index = false;
    // What is left behind the last box, too short for one, is nobody's.
    while at + 8 <= length {
        let Some(header) = Header::read(reader, at, length)? else {
            return Ok(Err(format!("it is damaged at byte {at}")));
        };
        if header.end == at {
            // Size 0: the rest of the file. re_mp4 stops there as well.
            at = length;
            break;
        }
        if &header.name == b"moov" || &header.name == b"moof" {
            index |= &header.name == b"moov";
            if header.end > length {
                return Ok(Err("it is cut off in its index".into()));
            }
            if header.end - at > MAX_INDEX_BYTES {
                return Ok(Err(format!("its index of {} bytes is too large", header.end - at)));
            }
            if let Err(text) = container(reader, &header, length, 0)? {
                return Ok(Err(text));
            }
        }
        at = header.end;
    }
    if !index {
        return Ok(Err("it has no index (moov): the recording was not finished, or is cut off".into()));
    }
    Ok(Ok(Checked { end: at.max(length) }))
}

struct Header {
    name: [u8; 4],
    /// Of the content.
    start: u64,
    /// Equal to the box's own beginning for a size of 0.
    end: u64,
}

impl Header {
    /// The box at `at`; `None` if it can't be one.
    fn read<R: Read + Seek>(reader: &mut R, at: u64, parent_end: u64) -> io::Result<Option<Self>> {
        if parent_end.saturating_sub(at) < 8 {
            return Ok(None);
        }
        reader.seek(SeekFrom::Start(at))?;
        let [a, b, c, d, name @ ..] = numbers::<8, R>(reader)?;
        let (mut size, mut start) = (u64::from(u32::from_be_bytes([a, b, c, d])), at + 8);
        if size == 1 {
            if parent_end - at < 16 {
                return Ok(None);
            }
            size = u64::from_be_bytes(numbers::<8, R>(reader)?);
            start = at + 16;
            if size < 16 {
                return Ok(None);
            }
        } else if size != 0 && size < 8 {
            return Ok(None);
        }
        // More than half of what a file offset can be is no size.
        let end = at.checked_add(size).filter(|&end| end < u64::MAX / 2);
        Ok(end.map(|end| Self { name, start, end }))
    }
}

fn numbers<const N: usize, R: Read>(reader: &mut R) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Looks at all boxes within one.
fn container<R: Read + Seek>(
    reader: &mut R,
    outer: &Header,
    length: u64,
    depth: u32,
) -> io::Result<Result<(), String>> {
    let skip = CONTAINERS.iter().find(|(name, _)| **name == outer.name).map_or(0, |(_, skip)| *skip);
    let mut at = outer.start + skip;
    while at < outer.end {
        let damaged = || Ok(Err(format!("its index is damaged at byte {at}")));
        let Some(inner) = Header::read(reader, at, outer.end)? else {
            // Up to 4 bytes of zeros at the end of a list are QuickTime's custom.
            return if outer.end - at <= 4 { Ok(Ok(())) } else { damaged() };
        };
        if inner.end <= at || inner.end > outer.end {
            return damaged();
        }
        if let Some(count) = claimed_samples(reader, &inner)? {
            // A sample has one byte at least.
            if count > length {
                return Ok(Err(format!("its index claims {count} frames, more than the file has bytes")));
            }
        }
        if CONTAINERS.iter().any(|(name, _)| **name == inner.name) {
            if depth > 8 {
                return damaged();
            }
            if let Err(text) = container(reader, &inner, length, depth + 1)? {
                return Ok(Err(text));
            }
        }
        at = inner.end;
    }
    Ok(Ok(()))
}

/// The number of samples where a box gives one without listing them.
fn claimed_samples<R: Read + Seek>(reader: &mut R, inner: &Header) -> io::Result<Option<u64>> {
    let content = inner.end - inner.start;
    reader.seek(SeekFrom::Start(inner.start))?;
    Ok(match &inner.name {
        b"stsz" if content >= 12 => {
            let [_, _, _, _, count @ ..] = {
                let [_, _, _, _, rest @ ..] = numbers::<12, R>(reader)?;
                rest
            };
            Some(u32::from_be_bytes(count).into())
        }
        b"trun" if content >= 8 => {
            let [_, _, _, _, count @ ..] = numbers::<8, R>(reader)?;
            Some(u32::from_be_bytes(count).into())
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32 + 8).to_be_bytes()[..], name, content].concat()
    }

    fn checked(bytes: &[u8]) -> Result<u64, String> {
        check(&mut Cursor::new(bytes), bytes.len() as u64).unwrap().map(|checked| checked.end)
    }

    #[test]
    fn a_sound_tree_passes() {
        let moov = boxed(b"moov", &boxed(b"trak", &boxed(b"tkhd", &[0; 20])));
        let file = [boxed(b"ftyp", b"isom"), moov, boxed(b"mdat", &[1; 50])].concat();
        assert_eq!(checked(&file), Ok(file.len() as u64));
        // A faststart file that is cut off in its data.
        assert_eq!(checked(&file[..file.len() - 20]), Ok(file.len() as u64));
        assert!(checked(&file[..40]).unwrap_err().contains("cut off"));
        assert!(checked(&file[..12]).unwrap_err().contains("not finished"));
    }

    #[test]
    fn boxes_of_size_zero_or_larger_than_their_parent_are_refused() {
        for size in [0u32, 1, 7, 200, u32::MAX] {
            let mut inner = boxed(b"trak", &[0; 20]);
            inner[..4].copy_from_slice(&size.to_be_bytes());
            let error = checked(&boxed(b"moov", &inner)).unwrap_err();
            assert!(error.contains("damaged"), "{size}: {error}");
        }
    }

    #[test]
    fn claimed_samples_are_held_against_the_file() {
        let stsz = boxed(b"stsz", &[0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]);
        let moov = boxed(b"moov", &boxed(b"trak", &boxed(b"mdia", &boxed(b"minf", &boxed(b"stbl", &stsz)))));
        assert!(checked(&moov).unwrap_err().contains("4294967295 frames"));
        let trun = boxed(b"trun", &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
        let file = [boxed(b"moov", &[]), boxed(b"moof", &boxed(b"traf", &trun))].concat();
        assert!(checked(&file).unwrap_err().contains("4294967295 frames"));
    }
}
