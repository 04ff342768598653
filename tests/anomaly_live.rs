//! The live service says of a recording what `analyze` says of it, frame by frame; but for what the network sees in a frame, which
//! `analyze` waits for, and the live service tells with the next one.

#[path = "common/clip.rs"]
mod clip;
mod common;

use common::Server;
use edge_cctv::anomaly::Anomaly;
use edge_cctv::anomaly::store::{Kept, Origin, Store, source_tag};
use edge_cctv::camera::replay::{self, Pace};
use edge_cctv::config::{self, Config};
use edge_cctv::pipeline::{Analysis, Pipeline};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;
use tungstenite::Message;

/// A machine that is too busy skips frames, and then nothing can be compared.
const ATTEMPTS: usize = 4;

/// Sequence number → what was found.
type Found = BTreeMap<u64, Value>;

/// A folder with a clip and a configuration that shows it once it is watched. It repeats, because what is on its way at
/// the end of a recording is dropped.
fn scene(seconds: std::ops::Range<u32>) -> (TempDir, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("clip.avi");
    clip::write(&clip, seconds);
    let clip = clip.to_str().unwrap().to_string();
    let toml = format!(
        "[[camera]]\nname = \"clip\"\nsource = \"{clip}\"\nautostart = false\nrepeat = true\n\
         [camera.anomaly]\nfalse_alarms_per_day = 100.0\n\
         [[camera.zone]]\nname = \"yard\"\nkind = \"alert\"\npoints = [[0.5, 0.3], [1.0, 0.3], [1.0, 0.6], [0.5, 0.6]]\n"
    );
    let file = folder.path().join("config.toml");
    std::fs::write(&file, toml).unwrap();
    let file = file.to_str().unwrap().to_string();
    (folder, clip, file)
}

/// Watches the whole clip live; `None` if a frame was missed.
fn live(state: TempDir, config: &str, frames: usize) -> Option<Found> {
    let server = Server::run_in(state, &["--config", config]);
    let (mut socket, _) = tungstenite::connect(server.url("ws", "/ws/live?overlay=0&quality=20")).unwrap();
    let mut found = Found::new();
    while found.len() < frames {
        match socket.read().unwrap() {
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                let sequence = message["sequence"].as_u64().unwrap();
                if sequence != found.len() as u64 {
                    eprintln!("frame {} was missed", found.len());
                    return None;
                }
                let verdict = &message["anomaly_status"];
                found.insert(
                    sequence,
                    json!([message["ai_status"], message["anomaly_score"], verdict["anomaly_type"]]),
                );
            }
            Message::Binary(_) | Message::Ping(_) => {}
            other => panic!("{other:?} after {} frames", found.len()),
        }
    }
    Some(found)
}

fn told<'a>(analyses: impl Iterator<Item = &'a Analysis>) -> Found {
    analyses
        .map(|analysis| {
            let judgement = analysis.judgement.as_ref().unwrap();
            let kind = judgement.verdict.as_ref().map(|verdict| verdict.anomaly_type);
            // Through text, as what comes from the server: an f32 written as such.
            let text = serde_json::to_string(&(analysis.state, judgement.score, kind)).unwrap();
            (analysis.sequence, serde_json::from_str(&text).unwrap())
        })
        .collect()
}

fn compare(expected: &Found, mut attempt: impl FnMut() -> Option<Found>) {
    let found = (0..ATTEMPTS).find_map(|_| attempt()).expect("this machine is too busy to play a small clip");
    for (sequence, wanted) in expected {
        assert_eq!(&found[sequence], wanted, "frame {sequence}");
    }
}

#[test]
fn live_and_analyze_say_the_same_of_every_frame() {
    let (_folder, clip, config) = scene(18..42);
    let output = Command::new(env!("CARGO_BIN_EXE_edge-cctv"))
        .args(["analyze", "--config", &config, &clip])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 24 * clip::FPS as usize);
    let settings: Config = config::load(Path::new(&config)).unwrap();
    let anomaly = Anomaly::configured(&settings.cameras[0], &settings.network);
    let seen = analyses(&settings.cameras[0], anomaly, Path::new(&clip)).0;
    let shown = told(seen.iter().map(|(shown, _)| shown));
    let judged = told(seen.iter().map(|(_, judged)| judged));
    for line in &lines {
        let found = json!([line["ai_status"], line["anomaly_score"], line["anomaly_type"]]);
        assert_eq!(found, judged[&line["frame"].as_u64().unwrap()]);
    }
    assert!(lines.iter().any(|line| line["anomaly_score"].as_f64() > Some(0.1)), "something was judged");
    assert!(lines.iter().any(|line| line["ai_status"] != "IDLE"), "something moved");
    compare(&shown, || live(tempfile::tempdir().unwrap(), &config, shown.len()));
}

/// Of each frame what is shown of it at once, and what is said of it when the network has looked.
fn analyses(
    camera: &config::Camera,
    anomaly: Option<Anomaly>,
    clip: &Path,
) -> (Vec<(Analysis, Analysis)>, Option<Anomaly>) {
    let mut recording = replay::open(clip, Pace::Unlimited, false).unwrap();
    let mut pipeline = Pipeline::new(camera, anomaly);
    let mut analyses = Vec::new();
    while let Ok(frame) = recording.next_frame() {
        let shown = pipeline.process(&frame, None).unwrap();
        let mut judged = shown.clone();
        if let Some((judgement, _)) = pipeline.ask_network() {
            judged.judgement = Some(judgement);
        }
        analyses.push((shown, judged));
    }
    (analyses, pipeline.into_anomaly())
}

#[test]
fn what_was_learned_is_restored_and_live_gives_the_same_verdicts() {
    let unusual = &edge_cctv::camera::demo::schedule()[0];
    let at = unusual.at_seconds as u32;
    let (folder, clip, file) = scene(at - 6..at + 14);
    let config: Config = config::load(Path::new(&file)).unwrap();
    let camera = &config.cameras[0];
    // Learned from what comes before the unusual thing, over and over: what is known of a minute vouches for nothing.
    let before = folder.path().join("before.avi");
    clip::write(&before, 0..at);
    let mut anomaly = Anomaly::configured(camera, &config.network).unwrap();
    anomaly.teach();
    for _ in 0..8 {
        anomaly = analyses(camera, Some(anomaly), &before).1.unwrap();
    }
    anomaly.end_teaching();
    let origin = Origin {
        network: anomaly.network().map(|network| network.fingerprint),
        size: Some(clip::SIZE),
        source: source_tag(&camera.source),
    };
    let kept = Kept { baseline: anomaly.baseline().clone(), origin };
    anomaly.set_baseline(kept.baseline.clone());
    let (expected, _) = analyses(camera, Some(anomaly), Path::new(&clip));
    let expected = told(expected.iter().map(|(shown, _)| shown));
    assert!(expected.values().any(|found| !found[2].is_null()), "the unusual thing is told");
    compare(&expected, || {
        let state = tempfile::tempdir().unwrap();
        Store::new(state.path(), "clip").save(&kept).unwrap();
        live(state, &file, expected.len())
    });
}
