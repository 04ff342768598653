//! The page: what Vite made of `web/`, embedded in the binary. Without it, words on how it is built.
//! Knows nothing of what the page shows.

use super::problem::Problem;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::borrow::Cow;

#[derive(rust_embed::RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Built;

/// One file of the page.
struct File {
    bytes: Cow<'static, [u8]>,
    sha256: [u8; 32],
}

/// Finds a file by its path in `web/dist`.
type Files = fn(&str) -> Option<File>;

fn built(path: &str) -> Option<File> {
    Built::get(path).map(|file| File { bytes: file.data, sha256: file.metadata.sha256_hash() })
}

/// The licences of the packages that the page is made of.
pub fn licences() -> Option<Cow<'static, [u8]>> {
    built("licences.md").map(|file| file.bytes)
}

/// Nothing from elsewhere and nothing inline: text that gets into the page stays text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    media-src 'self'; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'self'";

/// Instead of the page, where the program was built without it.
const NOT_BUILT: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>edge-cctv</title>
<h1>The page was not built</h1>
<p>This program was built without its page. <code>make build</code> builds both. All else works:</p>
<ul>
<li><a href=\"live\">the live picture</a>
<li><a href=\"api/openapi.json\">the description of the API</a>
</ul>
</html>
";

/// `GET /` for browsers
pub fn page(headers: &HeaderMap) -> Response {
    page_of(built, headers)
}

/// `GET /assets/{file}`: what the page is made of.
pub async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    asset_of(built, &name, &headers)
}

fn page_of(files: Files, headers: &HeaderMap) -> Response {
    let always = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::VARY, "accept, accept-encoding"),
    ];
    let Some((file, encoding)) = find(files, "index.html", headers) else {
        let once = [(header::CACHE_CONTROL, "no-store")];
        return (StatusCode::SERVICE_UNAVAILABLE, always, once, NOT_BUILT).into_response();
    };
    let tag = entity_tag(&file.sha256);
    // Browsers ask each time: the names in it change with the program.
    let cached = [(header::CACHE_CONTROL, "no-cache"), (header::ETAG, tag.as_str())];
    if known(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, always, cached).into_response();
    }
    (always, cached, encoding, file.bytes).into_response()
}

fn asset_of(files: Files, name: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let found =
        content_type(name).and_then(|kind| Some((kind, find(files, &format!("assets/{name}"), headers)?)));
    let Some((kind, (file, encoding))) = found else {
        return Err(Problem::not_found(
            "the page has no such file; a page from before an update may ask for it",
        ));
    };
    let always = [
        (header::CONTENT_TYPE, kind),
        // The name has a hash of the content.
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::VARY, "accept-encoding"),
    ];
    Ok((always, encoding, file.bytes).into_response())
}

type Encoding = Option<[(header::HeaderName, &'static str); 1]>;

/// The file, compressed if it is there so and the caller takes that.
fn find(files: Files, path: &str, headers: &HeaderMap) -> Option<(File, Encoding)> {
    let compressed = accepts_gzip(headers).then(|| files(&format!("{path}.gz"))).flatten();
    match compressed {
        Some(file) => Some((file, Some([(header::CONTENT_ENCODING, "gzip")]))),
        None => files(path).map(|file| (file, None)),
    }
}

/// Whether gzip is named in `Accept-Encoding`, and not with the weight 0, which means never.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    listed(headers, header::ACCEPT_ENCODING).any(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_ok_and(|weight| weight > 0.0)
    })
}

/// Different for each content and encoding.
fn entity_tag(sha256: &[u8; 32]) -> String {
    let digits: String = sha256[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}\"")
}

/// Whether the caller has this content already.
fn known(headers: &HeaderMap, tag: &str) -> bool {
    listed(headers, header::IF_NONE_MATCH).any(|known| known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// The members of a header that is a list.
fn listed(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// By the name's end; none for what the page isn't made of, such as the compressed copies by their own names.
fn content_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;
    use axum::http::{HeaderName, HeaderValue};

    /// A page with a script that is there in both forms and a picture that isn't.
    fn fake(path: &str) -> Option<File> {
        let text: &'static str = match path {
            "index.html" => "<p>page",
            "index.html.gz" => "small page",
            "assets/index-1a2b.js" => "script",
            "assets/index-1a2b.js.gz" => "small script",
            "assets/icon-3c4d.png" => "picture",
            _ => return None,
        };
        let mut sha256 = [0; 32];
        sha256[0] = text.len() as u8;
        Some(File { bytes: Cow::Borrowed(text.as_bytes()), sha256 })
    }

    fn nothing(_: &str) -> Option<File> {
        None
    }

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    fn accepting(codings: &str) -> HeaderMap {
        with(header::ACCEPT_ENCODING, codings)
    }

    async fn text(response: Response) -> String {
        String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn the_page_is_asked_for_each_time_and_sent_only_when_it_changed() {
        let response = page_of(fake, &HeaderMap::new());
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
        let tag = response.headers()[header::ETAG].to_str().unwrap().to_string();
        assert_eq!(text(response).await, "<p>page");
        for same in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}")] {
            let response = page_of(fake, &with(header::IF_NONE_MATCH, &same));
            assert_eq!(response.status(), 304, "{same}");
            assert_eq!(response.headers()[header::ETAG], tag);
            assert_eq!(text(response).await, "");
        }
        assert_eq!(page_of(fake, &with(header::IF_NONE_MATCH, "\"other\"")).status(), 200);
        let compressed = page_of(fake, &accepting("gzip"));
        assert_ne!(compressed.headers()[header::ETAG], tag);
        assert_eq!(compressed.headers()[header::CONTENT_ENCODING], "gzip");
    }

    #[test]
    fn the_page_may_load_nothing_from_elsewhere_and_nothing_inline() {
        for files in [fake, nothing] {
            let response = page_of(files, &HeaderMap::new());
            let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
            assert!(!policy.contains("http") && !policy.contains('*'), "{policy}");
            assert_eq!(response.headers()[header::REFERRER_POLICY], "no-referrer");
            assert_eq!(response.headers()[header::VARY], "accept, accept-encoding");
        }
    }

    #[tokio::test]
    async fn a_program_without_its_page_says_how_it_is_built() {
        let response = page_of(nothing, &accepting("gzip"));
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        let text = text(response).await;
        for expected in ["make build", "href=\"live\"", "href=\"api/openapi.json\""] {
            assert!(text.contains(expected), "{expected}");
        }
    }

    #[tokio::test]
    async fn a_file_is_kept_by_browsers_and_sent_compressed_to_who_takes_that() {
        for (codings, expected) in [
            ("gzip, deflate, br", "small script"),
            ("br;q=1.0, GZIP;q=0.5", "small script"),
            ("gzip;q=0", "script"),
            ("gzip;q=much", "script"),
            ("br", "script"),
            ("", "script"),
        ] {
            let response = asset_of(fake, "index-1a2b.js", &accepting(codings)).unwrap();
            let headers = response.headers();
            assert_eq!(headers[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
            assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
            assert_eq!(headers[header::VARY], "accept-encoding");
            assert_eq!(headers.contains_key(header::CONTENT_ENCODING), expected.starts_with("small"));
            assert_eq!(text(response).await, expected, "{codings}");
        }
        let picture = asset_of(fake, "icon-3c4d.png", &accepting("gzip")).unwrap();
        assert_eq!(picture.headers()[header::CONTENT_TYPE], "image/png");
        assert!(!picture.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(text(picture).await, "picture");
    }

    #[test]
    fn what_the_page_is_not_made_of_is_not_found() {
        for name in ["index-0000.js", "index-1a2b.js.gz", "../index.html", "index", "", ".js"] {
            assert_eq!(
                asset_of(fake, name, &HeaderMap::new()).unwrap_err().into_response().status(),
                404,
                "{name}"
            );
        }
    }
}
