//! A network camera as a [`Camera`]: the thread that reads, the belt, and the decoder in the camera's own thread.

use super::belt::{Belt, Coding, Item, Taken};
use super::{http, rtsp};
use crate::camera::h264::Decoder;
use crate::camera::h264::sps::Sps;
use crate::camera::{Camera, CameraError, Frame, Image, Opened, PixelFormat, Range};
use crate::picture::jpeg;
use crate::service::clock::SharedClock;
use memchr::memmem;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A first picture may take so long: connecting, logging in, and the camera's next key frame.
const OPENING: Duration = Duration::from_secs(10);

/// So long is decoded without handing a picture out, to catch up with those that have come already.
const LONGEST_CATCH_UP: Duration = Duration::from_millis(100);

/// A camera that is closed is waited for so long; then its thread says goodbye alone.
const PARTING: Duration = Duration::from_millis(350);

/// Pictures that a decoder may hold back, with their times.
const MOST_HELD_BACK: usize = 32;

/// How a camera is read.
pub enum Source {
    Rtsp(rtsp::Session),
    Http(http::Pull),
}

/// An open camera.
pub struct Live {
    opened: Opened,
    place: String,
    belt: Arc<Belt>,
    timeout: Duration,
    decoding: Decoding,
    /// The first picture, which was waited for at opening.
    first: Option<Frame>,
    started: bool,
    cancel: CancellationToken,
    /// Nothing is sent on it; it breaks when the reading thread has ended.
    ended: Receiver<()>,
}

impl Live {
    /// Connects, and waits for the first picture.
    pub fn open(
        source: Source,
        place: String,
        timeout: Duration,
        clock: SharedClock,
    ) -> Result<Self, CameraError> {
        let belt = Arc::new(Belt::default());
        let cancel = CancellationToken::new();
        let (alive, ended) = channel();
        let reader = (belt.clone(), cancel.clone());
        let spawned = std::thread::Builder::new().name("network camera".into()).spawn(move || {
            let (belt, cancel) = reader;
            // What panics in a parser of foreign bytes must not leave the camera's thread waiting.
            let end = Ending(&belt);
            if let Err(error) = read(source, &belt, &clock, &cancel) {
                belt.end(CameraError::Lost(format!("no camera can be read: {error}")));
            }
            drop(end);
            drop(alive);
        });
        spawned.map_err(|error| CameraError::Lost(format!("no thread to read the camera: {error}")))?;
        let opened = Opened { device: place.clone(), format: String::new(), width: 0, height: 0, fps: None };
        let decoding = Decoding::None;
        let mut live =
            Self { opened, place, belt, timeout, decoding, first: None, started: false, cancel, ended };
        let patience = timeout.max(OPENING);
        let deadline = Instant::now() + patience;
        let frame = loop {
            match live.wait(deadline) {
                Ok(frame) => break frame,
                // The next one may be good.
                Err(CameraError::Broken(reason)) => log::debug!("{}: {reason}", live.place),
                Err(CameraError::TimedOut(_)) => {
                    let text =
                        format!("{}: no picture came within {:.0} s", live.place, patience.as_secs_f32());
                    return Err(CameraError::Lost(text));
                }
                Err(error) => return Err(error),
            }
        };
        live.opened.format = live.decoding.name().into();
        (live.opened.width, live.opened.height) = (frame.width, frame.height);
        live.first = Some(frame);
        Ok(live)
    }

    /// The newest picture, if one comes before the deadline.
    fn wait(&mut self, deadline: Instant) -> Result<Frame, CameraError> {
        let mut caught_up = None;
        loop {
            let (number, item) = match self.belt.take(deadline) {
                Taken::Item(number, item) => (number, item),
                Taken::Broken(reason) => return Err(CameraError::Broken(reason)),
                Taken::End(error) => return Err(error),
                Taken::Nothing => return Err(CameraError::TimedOut(self.timeout)),
            };
            let frame = match self.decoding.decode(number, item, &self.place) {
                Ok(frame) => frame,
                Err(error) => {
                    self.belt.await_key();
                    return Err(error);
                }
            };
            let begun = *caught_up.get_or_insert_with(Instant::now);
            match frame {
                Some(frame) if self.belt.is_empty() || begun.elapsed() >= LONGEST_CATCH_UP => {
                    return self.checked(frame);
                }
                _ if Instant::now() >= deadline => return Err(CameraError::TimedOut(self.timeout)),
                _ => {}
            }
        }
    }

    /// A picture of another size is a new beginning for all that look at it.
    fn checked(&mut self, mut frame: Frame) -> Result<Frame, CameraError> {
        let Opened { width, height, .. } = self.opened;
        if self.started && (frame.width, frame.height) != (width, height) {
            return Err(CameraError::Lost(format!(
                "{} now sends {}x{} instead of {width}x{height}",
                self.place, frame.width, frame.height
            )));
        }
        frame.restarted = !std::mem::replace(&mut self.started, true);
        Ok(frame)
    }
}

impl Camera for Live {
    fn opened(&self) -> &Opened {
        &self.opened
    }

    fn next_frame(&mut self) -> Result<Frame, CameraError> {
        match self.first.take() {
            Some(frame) => Ok(frame),
            None => self.wait(Instant::now() + self.timeout),
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.cancel.cancel();
        if let Err(RecvTimeoutError::Timeout) = self.ended.recv_timeout(PARTING) {
            log::debug!("{}: still saying goodbye", self.place);
        }
    }
}

/// Ends the belt with its thread, however that ends.
struct Ending<'a>(&'a Belt);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.end(CameraError::Lost("reading the camera has failed inside this program".into()));
    }
}

/// Reads until something is wrong or it is told to end.
fn read(source: Source, belt: &Belt, clock: &SharedClock, cancel: &CancellationToken) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match source {
            Source::Http(pull) => {
                if let Some(error) = cancel.run_until_cancelled(pull.run(belt, clock)).await {
                    belt.end(error);
                }
            }
            Source::Rtsp(session) => session.run(belt, clock, cancel).await,
        }
    });
    // A name that is being looked up blocks a thread of its own.
    runtime.shutdown_background();
    Ok(())
}

/// Makes pictures of what comes off the belt.
enum Decoding {
    /// Nothing came yet.
    None,
    Jpeg,
    H264(Box<H264>),
}

struct H264 {
    decoder: Decoder,
    full_range: bool,
    /// Number, place and time of the pictures that the decoder has.
    known: VecDeque<(u64, i64, Duration)>,
    /// Place of the picture that was handed out last, if no key picture came since.
    last: Option<i64>,
    /// Pictures come in the order of showing: the stream says so.
    in_order: bool,
}

impl Decoding {
    fn name(&self) -> &'static str {
        match self {
            Self::None => "",
            Self::Jpeg => "MJPG",
            Self::H264(_) => "H.264",
        }
    }

    /// The newest picture that is complete with this item.
    fn decode(&mut self, number: u64, item: Item, place: &str) -> Result<Option<Frame>, CameraError> {
        match item.coding {
            Coding::Jpeg => {
                *self = Self::Jpeg;
                let (width, height) =
                    jpeg::header(&item.data).map_err(|error| CameraError::Broken(error.to_string()))?;
                let (format, range) = (PixelFormat::Jpeg, Range::Full);
                let image = Image { format, width, height, stride: 0, range, data: item.data };
                Ok(Some(frame(number, item.captured, image)))
            }
            Coding::H264 => {
                let h264 = match self {
                    Self::H264(h264) => h264,
                    _ => {
                        *self = Self::H264(Box::new(H264::new()?));
                        return self.decode(number, item, place);
                    }
                };
                h264.decode(number, item, place)
            }
        }
    }
}

impl H264 {
    fn new() -> Result<Self, CameraError> {
        let decoder = Decoder::new().map_err(CameraError::Lost)?;
        Ok(Self { decoder, full_range: false, known: VecDeque::new(), last: None, in_order: false })
    }

    fn decode(&mut self, number: u64, item: Item, place: &str) -> Result<Option<Frame>, CameraError> {
        if item.key {
            for sps in units(&item.data).filter_map(Sps::parse) {
                if let Some(what) = sps.unsupported() {
                    return Err(CameraError::Lost(format!(
                        "{place} sends H.264 with {what}, which isn't decoded here; set it to progressive 8 bit 4:2:0"
                    )));
                }
                self.full_range = sps.full_range;
                self.in_order = sps.reordered == Some(0);
            }
            // A camera's clock may have jumped back.
            self.last = None;
        }
        self.known.push_back((number, item.place, item.captured));
        if self.known.len() > MOST_HELD_BACK {
            self.known.pop_front();
        }
        let mut out = Vec::new();
        let result = self.decoder.decode(&item.data, number, self.full_range, &mut out);
        if let Err(why) = result {
            // What the decoder has pieced together is no picture of the camera's.
            *self = Self::new()?;
            return Err(CameraError::Broken(format!("a frame can't be decoded: {why}")));
        }
        if out.is_empty() && self.in_order {
            // The decoder waits for a picture that may have to be shown before this one, and none comes.
            self.decoder.flush(self.full_range, &mut out);
        }
        let known = |number| self.known.iter().find(|known| known.0 == number).copied();
        let placed = out.into_iter().filter_map(|(number, image)| Some((known(number)?, image)));
        let newest = placed.max_by_key(|((_, place, _), _)| *place);
        let Some(((number, place, captured), image)) =
            newest.filter(|((_, place, _), _)| self.last.is_none_or(|last| *place >= last))
        else {
            return Ok(None);
        };
        self.last = Some(place);
        self.known.retain(|(other, ..)| *other > number);
        Ok(Some(frame(number, captured, image)))
    }
}

fn frame(sequence: u64, captured: Duration, image: Image) -> Frame {
    let Image { format, width, height, stride, range, data } = image;
    Frame { sequence, captured, restarted: false, format, width, height, stride, range, data }
}

/// The NAL units of a stream in Annex B form.
fn units(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    const START: &[u8] = &[0, 0, 1];
    let starts = memmem::find_iter(data, START).map(|at| at + START.len());
    starts.map(|start| {
        let rest = &data[start..];
        &rest[..memmem::find(rest, START).unwrap_or(rest.len())]
    })
}
