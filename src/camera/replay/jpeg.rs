//! What a JPEG file's header says, without decoding it.

/// Width and height in pixels from the frame header (SOF, ITU-T T.81 B.2.2); `None` if these bytes are no JPEG
/// picture or break off before it.
pub(super) fn size(data: &[u8]) -> Option<(u32, u32)> {
    let mut rest = data.strip_prefix(&[0xff, 0xd8])?;
    loop {
        rest = rest.strip_prefix(&[0xff])?;
        // A marker may be preceded by any number of fill bytes.
        while let Some(after) = rest.strip_prefix(&[0xff]) {
            rest = after;
        }
        let (&marker, after) = rest.split_first()?;
        rest = after;
        match marker {
            // TEM, RSTn and a second SOI have no length.
            0x01 | 0xd0..=0xd8 => continue,
            // The picture's data or its end, and no frame header before it.
            0x00 | 0xd9 | 0xda => return None,
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?]));
        let segment = rest.get(2..length)?;
        rest = &rest[length..];
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let &[_, h1, h0, w1, w0, ..] = segment else { return None };
            let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
            return (width > 0 && height > 0).then_some((width.into(), height.into()));
        }
    }
}

/// A small JPEG picture, one grey value, for the tests of all formats.
#[cfg(test)]
pub(super) fn encoded(width: usize, height: usize, value: u8) -> Vec<u8> {
    let mut compress = mozjpeg::Compress::new(mozjpeg::ColorSpace::JCS_GRAYSCALE);
    compress.set_size(width, height);
    let mut compress = compress.start_compress(Vec::new()).unwrap();
    compress.write_scanlines(&vec![value; width * height]).unwrap();
    compress.finish().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_found_and_no_truncation_panics() {
        let jpeg = encoded(33, 17, 90);
        assert_eq!(size(&jpeg), Some((33, 17)));
        let sof = (0..jpeg.len()).find(|&end| size(&jpeg[..end]).is_some()).unwrap();
        assert!(sof < jpeg.len() / 2 + 100);
        for end in 0..sof {
            assert_eq!(size(&jpeg[..end]), None);
        }
    }

    #[test]
    fn what_is_no_picture_has_no_size() {
        for bytes in [
            &b""[..],
            b"\xff",
            b"\xff\xd8",
            b"\xff\xd8\xff\xd9",
            b"\xff\xd8\xff\xff\xff",
            b"\xff\xd8\xff\xe0\0\0\xff\xc0",
            b"\xff\xd8\xff\xe0\0\x01\xff\xc0",
            b"\xff\xd8\xff\xc0\0\x07\x08\0\0\0\0",
            b"\x89PNG\r\n\x1a\n",
        ] {
            assert_eq!(size(bytes), None, "{bytes:?}");
        }
    }
}
