//! An hour of the demo scene as a newcomer sees it: each staged anomaly is found in time and called what it is, and
//! daily life raises no alarm.

use edge_cctv::anomaly::Anomaly;
use edge_cctv::anomaly::kinds::{AnomalyType, Severity};
use edge_cctv::camera::{Wanted, demo};
use edge_cctv::config;
use edge_cctv::pipeline::{Analysis, Pipeline, State};

#[path = "common/skip.rs"]
mod skip;
use skip::skipped;

const FPS: f32 = 10.0;
const CYCLES: u32 = 15;
/// What is staged must be found so soon after it can be known.
const SOON_SECONDS: f64 = 2.0;
/// An ALERT lasts so long after its cause, and somebody leaving is still there.
const AFTERMATH_SECONDS: f64 = 8.0;

/// What each staged anomaly is to be called; `None` is what the alert zone tells.
fn right_type(name: &str) -> Option<AnomalyType> {
    match name {
        "intrusion" => None,
        "chase" => Some(AnomalyType::RapidMovement),
        "loitering" => Some(AnomalyType::Loitering),
        "left_behind" => Some(AnomalyType::UnusualAppearance),
        other => panic!("the demo stages {other}, and nobody said what that is to be called"),
    }
}

/// What is said of a frame, if it is more than a change of light.
fn told(analysis: &Analysis) -> Option<(AnomalyType, Vec<String>)> {
    let verdict = analysis.judgement.as_ref()?.verdict.as_ref()?;
    (verdict.severity > Severity::Low).then(|| (verdict.anomaly_type, verdict.reasoning()))
}

#[test]
#[ignore = "an hour of the demo: run by .ci/run with --release"]
fn each_staged_anomaly_is_found_and_daily_life_raises_no_alarm() {
    let camera = config::Camera { zones: vec![demo::zone()], ..config::Camera::default() };
    let anomaly = Anomaly::configured(&camera, &config::Network::default()).expect("it is on by default");
    if let Some(why) = anomaly.blind() {
        skipped(&format!("the demo's hour needs the network: {why}"));
        return;
    }
    let mut pipeline = Pipeline::new(&camera, Some(anomaly));
    let mut scene = demo::open(&Wanted { width: 320, height: 240, fps: FPS }, None);
    let mut before = State::Idle;
    let mut faults = Vec::new();
    for cycle in 0..CYCLES {
        // For each that is staged: when it was in ALERT first, and when it was called by its name first.
        let mut found = vec![(None, None); demo::schedule().len()];
        for _ in 0..(demo::CYCLE_SECONDS * f64::from(FPS)) as u32 {
            let frame = scene.next_frame().expect("the demo goes on");
            let at = frame.captured.as_secs_f64() % demo::CYCLE_SECONDS;
            let analysis = pipeline.process(&frame, None).expect("drawn frames can be used");
            pipeline.ask_network();
            let staged = demo::schedule().iter().position(|unusual| {
                let calm = cycle < demo::CALM_CYCLES && unusual.name != "intrusion";
                let end = unusual.at_seconds + unusual.duration_seconds + AFTERMATH_SECONDS;
                !calm && (unusual.at_seconds..end).contains(&at)
            });
            let said = told(&analysis);
            match staged {
                Some(which) => {
                    let (alert, name) = &mut found[which];
                    if analysis.state == State::Alert {
                        alert.get_or_insert(at);
                    }
                    let is_called = match right_type(demo::schedule()[which].name) {
                        Some(right) => said.as_ref().is_some_and(|(kind, _)| *kind == right),
                        None => analysis.alert_zone.as_deref() == Some("yard"),
                    };
                    if is_called {
                        name.get_or_insert(at);
                    }
                }
                None if analysis.state == State::Alert && before != State::Alert => {
                    faults.push(format!("cycle {cycle}, {at:.1} s: a false alarm: {said:?}"));
                }
                None => {}
            }
            before = analysis.state;
        }
        for (unusual, (alert, name)) in demo::schedule().iter().zip(found) {
            if cycle < demo::CALM_CYCLES && right_type(unusual.name).is_some() {
                continue;
            }
            let latest = unusual.at_seconds + unusual.evident_after_seconds + SOON_SECONDS;
            for (what, at) in [("in ALERT", alert), ("called by its name", name)] {
                if at.is_none_or(|at| at > latest) {
                    faults.push(format!(
                        "cycle {cycle}: {} {what} at {at:?}, later than {latest}",
                        unusual.name
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
