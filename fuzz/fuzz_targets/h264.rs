//! An H.264 stream in a sound MP4 file: parameter sets and decoder. The input is in Annex B form, with start codes of
//! three bytes: first the two parameter sets, then a frame each.

#![no_main]

use edge_cctv_fuzz::container::mp4;
use edge_cctv_fuzz::{file, play};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    let mut units = split(data).into_iter().filter(|unit| !unit.is_empty());
    let (Some(sps), Some(pps)) = (units.next(), units.next()) else { return Corpus::Reject };
    let frames: Vec<_> = units.collect();
    let Some(bytes) = mp4(sps, pps, &frames).filter(|_| !frames.is_empty()) else { return Corpus::Reject };
    play(&file("h264.mp4", &bytes))
});

/// What is between start codes.
fn split(data: &[u8]) -> Vec<&[u8]> {
    let mut units = Vec::new();
    let mut rest = data;
    while let Some(at) = rest.windows(3).position(|bytes| bytes == [0, 0, 1]) {
        units.push(&rest[..at]);
        rest = &rest[at + 3..];
    }
    units.push(rest);
    units
}
