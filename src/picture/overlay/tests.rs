use super::*;
use std::sync::Arc;

const FORMS: [Option<(usize, usize)>; 5] = [None, Some((1, 1)), Some((2, 1)), Some((1, 2)), Some((2, 2))];

/// Middle grey.
fn scene(width: usize, height: usize, form: Option<(usize, usize)>) -> Picture {
    let chroma = form.map(|(horizontal, vertical)| {
        let plane = Plane::new(width.div_ceil(horizontal), height.div_ceil(vertical), 128);
        Chroma { cb: plane.clone(), cr: plane, horizontal, vertical }
    });
    Picture { luma: Plane::new(width, height, 120), chroma }
}

fn region(x: u32, y: u32, zone: Option<&str>) -> Region {
    let zone = zone.map(Arc::from);
    Region { x, y, w: 60, h: 90, area: 3000, track: 7, zone, speed: 12.0, dwell: 1.0 }
}

fn analysis(state: State, regions: Vec<Region>) -> Analysis {
    Analysis { width: 640, height: 480, state, regions, ..Analysis::default() }
}

fn drawn(analysis: &Analysis, zones: &[Zone], size: (usize, usize)) -> Picture {
    let mut picture = scene(size.0, size.1, Some((2, 2)));
    draw(&mut picture, &Overlay { camera: "yard", time: "2026-11-22 14:03:22", analysis, zones });
    picture
}

/// Samples of red ink in a rectangle given as shares of the picture.
fn red(picture: &Picture, x: std::ops::Range<f32>, y: std::ops::Range<f32>) -> usize {
    let cr = &picture.chroma.as_ref().unwrap().cr;
    let (w, h) = (cr.width as f32, cr.height as f32);
    let rows = (y.start * h) as usize..(y.end * h) as usize;
    rows.map(|row| {
        cr.row(row)[(x.start * w) as usize..(x.end * w) as usize].iter().filter(|&&cr| cr > 160).count()
    })
    .sum()
}

fn changed(picture: &Picture, x: std::ops::Range<usize>, y: std::ops::Range<usize>) -> usize {
    y.map(|row| picture.luma.row(row)[x.clone()].iter().filter(|&&sample| sample != 120).count()).sum()
}

fn square(name: &str, kind: ZoneKind) -> Zone {
    Zone { name: name.into(), kind, points: vec![(0.6, 0.4), (0.9, 0.4), (0.9, 0.8), (0.6, 0.8)] }
}

#[test]
fn an_idle_picture_stays_free_but_for_its_corners() {
    let picture = drawn(&analysis(State::Idle, vec![]), &[], (640, 480));
    assert_eq!(changed(&picture, 0..640, 40..440), 0);
    assert_eq!(changed(&picture, 320..640, 0..40), 0);
    assert!(changed(&picture, 0..320, 0..40) > 300, "the state");
    assert!(changed(&picture, 0..200, 440..480) > 300, "the camera's name");
    assert!(changed(&picture, 440..640, 440..480) > 300, "the time");
    assert_eq!(red(&picture, 0.0..1.0, 0.0..1.0), 0, "red is for alerts");
}

#[test]
fn boxes_lie_where_the_region_is_whatever_the_pictures_size() {
    for (width, height) in [(320, 240), (640, 480), (1920, 1080)] {
        let picture = drawn(&analysis(State::Motion, vec![region(300, 200, None)]), &[], (width, height));
        let (left, right) = (300 * width / 640, 360 * width / 640);
        let (top, bottom) = (200 * height / 480, 290 * height / 480);
        let bright = |x: usize, y: usize| picture.luma.row(y)[x] > 140;
        assert!(bright(left, top) && bright(right - 1, bottom - 1), "{width}x{height}");
        assert!(bright((left + right) / 2, top) && bright(left, (top + bottom) / 2), "{width}x{height}");
        let (dx, dy) = ((right - left) / 4, (bottom - top) / 4);
        assert_eq!(
            changed(&picture, left + dx..right - dx, top + dy..bottom - dy),
            0,
            "the thing stays visible"
        );
        assert_eq!(red(&picture, 0.0..1.0, 0.0..1.0), 0);
    }
}

#[test]
fn an_alert_has_a_red_banner_and_red_boxes_only_in_its_zone() {
    let mut alert = analysis(State::Alert, vec![region(420, 240, Some("door")), region(60, 240, None)]);
    alert.alert_zone = Some("door".into());
    let zones = [square("door", ZoneKind::Alert)];
    let picture = drawn(&alert, &zones, (640, 480));
    assert!(red(&picture, 0.0..1.0, 0.0..0.04) > 2000, "the banner");
    assert!(red(&picture, 0.6..0.9, 0.4..0.8) > 50, "the box in the zone");
    assert_eq!(red(&picture, 0.0..0.5, 0.2..1.0), 0, "the other box");
    // the zone's name is part of it
    alert.alert_zone = Some("gate".into());
    assert_ne!(drawn(&alert, &zones, (640, 480)).luma, picture.luma);
}

#[test]
fn learning_light_count_and_dwell_are_told() {
    let plain = analysis(State::Motion, vec![region(300, 200, None)]);
    let before = drawn(&plain, &[], (640, 480));
    let with = |change: fn(&mut Analysis)| {
        let mut analysis = plain.clone();
        change(&mut analysis);
        drawn(&analysis, &[], (640, 480))
    };
    for (what, after, rows) in [
        ("learning", with(|analysis| analysis.learning = true), 0..40),
        ("light", with(|analysis| analysis.lighting = true), 0..40),
        ("state", with(|analysis| analysis.state = State::Idle), 0..40),
        ("count", with(|analysis| analysis.regions.push(region(500, 400, None))), 0..40),
        ("dwell", with(|analysis| analysis.regions[0].dwell = 8.0), 160..200),
        ("number", with(|analysis| analysis.regions[0].track = 8), 160..200),
    ] {
        assert!(rows.clone().any(|row| before.luma.row(row) != after.luma.row(row)), "{what}");
    }
    assert_eq!(before, with(|analysis| analysis.regions[0].speed = 99.0), "speed isn't shown");
}

#[test]
fn zones_are_shown_with_their_names_and_privacy_is_not() {
    let idle = analysis(State::Idle, vec![]);
    let none = drawn(&idle, &[], (640, 480));
    let inked = |zone: Zone| changed(&drawn(&idle, &[zone], (640, 480)), 0..640, 40..440);
    assert_eq!(drawn(&idle, &[square("x", ZoneKind::Privacy)], (640, 480)), none);
    let (solid, dashed) = (inked(square("", ZoneKind::Alert)), inked(square("", ZoneKind::Ignore)));
    assert!(solid > 700 && dashed > 300, "{solid} {dashed}");
    assert!(inked(square("door", ZoneKind::Alert)) > solid + 100, "the name");
}

#[test]
fn nothing_breaks_whatever_is_to_be_drawn() {
    let odd = Region {
        x: u32::MAX,
        y: 5,
        w: u32::MAX,
        h: 0,
        area: 0,
        track: u32::MAX,
        zone: Some("日本".into()),
        speed: f32::NAN,
        dwell: f32::INFINITY,
    };
    let long = "a very long name of a zone that no picture has room for ".repeat(3);
    let zones = [
        Zone { name: long.clone(), kind: ZoneKind::Alert, points: vec![] },
        Zone { name: long.clone(), kind: ZoneKind::Alert, points: vec![(0.5, 0.5)] },
        Zone {
            name: long.clone(),
            kind: ZoneKind::Ignore,
            points: vec![(f32::NAN, 0.5), (9e9, -9e9), (0.0, 1.0)],
        },
        square("\u{1F600}\n", ZoneKind::Alert),
    ];
    for form in FORMS {
        for (width, height) in [(0, 0), (1, 1), (3, 200), (200, 3), (15, 17), (161, 121)] {
            for state in [State::Idle, State::Motion, State::Alert] {
                for (w, h) in [(0, 0), (640, 480)] {
                    let mut regions = vec![odd.clone(), region(639, 479, None), region(0, 0, Some("door"))];
                    regions.resize(20, region(100, 100, None));
                    let alert_zone = Some(Arc::from(long.as_str()));
                    let (learning, lighting) = (true, true);
                    let analysis = Analysis {
                        width: w,
                        height: h,
                        state,
                        regions,
                        alert_zone,
                        learning,
                        lighting,
                        ..Analysis::default()
                    };
                    let mut picture = scene(width, height, form);
                    let overlay = Overlay { camera: &long, time: "", analysis: &analysis, zones: &zones };
                    draw(&mut picture, &overlay);
                    assert_eq!(picture.luma.data.len(), width * height);
                }
            }
        }
    }
}

#[test]
fn no_signal_tells_since_when_and_why() {
    let picture = no_signal(640, 480, "14:03:22", "the camera was unplugged");
    assert_eq!((picture.luma.width, picture.luma.height), (640, 480));
    let bright = |picture: &Picture| picture.luma.data.iter().filter(|&&sample| sample > 100).count();
    assert!((1500..30_000).contains(&bright(&picture)), "{} letters' pixels", bright(&picture));
    assert!(
        picture.luma.data.iter().map(|&sample| usize::from(sample)).sum::<usize>() / 307_200 < 50,
        "calm"
    );
    assert_ne!(picture, no_signal(640, 480, "14:03:23", "the camera was unplugged"));
    assert_ne!(picture, no_signal(640, 480, "14:03:22", "permission denied"));
    let long = no_signal(640, 480, "14:03:22", &"and so on ".repeat(500));
    assert!(bright(&long) > bright(&picture));
    for (width, height) in [(0, 0), (1, 1), (17, 300), (300, 17), (160, 120)] {
        let picture = no_signal(width, height, "yesterday", "the reason");
        assert!(crate::picture::jpeg::encode(&picture, 80).is_ok());
    }
}

#[test]
fn an_anomaly_is_named_in_its_severitys_colour_whatever_the_state() {
    use crate::anomaly::Judgement;
    use crate::anomaly::kinds::AnomalyType;
    let with = |state, severity| {
        let verdict = Verdict {
            is_anomaly: true,
            anomaly_type: AnomalyType::RapidMovement,
            confidence: 0.9,
            severity,
            findings: vec![],
            baseline_deviation: 4.0,
        };
        let judgement = Judgement { verdict: Some(verdict), ..Judgement::default() };
        drawn(&Analysis { judgement: Some(judgement), ..analysis(state, vec![]) }, &[], (640, 480))
    };
    let cases = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    for state in [State::Idle, State::Motion, State::Alert] {
        let plain = drawn(&analysis(state, vec![]), &[], (640, 480));
        for (i, severity) in cases.into_iter().enumerate() {
            let picture = with(state, severity);
            assert_eq!(changed(&picture, 0..640, 40..440), 0, "the middle stays free");
            // Letters are thinner than chroma's samples: their colour is told by the direction in which it changed.
            let change = |plane: fn(&Chroma) -> &Plane| {
                let (with, without) = (picture.chroma.as_ref().unwrap(), plain.chroma.as_ref().unwrap());
                let pairs = plane(with).data.iter().zip(&plane(without).data);
                pairs.map(|(&a, &b)| f32::from(a) - f32::from(b)).sum::<f32>()
            };
            let (cb, cr) = (change(|chroma| &chroma.cb), change(|chroma| &chroma.cr));
            let colour = severity_colour(severity);
            let (u, v) = (f32::from(colour.cb) - 128.0, f32::from(colour.cr) - 128.0);
            let alike = (cb * u + cr * v) / (cb.hypot(cr) * u.hypot(v));
            // On the alert's banner the plate takes red away too.
            assert!(state == State::Alert || alike > 0.97, "{state:?} {severity:?}: {alike}");
            assert!(cases[..i].iter().all(|&other| with(state, other) != picture));
        }
    }
}
