//! What is changed on the page acts, stays over a crash, and is refused whole when it can't be or can't be kept.

mod common;

use common::{Reply, Server};
use edge_cctv::picture::jpeg;
use serde_json::{Value, json};
use std::fs;
use std::time::{Duration, Instant};
use ureq::http::Method;

const DEMO: [&str; 2] = ["--camera", "demo"];

fn patch(server: &Server, patch: &Value) -> Reply {
    server.send(Method::PATCH, "/api/settings", &[], &patch.to_string())
}

/// A patch that must be taken.
fn change(server: &Server, wanted: &Value) -> Value {
    let reply = patch(server, wanted);
    assert_eq!(reply.status, 200, "{wanted}: {}", String::from_utf8_lossy(&reply.body));
    reply.json()
}

fn settings(server: &Server) -> Value {
    server.get("/api/settings").json()
}

fn camera(server: &Server) -> Value {
    server.get("/api/cameras").json()["cameras"][0].clone()
}

fn zone_names(server: &Server) -> Vec<String> {
    let zones = camera(server)["zones"].as_array().unwrap().clone();
    zones.iter().map(|zone| zone["name"].as_str().unwrap().into()).collect()
}

fn is_black_at_the_left(bytes: &[u8]) -> bool {
    let luma = jpeg::decode(bytes).expect("a whole JPEG").luma;
    // Up to JPEG's ringing at the border.
    (0..luma.height).all(|y| luma.row(y)[..luma.width / 2 - 8].iter().all(|value| *value <= 24))
}

fn left_half() -> Value {
    json!([{"name": "left", "kind": "privacy", "points": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}])
}

#[test]
fn a_privacy_zone_drawn_on_the_page_is_black_at_once_and_after_a_crash() {
    let server = Server::demo();
    let changed = change(&server, &json!({"camera": {"camera0": {"zone": left_half()}}}));
    assert_eq!(changed["changes"][0]["camera"], "camera0");
    assert_eq!(zone_names(&server), ["left"]);
    let mut stream = server.watch("/live?overlay=0");
    // A picture may have been on its way.
    let end = Instant::now() + Duration::from_secs(10);
    while !is_black_at_the_left(&stream.next().expect("a picture").jpeg) {
        assert!(Instant::now() < end, "it never becomes black");
    }

    let server = Server::run_in(server.kill(), &DEMO);
    assert_eq!(zone_names(&server), ["left"]);
    let first = server.watch("/live?overlay=0").next().expect("a picture");
    assert!(is_black_at_the_left(&first.jpeg), "the very first picture is black there");

    // The demo's own zone is the file's, and comes back with it; an empty list takes that away too.
    change(&server, &json!({"camera": {"camera0": {"zone": null}}}));
    assert_eq!(zone_names(&server), ["yard"]);
    change(&server, &json!({"camera": {"camera0": {"zone": []}}}));
    let server = Server::run_in(server.kill(), &DEMO);
    assert!(zone_names(&server).is_empty());
    assert!(
        server.get("/status").json().get("limits").is_none_or(|limits| !limits.to_string().contains("page"))
    );
}

#[test]
fn an_alert_zone_drawn_on_the_page_raises_alerts() {
    let server = Server::demo();
    let zone = json!([{"name": "everywhere", "kind": "alert", "points": [[0, 0], [1, 0], [1, 1], [0, 1]]}]);
    change(&server, &json!({"camera": {"camera0": {"zone": zone, "motion": {"min_seconds": 0.1}}}}));
    let status = server.wait_for_status("an alert", |status| status["ai_status"] == "ALERT");
    assert_eq!(status["alert_zone"], "everywhere", "{status}");
}

#[test]
fn each_change_acts_as_its_key_says() {
    let server = Server::demo();
    server.wait_for_status("a frame", |status| status["camera_active"] == true);
    let body = change(
        &server,
        &json!({"stream": {"quality": 33}, "camera": {"camera0": {"width": 320, "height": 240, "autostart": false}}}),
    );
    let found: Vec<_> = body["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (change["key"].as_str().unwrap(), change["effect"].as_str().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            ("stream.quality", "at_once"),
            ("camera[0].width", "reopens_camera"),
            ("camera[0].height", "reopens_camera"),
            ("camera[0].autostart", "restart"),
        ]
    );
    assert_eq!(body["pending"], json!(["camera[0].autostart"]));
    assert_eq!(settings(&server)["settings"]["stream"]["quality"], 33);
    server.wait_for_log("changed on the page: camera[0].width");
    let end = Instant::now() + Duration::from_secs(10);
    while camera(&server)["opened"]["width"] != 320 {
        assert!(Instant::now() < end, "{}", camera(&server));
        std::thread::sleep(Duration::from_millis(20));
    }
    let server = Server::run_in(server.kill(), &DEMO);
    assert_eq!(camera(&server)["phase"], "stopped");
    assert_eq!(settings(&server)["pending"], json!([]));
    assert_eq!(
        settings(&server)["changed"],
        json!({"stream": {"quality": 33}, "camera": {"camera0": {"width": 320, "height": 240, "autostart": false}}})
    );
}

#[test]
fn a_patch_with_a_fault_changes_nothing() {
    let server = Server::demo();
    let before = settings(&server);
    let wrong = json!({"stream": {"quality": 33}, "camera": {"camera0": {"motion": {"sensitivity": 3}}}});
    let reply = patch(&server, &wrong);
    assert_eq!(reply.status, 400);
    let text = "camera[0].motion.sensitivity is 3: allowed are 0 to 1";
    assert_eq!(
        reply.json(),
        json!({
            "error": "Bad settings",
            "detail": text,
            "faults": [{"keys": ["camera[0].motion.sensitivity"], "text": text}],
        })
    );
    for (body, said) in [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        (r#"{"camera":{"other":{"fps":5}}}"#, "camera.other is unknown: known here are camera0"),
        (r#"{"server":{"listen":"0.0.0.0:80"}}"#, "server can be changed in the configuration file only"),
        (
            r#"{"camera":{"camera0":{"source":"/etc/passwd"}}}"#,
            "can be changed in the configuration file only",
        ),
    ] {
        let reply = server.send(Method::PATCH, "/api/settings", &[], body);
        assert_eq!(reply.status, 400, "{body}");
        assert!(reply.json()["detail"].as_str().unwrap().contains(said), "{body}: {}", reply.json());
    }
    assert_eq!(settings(&server), before);
    assert!(!server.folder.path().join("settings.toml").exists());
}

#[test]
fn what_is_kept_of_events_and_as_a_time_lapse_follows_at_once() {
    let server = Server::demo();
    change(&server, &json!({"events": {"max_mib": 100}, "snapshots": {"every_seconds": 1}}));
    assert_eq!(server.get("/api/events/storage").json()["max_bytes"], 100 << 20);
    let end = Instant::now() + Duration::from_secs(30);
    while server.get("/api/snapshots?timelapse=1").json()["total"] == 0 {
        assert!(Instant::now() < end, "there is no time-lapse: {}", server.log());
        std::thread::sleep(Duration::from_millis(100));
    }
    let reply = patch(&server, &json!({"events": {"days": -1}, "snapshots": {"max_mib": 0}}));
    assert_eq!(reply.status, 400);
    let keys: Vec<_> =
        reply.json()["faults"].as_array().unwrap().iter().map(|fault| fault["keys"][0].clone()).collect();
    assert_eq!(keys, ["events.days", "snapshots.max_mib"]);
}

#[test]
fn what_can_not_be_kept_is_not_done() {
    let server = Server::demo();
    let before = settings(&server);
    // A folder in the place of the file: writing fails whoever runs the test.
    let file = server.folder.path().join("settings.toml");
    fs::create_dir(&file).unwrap();
    let reply = patch(&server, &json!({"camera": {"camera0": {"zone": []}}}));
    assert_eq!((reply.status, reply.json()["error"].as_str()), (500, Some("Settings not saved")));
    let shown = reply.json()["detail"].to_string();
    assert!(!shown.contains(&*server.folder.path().to_string_lossy()), "{shown}");
    assert_eq!(settings(&server), before);
    assert_eq!(zone_names(&server), ["yard"]);
    fs::remove_dir(&file).unwrap();
    change(&server, &json!({"camera": {"camera0": {"zone": []}}}));
    assert!(zone_names(&server).is_empty());
}

#[test]
fn a_damaged_file_is_set_aside_and_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("settings.toml"), "[stream\nquality =").unwrap();
    let server = Server::run_in(folder, &DEMO);
    let told = |server: &Server| server.get("/status").json()["limits"].to_string().contains("is set aside");
    assert!(told(&server), "{}", server.get("/status").json());
    let server = Server::run_in(server.kill(), &DEMO);
    assert!(told(&server), "the next start tells it too");
    assert!(server.folder.path().join("settings.bad").exists());
    change(&server, &json!({"stream": {"quality": 33}}));
    assert!(!told(&server));
}

#[test]
fn a_reloaded_file_comes_under_what_was_changed() {
    let configuration = tempfile::tempdir().unwrap();
    let file = configuration.path().join("config.toml");
    let write = |stream: &str| {
        fs::write(&file, format!("[stream]\n{stream}\n[[camera]]\nname = 'yard'\nsource = 'demo'\n"))
            .unwrap();
    };
    write("quality = 60");
    let server = Server::run_in(tempfile::tempdir().unwrap(), &["--config", file.to_str().unwrap()]);
    change(&server, &json!({"stream": {"quality": 33}, "camera": {"yard": {"zone": []}}}));
    write("quality = 70\nfps = 5");
    let pid = libc::pid_t::try_from(server.id()).unwrap();
    // SAFETY: the child isn't waited for yet, so the number is its own.
    assert_eq!(unsafe { libc::kill(pid, libc::SIGHUP) }, 0);
    server.wait_for_log("configuration reloaded, 1 changes");
    assert_eq!(settings(&server)["settings"]["stream"], json!({"quality": 33, "fps": 5}));
    assert!(zone_names(&server).is_empty());
    let back = change(&server, &json!({"stream": null}));
    assert_eq!(back["settings"]["stream"], json!({"quality": 70, "fps": 5}));
}

/// One after the other, so that none takes back another's.
#[test]
fn patches_at_once_are_all_kept() {
    let server = Server::demo();
    let keys = ["min_seconds", "hold_seconds", "sensitivity", "min_area"];
    std::thread::scope(|scope| {
        for key in keys {
            let server = &server;
            scope.spawn(move || change(server, &json!({"camera": {"camera0": {"motion": {key: 1}}}})));
        }
    });
    let server = Server::run_in(server.kill(), &DEMO);
    let motion = settings(&server)["changed"]["camera"]["camera0"]["motion"].clone();
    assert_eq!(motion, json!({"min_seconds": 1, "hold_seconds": 1, "sensitivity": 1, "min_area": 1}));
}

#[test]
fn who_has_seen_older_settings_is_told() {
    let server = Server::demo();
    let seen = server.get("/api/settings");
    let tag = seen.header("etag").to_string();
    assert_eq!(tag, format!("\"{}\"", seen.json()["revision"].as_str().unwrap()));
    change(&server, &json!({"camera": {"camera0": {"zone": left_half()}}}));
    let late = json!({"camera": {"camera0": {"zone": []}}}).to_string();
    let reply = server.send(Method::PATCH, "/api/settings", &[("If-Match", &tag)], &late);
    assert_eq!((reply.status, zone_names(&server)), (412, vec!["left".to_string()]));
    let tag = server.get("/api/settings").header("etag").to_string();
    let reply = server.send(Method::PATCH, "/api/settings", &[("If-Match", &tag)], &late);
    assert_eq!((reply.status, zone_names(&server).len()), (200, 0));
}
