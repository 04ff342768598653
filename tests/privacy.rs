//! Privacy zones are black for whoever looks, by whatever way.

mod common;

use common::Server;
use edge_cctv::camera::{Frame, PixelFormat, Range};
use edge_cctv::config::{self, Zone, ZoneKind};
use edge_cctv::picture::jpeg;
use edge_cctv::pipeline::{Pipeline, State};
use std::time::Duration;
use tungstenite::Message;

const CONFIG: &str = r#"
[[camera]]
name = "street"
source = "demo"
[[camera.zone]]
name = "neighbours"
kind = "privacy"
points = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
"#;

/// The left half must be black up to JPEG's ringing at its border, and the right half a picture.
fn left_half_is_black(what: &str, bytes: &[u8]) {
    let luma = jpeg::decode(bytes).expect("a whole JPEG").luma;
    let half = luma.width / 2;
    for y in 0..luma.height {
        let brightest = luma.row(y)[..half - 8].iter().max();
        assert!(brightest <= Some(&24), "{what}: {brightest:?} in row {y}");
    }
    let right: u64 =
        (0..luma.height).map(|y| luma.row(y)[half + 8..].iter().map(|&v| u64::from(v)).sum::<u64>()).sum();
    assert!(right / ((half - 8) * luma.height) as u64 > 40, "{what}: the rest is to be seen");
}

#[test]
fn stream_websocket_and_snapshot_hide_the_zone() {
    let server = Server::configured(CONFIG);
    // Without overlay: nothing of ours is drawn over the black.
    let part = server.watch("/live?overlay=0").next().expect("a picture");
    left_half_is_black("stream", &part.jpeg);

    let (mut socket, _) = tungstenite::connect(server.url("ws", "/ws/live?overlay=0")).expect("a WebSocket");
    let picture = loop {
        if let Message::Binary(picture) = socket.read().expect("messages come") {
            break picture;
        }
    };
    left_half_is_black("WebSocket", &picture);

    let taken = server.post("/snapshot?overlay=0").json();
    let name = taken["filename"].as_str().expect("a name");
    left_half_is_black("snapshot", &server.get(&format!("/api/snapshots/{name}")).body);
}

/// A still picture with structure everywhere.
fn still(sequence: u64) -> Frame {
    let (width, height) = (320u32, 240u32);
    let texture = |place: u32| 90 + ((place % width / 8 * 37 + place / width / 8 * 61) % 120) as u8;
    Frame {
        sequence,
        captured: Duration::from_millis(100 * sequence),
        restarted: sequence == 0,
        format: PixelFormat::Grey,
        width,
        height,
        stride: width,
        range: Range::Full,
        data: (0..width * height).map(texture).collect(),
    }
}

#[test]
fn a_zone_that_is_drawn_or_taken_away_is_no_motion() {
    let points = vec![(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)];
    let zone = Zone { name: "window".into(), kind: ZoneKind::Privacy, points };
    let without = config::Camera::default();
    let with = config::Camera { zones: vec![zone], ..config::Camera::default() };
    let mut pipeline = Pipeline::new(&without, None);
    for (round, camera) in [&without, &with, &without].into_iter().enumerate() {
        pipeline.configure(camera);
        for frame in 0..100 {
            let analysis = pipeline.process(&still(100 * round as u64 + frame), None).unwrap();
            assert_eq!(
                (analysis.state, analysis.regions.len()),
                (State::Idle, 0),
                "round {round}, frame {frame}"
            );
        }
    }
}
