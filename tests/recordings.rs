//! Recordings give every frame, once, in order and as ffmpeg decodes it. Needs footage and ffmpeg.

#[path = "common/skip.rs"]
mod skip;

use edge_cctv::camera::replay::{Pace, open};
use edge_cctv::camera::{Camera, CameraError, Frame, PixelFormat, Range};
use skip::skipped;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The path of a piece of footage, unless there is none here.
fn footage(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    if !path.exists() {
        skipped(&format!("no footage at {}", path.display()));
        return None;
    }
    Some(path)
}

fn play(path: &Path) -> Box<dyn Camera> {
    open(path, Pace::Unlimited, false).unwrap()
}

fn next(camera: &mut dyn Camera) -> Option<Frame> {
    match camera.next_frame() {
        Ok(frame) => Some(frame),
        Err(CameraError::End) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Runs ffmpeg to write all frames as they are, 4:2:0 in their own range, to a pipe.
fn ffmpeg(path: &Path, range: Range) -> Option<Child> {
    let format = match range {
        Range::Full => "yuvj420p",
        Range::Limited => "yuv420p",
    };
    let child = Command::new("ffmpeg")
        .args(["-v", "error", "-threads", "1", "-i"])
        .arg(path)
        .args(["-fps_mode", "passthrough", "-pix_fmt", format, "-f", "rawvideo", "-"])
        .stdout(Stdio::piped())
        .spawn();
    if child.is_err() {
        skipped("no ffmpeg here");
    }
    child.ok()
}

fn difference(ours: &[u8], theirs: &[u8]) -> f64 {
    let sum: u64 = ours.iter().zip(theirs).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / ours.len() as f64
}

fn matches_ffmpeg(name: &str, count: u64) {
    let Some(path) = footage(name) else { return };
    let range = next(&mut *play(&path)).expect("a first frame").range;
    let Some(mut ffmpeg) = ffmpeg(&path, range) else { return };
    let mut theirs = ffmpeg.stdout.take().unwrap();
    let mut camera = play(&path);
    let (mut frames, mut worst, mut worst_chroma, mut last) = (0, 0.0f64, 0.0f64, None);
    while let Some(frame) = next(&mut *camera) {
        assert_eq!(frame.format, PixelFormat::I420);
        assert_eq!(frame.sequence, frames);
        assert!(last.is_none_or(|last| frame.captured > last));
        last = Some(frame.captured);
        let mut expected = vec![0; frame.data.len()];
        theirs.read_exact(&mut expected).unwrap_or_else(|_| panic!("{name}: ffmpeg has no frame {frames}"));
        let luma = (frame.stride * frame.height) as usize;
        worst = worst.max(difference(&frame.data[..luma], &expected[..luma]));
        worst_chroma = worst_chroma.max(difference(&frame.data[luma..], &expected[luma..]));
        frames += 1;
    }
    assert_eq!(theirs.read(&mut [0; 1]).unwrap(), 0, "{name}: ffmpeg has more frames");
    ffmpeg.wait().unwrap();
    println!("{name}: {frames} frames, worst luma {worst:.3}, chroma {worst_chroma:.3}, last at {last:?}");
    assert_eq!(frames, count, "{name}");
    assert!(worst < 1.0, "{name}: luma differs by {worst}");
    assert!(worst_chroma < 1.0, "{name}: chroma differs by {worst_chroma}");
}

#[test]
fn reordered_frames_match_ffmpeg() {
    matches_ffmpeg("clips/people_pets_vtest.mp4", 795);
    matches_ffmpeg("anomaly/avenue/test/08.mp4", 36);
}

#[test]
fn baseline_frames_match_ffmpeg() {
    matches_ffmpeg("clips/traffic_intel_car.mp4", 377);
}

#[test]
#[ignore = "takes half a minute; run with --include-ignored"]
fn all_footage_matches_ffmpeg() {
    // Variable rate, cropped from 1088 lines.
    matches_ffmpeg("clips/outdoor_nest_walkers.mp4", 285);
    matches_ffmpeg("clips/indoor_intel_onebyone.mp4", 1394);
    matches_ffmpeg("clips/outdoor_pets2001_ds3.mp4", 1823);
    // Full range.
    matches_ffmpeg("longrun/upcam_day00_h03.mp4", 18_098);
    matches_ffmpeg("longrun/upcam_day00_h08.mp4", 18_010);
    matches_ffmpeg("longrun/upcam_day00_h14.mp4", 18_043);
    matches_ffmpeg("longrun/upcam_day00_h20.mp4", 18_042);
    matches_ffmpeg("anomaly/upcam/staged.mp4", 9_000);
}

#[test]
fn mjpeg_frames_pass_through() {
    for (name, count, width) in
        [("changedet/highway/input.avi", 1401, 320), ("changedet/hall_and_monitor/input.avi", 296, 352)]
    {
        let Some(path) = footage(name) else { return };
        let mut camera = play(&path);
        assert_eq!((camera.opened().fps, camera.opened().width), (Some(25.0), width));
        let mut frames = 0;
        while let Some(frame) = next(&mut *camera) {
            assert!(frame.data.starts_with(&[0xff, 0xd8]) && frame.width == width);
            assert_eq!((frame.sequence, frame.captured.as_millis()), (frames, u128::from(frames) * 40));
            frames += 1;
        }
        assert_eq!(frames, count, "{name}");
    }
}
