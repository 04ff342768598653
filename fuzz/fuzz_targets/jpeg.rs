//! A camera's JPEG picture, on all its ways: analysis at each scale, drawing and sending on.

#![no_main]

use edge_cctv::camera::{Frame, PixelFormat, Range};
use edge_cctv::picture::jpeg;
use edge_cctv_fuzz::{is_slow, look};
use libfuzzer_sys::{Corpus, fuzz_target};
use std::time::Duration;

fuzz_target!(|data: &[u8]| -> Corpus {
    let header = jpeg::header(data);
    if header.as_ref().is_ok_and(|size| is_slow(*size)) {
        return Corpus::Reject;
    }
    if let Ok(picture) = jpeg::decode(data) {
        let size = (picture.luma.width as u32, picture.luma.height as u32);
        assert_eq!(Ok(size), header, "the header's size isn't the picture's");
    }
    let (width, height) = header.unwrap_or_default();
    look(&Frame {
        sequence: 0,
        captured: Duration::ZERO,
        restarted: true,
        format: PixelFormat::Jpeg,
        width,
        height,
        stride: 0,
        range: Range::Full,
        data: data.into(),
    });
    Corpus::Keep
});
