//! Cameras that send JPEG pictures by HTTP: a stream without an end, or one picture an answer, which is asked for again and
//! again.

use super::belt::{Belt, Coding, Item};
use super::client::Client;
use super::fault;
use super::pictures::{Found, Pictures};
use super::time::Arrivals;
use crate::camera::{CameraError, MAX_FRAME_BYTES};
use crate::service::clock::SharedClock;
use http::Response;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::time::Duration;
use tokio::time::Instant;

/// Single pictures are asked for at least so often, however slow the camera is set.
const LONGEST_INTERVAL: Duration = Duration::from_secs(2);

/// No camera is faster (240 pictures a second). One that floods is read no faster, so that TCP slows it down.
const LEAST_INTERVAL: Duration = Duration::from_millis(4);

/// Reads a camera's pictures.
pub struct Pull {
    pub client: Client,
    /// Single pictures a second.
    pub fps: f32,
    /// For one of them.
    pub timeout: Duration,
}

/// What an answer holds, by its media type.
#[derive(Debug, PartialEq)]
enum Content {
    Stream,
    Picture,
    Other,
}

impl Content {
    fn of(media_type: &str) -> Self {
        let media_type = media_type.trim_start().to_ascii_lowercase();
        if media_type.starts_with("multipart/") {
            Self::Stream
        } else if media_type.starts_with("image/jp") || media_type.starts_with("image/pjpeg") {
            Self::Picture
        } else {
            Self::Other
        }
    }
}

impl Pull {
    /// Puts pictures onto the belt until something is wrong, and tells what.
    pub async fn run(mut self, belt: &Belt, clock: &SharedClock) -> CameraError {
        let place = self.client.address.place();
        let response = match self.client.get().await {
            Ok(response) => response,
            Err(error) => return error,
        };
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or("nothing that it has a name for").to_string();
        let mut shelf = Shelf { belt, clock, arrivals: Arrivals::default() };
        match Content::of(&media_type) {
            Content::Stream => stream(response, &mut shelf, &place).await,
            Content::Picture => self.poll(response, &mut shelf, &place).await,
            Content::Other => CameraError::Lost(format!(
                "{place} answers with {}, no JPEG stream or picture; the camera's manual names the right address",
                fault::shortened(&media_type)
            )),
        }
    }

    async fn poll(mut self, first: Response<Incoming>, shelf: &mut Shelf<'_>, place: &str) -> CameraError {
        let interval = Duration::from_secs_f32(1.0 / self.fps).min(LONGEST_INTERVAL);
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut response = first;
        loop {
            match tokio::time::timeout(self.timeout, whole(response, place)).await {
                Ok(Ok(data)) => shelf.put([Ok(data)]),
                Ok(Err(error)) => return error,
                Err(_) => return CameraError::TimedOut(self.timeout),
            }
            ticks.tick().await;
            response = match self.client.get().await {
                Ok(response) => response,
                Err(error) => return error,
            };
        }
    }
}

async fn stream(mut response: Response<Incoming>, shelf: &mut Shelf<'_>, place: &str) -> CameraError {
    let (mut pictures, mut found) = (Pictures::new(), Vec::new());
    let mut next = Instant::now();
    loop {
        let data = match response.frame().await {
            None => return fault::ended(place),
            Some(Err(error)) => return fault::broken(place, &fault::shortened(&error.to_string())),
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
        };
        let result = pictures.push(&data, &mut found);
        if !found.is_empty() {
            tokio::time::sleep_until(next).await;
            next = Instant::now() + LEAST_INTERVAL;
        }
        shelf.put(found.drain(..));
        if let Err(why) = result {
            return CameraError::Lost(format!("{place}: {why}"));
        }
        // Garbage that is always ready must not keep the order to close from being seen.
        tokio::task::yield_now().await;
    }
}

/// A picture that is a whole answer.
async fn whole(mut response: Response<Incoming>, place: &str) -> Result<Vec<u8>, CameraError> {
    let mut data = Vec::new();
    while let Some(frame) = response.frame().await {
        let frame = frame.map_err(|error| fault::broken(place, &fault::shortened(&error.to_string())))?;
        data.extend_from_slice(&frame.into_data().unwrap_or_default());
        if data.len() as u64 > MAX_FRAME_BYTES {
            let most = MAX_FRAME_BYTES >> 20;
            return Err(CameraError::Lost(format!("{place}: a picture has more than {most} MB")));
        }
    }
    Ok(data)
}

/// Where pictures are put.
struct Shelf<'a> {
    belt: &'a Belt,
    clock: &'a SharedClock,
    arrivals: Arrivals,
}

impl Shelf<'_> {
    fn put(&mut self, found: impl IntoIterator<Item = Found>) {
        // HTTP says nothing of when they were taken.
        let now = self.clock.now();
        let mut item = |data| {
            let captured = self.arrivals.place(now.as_secs_f64(), now);
            Item { coding: Coding::Jpeg, key: true, gap: false, place: 0, captured, data }
        };
        self.belt.push(found.into_iter().map(|found| found.map(&mut item)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_told_apart_however_they_are_written() {
        for (text, expected) in [
            ("multipart/x-mixed-replace; boundary=\"--x\"", Content::Stream),
            ("Multipart/X-Mixed-Replace", Content::Stream),
            ("image/jpeg", Content::Picture),
            (" IMAGE/JPG;x", Content::Picture),
            ("text/html", Content::Other),
            ("image/png", Content::Other),
            ("", Content::Other),
        ] {
            assert_eq!(Content::of(text), expected, "{text}");
        }
    }
}
