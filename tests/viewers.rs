//! Viewers as they are: many, slow, rude, from elsewhere, and connected when the program is to end.

#[path = "common/clip.rs"]
mod clip;
mod common;

use common::Server;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;
use tungstenite::client::IntoClientRequest;
use tungstenite::{Error, Message};
use ureq::http::Method;

/// Asks for the stream and never reads a byte of it.
fn stalled_viewer(server: &Server) -> TcpStream {
    let mut stream = server.connect();
    // The less the kernel takes for this viewer the sooner it stalls.
    socket2::SockRef::from(&stream).set_recv_buffer_size(4096).unwrap();
    stream.write_all(b"GET /live?quality=100 HTTP/1.1\r\nHost: board\r\n\r\n").unwrap();
    stream
}

#[test]
fn a_stalled_viewer_is_cut_off_once_and_delays_nobody() {
    let server =
        Server::configured("[server]\nstall_seconds = 1.0\n[[camera]]\nname = \"c\"\nsource = \"demo\"\n");
    let mut reader = server.watch("/live");
    let stalled = stalled_viewer(&server);
    let address = stalled.local_addr().unwrap();
    server.wait_for_status("the second viewer", |status| status["viewers"] == 2);
    let frames = || server.get("/status").json()["anomaly_stats"]["total_frames_analyzed"].as_u64().unwrap();
    let (mut seen, begin) = (0, frames());
    while server.get("/status").json()["viewers"] == 2 {
        assert!(reader.next().is_some());
        seen += 1;
        assert!(seen < 1000, "the stalled viewer is still there:\n{}", server.log());
    }
    let shown = frames() - begin;
    assert!(seen * 2 > shown, "the reader saw {seen} of {shown} frames");
    assert!(reader.next().is_some(), "the reader goes on");
    server.wait_for_log(&format!("{address} took no bytes for 1 s"));
    assert_eq!(server.log().matches(&address.to_string()).count(), 1, "{}", server.log());
}

#[test]
fn a_stalled_websocket_is_cut_off_as_well() {
    let server =
        Server::configured("[server]\nstall_seconds = 1.0\n[[camera]]\nname = \"c\"\nsource = \"demo\"\n");
    let (mut socket, _) = tungstenite::connect(server.url("ws", "/ws/live?quality=100")).unwrap();
    let tungstenite::stream::MaybeTlsStream::Plain(stream) = socket.get_mut() else { panic!("no TLS here") };
    let address = stream.local_addr().unwrap();
    server.wait_for_log(&format!("{address} took no bytes for 1 s"));
    server.wait_for_status("its end", |status| status["viewers"] == 0);
}

#[test]
fn connections_beyond_the_limit_wait_for_their_turn() {
    let server = Server::configured(
        "[server]\nmax_connections = 3\nmax_viewers = 2\n[[camera]]\nname = \"c\"\nsource = \"demo\"\n",
    );
    // Who has shown who they are makes room for nobody.
    let known = || {
        let mut stream = server.connect();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: b\r\n\r\n").unwrap();
        assert!(stream.read(&mut [0; 1]).is_ok_and(|count| count == 1));
        stream
    };
    let early = [known(), known(), known()];
    let mut late = server.connect();
    late.write_all(b"GET /healthz HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n").unwrap();
    late.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(late.read(&mut [0; 1]).is_err(), "answered beyond the limit");
    drop(early);
    late.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn running_out_of_file_descriptors_ends_nothing() {
    let server = Server::with_few_files(40);
    let crowd: Vec<_> = (0..60).map(|_| server.connect()).collect();
    server.wait_for_log("no connection can be accepted");
    drop(crowd);
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.log().matches("no connection can be accepted").count(), 1, "{}", server.log());
}

#[test]
fn a_hundred_reconnects_leave_nothing_behind() {
    let server = Server::demo();
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert!(server.watch("/live").next().is_some());
                }
            });
        }
    });
    server.wait_for_status("the end of all streams", |status| status["viewers"] == 0);
}

#[test]
fn thirty_viewers_watch_at_once() {
    let server = Server::demo();
    let mut viewers: Vec<_> = (0..30).map(|_| server.watch("/live")).collect();
    server.wait_for_status("all of them", |status| status["viewers"] == 30);
    for _ in 0..5 {
        for viewer in &mut viewers {
            assert!(viewer.next().is_some());
        }
    }
}

#[test]
fn one_viewer_too_many_is_told_to_come_back() {
    let server =
        Server::configured("[server]\nmax_viewers = 2\n[[camera]]\nname = \"c\"\nsource = \"demo\"\n");
    let mut first = server.watch("/live");
    let second = server.watch("/live?fps=5");
    let third = server.get("/live");
    assert_eq!((third.status, third.json()["error"].as_str()), (503, Some("Too many viewers")));
    assert!(third.header("retry-after").parse::<u32>().unwrap() > 0);
    assert!(first.next().is_some(), "those who are there stay");
    drop(second);
    server.wait_for_status("a free place", |status| status["viewers"] == 1);
    assert!(server.watch("/live").next().is_some());
}

#[test]
fn a_stream_obeys_its_options() {
    let server = Server::demo();
    let time = |headers: &[String]| -> f64 { headers[2].rsplit(' ').next().unwrap().parse().unwrap() };
    let mut slow = server.watch("/live?fps=5");
    let times: Vec<f64> = (0..4).map(|_| time(&slow.next().unwrap().headers)).collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] > 0.1), "at most 5 a second: {times:?}");
    let size = |path: &str| server.watch(path).next().unwrap().jpeg.len();
    assert!(size("/live?quality=10") < size("/live?quality=95"));
}

#[test]
fn a_cameras_own_jpeg_pictures_go_on_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.avi");
    clip::write(&path, 0..3);
    let file = std::fs::read(&path).unwrap();
    let server = Server::run(&["--camera", path.to_str().unwrap()]);
    let is_own = |jpeg: &[u8]| file.windows(jpeg.len()).any(|window| window == jpeg);
    for (query, own) in [("overlay=0", true), ("overlay=1", false), ("overlay=0&quality=40", false)] {
        let mut stream = server.watch(&format!("/live?{query}"));
        for _ in 0..3 {
            let picture = stream.next().unwrap().jpeg;
            assert_eq!(is_own(&picture), own, "{query}");
            assert_eq!(edge_cctv::picture::jpeg::header(&picture), Ok(clip::SIZE));
        }
    }
}

#[test]
fn a_websocket_brings_what_was_found_and_then_the_picture() {
    let server = Server::demo();
    let (mut socket, _) = tungstenite::connect(server.url("ws", "/ws/live?fps=10")).unwrap();
    for _ in 0..3 {
        let Message::Text(text) = socket.read().unwrap() else { panic!("text first") };
        let found: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(
            found["sequence"].is_u64() && found["time"].is_f64() && found["regions"].is_array(),
            "{found}"
        );
        assert!(["IDLE", "MOTION", "ALERT"].contains(&found["ai_status"].as_str().unwrap()));
        let Message::Binary(jpeg) = socket.read().unwrap() else { panic!("then the picture") };
        assert!(jpeg.starts_with(&[0xff, 0xd8]) && jpeg.ends_with(&[0xff, 0xd9]));
    }
    server.post("/stop");
    let end = std::iter::from_fn(|| socket.read().ok()).find(Message::is_close);
    let Some(Message::Close(Some(frame))) = end else { panic!("no word of farewell: {end:?}") };
    assert!(frame.reason.contains("stopped"), "{frame:?}");
    let refused = tungstenite::connect(server.url("ws", "/ws/live"));
    assert!(matches!(refused, Err(Error::Http(response)) if response.status() == 503));
}

#[test]
fn a_websocket_viewer_has_little_to_say() {
    let server = Server::demo();
    let (mut socket, _) = tungstenite::connect(server.url("ws", "/ws/live")).unwrap();
    socket.send(Message::text("hello")).unwrap();
    assert!(socket.read().is_ok(), "what is said is passed over");
    let _ = socket.send(Message::binary(vec![0; 1 << 20]));
    while socket.read().is_ok() {}
    server.wait_for_status("its end", |status| status["viewers"] == 0);
}

#[test]
fn malformed_requests_harm_nobody() {
    let server = Server::demo();
    let long = format!("GET /{} HTTP/1.1\r\nHost: b\r\n\r\n", "a".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(1000));
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: b\r\n\r\n",
        b"POST /start HTTP/1.1\r\nHost: b\r\nContent-Length: -1\r\n\r\n",
        b"POST /start HTTP/1.1\r\nHost: b\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"\r\n\r\n\r\n\0\0\0\0",
        long.as_bytes(),
        many.as_bytes(),
    ] {
        let mut stream = server.connect();
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        // A reset connection is an answer, too.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(server.get("/healthz").status, 200);
    assert!(!server.log().contains("panic"), "{}", server.log());
}

#[test]
fn a_huge_body_is_refused_before_it_is_sent() {
    let server = Server::demo();
    let mut stream = server.connect();
    stream.write_all(b"POST /start HTTP/1.1\r\nHost: b\r\nContent-Length: 100000000\r\n\r\n").unwrap();
    // Not one byte of it was sent, and the answer and the end of the connection come all the same.
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.ends_with("\"error\":\"Request body too large\"}"), "{answer}");
}

#[test]
fn a_body_of_undeclared_length_is_read_up_to_the_limit_only() {
    let server = Server::demo();
    server.post("/stop");
    let mut stream = server.connect();
    stream.write_all(b"POST /start HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
    // The program may hang up while this is being sent.
    let _ = stream.write_all(&chunk).and_then(|()| stream.write_all(&chunk));
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert_eq!(server.get("/status").json()["streaming"], false, "nothing was done for it");
}

#[test]
fn the_program_ends_in_time_whoever_watches() {
    let mut server = Server::demo();
    let mut reader = server.watch("/live");
    assert!(reader.next().is_some());
    // Few pictures, so that this one doesn't stall while it isn't read.
    let (mut socket, _) = tungstenite::connect(server.url("ws", "/ws/live?fps=2&quality=20")).unwrap();
    assert!(socket.read().is_ok());
    let _stalled = stalled_viewer(&server);
    let _silent = server.connect();
    server.wait_for_status("all viewers", |status| status["viewers"] == 3);
    std::thread::sleep(Duration::from_millis(500)); // for the stalled one to fill its buffers

    let (status, elapsed) = server.terminate();
    assert!(status.success(), "{status}:\n{}", server.log());
    // 2 s are promised; the rest is for a test machine that has other things to do.
    assert!(elapsed < Duration::from_millis(2500), "{elapsed:?}:\n{}", server.log());
    while reader.next().is_some() {}
    let end = std::iter::from_fn(|| socket.read().ok()).find(Message::is_close);
    assert!(end.is_some(), "a WebSocket is told");
}

#[test]
fn pages_of_listed_sites_may_use_the_api_and_others_not() {
    let server = Server::demo();
    server.wait_for_status("a frame", |status| status["camera_active"] == true);
    let own = format!("http://127.0.0.1:{}", server.port);
    for listed in ["http://localhost:3000", "http://localhost:3001"] {
        let reply = server.request(Method::GET, "/status", &[("origin", listed)]);
        assert_eq!(reply.header("access-control-allow-origin"), listed);
        assert_eq!(reply.header("access-control-allow-credentials"), "true");
        assert!(reply.header("access-control-expose-headers").contains("retry-after"));
        assert_eq!(server.request(Method::POST, "/start", &[("origin", listed)]).status, 200);
        let asking = [
            ("origin", listed),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,x-own"),
        ];
        let preflight = server.request(Method::OPTIONS, "/start", &asking);
        assert_eq!(preflight.status, 200);
        assert_eq!(preflight.header("access-control-allow-methods"), "POST");
        assert_eq!(preflight.header("access-control-allow-headers"), "content-type,x-own");
        // An error must be readable for the page as well.
        let error = server.request(Method::GET, "/nothing", &[("origin", listed)]);
        assert_eq!(error.header("access-control-allow-origin"), listed);
    }
    assert_eq!(server.request(Method::POST, "/start", &[("origin", &own)]).status, 200);
    for other in ["http://evil.example", "http://localhost:3002", "null"] {
        let reply = server.request(Method::GET, "/status", &[("origin", other)]);
        assert_eq!((reply.status, reply.json()["error"].as_str()), (403, Some("Origin not allowed")));
        assert!(!reply.headers.keys().any(|name| name.as_str().starts_with("access-control-")), "{other}");
        let refused = server.request(Method::POST, "/stop", &[("origin", other)]);
        assert_eq!((refused.status, refused.json()["error"].as_str()), (403, Some("Origin not allowed")));
        let mut request = server.url("ws", "/ws/live").into_client_request().unwrap();
        request.headers_mut().insert("origin", other.parse().unwrap());
        let refused = tungstenite::connect(request);
        assert!(matches!(refused, Err(Error::Http(response)) if response.status() == 403), "{other}");
    }
    assert_eq!(server.get("/status").json()["streaming"], true, "nobody stopped it");
}
