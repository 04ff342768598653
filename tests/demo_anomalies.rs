//! The demo scene's staged anomalies are found, and its daily life raises no alarm.

use edge_cctv::anomaly::Anomaly;
use edge_cctv::anomaly::verdict::Severity;
use edge_cctv::camera::{Wanted, demo};
use edge_cctv::config;
use edge_cctv::pipeline::{Pipeline, State};

#[test]
fn explore() {
    let fps: f32 = std::env::var("FPS").ok().and_then(|s| s.parse().ok()).unwrap_or(5.0);
    let camera = config::Camera::default();
    let anomaly = Anomaly::configured(&camera, &config::Network::default());
    let mut pipeline = Pipeline::new(&camera, anomaly);
    let mut source = demo::open(&Wanted { width: 320, height: 240, fps }, None);
    let mut before = State::Idle;
    let mut complete = false;
    for _ in 0..(3600.0 * fps) as usize {
        let frame = source.next_frame().expect("the demo goes on");
        let t = frame.captured.as_secs_f64();
        let analysis = pipeline.process(&frame, None).expect("drawn frames can be used");
        let judgement = analysis.judgement.as_ref().expect("anomalies are looked for");
        if judgement.complete && !complete {
            complete = true;
            println!("complete at {t}");
        }
        let cycle = (t / 240.0) as u32;
        if analysis.state == State::Alert && before != State::Alert {
            let v = judgement.verdict.as_ref();
            println!(
                "cycle {cycle} at {:.1} ALERT {:?} {:?} {:?}",
                t % 240.0,
                v.map(|v| v.anomaly_type),
                v.map(|v| v.severity > Severity::Low),
                v.map(|v| &v.reasoning)
            );
            let mut r = pipeline.anomaly().expect("x").rarities();
            r.sort_by(|a, b| b.1.total_cmp(&a.1));
            println!("    {:?}", &r[..4]);
        }
        before = analysis.state;
    }
}
