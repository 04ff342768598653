use super::*;

const SIZE: (usize, usize) = (176, 96);

/// A scene of rectangles, seen from `x` pixels further right, under a light.
fn scene(x: f32, gain: f32, noise: f32, rng: &mut fastrand::Rng) -> Plane {
    let mut plane = Plane::new(SIZE.0, SIZE.1, 0);
    for (row, line) in plane.data.chunks_exact_mut(SIZE.0).enumerate() {
        for (column, pixel) in line.iter_mut().enumerate() {
            let (cell, level) = ((column as f32 + x) as usize / 13, row / 11);
            let tone = 60.0 + ((cell * 37 + level * 91 + cell * level * 53) % 120) as f32;
            let noise = noise * (rng.f32() + rng.f32() + rng.f32() - 1.5) * 2.0;
            *pixel = (tone * gain + noise).clamp(0.0, 255.0) as u8;
        }
    }
    plane
}

fn flat(level: f32, rng: &mut fastrand::Rng) -> Plane {
    let mut plane = scene(0.0, 0.0, 4.0, rng);
    plane.data.iter_mut().for_each(|pixel| *pixel = (f32::from(*pixel) + level) as u8);
    plane
}

/// Looks for so many seconds; the first answer and when it came.
fn watch(
    camera: &mut Tampering,
    clock: &mut Duration,
    seconds: u64,
    mut picture: impl FnMut() -> Plane,
) -> Option<(Tamper, f32)> {
    let (begin, mut first) = (*clock, None);
    while *clock < begin + Duration::from_secs(seconds) {
        *clock += Duration::from_millis(250);
        if let Some(tamper) = camera.look(&picture(), *clock) {
            first.get_or_insert((tamper, (*clock - begin).as_secs_f32()));
        }
    }
    first
}

fn learned(rng: &mut fastrand::Rng) -> (Tampering, Duration) {
    let (mut camera, mut clock) = (Tampering::default(), Duration::from_secs(100));
    assert_eq!(watch(&mut camera, &mut clock, 30, || scene(0.0, 1.0, 2.0, rng)), None);
    (camera, clock)
}

#[test]
fn a_turned_camera_is_told_until_it_is_turned_back() {
    let mut rng = fastrand::Rng::with_seed(1);
    let (mut camera, mut clock) = learned(&mut rng);
    let begin = clock;
    let told = watch(&mut camera, &mut clock, 15, || scene(20.0, 1.0, 2.0, &mut rng));
    let (tamper, after) = told.expect("told");
    assert_eq!(tamper.kind, Kind::Moved);
    assert!((5.0..10.0).contains(&after), "after {after} s");
    assert!(tamper.since.abs_diff(begin) < Duration::from_secs(3), "since {:?}", tamper.since);
    assert!(tamper.deviation > 3.0 && tamper.kept < tamper.usual, "{tamper:?}");
    watch(&mut camera, &mut clock, 5, || scene(0.0, 1.0, 2.0, &mut rng));
    assert_eq!(camera.look(&scene(0.0, 1.0, 2.0, &mut rng), clock), None);
}

#[test]
fn a_bright_cover_is_told_and_a_dark_one_may_be_the_lamps() {
    let mut rng = fastrand::Rng::with_seed(2);
    let (camera, clock) = learned(&mut rng);
    let (mut covered, mut dark) = (camera.clone(), camera);
    let told = watch(&mut covered, &mut clock.clone(), 15, || flat(110.0, &mut rng));
    let (tamper, after) = told.expect("told");
    assert_eq!(tamper.kind, Kind::Covered);
    assert!((3.0..8.0).contains(&after), "after {after} s");
    assert_eq!(watch(&mut dark, &mut clock.clone(), 60, || flat(10.0, &mut rng)), None);
}

#[test]
fn light_and_shaking_are_not_told() {
    let mut rng = fastrand::Rng::with_seed(4);
    let (camera, clock) = learned(&mut rng);
    for gain in [0.05, 0.2, 0.5, 1.6, 3.0] {
        let told = watch(&mut camera.clone(), &mut clock.clone(), 30, || scene(0.0, gain, 3.0, &mut rng));
        assert_eq!(told, None, "gain {gain}");
    }
    let told = watch(&mut camera.clone(), &mut clock.clone(), 30, || {
        let x = 6.0 * rng.f32();
        scene(x, 1.0, 2.0, &mut rng)
    });
    assert_eq!(told, None, "shaking");
}

#[test]
fn what_was_learned_survives_being_stored() {
    let mut rng = fastrand::Rng::with_seed(5);
    let (camera, _) = learned(&mut rng);
    let stored = serde_json::to_string(&camera).unwrap();
    let mut clock = Duration::ZERO;
    let mut same: Tampering = serde_json::from_str(&stored).unwrap();
    assert_eq!(watch(&mut same, &mut clock, 20, || scene(0.0, 0.7, 2.0, &mut rng)), None);
    let mut turned: Tampering = serde_json::from_str(&stored).unwrap();
    let told = watch(&mut turned, &mut clock, 15, || scene(20.0, 1.0, 2.0, &mut rng));
    assert!(told.is_some(), "turned while it was off");
    // What can't be is left out.
    let damaged = stored.replacen("\"width\":176", "\"width\":300", 1);
    let mut damaged: Tampering = serde_json::from_str(&damaged).unwrap();
    assert_eq!(damaged.look(&scene(0.0, 1.0, 2.0, &mut rng), clock), None);
}

#[test]
fn an_accepted_view_is_the_new_one() {
    let mut rng = fastrand::Rng::with_seed(6);
    let (mut camera, mut clock) = learned(&mut rng);
    assert!(watch(&mut camera, &mut clock, 15, || scene(20.0, 1.0, 2.0, &mut rng)).is_some());
    camera.accept();
    assert_eq!(watch(&mut camera, &mut clock, 30, || scene(20.0, 1.0, 2.0, &mut rng)), None);
    assert!(watch(&mut camera, &mut clock, 15, || scene(0.0, 1.0, 2.0, &mut rng)).is_some());
}

#[test]
fn bad_pictures_and_clocks_do_no_harm() {
    let mut rng = fastrand::Rng::with_seed(7);
    let (mut camera, clock) = learned(&mut rng);
    assert_eq!(camera.look(&Plane::default(), clock), None);
    assert_eq!(camera.look(&Plane { width: 176, height: 96, data: vec![0; 5] }, clock), None);
    assert_eq!(camera.look(&Plane::new(176, 9, 0), clock), None);
    assert_eq!(camera.look(&scene(0.0, 1.0, 2.0, &mut rng), Duration::ZERO), None);
    for size in [(64, 48), (149, 301), (640, 480)] {
        assert_eq!(camera.look(&Plane::new(size.0, size.1, 90), clock), None);
    }
}
