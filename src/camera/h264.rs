//! OpenH264 as a decoder whose pictures tell which access unit they came from. Knows no container.
//!
//! The crate's own `decode` hands pictures out in the order that OpenH264 guesses to be that of showing, and
//! loses one where a call completes two. The container knows the order, so each access unit carries a tag here
//! that comes back with its picture. For that the crate's raw interface is needed.

pub mod sps;

use super::{Image, PixelFormat, Range};
use openh264::OpenH264API;
use openh264::decoder::{DecoderConfig, Flush};
use openh264_sys2::SBufferInfo;
use std::ptr::{null, null_mut};

/// Pictures that H.264 can hold back for reordering: its largest picture buffer (A.3.1, MaxDpbFrames).
pub const MOST_HELD_BACK: usize = 16;

/// A decoder for one stream, single-threaded.
pub struct Decoder {
    inner: openh264::decoder::Decoder,
}

impl Decoder {
    pub fn new() -> Result<Self, String> {
        // Threads stay at 0, which decodes in the calling thread; the trace stays quiet. Both are the defaults.
        let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
        let inner = openh264::decoder::Decoder::with_api_config(OpenH264API::from_source(), config)
            .map_err(|error| format!("the H.264 decoder can't be started: {error}"))?;
        Ok(Self { inner })
    }

    /// Decodes one access unit in Annex B form. Pictures that are complete now, of this unit or earlier ones,
    /// are appended to `out` with the tags of their units, as 4:2:0 in full range. `full_range` says that the
    /// stream's samples have it already.
    ///
    /// # Errors
    /// What is wrong with this unit. Pictures of earlier ones are in `out` all the same.
    pub fn decode(
        &mut self,
        unit: &[u8],
        tag: u64,
        full_range: bool,
        out: &mut Vec<(u64, Image)>,
    ) -> Result<(), String> {
        let length = i32::try_from(unit.len()).map_err(|_| "it is too large".to_string())?;
        let mut failed = 0;
        // The second call, without data, says that the unit is complete.
        for (source, length) in [(unit.as_ptr(), length), (null(), 0)] {
            let mut planes = [null_mut::<u8>(); 3];
            let mut info = SBufferInfo { uiInBsTimeStamp: tag, ..Default::default() };
            // SAFETY: `source` and `length` describe `unit` or nothing, `planes` has room for the three pointers
            // that are written, `info` is a valid SBufferInfo, and all outlive the call. The raw interface isn't
            // used to change parameters.
            failed |= unsafe {
                self.inner.raw_api().decode_frame2(source, length, planes.as_mut_ptr().cast(), &raw mut info)
            };
            // SAFETY: both come from the decoder, which wasn't called since.
            out.extend(unsafe { self.picture(planes, &info, full_range) });
        }
        if failed == 0 { Ok(()) } else { Err(words(failed as u32)) }
    }

    /// Appends the pictures that were held back for reordering, once all units were given.
    pub fn flush(&mut self, full_range: bool, out: &mut Vec<(u64, Image)>) {
        for _ in 0..MOST_HELD_BACK {
            let mut planes = [null_mut::<u8>(); 3];
            let mut info = SBufferInfo::default();
            // SAFETY: as in `decode`.
            unsafe { self.inner.raw_api().flush_frame(planes.as_mut_ptr().cast(), &raw mut info) };
            if info.iBufferStatus != 1 {
                break;
            }
            // SAFETY: both come from the decoder, which wasn't called since.
            out.extend(unsafe { self.picture(planes, &info, full_range) });
        }
    }

    /// The picture that a call gave, if it gave one, with its tag.
    ///
    /// # Safety
    /// `planes` and `info` are what the decoder's latest call wrote.
    unsafe fn picture(
        &self,
        planes: [*mut u8; 3],
        info: &SBufferInfo,
        full_range: bool,
    ) -> Option<(u64, Image)> {
        if info.iBufferStatus != 1 || planes.iter().any(|plane| plane.is_null()) {
            return None;
        }
        // SAFETY: it is the union's only member, and plain numbers.
        let buffer = unsafe { info.UsrData.sSystemBuffer };
        let layout = Layout::new(buffer.iWidth, buffer.iHeight, buffer.iStride)?;
        // SAFETY: with this status the planes have this layout and are valid until the next call.
        let image = unsafe { Self::copy(planes, layout, full_range) };
        Some((info.uiOutYuvTimeStamp, image))
    }

    /// Copies the decoder's planes together.
    ///
    /// # Safety
    /// `planes` point at 4:2:0 planes of this layout.
    unsafe fn copy(planes: [*mut u8; 3], layout: Layout, full_range: bool) -> Image {
        let Layout { width, height, luma_stride, chroma_stride } = layout;
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        let mut data = Vec::with_capacity(width * height + 2 * half_width * half_height);
        let chroma = (half_width, half_height, chroma_stride);
        let parts = [(width, height, luma_stride), chroma, chroma];
        for (plane, (width, height, stride)) in planes.into_iter().zip(parts) {
            for y in 0..height {
                // SAFETY: row `y` begins `y` strides after the plane's first sample and has `width` samples.
                let row = unsafe { std::slice::from_raw_parts(plane.add(y * stride), width) };
                data.extend_from_slice(row);
            }
        }
        let format = PixelFormat::I420;
        let range = if full_range { Range::Full } else { Range::Limited };
        Image { format, width: width as u32, height: height as u32, stride: width as u32, range, data }
    }
}

#[derive(Clone, Copy)]
struct Layout {
    width: usize,
    height: usize,
    luma_stride: usize,
    chroma_stride: usize,
}

impl Layout {
    /// `None` where the decoder's figures contradict each other.
    fn new(width: i32, height: i32, strides: [i32; 2]) -> Option<Self> {
        let size = |value: i32| usize::try_from(value).ok().filter(|&value| value > 0);
        let layout = Self {
            width: size(width)?,
            height: size(height)?,
            luma_stride: size(strides[0])?,
            chroma_stride: size(strides[1])?,
        };
        (layout.luma_stride >= layout.width && layout.chroma_stride >= layout.width.div_ceil(2))
            .then_some(layout)
    }
}

/// What OpenH264's error bits (DECODING_STATE in codec_app_def.h) mean.
fn words(state: u32) -> String {
    let reasons = [
        (0x02 | 0x08, "a frame that it builds on is missing"),
        (0x04, "its data is damaged"),
        (0x10, "the stream's parameters are missing or of an unsupported kind"),
        (0x20, "a part had to be guessed"),
        (0x4000, "there is not enough memory"),
    ];
    let found: Vec<_> = reasons.iter().filter(|(bits, _)| state & bits != 0).map(|(_, text)| *text).collect();
    if found.is_empty() { format!("the decoder refuses it (state {state:#x})") } else { found.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_an_error_and_no_picture() {
        let mut decoder = Decoder::new().unwrap();
        let mut random = fastrand::Rng::with_seed(3);
        let mut out = Vec::new();
        for tag in 0..100 {
            let mut unit = vec![0, 0, 0, 1, 0x65];
            unit.extend(std::iter::repeat_with(|| random.u8(..)).take(200));
            assert!(decoder.decode(&unit, tag, false, &mut out).is_err());
        }
        decoder.flush(false, &mut out);
        assert!(out.is_empty());
    }
}
