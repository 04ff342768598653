//! Makes H.264 of a clip, which browsers and phones play. One at a time takes a core for a while, so it is done only when somebody
//! asks, and kept.

use super::clip::{Coding, TICKS, track};
use super::index::Index;
use crate::picture::jpeg;
use crate::picture::plane::Plane;
use crate::picture::{Chroma, Picture};
use mp4_atom::{
    Co64, Encode, Ftyp, Moov, Mvhd, Stbl, Stsc, StscEntry, Stss, Stsz, StszSamples, Stts, SttsEntry,
};
use openh264::encoder::{
    Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, RateControlMode, SpsPpsStrategy,
    UsageType,
};
use openh264::formats::YUVSlices;
use openh264::{OpenH264API, Timestamp};
use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Players seek to pictures that need no other; there is one in each so many.
const KEY_PERIOD: u32 = 30;

/// Makes `film` of `clip`; either all of it is there afterwards or nothing.
///
/// # Errors
/// The clip can't be read, the disk can't be written, or the pictures can't be encoded.
pub fn make(clip: &Path, film: &Path) -> io::Result<()> {
    let unfinished = film.with_extension("unfinished");
    let made = encode(clip, &unfinished).and_then(|()| fs::rename(&unfinished, film));
    if made.is_err() {
        // On a full disk the half of a film is in the way of everything else.
        let _ = fs::remove_file(&unfinished);
    }
    made
}

fn encode(clip: &Path, film: &Path) -> io::Result<()> {
    let index = Index::read(clip)?;
    // The encoder takes even sides only.
    let (width, height) = (index.width & !1, index.height & !1);
    let mut encoder = encoder(&index).map_err(io::Error::other)?;
    let mut out = BufWriter::new(OpenOptions::new().write(true).create(true).truncate(true).open(film)?);
    let mut ftyp = Vec::new();
    let brands = [b"isom", b"iso2", b"avc1", b"mp41"].map(Into::into).to_vec();
    Ftyp { major_brand: b"isom".into(), minor_version: 512, compatible_brands: brands }
        .encode(&mut ftyp)
        .map_err(io::Error::other)?;
    out.write_all(&ftyp)?;
    // Its length is known at the end.
    out.write_all(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\0")?;
    let mut table = Table { next: ftyp.len() as u64 + 16, ..Table::default() };
    let (mut sets, mut time, mut planes) = (Sets::default(), 0, Planes::default());
    for &placed in &index.samples {
        // What can't be decoded is left out, and the picture before stays as long.
        let picture = jpeg::decode(&index.sample(placed)?).ok().filter(|picture| {
            (picture.luma.width, picture.luma.height) == (index.width as usize, index.height as usize)
        });
        if let Some(picture) = picture {
            planes.take(picture);
            let at = Timestamp::from_millis(time * 1000 / u64::from(TICKS));
            let coded = encoder.encode_at(&planes.slices(width, height), at).map_err(io::Error::other)?;
            let is_key = matches!(coded.frame_type(), FrameType::IDR | FrameType::I);
            let units = split(&coded.to_vec(), &mut sets);
            if !units.is_empty() {
                out.write_all(&units)?;
                table.add(u32::try_from(units.len()).map_err(io::Error::other)?, placed.ticks, is_key);
            } else {
                table.lengthen(placed.ticks);
            }
        } else {
            table.lengthen(placed.ticks);
        }
        time += u64::from(placed.ticks);
    }
    if table.sizes.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "none of the clip's pictures can be decoded"));
    }
    let (end, begin) = (table.next, ftyp.len() as u64);
    let coding = Coding::H264 { sps: sets.sps, pps: sets.pps };
    let mut moov = Vec::new();
    table.moov(&coding, (width, height), begin + 16)?.encode(&mut moov).map_err(io::Error::other)?;
    out.write_all(&moov)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.write_all_at(&(end - begin).to_be_bytes(), begin + 8)?;
    file.sync_all()
}

fn encoder(index: &Index) -> Result<Encoder, openh264::Error> {
    let seconds = index.duration() as f64 / f64::from(TICKS);
    let rate = (index.samples.len() as f64 / seconds.max(0.1)).clamp(1.0, 60.0);
    let config = EncoderConfig::new()
        .max_frame_rate(FrameRate::from_hz(rate as f32))
        // Each picture with the same care (a quantizer of 26), as what may become evidence: what moves much takes more bytes.
        .rate_control_mode(RateControlMode::Off)
        .skip_frames(false)
        .usage_type(UsageType::CameraVideoRealTime)
        .intra_frame_period(IntraFramePeriod::from_num_frames(KEY_PERIOD))
        .sps_pps_strategy(SpsPpsStrategy::ConstantId)
        .num_threads(1);
    Encoder::with_api_config(OpenH264API::from_source(), config)
}

/// The parameter sets, which are in the head of the file and not among the pictures.
#[derive(Default)]
struct Sets {
    sps: Vec<u8>,
    pps: Vec<u8>,
}

/// NAL units with start codes become such with their length before each.
fn split(stream: &[u8], sets: &mut Sets) -> Vec<u8> {
    let mut units = Vec::with_capacity(stream.len());
    for unit in openh264::nal_units(stream) {
        let start = unit.iter().position(|byte| *byte != 0).map_or(unit.len(), |zeros| zeros + 1);
        let unit = &unit[start.min(unit.len())..];
        match unit.first().map(|head| head & 0x1f) {
            Some(7) => sets.sps = unit.into(),
            Some(8) => sets.pps = unit.into(),
            Some(_) => {
                units.extend_from_slice(&u32::try_from(unit.len()).unwrap_or(u32::MAX).to_be_bytes());
                units.extend_from_slice(unit);
            }
            None => {}
        }
    }
    units
}

/// A picture as the encoder takes it: 4:2:0, video range.
#[derive(Default)]
struct Planes {
    luma: Plane,
    cb: Plane,
    cr: Plane,
}

impl Planes {
    fn take(&mut self, picture: Picture) {
        let (columns, rows) = (picture.luma.width.div_ceil(2), picture.luma.height.div_ceil(2));
        let luma = |sample: u8| (16 + (u32::from(sample) * 219 + 127) / 255) as u8;
        let chroma = |sample: u8| (128 + ((i32::from(sample) - 128) * 224).div_euclid(255)) as u8;
        self.luma = picture.luma;
        self.luma.data.iter_mut().for_each(|sample| *sample = luma(*sample));
        match picture.chroma {
            Some(Chroma { cb, cr, horizontal, vertical }) => {
                for (from, to) in [(cb, &mut self.cb), (cr, &mut self.cr)] {
                    *to = half(from, (columns, rows), (2 / horizontal, 2 / vertical));
                    to.data.iter_mut().for_each(|sample| *sample = chroma(*sample));
                }
            }
            None => {
                (self.cb, self.cr) = (Plane::new(columns, rows, 128), Plane::new(columns, rows, 128));
            }
        }
    }

    fn slices(&self, width: u32, height: u32) -> YUVSlices<'_> {
        let strides = (self.luma.width, self.cb.width, self.cr.width);
        let planes = (&*self.luma.data, &*self.cb.data, &*self.cr.data);
        YUVSlices::new(planes, (width as usize, height as usize), strides)
    }
}

/// A colour plane with `step` columns and rows for each of the result's.
fn half(plane: Plane, (columns, rows): (usize, usize), step: (usize, usize)) -> Plane {
    if step == (1, 1) {
        return plane;
    }
    let mut small = Plane::new(columns, rows, 0);
    for y in 0..rows {
        let line = &mut small.data[y * columns..(y + 1) * columns];
        for (x, sample) in line.iter_mut().enumerate() {
            let (mut sum, mut count) = (0, 0);
            for row in (y * step.1)..((y + 1) * step.1).min(plane.height) {
                for column in (x * step.0)..((x + 1) * step.0).min(plane.width) {
                    sum += u32::from(plane.row(row)[column]);
                    count += 1;
                }
            }
            *sample = (sum / u32::max(count, 1)) as u8;
        }
    }
    small
}

/// What the head tells of the pictures.
#[derive(Default)]
struct Table {
    sizes: Vec<u32>,
    ticks: Vec<u32>,
    keys: Vec<u32>,
    /// Ticks of pictures that were left out before there was one.
    early: u32,
    /// Where the next one begins.
    next: u64,
}

impl Table {
    fn add(&mut self, size: u32, ticks: u32, is_key: bool) {
        self.sizes.push(size);
        self.ticks.push(ticks + std::mem::take(&mut self.early));
        if is_key {
            self.keys.push(u32::try_from(self.sizes.len()).unwrap_or(u32::MAX));
        }
        self.next += u64::from(size);
    }

    fn lengthen(&mut self, ticks: u32) {
        match self.ticks.last_mut() {
            Some(last) => *last += ticks,
            None => self.early += ticks,
        }
    }

    fn moov(self, coding: &Coding, size: (u32, u32), begin: u64) -> io::Result<Moov> {
        let count = u32::try_from(self.sizes.len()).map_err(io::Error::other)?;
        let duration: u64 = self.ticks.iter().map(|ticks| u64::from(*ticks)).sum();
        let mut entries: Vec<SttsEntry> = Vec::new();
        for ticks in self.ticks {
            match entries.last_mut() {
                Some(last) if last.sample_delta == ticks => last.sample_count += 1,
                _ => entries.push(SttsEntry { sample_count: 1, sample_delta: ticks }),
            }
        }
        let chunk = StscEntry { first_chunk: 1, samples_per_chunk: count, sample_description_index: 1 };
        let stbl = Stbl {
            stts: Stts { entries },
            stsc: Stsc { entries: vec![chunk] },
            stsz: Stsz { samples: StszSamples::Different { sizes: self.sizes } },
            stss: Some(Stss { entries: self.keys }),
            co64: Some(Co64 { entries: vec![begin] }),
            ..Stbl::default()
        };
        let side = |length: u32| u16::try_from(length).map_err(io::Error::other);
        let trak = track(coding, (side(size.0)?, side(size.1)?), duration, stbl)?;
        let mvhd = Mvhd { timescale: TICKS, duration, rate: 1.into(), next_track_id: 2, ..Mvhd::default() };
        Ok(Moov { mvhd, trak: vec![trak], ..Moov::default() })
    }
}
