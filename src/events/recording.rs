//! A clip while it is recorded: pictures come in with the times at which they were taken, and each is shown until the next.

use super::clip::{self, Sample, TICKS, Writer, Written};
use super::record::{Clip, Event};
use bytes::Bytes;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// A picture is shown so long if there is no other to tell.
const ALONE: u32 = TICKS / 10;

/// A JPEG picture, ready to be written.
pub struct Picture {
    pub jpeg: Bytes,
    pub captured: Duration,
    /// In pixels.
    pub size: (u32, u32),
}

/// A clip that is being recorded.
pub struct OpenClip {
    writer: Writer,
    size: (u32, u32),
    /// When its first picture was taken: of the frame, and in milliseconds of Unix time.
    start: Duration,
    began: i64,
    /// How long the last picture was shown.
    usual: u32,
    /// How long it is shown is known when the next one comes.
    held: Option<Picture>,
}

impl OpenClip {
    /// Begins the clip of an event with its first picture, which isn't written yet.
    ///
    /// # Errors
    /// The disk can't be written.
    pub fn create(path: &Path, first: &Picture, began: i64, event: &mut Event) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let writer = Writer::create(path, first.size)?;
        let (size, start) = (first.size, first.captured);
        let mut clip = Self { writer, size, start, began, usual: ALONE, held: None };
        event.clip = Some(clip.told());
        clip.writer.record(event)?;
        Ok(clip)
    }

    /// Writes pictures, up to the first of another size; true if there was one. `all`: no other follows. `reserve` makes room for
    /// so many bytes.
    ///
    /// # Errors
    /// The disk can't be written, or there is no room.
    pub fn write(
        &mut self,
        more: Vec<Picture>,
        all: bool,
        reserve: impl FnOnce(u64) -> io::Result<()>,
    ) -> io::Result<bool> {
        let mut pictures: Vec<Picture> = self.held.take().into_iter().chain(more).collect();
        let count = pictures.len();
        let fits = pictures.iter().take_while(|picture| picture.size == self.size).count();
        pictures.truncate(fits);
        let mut samples = Vec::with_capacity(fits);
        for (picture, next) in pictures.iter().zip(pictures.iter().skip(1)) {
            self.usual = self.ticks_between(picture, next);
            samples.push(Sample { data: &picture.jpeg, ticks: self.usual });
        }
        let is_last = all || fits < count;
        if is_last && let Some(last) = pictures.last() {
            samples.push(Sample { data: &last.jpeg, ticks: self.usual });
        }
        reserve(samples.iter().map(|sample| sample.data.len() as u64).sum())?;
        self.writer.fragment(&samples)?;
        drop(samples);
        self.held = if is_last { None } else { pictures.pop() };
        Ok(fits < count)
    }

    /// Ends the clip, with what is known of its event.
    ///
    /// # Errors
    /// The disk can't be written; what was written before can be played.
    pub fn finish(mut self, event: &Event) -> io::Result<Written> {
        self.writer.record(event)?;
        self.writer.finish()
    }

    /// What it holds so far.
    pub fn told(&self) -> Clip {
        let written = self.writer.written();
        Clip {
            frames: written.frames,
            seconds: written.ticks as f64 / f64::from(TICKS),
            width: self.size.0,
            height: self.size.1,
            bytes: written.bytes,
            began: self.began,
        }
    }

    /// From the start, so that no rounding adds up.
    fn ticks_between(&self, picture: &Picture, next: &Picture) -> u32 {
        let at = |picture: &Picture| clip::ticks(picture.captured.saturating_sub(self.start));
        u32::try_from(at(next).saturating_sub(at(picture))).unwrap_or(u32::MAX).max(1)
    }
}
