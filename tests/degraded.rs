//! Without the network, and with what was learned lost or unsaved, the service runs on and says why.

mod common;
#[path = "common/skip.rs"]
mod skip;

use common::Server;
use edge_cctv::anomaly::baseline::Baseline;
use edge_cctv::anomaly::model::{ModelSource, Network};
use edge_cctv::anomaly::store::{Kept, Origin, Store, source_tag};
use edge_cctv::config::{Provider, Source};
use std::path::Path;
use ureq::http::Method;

/// The demo in small, with a `[network]` table.
fn toml(network: &str) -> String {
    format!(
        "[network]\n{network}\n[[camera]]\nname = \"yard\"\nsource = \"demo\"\nwidth = 320\nheight = 240\nfps = 10\n"
    )
}

/// The program with a configuration and what a state folder holds already.
fn run(network: &str, prepare: impl FnOnce(&Path)) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(&file, toml(network)).unwrap();
    prepare(folder.path());
    let file = file.to_str().unwrap().to_string();
    Server::run_in(folder, &["--config", &file])
}

/// Whether ONNX Runtime is here; if not, that was said.
fn has_network() -> bool {
    let loaded = Network::load(Path::new(""), &ModelSource::Search, Provider::Cpu);
    if let Err(why) = &loaded {
        skip::skipped(&format!("in part, since there is no network: {why}"));
    }
    loaded.is_ok()
}

#[test]
fn without_the_network_the_service_runs_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let model = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("models/anomaly.onnx")).unwrap();
    let garbage = file("garbage.onnx", b"this is no network");
    let cut = file("cut.onnx", &model[..model.len() / 2]);
    let cases = [
        ("library = \"/nowhere/libonnxruntime.so\"".to_string(), "ONNX Runtime isn't here", true),
        ("model = \"/nowhere/anomaly.onnx\"".to_string(), "there is no network", true),
        (format!("model = \"{}\"", file("empty.onnx", b"")), "is empty", true),
        (format!("model = \"{garbage}\""), "is damaged or no ONNX file", has_network()),
        (format!("model = \"{cut}\""), "is damaged or no ONNX file", has_network()),
    ];
    for (network, why, tells) in cases {
        let server = run(&network, |_| {});
        let status = server.wait_for_status("learning", |status| {
            status["anomaly_stats"]["learning_progress"].as_f64().is_some_and(|progress| progress > 0.0)
        });
        let why = if tells { why } else { "ONNX Runtime isn't here" };
        assert_eq!(server.get("/").json()["ai_enabled"], false, "{network}");
        let missing = status["network"]["missing"].as_str().unwrap_or_default();
        assert!(missing.contains(why), "{network}: {status}");
        let ready = server.get("/readyz");
        assert_eq!(ready.status, 200, "what moves is told all the same");
        let limits = ready.json()["cameras"][0]["limits"][0].as_str().unwrap().to_string();
        assert!(limits.contains("without the network") && limits.contains(why), "{limits}");
        for text in [missing, &limits] {
            assert!(!text.contains('/'), "a folder left the machine: {text}");
        }
        server.wait_for_log(why);
        let metrics = String::from_utf8(server.get("/metrics").body).unwrap();
        assert!(metrics.contains("edge_cctv_network_running{camera=\"yard\"} 0"), "{metrics}");
    }
}

#[test]
fn anomaly_detection_that_is_switched_off_is_no_fault() {
    let server =
        Server::configured("[anomaly]\nenabled = false\n[[camera]]\nname = \"yard\"\nsource = \"demo\"\n");
    let status = server.wait_for_status("a frame", |status| status["camera_active"] == true);
    assert_eq!(server.get("/").json()["ai_enabled"], false);
    assert!(status["network"]["missing"].as_str().unwrap().contains("anomaly.enabled"), "{status}");
    assert!(status.get("limits").is_none() && status.get("anomaly_score").is_none(), "{status}");
    let refused = server.get("/api/baseline");
    assert_eq!((refused.status, refused.json()["error"].as_str()), (409, Some("Anomaly detection is off")));
}

fn learned(server: &Server) -> f64 {
    server.get("/api/baseline").json()["learned_seconds"].as_f64().unwrap()
}

fn wait_until_learned(server: &Server, seconds: f64) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while learned(server) < seconds {
        assert!(std::time::Instant::now() < end, "nothing is learned:\n{}", server.log());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn what_was_learned_outlives_stop_and_restart_and_is_forgotten_on_request() {
    let server = run("", |_| {});
    wait_until_learned(&server, 1.0);
    let baseline = server.get("/api/baseline").json();
    assert_eq!((&baseline["learning_complete"], &baseline["paused"]), (&false.into(), &false.into()));
    assert_eq!(baseline["signals"].as_array().unwrap().len(), 13);
    assert_eq!(baseline["activity"]["working_days"].as_array().unwrap().len(), 24);
    let map = server.get("/api/baseline/map.png");
    assert_eq!((map.status, map.header("content-type")), (200, "image/png"));
    assert!(map.body.starts_with(b"\x89PNG"));

    assert_eq!(server.post("/stop").status, 200);
    let at_stop = learned(&server);
    assert!(server.folder.path().join("baseline/yard.bin").exists(), "saved by POST /stop");
    assert_eq!(server.post("/start").status, 200);
    wait_until_learned(&server, at_stop + 0.5);
    let folder = server.end();
    let file = folder.path().join("config.toml").to_str().unwrap().to_string();
    let server = Server::run_in(folder, &["--config", &file]);
    server.wait_for_log("goes on with what was learned");
    assert!(learned(&server) >= at_stop + 0.5, "saved at the end too");

    // Paused, nothing is added; and it can be forgotten all the same.
    let pause = |body: &str| server.send(Method::POST, "/api/baseline/pause", &[], body);
    assert_eq!(pause("").json()["paused"], true);
    server.wait_for_status("paused", |status| status["anomaly_stats"]["paused"] == true);
    std::thread::sleep(std::time::Duration::from_millis(300));
    let paused = learned(&server);
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(learned(&server), paused);
    let reset = server.post("/api/baseline/reset");
    assert_eq!((reset.status, reset.json()["status"].as_str()), (200, Some("baseline reset")));
    assert_eq!(learned(&server), 0.0);
    for body in ["{\"paused\": 1}", "[]", "{", "{\"paused\": true, \"x\": 1}"] {
        assert_eq!(pause(body).status, 400, "{body}");
    }
    assert_eq!(pause("{\"paused\": false}").json()["paused"], false);
    wait_until_learned(&server, 0.2);
}

#[test]
fn an_unwritable_state_folder_is_told_and_the_service_goes_on() {
    let server = run("", |folder| std::fs::write(folder.join("baseline"), "in the way").unwrap());
    wait_until_learned(&server, 0.3);
    assert_eq!(server.post("/stop").status, 200);
    assert_eq!(server.post("/start").status, 200);
    let why = "what was learned can't be saved: a file is where a folder should be";
    server.wait_for_log(why);
    let status = server.wait_for_status("frames again", |status| status["camera_active"] == true);
    assert!(status["limits"].as_array().unwrap().iter().any(|limit| limit == why), "{status}");
    assert!(server.get("/api/baseline").json()["unsaved"].is_string());
    let reset = server.post("/api/baseline/reset");
    assert_eq!((reset.status, reset.json()["error"].as_str()), (500, Some("Baseline not saved")));
    std::fs::remove_file(server.folder.path().join("baseline")).unwrap();
    assert_eq!(server.post("/api/baseline/reset").status, 200);
    server.wait_for_log("is saved again");
    let status = server.get("/status").json();
    assert!(status.get("limits").is_none(), "{status}");
    assert_eq!(server.log().matches(why).count(), 1, "told once");
}

#[test]
fn a_damaged_file_is_set_aside_and_learning_starts_anew() {
    let server = run("", |folder| {
        std::fs::create_dir(folder.join("baseline")).unwrap();
        std::fs::write(folder.join("baseline/yard.bin"), b"ECCTVBAS").unwrap();
        std::fs::write(folder.join("baseline/yard.unfinished"), b"half").unwrap();
    });
    server.wait_for_log("learning starts anew");
    assert!(server.log().contains("it is cut off"), "{}", server.log());
    let there = |name: &str| server.folder.path().join("baseline").join(name).exists();
    assert!(there("yard.bad") && !there("yard.unfinished"));
    wait_until_learned(&server, 0.2);
}

#[test]
fn another_network_and_another_size_cost_only_what_depends_on_them() {
    let kept = |network, size| {
        let mut baseline = Baseline::default();
        baseline.learned = 5000.0;
        Kept { baseline, origin: Origin { network, size, source: source_tag(&Source::Demo) } }
    };
    let cases = [
        (kept(Some(1), Some((320, 240))), "the network is another one", has_network()),
        (kept(None, Some((640, 480))), "the picture's size is another one", true),
    ];
    for (kept, text, applies) in cases {
        if !applies {
            continue;
        }
        let server = run("", |folder| Store::new(folder, "yard").save(&kept).unwrap());
        server.wait_for_log(text);
        assert!(learned(&server) >= 5000.0, "{text}: behaviour is kept");
    }
    let server = run("", |folder| {
        let mut kept = kept(None, None);
        kept.origin.source += 1;
        Store::new(folder, "yard").save(&kept).unwrap();
    });
    server.wait_for_log("it was learned of another source");
    assert!(learned(&server) < 5000.0);
}
