//! Starts the program as its user does, talks to it, and ends it with the test.

#![allow(dead_code, reason = "each test file uses its part")]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use ureq::http::{HeaderMap, HeaderName, Method, Request};

/// Longer than anything takes on the slowest machine, so that a failure ends the test.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running program with a state folder of its own.
pub struct Server {
    child: Child,
    pub port: u16,
    pub folder: TempDir,
    log: Arc<Mutex<String>>,
    agent: ureq::Agent,
}

/// An answer, whatever its status.
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    /// The header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Server {
    /// The demo scene with the defaults.
    pub fn demo() -> Self {
        Self::run(&["--camera", "demo"])
    }

    /// With a configuration file.
    pub fn configured(toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, toml).unwrap();
        Self::run(&["--config", file.to_str().unwrap()])
    }

    pub fn run(arguments: &[&str]) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_edge-cctv")), arguments)
    }

    /// The demo scene in a process that may open so many files, sockets among them.
    pub fn with_few_files(limit: u32) -> Self {
        let mut shell = Command::new("sh");
        shell.args([
            "-c",
            &format!("ulimit -n {limit}; exec \"$0\" \"$@\""),
            env!("CARGO_BIN_EXE_edge-cctv"),
        ]);
        Self::spawn(shell, &["--camera", "demo"])
    }

    /// With a configuration file, and its state on a disk of so many MiB; `None` where none can be made.
    pub fn on_small_disk(mib: u32, toml: &str) -> Option<Self> {
        let made = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
        if !made.is_ok_and(|made| made.status.success()) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, toml).unwrap();
        let mut shell = Command::new("unshare");
        let mount = format!(
            "for state; do :; done; mount -t tmpfs -o size={mib}m none \"$state\" && exec \"$0\" \"$@\""
        );
        shell.args(["-rm", "sh", "-c", &mount, env!("CARGO_BIN_EXE_edge-cctv")]);
        Some(Self::spawn(shell, &["--config", file.to_str().unwrap()]))
    }

    fn spawn(command: Command, arguments: &[&str]) -> Self {
        Self::spawn_in(command, tempfile::tempdir().unwrap(), arguments)
    }

    /// With a state folder that was used before.
    pub fn run_in(folder: TempDir, arguments: &[&str]) -> Self {
        Self::spawn_in(Command::new(env!("CARGO_BIN_EXE_edge-cctv")), folder, arguments)
    }

    /// With variables in its environment.
    pub fn run_with(environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edge-cctv"));
        command.envs(environment.iter().copied());
        Self::spawn(command, arguments)
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the program, which can do nothing about it, and gives back its state folder.
    pub fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// Ends the program as systemd does and gives back its state folder.
    pub fn end(mut self) -> TempDir {
        self.terminate();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// On another address than this machine's own, where it is reached all the same.
    pub fn run_on(listen: &str, folder: TempDir, arguments: &[&str]) -> Self {
        Self::spawn_on(Command::new(env!("CARGO_BIN_EXE_edge-cctv")), listen, folder, arguments)
    }

    fn spawn_in(command: Command, folder: TempDir, arguments: &[&str]) -> Self {
        Self::spawn_on(command, "127.0.0.1:0", folder, arguments)
    }

    fn spawn_on(mut command: Command, listen: &str, folder: TempDir, arguments: &[&str]) -> Self {
        let mut child = command
            .arg("run")
            .args(arguments)
            .args(["--listen", listen, "--state"])
            .arg(folder.path())
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let ports = follow(child.stderr.take().unwrap(), log.clone());
        let Ok(port) = ports.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            panic!("the program doesn't listen:\n{}", log.lock().unwrap());
        };
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_recv_body(Some(PATIENCE))
            .build()
            .new_agent();
        Self { child, port, folder, log, agent }
    }

    pub fn get(&self, path: &str) -> Reply {
        self.request(Method::GET, path, &[])
    }

    pub fn post(&self, path: &str) -> Reply {
        self.request(Method::POST, path, &[])
    }

    pub fn request(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(method, path, headers, "")
    }

    pub fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(self.url("http", path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = match body {
            "" => self.agent.run(request.body(()).unwrap()).unwrap(),
            body => self.agent.run(request.body(body).unwrap()).unwrap(),
        };
        let (head, body) = response.into_parts();
        let mut bytes = Vec::new();
        body.into_reader().read_to_end(&mut bytes).unwrap();
        Reply { status: head.status.as_u16(), headers: head.headers, body: bytes }
    }

    /// Begins to watch; the answer must be the stream.
    pub fn watch(&self, path: &str) -> Stream {
        let (headers, reader) = self.read(path);
        Stream { headers, reader }
    }

    /// Begins to watch as somebody with this header.
    pub fn watch_by(&self, by: (&str, &str), path: &str) -> Stream {
        let response = self.agent.get(self.url("http", path)).header(by.0, by.1).call().unwrap();
        let (head, body) = response.into_parts();
        assert_eq!(head.status, 200, "{path}");
        Stream { headers: head.headers, reader: BufReader::new(Box::new(body.into_reader())) }
    }

    /// The body of an answer that may have no end.
    pub fn read(&self, path: &str) -> (HeaderMap, BufReader<Box<dyn Read>>) {
        let response = self.agent.get(self.url("http", path)).call().unwrap();
        let (head, body) = response.into_parts();
        assert_eq!(head.status, 200, "{path}");
        (head.headers, BufReader::new(Box::new(body.into_reader())))
    }

    pub fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://127.0.0.1:{}{path}", self.port)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Polls until `/status` is as wanted, and returns it.
    pub fn wait_for_status(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.wait_for_status_by(("accept", "*/*"), what, wanted)
    }

    /// The same, as somebody with this header.
    pub fn wait_for_status_by(&self, by: (&str, &str), what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let status = self.request(Method::GET, "/status", &[by]).json();
            if wanted(&status) {
                return status;
            }
            assert!(Instant::now() < end, "{what} never came: {status}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn wait_for_log(&self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.log().contains(text) {
            assert!(Instant::now() < end, "{text:?} was never logged:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// All that was logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn signal(&self, signal: libc::c_int) {
        let pid = libc::pid_t::try_from(self.child.id()).unwrap();
        // SAFETY: the child isn't waited for yet, so the number is its own.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    }

    /// Ends the program as systemd does, and says how it ended and how long that took.
    pub fn terminate(&mut self) -> (ExitStatus, Duration) {
        let begin = Instant::now();
        self.signal(libc::SIGTERM);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, begin.elapsed());
            }
            assert!(begin.elapsed() < PATIENCE, "the program doesn't end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps what the program logs, and sends the port that it listens on.
fn follow(stderr: impl Read + Send + 'static, log: Arc<Mutex<String>>) -> Receiver<u16> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let port = line
                .split_once("listening on http")
                .and_then(|(_, rest)| rest.rsplit_once(':'))
                .map(|(_, port)| port);
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
            drop(log);
            if let Some(port) = port.and_then(|rest| rest.trim().parse().ok()) {
                let _ = sender.send(port);
            }
        }
    });
    receiver
}

/// An MJPEG stream being watched.
pub struct Stream {
    pub headers: HeaderMap,
    reader: BufReader<Box<dyn Read>>,
}

/// One picture of a stream.
pub struct Part {
    /// As written, without the line ends.
    pub headers: Vec<String>,
    pub jpeg: Vec<u8>,
}

impl Stream {
    /// The answer to a request that was sent already, and isn't chunked.
    pub fn of(stream: impl Read + 'static) -> Self {
        let mut reader: BufReader<Box<dyn Read>> = BufReader::new(Box::new(stream));
        let (status, headers) = head(&mut reader);
        assert_eq!(status, 200);
        Self { headers, reader }
    }

    /// The next picture; `None` at the end of the stream.
    pub fn next(&mut self) -> Option<Part> {
        match self.line().as_deref() {
            Some("--frame") => {}
            None => return None,
            Some(other) => panic!("{other:?} where a boundary should be"),
        }
        let mut headers = Vec::new();
        loop {
            match self.line() {
                Some(line) if line.is_empty() => break,
                Some(line) => headers.push(line),
                None => return None,
            }
        }
        let length = headers.iter().find_map(|line| line.strip_prefix("Content-Length: "));
        let mut jpeg = vec![0; length.expect("a length").parse().unwrap()];
        self.reader.read_exact(&mut jpeg).ok()?;
        assert_eq!(self.line().as_deref(), Some(""), "a picture ends with its line end");
        assert!(jpeg.starts_with(&[0xff, 0xd8]) && jpeg.ends_with(&[0xff, 0xd9]), "a whole JPEG");
        Some(Part { headers, jpeg })
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(1..) => Some(line.strip_suffix("\r\n").expect("CR and LF").into()),
            _ => None,
        }
    }
}

/// The head of an answer, as far as the empty line.
pub fn head(reader: &mut impl BufRead) -> (u16, HeaderMap) {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_string()
    };
    let status = line();
    let code = status.split(' ').nth(1).and_then(|code| code.parse().ok());
    let code = code.unwrap_or_else(|| panic!("{status:?} is no answer"));
    let lines = std::iter::from_fn(|| Some(line()).filter(|line| !line.is_empty()));
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())
    });
    (code, headers.collect())
}

/// The whole answer to a request that ends its connection.
pub fn answer(stream: impl Read) -> Reply {
    let mut reader = BufReader::new(stream);
    let (status, headers) = head(&mut reader);
    let mut body = Vec::new();
    reader.read_to_end(&mut body).unwrap();
    Reply { status, headers, body }
}
