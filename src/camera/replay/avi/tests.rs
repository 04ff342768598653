//! AVI files that are whole, unfinished and broken.

use super::*;
use std::io::Cursor;

fn chunk(id: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = [&id[..], &(content.len() as u32).to_le_bytes(), content].concat();
    if content.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

fn list(id: &[u8; 4], kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(id, &[&kind[..], &parts.concat()].concat())
}

fn stream(kind: &[u8; 4], codec: &[u8; 4], scale: u32, rate: u32) -> Vec<u8> {
    let mut strh = vec![0; 56];
    strh[..4].copy_from_slice(kind);
    strh[4..8].copy_from_slice(codec);
    strh[20..24].copy_from_slice(&scale.to_le_bytes());
    strh[24..28].copy_from_slice(&rate.to_le_bytes());
    let mut strf = vec![0; 40];
    strf[16..20].copy_from_slice(codec);
    list(b"LIST", b"strl", &[chunk(b"strh", &strh), chunk(b"strf", &strf)])
}

fn header(streams: &[Vec<u8>]) -> Vec<u8> {
    let mut avih = vec![0; 56];
    avih[..4].copy_from_slice(&40_000u32.to_le_bytes());
    list(b"LIST", b"hdrl", &[&[chunk(b"avih", &avih)], streams].concat())
}

fn mjpg() -> Vec<u8> {
    stream(b"vids", b"MJPG", 1001, 30_000)
}

fn frame(index: usize) -> Vec<u8> {
    // Odd and even lengths.
    let mut jpeg = jpeg::encoded(8 + index, 8, index as u8);
    jpeg.resize(400 + index, 0);
    jpeg
}

/// An AVI file with an index and four frames.
fn file() -> Vec<u8> {
    let frames: Vec<_> = (0..4).map(|index| chunk(b"00dc", &frame(index))).collect();
    list(b"RIFF", b"AVI ", &[header(&[mjpg()]), list(b"LIST", b"movi", &frames), chunk(b"idx1", &[0; 64])])
}

fn avi(bytes: &[u8]) -> Result<Avi<Cursor<Vec<u8>>>, CameraError> {
    Avi::new(Cursor::new(bytes.to_vec()), bytes.len() as u64, "test.avi".into())
}

/// The indices and contents of all frames that can be read.
fn frames(bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let Ok(mut avi) = avi(bytes) else { return Vec::new() };
    let mut frames = Vec::new();
    let mut steps = 0;
    while let Some(step) = avi.step().unwrap() {
        steps += 1;
        assert!(steps <= bytes.len(), "more frames than bytes");
        if let Ok(image) = avi.image() {
            assert!(image.data.len() <= bytes.len());
            frames.push((step.index, image.data));
        }
    }
    assert!(avi.step().unwrap().is_none(), "the end stays the end");
    frames
}

fn expected(indices: &[usize]) -> Vec<(u64, Vec<u8>)> {
    indices.iter().map(|&index| (index as u64, frame(index))).collect()
}

#[test]
fn frames_come_whole_in_order_and_with_their_times() {
    let bytes = file();
    assert_eq!(frames(&bytes), expected(&[0, 1, 2, 3]));
    let mut avi = avi(&bytes).unwrap();
    assert_eq!((avi.opened.width, avi.opened.height), (8, 8));
    assert!((avi.opened.fps.unwrap() - 29.97).abs() < 0.001);
    // Passing over frames unread, and starting again.
    for _ in 0..2 {
        avi.step().unwrap();
        avi.step().unwrap();
        let step = avi.step().unwrap().unwrap();
        assert_eq!((step.index, step.position.as_micros()), (2, 66_733));
        assert_eq!(avi.following().unwrap().as_micros(), 100_100);
        assert_eq!(avi.image().unwrap().data, frame(2));
        avi.rewind().unwrap();
    }
}

#[test]
fn other_streams_lists_and_opendml_segments_are_walked() {
    let sound = stream(b"auds", &[1, 0, 0, 0], 1, 8000);
    let bytes = [
        list(
            b"RIFF",
            b"AVI ",
            &[
                list(b"LIST", b"INFO", &[chunk(b"ISFT", b"test")]),
                header(&[sound, mjpg()]),
                chunk(b"JUNK", &[0; 31]),
                list(
                    b"LIST",
                    b"movi",
                    &[
                        chunk(b"ix01", &[0; 24]),
                        list(b"LIST", b"rec ", &[chunk(b"00wb", &[1; 9]), chunk(b"01dc", &frame(0))]),
                        chunk(b"00dc", b"another stream's"),
                        chunk(b"01dc", b""),
                        chunk(b"01db", &frame(2)),
                    ],
                ),
                chunk(b"idx1", &[0; 16]),
            ],
        ),
        list(b"RIFF", b"AVIX", &[list(b"LIST", b"movi", &[chunk(b"01dc", &frame(3))])]),
    ]
    .concat();
    // The empty chunk is frame 1, lost in recording.
    assert_eq!(frames(&bytes), expected(&[0, 2, 3]));
}

#[test]
fn a_recording_that_was_never_closed_is_read() {
    let mut bytes = file();
    bytes.truncate(bytes.len() - 72);
    bytes[4..8].fill(0);
    let movi = bytes.windows(4).position(|bytes| bytes == b"movi").unwrap();
    bytes[movi - 4..movi].fill(0);
    assert_eq!(frames(&bytes), expected(&[0, 1, 2, 3]));
}

#[test]
fn every_truncation_gives_the_frames_before_it() {
    let bytes = file();
    let whole = expected(&[0, 1, 2, 3]);
    let ends: Vec<_> = whole
        .iter()
        .map(|(_, jpeg)| bytes.windows(jpeg.len()).position(|bytes| bytes == jpeg).unwrap() + jpeg.len())
        .collect();
    for end in 0..bytes.len() {
        let complete = ends.iter().filter(|&&frame_end| frame_end <= end).count();
        assert_eq!(frames(&bytes[..end]), whole[..complete], "cut at {end}");
    }
}

#[test]
fn flipped_bits_cost_single_frames_and_never_panic() {
    let bytes = file();
    let movi = bytes.windows(4).position(|bytes| bytes == b"movi").unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..1000 {
        let mut bytes = bytes.clone();
        for _ in 0..random.usize(1..20) {
            let at = random.usize(0..bytes.len());
            bytes[at] ^= 1 << random.u8(0..8);
        }
        frames(&bytes);
    }
    let originals = expected(&[0, 1, 2, 3]);
    for at in movi + 4..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x40;
        let frames = frames(&bytes);
        let whole =
            originals.iter().filter(|(_, jpeg)| frames.iter().any(|(_, found)| found == jpeg)).count();
        // A wrong size spoils its own frame and may swallow the next one's header.
        assert!(whole >= 2, "a flip at {at} left {whole} whole frames");
    }
}

#[test]
fn garbage_never_panics_or_loops() {
    let mut random = fastrand::Rng::with_seed(8);
    for _ in 0..200 {
        let head = file()[..random.usize(0..500)].to_vec();
        let garbage = std::iter::repeat_with(|| random.u8(..)).take(5000).collect();
        frames(&[head, garbage].concat());
    }
    // Sizes of 2^32-1 everywhere.
    let mut bytes = file();
    let end = bytes.len();
    let movi = bytes.windows(4).position(|bytes| bytes == b"movi").unwrap();
    bytes[movi + 8..end].fill(0xff);
    assert!(frames(&bytes).is_empty());
}

#[test]
fn what_cannot_be_read_is_refused_in_words() {
    let words = |bytes: &[u8]| match avi(bytes) {
        Err(CameraError::Lost(text)) => text,
        _ => panic!("opened"),
    };
    let with = |stream, frames: &[Vec<u8>]| {
        list(b"RIFF", b"AVI ", &[header(&[stream]), list(b"LIST", b"movi", frames)])
    };
    let h264 = with(stream(b"vids", b"H264", 1, 25), &[]);
    assert!(words(&h264).contains("'H264'") && words(&h264).contains("MJPEG in .avi"));
    assert!(words(&with(stream(b"auds", b"MJPG", 1, 25), &[])).contains("no video"));
    assert!(words(&with(mjpg(), &[])).contains("no frame"));
    assert!(words(&with(mjpg(), &[chunk(b"00dc", b"not a picture")])).contains("no JPEG"));
    assert!(words(&list(b"RIFF", b"AVI ", &[header(&[mjpg()])])).contains("movi"));
}

#[test]
fn an_impossible_rate_gives_way_to_the_next_best() {
    for (scale, rate, fps) in [(0, 0, 25.0), (1, u32::MAX, 25.0), (u32::MAX, 1, 25.0), (2, 25, 12.5)] {
        let movi = list(b"LIST", b"movi", &[chunk(b"00dc", &frame(0))]);
        let bytes = list(b"RIFF", b"AVI ", &[header(&[stream(b"vids", b"mjpg", scale, rate)]), movi]);
        assert_eq!(avi(&bytes).unwrap().opened.fps, Some(fps));
    }
    assert_eq!(Rate::checked(1, 1).unwrap().position(u64::MAX), Duration::from_nanos(u64::MAX));
}
