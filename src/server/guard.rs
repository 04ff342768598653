//! What holds for every request, and in which order: how large a body may be, by which name and from which site it comes,
//! whether its sender may do that, and that every error is JSON or a page of ours.

use super::App;
use super::admission::{self, Caller};
use super::listen::Peer;
use super::origin::{self, From};
use super::problem::Problem;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;

/// Bodies are read whole before anything is done, so that what is left of one can't be taken for the next
/// request and no connection must be closed for it. They have this long to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Whose pages may show what comes from here (Cross-Origin-Resource-Policy, Fetch standard).
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// For a year (RFC 6797).
const ALWAYS_ENCRYPTED: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// How long a browser may remember the answer to a preflight request.
const PREFLIGHT_AGE: Duration = Duration::from_secs(600);

/// Puts the guards around all routes.
pub fn protect(router: Router<Arc<App>>, app: &Arc<App>) -> Router<Arc<App>> {
    let always = |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    router
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .layer(cors(&app.context.server.cors_origins))
        .layer(middleware::map_response(without_idle_cors))
        .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(always(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
        .layer(always(header::REFERRER_POLICY, "no-referrer"))
        .layer(always(CORP, "same-site"))
}

/// Sites that aren't listed learn nothing of what they might be allowed.
async fn without_idle_cors(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if !headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        for name in [
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            header::ACCESS_CONTROL_ALLOW_METHODS,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            header::ACCESS_CONTROL_MAX_AGE,
        ] {
            headers.remove(name);
        }
    }
    response
}

/// The guide's CORS. It exposes all headers, which with credentials means naming them.
fn cors(origins: &[String]) -> CorsLayer {
    let origins = origins.iter().filter_map(|origin| {
        let value = HeaderValue::from_str(origin);
        value.inspect_err(|_| log::warn!("server.cors_origins: {origin:?} is no origin")).ok()
    });
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([
            header::ALLOW,
            header::CACHE_CONTROL,
            header::CONTENT_LENGTH,
            header::CONTENT_TYPE,
            header::DATE,
            header::EXPIRES,
            header::PRAGMA,
            header::RETRY_AFTER,
            HeaderName::from_static("x-timestamp"),
        ])
        .max_age(PREFLIGHT_AGE)
}

/// Around every request.
async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let encrypted = request.extensions().get::<Peer>().is_some_and(|peer| peer.secure);
    let vouched_for = app.context.tls.as_ref().is_some_and(|tls| tls.vouched_for);
    let mut response = answer(app, request, next).await;
    if encrypted && vouched_for {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, ALWAYS_ENCRYPTED);
    }
    response
}

/// What every request passes, from what is told fastest to what takes longest.
async fn answer(app: Arc<App>, request: Request, next: Next) -> Response {
    let most = app.context.server.max_body_bytes;
    if declared_length(request.headers()) > most as u64 {
        return refused(too_large(most));
    }
    if !app.names.is_ours(request.headers()) {
        return refused(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "Host not allowed",
            "this server isn't known by the name in the address; server.names lists those by which it is",
        ));
    }
    let (mut parts, body) = request.into_parts();
    let caller = Caller::of(&parts);
    if app.context.tls.is_some() && !caller.secure {
        return refused(encrypted_instead(&parts));
    }
    let from = origin::origin(&parts.headers, &app.context.server.cors_origins, caller.secure);
    let pattern = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    let terms = app.terms.terms(pattern, &parts.method);
    let listed_elsewhere = from == From::Listed && terms.own_pages;
    if listed_elsewhere || !origin::may(from, &parts.method, &parts.headers) {
        return refused(Problem::new(
            StatusCode::FORBIDDEN,
            "Origin not allowed",
            "pages of this site may not do that; server.cors_origins lists those that may use the camera",
        ));
    }
    match admission::admit(&app, &parts, terms.need).await {
        Ok(Some(grant)) => {
            if let Some(peer) = parts.extensions.get::<Peer>() {
                peer.welcome();
            }
            parts.extensions.insert(grant);
        }
        Ok(None) => {}
        Err(response) => return refused(response),
    }
    if terms.costs_much
        && let Err(wait) = app.rates.ask(caller.address, Instant::now())
    {
        let detail = "this call costs much, and came too often (server.expensive_per_second)";
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests", detail);
        return refused(problem.retry_after(u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX)));
    }
    let mut response = match timeout(BODY_TIMEOUT, to_bytes(body, most)).await {
        Ok(Ok(body)) => as_json(next.run(Request::from_parts(parts, body.into())).await),
        Ok(Err(_)) => refused(too_large(most)),
        Err(_) => refused(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "Request body too slow",
            "the request's body didn't come in time",
        )),
    };
    if from == From::Listed {
        // Its pages may show pictures without asking by CORS first, as an `<img>` does.
        response.headers_mut().insert(CORP, HeaderValue::from_static("cross-origin"));
    }
    response
}

fn too_large(most: usize) -> Problem {
    let detail =
        format!("the request's body is broken or has more than {most} bytes (server.max_body_bytes)");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "Request body too large", detail)
}

/// The same address over TLS, by the name that the request has, which is one of ours.
fn encrypted_instead(parts: &Parts) -> Response {
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let path = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    match host.and_then(|host| HeaderValue::try_from(format!("https://{host}{path}")).ok()) {
        Some(address) => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, address)]).into_response(),
        None => Problem::of_status(StatusCode::BAD_REQUEST).into_response(),
    }
}

/// The rest of the body is never read, so no further request can follow it.
fn refused(problem: impl IntoResponse) -> Response {
    ([(header::CONNECTION, "close")], problem).into_response()
}

fn declared_length(headers: &HeaderMap) -> u64 {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

/// Errors made by libraries are plain texts about their insides: only their status is kept.
fn as_json(response: Response) -> Response {
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    let ours = |value: &HeaderValue| {
        ["application/json", "text/html"].iter().any(|kind| value.as_bytes().starts_with(kind.as_bytes()))
    };
    if !failed || response.headers().get(header::CONTENT_TYPE).is_some_and(ours) {
        return response;
    }
    let mut problem = Problem::of_status(status).into_response();
    for (name, value) in response.headers() {
        if ![header::CONTENT_TYPE, header::CONTENT_LENGTH].contains(name) {
            problem.headers_mut().insert(name, value.clone());
        }
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn library_errors_lose_their_text_and_keep_their_headers() {
        let text = (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET")], "inside story").into_response();
        let json = as_json(text);
        assert_eq!(json.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(json.headers()[header::ALLOW], "GET");
        assert_eq!(json.headers()[header::CONTENT_TYPE], "application/json");
    }
}
