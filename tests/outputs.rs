//! LEDs, relays and arming over the API of the running program; without hardware, so that it runs everywhere. Lines
//! that really move are `tests/board`'s.

mod common;

use common::{Reply, Server};
use serde_json::{Value, json};
use std::fmt::Write as _;
use ureq::http::Method;

const LINES: &str = "
[[led]]
name = 'status'
line = 'GPIO17'
[[led]]
name = 'alarm'
line = 'GPIO18'
shows = 'alert'
[[relay]]
name = 'siren'
line = 'GPIO27'
while_learning = true
pause_seconds = 30
";

fn with_driver(driver: &str, more: &str) -> Server {
    let mut toml = format!("[outputs]\ndriver = '{driver}'\n{LINES}");
    write!(toml, "[[camera]]\nsource = 'demo'\n{more}").unwrap();
    Server::configured(&toml)
}

fn send(server: &Server, path: &str, body: &str) -> Reply {
    server.send(Method::POST, path, &[("content-type", "application/json")], body)
}

fn output(server: &Server, name: &str) -> Value {
    let outputs = server.get("/api/outputs").json();
    outputs["outputs"].as_array().unwrap().iter().find(|output| output["name"] == name).unwrap().clone()
}

#[test]
fn the_demo_closes_the_relay_once_somebody_is_in_the_yard() {
    // At once, and the whole picture is an alert zone.
    let zone = "[[camera.zone]]\nname = 'all'\nkind = 'alert'\npoints = [[0, 0], [1, 0], [1, 1], [0, 1]]\n";
    let server = with_driver("none", zone);
    server.wait_for_status("ALERT", |status| status["ai_status"] == "ALERT");
    let status = server.wait_for_status("the relay", |status| status["outputs"]["siren"] == true);
    assert_eq!((&status["armed"], &status["alert_severity"]), (&json!(true), &json!("HIGH")));
    let siren = output(&server, "siren");
    assert!(siren["why"].as_str().unwrap().starts_with("motion in zone all at camera0"), "{siren}");
    assert!(siren["capture_to_line_ms"].as_f64().is_some_and(|ms| ms > 0.0), "{siren}");
    assert!(output(&server, "alarm")["why"].as_str().unwrap().contains("severity HIGH"));

    let disarmed = send(&server, "/api/arm", "{\"mode\": \"disarmed\"}").json();
    assert_eq!((&disarmed["armed"], &disarmed["why"]), (&json!(false), &json!("disarmed by the API")));
    assert_eq!(output(&server, "siren")["on"], false, "it is open when the answer comes");
    let closings = server.get("/api/outputs/history?limit=1").json();
    assert_eq!(closings["closings"][0]["ended"], "disarmed by the API");
    assert!(server.get("/metrics").body.windows(20).any(|text| text == b"edge_cctv_armed{} 0\n"));
}

#[test]
fn what_was_closed_and_armed_is_known_after_a_kill() {
    let server = with_driver("none", "");
    assert_eq!(send(&server, "/api/arm", "{\"mode\": \"armed\"}").status, 200);
    assert_eq!(send(&server, "/api/outputs/siren/test", "{\"seconds\": 50}").status, 200);
    assert_eq!(server.get("/status").json()["outputs"]["siren"], true);
    let config = server.folder.path().join("again.toml");
    std::fs::write(&config, format!("[outputs]\ndriver = 'none'\n{LINES}")).unwrap();
    let folder = server.kill();
    let server = Server::run_in(folder, &["--config", config.to_str().unwrap()]);
    let closings = server.get("/api/outputs/history").json();
    assert_eq!(closings["closings"].as_array().unwrap().len(), 1);
    let closing = &closings["closings"][0];
    assert_eq!(closing["reason"], "test by the API");
    assert!(closing["ended"].as_str().unwrap().contains("cut off"), "{closing}");
    assert_eq!(server.get("/api/arm").json()["mode"], "armed");
    let refused = server.post("/api/outputs/siren/test");
    assert_eq!((refused.status, refused.json()["error"].as_str()), (409, Some("Relay must pause")));
    assert!((1..=31).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
}

#[test]
fn a_board_without_lines_says_what_is_missing_and_does_the_rest() {
    let server = with_driver("gpiochip", "");
    let status = server.wait_for_status("the camera", |status| status["camera_active"] == true);
    let limits = status["limits"].to_string();
    assert!(limits.contains("relay siren: line GPIO27"), "{limits}");
    let siren = output(&server, "siren");
    assert!(siren["problem"].is_string() && siren["read_back"].is_null(), "{siren}");
    assert_eq!(server.post("/api/outputs/siren/test").status, 503);
    assert!(output(&server, "status")["why"].as_str().unwrap().contains("line GPIO17"));
}

#[test]
fn bad_orders_are_refused_in_words() {
    let server = with_driver("none", "");
    for (path, body, status, words) in [
        ("/api/arm", "", 400, "the body must be"),
        ("/api/arm", "{\"mode\": \"on\"}", 400, "the body must be"),
        ("/api/arm", "{\"mode\": \"armed\", \"x\": 1}", 400, "the body must be"),
        ("/api/alert/silence", "{\"seconds\": -1}", 400, "from 0 to 86400"),
        ("/api/alert/silence", "{\"seconds\": \"1\"}", 400, "the body must be"),
        ("/api/alert/silence", "[60]", 400, "the body must be"),
        ("/api/outputs/siren/test", "{\"seconds\": 61}", 400, "from 0.1 to 60"),
        ("/api/outputs/nothing/test", "", 404, "no LED or relay"),
    ] {
        let reply = send(&server, path, body);
        assert_eq!(reply.status, status, "{path} {body}");
        let detail = reply.json()["detail"].as_str().unwrap().to_string();
        assert!(detail.contains(words), "{path} {body}: {detail}");
    }
    let other =
        server.request(Method::POST, "/api/outputs/siren/test", &[("origin", "https://evil.example")]);
    assert_eq!(other.status, 403, "another site's page moves no relay");
    assert_eq!(output(&server, "siren")["on"], false);
    let silenced = server.post("/api/alert/silence").json();
    assert!(silenced["status"] == "silenced" && silenced["silent_until"].is_string(), "{silenced}");
    assert_eq!(send(&server, "/api/alert/silence", "{\"seconds\": 0}").json()["status"], "not silenced");
}
