//! A request to the web server: method, address, headers and body, behind what takes connections apart. Sent to an
//! appliance that is open to everybody, and to one that has a password, which the caller doesn't know.

#![no_main]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use edge_cctv::access::record::Password;
use edge_cctv::access::store::{Store, StoreError};
use edge_cctv::access::{Access, User};
use edge_cctv::appliance::Appliance;
use edge_cctv::config::{Auth, Camera, Config, Server, Source};
use edge_cctv::server::{Context, router};
use edge_cctv::service::clock::SystemClock;
use edge_cctv::settings::Settings;
use edge_cctv_fuzz::folder;
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::Value;
use std::sync::{Arc, LazyLock};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

/// A password's hash takes a tenth of a second, and nothing is taken apart there.
const SLOW: [&str; 2] = ["/api/login", "/api/password"];
/// These answer everybody.
const PUBLIC: [&str; 4] = ["/", "/healthz", "/api/session", "/api/logout"];

struct World {
    runtime: Runtime,
    open: Router,
    locked: Router,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().expect("there is a runtime");
    let _inside = runtime.enter();
    let record = |record: &mut edge_cctv::access::record::Record| {
        // Of no password at all.
        let password = Password { hash: "-".into(), changed: 0, made: false };
        record.set_password(User::Admin, Some(password), None);
        Ok::<_, StoreError>(())
    };
    let store = Store::new(&folder().join("locked"));
    store.change(false, record).expect("the folder can be written");
    let (open, locked) = (appliance("open", Auth::None), appliance("locked", Auth::Password));
    drop(_inside);
    World { runtime, open, locked }
});

/// With a camera that isn't there: what a request starts ends at once.
fn appliance(name: &str, auth: Auth) -> Router {
    let source = Source::Recording(folder().join("no such recording"));
    let camera = Camera { source, autostart: false, ..Camera::default() };
    let config = Config {
        state_dir: folder().join(name),
        server: Server {
            auth,
            listen: ([0, 0, 0, 0], 8000).into(),
            // Nobody asks as often as a fuzzer.
            expensive_per_second: 1e9,
            ..Server::default()
        },
        cameras: vec![camera],
        ..Config::default()
    };
    let access = Access::open(&config, SystemClock::shared(), Default::default());
    let settings = Arc::new(Settings::open(config.clone()));
    let appliance = Arc::new(Appliance::new(&config, SystemClock::shared()));
    router(Context::new(appliance, settings, Arc::new(access), None, &config), Default::default())
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((method, uri, request)) = parse(data) else { return Corpus::Reject };
    if SLOW.contains(&uri.path()) {
        return Corpus::Reject;
    }
    let world = &*WORLD;
    world.runtime.block_on(async {
        let answer = world.open.clone().oneshot(request()).await.expect("a router always answers");
        check(&uri, answer).await;
        let answer = world.locked.clone().oneshot(request()).await.expect("a router always answers");
        let is_public = PUBLIC.contains(&uri.path()) || uri.path().starts_with("/assets/");
        // A preflight request asks what may be asked.
        let asks = method == Method::OPTIONS;
        assert!(is_public || asks || !answer.status().is_success(), "{method} {uri} came in: {answer:?}");
        check(&uri, answer).await;
    });
    Corpus::Keep
});

/// Errors are JSON in words, without a path, and defects are none of the answers.
async fn check(uri: &Uri, answer: Response<Body>) {
    let status = answer.status();
    // The guide's answer where a camera can't be opened.
    let starts = ["/start", "/live", "/ws/live"].iter().any(|path| uri.path().starts_with(path));
    assert!(status != StatusCode::INTERNAL_SERVER_ERROR || starts, "{uri}: {answer:?}");
    assert!(answer.headers().contains_key(header::X_CONTENT_TYPE_OPTIONS));
    if !status.is_client_error() && !status.is_server_error() {
        return;
    }
    let body = to_bytes(answer.into_body(), 1 << 20).await.expect("an error is a short text");
    if body.is_empty() || body.starts_with(b"<!doctype html>") {
        return;
    }
    let error: Value = serde_json::from_slice(&body).expect("an error is JSON");
    assert!(error["error"].is_string(), "{error}");
    let text = error.to_string();
    assert!(!text.contains(&*folder().to_string_lossy()), "tells a path: {text}");
}

/// Reads "METHOD address", then headers, an empty line, and the body.
fn parse(data: &[u8]) -> Option<(Method, Uri, impl Fn() -> Request<Body>)> {
    let mut lines = data.splitn(2, |&byte| byte == b'\n');
    let (first, mut rest) = (std::str::from_utf8(lines.next()?).ok()?, lines.next().unwrap_or_default());
    let (method, uri) = first.split_once(' ')?;
    let (method, uri) = (Method::from_bytes(method.as_bytes()).ok()?, uri.parse::<Uri>().ok()?);
    let mut headers = Vec::new();
    loop {
        let end = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        let (line, after) = (&rest[..end], rest.get(end + 1..).unwrap_or_default());
        rest = after;
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|&byte| byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        headers.push((name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?));
    }
    let body = rest.to_vec();
    let (asked, address) = (method.clone(), uri.clone());
    let request = move || {
        let mut request = Request::new(Body::from(body.clone()));
        *request.method_mut() = asked.clone();
        *request.uri_mut() = address.clone();
        headers.iter().for_each(|(name, value)| {
            request.headers_mut().append(name, value.clone());
        });
        request
    };
    Some((method, uri, request))
}
