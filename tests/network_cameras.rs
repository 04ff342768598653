//! The service with cameras in the network: they go and come back by themselves, raise no alarm by that, and nobody learns
//! their passwords.

mod common;
#[path = "common/http_camera.rs"]
mod http_camera;
#[path = "common/rtsp_camera.rs"]
mod rtsp_camera;
#[path = "common/skip.rs"]
mod skip;

use common::Server;
use http_camera::{HttpCamera, film, header};
use rtsp_camera::{H264, RtspCamera};
use serde_json::Value;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use ureq::http::Method;

/// One camera, which is lost after a second without pictures.
fn toml(source: &str, keys: &str) -> String {
    format!("[[camera]]\nname = \"yard\"\nsource = \"{source}\"\nfps = 10\ntimeout_seconds = 1\n{keys}\n")
}

fn is_active(status: &Value) -> bool {
    status["camera_active"] == true && status["ai_status"].is_string()
}

fn degraded(status: &Value) -> Option<&str> {
    status["degraded"]["reason"].as_str()
}

/// Everything that the service shows of a camera.
fn shown(server: &Server) -> String {
    let pages =
        ["/", "/status", "/api/cameras", "/api/settings", "/api/log", "/metrics", "/readyz", "/healthz"];
    let texts = pages.map(|path| {
        let reply = server.request(Method::GET, path, &[("accept", "*/*")]);
        String::from_utf8_lossy(&reply.body).into_owned()
    });
    format!("{}\n{}", texts.join("\n"), server.log())
}

#[test]
fn a_camera_that_was_away_comes_back_without_an_alarm_and_keeps_its_password() {
    // Each way of being away, one after the other.
    let (away, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (is_away, was_asked) = (away.clone(), asked.clone());
    let camera = HttpCamera::start(move |head, stream| {
        use std::io::Write as _;
        if is_away.load(Ordering::SeqCst) {
            return;
        }
        if header(head, "authorization") == Some("Basic bWU6czNjcmV0") {
            was_asked.store(true, Ordering::SeqCst);
            http_camera::begin(stream, "multipart/x-mixed-replace");
            let picture = http_camera::jpeg(320, 240, 200);
            while !is_away.load(Ordering::SeqCst) && http_camera::part(stream, &picture) {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
        } else {
            let _ = stream.write_all(b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n");
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("yard.password");
    std::fs::write(&password, "s3cret\n").unwrap();
    let keys = format!("username = \"me\"\npassword_file = \"{}\"", password.display());
    let server = Server::configured(&toml(&format!("{}?token=s3cret", camera.url()), &keys));
    server.wait_for_status("a picture", is_active);
    away.store(true, Ordering::SeqCst);
    let status = server.wait_for_status("the loss", |status| degraded(status).is_some());
    assert!(degraded(&status).unwrap().contains("127.0.0.1"), "{status}");
    away.store(false, Ordering::SeqCst);
    let status = server.wait_for_status("its return", is_active);
    assert_ne!(status["ai_status"], "ALERT", "{status}");
    assert!(asked.load(Ordering::SeqCst));

    let shown = shown(&server);
    assert!(shown.contains("camera lost") && shown.contains("yard"));
    for secret in ["s3cret", "bWU6czNjcmV0", folder.path().to_str().unwrap()] {
        assert!(!shown.contains(secret), "{secret} is in:\n{shown}");
    }
}

#[test]
fn faults_in_the_file_dont_repeat_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        let file = folder.path().join("c.toml");
        std::fs::write(&file, text).unwrap();
        let output =
            Command::new(env!("CARGO_BIN_EXE_edge-cctv")).arg("check-config").arg(&file).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    for (text, words) in [
        (toml("rtsp://me:s3cret@cam/1", ""), "is fine"),
        (toml("rtsp://me:s3cret@cam:port/1", ""), "source is"),
        (toml("rtsps://me:s3cret@cam/1?pwd=s3cret", ""), "not supported"),
        (toml("rtsp://me:s3cret@cam/1", "username = \"me\""), "one of them must go"),
        (toml("rtsp://cam/1", "password_file = \"x\""), "whose is it"),
        (toml("demo", "username = \"me\""), "cameras in the network only"),
        (toml("http://cam/1", "certificate = \"x\""), "https:// only"),
        (toml("rtsp://cam/1", "transport = \"tls\""), "\"udp\""),
    ] {
        let told = check(&text);
        assert!(told.contains(words) && !told.contains("s3cret"), "{text}\n{told}");
    }
}

#[test]
fn a_camera_may_be_named_on_the_command_line() {
    let camera = HttpCamera::start(|_, stream| film(stream));
    let url = camera.url().replace("//", "//me:s3cret@");
    let server = Server::run(&["--camera", &url]);
    let status = server.wait_for_status("a picture", is_active);
    assert!(!shown(&server).contains("s3cret"), "{status}");
}

#[test]
fn an_rtsp_camera_that_is_killed_is_opened_again_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = rtsp_camera::film(folder.path(), "film.mp4", "320x240", 60, H264) else { return };
    let Some(camera) = RtspCamera::start(&path, &["--user", "me:s3cret"]) else { return };
    let server = Server::configured(&toml(&camera.url().replace("//", "//me:s3cret@"), ""));
    server.wait_for_status("a picture", is_active);
    let port = camera.port.to_string();
    drop(camera);
    let status = server.wait_for_status("the loss", |status| degraded(status).is_some());
    assert!(degraded(&status).unwrap().contains("127.0.0.1"), "{status}");
    let Some(_camera) = RtspCamera::start(&path, &["--user", "me:s3cret", "--port", &port]) else { return };
    let status = server.wait_for_status("its return", is_active);
    assert_ne!(status["ai_status"], "ALERT", "{status}");
    assert!(!shown(&server).contains("s3cret"));
}
