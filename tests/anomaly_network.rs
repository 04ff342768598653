//! With the network: how often it looks, what it costs on the disk, and that it is learned anew without false alarms.

#[path = "common/clip.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod clip;
#[path = "common/skip.rs"]
mod skip;

use edge_cctv::anomaly::Anomaly;
use edge_cctv::anomaly::store::{self, Kept, Origin};
use edge_cctv::camera::{Wanted, demo};
use edge_cctv::config::{self, Config};
use edge_cctv::pipeline::{Analysis, Pipeline};

/// `None` where there is no network, which was said then.
fn anomaly(camera: &config::Camera) -> Option<Anomaly> {
    let anomaly = Anomaly::configured(camera, &Config::default().network).unwrap();
    if let Some(why) = anomaly.blind() {
        skip::skipped(&format!("no network: {why}"));
        return None;
    }
    Some(anomaly)
}

/// Analyses the demo from its beginning, at so many frames a second; tells how often the network looked.
fn watch(
    camera: &config::Camera,
    anomaly: Anomaly,
    size: (u32, u32),
    fps: u32,
    frames: u32,
) -> (Vec<Analysis>, usize, Anomaly) {
    let mut scene = demo::open(&Wanted { width: size.0, height: size.1, fps: fps as f32 }, None);
    let mut pipeline = Pipeline::new(camera, Some(anomaly));
    pipeline.reset();
    let (mut analyses, mut looks) = (Vec::new(), 0);
    for _ in 0..frames {
        analyses.push(pipeline.process(&scene.next_frame().unwrap(), None).unwrap());
        looks += usize::from(pipeline.ask_network().is_some());
    }
    (analyses, looks, pipeline.into_anomaly().unwrap())
}

#[test]
fn the_network_looks_less_often_when_it_may_not() {
    let camera = config::Camera::default();
    let mut looks = Vec::new();
    for limit in [f64::INFINITY, camera.anomaly.rate_hz, 1.0, 0.0] {
        let Some(mut anomaly) = anomaly(&camera) else { return };
        anomaly.limit_looks(limit);
        looks.push(watch(&camera, anomaly, clip::SIZE, 10, 300).1);
    }
    assert_eq!(looks[0], looks[1], "the configured rate is no limit");
    assert!(looks[1] > 2 * looks[2] && looks[2] > looks[3] && looks[3] > 0, "{looks:?}");
}

#[test]
fn the_heartbeat_is_never_faster_than_the_rate() {
    let mut camera = config::Camera::default();
    (camera.anomaly.rate_hz, camera.anomaly.heartbeat_seconds) = (0.5, 0.5);
    let Some(anomaly) = anomaly(&camera) else { return };
    let (_, looks, _) = watch(&camera, anomaly, clip::SIZE, 10, 300);
    assert!((14..=16).contains(&looks), "{looks} looks in 30 s");
}

#[test]
fn the_file_stays_small_whatever_the_pictures_shape() {
    let camera = config::Camera::default();
    for size in [(320, 240), (640, 360), (240, 320), (1280, 160)] {
        let Some(anomaly) = anomaly(&camera) else { return };
        let (_, _, anomaly) = watch(&camera, anomaly, size, 10, 80);
        assert!(anomaly.baseline().prototypes() > 0);
        let bytes = store::encode(&Kept { baseline: anomaly.baseline().clone(), origin: Origin::default() });
        eprintln!("{size:?}: {} bytes", bytes.len());
        assert!(bytes.len() < store::MOST_BYTES, "{size:?}: {} bytes", bytes.len());
        let restored = store::decode(&bytes).unwrap();
        assert_eq!(restored.baseline.prototypes(), anomaly.baseline().prototypes());
    }
}

#[test]
fn what_another_network_saw_is_learned_anew_without_false_alarms() {
    let camera = config::Camera::default();
    let Some(anomaly) = anomaly(&camera) else { return };
    // Eleven minutes: by then learning is complete.
    let (_, _, mut anomaly) = watch(&camera, anomaly, clip::SIZE, 5, 11 * 60 * 5);
    assert!(anomaly.baseline().is_complete());
    let verdicts = |analyses: &[Analysis]| {
        analyses.iter().filter(|analysis| analysis.judgement.as_ref().unwrap().verdict.is_some()).count()
    };
    anomaly.forget_sight();
    let learned = anomaly.baseline().learned;
    assert!(anomaly.baseline().sight.is_none() && anomaly.baseline().is_complete());
    let (again, _, anomaly) = watch(&camera, anomaly, clip::SIZE, 5, 40 * 5);
    assert_eq!(verdicts(&again), 0, "the same scene is normal");
    assert!(anomaly.baseline().prototypes() > 0 && !anomaly.baseline().is_sight_known());
    assert!(anomaly.baseline().learned > learned, "behaviour goes on from where it was");
}
