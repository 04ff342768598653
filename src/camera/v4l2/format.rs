//! Which of a device's formats is taken, and how many bytes a frame of it has. Knows no device.

use super::driver::{FourCc, Layout, Offer, name};
use crate::camera::PixelFormat;

/// The formats that are understood, the best first. MJPG: the camera's own pictures are passed on, and USB carries
/// large ones only so. Then the raw ones, colour before grey.
pub const PREFERENCE: [FourCc; 6] = [*b"MJPG", *b"JPEG", *b"YUYV", *b"NV12", *b"YU12", *b"GREY"];

/// Larger ones are a driver's nonsense, and their number of bytes might not fit.
const MAX_SIDE_PX: u32 = 16_384;

pub fn understood(fourcc: FourCc) -> Option<PixelFormat> {
    match &fourcc {
        b"MJPG" | b"JPEG" => Some(PixelFormat::Jpeg),
        b"YUYV" => Some(PixelFormat::Yuyv),
        b"NV12" => Some(PixelFormat::Nv12),
        b"YU12" => Some(PixelFormat::I420),
        b"GREY" => Some(PixelFormat::Grey),
        _ => None,
    }
}

/// Those of `formats` to try, in their order. A driver that lists none is tried with all.
pub fn candidates(offers: &[Offer], formats: &[FourCc]) -> Vec<FourCc> {
    let offered = |fourcc| offers.is_empty() || offers.iter().any(|offer| offer.fourcc == fourcc);
    formats.iter().copied().filter(|fourcc| offered(*fourcc)).collect()
}

/// Why none of a device's formats can be used, for people.
pub fn unusable(offers: &[Offer]) -> String {
    // The kernel's descriptions of all raw sensor formats say "Bayer" (v4l2-ioctl.c).
    if !offers.is_empty() && offers.iter().all(|offer| offer.description.contains("Bayer")) {
        return "it is a bare image sensor: its raw (Bayer) data must be processed by libcamera, which this \
                program doesn't use. Use a USB camera"
            .into();
    }
    let mut names: Vec<_> = offers.iter().map(|offer| name(offer.fourcc)).collect();
    names.truncate(12);
    format!(
        "it offers none of the formats MJPG, JPEG, YUYV, NV12, YU12 and GREY, only {}",
        if names.is_empty() { "unknown ones".into() } else { names.join(", ") }
    )
}

/// How a frame lies in the driver's buffer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameLayout {
    pub format: PixelFormat,
    pub width: u32,
    pub height: u32,
    /// As in [`crate::camera::Frame`].
    pub stride: u32,
    /// Bytes of a frame; `None` if each has its own number (JPEG).
    pub length: Option<usize>,
}

impl FrameLayout {
    /// Checks what the driver answered; the error says what is senseless about it.
    pub fn new(layout: &Layout) -> Result<Self, String> {
        let Layout { fourcc, width, height, stride } = *layout;
        let format = understood(fourcc).ok_or_else(|| format!("the driver chose {}", name(fourcc)))?;
        if width == 0 || height == 0 || width > MAX_SIDE_PX || height > MAX_SIDE_PX {
            return Err(format!("the driver's picture size {width}x{height} is senseless"));
        }
        let least = match format {
            PixelFormat::Jpeg => {
                return Ok(Self { format, width, height, stride: 0, length: None });
            }
            PixelFormat::Yuyv => width.div_ceil(2) * 4,
            PixelFormat::Nv12 => width.next_multiple_of(2),
            PixelFormat::I420 | PixelFormat::Grey => width,
        };
        // Some drivers leave it 0.
        let stride = stride.max(least);
        if stride > least + MAX_SIDE_PX {
            return Err(format!("the driver's line of {stride} bytes is senseless for {width} pixels"));
        }
        let (line, lines, chroma_lines) = (stride as usize, height as usize, height.div_ceil(2) as usize);
        let length = match format {
            PixelFormat::Nv12 => line * (lines + chroma_lines),
            PixelFormat::I420 => line * lines + 2 * line.div_ceil(2) * chroma_lines,
            _ => line * lines,
        };
        Ok(Self { format, width, height, stride, length: Some(length) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(names: &[&[u8; 4]]) -> Vec<Offer> {
        names.iter().map(|fourcc| Offer { fourcc: **fourcc, description: String::new() }).collect()
    }

    fn layout(fourcc: &[u8; 4], width: u32, height: u32, stride: u32) -> Layout {
        Layout { fourcc: *fourcc, width, height, stride }
    }

    #[test]
    fn motion_jpeg_comes_first_and_unknown_formats_never() {
        assert_eq!(candidates(&offers(&[b"H264", b"YUYV", b"MJPG"]), &PREFERENCE), [*b"MJPG", *b"YUYV"]);
        assert_eq!(candidates(&offers(&[b"GREY", b"NV12"]), &PREFERENCE), [*b"NV12", *b"GREY"]);
        assert!(candidates(&offers(&[b"H264"]), &PREFERENCE).is_empty());
    }

    #[test]
    fn each_preferred_format_is_understood() {
        assert!(PREFERENCE.iter().all(|fourcc| understood(*fourcc).is_some()));
    }

    #[test]
    fn a_driver_that_lists_nothing_is_tried_with_all_formats() {
        assert_eq!(candidates(&[], &PREFERENCE), PREFERENCE);
    }

    #[test]
    fn a_bare_sensor_is_told_from_other_unusable_devices() {
        let bayer = Offer { fourcc: *b"pRAA", description: "10-bit Bayer RGRG/GBGB Packed".into() };
        assert!(unusable(&[bayer]).contains("libcamera"));
        let text = unusable(&offers(&[b"H264", b"HEVC"]));
        assert!(text.contains("only H264, HEVC") && !text.contains("libcamera"), "{text}");
    }

    #[test]
    fn raw_frames_have_the_length_of_their_lines() {
        let length = |fourcc, width, height, stride| {
            FrameLayout::new(&layout(fourcc, width, height, stride)).expect("sensible").length
        };
        assert_eq!(length(b"YUYV", 640, 480, 1280), Some(614_400));
        assert_eq!(length(b"YUYV", 640, 480, 1344), Some(645_120));
        assert_eq!(length(b"NV12", 640, 480, 640), Some(460_800));
        assert_eq!(length(b"NV12", 640, 361, 640), Some(640 * (361 + 181)));
        assert_eq!(length(b"YU12", 640, 480, 640), Some(460_800));
        assert_eq!(length(b"GREY", 640, 480, 640), Some(307_200));
        assert_eq!(length(b"MJPG", 640, 480, 0), None);
    }

    #[test]
    fn a_missing_stride_is_worked_out() {
        let found = FrameLayout::new(&layout(b"YUYV", 641, 480, 0)).expect("sensible");
        assert_eq!((found.stride, found.length), (1284, Some(1284 * 480)));
    }

    #[test]
    fn senseless_answers_are_refused() {
        for (fourcc, width, height, stride) in [
            (b"YUYV", 0, 480, 0),
            (b"MJPG", 640, 0, 0),
            (b"GREY", 70_000, 2, 0),
            (b"GREY", 640, 480, u32::MAX),
        ] {
            assert!(
                FrameLayout::new(&layout(fourcc, width, height, stride)).is_err(),
                "{width}x{height} {stride}"
            );
        }
        assert!(FrameLayout::new(&layout(b"H264", 640, 480, 0)).expect_err("unknown").contains("H264"));
    }
}
