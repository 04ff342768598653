//! An hour of the demo scene: its daily life raises no alarm, and the box that is left behind does.

use edge_cctv::anomaly::Anomaly;
use edge_cctv::anomaly::verdict::AnomalyType;
use edge_cctv::camera::{Wanted, demo};
use edge_cctv::config;
use edge_cctv::pipeline::{Pipeline, State};

#[path = "common/skip.rs"]
mod skip;
use skip::skipped;

const FPS: f32 = 5.0;
const CYCLES: u32 = 15;

#[test]
#[ignore = "an hour of the demo: run by .ci/run with --release"]
fn the_box_left_behind_raises_an_alarm_and_daily_life_raises_none() {
    let camera = config::Camera::default();
    let anomaly = Anomaly::configured(&camera, &config::Network::default()).expect("it is on by default");
    if let Some(why) = anomaly.blind() {
        skipped(&format!("the demo's hour needs the network: {why}"));
        return;
    }
    let mut pipeline = Pipeline::new(&camera, Some(anomaly));
    let mut scene = demo::open(&Wanted { width: 320, height: 240, fps: FPS }, None);
    let left = demo::schedule().iter().find(|unusual| unusual.name == "left_behind").expect("it is staged");
    let mut found = std::collections::BTreeSet::new();
    let mut before = State::Idle;
    let frames = (f64::from(CYCLES) * demo::CYCLE_SECONDS * f64::from(FPS)) as usize;
    for _ in 0..frames {
        let frame = scene.next_frame().expect("the demo goes on");
        let time = frame.captured.as_secs_f64();
        let analysis = pipeline.process(&frame, None).expect("drawn frames can be used");
        let judgement = analysis.judgement.expect("anomalies are looked for");
        if analysis.state == State::Alert && before != State::Alert {
            let (cycle, at) = ((time / demo::CYCLE_SECONDS) as u32, time % demo::CYCLE_SECONDS);
            let verdict = judgement.verdict.expect("without a zone only an anomaly alerts");
            let staged = demo::schedule().iter().any(|unusual| {
                (unusual.at_seconds..unusual.at_seconds + unusual.duration_seconds + 5.0).contains(&at)
            });
            assert!(
                staged && cycle >= demo::CALM_CYCLES,
                "cycle {cycle}, {at:.1} s: {:?}",
                verdict.reasoning
            );
            if at > left.at_seconds {
                assert_eq!(verdict.anomaly_type, AnomalyType::UnusualAppearance, "{:?}", verdict.reasoning);
                found.insert(cycle);
            }
        }
        before = analysis.state;
    }
    // What is known after twelve minutes can't vouch for much: the first boxes may be missed.
    let later = CYCLES - demo::CALM_CYCLES - 3;
    assert!(found.len() >= later as usize, "found in cycles {found:?}");
}
