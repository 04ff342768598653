//! systemd's watchdog is fed while everything goes on, and no more once one thread is stuck: threads of the running
//! program are stopped one by one, as a driver that never returns would.

mod common;
#[path = "common/skip.rs"]
mod skip;

use common::Server;
use skip::skipped;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, Instant};

/// What systemd would set, in microseconds: it is fed four times in that.
const WATCHDOG_USEC: &str = "800000";

/// A promise for a camera with this time-out is broken after 12 s, the longest one after 20 s.
const CONFIGURATION: &str = "[[camera]]\nsource = 'demo'\ntimeout_seconds = 2\nwidth = 160\nheight = 120\n";

/// systemd's end of the socket.
struct Systemd {
    socket: UnixDatagram,
    server: Server,
    stopped: Vec<libc::pid_t>,
    _folder: tempfile::TempDir,
}

impl Systemd {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let config = folder.path().join("config.toml");
        std::fs::write(&config, CONFIGURATION).unwrap();
        let environment = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", WATCHDOG_USEC)];
        let arguments = ["--config", config.to_str().unwrap()];
        let server = Server::run_with(&environment, &arguments);
        let systemd = Self { socket, server, stopped: Vec::new(), _folder: folder };
        systemd.server.wait_for_status("the camera", |status| status["camera_active"] == true);
        systemd
    }

    /// Everything that is told within this time.
    fn hear(&self, length: Duration) -> String {
        let (begin, mut heard, mut buffer) = (Instant::now(), String::new(), [0; 4096]);
        while begin.elapsed() < length {
            if let Ok(count) = self.socket.recv(&mut buffer) {
                heard += &String::from_utf8_lossy(&buffer[..count]);
                heard.push('\n');
            }
        }
        heard
    }

    /// Numbers of the threads whose name begins so.
    fn threads(&self, name: &str) -> Vec<libc::pid_t> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.server.id())).unwrap().flatten();
        let named = |path: &Path| {
            std::fs::read_to_string(path.join("comm")).is_ok_and(|found| found.trim().starts_with(name))
        };
        tasks
            .filter(|task| named(&task.path()))
            .map(|task| task.file_name().to_str().unwrap().parse().unwrap())
            .collect()
    }

    /// Stops threads until the end of the test; false if that isn't allowed here.
    fn stop(&mut self, name: &str) -> bool {
        let threads = self.threads(name);
        assert!(!threads.is_empty(), "there is no thread {name}");
        self.stopped.clone_from(&threads);
        threads
            .into_iter()
            .all(|thread| trace(libc::PTRACE_SEIZE, thread) && trace(libc::PTRACE_INTERRUPT, thread))
    }
}

impl Drop for Systemd {
    /// A thread that is traced would keep its process from being waited for.
    fn drop(&mut self) {
        for thread in self.stopped.drain(..) {
            trace(libc::PTRACE_DETACH, thread);
        }
    }
}

fn trace(request: libc::c_uint, thread: libc::pid_t) -> bool {
    let none = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: with these requests ptrace(2) takes numbers only and touches no memory of this process.
    unsafe { libc::ptrace(request, thread, none, none) == 0 }
}

/// Stops the threads of this name, and waits until the watchdog isn't fed any more.
fn stuck(name: &str, words: &str) {
    let mut systemd = Systemd::start();
    let before = systemd.hear(Duration::from_secs(1));
    assert!(before.contains("WATCHDOG=1"), "fed while all goes on: {before}");
    // Pictures are encoded only while somebody watches.
    let _viewer = systemd.server.watch("/live");
    if !systemd.stop(name) {
        return skipped(&format!("threads can't be stopped here (ptrace): {name}"));
    }
    let begin = Instant::now();
    while systemd.hear(Duration::from_secs(1)).contains("WATCHDOG=1") {
        assert!(begin.elapsed() < Duration::from_secs(60), "fed although {name} is stuck");
    }
    systemd.server.wait_for_log(words);
    let after = systemd.hear(Duration::from_secs(2));
    assert!(!after.contains("WATCHDOG"), "no more, and never WATCHDOG=trigger: {after}");
}

#[test]
fn a_capture_that_is_stuck_in_its_driver() {
    stuck("capture", "stuck: the thread to capture camera0");
}

#[test]
fn an_analysis_that_is_stuck() {
    stuck("analyse", "stuck: the thread to analyse camera0");
}

#[test]
fn an_encoder_that_is_stuck() {
    stuck("encode", "stuck: the thread to encode camera0");
}

#[test]
fn outputs_that_are_stuck_in_their_driver() {
    stuck("outputs", "stuck: the outputs");
}

#[test]
fn a_runtime_that_runs_no_task_any_more() {
    stuck("tokio", "stuck: the server");
}

#[test]
fn systemd_is_told_of_start_reload_and_end() {
    let mut systemd = Systemd::start();
    let begin = systemd.hear(Duration::from_secs(1));
    assert!(begin.contains("READY=1") && begin.contains("STATUS=camera0 streaming"), "{begin}");
    let pid = libc::pid_t::try_from(systemd.server.id()).unwrap();
    // SAFETY: the child isn't waited for yet, so the number is its own.
    assert_eq!(unsafe { libc::kill(pid, libc::SIGHUP) }, 0);
    let reload = systemd.hear(Duration::from_secs(1));
    let (reloading, ready) = (reload.find("RELOADING=1").unwrap(), reload.find("READY=1").unwrap());
    assert!(reloading < ready && reload.contains("MONOTONIC_USEC="), "{reload}");
    let (status, _) = systemd.server.terminate();
    assert!(status.success());
    assert!(systemd.hear(Duration::from_millis(300)).contains("STOPPING=1"));
}
