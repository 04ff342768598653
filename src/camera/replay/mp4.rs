//! H.264 in MP4, read and decoded sample by sample; only the index is held in memory.

use super::{Recording, SUPPORTED, Step, lost, mp4_check, name_of};
use crate::camera::h264::sps::Sps;
use crate::camera::h264::{Decoder, MOST_HELD_BACK};
use crate::camera::{CameraError, Image, MAX_FRAME_BYTES, Opened};
use re_mp4::{StsdBoxContent, Track};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

/// An opened file and its decoder.
pub(super) struct Mp4<R = BufReader<File>> {
    reader: R,
    length: u64,
    opened: Opened,
    stream: Stream,
    /// In the order of decoding.
    samples: Vec<Sample>,
    /// In the order of showing: which sample, and its position.
    showing: Vec<(usize, Duration)>,
    decoder: Decoder,
    /// The next sample to decode.
    next: usize,
    /// The decoder was given the parameter sets.
    primed: bool,
    /// Samples in the order of showing that were passed.
    shown: usize,
    /// What came out of the decoder before its turn, or why it won't, by place in the order of showing.
    ready: BTreeMap<usize, Result<Image, String>>,
    current: Option<Result<Image, String>>,
}

/// One frame, coded.
#[derive(Clone, Copy, Debug)]
struct Sample {
    offset: u64,
    size: u64,
    /// Its place in the order of showing.
    rank: usize,
}

/// Samples in the order of decoding; their numbers in it and their times in the order of showing.
type Order = (Vec<Sample>, Vec<(usize, Duration)>);

/// What the track says of how its samples are coded.
struct Stream {
    /// SPS and PPS in Annex B form.
    parameters: Vec<u8>,
    /// Bytes of the length before each NAL unit, 1 to 4.
    length_size: usize,
    /// Its samples use 0..=255 and not 16..=235.
    full_range: bool,
}

impl Mp4 {
    pub(super) fn open(path: &Path) -> Result<Self, CameraError> {
        let name = name_of(path);
        let file = File::open(path).map_err(|error| lost(&name, &error))?;
        let length = file.metadata().map_err(|error| lost(&name, &error))?.len();
        Self::new(BufReader::with_capacity(1 << 16, file), length, name)
    }
}

impl<R: Read + Seek> Mp4<R> {
    fn new(mut reader: R, length: u64, name: String) -> Result<Self, CameraError> {
        let refuse = |text: String| CameraError::Lost(format!("{name}: {text}"));
        let index = read_index(&mut reader, length).map_err(|error| lost(&name, &error))?.map_err(refuse)?;
        let (track, stream, size) = choose(&index).map_err(refuse)?;
        let (samples, showing) = order(track, length, &name).map_err(refuse)?;
        let span = showing.last().map_or(0.0, |(_, last)| last.as_secs_f32());
        let opened = Opened {
            device: name.clone(),
            format: "H.264".into(),
            width: size.0,
            height: size.1,
            fps: (span > 0.0).then(|| (showing.len() - 1) as f32 / span),
        };
        let decoder = Decoder::new().map_err(refuse)?;
        Ok(Self {
            reader,
            length,
            opened,
            stream,
            samples,
            showing,
            decoder,
            next: 0,
            primed: false,
            shown: 0,
            ready: BTreeMap::new(),
            current: None,
        })
    }

    /// Decodes the next sample, or brings out what is left after the last. What comes out is put into `ready`.
    fn feed(&mut self) {
        let mut out = Vec::new();
        match self.samples.get(self.next).copied() {
            Some(sample) => {
                self.next += 1;
                if let Err(why) = self.decode(sample, &mut out) {
                    self.ready.insert(sample.rank, Err(why));
                }
            }
            None => self.decoder.flush(self.stream.full_range, &mut out),
        }
        for (rank, image) in out {
            // Damaged streams may give a picture twice.
            if let Ok(rank) = usize::try_from(rank)
                && rank >= self.shown
            {
                self.ready.insert(rank, Ok(image));
            }
        }
    }

    fn decode(&mut self, sample: Sample, out: &mut Vec<(u64, Image)>) -> Result<(), String> {
        let data = self.read(sample)?;
        let mut unit = Vec::with_capacity(data.len() + self.stream.parameters.len() + 16);
        if !self.primed {
            unit.extend_from_slice(&self.stream.parameters);
        }
        append_annex_b(&data, self.stream.length_size, &mut unit, |nal| {
            if let Some(sps) = Sps::parse(nal) {
                self.stream.full_range = sps.full_range;
            }
        })?;
        self.primed = true;
        self.decoder.decode(&unit, sample.rank as u64, self.stream.full_range, out)
    }

    fn read(&mut self, sample: Sample) -> Result<Vec<u8>, String> {
        let end = sample.offset.checked_add(sample.size);
        if end.is_none_or(|end| end > self.length) {
            return Err("it lies behind the file's end".into());
        }
        if sample.size > MAX_FRAME_BYTES {
            return Err(format!("{} bytes are too many", sample.size));
        }
        let mut data = vec![0; sample.size as usize];
        self.reader
            .seek(SeekFrom::Start(sample.offset))
            .and_then(|_| self.reader.read_exact(&mut data))
            .map_err(|error| format!("it can't be read: {error}"))?;
        Ok(data)
    }
}

/// The file's index, whatever the file holds. The inner error says what is wrong with it.
fn read_index<R: Read + Seek>(reader: &mut R, length: u64) -> io::Result<Result<re_mp4::Mp4, String>> {
    let checked = match mp4_check::check(reader, length)? {
        Ok(checked) => checked,
        Err(text) => return Ok(Err(text)),
    };
    reader.seek(SeekFrom::Start(0))?;
    // The crate indexes its tables without looking, so a table that is too short is a panic.
    let index = catch_unwind(AssertUnwindSafe(|| re_mp4::Mp4::read(reader, checked.end)));
    Ok(match index {
        Ok(Ok(index)) => Ok(index),
        Ok(Err(re_mp4::Error::Io(error))) if error.kind() != io::ErrorKind::UnexpectedEof => {
            return Err(error);
        }
        Ok(Err(error)) => Err(format!("its index can't be read: {error}")),
        Err(_) => Err("its index contradicts itself".into()),
    })
}

/// The first H.264 track, how it is coded, and its size in pixels.
fn choose(index: &re_mp4::Mp4) -> Result<(&Track, Stream, (u32, u32)), String> {
    let mut others = Vec::new();
    for track in index.tracks().values() {
        let description = &track.trak(index).mdia.minf.stbl.stsd.contents;
        match description {
            StsdBoxContent::Avc1(avc) => {
                let stream = Stream::new(avc)?;
                return Ok((track, stream, (avc.width.into(), avc.height.into())));
            }
            StsdBoxContent::Mp4a(_) | StsdBoxContent::Tx3g(_) => {}
            StsdBoxContent::Unknown(code) => others.push(code.to_string()),
            other => others.extend(other.codec_string()),
        }
    }
    if others.is_empty() {
        return Err(format!("it holds no video; {SUPPORTED}"));
    }
    Err(format!("it holds no H.264 video, but {}; {SUPPORTED}", others.join(", ")))
}

impl Stream {
    fn new(entry: &re_mp4::Avc1Box) -> Result<Self, String> {
        let avcc = &entry.avcc.contents;
        let mut parameters = Vec::new();
        for nal in avcc.sequence_parameter_sets.iter().chain(&avcc.picture_parameter_sets) {
            parameters.extend_from_slice(&[0, 0, 0, 1]);
            parameters.extend_from_slice(&nal.bytes);
        }
        let sps = avcc.sequence_parameter_sets.first().and_then(|nal| Sps::parse(&nal.bytes));
        let mut full_range = false;
        // Without one in the index the stream may bring its own.
        if let Some(sps) = sps {
            if let Some(what) = sps.unsupported() {
                return Err(format!("H.264 with {what} is not supported; {SUPPORTED}"));
            }
            full_range = sps.full_range;
        }
        Ok(Self { parameters, length_size: usize::from(avcc.length_size_minus_one & 3) + 1, full_range })
    }
}

/// Puts a track's samples in order, as far as their data are in the file.
fn order(track: &Track, length: u64, name: &str) -> Result<Order, String> {
    let timescale = u128::from(track.timescale);
    if timescale == 0 {
        return Err("its index gives no unit of time".into());
    }
    let mut samples: Vec<_> = track.samples.iter().collect();
    // A recording that was cut off while it was copied ends where its data end.
    let inside =
        |sample: &&&re_mp4::Sample| sample.offset.checked_add(sample.size).is_some_and(|end| end <= length);
    let kept = samples.iter().rposition(|sample| inside(&sample)).map_or(0, |last| last + 1);
    if kept < samples.len() {
        log::warn!("{name}: cut off; of {} frames only {kept} are there", samples.len());
        samples.truncate(kept);
    }
    if samples.is_empty() {
        return Err("it holds no frame".into());
    }
    let mut ranks: Vec<usize> = (0..samples.len()).collect();
    ranks.sort_by_key(|&index| samples[index].composition_timestamp);

    let first = samples[ranks[0]].composition_timestamp;
    let mut showing = Vec::with_capacity(samples.len());
    let mut ordered: Vec<_> =
        samples.iter().map(|sample| Sample { offset: sample.offset, size: sample.size, rank: 0 }).collect();
    for (rank, &index) in ranks.iter().enumerate() {
        ordered[index].rank = rank;
        let units = samples[index].composition_timestamp.abs_diff(first);
        let nanos = u128::from(units) * 1_000_000_000 / timescale;
        showing.push((index, Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))));
    }
    // A damaged index may claim centuries, which no clock could reach.
    if showing.last().is_some_and(|(_, last)| *last > Duration::from_secs(366 * 86_400)) {
        return Err("its index contradicts itself: it claims more than a year".into());
    }
    Ok((ordered, showing))
}

/// NAL units with their lengths before them (ISO/IEC 14496-15) to ones with start codes (H.264 annex B).
/// Shows each to `look`.
fn append_annex_b(
    mut data: &[u8],
    length_size: usize,
    unit: &mut Vec<u8>,
    mut look: impl FnMut(&[u8]),
) -> Result<(), String> {
    while !data.is_empty() {
        let damaged = || "its NAL units have wrong lengths".to_string();
        let (length, rest) = data.split_at_checked(length_size).ok_or_else(damaged)?;
        let length = length.iter().fold(0usize, |length, &byte| length << 8 | usize::from(byte));
        let (nal, rest) = rest.split_at_checked(length).ok_or_else(damaged)?;
        if !nal.is_empty() {
            look(nal);
            unit.extend_from_slice(&[0, 0, 0, 1]);
            unit.extend_from_slice(nal);
        }
        data = rest;
    }
    Ok(())
}

impl<R: Read + Seek + Send> Recording for Mp4<R> {
    fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Decodes until the next frame in the order of showing is there: all others may build on it.
    fn step(&mut self) -> Result<Option<Step>, CameraError> {
        let Some(&(sample, position)) = self.showing.get(self.shown) else { return Ok(None) };
        let rank = self.shown;
        let current = loop {
            if let Some(ready) = self.ready.remove(&rank) {
                break ready;
            }
            let finished = self.next == self.samples.len();
            // A decoder that lost its way may stay silent to the end; that mustn't take the whole file in one go.
            let overdue = self.next > sample + 2 * MOST_HELD_BACK;
            if overdue || self.ready.len() > MOST_HELD_BACK {
                break Err("the decoder gave no picture".into());
            }
            self.feed();
            if finished && !self.ready.contains_key(&rank) {
                break Err("the decoder gave no picture".into());
            }
        };
        self.current = Some(current);
        self.shown += 1;
        Ok(Some(Step { index: rank as u64, position }))
    }

    fn image(&mut self) -> Result<Image, CameraError> {
        let current = self.current.take().unwrap_or_else(|| Err("there is none".into()));
        let number = self.shown.saturating_sub(1);
        current.map_err(|why| CameraError::Broken(format!("frame {number}: {why}")))
    }

    fn following(&self) -> Option<Duration> {
        self.showing.get(self.shown).map(|(_, position)| *position)
    }

    fn rewind(&mut self) -> Result<(), CameraError> {
        self.decoder = Decoder::new().map_err(CameraError::Lost)?;
        self.primed = false;
        (self.next, self.shown) = (0, 0);
        self.ready.clear();
        self.current = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
