//! JPEG in forms that the fast way doesn't read: it is decoded and encoded, all the same is found and shown, and why is told.

use edge_cctv::camera::{Frame, PixelFormat, Range, Wanted, demo};
use edge_cctv::config::Camera;
use edge_cctv::picture::overlay::Overlay;
use edge_cctv::picture::{Picture, convert, jpeg};
use edge_cctv::pipeline::{Analysis, Pipeline};
use edge_cctv::publisher::Wish;
use edge_cctv::publisher::maker::Maker;
use mozjpeg::{ColorSpace, Compress};
use std::sync::Arc;

/// Motion is sought at a quarter of it, which the fast way gives.
const SIZE: (u32, u32) = (1280, 720);

/// The demo's first sixteen seconds.
fn scene() -> impl Iterator<Item = Frame> {
    let mut scene = demo::open(&Wanted { width: SIZE.0, height: SIZE.1, fps: 10.0 }, None);
    std::iter::from_fn(move || scene.next_frame().ok()).take(160)
}

/// Grey, as `set` up.
fn grey(picture: &Picture, set: fn(&mut Compress)) -> Vec<u8> {
    let mut encoder = Compress::new(ColorSpace::JCS_GRAYSCALE);
    encoder.set_size(picture.luma.width, picture.luma.height);
    encoder.set_fastest_defaults();
    set(&mut encoder);
    let mut started = encoder.start_compress(Vec::new()).unwrap();
    started.write_scanlines(&picture.luma.data).unwrap();
    started.finish().unwrap()
}

/// What was found in each frame and how the last one is shown with an overlay, and why the fast way refused it.
fn watch(form: impl Fn(&Picture) -> Vec<u8>) -> (Vec<usize>, Picture, Option<&'static str>) {
    let mut pipeline = Pipeline::new(&Camera::default(), None);
    let mut maker = Maker::new(Arc::new(Camera::default()));
    let (mut found, mut shown) = (Vec::new(), None);
    for raw in scene() {
        let data = form(&convert::picture(&raw).unwrap());
        let frame = Frame { format: PixelFormat::Jpeg, range: Range::Full, stride: 0, data, ..raw };
        let analysis: Analysis = pipeline.process(&frame, None).unwrap();
        found.push(analysis.regions.len());
        if frame.sequence == 159 {
            let drawn = Overlay { camera: "yard", time: "12:00:00", analysis: &analysis, zones: &[] };
            let wish = Wish { quality: 80, any_quality: true, fps: None, overlay: true };
            let index = pipeline.take_index();
            shown = maker.make(&Arc::new(frame), &drawn, &[wish], index).unwrap().pop();
        }
    }
    let shown = jpeg::decode(&shown.expect("it is shown").jpeg).unwrap();
    (found, shown, maker.refused)
}

#[test]
fn progressive_pictures_show_and_give_the_same() {
    let (found, shown, refused) = watch(|picture| grey(picture, |_| {}));
    assert_eq!(refused, None);
    assert!(found.iter().filter(|&&regions| regions > 0).count() > 20, "{found:?}");
    let (all_found, all_shown, why) = watch(|picture| grey(picture, Compress::set_progressive_mode));
    assert_eq!(why, Some("it isn't coded as baseline JPEG"));
    // Not to the last sample the same picture at a quarter, so a thing may be seen a frame sooner or later.
    let differing = found.iter().zip(&all_found).filter(|(a, b)| a != b).count();
    assert!(differing <= 8, "{found:?}\n{all_found:?}");
    let off = shown.luma.data.iter().zip(&all_shown.luma.data).map(|(a, b)| u64::from(a.abs_diff(*b)));
    assert!(off.sum::<u64>() < 3 * shown.luma.data.len() as u64);
}

#[test]
fn tables_of_its_own_do_for_analysis_and_may_not_do_for_drawing() {
    let (found, shown, _) = watch(|picture| grey(picture, |encoder| encoder.set_optimize_coding(true)));
    assert!(found.iter().filter(|&&regions| regions > 0).count() > 20, "{found:?}");
    assert_eq!((shown.luma.width, shown.luma.height), (1280, 720));
}
