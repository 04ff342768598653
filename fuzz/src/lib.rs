//! What several fuzz targets share: files in memory, and recordings that are played as the program plays them.

pub mod container;

use edge_cctv::camera::replay::{self, Pace};
use edge_cctv::camera::{CameraError, Frame, PixelFormat};
use edge_cctv::picture::coded::{Scale, Scanner, Splicer};
use edge_cctv::picture::paint::{self, Colour, Rect};
use edge_cctv::picture::surface::Surface;
use edge_cctv::picture::{Picture, convert, jpeg};
use libfuzzer_sys::Corpus;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;

/// Frames of one recording that are looked at: what a long one can do, some dozens can.
const MOST_FRAMES: usize = 48;

/// The program takes larger pictures, which only take longer.
const MOST_PIXELS: u64 = 1 << 20;

/// A folder of this process. packaging/fuzz.sh puts it into memory, and takes it away in the end.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().expect("the folder for temporary files can be written")).path()
}

/// A file of these bytes, in the place of the one before.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    fs::write(&path, bytes).expect("the folder for temporary files can be written");
    path
}

/// Whether a picture of these sides is left out.
pub fn is_slow((width, height): (u32, u32)) -> bool {
    let pixels = u64::from(width) * u64::from(height);
    (MOST_PIXELS..=jpeg::MAX_PIXELS).contains(&pixels)
}

/// Opens a recording and looks at its frames.
pub fn play(path: &Path) -> Corpus {
    let Ok(mut camera) = replay::open(path, Pace::Unlimited, false) else { return Corpus::Keep };
    let opened = camera.opened();
    assert!(opened.fps.is_none_or(|fps| fps.is_finite() && fps >= 0.0), "{opened:?}");
    if is_slow((opened.width, opened.height)) {
        return Corpus::Reject;
    }
    let mut before = None;
    for _ in 0..MOST_FRAMES {
        match camera.next_frame() {
            Ok(frame) => {
                assert!(before.is_none_or(|before| before < frame.sequence), "{before:?} {}", frame.sequence);
                before = Some(frame.sequence);
                look(&frame);
            }
            Err(CameraError::Broken(_)) => {}
            Err(CameraError::End | CameraError::Lost(_)) => return Corpus::Keep,
            Err(other) => panic!("a file is no device: {other:?}"),
        }
    }
    Corpus::Keep
}

/// Does with a frame what the appliance does, and holds it against what its fields promise.
pub fn look(frame: &Frame) {
    if frame.format == PixelFormat::Jpeg && jpeg::header(&frame.data).is_ok_and(is_slow) {
        return;
    }
    for denominator in [1, 2, 4, 8] {
        let Ok(luma) = convert::luma(frame, denominator) else { continue };
        assert_eq!(luma.data.len(), luma.width * luma.height);
        if frame.format != PixelFormat::Jpeg {
            let side = |pixels: u32| pixels.div_ceil(denominator) as usize;
            assert_eq!((luma.width, luma.height), (side(frame.width), side(frame.height)));
        }
    }
    if frame.format == PixelFormat::Jpeg {
        draw_on(&frame.data);
    }
    if let Ok(picture) = convert::picture(frame) {
        assert!((picture.luma.width * picture.luma.height) as u64 <= jpeg::MAX_PIXELS);
        encode(&picture);
    }
}

/// A picture that is drawn on in its coded form is what it was for whoever gets it, but for what is drawn.
fn draw_on(bytes: &[u8]) {
    for scale in [Scale::Quarter, Scale::Eighth] {
        if let Ok(luma) = Scanner::default().luma(bytes, scale) {
            assert_eq!(luma.data.len(), luma.width * luma.height);
        }
    }
    let mut splicer = Splicer::default();
    let Ok(mut canvas) = splicer.open(bytes) else { return };
    let (width, height) = canvas.size();
    for (x, y) in [(0, 0), (width as i32 / 2, height as i32 / 3), (width as i32 - 5, height as i32 - 9)] {
        paint::fill(&mut canvas, Rect { x, y, w: 20, h: 12 }, Colour::rgb(240, 10, 20), 200);
    }
    let (Ok(sent), Ok(before)) = (canvas.finish(), jpeg::decode(bytes)) else { return };
    let seen = jpeg::decode(&sent).expect("what was drawn on can be decoded");
    assert_eq!(shape(&seen), shape(&before));
}

/// Size and subsampling.
fn shape(picture: &Picture) -> (usize, usize, Option<(usize, usize)>) {
    let colour = picture.chroma.as_ref().map(|chroma| (chroma.horizontal, chroma.vertical));
    (picture.luma.width, picture.luma.height, colour)
}

/// What was decoded can be sent on, and whoever gets it sees a picture of the same shape.
fn encode(picture: &Picture) {
    let sent = jpeg::encode(picture, 80).expect("what was decoded can be encoded");
    let seen = jpeg::decode(&sent).expect("what was encoded can be decoded");
    assert_eq!(shape(&seen), shape(picture));
}
