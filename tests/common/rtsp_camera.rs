//! A real RTSP server (GStreamer's, by tests/rtsp_server.py) as a camera, and films for it.

#![allow(dead_code, reason = "each test file uses its part")]

use crate::skip::skipped;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

pub struct RtspCamera {
    child: Child,
    pub port: u16,
    /// What clients did: "connected", "teardown", "closed".
    events: Arc<Mutex<Vec<String>>>,
}

impl RtspCamera {
    /// With further arguments of the script; `None`, which is said, where GStreamer isn't installed.
    pub fn start(film: &Path, arguments: &[&str]) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rtsp_server.py");
        let child = Command::new(script)
            .arg(film)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            skipped("no /usr/bin/python3 to run an RTSP server");
            return None;
        };
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let Some(port) = lines.next().and_then(|line| line.parse().ok()) else {
            let output = child.wait_with_output().unwrap();
            let why = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(69), "{why}");
            skipped(&format!("{} (packaging/setup.sh test)", why.trim()));
            return None;
        };
        let events = Arc::new(Mutex::new(Vec::new()));
        let kept = events.clone();
        std::thread::spawn(move || lines.for_each(|line| kept.lock().unwrap().push(line)));
        Some(Self { child, port, events })
    }

    pub fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}/stream", self.port)
    }

    pub fn wait_for(&self, event: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.events.lock().unwrap().iter().any(|found| found == event) {
            assert!(Instant::now() < end, "{event} never came: {:?}", self.events.lock().unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn signal(&self, signal: libc::c_int) {
        let pid = libc::pid_t::try_from(self.child.id()).unwrap();
        // SAFETY: the child isn't waited for yet, so the number is its own.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    }
}

impl Drop for RtspCamera {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A moving test picture by ffmpeg; `None`, which is said, where there is no ffmpeg.
pub fn film(folder: &Path, name: &str, size: &str, seconds: u32, coding: &[&str]) -> Option<PathBuf> {
    let path = folder.join(name);
    let source = format!("testsrc2=size={size}:rate=20:duration={seconds}");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", &source])
        .args(coding)
        .arg(&path)
        .status();
    match made {
        Ok(status) => assert!(status.success()),
        Err(_) => {
            skipped("no ffmpeg here");
            return None;
        }
    }
    Some(path)
}

/// As cameras code it: a key frame a second.
pub const H264: &[&str] = &["-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "20", "-bf", "0"];
/// With the tables that RTP takes for granted.
pub const MJPEG: &[&str] = &["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "4", "-huffman", "default"];
