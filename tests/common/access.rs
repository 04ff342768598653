//! A program in which people have to log in, and the ways to be let in.

use crate::common::{Reply, Server};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use ureq::http::Method;

pub const ADMIN: &str = "correct horse";
pub const VIEWER: &str = "battery staple";

/// Runs a command of the program with this standard input.
pub fn command(arguments: &[&str], state: &Path, input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_edge-cctv"))
        .args(arguments)
        .arg("--state")
        .arg(state)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses at once reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// As [`command`], which must do it; what it prints.
pub fn done(arguments: &[&str], state: &Path, input: &str) -> String {
    let output = command(arguments, state, input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The demo with the passwords [`ADMIN`] and [`VIEWER`].
pub fn guarded() -> Server {
    guarded_with(&["--camera", "demo"])
}

pub fn guarded_with(arguments: &[&str]) -> Server {
    let folder = tempfile::tempdir().unwrap();
    done(&["passwd"], folder.path(), &format!("{ADMIN}\n"));
    done(&["passwd", "--user", "viewer"], folder.path(), &format!("{VIEWER}\n"));
    Server::run_in(folder, arguments)
}

pub fn token(server: &Server, scope: &str) -> String {
    let printed = done(&["token", "add", scope, "--scope", scope], server.folder.path(), "");
    printed.trim().to_string()
}

pub fn log_in(server: &Server, user: &str, password: &str) -> Reply {
    let body = json!({ "user": user, "password": password }).to_string();
    server.send(Method::POST, "/api/login", &[], &body)
}

/// The `Cookie` header of a new session.
pub fn session(server: &Server, user: &str, password: &str) -> String {
    let reply = log_in(server, user, password);
    assert_eq!(reply.status, 200, "{}", reply.json());
    reply.header("set-cookie").split(';').next().unwrap().to_string()
}

/// An answer to somebody with this header, with a JSON body or none.
pub fn ask(server: &Server, method: Method, path: &str, by: (&str, &str), body: Value) -> Reply {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    server.send(method, path, &[by], &body)
}

/// Waits for what the program notices within seconds.
#[track_caller]
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
