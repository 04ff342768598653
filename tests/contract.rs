//! The integration guide, walked through: each call, field, text and header that it documents.

mod common;
#[path = "common/skip.rs"]
mod skip;

use common::Server;
use serde_json::{Value, json};
use skip::skipped;
use std::time::{SystemTime, UNIX_EPOCH};
use ureq::http::Method;

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// Whether ONNX Runtime is here: without it the program says so and does the rest.
fn has_network() -> bool {
    use edge_cctv::anomaly::model::{ModelSource, Network};
    Network::load(std::path::Path::new(""), &ModelSource::Search, edge_cctv::config::Provider::Cpu).is_ok()
}

const STARTED: &str =
    r#"{"status":"ready","message":"Camera initialized successfully","ai_pipeline_active":true}"#;

#[test]
fn the_guides_interaction_flow_holds() {
    let server = Server::configured("[[camera]]\nname = \"yard\"\nsource = \"demo\"\nautostart = false\n");

    // Health check, before anything was started.
    let root = server.get("/").json();
    assert_eq!(
        root,
        json!({
            "service": "Smart Edge-AI CCTV System",
            "version": env!("CARGO_PKG_VERSION"),
            "ai_enabled": has_network(),
            "streaming": false,
            "ai_pipeline_active": false,
        })
    );
    let idle = server.get("/status").json();
    assert_eq!(idle["streaming"], false);
    assert_eq!(idle["camera_active"], false);
    assert_eq!(idle["ai_pipeline_active"], false);
    assert_eq!(idle["ai_status"], "IDLE");
    assert!(idle.get("anomaly_stats").is_none() && idle.get("fps").is_none(), "{idle}");

    // Deploy: start, then the stream.
    let started: Value = serde_json::from_str(STARTED).unwrap();
    for _ in 0..2 {
        let reply = server.post("/start");
        assert_eq!((reply.status, reply.json()), (200, started.clone()), "started already is no error");
    }
    let mut stream = server.watch("/live?t=1700000000000");
    for (name, value) in [
        ("content-type", "multipart/x-mixed-replace; boundary=frame"),
        ("cache-control", "no-cache, no-store, must-revalidate"),
        ("pragma", "no-cache"),
        ("expires", "0"),
    ] {
        assert_eq!(stream.headers[name], value);
    }
    for _ in 0..5 {
        let part = stream.next().expect("pictures go on");
        assert_eq!(part.headers[0], "Content-Type: image/jpeg");
        assert_eq!(part.headers[1], format!("Content-Length: {}", part.jpeg.len()));
        let time: f64 = part.headers[2].strip_prefix("X-Timestamp: ").unwrap().parse().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        assert!((now - time).abs() < 30.0, "{time} is the time of capture");
    }

    // Monitoring.
    let status = server.wait_for_status("a measured rate", |status| status["fps"].is_number());
    assert_eq!(status["streaming"], true);
    assert_eq!(status["camera_active"], true);
    assert_eq!(status["ai_pipeline_active"], true);
    assert!(["IDLE", "MOTION", "ALERT"].contains(&status["ai_status"].as_str().unwrap()));
    assert!(status.get("anomaly_status").is_none(), "only during an anomaly");
    assert_eq!(status["network"].get("version").is_some(), has_network(), "{status}");
    let stats = &status["anomaly_stats"];
    assert_eq!(
        keys(stats),
        [
            "anomaly_rate",
            "learning_complete",
            "learning_progress",
            "paused",
            "total_anomalies_detected",
            "total_frames_analyzed"
        ]
    );
    assert!(stats["total_frames_analyzed"].as_u64().unwrap() > 0);
    assert_eq!(status["viewers"], 1);
    for figure in ["latency_ms", "processing_ms", "motion_regions"] {
        assert!(status[figure].is_number(), "{figure} in {status}");
    }

    // Disengage: the stream ends, and a viewer's reconnect doesn't undo it.
    let stopped = server.post("/stop");
    assert_eq!(
        (stopped.status, stopped.json()),
        (200, json!({ "status": "camera stopped", "ai_pipeline": "reset" }))
    );
    while stream.next().is_some() {}
    let refused = server.get("/live");
    assert_eq!((refused.status, refused.json()["error"].as_str()), (503, Some("Camera stopped")));
    let status = server.get("/status").json();
    assert_eq!((&status["streaming"], &status["camera_active"]), (&json!(false), &json!(false)));
    assert_eq!(status["ai_status"], "IDLE");

    // And again.
    assert_eq!(server.post("/start").json(), started);
    assert!(server.watch("/live").next().is_some());
    assert_eq!(server.get("/").json()["streaming"], true);
}

#[test]
fn opening_the_stream_starts_a_camera_that_was_never_started() {
    let server = Server::configured("[[camera]]\nname = \"yard\"\nsource = \"demo\"\nautostart = false\n");
    assert!(server.watch("/live").next().is_some());
    assert_eq!(server.get("/status").json()["streaming"], true);
}

#[test]
fn a_camera_that_cant_be_opened_is_told_in_words_and_nothing_else_suffers() {
    let server = Server::run(&["--camera", "/dev/does-not-exist"]);
    let reply = server.post("/start");
    assert_eq!(reply.status, 500);
    let error = reply.json();
    assert_eq!(error["error"], "Camera not available");
    let detail = error["detail"].as_str().unwrap();
    assert!(detail.contains("does-not-exist") && !detail.contains("/dev/does"), "{detail}");

    let status = server.get("/status").json();
    assert_eq!(status["camera_active"], false);
    let degraded = &status["degraded"];
    assert!(degraded["reason"].as_str().unwrap().contains("does-not-exist"), "{status}");
    assert!(degraded["since"].as_str().unwrap().ends_with('Z') && degraded["seconds"].is_number());
    assert!(status.get("fps").is_none() && status.get("latency_ms").is_none(), "{status}");

    let ready = server.get("/readyz");
    assert_eq!((ready.status, ready.json()["ready"].as_bool()), (503, Some(false)));
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.post("/snapshot").status, 503);
    assert!(server.watch("/live").next().is_some(), "the stream shows that there is no signal");
    assert_eq!(server.post("/stop").status, 200);
    assert!(server.get("/status").json().get("degraded").is_none());
}

#[test]
fn a_snapshot_has_the_guides_name_and_can_be_fetched() {
    let server = Server::demo();
    server.wait_for_status("a frame", |status| status["camera_active"] == true);
    let names: Vec<String> =
        (0..3).map(|_| server.post("/snapshot").json()["filename"].as_str().unwrap().to_string()).collect();
    for name in &names {
        let number = name.strip_prefix("snapshot_").and_then(|name| name.strip_suffix(".jpg")).unwrap();
        assert!(number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_'), "{name}");
        let picture = server.get(&format!("/api/snapshots/{name}"));
        assert_eq!((picture.status, picture.header("content-type")), (200, "image/jpeg"));
        assert!(picture.body.starts_with(&[0xff, 0xd8]) && picture.body.ends_with(&[0xff, 0xd9]));
        assert_eq!(std::fs::read(server.folder.path().join("snapshots").join(name)).unwrap(), picture.body);
    }
    let list = server.get("/api/snapshots").json();
    assert_eq!(list["total"], 3);
    let listed = list["snapshots"].as_array().unwrap();
    assert!(names.iter().all(|name| listed.iter().any(|entry| entry["filename"] == name.as_str())));
    for path in ["..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "snapshot_1.jpg", "snapshot_1.png"] {
        assert_eq!(server.get(&format!("/api/snapshots/{path}")).status, 404, "{path}");
    }
    server.post("/stop");
    assert_eq!(server.post("/snapshot").status, 503);
}

#[test]
fn cameras_are_found_by_name_and_by_number() {
    let server = Server::configured(
        "[[camera]]\nname = \"yard\"\nsource = \"demo\"\n[[camera]]\nname = \"door\"\nsource = \"demo\"\n",
    );
    for path in ["/live/0", "/live/yard", "/live/1", "/live/door"] {
        assert!(server.watch(path).next().is_some(), "{path}");
    }
    assert_eq!(server.get("/live/2").status, 404);
    assert_eq!(server.get("/status?camera=door").json()["camera"], "door");
    assert_eq!(server.get("/status?camera=1").json()["camera"], "door");
    assert_eq!(server.get("/status").json()["camera"], "yard");
    assert_eq!(server.get("/status?camera=cellar").status, 404);
    assert_eq!(server.post("/stop?camera=door").status, 200);
    assert_eq!(server.get("/live/door").status, 503);
    assert!(server.watch("/live").next().is_some(), "the other one goes on");
    let cameras = server.get("/api/cameras").json();
    let names: Vec<_> = cameras["cameras"].as_array().unwrap().iter().map(|camera| &camera["name"]).collect();
    assert_eq!(names, ["yard", "door"]);
}

#[test]
fn errors_are_json_with_words_whatever_was_wrong() {
    let server = Server::demo();
    let cases = [
        (Method::GET, "/nothing", 404),
        (Method::GET, "/live/cellar", 404),
        (Method::GET, "/api/snapshots/%ff", 400),
        (Method::DELETE, "/status", 405),
        (Method::GET, "/start", 405),
        (Method::GET, "/live?fps=0", 400),
        (Method::GET, "/live?quality=101", 400),
        (Method::GET, "/live?overlay=yes", 400),
        (Method::GET, "/ws/live", 426),
    ];
    for (method, path, status) in cases {
        let reply = server.request(method, path, &[]);
        assert_eq!(reply.status, status, "{path}");
        assert_eq!(reply.header("content-type"), "application/json", "{path}");
        assert_eq!(keys(&reply.json()), ["detail", "error"], "{path}");
    }
    assert_eq!(server.get("/start").header("allow"), "POST");
    let detail = server.get("/live?fps=0").json()["detail"].to_string();
    assert!(detail.contains("fps") && detail.contains("0.1") && detail.contains("60"), "{detail}");
}

#[test]
fn a_browser_gets_the_page_and_a_program_gets_json() {
    let server = Server::demo();
    let page = server.request(Method::GET, "/", &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")]);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(
        server.request(Method::GET, "/", &[("accept", "*/*")]).header("content-type"),
        "application/json"
    );
    if page.status == 503 {
        skipped("the page isn't built (make page): what it is made of isn't looked at");
        return;
    }
    assert_eq!(page.status, 200);
    let text = String::from_utf8(page.body).unwrap();
    let assets: Vec<&str> = text.split('"').filter(|part| part.starts_with("./assets/")).collect();
    assert!(!assets.is_empty(), "{text}");
    for asset in assets {
        let file = server.get(asset.trim_start_matches('.'));
        assert_eq!(file.status, 200, "{asset}");
        assert!(file.header("cache-control").contains("immutable"), "{asset}");
    }
}

#[test]
fn what_the_page_does_not_have_is_missing_in_json() {
    let server = Server::demo();
    for path in ["/favicon.ico", "/assets/index-00000000.js", "/assets/..%2findex.html", "/index.html"] {
        let reply = server.request(Method::GET, path, &[("accept", "text/html,image/*,*/*;q=0.8")]);
        assert_eq!((reply.status, reply.header("content-type")), (404, "application/json"), "{path}");
        assert_eq!(reply.json()["error"], "Not found");
    }
}

#[test]
fn health_and_figures_follow_the_frames() {
    let server = Server::demo();
    server.wait_for_status("a measured rate", |status| status["fps"].is_number());
    let ready = server.get("/readyz");
    assert_eq!((ready.status, ready.json()["ready"].as_bool()), (200, Some(true)));
    let metrics = server.get("/metrics");
    assert!(metrics.header("content-type").starts_with("text/plain; version=0.0.4"));
    let text = String::from_utf8(metrics.body).unwrap();
    let value = |name: &str| -> f64 {
        let line = text.lines().find(|line| line.starts_with(&format!("edge_cctv_{name}")));
        line.unwrap_or_else(|| panic!("{name} in {text}")).rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(value("frames_analyzed_total{") > 0.0);
    assert!(value("frames_per_second{") > 0.0);
    assert_eq!(value("viewers{"), 0.0);
    assert!(text.contains("camera_phase=\"streaming\"} 1"));
    assert_eq!(server.get("/api/openapi.json").json()["openapi"], "3.1.0");
}
