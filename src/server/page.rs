//! The plain page: works in every browser, needs nothing from elsewhere, embedded in the binary.

use axum::http::header;
use axum::response::{IntoResponse, Response};

const PAGE: &str = include_str!("../../web/plain/index.html");
const SCRIPT: &str = include_str!("../../web/plain/page.js");
const STYLE: &str = include_str!("../../web/plain/page.css");

/// Nothing from elsewhere and nothing inline: text that gets into the page stays text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// `GET /` for browsers
pub fn page() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::VARY, "accept"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, PAGE).into_response()
}

/// `GET /page.js`
pub async fn script() -> Response {
    asset("text/javascript; charset=utf-8", SCRIPT)
}

/// `GET /page.css`
pub async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE)
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    // With a new version of the program the old script would meet a new page.
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_nothing_from_elsewhere_and_nothing_inline() {
        for text in [PAGE, SCRIPT, STYLE] {
            assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("url(//"));
        }
        for inline in ["<script>", "<style", " style=", " onclick=", " onerror=", "javascript:"] {
            assert!(!PAGE.contains(inline), "{inline}");
        }
        for unsafe_use in ["innerHTML", "eval(", "document.write"] {
            assert!(!SCRIPT.contains(unsafe_use), "{unsafe_use}");
        }
    }
}
