//! Logging in and out, throttling, tokens, links, and what ends with them.

#[path = "common/access.rs"]
mod access;
mod common;

use access::{ADMIN, VIEWER, ask, command, done, eventually, guarded, guarded_with, log_in, session, token};
use common::Server;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;
use ureq::http::Method;

#[test]
fn a_session_begins_with_the_right_password_and_ends_with_the_logout() {
    let server = guarded();
    let nobody = server.get("/api/session").json();
    assert_eq!(
        (&nobody["auth"], &nobody["scope"], &nobody["password_set"]),
        (&json!("password"), &Value::Null, &json!(false))
    );
    let wrong = log_in(&server, "admin", VIEWER);
    assert_eq!((wrong.status, &wrong.json()["error"]), (401, &json!("Login failed")));
    assert_eq!(wrong.header("set-cookie"), "");
    let reply = log_in(&server, "admin", ADMIN);
    let cookie = reply.header("set-cookie");
    for part in ["edge-cctv=", "; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let admin = cookie.split(';').next().unwrap();
    let who = ask(&server, Method::GET, "/api/session", ("cookie", admin), Value::Null).json();
    assert_eq!(
        (&who["user"], &who["scope"], &who["password_set"]),
        (&json!("admin"), &json!("admin"), &json!(true))
    );
    let listed = ask(&server, Method::GET, "/api/access", ("cookie", admin), Value::Null).json();
    assert_eq!(listed["sessions"][0]["current"], true);
    assert_eq!(listed["failed_logins"], 1);
    let out = ask(&server, Method::POST, "/api/logout", ("cookie", admin), Value::Null);
    assert_eq!(out.status, 200);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(ask(&server, Method::GET, "/status", ("cookie", admin), Value::Null).status, 401);
}

#[test]
fn a_session_outlives_the_program() {
    let server = guarded();
    let admin = session(&server, "admin", ADMIN);
    let server = Server::run_in(server.kill(), &["--camera", "demo"]);
    assert_eq!(ask(&server, Method::GET, "/status", ("cookie", &admin), Value::Null).status, 200);
}

/// Reads the stream that begins with this request until its end.
fn read_to_end(server: &Server, path: &str, cookie: &str, at_first: impl FnOnce()) {
    let mut stream = server.connect();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n")
        .unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.contains(" 200 "), "{line}");
    at_first();
    // A time-out fails here: the stream goes on, or hangs.
    reader.read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn streams_end_with_the_session_or_token_that_opened_them() {
    let server = guarded();
    for path in ["/live", "/api/status/stream"] {
        let viewer = session(&server, "viewer", VIEWER);
        let out = || {
            assert_eq!(
                ask(&server, Method::POST, "/api/logout", ("cookie", &viewer), Value::Null).status,
                200
            )
        };
        read_to_end(&server, path, &viewer, out);
        // A command ends it too, within seconds.
        let viewer = session(&server, "viewer", VIEWER);
        let passwd =
            || drop(done(&["passwd", "--user", "viewer"], server.folder.path(), &format!("{VIEWER}\n")));
        read_to_end(&server, path, &viewer, passwd);
    }
    let admin = session(&server, "admin", ADMIN);
    let made = ask(
        &server,
        Method::POST,
        "/api/tokens",
        ("cookie", &admin),
        json!({ "name": "ws", "scope": "view" }),
    );
    let bearer = format!("Bearer {}", made.json()["token"].as_str().unwrap());
    let request = tungstenite::http::Request::builder()
        .uri(server.url("ws", "/ws/live"))
        .header("host", "localhost")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", tungstenite::handshake::client::generate_key())
        .header("authorization", bearer);
    let (mut socket, _) = tungstenite::connect(request.body(()).unwrap()).unwrap();
    assert!(socket.read().unwrap().is_text());
    assert_eq!(ask(&server, Method::DELETE, "/api/tokens/ws", ("cookie", &admin), Value::Null).status, 200);
    let closed = loop {
        match socket.read() {
            Ok(tungstenite::Message::Close(frame)) => break frame.unwrap().reason.to_string(),
            Ok(_) => {}
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(closed, "the login is over");
}

/// A connection from another of the machine's own addresses.
fn connect_from(server: &Server, address: [u8; 4]) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((address, 0)).into()).unwrap();
    socket.connect(&SocketAddr::from((Ipv4Addr::LOCALHOST, server.port)).into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// The status of a login from there.
fn log_in_from(server: &Server, address: [u8; 4], password: &str) -> u16 {
    let mut stream = connect_from(server, address);
    let body = json!({ "user": "admin", "password": password }).to_string();
    let length = body.len();
    write!(stream, "POST /api/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
        .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn of_a_thousand_tries_few_are_looked_at_and_nobody_else_is_locked_out() {
    let server = guarded();
    let admin = session(&server, "admin", ADMIN);
    let mut stream = server.watch_by(("cookie", &admin), "/live");
    let replies: Vec<u16> =
        (0..1000).map(|n| log_in_from(&server, [127, 0, 0, 2], &format!("wrong horse {n}"))).collect();
    let looked_at = replies.iter().filter(|status| **status == 401).count();
    // Five at once, and then as the waits double from two seconds on.
    assert!((5..20).contains(&looked_at), "{looked_at}");
    assert!(replies.iter().all(|status| [401, 429].contains(status)));
    assert_eq!(log_in_from(&server, [127, 0, 0, 2], ADMIN), 429, "the right one has to wait too");
    assert_eq!(log_in_from(&server, [127, 0, 0, 3], ADMIN), 200, "somebody else needn't");
    assert!(stream.next().is_some());
    // A thousand others, each from another address, share one budget; who was in before gets in.
    let others = (0..1000u16)
        .map(|n| log_in_from(&server, [127, 1, (n / 250) as u8, (n % 250 + 1) as u8], "wrong horse"));
    let looked_at = others.filter(|status| *status == 401).count();
    assert!((10..60).contains(&looked_at), "{looked_at}");
    assert_eq!(log_in_from(&server, [127, 0, 0, 3], ADMIN), 200);
    assert!(stream.next().is_some());
    assert!(server.log().contains("a login as admin from 127.0.0.2 failed"));
}

#[test]
fn a_crowd_of_logins_leaves_the_program_as_small_as_it_was() {
    let server = guarded();
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    };
    assert_eq!(log_in_from(&server, [127, 0, 0, 2], ADMIN), 200);
    let before = resident();
    let server = &server;
    std::thread::scope(|scope| {
        for host in 0..25 {
            scope.spawn(move || assert_eq!(log_in_from(server, [127, 0, 1, host], "wrong horse"), 401));
        }
    });
    // What one hash is computed in takes 19 MB: kept, those of the crowd would be hundreds. The program itself is still
    // growing by a model and a camera's pictures.
    let after = resident();
    assert!(after < before + 80, "{before} MB before, {after} MB after");
}

#[test]
fn connections_on_which_nobody_logs_in_make_room_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(
        &file,
        "[server]\nmax_connections = 40\nmax_viewers = 10\n[[camera]]\nname = \"c\"\nsource = \"demo\"\n",
    )
    .unwrap();
    let server = guarded_with(&["--config", file.to_str().unwrap()]);
    let admin = session(&server, "admin", ADMIN);
    let mut viewer = server.watch_by(("cookie", &admin), "/live");
    assert!(viewer.next().is_some());
    let mut crowd: Vec<_> = (0..90).map(|n| connect_from(&server, [127, 0, 1, n % 3 + 1])).collect();
    for _ in 0..3 {
        for stream in &mut crowd {
            // They stay as long as they can.
            let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        }
        assert_eq!(log_in_from(&server, [127, 0, 0, 2], ADMIN), 200, "who comes gets in");
        assert!(viewer.next().is_some(), "who has shown who they are stays");
    }
    assert!(server.log().contains("40 connections are open"), "{}", server.log());
}

#[test]
fn a_password_is_changed_by_its_owner_or_the_administrator() {
    let server = guarded();
    let (admin, viewer) = (session(&server, "admin", ADMIN), session(&server, "viewer", VIEWER));
    let change = |by: &str, body| {
        let reply = ask(&server, Method::POST, "/api/password", ("cookie", by), body);
        (reply.status, reply.json()["error"].clone())
    };
    let body = |user, current, new: Value| json!({ "user": user, "current": current, "new": new });
    assert_eq!(change(&viewer, body("admin", VIEWER, json!("mine now, all"))), (403, json!("Not allowed")));
    assert_eq!(change(&viewer, body("viewer", ADMIN, json!("another staple"))), (401, json!("Login failed")));
    assert_eq!(
        change(&viewer, json!({ "user": "viewer", "new": "another staple" })),
        (401, json!("Login failed"))
    );
    assert_eq!(change(&viewer, body("viewer", VIEWER, Value::Null)).0, 403, "others have it, too");
    assert_eq!(change(&viewer, body("viewer", VIEWER, json!("short"))).0, 400);
    assert_eq!(change(&admin, body("admin", ADMIN, Value::Null)).0, 400);
    assert_eq!(change(&viewer, body("viewer", VIEWER, json!("another staple"))), (200, Value::Null));
    assert_eq!(log_in(&server, "viewer", VIEWER).status, 401);
    assert_eq!(log_in(&server, "viewer", "another staple").status, 200);
    assert_eq!(change(&admin, body("viewer", ADMIN, Value::Null)), (200, Value::Null));
    assert_eq!(ask(&server, Method::GET, "/status", ("cookie", &viewer), Value::Null).status, 401);
    assert_eq!(log_in(&server, "viewer", "another staple").status, 401);
    assert_eq!(ask(&server, Method::GET, "/status", ("cookie", &admin), Value::Null).status, 200);
}

#[test]
fn on_an_open_checkout_the_first_password_closes_the_door_behind_who_sets_it() {
    let server = Server::demo();
    assert_eq!(server.get("/api/session").json()["auth"], "none");
    let viewer = json!({ "user": "viewer", "new": VIEWER }).to_string();
    assert_eq!(server.send(Method::POST, "/api/password", &[], &viewer).status, 409);
    let first = json!({ "user": "admin", "new": ADMIN }).to_string();
    let reply = server.send(Method::POST, "/api/password", &[], &first);
    assert_eq!((reply.status, &reply.json()["scope"]), (200, &json!("admin")));
    let admin = reply.header("set-cookie").split(';').next().unwrap().to_string();
    assert_eq!(server.get("/status").status, 401);
    assert_eq!(ask(&server, Method::GET, "/status", ("cookie", &admin), Value::Null).status, 200);
}

#[test]
fn a_link_opens_one_snapshot_for_a_while() {
    let server = guarded();
    let admin = session(&server, "admin", ADMIN);
    let by = ("cookie", admin.as_str());
    server.wait_for_status_by(by, "a picture", |status| status["camera_active"] == true);
    let name = ask(&server, Method::POST, "/snapshot", by, Value::Null).json()["filename"]
        .as_str()
        .unwrap()
        .to_string();
    let path = format!("/api/snapshots/{name}");
    assert_eq!(server.get(&path).status, 401);
    let viewer = session(&server, "viewer", VIEWER);
    let link =
        ask(&server, Method::POST, &format!("{path}/link?seconds=60"), ("cookie", &viewer), Value::Null)
            .json();
    let url = link["url"].as_str().unwrap();
    assert_eq!(server.get(url).status, 200);
    assert_eq!(server.request(Method::DELETE, url, &[]).status, 401);
    for bad in [
        url.replace(".jpg", "_2.jpg"),
        url.replace("expires=", "expires=1"),
        format!("{url}0"),
        url[..url.len() - 2].into(),
    ] {
        assert_eq!(server.get(&bad).status, 401, "{bad}");
    }
    assert_eq!(ask(&server, Method::POST, "/api/snapshots/snapshot_1.jpg/link", by, Value::Null).status, 404);
    assert_eq!(ask(&server, Method::POST, &format!("{path}/link?seconds=1"), by, Value::Null).status, 400);
    done(&["passwd"], server.folder.path(), &format!("{ADMIN}\n"));
    eventually("the link is void", || server.get(url).status == 401);
}

#[test]
fn passwords_with_requests_are_for_programs() {
    let server = guarded();
    // viewer:battery staple
    let basic = ("authorization", "Basic dmlld2VyOmJhdHRlcnkgc3RhcGxl");
    for _ in 0..3 {
        assert_eq!(ask(&server, Method::GET, "/status", basic, Value::Null).status, 200);
    }
    assert_eq!(ask(&server, Method::POST, "/stop", basic, Value::Null).status, 403);
    let asks = |headers: &[(&str, &str)]| {
        let reply = server.request(Method::GET, "/status", headers);
        let schemes = reply.headers.get_all("www-authenticate").iter();
        schemes.map(|scheme| scheme.to_str().unwrap().to_string()).collect::<Vec<_>>().join(", ")
    };
    assert!(asks(&[]).contains("Bearer, Basic realm="));
    assert_eq!(asks(&[("sec-fetch-mode", "cors")]), "Bearer", "browsers show the page's own form");
}

#[test]
fn requests_by_strange_names_and_from_other_sites_are_refused() {
    let server = Server::demo();
    server.wait_for_status("the demo", |status| status["streaming"] == true);
    let tried =
        |method: Method, path: &str, headers: &[(&str, &str)]| server.request(method, path, headers).status;
    for host in ["evil.example", "evil.example:8000", "127.0.0.1.evil.example"] {
        assert_eq!(tried(Method::GET, "/status", &[("host", host)]), 421, "{host}");
        assert_eq!(
            tried(Method::POST, "/stop", &[("host", host), ("origin", &format!("http://{host}"))]),
            421
        );
    }
    let image =
        [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
    for path in ["/live", "/api/mask.png", "/status"] {
        assert_eq!(tried(Method::GET, path, &image), 403, "{path}");
        assert_eq!(tried(Method::GET, path, &[("origin", "http://evil.example")]), 403, "{path}");
    }
    let listed = [("origin", "http://localhost:3001")];
    assert_eq!(tried(Method::POST, "/start", &listed), 200);
    for (method, path) in
        [(Method::POST, "/api/password"), (Method::POST, "/api/tokens"), (Method::GET, "/api/access")]
    {
        assert_eq!(tried(method, path, &listed), 403, "{path} is for the camera's own page");
    }
    let form = [("origin", "null"), ("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(tried(Method::POST, "/stop", &form), 403);
    assert_eq!(server.get("/status").json()["streaming"], true, "nobody stopped it");
}

#[test]
fn nothing_listens_beyond_this_board_without_a_password_or_plain_words() {
    let state = tempfile::tempdir().unwrap();
    let refused = command(&["run", "--listen", "0.0.0.0:0"], state.path(), "");
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(78), "{text}");
    assert!(text.contains("there is no password") && text.contains("edge-cctv passwd --state"), "{text}");
    assert!(!text.contains("listening"), "{text}");

    let open = state.path().join("open.toml");
    std::fs::write(&open, "[server]\nauth = \"none\"\n").unwrap();
    for (prepare, arguments, status) in
        [(false, vec!["--config", open.to_str().unwrap()], 200), (true, vec!["--camera", "demo"], 401)]
    {
        let folder = tempfile::tempdir().unwrap();
        if prepare {
            done(&["passwd"], folder.path(), &format!("{ADMIN}\n"));
        }
        let server = Server::run_on("0.0.0.0:0", folder, &arguments);
        assert_eq!(server.get("/status").status, status);
    }
}

#[test]
fn a_made_password_is_shown_once_and_asks_to_be_changed() {
    let state = tempfile::tempdir().unwrap();
    let printed = done(&["passwd", "--generate"], state.path(), "");
    let made = printed.lines().next().unwrap().rsplit_once(' ').unwrap().1.to_string();
    assert_eq!(done(&["passwd", "--generate", "--if-unset"], state.path(), ""), "", "made once");
    let server = Server::run_in(state, &["--camera", "demo"]);
    let reply = log_in(&server, "admin", &made);
    assert_eq!((reply.status, &reply.json()["password_made"]), (200, &json!(true)));
    let admin = reply.header("set-cookie").split(';').next().unwrap().to_string();
    let body = json!({ "user": "admin", "current": made, "new": ADMIN });
    let changed = ask(&server, Method::POST, "/api/password", ("cookie", &admin), body);
    assert_eq!((changed.status, &changed.json()["password_made"]), (200, &json!(false)));
}

#[test]
fn commands_say_what_is_wrong_and_tokens_come_and_go_while_it_runs() {
    let server = guarded();
    let state = server.folder.path();
    for (arguments, input, said) in [
        (&["passwd"][..], "short\n", "a password has 10 to 256 characters"),
        (&["passwd"], "", "a password has 10"),
        (&["token", "add", "a b", "--scope", "view"], "", "a token's name has"),
        (&["token", "remove", "nothing"], "", "there is no token named nothing"),
    ] {
        let output = command(arguments, state, input);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(said), "{arguments:?}: {text}");
    }
    let bearer = format!("Bearer {}", token(&server, "control"));
    assert!(!command(&["token", "add", "control", "--scope", "view"], state, "").status.success());
    let opens = || ask(&server, Method::GET, "/status", ("authorization", &bearer), Value::Null).status;
    eventually("the token opens", || opens() == 200);
    let listed = done(&["token", "list"], state, "");
    assert!(listed.starts_with("control ") && !listed.contains("ecctv_"), "{listed}");
    done(&["token", "remove", "control"], state, "");
    eventually("the token opens nothing", || opens() == 401);
}

#[test]
fn a_factory_reset_leaves_a_device_as_new_and_what_is_not_the_programs() {
    let server = guarded();
    let admin = session(&server, "admin", ADMIN);
    let by = ("cookie", admin.as_str());
    server.wait_for_status_by(by, "a picture", |status| status["camera_active"] == true);
    assert_eq!(ask(&server, Method::POST, "/snapshot", by, Value::Null).status, 200);
    let patch = json!({ "stream": { "quality": 55 } });
    assert_eq!(ask(&server, Method::PATCH, "/api/settings", by, patch).status, 200);
    assert_eq!(ask(&server, Method::POST, "/api/arm", by, json!({ "mode": "armed" })).status, 200);
    let running = command(&["factory-reset", "--yes"], server.folder.path(), "");
    assert!(String::from_utf8_lossy(&running.stderr).contains("stop it first"), "{running:?}");
    let state = server.end();
    let names = || {
        let entries = std::fs::read_dir(state.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    for kept in ["snapshots", "settings.toml", "access.json", "arming.json"] {
        assert!(names().contains(&kept.to_string()), "{kept} in {:?}", names());
    }
    let unasked = command(&["factory-reset"], state.path(), "");
    assert!(!unasked.status.success() && names().len() > 3);
    std::fs::write(state.path().join("letter.txt"), "mine").unwrap();
    let output = command(&["factory-reset", "--yes"], state.path(), "");
    assert!(String::from_utf8_lossy(&output.stderr).contains("letter.txt"), "{output:?}");
    assert_eq!(names(), ["letter.txt"]);
    std::fs::remove_file(state.path().join("letter.txt")).unwrap();
    done(&["factory-reset", "--yes"], state.path(), "");
    assert_eq!(names(), [""; 0]);
    let server = Server::run_in(state, &["--camera", "demo"]);
    assert_eq!(server.get("/api/session").json()["auth"], "none");
    assert_eq!(server.get("/api/snapshots").json()["total"], 0);
}

#[test]
fn two_programs_do_not_share_a_state_folder() {
    let server = Server::demo();
    let mut second = Command::new(env!("CARGO_BIN_EXE_edge-cctv"));
    second.args(["run", "--camera", "demo", "--listen", "127.0.0.1:0", "--state"]).arg(server.folder.path());
    let output = second.output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("another edge-cctv runs with the state folder"));
}
