//! JPEG in and out, as planes. Knows nothing of cameras, and never makes an RGB picture of a YCbCr one.
//!
//! Cameras deliver broken pictures all the time (a lost USB packet, a half-written file), and libjpeg would rather
//! show something than complain. A smear looks like motion, so missing or misread data are an error here. A single
//! wrong bit after which the bit stream finds its step again can't be noticed: JPEG has no check sum.

mod unwind;

use super::plane::Plane;
use super::{Chroma, Picture};
use mozjpeg::decompress::DecompressStarted;
use mozjpeg::{ColorSpace, Compress, Decompress};
use std::ffi::c_int;
use std::io;
use unwind::{error_manager, guarded};

/// Largest picture that is decoded, in pixels: 4K has 8.3 million. A progressive 4:4:4 picture takes 9 bytes a
/// pixel while it is decoded, so this keeps a forged header from asking for more than 110 MB on a 512 MB board.
pub const MAX_PIXELS: u64 = 12_000_000;

/// Most scans of a progressive picture. Encoders write about 10; each scan costs a pass over the whole picture,
/// so a small forged file could otherwise keep a core busy for minutes.
const MAX_SCANS: usize = 64;

/// Why a picture can't be used. The texts are for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JpegError {
    #[error("the JPEG picture is cut off: its end is missing")]
    Truncated,
    #[error("not a JPEG picture: {0}")]
    Garbage(String),
    #[error("the JPEG picture's data are damaged: {0}")]
    Corrupt(String),
    #[error("the JPEG picture has no size ({0}x{1})")]
    Empty(u32, u32),
    #[error("the JPEG picture is too large: {0}x{1}, at most {MAX_PIXELS} pixels are decoded")]
    TooLarge(u32, u32),
    #[error("a form of JPEG that is not supported: {0}")]
    Unsupported(String),
    #[error("the picture can't be encoded as JPEG: {0}")]
    Encode(String),
}

impl JpegError {
    /// Short and stable, for a counter's label.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Garbage(_) => "garbage",
            Self::Corrupt(_) => "corrupt data",
            Self::Empty(..) => "empty",
            Self::TooLarge(..) => "too large",
            Self::Unsupported(_) => "unsupported",
            Self::Encode(_) => "encode",
        }
    }
}

/// Width and height in pixels, from the header alone: costs a look at a few markers, whatever the picture's size.
/// The picture may still be damaged behind its header; see [`is_whole`] for the cheap part of that.
pub fn header(bytes: &[u8]) -> Result<(u32, u32), JpegError> {
    let frame = frame_header(bytes)?;
    Ok((frame.width, frame.height))
}

/// The end marker is there. Zeros after it are padding, which some drivers leave in.
pub fn is_whole(bytes: &[u8]) -> bool {
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    bytes[..end].ends_with(&[0xff, 0xd9])
}

/// What the start-of-frame marker says.
struct FrameHeader {
    width: u32,
    height: u32,
    progressive: bool,
}

fn frame_header(bytes: &[u8]) -> Result<FrameHeader, JpegError> {
    if bytes.is_empty() {
        return Err(JpegError::Garbage("no data".into()));
    }
    if !bytes.starts_with(&[0xff, 0xd8]) {
        return Err(JpegError::Garbage("it doesn't begin with FF D8".into()));
    }
    let mut rest = &bytes[2..];
    loop {
        let Some((&[lead, marker], after)) = rest.split_first_chunk() else {
            return Err(JpegError::Truncated);
        };
        if lead != 0xff {
            return Err(JpegError::Garbage("no marker where one must be".into()));
        }
        match marker {
            // fill byte before a marker
            0xff => rest = &rest[1..],
            // markers without content
            0x01 | 0xd0..=0xd7 => rest = after,
            0x00 | 0xd8 | 0xd9 | 0xda => {
                return Err(JpegError::Garbage(format!("marker {marker:02X} before the size")));
            }
            _ => {
                let Some((length, content)) = after.split_first_chunk() else {
                    return Err(JpegError::Truncated);
                };
                let Some(length) = usize::from(u16::from_be_bytes(*length)).checked_sub(2) else {
                    return Err(JpegError::Garbage(format!("marker {marker:02X} with an impossible length")));
                };
                if content.len() < length {
                    return Err(JpegError::Truncated);
                }
                // C4, C8 and CC are tables among the start-of-frame markers
                if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
                    return start_of_frame(marker, &content[..length]);
                }
                rest = &content[length..];
            }
        }
    }
}

fn start_of_frame(marker: u8, content: &[u8]) -> Result<FrameHeader, JpegError> {
    let &[precision, h1, h0, w1, w0, ..] = content else {
        return Err(JpegError::Garbage("the start-of-frame marker is too short".into()));
    };
    let (width, height) = (u32::from(u16::from_be_bytes([w1, w0])), u32::from(u16::from_be_bytes([h1, h0])));
    if !matches!(marker, 0xc0..=0xc2) {
        return Err(JpegError::Unsupported("lossless, hierarchical or arithmetic coding".into()));
    }
    if precision != 8 {
        return Err(JpegError::Unsupported(format!("{precision} bits a sample")));
    }
    if width == 0 || height == 0 {
        return Err(JpegError::Empty(width, height));
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(JpegError::TooLarge(width, height));
    }
    Ok(FrameHeader { width, height, progressive: marker == 0xc2 })
}

/// The luma plane alone, scaled down by 1, 2, 4 or 8 while decoding: `ceil(size / denominator)`.
/// Cheaper than [`decode`]: colour is skipped over, and a scaled block needs a smaller transform.
pub fn decode_luma(bytes: &[u8], denominator: u32) -> Result<Plane, JpegError> {
    if !matches!(denominator, 1 | 2 | 4 | 8) {
        return Err(JpegError::Unsupported(format!(
            "scaling by 1/{denominator}; 1, 2, 4 and 8 are possible"
        )));
    }
    guarded(|| {
        let mut decoder = open(bytes)?;
        decoder.scale((8 / denominator) as u8);
        scanlines(decoder.grayscale().map_err(unreadable)?, 1)
    })
}

/// All planes, with the colour subsampled as it is in the file. Subsampling by other factors than 1 and 2 comes
/// out as 4:4:4; RGB-coded files are converted.
pub fn decode(bytes: &[u8]) -> Result<Picture, JpegError> {
    guarded(|| {
        let decoder = open(bytes)?;
        match (decoder.color_space(), subsampling(&decoder)) {
            (ColorSpace::JCS_YCbCr, Some(subsampling)) => raw_planes(decoder, subsampling),
            _ => interleaved(decoder),
        }
    })
}

/// All planes, scaled down by 2, 4 or 8 while decoding, as far as at least `least` (columns, rows) are left. Then colour comes
/// out as 4:4:4.
pub fn decode_small(bytes: &[u8], least: (usize, usize)) -> Result<Picture, JpegError> {
    let (width, height) = header(bytes)?;
    let leaves = |denominator: &u32| {
        let left = |size: u32| size.div_ceil(*denominator) as usize;
        left(width) >= least.0 && left(height) >= least.1
    };
    let Some(denominator) = [8, 4, 2].into_iter().find(leaves) else { return decode(bytes) };
    guarded(|| {
        let mut decoder = open(bytes)?;
        decoder.scale((8 / denominator) as u8);
        interleaved(decoder)
    })
}

/// One JPEG picture with the planes' own subsampling and the standard Huffman tables. `quality`: 1..=100.
pub fn encode(picture: &Picture, quality: u8) -> Result<Vec<u8>, JpegError> {
    let (width, height) = (picture.luma.width, picture.luma.height);
    check(picture)?;
    guarded(|| {
        let space = if picture.chroma.is_some() { ColorSpace::JCS_YCbCr } else { ColorSpace::JCS_GRAYSCALE };
        let mut encoder = Compress::new(space);
        encoder.set_size(width, height);
        // The crate's own defaults aim at smallest files and take 50 times as long.
        encoder.set_fastest_defaults();
        encoder.set_quality(f32::from(quality.clamp(1, 100)));
        encoder.set_raw_data_in(true);
        for (index, component) in encoder.components_mut().iter_mut().enumerate() {
            let (h, v) = match &picture.chroma {
                Some(chroma) if index == 0 => (chroma.horizontal, chroma.vertical),
                _ => (1, 1),
            };
            (component.h_samp_factor, component.v_samp_factor) = (h as c_int, v as c_int);
        }
        let mut started = encoder.start_compress(Vec::new()).map_err(unwritable)?;
        let luma = whole_blocks(&picture.luma);
        let written = match &picture.chroma {
            None => started.write_raw_data(&[&*luma]),
            Some(chroma) => {
                started.write_raw_data(&[&*luma, &*whole_blocks(&chroma.cb), &*whole_blocks(&chroma.cr)])
            }
        };
        if !written {
            return Err(JpegError::Encode("libjpeg took no data".into()));
        }
        started.finish().map_err(unwritable)
    })
    .map_err(|error| match error {
        JpegError::Encode(_) => error,
        other => JpegError::Encode(other.to_string()),
    })
}

/// A picture as its maker promises it: sizes fit together and can be written into a JPEG header.
fn check(picture: &Picture) -> Result<(), JpegError> {
    let fits = |plane: &Plane, width: usize, height: usize| {
        (plane.width, plane.height) == (width, height) && plane.data.len() == width * height
    };
    let (width, height) = (picture.luma.width, picture.luma.height);
    // libjpeg's limit (JPEG_MAX_DIMENSION), a little under the header's 65535
    if width == 0 || height == 0 || width > 65_500 || height > 65_500 {
        return Err(JpegError::Encode(format!("its size is {width}x{height}")));
    }
    let whole = fits(&picture.luma, width, height)
        && picture.chroma.as_ref().is_none_or(|chroma| {
            let (h, v) = (chroma.horizontal, chroma.vertical);
            matches!((h, v), (1 | 2, 1 | 2))
                && fits(&chroma.cb, width.div_ceil(h), height.div_ceil(v))
                && fits(&chroma.cr, width.div_ceil(h), height.div_ceil(v))
        });
    if whole { Ok(()) } else { Err(JpegError::Encode("the sizes of its planes don't fit together".into())) }
}

/// The plane's samples in whole blocks of 8x8, the last column and row repeated where needed.
fn whole_blocks(plane: &Plane) -> std::borrow::Cow<'_, [u8]> {
    let (width, height) = (plane.width.next_multiple_of(8), plane.height.next_multiple_of(8));
    if (width, height) == (plane.width, plane.height) {
        return (&plane.data).into();
    }
    let mut padded = Vec::with_capacity(width * height);
    for y in 0..height {
        let row = plane.row(y.min(plane.height - 1));
        padded.extend_from_slice(row);
        padded.resize((y + 1) * width, row[plane.width - 1]);
    }
    padded.into()
}

/// A decoder that has read the header, which was found acceptable.
fn open(bytes: &[u8]) -> Result<Decompress<&[u8]>, JpegError> {
    let frame = frame_header(bytes)?;
    if !is_whole(bytes) {
        return Err(JpegError::Truncated);
    }
    if frame.progressive && bytes.windows(2).filter(|pair| pair == &[0xff, 0xda]).count() > MAX_SCANS {
        return Err(JpegError::Unsupported(format!("more than {MAX_SCANS} scans")));
    }
    let decoder = Decompress::with_err(error_manager()).from_mem(bytes).map_err(unreadable)?;
    if decoder.size() != (frame.width as usize, frame.height as usize) {
        return Err(JpegError::Garbage("two different sizes in one picture".into()));
    }
    Ok(decoder)
}

fn unreadable(error: io::Error) -> JpegError {
    JpegError::Garbage(error.to_string())
}

fn unwritable(error: io::Error) -> JpegError {
    JpegError::Encode(error.to_string())
}

/// Reads interleaved samples: a plane `channels` times as wide as the picture.
fn scanlines(mut started: DecompressStarted<&[u8]>, channels: usize) -> Result<Plane, JpegError> {
    let (width, height) = (started.width() * channels, started.height());
    let data = started.read_scanlines::<u8>().map_err(unreadable)?;
    started.finish().map_err(unreadable)?;
    if data.len() != width * height {
        return Err(JpegError::Truncated);
    }
    Ok(Plane { width, height, data })
}

/// Grey, or colour as 4:4:4.
fn interleaved(decoder: Decompress<&[u8]>) -> Result<Picture, JpegError> {
    match decoder.color_space() {
        ColorSpace::JCS_GRAYSCALE => {
            let luma = scanlines(decoder.grayscale().map_err(unreadable)?, 1)?;
            Ok(Picture { luma, chroma: None })
        }
        ColorSpace::JCS_YCbCr => {
            let wide = scanlines(decoder.to_colorspace(ColorSpace::JCS_YCbCr).map_err(unreadable)?, 3)?;
            Ok(split(&wide, |ycc| ycc))
        }
        ColorSpace::JCS_RGB => {
            let wide = scanlines(decoder.rgb().map_err(unreadable)?, 3)?;
            Ok(split(&wide, rgb_to_ycc))
        }
        _ => Err(JpegError::Unsupported("CMYK or unknown colours".into())),
    }
}

/// Luma samples for one chroma sample across and down, where the planes can be taken as they are.
fn subsampling(decoder: &Decompress<&[u8]>) -> Option<(usize, usize)> {
    let [luma, cb, cr] = decoder.components() else { return None };
    let ratio = |luma: c_int, chroma: c_int| match (luma, chroma) {
        (1, 1) | (2, 2) => Some(1),
        (2, 1) => Some(2),
        _ => None,
    };
    let (horizontal, vertical) =
        (ratio(luma.h_samp_factor, cb.h_samp_factor)?, ratio(luma.v_samp_factor, cb.v_samp_factor)?);
    let alike = (cb.h_samp_factor, cb.v_samp_factor) == (cr.h_samp_factor, cr.v_samp_factor);
    alike.then_some((horizontal, vertical))
}

fn raw_planes(decoder: Decompress<&[u8]>, subsampling: (usize, usize)) -> Result<Picture, JpegError> {
    let ((width, height), (horizontal, vertical)) = (decoder.size(), subsampling);
    let mut started = decoder.raw().map_err(unreadable)?;
    let strides: Vec<usize> = started.components().iter().map(mozjpeg::CompInfoExt::row_stride).collect();
    // libjpeg writes whole rows of blocks, up to 16 lines more than the picture has.
    let room = |stride: usize, lines: usize| Vec::with_capacity(stride * (lines + 16));
    let &[ys, cbs, crs] = strides.as_slice() else {
        return Err(JpegError::Unsupported(format!("{} components", strides.len())));
    };
    let chroma_height = height.div_ceil(vertical);
    let (mut y, mut cb, mut cr) = (room(ys, height), room(cbs, chroma_height), room(crs, chroma_height));
    started.read_raw_data(&mut [&mut y, &mut cb, &mut cr]);
    started.finish().map_err(unreadable)?;
    let (cw, ch) = (width.div_ceil(horizontal), chroma_height);
    Ok(Picture {
        luma: crop(y, ys, width, height)?,
        chroma: Some(Chroma { cb: crop(cb, cbs, cw, ch)?, cr: crop(cr, crs, cw, ch)?, horizontal, vertical }),
    })
}

/// Cuts the padding off a plane that was read in whole blocks.
fn crop(mut data: Vec<u8>, stride: usize, width: usize, height: usize) -> Result<Plane, JpegError> {
    if stride < width || data.len() < stride * height {
        return Err(JpegError::Garbage("its planes are smaller than the picture".into()));
    }
    if stride > width {
        for y in 1..height {
            data.copy_within(y * stride..y * stride + width, y * width);
        }
    }
    data.truncate(width * height);
    Ok(Plane { width, height, data })
}

/// Interleaved triples as a 4:4:4 picture.
fn split(wide: &Plane, convert: impl Fn([u8; 3]) -> [u8; 3]) -> Picture {
    let (width, height) = (wide.width / 3, wide.height);
    let mut luma = Plane::new(width, height, 0);
    let (mut cb, mut cr) = (luma.clone(), luma.clone());
    let targets = luma.data.iter_mut().zip(&mut cb.data).zip(&mut cr.data);
    for (((y, cb), cr), triple) in targets.zip(wide.data.chunks_exact(3)) {
        [*y, *cb, *cr] = convert([triple[0], triple[1], triple[2]]);
    }
    Picture { luma, chroma: Some(Chroma { cb, cr, horizontal: 1, vertical: 1 }) }
}

/// JFIF 1.02: BT.601 in full range, in 16-bit fixed point.
fn rgb_to_ycc([r, g, b]: [u8; 3]) -> [u8; 3] {
    let (r, g, b) = (i32::from(r), i32::from(g), i32::from(b));
    let fixed = |sum: i32, offset: i32| (((sum + 32_768) >> 16) + offset).clamp(0, 255) as u8;
    [
        fixed(19_595 * r + 38_470 * g + 7_471 * b, 0),
        fixed(-11_059 * r - 21_709 * g + 32_768 * b, 128),
        fixed(32_768 * r - 27_439 * g - 5_329 * b, 128),
    ]
}

#[cfg(test)]
pub mod tests;
