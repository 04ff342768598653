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
use edge_cctv::picture::jpeg;
use http_camera::{HttpCamera, film, header};
use rtsp_camera::{H264, RtspCamera};
use serde_json::Value;
use std::net::TcpListener;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use ureq::http::Method;

/// Longer than any film here.
const PATIENCE: Duration = Duration::from_secs(90);

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

/// Ends a server at the end of its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_ffmpeg_serves_over_http_is_shown_as_it_came() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/yard");
    // It serves one client, once.
    let server = Command::new("ffmpeg")
        .args(["-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10", "-c:v", "mjpeg"])
        .args(["-huffman", "default", "-pix_fmt", "yuvj420p", "-f", "mpjpeg", "-listen", "1"])
        .args(["-content_type", "multipart/x-mixed-replace;boundary=ffmpeg", &url])
        .spawn();
    let Ok(server) = server else { return skip::skipped("no ffmpeg here") };
    let _server = Ended(server);
    // Nor again: so it isn't given up soon.
    let config = toml(&url, "").replace("timeout_seconds = 1", "timeout_seconds = 20");
    let program = Server::configured(&config);
    program.wait_for_status("a picture", is_active);
    let mut stream = program.watch("/live?overlay=0");
    for _ in 0..10 {
        let picture = stream.next().expect("a picture").jpeg;
        let luma = jpeg::decode(&picture).expect("a whole JPEG").luma;
        assert_eq!((luma.width, luma.height), (320, 240));
        assert!(picture.windows(4).any(|bytes| bytes == b"Lavc"), "its own bytes, with its maker's mark");
    }
}

/// What the program keeps of a camera: of each event its state, zone, and seconds after the first.
fn told(server: &Server, count: usize) -> Vec<(String, String, f64)> {
    let end = Instant::now() + PATIENCE;
    let mut events = loop {
        let events = server.get("/api/events").json()["events"].as_array().unwrap().clone();
        let over: Vec<Value> = events.into_iter().filter(|event| !event["ended"].is_null()).collect();
        if over.len() >= count {
            break over;
        }
        assert!(Instant::now() < end, "{over:?} {}", server.log());
        std::thread::sleep(Duration::from_millis(100));
    };
    events.reverse();
    let began = |event: &Value| event["began"].as_i64().unwrap() as f64 / 1000.0;
    let first = began(&events[0]);
    let text = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_string();
    events.iter().map(|event| (text(event, "state"), text(event, "zone"), began(event) - first)).collect()
}

#[test]
fn what_an_rtsp_camera_shows_is_judged_as_the_same_film_replayed() {
    // A light thing on a grey, noisy ground: past below, then twice through the middle.
    let passes = [(6, 0.75), (11, 0.4), (16, 0.4)];
    let thing = |(start, y): (u32, f64)| {
        format!("overlay=x='-40+(t-{start})*180':y=H*{y}:enable='between(t,{start},{})'", start + 2)
    };
    let mut graph = String::from(
        "nullsrc=s=320x240:r=20:d=22,geq=lum='110+20*sin(X/9)*sin(Y/7)':cb=128:cr=128,noise=alls=6:allf=t[g0]",
    );
    for (index, pass) in passes.into_iter().enumerate() {
        graph += &format!(
            ";color=white:s=36x50:r=20:d=22[c{index}];[g{index}][c{index}]{}[g{}]",
            thing(pass),
            index + 1
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-filter_complex", &graph, "-map", "[g3]"])
        .args(H264)
        .arg(&path)
        .status();
    let Ok(made) = made else { return skip::skipped("no ffmpeg here") };
    assert!(made.success());
    let Some(camera) = RtspCamera::start(&path, &[]) else { return };

    let keys = "[[camera.zone]]\nname = \"middle\"\nkind = \"alert\"\n\
        points = [[0.0, 0.35], [1.0, 0.35], [1.0, 0.65], [0.0, 0.65]]\n\
        [alert]\nhold_seconds = 1\n[events]\nafter_seconds = 0.5\n";
    let config = |source: &str| toml(source, &format!("repeat = false\n{keys}"));
    let replayed = told(&Server::configured(&config(path.to_str().unwrap())), 3);
    let states: Vec<_> = replayed.iter().map(|(state, zone, _)| (state.as_str(), zone.as_str())).collect();
    assert_eq!(states, [("MOTION", ""), ("ALERT", "middle"), ("ALERT", "middle")]);

    // It begins anew when it is over.
    let mut seen = told(&Server::configured(&config(&camera.url())), 3);
    seen.truncate(3);
    for (replayed, seen) in replayed.iter().zip(&seen) {
        assert_eq!((&replayed.0, &replayed.1), (&seen.0, &seen.1));
        // By the clocks of two programs, and pictures that a busy machine passes over.
        assert!((replayed.2 - seen.2).abs() < 0.5, "{replayed:?} {seen:?}");
    }
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
