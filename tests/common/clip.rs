//! Recordings made by the tests themselves from the demo scene: MJPEG in AVI.

use edge_cctv::camera::{Wanted, demo};
use edge_cctv::picture::{convert, jpeg};
use std::ops::Range;
use std::path::Path;

pub const FPS: u32 = 10;
pub const SIZE: (u32, u32) = (320, 240);

/// Writes these seconds of the demo.
pub fn write(path: &Path, seconds: Range<u32>) {
    let wanted = Wanted { width: SIZE.0, height: SIZE.1, fps: FPS as f32 };
    let mut scene = demo::open(&wanted, None);
    let mut frames = Vec::new();
    for number in 0..seconds.end * FPS {
        let frame = scene.next_frame().unwrap();
        if number >= seconds.start * FPS {
            frames.push(jpeg::encode(&convert::picture(&frame).unwrap(), 85).unwrap());
        }
    }
    std::fs::write(path, avi(&frames)).unwrap();
}

fn chunk(id: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = id.to_vec();
    bytes.extend((content.len() as u32).to_le_bytes());
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

fn list(id: &[u8; 4], kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(id, &[kind.to_vec(), parts.concat()].concat())
}

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn avi(frames: &[Vec<u8>]) -> Vec<u8> {
    let count = frames.len() as u32;
    let main = words(&[1_000_000 / FPS, 0, 0, 0, count, 0, 1, 0, SIZE.0, SIZE.1, 0, 0, 0, 0]);
    let stream = [b"vidsMJPG".to_vec(), words(&[0, 0, 0, 1, FPS, 0, count, 0, 0, 0]), vec![0; 8]].concat();
    let format = [words(&[40, SIZE.0, SIZE.1, 24 << 16 | 1]), b"MJPG".to_vec(), words(&[0; 5])].concat();
    let header = list(
        b"LIST",
        b"hdrl",
        &[chunk(b"avih", &main), list(b"LIST", b"strl", &[chunk(b"strh", &stream), chunk(b"strf", &format)])],
    );
    let movie = list(b"LIST", b"movi", &frames.iter().map(|jpeg| chunk(b"00dc", jpeg)).collect::<Vec<_>>());
    list(b"RIFF", b"AVI ", &[header, movie])
}
