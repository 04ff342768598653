#[path = "../../../tests/common/skip.rs"]
mod skip;

use super::*;
use crate::anomaly::fake::Fake;
use crate::anomaly::library::Library;
use crate::anomaly::store::Store;
use crate::appliance::Appliance;
use crate::camera::{Camera, Wanted, demo};
use crate::config::Config;
use crate::publisher::Wish;
use crate::service::clock::{SharedClock, SimulatedClock};
use skip::skipped;
use std::path::Path;
use std::sync::Mutex;

/// The simulated clock's waiting takes no time, so patience that ends would end before a thread does.
const FOREVER: Duration = Duration::from_secs(1 << 40);

/// A camera that doesn't run, so that a test can analyse in its place; without the network.
fn appliance(folder: &Path) -> Appliance {
    let camera = config::Camera { name: "yard".into(), autostart: false, ..config::Camera::default() };
    let mut config = Config { state_dir: folder.into(), cameras: vec![camera], ..Config::default() };
    config.network.model = folder.join("none.onnx");
    Appliance::new(&config, SimulatedClock::shared() as SharedClock)
}

fn scene(width: u32) -> Box<dyn Camera> {
    demo::open(&Wanted { width, height: width * 3 / 4, fps: 10.0 }, None)
}

fn feed(analyst: &mut Analyst, scene: &mut dyn Camera, frames: u64) {
    for _ in 0..frames {
        let frame = scene.next_frame().unwrap();
        let begins = frame.restarted;
        let due = lock(&analyst.handle.analysis.counts).taken + 1;
        analyst.take(Incoming { frame: Arc::new(frame), session: 0, begins, due, number: due });
    }
}

fn learned(analyst: &mut Analyst) -> f64 {
    analyst.pipeline.anomaly().unwrap().baseline().learned
}

fn save(analyst: &mut Analyst) {
    let (acknowledge, saved) = oneshot::channel();
    analyst.save(Some(acknowledge));
    assert_eq!(saved.blocking_recv().unwrap(), Ok(()));
}

#[test]
fn after_a_defect_the_analysis_goes_on_with_what_was_saved_last() {
    let folder = tempfile::tempdir().unwrap();
    let appliance = appliance(folder.path());
    let mut analyst = Analyst::new(appliance.first());
    let mut scene = scene(160);
    feed(&mut analyst, &mut *scene, 150);
    save(&mut analyst);
    let saved = learned(&mut analyst);
    assert!(saved > 1.0);
    feed(&mut analyst, &mut *scene, PROVEN_FRAMES);
    assert!(learned(&mut analyst) > saved);
    analyst.rebuild();
    assert_eq!(learned(&mut analyst), saved);

    // Once more, so soon that what was learned may be the cause.
    feed(&mut analyst, &mut *scene, 3);
    analyst.rebuild();
    assert_eq!(learned(&mut analyst), 0.0);
    let store = Store::new(folder.path(), "yard");
    assert!(store.bad().exists() && !store.path().exists());
    appliance.shut_down(FOREVER);
}

#[test]
fn a_network_that_was_missing_is_taken_once_it_is_there() {
    if let Err(why) = Library::load(Path::new("")) {
        return skipped(&why.to_string());
    }
    let folder = tempfile::tempdir().unwrap();
    let appliance = appliance(folder.path());
    let handle = appliance.first();
    let mut analyst = Analyst::new(handle);
    let mut scene = scene(160);
    feed(&mut analyst, &mut *scene, 20);
    assert!(matches!(&*handle.network_state.borrow(), NetworkState::Missing(_)));
    let network = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/anomaly.onnx");
    std::fs::copy(network, folder.path().join("none.onnx")).unwrap();
    feed(&mut analyst, &mut *scene, 1);
    assert!(matches!(&*handle.network_state.borrow(), NetworkState::Missing(_)), "not looked for each frame");
    handle.analysis.clock.sleep(SEARCH_PERIOD);
    feed(&mut analyst, &mut *scene, 1);
    assert!(matches!(&*handle.network_state.borrow(), NetworkState::Running { .. }));
    assert!(learned(&mut analyst) > 1.0, "what was learned without it stays");
    appliance.shut_down(FOREVER);
}

#[test]
fn it_is_saved_every_five_minutes_and_only_if_something_was_learned() {
    let folder = tempfile::tempdir().unwrap();
    let appliance = appliance(folder.path());
    let handle = appliance.first();
    let mut analyst = Analyst::new(handle);
    let mut scene = scene(160);
    feed(&mut analyst, &mut *scene, 150);
    let handed = analyst.handed;
    assert_eq!(handed, 0.0, "not yet");
    handle.analysis.clock.sleep(SAVE_PERIOD);
    feed(&mut analyst, &mut *scene, 1);
    let handed = analyst.handed;
    assert_eq!(handed, learned(&mut analyst));
    handle.pause_learning(true);
    handle.analysis.clock.sleep(SAVE_PERIOD);
    feed(&mut analyst, &mut *scene, 20);
    assert_eq!((analyst.handed, learned(&mut analyst)), (handed, handed), "paused, nothing is learned");
    save(&mut analyst);
    appliance.shut_down(FOREVER);
    let kept = Store::new(folder.path(), "yard").load(analyst.origin.source).unwrap().unwrap();
    assert_eq!((kept.baseline.learned, kept.origin.size), (handed, Some((160, 120))));
}

#[test]
fn switched_off_and_on_it_goes_on_with_what_was_learned() {
    let folder = tempfile::tempdir().unwrap();
    let appliance = appliance(folder.path());
    let handle = appliance.first();
    let mut analyst = Analyst::new(handle);
    let mut scene = scene(160);
    feed(&mut analyst, &mut *scene, 150);
    let before = learned(&mut analyst);
    let with = |enabled| {
        let mut camera = (*handle.config()).clone();
        camera.anomaly.enabled = enabled;
        handle.configure(camera);
    };
    with(false);
    feed(&mut analyst, &mut *scene, 1);
    assert!(analyst.pipeline.anomaly().is_none());
    assert_eq!(handle.status().anomaly.network, NetworkState::Off);
    with(true);
    feed(&mut analyst, &mut *scene, 1);
    let after = learned(&mut analyst);
    assert!((before..before + 0.5).contains(&after), "{before} {after}");
    appliance.shut_down(FOREVER);
}

#[test]
fn days_off_have_hours_of_their_own() {
    // 2026-11-22 was a Sunday everywhere at noon UTC but near the date line.
    let noon = hour(SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_348_800));
    assert!(noon.is_some_and(|hour| hour.weekend), "{noon:?}");
}

#[test]
fn a_frame_and_what_comes_after_it_are_shown_before_the_network_has_looked() {
    const RATE: f64 = 10.0;
    let folder = tempfile::tempdir().unwrap();
    let appliance = appliance(folder.path());
    let handle = appliance.first().clone();
    // The test analyses in its place.
    handle.analysis.slot.close();
    let mut analyst = Analyst::new(&handle);
    let checked = Arc::new(Mutex::new(0));
    let look = {
        let (handle, checked) = (handle.clone(), checked.clone());
        let wish = Wish { quality: 80, any_quality: true, fps: None, overlay: true };
        let mut viewer = handle.watch(wish);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut is_shown =
            move |sequence| while runtime.block_on(viewer.next()).unwrap().sequence != sequence {};
        let mut scene = scene(160);
        move || {
            let status = handle.status();
            let analysis = status.analysis.unwrap();
            is_shown(analysis.sequence);
            if !handle.analysis.undecided.load(Ordering::Relaxed) {
                let mut next = scene.next_frame().unwrap();
                next.captured = analysis.captured + Duration::from_millis(33);
                (next.sequence, next.restarted) = (1_000_000 + analysis.sequence, false);
                let (frame, analysis) =
                    handle.analysis.put(Arc::new(next), RATE, true).expect("it needs no analysis");
                handle.publisher.show(frame, analysis, None);
                is_shown(1_000_000 + status.frames_analyzed - 1);
                *checked.lock().unwrap() += 1;
            }
            assert_eq!(handle.status().anomaly.looks, status.anomaly.looks, "not yet");
            Ok(0.1)
        }
    };
    analyst.pipeline.anomaly().unwrap().set_network(Box::new(Fake::new(look))).unwrap();
    let mut scene = scene(160);
    for number in 1..=300 {
        let frame = Arc::new(scene.next_frame().unwrap());
        assert!(handle.analysis.put(frame.clone(), RATE, true).is_none());
        let begins = frame.restarted;
        analyst.take(Incoming { frame, session: 0, begins, due: number, number });
    }
    let (looks, checked) = (handle.status().anomaly.looks, *checked.lock().unwrap());
    assert!(checked > looks / 2 && checked > 10, "{checked} of {looks} looks");
    assert!(handle.status().anomaly.look_ms.is_some());
    assert_eq!(handle.status().frames_broken, 0);
    // The network holds the camera.
    drop(analyst);
    drop(handle);
    appliance.shut_down(FOREVER);
}
