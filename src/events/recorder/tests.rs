use super::*;
use crate::camera::{Wanted, demo};
use crate::config::{Zone, ZoneKind};
use crate::events::clip::TICKS;
use crate::events::database::Filter;
use crate::events::index::Index;
use crate::picture::convert;
use crate::pipeline::State;
use crate::service::clock::{Clock, SimulatedClock};
use std::path::Path;

/// Of the frames below.
const PERIOD: Duration = Duration::from_millis(40);

/// A JPEG camera's frames; the second half has another size if it `grows`.
fn frames(count: u32, grows: bool) -> Vec<Arc<Frame>> {
    let mut scenes = [(160, 120), (320, 240)]
        .map(|(width, height)| demo::open(&Wanted { width, height, fps: 25.0 }, None));
    let frame = |number: u32| {
        let scene = &mut scenes[usize::from(grows && number >= count / 2)];
        let raw = scene.next_frame().unwrap();
        let data = jpeg::encode(&convert::picture(&raw).unwrap(), 60).unwrap();
        let (format, range) = (PixelFormat::Jpeg, Range::Full);
        Arc::new(Frame { captured: PERIOD * number, format, range, stride: 0, data, ..raw })
    };
    (0..count).map(frame).collect()
}

fn settings() -> config::Events {
    config::Events { before_seconds: 1.0, after_seconds: 1.0, reserve_mib: 0, ..config::Events::default() }
}

/// Records frames of which those in `moving` are MOTION; gives all that was kept.
fn record(
    folder: &Path,
    camera: config::Camera,
    settings: &config::Events,
    frames: &[Arc<Frame>],
    moving: std::ops::Range<usize>,
) -> Vec<Event> {
    let clock = SimulatedClock::shared();
    let store = Arc::new(Store::new(folder, settings, clock.clone()));
    let recorder = Recorder::new(&Arc::new(camera), store.clone(), clock.clone());
    for (number, frame) in frames.iter().enumerate() {
        clock.sleep(frame.captured.saturating_sub(clock.now()));
        recorder.frame(frame);
        let state = if moving.contains(&number) { State::Motion } else { State::Idle };
        let (width, height) = (frame.width, frame.height);
        recorder.analysed(
            frame,
            &Analysis { captured: frame.captured, width, height, state, ..Analysis::default() },
        );
    }
    recorder.close();
    recorder.run();
    store.list(&Filter { limit: 10, ..Filter::default() }).unwrap().0
}

fn clip(folder: &Path, event: &Event) -> (Index, Vec<Vec<u8>>) {
    let path = folder.join(format!("events/{}/{}.mp4", event.camera, event.id));
    let index = Index::read(&path).unwrap();
    let pictures = index.samples.iter().map(|placed| index.sample(*placed).unwrap()).collect();
    (index, pictures)
}

#[test]
fn a_clip_has_the_cameras_own_pictures_from_before_to_after() {
    let folder = tempfile::tempdir().unwrap();
    let frames = frames(200, false);
    let events = record(folder.path(), config::Camera::default(), &settings(), &frames, 75..100);
    let [event] = &events[..] else { panic!("{events:?}") };
    let (index, pictures) = clip(folder.path(), event);
    // Two seconds before it was noticed, and one after the last motion, with that frame.
    let own: Vec<_> = frames[25..125].iter().map(|frame| frame.data.clone()).collect();
    assert_eq!(pictures.len(), own.len());
    assert!(pictures == own, "the bytes are the camera's");
    assert!(index.samples.iter().all(|placed| placed.ticks == TICKS / 25));
    let clip = event.clip.unwrap();
    assert_eq!((clip.frames, clip.seconds, clip.width, clip.height), (100, 4.0, 160, 120));
    assert_eq!((event.ended.unwrap() - event.began, event.fault.as_deref()), (960, None));
    assert_eq!(index.event.as_ref().map(|told| told.id), Some(event.id));
}

#[test]
fn what_ends_with_the_program_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let frames = frames(50, false);
    let events = record(folder.path(), config::Camera::default(), &settings(), &frames, 40..50);
    assert!(events[0].ended.is_some() && events[0].fault.is_none(), "{events:?}");
    assert_eq!(events[0].clip.unwrap().frames, 50);
}

#[test]
fn a_picture_of_another_size_ends_the_clip_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let frames = frames(100, true);
    let events = record(folder.path(), config::Camera::default(), &settings(), &frames, 30..80);
    assert_eq!(clip(folder.path(), &events[0]).1.len(), 50);
    assert!(events[0].fault.as_ref().is_some_and(|fault| fault.contains("size")), "{events:?}");
}

#[test]
fn private_zones_are_black_and_the_rest_is_as_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let points = vec![(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)];
    let zone = Zone { name: "neighbours".into(), kind: ZoneKind::Privacy, points };
    let camera = config::Camera { zones: vec![zone], ..config::Camera::default() };
    let frames = frames(60, false);
    let events = record(folder.path(), camera, &settings(), &frames, 30..40);
    let (_, pictures) = clip(folder.path(), &events[0]);
    assert!(pictures.len() > 30);
    for (picture, frame) in pictures.iter().zip(&frames) {
        let (shown, came) = (jpeg::decode(picture).unwrap().luma, jpeg::decode(&frame.data).unwrap().luma);
        for y in 0..120 {
            assert!(shown.row(y)[..72].iter().all(|sample| *sample < 12));
            assert_eq!(shown.row(y)[96..], came.row(y)[96..]);
        }
    }
}

#[test]
fn switched_off_nothing_is_held_or_written() {
    let folder = tempfile::tempdir().unwrap();
    let off = config::Events { enabled: false, ..settings() };
    assert!(record(folder.path(), config::Camera::default(), &off, &frames(50, false), 20..40).is_empty());
    assert!(!folder.path().join("events/camera0").exists());
}
