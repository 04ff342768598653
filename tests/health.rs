//! `edge-cctv health` beside a program that runs: what works, what doesn't, and what is demanded.

mod common;

use common::Server;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The exit status is 0, and what it says.
fn health(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_edge-cctv"))
        .arg("health")
        .arg("--socket")
        .arg(folder.join("health.sock"))
        .args(arguments)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// The demo and, in its file, a camera that isn't there; encrypted.
fn server(runtime: &Path) -> Server {
    let file = runtime.join("config.toml");
    let text = "[server]\ntls = \"self-signed\"\n[anomaly]\nenabled = false\n\
        [[camera]]\nname = \"yard\"\nsource = \"demo\"\n\
        [[camera]]\nname = \"door\"\nsource = \"/dev/video-of-nobody\"\n";
    std::fs::write(&file, text).unwrap();
    let server = Server::run_with(
        &[("RUNTIME_DIRECTORY", runtime.to_str().unwrap())],
        &["--config", file.to_str().unwrap()],
    );
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        // A service that doesn't answer yet says nothing of either.
        let (_, text) = health(runtime, &[]);
        if text.contains("camera door:") && !text.contains("camera yard:") {
            break;
        }
        assert!(Instant::now() < end, "{text}");
        std::thread::sleep(Duration::from_millis(100));
    }
    server
}

#[test]
fn what_does_not_work_is_told_and_demanded_only_if_it_worked_before() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = folder.path();
    let server = server(runtime);
    let record = runtime.join("before.json");
    let record = record.to_str().unwrap();
    let (well, text) = health(runtime, &[]);
    assert!(!well && text.contains("camera door: ") && !text.contains("camera yard"), "{text}");

    assert!(health(runtime, &["--record", record]).0);
    let (well, text) = health(runtime, &["--as-before", record, "--within", "60"]);
    assert!(well && text.contains("camera yard, server"), "{text}");
    let (well, text) = health(runtime, &["--within", "0"]);
    assert!(!well, "{text}");

    server.signal(libc::SIGSTOP);
    let (well, text) = health(runtime, &["--as-before", record]);
    server.signal(libc::SIGCONT);
    assert!(!well && text.contains("server: "), "{text}");

    drop(server);
    let (well, text) = health(runtime, &["--as-before", record, "--within", "1"]);
    assert!(!well && text.contains("no service answers") && !text.contains("camera"), "{text}");
    let (well, text) = health(runtime, &["--as-before", "/nothing/there"]);
    assert!(!well && text.contains("no service answers"), "{text}");

    // Nothing ran before, so nothing is missed.
    assert!(health(runtime, &["--record", record]).0);
    let (well, text) = health(runtime, &["--as-before", record]);
    assert!(well && text.contains("nothing is demanded"), "{text}");
}

#[test]
fn a_socket_that_was_left_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    drop(server(folder.path()).kill());
    assert!(folder.path().join("health.sock").exists());
    let (well, _) = health(folder.path(), &[]);
    assert!(!well);
    let _server = server(folder.path());
}
