//! Privacy zones are black for whoever looks, by whatever way.

mod common;

use common::Server;
use edge_cctv::picture::jpeg;
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
