//! What the page is made of: the status as it changes, the detector's mask, the system, the log, snapshots.

mod common;

use common::Server;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use ureq::http::Method;

fn keys(value: &Value) -> Vec<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

/// The data of server-sent events, and when each came.
fn events(mut reader: BufReader<Box<dyn Read>>) -> impl Iterator<Item = (Value, Instant)> {
    std::iter::from_fn(move || {
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return Some((serde_json::from_str(data).unwrap(), Instant::now()));
            }
        }
    })
}

/// The same, collected while the test does other things.
fn followed(server: &Server, path: &str) -> Receiver<(Value, Instant)> {
    let url = server.url("http", path);
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let body = ureq::get(url).call().unwrap().into_body();
        for event in events(BufReader::new(Box::new(body.into_reader()))) {
            if sender.send(event).is_err() {
                break;
            }
        }
    });
    receiver
}

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn the_followed_status_comes_at_once_and_is_the_status() {
    let server = Server::demo();
    server.wait_for_status("a measured rate", |status| status["fps"].is_number());
    let begin = Instant::now();
    let (headers, reader) = server.read("/api/status/stream");
    let mut events = events(reader);
    let (first, came) = events.next().unwrap();
    assert!(came - begin < Duration::from_millis(500), "{:?}", came - begin);
    assert_eq!(headers["content-type"], "text/event-stream");
    let polled = server.get("/status").json();
    // Only while something moves or is wrong.
    let steady = |status: &Value| {
        let passing = ["anomaly_status", "alert_zone", "alert_severity", "anomaly_level", "anomaly_limit"];
        keys(status).into_iter().filter(|key| !passing.contains(&key.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(steady(&first), steady(&polled));
    let (second, _) = events.next().unwrap();
    assert!(
        second["anomaly_stats"]["total_frames_analyzed"].as_u64()
            > first["anomaly_stats"]["total_frames_analyzed"].as_u64()
    );
    assert_eq!(server.get("/api/status/stream?rate=0").status, 400);
    assert_eq!(server.get("/api/status/stream?camera=nobody").status, 404);
}

#[test]
fn a_stop_is_told_within_a_moment_and_a_start_too() {
    let server = Server::demo();
    server.wait_for_status("frames", |status| status["camera_active"] == true);
    let events = followed(&server, "/api/status/stream");
    events.recv_timeout(PATIENCE).unwrap();
    assert_eq!(server.post("/stop").status, 200);
    let stopped = Instant::now();
    let told = |field: &str, wanted: bool| loop {
        let (status, came) = events.recv_timeout(PATIENCE).unwrap();
        if status[field] == wanted {
            return came.saturating_duration_since(stopped);
        }
    };
    let late = told("streaming", false);
    assert!(late < Duration::from_millis(300), "{late:?}");
    server.post("/start");
    told("camera_active", true);
}

#[test]
fn no_more_than_the_places_there_are_follow_and_all_are_let_go_at_the_end() {
    let mut server = Server::demo();
    let mut followers: Vec<_> = (0..96).map(|_| server.read("/api/status/stream")).collect();
    for (_, reader) in &mut followers {
        let mut first = String::new();
        reader.read_line(&mut first).unwrap();
        assert!(first.starts_with("data:"), "{first}");
    }
    let refused = server.get("/api/status/stream");
    assert_eq!((refused.status, refused.header("retry-after")), (503, "5"));
    assert_eq!(server.get("/status").json()["viewers"], 0, "followers take no viewer's place");
    let (status, took) = server.terminate();
    assert!(status.success() && took < Duration::from_secs(3), "{status} after {took:?}");
    // A stream that goes on would time out.
    for (_, mut reader) in followers {
        reader.read_to_end(&mut Vec::new()).unwrap();
    }
}

/// The detector's mask as colours with opacity.
fn mask(server: &Server) -> Option<(u32, u32, Vec<[u8; 4]>)> {
    let reply = server.get("/api/mask.png");
    if reply.status == 503 {
        return None;
    }
    assert_eq!((reply.status, reply.header("content-type")), (200, "image/png"));
    let mut decoder = png::Decoder::new(std::io::Cursor::new(reply.body));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut rgba = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut rgba).unwrap();
    let (width, height) = reader.info().size();
    Some((width, height, rgba.chunks_exact(4).map(|pixel| pixel.try_into().unwrap()).collect()))
}

fn count(pixels: &[[u8; 4]], colour: [u8; 4]) -> usize {
    pixels.iter().filter(|&&pixel| pixel == colour).count()
}

const ALERT: [u8; 4] = [255, 0, 0, 77];
const IGNORED: [u8; 4] = [128, 128, 128, 140];

#[test]
fn the_mask_shows_the_zones_that_hold_now() {
    let server = Server::demo();
    server.wait_for_status("frames", |status| status["camera_active"] == true);
    let (width, height, pixels) = mask(&server).unwrap();
    assert_eq!(pixels.len(), (width * height) as usize);
    let tinted = count(&pixels, ALERT);
    assert!(tinted > pixels.len() / 100 && tinted < pixels.len(), "{tinted} of {}", pixels.len());
    assert_eq!(count(&pixels, IGNORED), 0);
    server.post("/stop");
    assert_eq!(mask(&server), None, "the last picture before the stop is none of now");
}

#[test]
fn the_mask_follows_the_configuration() {
    let zone = |kind: &str| {
        format!(
            "[[camera]]\nsource = 'demo'\n[[camera.zone]]\nname = 'all'\nkind = '{kind}'\npoints = [[0, 0], [1, 0], [1, 1], [0, 1]]\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(&file, zone("alert")).unwrap();
    let server = Server::run(&["--config", file.to_str().unwrap()]);
    server.wait_for_status("frames", |status| status["camera_active"] == true);
    let (_, _, pixels) = mask(&server).unwrap();
    assert!(count(&pixels, ALERT) > pixels.len() / 2);
    std::fs::write(&file, zone("ignore")).unwrap();
    // SAFETY: the server is a child of this process that isn't waited for.
    unsafe { libc::kill(server.id().try_into().unwrap(), libc::SIGHUP) };
    let end = Instant::now() + PATIENCE;
    loop {
        let pixels = mask(&server).map_or(Vec::new(), |(_, _, pixels)| pixels);
        if !pixels.is_empty() && count(&pixels, IGNORED) == pixels.len() {
            break;
        }
        assert!(Instant::now() < end, "the zone never changed");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_snapshot_is_gone_once_it_was_deleted() {
    let server = Server::demo();
    server.wait_for_status("frames", |status| status["camera_active"] == true);
    let filename = server.post("/snapshot").json()["filename"].as_str().unwrap().to_string();
    let path = format!("/api/snapshots/{filename}");
    let other = server.request(Method::DELETE, &path, &[("origin", "https://evil.example")]);
    assert_eq!(other.status, 403);
    let deleted = server.request(Method::DELETE, &path, &[]);
    assert_eq!((deleted.status, deleted.json()), (200, json!({ "status": "deleted", "filename": filename })));
    assert_eq!(server.get(&path).status, 404);
    assert_eq!(server.request(Method::DELETE, &path, &[]).status, 404);
    assert_eq!(server.get("/api/snapshots").json()["total"], 0);
}

#[test]
fn the_log_can_be_read_without_the_terminal() {
    let server = Server::demo();
    server.wait_for_log("delivers");
    let log = server.get("/api/log").json();
    let lines = log["lines"].as_array().unwrap();
    let with = |text: &str| {
        lines
            .iter()
            .find(|line| line["text"].as_str().unwrap().contains(text))
            .unwrap_or_else(|| panic!("{log}"))
    };
    let listening = with("listening on");
    assert_eq!((&listening["level"], &listening["camera"]), (&json!("INFO"), &Value::Null));
    assert!(listening["time"].as_str().unwrap().ends_with('Z'));
    assert_eq!(with("delivers")["camera"], "camera0");
    let newest = server.get("/api/log?limit=1").json();
    assert_eq!(newest["lines"].as_array().unwrap().len(), 1);
    assert_eq!(server.get("/api/log?limit=0").status, 400);
    let folder = server.folder.path().parent().unwrap().to_str().unwrap();
    assert!(!log.to_string().contains(folder), "{log}");
}

#[test]
fn the_system_says_what_runs_here_and_on_what() {
    let server = Server::demo();
    let status = server.wait_for_status("frames", |status| status["camera_active"] == true);
    let system = server.get("/api/system").json();
    assert_eq!(system["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(system["architecture"], std::env::consts::ARCH);
    for field in ["kernel", "hostname", "started", "outputs_driver", "outputs_driver_reason"] {
        assert!(system[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {system}");
    }
    assert!(system["clock_set"].is_boolean() && system["uptime_seconds"].is_u64(), "{system}");
    let bytes = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{system}"));
    assert!((1 << 20..=bytes(&system["peak_memory_bytes"])).contains(&bytes(&system["memory_bytes"])));
    assert!(bytes(&system["disk"]["free_bytes"]) <= bytes(&system["disk"]["total_bytes"]));
    let camera = &system["cameras"][0];
    assert_eq!((&camera["name"], &camera["source"]), (&json!("camera0"), &json!("demo")));
    assert_eq!((&camera["formats"], &camera["opened"]["format"]), (&json!([]), &json!("drawn")));
    assert!(bytes(&camera["frames_analyzed"]) > 0 && camera["last_broken"].is_null(), "{camera}");
    assert_eq!((bytes(&camera["frames_broken"]), bytes(&camera["reopened"])), (0, 0));
    assert!(
        bytes(&status["process"]["memory_bytes"]) > 1 << 20 && status["process"]["uptime_seconds"].is_u64()
    );
    let metrics = String::from_utf8(server.get("/metrics").body).unwrap();
    assert!(metrics.lines().any(|line| line.starts_with("process_resident_memory_bytes ")), "{metrics}");
}

#[test]
fn a_camera_that_is_not_there_is_gone() {
    let server = Server::run(&["--camera", "/dev/v4l/by-id/usb-nobody-video-index0"]);
    let status = server.wait_for_status("the loss", |status| status.get("degraded").is_some());
    assert_eq!(status["degraded"]["kind"], "gone");
    assert_eq!(server.get("/api/system").json()["cameras"][0]["formats"], json!([]));
    assert_eq!(server.get("/api/mask.png").status, 503);
}

#[test]
fn silence_is_told_while_it_lasts() {
    let server = Server::demo();
    assert!(server.get("/status").json().get("silent_until").is_none());
    server.post("/api/alert/silence");
    assert!(server.get("/status").json()["silent_until"].is_string());
    server.send(
        Method::POST,
        "/api/alert/silence",
        &[("content-type", "application/json")],
        "{\"seconds\": 0}",
    );
    assert!(server.get("/status").json().get("silent_until").is_none());
}

#[test]
fn updates_are_asked_for_by_a_file_and_told_by_files() {
    let elsewhere = Server::demo();
    let told = elsewhere.get("/api/update").json();
    assert_eq!(told["possible"], false, "{told}");
    assert_eq!(elsewhere.request(Method::POST, "/api/update", &[]).status, 409);

    let folder = tempfile::tempdir().unwrap();
    let (home, own) = (folder.path().join("home"), folder.path().join("own"));
    std::fs::create_dir_all(&home).unwrap();
    std::fs::create_dir_all(&own).unwrap();
    let environment =
        [("EDGE_CCTV_UPDATE", home.to_str().unwrap()), ("RUNTIME_DIRECTORY", own.to_str().unwrap())];
    let server = Server::run_with(&environment, &["--camera", "demo"]);
    assert_eq!(server.get("/api/update").json(), json!({ "possible": true, "phase": "idle", "last": null }));
    let asked = server.request(Method::POST, "/api/update", &[]);
    assert_eq!((asked.status, asked.json()["phase"].as_str()), (202, Some("asked")));
    assert_eq!(std::fs::read(own.join("update-request")).unwrap(), b"");
    std::fs::write(home.join("outcome"), "outcome=failed\nfrom=1\nto=1\nat=now\nwhy=no /etc/apt/x.sources\n")
        .unwrap();
    assert_eq!(server.get("/api/update").json()["last"]["why"], "no x.sources");
    // A folder that is gone is told, and not taken for an update.
    std::fs::remove_dir_all(&own).unwrap();
    assert_eq!(server.request(Method::POST, "/api/update", &[]).status, 500);
}
