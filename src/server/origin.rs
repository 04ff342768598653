//! Which site a request comes from, and by which name it was sent here: pages of other sites must neither command nor
//! watch, and a stranger's name that was made to lead here (DNS rebinding) is none of ours.

use axum::http::{HeaderMap, HeaderName, Method, Uri, header};
use std::net::IpAddr;

/// Browsers tell by it how the page that asks is related to us (Fetch Metadata Request Headers, W3C).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The names by which this server is known.
pub struct Names(Vec<String>);

impl Names {
    /// The machine's own name, also in mDNS, and those that are configured.
    pub fn new(hostname: Option<String>, configured: &[String]) -> Self {
        let own = hostname.map(|name| name.to_ascii_lowercase());
        let own = own.into_iter().flat_map(|name| [format!("{name}.local"), name]);
        Self(own.chain(configured.iter().map(|name| name.to_ascii_lowercase())).collect())
    }

    /// Whether `Host` is one of ours. Addresses in digits always are, since rebinding takes a name, and so are names without
    /// a dot, which nobody can have on the internet (ICANN SAC053): a router or a hosts file gave them. Programs that send
    /// no name aren't browsers.
    pub fn is_ours(&self, headers: &HeaderMap) -> bool {
        let mut sent = headers.get_all(header::HOST).into_iter();
        match (sent.next(), sent.next()) {
            (None, _) => true,
            (Some(host), None) => host.to_str().is_ok_and(|host| self.knows(host)),
            (Some(_), Some(_)) => false,
        }
    }

    fn knows(&self, authority: &str) -> bool {
        let Some(host) = host(authority) else { return false };
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        if host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok() {
            return true;
        }
        // It is sent back when the caller is sent over to https.
        let is_name =
            !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        is_name && (!host.contains('.') || host.ends_with(".localhost") || self.0.contains(&host))
    }
}

/// The host of `host`, `host:port`, `[v6]` or `[v6]:port`.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (authority, ""),
    };
    let is_one = !host.contains(':') || host.starts_with('[') && host.ends_with(']');
    let fits = is_one && !host.is_empty() && port.chars().all(|digit| digit.is_ascii_digit());
    fits.then_some(host)
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// This server's own page, a program that is no browser, or somebody who follows a link to the page.
    Us,
    /// A page of a site in `server.cors_origins`.
    Listed,
    /// A page of any other site that may not even look: browsers show it pictures of other sites.
    Foreign,
    /// A page of the same site (another port of the same host), which may look as browsers allow it, but not command.
    Neighbour,
}

/// By `Origin`, which browsers send with all that changes something and with WebSockets, and else by `Referer` and the
/// browser's own judgement.
/// `secure`: the request came encrypted, and so did our page.
pub fn origin(headers: &HeaderMap, listed: &[String], secure: bool) -> From {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let is_listed = |origin: &str| listed.iter().any(|listed| listed == origin);
    if let Some(origin) = text(header::ORIGIN) {
        return if is_listed(origin) {
            From::Listed
        } else if is_own(origin, text(header::HOST), secure) {
            From::Us
        } else {
            From::Foreign
        };
    }
    if text(header::REFERER).and_then(origin_of).is_some_and(|origin| is_listed(&origin)) {
        return From::Listed;
    }
    match text(SEC_FETCH_SITE) {
        None | Some("same-origin" | "none") => From::Us,
        Some("same-site") => From::Neighbour,
        // A link to our page is followed; a frame or a form isn't that.
        Some(_) if text(SEC_FETCH_MODE) == Some("navigate") && text(SEC_FETCH_DEST) == Some("document") => {
            From::Us
        }
        Some(_) => From::Foreign,
    }
}

/// Whether the origin is this server. A proxy in front of it may have taken the encryption off; nothing puts it on, so that
/// an unencrypted page under our name is somebody else's who answers for it.
fn is_own(origin: &str, host: Option<&str>, secure: bool) -> bool {
    let unencrypted = || origin.strip_prefix("http://").filter(|_| !secure);
    let authority = origin.strip_prefix("https://").or_else(unencrypted);
    authority.is_some() && authority == host
}

/// The origin of an address.
fn origin_of(address: &str) -> Option<String> {
    let uri: Uri = address.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

/// Whether the request may be answered: a page may look if browsers let it, and command if it is ours or listed. A
/// WebSocket counts as a command: browsers don't apply CORS to it.
pub fn may(from: From, method: &Method, headers: &HeaderMap) -> bool {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
    let looks = reads && !headers.contains_key(header::UPGRADE);
    match from {
        From::Us | From::Listed => true,
        // With CORS, the browser keeps the answer to a foreign origin from the page, so that a plain refusal tells no more.
        From::Neighbour => looks,
        From::Foreign => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn only_names_of_this_machine_and_addresses_in_digits_are_ours() {
        let names = Names::new(Some("Board".into()), &["cctv.example.org".into()]);
        for ours in [
            "board",
            "cctv",
            "BOARD:8000",
            "board.local:8000",
            "board.local.",
            "cctv.example.org",
            "localhost:3000",
            "x.localhost",
            "192.168.1.7:8000",
            "127.0.0.1",
            "[::1]:8000",
            "[fe80::1]",
        ] {
            assert!(names.is_ours(&headers(&[("host", ours)])), "{ours}");
        }
        for strange in [
            "",
            ".",
            ":8000",
            "evil.example",
            "board.evil.example",
            "evil.example:8000",
            "localhost.evil.example",
            "1.2.3.4.evil.example",
            "board:8000:8000",
            "board:x",
            "board@evil.example",
            "board@evil",
            "a b",
            "a\\b",
            "a/b",
            "[board]",
        ] {
            assert!(!names.is_ours(&headers(&[("host", strange)])), "{strange}");
        }
        assert!(names.is_ours(&headers(&[])));
        let mut two = headers(&[("host", "board")]);
        two.append(header::HOST, HeaderValue::from_static("evil.example"));
        assert!(!names.is_ours(&two));
    }

    #[test]
    fn an_origin_is_ours_listed_or_foreign() {
        let listed = ["http://localhost:3000".to_string()];
        for (sent, expected) in [
            ("http://board:8000", From::Us),
            ("https://board:8000", From::Us),
            ("http://localhost:3000", From::Listed),
            ("http://board:8001", From::Foreign),
            ("http://board", From::Foreign),
            ("http://board:8000.evil.example", From::Foreign),
            ("http://localhost:3000/", From::Foreign),
            ("ftp://board:8000", From::Foreign),
            ("null", From::Foreign),
            ("", From::Foreign),
        ] {
            let headers = headers(&[("host", "board:8000"), ("origin", sent)]);
            assert_eq!(origin(&headers, &listed, false), expected, "{sent}");
        }
        assert_eq!(
            origin(&headers(&[("origin", "http://board")]), &[], false),
            From::Foreign,
            "no host to compare"
        );
        assert_eq!(origin(&headers(&[("host", "board")]), &[], false), From::Us, "no browser");
        let own = |page| origin(&headers(&[("origin", page), ("host", "board:8000")]), &[], true);
        assert_eq!(own("https://board:8000"), From::Us);
        assert_eq!(own("http://board:8000"), From::Foreign, "somebody else answers unencrypted for our name");
    }

    #[test]
    fn without_an_origin_the_browser_is_believed() {
        let listed = ["http://localhost:3000".to_string()];
        let site = |pairs: &[(&'static str, &'static str)]| origin(&headers(pairs), &listed, false);
        assert_eq!(site(&[("sec-fetch-site", "same-origin")]), From::Us);
        assert_eq!(site(&[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")]), From::Us);
        assert_eq!(site(&[("sec-fetch-site", "same-site"), ("sec-fetch-dest", "image")]), From::Neighbour);
        assert_eq!(site(&[("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "image")]), From::Foreign);
        let link = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ];
        assert_eq!(site(&link), From::Us);
        let frame =
            [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
        assert_eq!(site(&frame), From::Foreign);
        let image = [("sec-fetch-site", "cross-site"), ("referer", "http://localhost:3000/page")];
        assert_eq!(site(&image), From::Listed);
        let other = [("sec-fetch-site", "cross-site"), ("referer", "http://localhost:3000.evil.example/")];
        assert_eq!(site(&other), From::Foreign);
    }

    #[test]
    fn neighbours_may_look_and_strangers_nothing() {
        let upgrade = headers(&[("upgrade", "websocket")]);
        for from in [From::Us, From::Listed] {
            assert!(may(from, &Method::POST, &HeaderMap::new()) && may(from, &Method::GET, &upgrade));
        }
        assert!(may(From::Neighbour, &Method::GET, &HeaderMap::new()));
        assert!(!may(From::Neighbour, &Method::GET, &upgrade));
        assert!(!may(From::Neighbour, &Method::POST, &HeaderMap::new()));
        assert!(!may(From::Foreign, &Method::GET, &HeaderMap::new()));
    }
}
