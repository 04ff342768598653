//! Every call, by everybody: who may do what is in `data/routes.txt`, and a call that isn't there fails. What answers have
//! in their heads, and that no secret is in them.

#[path = "common/access.rs"]
mod access;
mod common;

use access::{ADMIN, VIEWER, ask, eventually, guarded, log_in, session, token};
use common::{Reply, Server};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use ureq::http::Method;

const NEEDS: [&str; 4] = ["nothing", "view", "control", "admin"];

/// Method, path and need of each call.
fn table() -> Vec<(Method, &'static str, usize)> {
    let lines = include_str!("data/routes.txt").lines().filter(|line| !line.starts_with('#'));
    let call = |line: &'static str| {
        let [method, path, need] = line.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{line}") };
        let need = NEEDS.iter().position(|known| *known == need).unwrap();
        (method.parse().unwrap(), path, need)
    };
    lines.map(call).collect()
}

/// An address that a call answers soon: streams are asked for something that they refuse.
fn address(path: &str) -> String {
    let path = path.replace("{camera}", "0").replace(['{', '}'], "");
    if path.contains("live") {
        format!("{path}?quality=nothing")
    } else {
        path.replace("stream", "stream?camera=x")
    }
}

/// What the guard said: 401, 403, or 0 if it let the call through.
fn verdict(reply: &Reply) -> u16 {
    let error = serde_json::from_slice::<Value>(&reply.body).unwrap_or_default()["error"].clone();
    match (reply.status, error.as_str()) {
        (401, Some("Not logged in")) => 401,
        (403, Some("Not allowed")) => 403,
        _ => 0,
    }
}

#[test]
fn the_table_has_every_call_that_is_described_and_no_other() {
    let server = Server::demo();
    let described = server.get("/api/openapi.json").json();
    let mut calls = BTreeSet::new();
    for (path, operations) in described["paths"].as_object().unwrap() {
        calls.extend(
            operations.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())),
        );
    }
    let listed: BTreeSet<_> = table().iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    assert_eq!(listed, calls);
}

#[test]
fn everybody_may_do_what_the_table_says_and_nothing_else() {
    let server = guarded();
    let tokens = ["view", "control", "admin"].map(|scope| format!("Bearer {}", token(&server, scope)));
    server.wait_for_log("listening");
    // The program looks for new tokens every two seconds.
    let last = ("authorization", tokens[2].as_str());
    eventually("the last token opens", || {
        ask(&server, Method::GET, "/status", last, Value::Null).status == 200
    });
    for (method, path, need) in table() {
        let address = address(path);
        let tried = |by| verdict(&ask(&server, method.clone(), &address, by, Value::Null));
        let name = format!("{method} {path}");
        assert_eq!(tried(("x-nothing", "")), if need == 0 { 0 } else { 401 }, "{name}: nobody");
        assert_eq!(
            tried(("authorization", "Bearer ecctv_0")),
            if need == 0 { 0 } else { 401 },
            "{name}: bad token"
        );
        for (has, token) in tokens.iter().enumerate() {
            let expected = if has + 1 >= need { 0 } else { 403 };
            assert_eq!(tried(("authorization", token)), expected, "{name}: token for {}", NEEDS[has + 1]);
        }
        // Sessions of their own, for one of the calls ends them.
        let viewer = session(&server, "viewer", VIEWER);
        assert_eq!(tried(("cookie", &viewer)), if need <= 1 { 0 } else { 403 }, "{name}: viewer");
        let admin = session(&server, "admin", ADMIN);
        assert_eq!(tried(("cookie", &admin)), 0, "{name}: administrator");
    }
}

#[test]
fn who_is_not_logged_in_does_not_learn_what_there_is() {
    let server = guarded();
    let nobody = ("x-nothing", "");
    for (method, path) in [
        (Method::GET, "/nothing/here"),
        (Method::DELETE, "/status"),
        (Method::PUT, "/api/settings"),
        (Method::OPTIONS, "/nothing"),
        (Method::GET, "/assets/../status"),
        (Method::GET, "//status"),
        (Method::GET, "/status/"),
        (Method::GET, "/STATUS"),
        (Method::GET, "/%73tatus"),
    ] {
        let reply = ask(&server, method.clone(), path, nobody, Value::Null);
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{method} {path}");
        let preflight = method == Method::OPTIONS;
        assert!(
            reply.status == 401 || preflight && reply.body.is_empty(),
            "{method} {path}: {}",
            reply.status
        );
    }
    let viewer = session(&server, "viewer", VIEWER);
    assert_eq!(ask(&server, Method::DELETE, "/status", ("cookie", &viewer), Value::Null).status, 403);
    let admin = session(&server, "admin", ADMIN);
    assert_eq!(ask(&server, Method::DELETE, "/status", ("cookie", &admin), Value::Null).status, 405);
    assert_eq!(ask(&server, Method::GET, "/nothing", ("cookie", &admin), Value::Null).status, 404);
}

#[test]
fn who_is_not_logged_in_is_told_no_version_and_no_camera() {
    let server = guarded();
    let asked = [
        server.get("/"),
        server.get("/healthz"),
        server.get("/api/session"),
        server.get("/status"),
        server.request(Method::GET, "/", &[("accept", "text/html")]),
        log_in(&server, "admin", "wrong horse"),
    ];
    for reply in asked {
        let text = format!("{:?} {}", reply.headers, String::from_utf8_lossy(&reply.body));
        for told in [env!("CARGO_PKG_VERSION"), "camera0", "hyper", "axum"] {
            assert!(!text.contains(told), "{told} in {text}");
        }
    }
    assert_eq!(
        server.get("/").json(),
        json!({ "service": "Smart Edge-AI CCTV System", "login_required": true })
    );
}

#[test]
fn every_answer_has_headers_of_the_list_and_those_that_protect() {
    let allowed = [
        "access-control-allow-credentials",
        "access-control-allow-origin",
        "access-control-expose-headers",
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-max-age",
        "allow",
        "cache-control",
        "connection",
        "content-disposition",
        "content-encoding",
        "content-length",
        "content-security-policy",
        "content-type",
        "cross-origin-resource-policy",
        "date",
        "etag",
        "expires",
        "pragma",
        "referrer-policy",
        "retry-after",
        "set-cookie",
        "transfer-encoding",
        "vary",
        "www-authenticate",
        "x-content-type-options",
    ];
    let server = guarded();
    let admin = session(&server, "admin", ADMIN);
    let calls = table().into_iter().map(|(method, path, _)| (method, address(path)));
    let others = ["/nothing", "/", "/live?quality=x", "/ws/live"].map(|path| (Method::GET, path.to_string()));
    for (method, path) in calls.chain(others) {
        // One call would end the session, and one the cameras.
        if ["/api/logout", "/stop"].contains(&path.as_str()) {
            continue;
        }
        let foreign = [("origin", "http://evil.example")];
        let listed = [("origin", "http://localhost:3000"), ("cookie", admin.as_str())];
        let page = [("accept", "text/html"), ("cookie", admin.as_str())];
        for headers in [&[][..], &foreign, &listed, &page] {
            let reply = server.request(method.clone(), &path, headers);
            for name in reply.headers.keys() {
                assert!(allowed.contains(&name.as_str()), "{method} {path}: {name}");
            }
            assert_eq!(reply.header("x-content-type-options"), "nosniff", "{method} {path}");
            assert_eq!(reply.header("referrer-policy"), "no-referrer", "{method} {path}");
            assert!(reply.header("content-security-policy").contains("frame-ancestors"), "{method} {path}");
            assert!(
                reply.header("content-security-policy").starts_with("default-src 'none'"),
                "{method} {path}"
            );
            // Who may come in is no business of other sites' pages, listed or not.
            let refused = reply.status == 403;
            let to = if headers == listed && !refused { "cross-origin" } else { "same-site" };
            assert_eq!(reply.header("cross-origin-resource-policy"), to, "{method} {path}");
        }
    }
}

#[test]
fn no_secret_is_told_or_logged_or_kept() {
    let server = guarded();
    let admin = session(&server, "admin", ADMIN);
    let by = ("cookie", admin.as_str());
    let made = ask(&server, Method::POST, "/api/tokens", by, json!({ "name": "ha", "scope": "view" })).json();
    let token = made["token"].as_str().unwrap().to_string();
    let bearer = format!("Bearer {token}");
    assert_eq!(ask(&server, Method::GET, "/status", ("authorization", &bearer), Value::Null).status, 200);
    // admin:correct horse and viewer:wrong staple
    for (basic, status) in [("YWRtaW46Y29ycmVjdCBob3JzZQ==", 200), ("dmlld2VyOndyb25nIHN0YXBsZQ==", 401)] {
        let basic = format!("Basic {basic}");
        assert_eq!(
            ask(&server, Method::GET, "/status", ("authorization", &basic), Value::Null).status,
            status
        );
    }
    assert_eq!(log_in(&server, "wrong name", "wrong horse").status, 401);
    let new = json!({ "user": "viewer", "current": ADMIN, "new": "another staple" });
    assert_eq!(ask(&server, Method::POST, "/api/password", by, new).status, 200);
    server.wait_for_status_by(by, "a picture", |status| status["camera_active"] == true);
    let snapshot = ask(&server, Method::POST, "/snapshot", by, Value::Null).json();
    let path = format!("/api/snapshots/{}/link", snapshot["filename"].as_str().unwrap());
    let link = ask(&server, Method::POST, &path, by, Value::Null).json();
    let url = link["url"].as_str().unwrap().to_string();
    assert_eq!(server.get(&url).status, 200);
    let signature = url.rsplit_once('=').unwrap().1.to_string();

    let cookie = admin.split_once('=').unwrap().1;
    let secrets = [
        ADMIN,
        VIEWER,
        "another staple",
        "wrong horse",
        "wrong staple",
        "wrong name",
        cookie,
        &token,
        &signature,
    ];
    let mut told = vec![("log".to_string(), server.log().into_bytes())];
    for path in [
        "/",
        "/status",
        "/api/access",
        "/api/log",
        "/api/system",
        "/api/settings",
        "/api/session",
        "/metrics",
        "/api/snapshots",
        "/readyz",
        "/api/cameras",
    ] {
        told.push((path.into(), ask(&server, Method::GET, path, by, Value::Null).body));
    }
    for file in ["access.json", "settings.toml"] {
        told.push((file.into(), std::fs::read(server.folder.path().join(file)).unwrap_or_default()));
    }
    let environment = std::fs::read(format!("/proc/{}/cmdline", server.id())).unwrap();
    told.push(("command line".into(), environment));
    for (place, text) in told {
        let text = String::from_utf8_lossy(&text);
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} in {place}: {text}");
        }
    }
}
