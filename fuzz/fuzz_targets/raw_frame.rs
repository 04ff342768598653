//! A raw frame whose size, stride and data don't fit together, as a driver may deliver it.

#![no_main]

use edge_cctv::camera::{Frame, PixelFormat, Range};
use edge_cctv_fuzz::{is_slow, look};
use libfuzzer_sys::{Corpus, fuzz_target};
use std::time::Duration;

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((&[kind, w1, w0, h1, h0, s1, s0], data)) = data.split_first_chunk() else {
        return Corpus::Reject;
    };
    let format = match kind & 3 {
        0 => PixelFormat::Yuyv,
        1 => PixelFormat::Nv12,
        2 => PixelFormat::Grey,
        _ => PixelFormat::I420,
    };
    let range = if kind & 4 == 0 { Range::Full } else { Range::Limited };
    let number = |high, low| u32::from(u16::from_be_bytes([high, low]));
    let (width, height) = (number(w1, w0), number(h1, h0));
    if is_slow((width, height)) {
        return Corpus::Reject;
    }
    look(&Frame {
        sequence: 0,
        captured: Duration::ZERO,
        restarted: true,
        format,
        width,
        height,
        stride: number(s1, s0),
        range,
        data: data.into(),
    });
    Corpus::Keep
});
