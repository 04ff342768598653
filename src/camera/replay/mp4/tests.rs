//! Files made here: OpenH264's own encoder and a small muxer.

use super::*;
use crate::camera::{PixelFormat, Range};
use openh264::OpenH264API;
use openh264::encoder::{Encoder, EncoderConfig, IntraFramePeriod, RateControlMode, VuiConfig};
use openh264::formats::YUVSlices;
use std::io::Cursor;

const WIDTH: usize = 50;
const HEIGHT: usize = 38;
/// Every fourth frame can be decoded without others.
const PERIOD: u32 = 4;
/// The third frame stays three times as long.
const DURATIONS: [u32; 12] = [100, 100, 300, 100, 100, 100, 100, 100, 100, 100, 100, 100];

fn luma(index: usize, x: usize) -> u8 {
    (40 + 10 * index + x) as u8
}

/// SPS, PPS, and the frames as NAL units with lengths before them.
fn encoded(full_range: bool) -> (Vec<u8>, Vec<u8>, Vec<Vec<u8>>) {
    let config = EncoderConfig::new()
        .intra_frame_period(IntraFramePeriod::from_num_frames(PERIOD))
        .rate_control_mode(RateControlMode::Off)
        .vui(VuiConfig::bt709().full_range(full_range));
    let mut encoder = Encoder::with_api_config(OpenH264API::from_source(), config).unwrap();
    let (mut sps, mut pps, mut frames) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..DURATIONS.len() {
        let y: Vec<u8> = (0..WIDTH * HEIGHT).map(|at| luma(index, at % WIDTH)).collect();
        let chroma = vec![128 + 40; WIDTH * HEIGHT / 4];
        let picture = YUVSlices::new((&y, &chroma, &chroma), (WIDTH, HEIGHT), (WIDTH, WIDTH / 2, WIDTH / 2));
        let stream = encoder.encode(&picture).unwrap();
        let mut frame = Vec::new();
        for layer in (0..stream.num_layers()).filter_map(|layer| stream.layer(layer)) {
            for nal in (0..layer.nal_count()).filter_map(|nal| layer.nal_unit(nal)) {
                let nal = nal.strip_prefix(&[0, 0, 0, 1]).unwrap();
                match nal[0] & 0x1f {
                    7 => sps = nal.to_vec(),
                    8 => pps = nal.to_vec(),
                    _ => frame.extend([&(nal.len() as u32).to_be_bytes()[..], nal].concat()),
                }
            }
        }
        frames.push(frame);
    }
    (sps, pps, frames)
}

fn boxed(name: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    [&(content.len() as u32 + 8).to_be_bytes()[..], name, &content].concat()
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

/// An MP4 file; `offset` of the first frame is found by making the index twice.
fn muxed(sps: &[u8], pps: &[u8], frames: &[Vec<u8>], index_first: bool) -> Vec<u8> {
    let ftyp = boxed(b"ftyp", &[b"isom", &[0; 4], b"isom"]);
    let mdat = boxed(b"mdat", &[&frames.concat()]);
    let index = |offset: usize| {
        let length = |nal: &[u8]| (nal.len() as u16).to_be_bytes();
        let avcc =
            boxed(b"avcC", &[&[1], &sps[1..4], &[0xff, 0xe1], &length(sps), sps, &[1], &length(pps), pps]);
        let mut entry = vec![0; 78];
        entry[7] = 1;
        entry[24..26].copy_from_slice(&(WIDTH as u16).to_be_bytes());
        entry[26..28].copy_from_slice(&(HEIGHT as u16).to_be_bytes());
        let stsd = boxed(b"stsd", &[&words(&[0, 1]), &boxed(b"avc1", &[&entry, &avcc])]);
        let runs: Vec<u32> = DURATIONS.iter().flat_map(|&duration| [1, duration]).collect();
        let sizes: Vec<u32> = frames.iter().map(|frame| frame.len() as u32).collect();
        let count = frames.len() as u32;
        let tables = [
            boxed(b"stts", &[&words(&[0, count]), &words(&runs)]),
            boxed(b"stsc", &[&words(&[0, 1, 1, count, 1])]),
            boxed(b"stsz", &[&words(&[0, 0, count]), &words(&sizes)]),
            boxed(b"stco", &[&words(&[0, 1, offset as u32])]),
        ]
        .concat();
        let dref = boxed(b"dref", &[&words(&[0, 1]), &boxed(b"url ", &[&words(&[1])])]);
        let minf = boxed(
            b"minf",
            &[&boxed(b"vmhd", &[&[0; 12]]), &boxed(b"dinf", &[&dref]), &boxed(b"stbl", &[&stsd, &tables])],
        );
        let duration = DURATIONS.iter().sum();
        let mdhd = boxed(b"mdhd", &[&words(&[0, 0, 0, 1000, duration, 0])]);
        let hdlr = boxed(b"hdlr", &[&[0; 8], b"vide", &[0; 13]]);
        let tkhd = boxed(b"tkhd", &[&words(&[7, 0, 0, 1, 0, duration]), &[0; 60]]);
        let trak = boxed(b"trak", &[&tkhd, &boxed(b"mdia", &[&mdhd, &hdlr, &minf])]);
        let mvhd = boxed(b"mvhd", &[&words(&[0, 0, 0, 1000, duration]), &[0; 80]]);
        boxed(b"moov", &[&mvhd, &trak])
    };
    if index_first {
        let moov = index(index(0).len() + ftyp.len() + 8);
        [ftyp, moov, mdat].concat()
    } else {
        let moov = index(ftyp.len() + 8);
        [ftyp, mdat, moov].concat()
    }
}

fn file(full_range: bool, index_first: bool) -> Vec<u8> {
    let (sps, pps, frames) = encoded(full_range);
    muxed(&sps, &pps, &frames, index_first)
}

fn opened(bytes: &[u8]) -> Result<Mp4<Cursor<Vec<u8>>>, CameraError> {
    Mp4::new(Cursor::new(bytes.to_vec()), bytes.len() as u64, "test.mp4".into())
}

/// All frames to the end: position in ms, and the picture if there is one.
fn played(mp4: &mut Mp4<Cursor<Vec<u8>>>) -> Vec<(u128, Result<Image, String>)> {
    let mut frames = Vec::new();
    while let Some(step) = mp4.step().unwrap() {
        assert_eq!(step.index, frames.len() as u64);
        let image = mp4.image().map_err(|error| error.to_string());
        frames.push((step.position.as_millis(), image));
    }
    frames
}

fn mean_difference(image: &Image, index: usize) -> f32 {
    let pixels = image.data[..WIDTH * HEIGHT].iter().enumerate();
    let expected = |at: usize| f32::from(luma(index, at % WIDTH));
    pixels.map(|(at, &pixel)| (f32::from(pixel) - expected(at)).abs()).sum::<f32>() / (WIDTH * HEIGHT) as f32
}

#[test]
fn cropped_frames_come_out_at_their_times_and_say_their_range() {
    for (full_range, index_first) in [(false, true), (true, false)] {
        let mut mp4 = opened(&file(full_range, index_first)).unwrap();
        let about = mp4.opened().clone();
        assert_eq!((about.width, about.height, about.format.as_str()), (50, 38, "H.264"));
        for _ in 0..2 {
            let frames = played(&mut mp4);
            let times: Vec<_> = frames.iter().map(|frame| frame.0).collect();
            assert_eq!(times, [0, 100, 200, 500, 600, 700, 800, 900, 1000, 1100, 1200, 1300]);
            for (index, (_, image)) in frames.into_iter().enumerate() {
                let image = image.unwrap();
                assert_eq!((image.format, image.width, image.height), (PixelFormat::I420, 50, 38));
                assert_eq!(image.data.len(), 50 * 38 + 2 * 25 * 19);
                let difference = mean_difference(&image, index);
                assert!(difference < 3.0, "frame {index}, full range {full_range}: off by {difference}");
                assert_eq!(image.range, if full_range { Range::Full } else { Range::Limited });
                let planes = &image.data[50 * 38..];
                let off: u32 = planes.iter().map(|value| u32::from(value.abs_diff(168))).sum();
                let off = off as f32 / planes.len() as f32;
                assert!(off < 2.0, "frame {index}, full range {full_range}: chroma off by {off}");
            }
            mp4.rewind().unwrap();
        }
    }
}

#[test]
fn a_damaged_frame_is_broken_and_later_ones_are_played() {
    let (sps, pps, mut frames) = encoded(false);
    frames[5][4..].fill(0xff);
    let mut mp4 = opened(&muxed(&sps, &pps, &frames, true)).unwrap();
    let frames = played(&mut mp4);
    assert_eq!(frames.len(), 12);
    let error = frames[5].1.as_ref().unwrap_err();
    assert!(error.starts_with("frame 5: "), "{error}");
    for index in [0, 1, 2, 3, 4, 8, 9, 10, 11] {
        let image = frames[index].1.as_ref().unwrap();
        assert!(mean_difference(image, index) < 3.0, "frame {index}");
    }
}

#[test]
fn a_silent_decoder_does_not_take_the_whole_file_in_one_go() {
    let (sps, pps, mut frames) = encoded(false);
    // An access unit delimiter alone: sound, and no picture.
    frames.iter_mut().for_each(|frame| *frame = vec![0, 0, 0, 2, 9, 0xf0]);
    let mut mp4 = opened(&muxed(&sps, &pps, &frames, true)).unwrap();
    let sample = mp4.samples[0];
    mp4.samples = (0..1000).map(|rank| Sample { rank, ..sample }).collect();
    mp4.showing = (0..1000).map(|index| (index, Duration::from_millis(index as u64))).collect();
    mp4.step().unwrap();
    assert!(mp4.image().is_err());
    assert!(mp4.next < 50, "{} samples taken for one frame", mp4.next);
    assert_eq!(played_on(&mut mp4), 999);
}

fn played_on(mp4: &mut Mp4<Cursor<Vec<u8>>>) -> usize {
    std::iter::from_fn(|| mp4.step().unwrap()).count()
}

#[test]
fn a_file_cut_off_behind_its_index_ends_where_its_data_end() {
    let bytes = file(false, true);
    let mut mp4 = opened(&bytes[..bytes.len() - 10]).unwrap();
    let frames = played(&mut mp4);
    assert_eq!(frames.len(), 11);
    assert!(frames.iter().all(|frame| frame.1.is_ok()));
}

#[test]
fn every_truncation_plays_or_is_refused() {
    for index_first in [true, false] {
        let bytes = file(false, index_first);
        for end in (0..bytes.len()).step_by(7) {
            match opened(&bytes[..end]) {
                Ok(mut mp4) => assert!(index_first && played(&mut mp4).len() <= 12),
                Err(CameraError::Lost(text)) => assert!(text.starts_with("test.mp4: ")),
                Err(other) => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn flipped_bits_are_survived() {
    let bytes = file(false, true);
    let index = 0..bytes.windows(4).position(|bytes| bytes == b"mdat").unwrap();
    let mut random = fastrand::Rng::with_seed(5);
    let mut played_through = 0;
    for round in 0..600 {
        let mut bytes = bytes.clone();
        let place = if round % 2 == 0 { index.clone() } else { 0..bytes.len() };
        for _ in 0..random.usize(1..4) {
            bytes[random.usize(place.clone())] ^= 1 << random.u8(0..8);
        }
        if let Ok(mut mp4) = opened(&bytes) {
            played(&mut mp4);
            played_through += 1;
        }
    }
    assert!(played_through > 100, "{played_through}: the flips never reach the frames");
}

#[test]
fn other_codecs_are_named() {
    let mut bytes = file(false, true);
    let at = bytes.windows(4).position(|bytes| bytes == b"avc1").unwrap();
    bytes[at..at + 4].copy_from_slice(b"mp4v");
    match opened(&bytes) {
        Err(CameraError::Lost(text)) => {
            assert!(text.contains("mp4v") && text.contains("H.264 in .mp4"), "{text}")
        }
        _ => panic!("opened"),
    }
}

#[test]
fn nal_lengths_are_held_against_the_data() {
    let annex_b = |data: &[u8], size| {
        let mut unit = Vec::new();
        append_annex_b(data, size, &mut unit, |_| ()).map(|()| unit)
    };
    assert_eq!(annex_b(&[0, 2, 8, 9, 0, 0, 0, 1, 7], 2).unwrap(), [0, 0, 0, 1, 8, 9, 0, 0, 0, 1, 7]);
    assert_eq!(annex_b(&[1, 5], 1).unwrap(), [0, 0, 0, 1, 5]);
    for data in [&[0, 0, 0][..], &[0, 0, 0, 2, 1], &[0xff, 0xff, 0xff, 0xff, 1]] {
        assert!(annex_b(data, 4).is_err());
    }
}
