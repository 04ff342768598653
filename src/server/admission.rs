//! Who a caller is, by the credentials of the request, and whether that is enough for the call. What the credentials are
//! worth is `access`'s.

use super::App;
use super::listen::Peer;
use super::problem::Problem;
use super::routes::Need;
use crate::access::{Access, Denied, Door, Grant, Scope};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headers::authorization::{Authorization, Basic, Bearer};
use headers::{Cookie, HeaderMapExt as _};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

/// The cookie of a session. Over TLS under a name that no other host and no unencrypted page can set (RFC 6265bis,
/// cookie name prefixes).
const COOKIE: &str = "edge-cctv";
const SECURE_COOKIE: &str = "__Host-edge-cctv";

/// Browsers send it; they have the page to log in, and need no window of their own for it.
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The other end of the connection, as far as it matters for letting somebody in.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    pub address: IpAddr,
    /// Nobody between here and there can read what is sent.
    pub secure: bool,
}

impl Caller {
    pub fn of(parts: &Parts) -> Self {
        match parts.extensions.get::<Peer>() {
            Some(peer) => Self { address: peer.address.ip(), secure: peer.secure },
            None => Self { address: Ipv4Addr::UNSPECIFIED.into(), secure: false },
        }
    }

    /// Whether a password may come with each request (HTTP Basic): where nobody listens in.
    fn may_send_passwords(self) -> bool {
        self.secure || self.address.to_canonical().is_loopback()
    }
}

/// Lets somebody in. `None`: nobody, where nobody has to be.
///
/// # Errors
/// The credentials aren't enough.
pub async fn admit(app: &Arc<App>, parts: &Parts, need: Need) -> Result<Option<Grant>, Response> {
    let caller = Caller::of(parts);
    let found = find(app, &parts.headers, caller).await;
    let needed = match need {
        // Whoever can't be told who they are, is nobody.
        Need::Nothing => return Ok(found.unwrap_or_default()),
        Need::Scope(scope) => scope,
        Need::ViewOrLink => Scope::View,
    };
    let access = &app.context.access;
    let linked = || (need == Need::ViewOrLink).then(|| by_link(access, parts)).flatten();
    match found {
        Ok(Some(grant)) if grant.scope >= needed => Ok(Some(grant)),
        Ok(Some(_)) => Err(not_allowed(needed).into_response()),
        Ok(None) => linked().map(Some).ok_or_else(|| challenge(access, &parts.headers, caller)),
        Err(denied) => linked().map(Some).ok_or_else(|| match denied {
            Denied::Wrong => challenge(access, &parts.headers, caller),
            denied => refusal(&denied).into_response(),
        }),
    }
}

/// Whose credentials came with the request; `None` if nobody's did that are worth anything.
async fn find(app: &Arc<App>, headers: &HeaderMap, caller: Caller) -> Result<Option<Grant>, Denied> {
    let access = &app.context.access;
    if let Some(grant) = access.anybody() {
        return Ok(Some(grant));
    }
    if let Some(bearer) = headers.typed_get::<Authorization<Bearer>>() {
        return Ok(access.by_token(bearer.token()));
    }
    if let Some(basic) = headers.typed_get::<Authorization<Basic>>()
        && caller.may_send_passwords()
    {
        let (user, password) = (basic.username(), basic.password());
        if let Some(grant) = access.by_remembered_password(user, password, caller.address) {
            return Ok(Some(grant));
        }
        let by_password = move |access: &Access| {
            access.by_password(basic.username(), basic.password(), caller.address).map(Some)
        };
        return hashing(app, by_password).await;
    }
    Ok(sessions(headers, caller).iter().find_map(|secret| access.by_session(secret)))
}

/// Does what computes a password's hash: one at a time, for each takes a processor and 19 MiB.
pub async fn hashing<T: Send + 'static>(
    app: &Arc<App>,
    work: impl FnOnce(&Access) -> Result<T, Denied> + Send + 'static,
) -> Result<T, Denied> {
    let permit = app.hashing.clone().acquire_owned().await.expect("the semaphore is never closed");
    let access = app.context.access.clone();
    let working = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work(&access)
    });
    working.await.unwrap_or_else(|error| {
        log::error!("checking a password failed: {error}");
        Err(Denied::Wrong)
    })
}

/// The secrets that may be of a browser's session: another server of the same host may have set a cookie of the same name
/// beside ours.
fn sessions(headers: &HeaderMap, caller: Caller) -> Vec<String> {
    let cookies = headers.typed_get::<Cookie>();
    let named = cookies.iter().flat_map(Cookie::iter).filter(|(name, _)| *name == cookie_name(caller));
    named.map(|(_, secret)| secret.to_string()).collect()
}

fn cookie_name(caller: Caller) -> &'static str {
    if caller.secure { SECURE_COOKIE } else { COOKIE }
}

/// Gives a browser the secret of its session for so long, or with no time takes it away. No script can read it, and no
/// other site makes the browser send it.
pub fn cookie(secret: &str, lives: Duration, caller: Caller) -> [(HeaderName, HeaderValue); 1] {
    let (name, seconds) = (cookie_name(caller), lives.as_secs());
    let secure = if caller.secure { "; Secure" } else { "" };
    let text = format!("{name}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    [(header::SET_COOKIE, text.try_into().expect("digits and letters fit into a header"))]
}

/// By the query's `expires` and `signature`.
fn by_link(access: &Access, parts: &Parts) -> Option<Grant> {
    let pairs = || parts.uri.query().into_iter().flat_map(|query| query.split('&'));
    let value = |name: &str| pairs().find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    access.by_link(parts.uri.path(), value("expires")?.parse().ok()?, value("signature")?)
}

/// Says that the caller has to log in, and how programs do that.
fn challenge(access: &Access, headers: &HeaderMap, caller: Caller) -> Response {
    if access.door() == Door::Locked {
        return refusal(&Denied::Locked).into_response();
    }
    let problem = Problem::new(
        StatusCode::UNAUTHORIZED,
        "Not logged in",
        "log in on the page, or send a token (Authorization: Bearer); over TLS name and password will do as well",
    );
    let mut response = problem.into_response();
    let schemes = response.headers_mut();
    schemes.append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    if caller.may_send_passwords() && !headers.contains_key(SEC_FETCH_MODE) {
        let basic = HeaderValue::from_static("Basic realm=\"edge-cctv\", charset=\"UTF-8\"");
        schemes.append(header::WWW_AUTHENTICATE, basic);
    }
    response
}

fn not_allowed(needed: Scope) -> Problem {
    let detail = match needed {
        Scope::View => "this is for those who may look",
        Scope::Control => "this is for those who may control the cameras",
        Scope::Admin => "this is for the administrator",
    };
    Problem::new(StatusCode::FORBIDDEN, "Not allowed", detail)
}

/// Why a password opens nothing.
pub fn refusal(denied: &Denied) -> Problem {
    match denied {
        Denied::Wrong => {
            Problem::new(StatusCode::UNAUTHORIZED, "Login failed", "the user name or the password is wrong")
        }
        Denied::Wait(time) => {
            let seconds = u32::try_from(time.as_secs() + 1).unwrap_or(u32::MAX);
            let detail = format!("too many passwords were wrong; the next one can be tried in {seconds} s");
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "Too many attempts", detail).retry_after(seconds)
        }
        Denied::Locked => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Nobody can log in",
            "the device has no password, or the file with it is damaged; `edge-cctv passwd` on the device sets one",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_for_this_server_alone_and_no_script_reads_it() {
        let plain = Caller { address: Ipv4Addr::LOCALHOST.into(), secure: false };
        let [(name, value)] = cookie("5ec", Duration::from_secs(60), plain);
        assert_eq!(name, header::SET_COOKIE);
        assert_eq!(value, "edge-cctv=5ec; Path=/; Max-Age=60; HttpOnly; SameSite=Strict");
        let [(_, value)] = cookie("5ec", Duration::from_secs(60), Caller { secure: true, ..plain });
        assert_eq!(value, "__Host-edge-cctv=5ec; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure");
    }

    #[test]
    fn passwords_come_with_requests_only_where_nobody_listens_in() {
        let caller = |address: &str, secure| Caller { address: address.parse().unwrap(), secure };
        assert!(caller("127.0.0.1", false).may_send_passwords());
        assert!(caller("::ffff:127.0.0.1", false).may_send_passwords());
        assert!(caller("192.168.1.7", true).may_send_passwords());
        assert!(!caller("192.168.1.7", false).may_send_passwords());
    }
}
