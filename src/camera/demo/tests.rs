use super::*;
use crate::service::clock::{Clock, SimulatedClock};

fn wanted(width: u32, height: u32, fps: f32) -> Wanted {
    Wanted { width, height, fps }
}

/// Luma pixels that differ from the empty scene, as (u, v) of their centres, in the first cycle in which all is played.
fn touched(scene: &Scene, seconds: f64) -> Vec<(f32, f32)> {
    let still = scene.still(f64::from(CALM_CYCLES) * CYCLE_SECONDS + seconds);
    let luma = still.iter().zip(&scene.backdrop.data).take(scene.width * scene.height);
    luma.enumerate()
        .filter(|(_, (now, empty))| now != empty)
        .map(|(i, _)| {
            let (x, y) = ((i % scene.width) as f32 + 0.5, (i / scene.width) as f32 + 0.5);
            (x / scene.width as f32, y / scene.height as f32)
        })
        .collect()
}

/// Whether a point lies in the demo's zone, a convex polygon given clockwise.
fn in_zone((u, v): (f32, f32)) -> bool {
    let points = zone().points;
    points
        .iter()
        .zip(points.iter().cycle().skip(1))
        .all(|(a, b)| (b.0 - a.0) * (v - a.1) >= (b.1 - a.1) * (u - a.0))
}

/// Moments of a whole cycle.
fn cycle(step: f64) -> impl Iterator<Item = f64> {
    (0..(CYCLE_SECONDS / step) as usize).map(move |i| i as f64 * step)
}

#[test]
fn frames_are_the_same_bytes_each_time() {
    let frames = |count: usize| {
        let mut camera = open(&wanted(161, 121, 10.0), None);
        (0..count).map(|_| camera.next_frame().unwrap()).collect::<Vec<_>>()
    };
    let (one, other) = (frames(100), frames(100));
    for (number, (a, b)) in one.iter().zip(&other).enumerate() {
        assert!(a.data == b.data, "frame {number}");
        assert_eq!((a.sequence, a.captured), (number as u64, Duration::from_secs_f64(number as f64 / 10.0)));
        assert_eq!((a.width, a.height, a.stride, a.format), (161, 121, 161, PixelFormat::I420));
        assert_eq!(a.data.len(), 161 * 121 + 2 * 81 * 61);
        assert_eq!(a.restarted, number == 0);
    }
    assert!(one.windows(2).all(|pair| pair[0].data != pair[1].data), "noise and people move");
}

#[test]
fn nothing_normal_enters_the_yard_and_the_intruder_does_early() {
    let intrusion = &schedule()[0];
    assert_eq!(intrusion.name, "intrusion");
    assert!(intrusion.at_seconds + intrusion.duration_seconds < 70.0);
    for (width, height) in [(160, 120), (320, 180)] {
        let scene = Scene::new(width, height);
        let mut seconds_inside = 0.0;
        for t in cycle(0.25) {
            let inside = touched(&scene, t).into_iter().filter(|&point| in_zone(point)).count();
            let intruding =
                (intrusion.at_seconds..intrusion.at_seconds + intrusion.duration_seconds).contains(&t);
            assert!(intruding || inside == 0, "{inside} pixels of the yard at {t} s");
            // at least half a person
            if inside * 800 > width * height {
                seconds_inside += 0.25;
            }
        }
        assert!(seconds_inside > 8.0, "{seconds_inside} s in the yard");
    }
}

#[test]
fn the_scene_rests_at_first_and_in_between() {
    let scene = Scene::new(160, 120);
    assert!((0..28).all(|i| touched(&scene, f64::from(i) * 0.25).is_empty()), "7 s for the background");
    for minute in 0..4 {
        let start = f64::from(minute) * 60.0;
        let quiet = (0..240).filter(|&i| touched(&scene, start + f64::from(i) * 0.25).is_empty()).count();
        assert!((8..50).contains(&(quiet / 4)), "{} s of quiet in minute {minute}", quiet / 4);
    }
    // the cycle's seam isn't seen
    assert!(touched(&scene, CYCLE_SECONDS - 0.05).is_empty());
    assert_eq!(scene.still(15.3), scene.still(15.3 + CYCLE_SECONDS));
    // the calm cycles have the intruder, and no runners
    assert_eq!(scene.still(55.0), scene.still(55.0 + f64::from(CALM_CYCLES) * CYCLE_SECONDS));
    assert_ne!(scene.still(107.0), scene.still(107.0 + f64::from(CALM_CYCLES) * CYCLE_SECONDS));
}

#[test]
fn the_schedule_tells_what_is_seen() {
    let scene = Scene::new(320, 240);
    let mut end = 7.0;
    for (minute, unusual) in schedule().iter().enumerate() {
        assert!(unusual.at_seconds > end, "{} overlaps", unusual.name);
        assert_eq!((unusual.at_seconds / 60.0) as usize, minute, "one a minute");
        end = unusual.at_seconds + unusual.duration_seconds;
        assert!(
            !touched(&scene, unusual.at_seconds + unusual.duration_seconds / 2.0).is_empty(),
            "{}",
            unusual.name
        );
    }
    assert!(end < CYCLE_SECONDS);
    let middle =
        |points: Vec<(f32, f32)>| points.iter().map(|point| point.0).sum::<f32>() / points.len() as f32;
    // the runners cross in 3 s what walkers need 12 s for
    let runner = |t: f64| middle(touched(&scene, t));
    assert!(runner(106.2) - runner(105.7) > 0.1);
    let walker = |t: f64| middle(touched(&scene, t));
    assert!((0.02..0.08).contains(&(walker(10.5) - walker(10.0)).abs()));
    // the loiterer gets nowhere, also while others pass by
    for t in (160..180).map(f64::from) {
        assert!(touched(&scene, t).iter().any(|point| (0.1..0.3).contains(&point.0)), "{t}");
    }
    // the box stands where there was none, and is gone afterwards
    let parcel = |t: f64| {
        touched(&scene, t)
            .iter()
            .filter(|p| (0.50..0.54).contains(&p.0) && (0.71..0.74).contains(&p.1))
            .count()
    };
    assert_eq!((parcel(213.0), parcel(239.0)), (0, 0));
    assert!(parcel(229.8) > 20 && parcel(233.0) > 20);
}

#[test]
fn the_fence_hides_what_is_behind_it() {
    let scene = Scene::new(640, 480);
    let fence: Vec<usize> = (0..640 * 480).filter(|&i| scene.backdrop.front[i] > 0).collect();
    assert!(fence.len() > 2000);
    let behind = scene.still(55.0);
    assert!(fence.iter().all(|&i| behind[i] == scene.backdrop.data[i]));
    let climbing = scene.still(49.4);
    assert!(fence.iter().any(|&i| climbing[i] != scene.backdrop.data[i]), "in front of it, it doesn't");
}

#[test]
fn noise_is_mild_and_only_in_luma() {
    let scene = Scene::new(320, 240);
    let (frame, still) = (scene.frame(3, 0.0), scene.still(0.0));
    let (luma, chroma) = still.split_at(320 * 240);
    let square: f32 = frame.iter().zip(luma).map(|(&a, &b)| (f32::from(a) - f32::from(b)).powi(2)).sum();
    let deviation = (square / luma.len() as f32).sqrt();
    assert!((1.2..2.2).contains(&deviation), "{deviation}");
    assert_eq!(&frame[320 * 240..], chroma);
    assert!(luma.iter().all(|sample| (16..=235).contains(sample)), "limited range");
}

#[test]
fn with_a_clock_frames_are_paced_and_late_comers_get_the_newest() {
    let clock = SimulatedClock::shared();
    clock.sleep(Duration::from_secs(5));
    let mut camera = open(&wanted(160, 120, 10.0), Some(clock.clone()));
    for number in 0..5 {
        let frame = camera.next_frame().unwrap();
        assert_eq!((frame.sequence, frame.captured), (number, Duration::from_millis(5000 + 100 * number)));
        assert_eq!(clock.now(), frame.captured, "neither early nor late");
    }
    clock.sleep(Duration::from_secs(2));
    let frame = camera.next_frame().unwrap();
    assert_eq!((frame.sequence, frame.captured), (24, Duration::from_millis(7400)));
}

#[test]
fn any_wish_gets_a_picture() {
    for (wish, size) in [
        (wanted(0, 0, 0.0), (160, 120)),
        (wanted(200, 200, f32::NAN), (200, 200)),
        (wanted(160, 2000, f32::INFINITY), (160, 2000)),
        (wanted(333, 127, -5.0), (333, 127)),
    ] {
        let mut camera = open(&wish, None);
        assert_eq!((camera.opened().width, camera.opened().height), size);
        assert!(camera.opened().fps.is_some_and(|fps| (1.0..=60.0).contains(&fps)));
        let frame = camera.next_frame().unwrap();
        let picture = crate::picture::convert::picture(&frame).unwrap();
        assert_eq!((picture.luma.width as u32, picture.luma.height as u32), size);
    }
}
