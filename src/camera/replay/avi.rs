//! MJPEG in AVI, read frame by frame.
//!
//! A file is walked as one flat row of chunks: `RIFF` and `LIST` headers are entered and their sizes not
//! believed. So recordings whose writer was cut off (sizes still 0), OpenDML's further `AVIX` segments and
//! `rec ` lists need no special care, and the index isn't needed. Sizes of other chunks are only ever used to
//! go forward: each step ends, whatever the file says.

use super::{Recording, SUPPORTED, Step, TRIED_AT_OPEN, jpeg, lost, name_of};
use crate::camera::{CameraError, Image, MAX_FRAME_BYTES, Opened, PixelFormat, Range};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

/// Codec names under which cameras and tools store plain JPEG frames.
const JPEG_CODECS: [&[u8; 4]; 5] = [b"MJPG", b"JPEG", b"AVRN", b"DMB1", b"IJPG"];

/// A JPEG picture is rarely larger.
const USUAL_BYTES: u64 = 1 << 17;

/// Rate of a file that gives none that can be.
const DEFAULT_RATE: Rate = Rate { frames: 25, seconds: 1 };

/// So many `frames` in so many `seconds`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rate {
    frames: u32,
    seconds: u32,
}

impl Rate {
    /// Only rates that a recording can have.
    fn checked(frames: u32, seconds: u32) -> Option<Self> {
        let rate = Self { frames, seconds };
        (frames > 0 && seconds > 0 && (0.01..=1000.0).contains(&rate.fps())).then_some(rate)
    }

    fn fps(self) -> f32 {
        self.frames as f32 / self.seconds as f32
    }

    fn position(self, index: u64) -> Duration {
        let nanos = u128::from(index) * u128::from(self.seconds) * 1_000_000_000 / u128::from(self.frames);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// An AVI file or what behaves like one.
pub(super) struct Avi<R = BufReader<File>> {
    chunks: Chunks<R>,
    opened: Opened,
    rate: Rate,
    /// The two digits with which the video stream's chunks begin.
    stream: [u8; 2],
    /// Where the frames begin.
    frames_at: u64,
    /// Frames passed in this pass.
    index: u64,
    /// Size of the frame at hand, not yet read.
    pending: Option<u32>,
    /// The damage was told already.
    told: bool,
}

/// Chunk headers one after another, and where the reader is.
struct Chunks<R> {
    reader: R,
    length: u64,
    /// Where the reader is.
    at: u64,
    /// Where the next chunk begins.
    next: u64,
}

enum Chunk {
    Riff,
    List([u8; 4]),
    Data { id: [u8; 4], size: u32 },
}

impl<R: Read + Seek> Chunks<R> {
    fn seek(&mut self, to: u64) -> io::Result<()> {
        // Short ways stay within the reader's buffer.
        match i64::try_from(to).ok().zip(i64::try_from(self.at).ok()) {
            Some((to, at)) => self.reader.seek(SeekFrom::Current(to - at))?,
            None => self.reader.seek(SeekFrom::Start(to))?,
        };
        self.at = to;
        Ok(())
    }

    /// Reads `N` bytes; `None` where the file ends before them.
    fn read<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        if self.length.saturating_sub(self.at) < N as u64 {
            return Ok(None);
        }
        let mut bytes = [0; N];
        match self.reader.read_exact(&mut bytes) {
            Ok(()) => {
                self.at += N as u64;
                Ok(Some(bytes))
            }
            // The file became shorter since it was opened.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.length = self.at;
                self.at = self.reader.stream_position()?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The next chunk's header. Moves on by 8 bytes at least.
    fn header(&mut self) -> io::Result<Option<Chunk>> {
        let start = self.next;
        self.seek(start)?;
        let Some(header) = self.read::<8>()? else { return Ok(None) };
        let [a, b, c, d, size @ ..] = header;
        let (id, size) = ([a, b, c, d], u32::from_le_bytes(size));
        // Chunks begin at even places.
        self.next = start + 8 + u64::from(size) + u64::from(size % 2);
        if &id != b"RIFF" && &id != b"LIST" {
            return Ok(Some(Chunk::Data { id, size }));
        }
        let Some(kind) = self.read::<4>()? else { return Ok(None) };
        let entered = id == *b"RIFF" || [b"hdrl", b"strl", b"movi", b"rec "].contains(&&kind);
        if entered || size < 4 {
            self.next = start + 12;
        }
        Ok(Some(if &id == b"RIFF" { Chunk::Riff } else { Chunk::List(kind) }))
    }

    /// Up to `limit` bytes of the chunk whose header was read last.
    fn content(&mut self, size: u32, limit: u64) -> io::Result<Vec<u8>> {
        let most = limit.min(size.into());
        // A picture of usual size has no more room than it needs; beyond that it grows with what is there, not with what the header
        // claims.
        let mut bytes = Vec::with_capacity(most.min(USUAL_BYTES) as usize);
        let read = self.reader.by_ref().take(most).read_to_end(&mut bytes);
        self.at += bytes.len() as u64;
        read?;
        Ok(bytes)
    }
}

/// What the header says of the video stream.
#[derive(Default)]
struct Header {
    /// Number of streams so far, and of the video stream among them.
    streams: u8,
    video: Option<u8>,
    rate: Option<Rate>,
    frame_microseconds: u32,
    codec: [u8; 4],
    frames_at: u64,
}

impl Header {
    fn read<R: Read + Seek>(chunks: &mut Chunks<R>) -> io::Result<Option<Self>> {
        let mut header = Self::default();
        while let Some(chunk) = chunks.header()? {
            match chunk {
                Chunk::Riff => {}
                Chunk::List(kind) if &kind == b"movi" => {
                    header.frames_at = chunks.next;
                    return Ok(Some(header));
                }
                Chunk::List(_) => {}
                Chunk::Data { id, size } => {
                    if [b"avih", b"strh", b"strf"].contains(&&id) {
                        let content = chunks.content(size, 64)?;
                        header.take(id, &content);
                    }
                }
            }
        }
        Ok(None)
    }

    fn take(&mut self, id: [u8; 4], content: &[u8]) {
        let four = |at: usize| content.get(at..at + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        let number = |at: usize| four(at).map_or(0, u32::from_le_bytes);
        match &id {
            b"avih" => self.frame_microseconds = number(0),
            b"strh" => {
                if self.video.is_none() && four(0).as_ref() == Some(b"vids") {
                    self.video = Some(self.streams);
                    self.codec = four(4).unwrap_or_default();
                    self.rate = Rate::checked(number(24), number(20));
                }
                self.streams = self.streams.saturating_add(1);
            }
            // The format of the stream begun last; its codec name counts more than the handler's.
            b"strf" if self.video.is_some_and(|video| video + 1 == self.streams) => {
                if let Some(codec) = four(16).filter(|codec| codec != &[0; 4]) {
                    self.codec = codec;
                }
            }
            _ => {}
        }
    }

    fn rate(&self) -> Rate {
        self.rate.or_else(|| Rate::checked(1_000_000, self.frame_microseconds)).unwrap_or(DEFAULT_RATE)
    }
}

impl Avi {
    pub(super) fn open(path: &Path) -> Result<Self, CameraError> {
        let name = name_of(path);
        let file = File::open(path).map_err(|error| lost(&name, &error))?;
        let length = file.metadata().map_err(|error| lost(&name, &error))?.len();
        Self::new(BufReader::with_capacity(1 << 16, file), length, name)
    }
}

impl<R: Read + Seek + Send> Avi<R> {
    fn new(reader: R, length: u64, name: String) -> Result<Self, CameraError> {
        let mut chunks = Chunks { reader, length, at: 0, next: 0 };
        let header = Header::read(&mut chunks).map_err(|error| lost(&name, &error))?.ok_or_else(|| {
            CameraError::Lost(format!("{name} is damaged or cut off: it has no list of frames (movi)"))
        })?;
        let Some(video) = header.video else {
            return Err(CameraError::Lost(format!("{name} holds no video; {SUPPORTED}")));
        };
        if !JPEG_CODECS.iter().any(|codec| codec.eq_ignore_ascii_case(&header.codec)) {
            let codec = header.codec.escape_ascii();
            return Err(CameraError::Lost(format!("{name} is an AVI with codec '{codec}'; {SUPPORTED}")));
        }
        let rate = header.rate();
        let mut avi = Self {
            chunks,
            opened: Opened {
                device: name,
                format: "MJPG".into(),
                width: 0,
                height: 0,
                fps: Some(rate.fps()),
            },
            rate,
            stream: [b'0' + video / 10 % 10, b'0' + video % 10],
            frames_at: header.frames_at,
            index: 0,
            pending: None,
            told: false,
        };
        avi.rewind()?;
        avi.measure()?;
        avi.rewind()?;
        Ok(avi)
    }

    /// Takes the size from the first readable frame: the container's own is often wrong.
    fn measure(&mut self) -> Result<(), CameraError> {
        let mut why = String::from("it holds no frame");
        for _ in 0..TRIED_AT_OPEN {
            if self.step()?.is_none() {
                break;
            }
            match self.image() {
                Ok(image) => {
                    (self.opened.width, self.opened.height) = (image.width, image.height);
                    return Ok(());
                }
                Err(CameraError::Broken(error)) => why = error,
                Err(other) => return Err(other),
            }
        }
        Err(CameraError::Lost(format!("{}: no frame can be read: {why}", self.opened.device)))
    }

    fn is_frame(&self, id: [u8; 4]) -> bool {
        id[..2] == self.stream && (&id[2..] == b"dc" || &id[2..] == b"db")
    }

    /// Looks for the next frame from `from` on, byte by byte, after the row of chunks broke off.
    fn resynchronise(&mut self, from: u64) -> io::Result<bool> {
        if !self.told {
            self.told = true;
            log::warn!(
                "{}: damaged or cut off at byte {from} of {}; going on with the next frame behind it, if there is one",
                self.opened.device,
                self.chunks.length
            );
        }
        self.chunks.seek(from)?;
        let mut window = Vec::new();
        let mut at = from;
        loop {
            let known = window.len();
            self.chunks.reader.by_ref().take(1 << 14).read_to_end(&mut window)?;
            self.chunks.at += (window.len() - known) as u64;
            // A frame can't be longer, and a search through a whole disk would look like a camera that hangs.
            if window.len() == known || at - from > 2 * MAX_FRAME_BYTES {
                self.chunks.next = self.chunks.length;
                return Ok(false);
            }
            for (offset, bytes) in window.windows(10).enumerate() {
                let id = [bytes[0], bytes[1], bytes[2], bytes[3]];
                let size = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
                let start = at + offset as u64;
                let fits = start + 8 + u64::from(size) <= self.chunks.length;
                if self.is_frame(id) && fits && bytes[8..] == [0xff, 0xd8] {
                    self.chunks.next = start;
                    return Ok(true);
                }
            }
            // A frame's beginning may lie across two windows.
            let done = window.len().saturating_sub(9);
            window.drain(..done);
            at += done as u64;
        }
    }

    /// The size of the next frame; `None` at the end.
    fn next_size(&mut self) -> io::Result<Option<u32>> {
        loop {
            let start = self.chunks.next;
            let (id, size) = match self.chunks.header()? {
                None => {
                    if start < self.chunks.length && !self.told {
                        self.told = true;
                        log::warn!("{}: cut off; it ends in the middle of a chunk", self.opened.device);
                    }
                    self.chunks.next = self.chunks.length;
                    return Ok(None);
                }
                Some(Chunk::Riff | Chunk::List(_)) => continue,
                Some(Chunk::Data { id, size }) => (id, size),
            };
            let known = id.iter().all(|byte| matches!(byte, b' '..=b'~'));
            let fits = start + 8 + u64::from(size) <= self.chunks.length;
            if !known || !fits {
                // The claimed size can't be trusted, so it isn't used.
                if !self.resynchronise(start + 1)? {
                    return Ok(None);
                }
            } else if self.is_frame(id) {
                self.index += 1;
                // An empty chunk stands for a frame that was lost in recording.
                if size > 0 {
                    return Ok(Some(size));
                }
            }
        }
    }
}

impl<R: Read + Seek + Send> Recording for Avi<R> {
    fn opened(&self) -> &Opened {
        &self.opened
    }

    fn step(&mut self) -> Result<Option<Step>, CameraError> {
        self.pending = self.next_size().map_err(|error| lost(&self.opened.device, &error))?;
        Ok(self.pending.map(|_| Step { index: self.index - 1, position: self.rate.position(self.index - 1) }))
    }

    fn image(&mut self) -> Result<Image, CameraError> {
        let number = self.index.saturating_sub(1);
        let broken = |text: String| CameraError::Broken(format!("frame {number}: {text}"));
        let size = self.pending.take().ok_or_else(|| broken("there is none".into()))?;
        if u64::from(size) > MAX_FRAME_BYTES {
            return Err(broken(format!("{size} bytes are too many")));
        }
        let data = self
            .chunks
            .content(size, MAX_FRAME_BYTES)
            .map_err(|error| broken(format!("it can't be read: {error}")))?;
        if data.len() != size as usize {
            return Err(broken("the file ends in the middle of it".into()));
        }
        let (width, height) = jpeg::size(&data).ok_or_else(|| broken("it is no JPEG picture".into()))?;
        Ok(Image { format: PixelFormat::Jpeg, width, height, stride: 0, range: Range::Full, data })
    }

    fn following(&self) -> Option<Duration> {
        // At the end this is wrong by one, and the player then finds no frame there.
        (self.chunks.next < self.chunks.length).then(|| self.rate.position(self.index))
    }

    fn rewind(&mut self) -> Result<(), CameraError> {
        self.chunks.next = self.frames_at;
        self.index = 0;
        self.pending = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
