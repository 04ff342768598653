//! The guide's stream: JPEG pictures as `multipart/x-mixed-replace`, which an `<img>` shows as they come.

use super::App;
use super::problem::Problem;
use super::query::Parameters;
use super::seat::{self, Seat, seat};
use crate::access::Grant;
use crate::publisher::Encoded;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// Sent once, before the first part.
const OPENING: &[u8] = b"--frame\r\n";

/// Sent right after each picture: browsers show a part only once they have seen the boundary that ends it
/// (Chromium issue 527446), which would otherwise come with the next frame.
const ENDING: &[u8] = b"\r\n--frame\r\n";

/// `GET /live`
pub async fn first(
    State(app): State<Arc<App>>,
    Extension(grant): Extension<Grant>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let (_, seat) = seat(&app, None, &parameters, &grant).await?;
    Ok(multipart(seat))
}

/// `GET /live/all`
pub async fn all(
    State(app): State<Arc<App>>,
    Extension(grant): Extension<Grant>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    Ok(multipart(seat::overview(&app, &parameters, &grant)?))
}

/// `GET /live/{camera}`
pub async fn named(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Extension(grant): Extension<Grant>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let (_, seat) = seat(&app, Some(&name), &parameters, &grant).await?;
    Ok(multipart(seat))
}

fn multipart(seat: Seat) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "multipart/x-mixed-replace; boundary=frame"),
        (header::CACHE_CONTROL, "no-cache, no-store, must-revalidate"),
        (header::PRAGMA, "no-cache"),
        (header::EXPIRES, "0"),
    ];
    let start = (seat, Some(Bytes::from_static(OPENING)));
    let pieces = stream::unfold(start, async |(mut seat, opening)| {
        let piece = match opening {
            Some(opening) => opening,
            None => seat.next().await?.packed(part),
        };
        Some((Ok::<_, Infallible>(piece), (seat, None)))
    });
    (headers, Body::from_stream(pieces)).into_response()
}

/// One picture with what stands before and after it. In one piece, which is one chunk and one write for each viewer.
fn part(picture: &Encoded) -> Bytes {
    let time = picture.wall.duration_since(UNIX_EPOCH).unwrap_or_default();
    let head = format!(
        "Content-Type: image/jpeg\r\nContent-Length: {}\r\nX-Timestamp: {}.{:06}\r\n\r\n",
        picture.jpeg.len(),
        time.as_secs(),
        time.subsec_micros()
    );
    [head.as_bytes(), &picture.jpeg, ENDING].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Analysis;
    use std::time::Duration;

    #[test]
    fn a_part_has_its_length_and_the_time_of_capture() {
        let wall = UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_042);
        let jpeg = Bytes::from_static(b"\xff\xd8...\xff\xd9");
        let picture = Encoded::new(jpeg, (0, Duration::ZERO, wall), Arc::new(Analysis::default()));
        let whole = [OPENING, &picture.packed(part)].concat();
        let expected = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 7\r\n\
            X-Timestamp: 1700000000.000042\r\n\r\n\xff\xd8...\xff\xd9\r\n--frame\r\n";
        assert_eq!(whole, expected);
    }
}
