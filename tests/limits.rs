//! Nobody takes the server away from others: not with connections, not with what they send, not with costly calls.

mod common;

use common::{Server, answer};
use socket2::{Domain, Socket, Type};
use std::io::{BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use tungstenite::Message;
use ureq::http::Method;

const PATIENCE: Duration = Duration::from_secs(20);

fn with(keys: &str) -> Server {
    Server::configured(&format!("[server]\n{keys}\n[[camera]]\nname = \"c\"\nsource = \"demo\"\n"))
}

/// Another machine, as far as the server can tell.
fn connect_from(host: u8, server: &Server) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, host], 0)).into()).unwrap();
    socket.connect(&SocketAddr::from(([127, 0, 0, 1], server.port)).into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// `None`: the connection is closed without an answer.
fn get_from(host: u8, server: &Server, path: &str) -> Option<u16> {
    let mut stream = connect_from(host, server);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    stream.peek(&mut [0]).ok().filter(|count| *count > 0)?;
    Some(answer(stream).status)
}

/// Whether the server has ended a connection on which it has nothing to say.
fn is_ended(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let read = (&*stream).read(&mut [0]);
    !matches!(read, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn five_hundred_slow_connections_of_one_address_keep_nobody_else_out() {
    let server = with("head_seconds = 60.0");
    let mut viewer = server.watch("/live?fps=5");
    assert!(viewer.next().is_some());
    let crowd: Vec<_> = (0..500)
        .map(|_| {
            let mut stream = connect_from(2, &server);
            // One that is closed already can't be written to.
            let _ = stream.write_all(b"GET /status HTTP/1.1\r\nHost: b\r\nX-Slow: ");
            stream
        })
        .collect();
    for _ in 0..5 {
        assert!(viewer.next().is_some(), "who is there stays");
        assert!(server.watch("/live").next().is_some(), "who comes gets in");
        assert_eq!(server.get("/healthz").status, 200);
    }
    let end = Instant::now() + PATIENCE;
    loop {
        let held = crowd.iter().filter(|stream| !is_ended(stream)).count();
        if held == 128 {
            break;
        }
        assert!(Instant::now() < end, "{held} are held");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(server.log().matches("127.0.0.2 has 128 connections").count(), 1, "{}", server.log());
    drop(crowd);
    let end = Instant::now() + PATIENCE;
    while get_from(2, &server, "/healthz") != Some(200) {
        assert!(Instant::now() < end, "the address never gets its places back");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_head_that_comes_a_letter_at_a_time_is_ended() {
    let server = with("head_seconds = 1.0");
    let mut stream = connect_from(2, &server);
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nX-Slow: ").unwrap();
    let end = Instant::now() + PATIENCE;
    while stream.write_all(b"x").is_ok() && !matches!(stream.read(&mut [0; 64]), Ok(0)) {
        assert!(Instant::now() < end, "it is still listened to");
    }
}

#[test]
fn a_head_may_be_so_big_and_no_bigger() {
    let server = with("max_head_bytes = 8192");
    let status = |bytes: usize| {
        let mut stream = connect_from(2, &server);
        let long = "x".repeat(bytes);
        let head = format!("GET /healthz HTTP/1.1\r\nHost: b\r\nConnection: close\r\nX: {long}\r\n\r\n");
        // Who refuses it needn't read it all, and may have hung up before.
        let _ = stream.write_all(head.as_bytes());
        common::head(&mut BufReader::new(stream)).0
    };
    assert_eq!(status(7000), 200);
    assert_eq!(status(8192), 431);
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_body_may_be_so_big_and_no_bigger() {
    let server = with("max_body_bytes = 1024");
    let send = |bytes: usize| {
        let body = format!("{{\"x\":\"{}\"}}", "x".repeat(bytes - 8));
        assert_eq!(body.len(), bytes);
        server.send(Method::PATCH, "/api/settings", &[("content-type", "application/json")], &body)
    };
    let fits = send(1024);
    assert_eq!((fits.status, fits.json()["error"].as_str()), (400, Some("Bad settings")), "it is read");
    let refused = send(1025);
    assert_eq!((refused.status, refused.json()["error"].as_str()), (413, Some("Request body too large")));
}

#[test]
fn a_message_may_be_so_long_and_no_longer() {
    let server = with("max_message_bytes = 200");
    let (mut socket, _) = tungstenite::connect(server.url("ws", "/ws/live?fps=5")).unwrap();
    socket.send(Message::binary(vec![0; 200])).unwrap();
    assert!((0..20).all(|_| socket.read().is_ok()), "that is passed over");
    let _ = socket.send(Message::binary(vec![0; 201]));
    while socket.read().is_ok() {}
    server.wait_for_status("its end", |status| status["viewers"] == 0);
}

#[test]
fn costly_calls_have_a_rate_for_each_address_and_others_none() {
    let server = with("expensive_per_second = 0.1");
    server.wait_for_status("a frame", |status| status["camera_active"] == true);
    // A burst of less than one call lets one through.
    assert_eq!(server.post("/snapshot").status, 200);
    for (method, path) in [
        (Method::POST, "/snapshot"),
        (Method::GET, "/api/mask.png"),
        (Method::GET, "/api/baseline/map.png"),
        (Method::GET, "/api/system"),
        (Method::HEAD, "/api/system"),
        (Method::GET, "/api/log"),
        (Method::PATCH, "/api/settings"),
        (Method::POST, "/api/baseline/reset"),
    ] {
        let refused = server.request(method.clone(), path, &[]);
        assert_eq!(refused.status, 429, "{method} {path}");
        let seconds: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=11).contains(&seconds), "{method} {path}: {seconds}");
    }
    let refused = server.get("/api/log");
    assert_eq!(refused.json()["error"], "Too many requests");
    assert_eq!(get_from(2, &server, "/api/log"), Some(200), "others have their own");
    for path in ["/status", "/api/cameras", "/api/settings", "/api/snapshots"] {
        assert!((0..20).all(|_| server.get(path).status == 200), "{path}");
    }
    assert!(server.watch("/live").next().is_some());
}
