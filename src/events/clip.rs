//! Clips: a camera's pictures in MP4, written in fragments, each of them whole on the disk before the next begins. So a
//! power cut costs the last fragment, and players open what is there.
//!
//! MP4 and not Matroska, because one writer then serves both what the camera gave (Motion JPEG, which ffmpeg, VLC and
//! QuickTime play) and H.264, which browsers and phones play, and because boxes that players pass over can carry what is known
//! of the event: clips alone are enough to make the list of events anew.

use super::index::Index;
use super::record::Event;
use mp4_atom::{
    Avc1, Avcc, Codec, Compressor, Dinf, Dref, Encode, ExtendedType, FragmentInfo, Ftyp, Hdlr, Jpeg, Mdhd,
    Mdia, Mehd, Mfhd, Mfra, Mfro, Minf, Moof, Moov, Mvex, Mvhd, Stbl, Stco, Stsd, Tfdt, Tfhd, Tfra, Tkhd,
    Traf, Trak, Trex, Trun, TrunEntry, Url, Uuid, Visual, Vmhd,
};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::iter;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

/// Ticks a second, of which frame times are multiples.
pub const TICKS: u32 = 90_000;

/// Marks the box that carries an event: no other program's boxes have it.
pub const RECORD: ExtendedType = ExtendedType::new(b"edge-cctv event\0");

/// How the pictures are coded.
#[derive(Clone, Debug)]
pub enum Coding {
    /// Each is a JPEG file.
    Jpeg,
    /// As the parameter sets say; samples are NAL units with four bytes of length before each.
    H264 { sps: Vec<u8>, pps: Vec<u8> },
}

/// One JPEG picture.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    pub data: &'a [u8],
    /// How long it is shown.
    pub ticks: u32,
}

/// A clip that is being written.
#[derive(Debug)]
pub struct Writer {
    file: File,
    size: (u16, u16),
    length: u64,
    ticks: u64,
    frames: u32,
    fragments: Vec<FragmentInfo>,
    /// Buffer of what is neither a picture nor the header.
    bytes: Vec<u8>,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub frames: u32,
    pub ticks: u64,
    pub bytes: u64,
}

/// `duration` in ticks.
pub fn ticks(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros() * u128::from(TICKS) / 1_000_000).unwrap_or(u64::MAX)
}

impl Writer {
    /// Begins a file that doesn't exist yet.
    ///
    /// # Errors
    /// It exists, the disk can't be written, or the size is none that a clip can have.
    pub fn create(path: &Path, (width, height): (u32, u32)) -> io::Result<Self> {
        let side = |length: u32| u16::try_from(length).ok().filter(|length| *length > 0);
        let size = side(width).zip(side(height)).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("a clip can't have pictures of {width}x{height}"),
            )
        })?;
        let header = header(size, 0)?;
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(&header)?;
        let length = header.len() as u64;
        let (fragments, bytes) = (Vec::new(), Vec::new());
        Ok(Self { file, size, length, ticks: 0, frames: 0, fragments, bytes })
    }

    /// Writes what is known of the event so far; the newest counts.
    ///
    /// # Errors
    /// The disk can't be written.
    pub fn record(&mut self, event: &Event) -> io::Result<()> {
        self.bytes.clear();
        encode_record(event, &mut self.bytes)?;
        self.append(&[])
    }

    /// Writes pictures that follow on those before, and waits until they are on the disk. Nothing is written of none.
    ///
    /// # Errors
    /// The disk can't be written; the clip ends with the fragment before then.
    pub fn fragment(&mut self, samples: &[Sample]) -> io::Result<()> {
        if samples.is_empty() {
            return Ok(());
        }
        self.bytes.clear();
        let sequence = u32::try_from(self.fragments.len() + 1).unwrap_or(u32::MAX);
        moof(sequence, self.ticks, samples, 0).encode(&mut self.bytes).map_err(io::Error::other)?;
        // The samples begin behind this box and the next one's eight bytes of head. The offset changes no length.
        let offset = i32::try_from(self.bytes.len() + 8).map_err(io::Error::other)?;
        self.bytes.clear();
        moof(sequence, self.ticks, samples, offset).encode(&mut self.bytes).map_err(io::Error::other)?;
        let data: usize = samples.iter().map(|sample| sample.data.len()).sum();
        let box_length = u32::try_from(data + 8).map_err(io::Error::other)?;
        self.bytes.extend_from_slice(&box_length.to_be_bytes());
        self.bytes.extend_from_slice(b"mdat");
        let (at, time) = (self.length, self.ticks);
        self.append(samples)?;
        self.file.sync_data()?;
        self.fragments.push(FragmentInfo {
            time,
            moof_offset: at,
            traf_number: 1,
            trun_number: 1,
            sample_delta: 1,
        });
        self.ticks += samples.iter().map(|sample| u64::from(sample.ticks)).sum::<u64>();
        self.frames += u32::try_from(samples.len()).unwrap_or(u32::MAX);
        Ok(())
    }

    /// So far.
    pub fn written(&self) -> Written {
        Written { frames: self.frames, ticks: self.ticks, bytes: self.length }
    }

    /// Ends the clip: writes the index for seeking and the whole duration, and waits until all is on the disk.
    ///
    /// # Errors
    /// The disk can't be written; what was written before stays playable.
    pub fn finish(mut self) -> io::Result<Written> {
        self.bytes.clear();
        let tfra = Tfra { track_id: 1, entries: std::mem::take(&mut self.fragments) };
        let mut index = Mfra { tfra: vec![tfra], mfro: Mfro { parent_size: 0 } };
        index.encode(&mut self.bytes).map_err(io::Error::other)?;
        index.mfro.parent_size = u32::try_from(self.bytes.len()).map_err(io::Error::other)?;
        self.bytes.clear();
        index.encode(&mut self.bytes).map_err(io::Error::other)?;
        self.append(&[])?;
        // Of the same length as the first.
        let header = header(self.size, self.ticks)?;
        self.file.write_all_at(&header, 0)?;
        self.file.sync_all()?;
        Ok(self.written())
    }

    /// Writes the buffer behind all, and the pictures after it. What is written of them in vain is overwritten by the next.
    fn append(&mut self, samples: &[Sample]) -> io::Result<()> {
        let mut end = self.length;
        for part in iter::once(self.bytes.as_slice()).chain(samples.iter().map(|sample| sample.data)) {
            self.file.write_all_at(part, end)?;
            end += part.len() as u64;
        }
        self.length = end;
        Ok(())
    }
}

/// Writes what is known of an event into its clip, and ends the clip if that was cut off.
///
/// # Errors
/// The file can't be read or written, or is no clip.
pub fn amend(path: &Path, event: &Event) -> io::Result<()> {
    let index = Index::read(path)?;
    let mut bytes = Vec::new();
    encode_record(event, &mut bytes)?;
    let at = match index.seeking {
        // Players look for it at the very end.
        Some((at, length)) => {
            let begin = bytes.len();
            bytes.resize(begin + usize::try_from(length).map_err(io::Error::other)?, 0);
            index.file.read_exact_at(&mut bytes[begin..], at)?;
            at
        }
        None => index.length,
    };
    let file = OpenOptions::new().write(true).open(path)?;
    if index.seeking.is_none() {
        let (mut moov, mut head) = (index.moov.clone(), Vec::new());
        if let Some(mvex) = &mut moov.mvex {
            mvex.mehd = Some(Mehd { fragment_duration: index.duration() });
        }
        moov.encode(&mut head).map_err(io::Error::other)?;
        // Ours has room for any duration.
        if head.len() as u64 == index.moov_place.1 {
            file.write_all_at(&head, index.moov_place.0)?;
        }
    }
    file.write_all_at(&bytes, at)?;
    file.set_len(at + bytes.len() as u64)?;
    file.sync_all()
}

/// The box that carries an event.
pub fn encode_record(event: &Event, bytes: &mut Vec<u8>) -> io::Result<()> {
    let text = serde_json::to_vec(event)?;
    Uuid::Unknown(RECORD, text).encode(bytes).map_err(io::Error::other)
}

/// What comes before the first fragment.
fn header(size: (u16, u16), ticks: u64) -> io::Result<Vec<u8>> {
    let stbl = Stbl { stco: Some(Stco::default()), ..Stbl::default() };
    let moov = Moov {
        mvhd: Mvhd { timescale: TICKS, rate: 1.into(), next_track_id: 2, ..Mvhd::default() },
        mvex: Some(Mvex {
            mehd: Some(Mehd { fragment_duration: ticks }),
            trex: vec![Trex { track_id: 1, default_sample_description_index: 1, ..Trex::default() }],
        }),
        trak: vec![track(&Coding::Jpeg, size, 0, stbl)?],
        ..Moov::default()
    };
    let brands = [b"isom", b"iso6", b"mp41"].map(Into::into).to_vec();
    let ftyp = Ftyp { major_brand: b"iso6".into(), minor_version: 1, compatible_brands: brands };
    let mut bytes = Vec::new();
    ftyp.encode(&mut bytes).and_then(|()| moov.encode(&mut bytes)).map_err(io::Error::other)?;
    Ok(bytes)
}

/// The one track of a file. `stbl` tells where the pictures are; what they are is said here.
pub fn track(coding: &Coding, (width, height): (u16, u16), ticks: u64, stbl: Stbl) -> io::Result<Trak> {
    let visual = Visual {
        data_reference_index: 1,
        width,
        height,
        compressor: Compressor::from("edge-cctv"),
        ..Visual::default()
    };
    let codec = match coding {
        Coding::Jpeg => Codec::from(Jpeg { visual, ..Jpeg::default() }),
        Coding::H264 { sps, pps } => {
            let avcc = Avcc::new(sps, pps).map_err(io::Error::other)?;
            Codec::from(Avc1 { visual, avcc, ..Avc1::default() })
        }
    };
    let stbl = Stbl { stsd: Stsd { codecs: vec![codec] }, ..stbl };
    let dinf = Dinf { dref: Dref { entries: vec![Url::default().into()] } };
    let (width, height) = (width.into(), height.into());
    let tkhd = Tkhd {
        track_id: 1,
        duration: ticks,
        enabled: true,
        in_movie: true,
        width,
        height,
        ..Tkhd::default()
    };
    Ok(Trak {
        tkhd,
        mdia: Mdia {
            mdhd: Mdhd { timescale: TICKS, duration: ticks, language: "und".into(), ..Mdhd::default() },
            hdlr: Hdlr { handler: b"vide".into(), name: "edge-cctv".into() },
            minf: Minf { vmhd: Some(Vmhd::default()), dinf, stbl, ..Minf::default() },
        },
        ..Trak::default()
    })
}

/// Where the pictures of one fragment are and how long each is shown. `offset`: of the first, from this box's begin.
fn moof(sequence: u32, begins: u64, samples: &[Sample], offset: i32) -> Moof {
    /// ISO/IEC 14496-12, 8.8.3.1: it depends on no other.
    const KEY: u32 = 0x0200_0000;
    let entry = |sample: &Sample| TrunEntry {
        duration: Some(sample.ticks),
        size: u32::try_from(sample.data.len()).ok(),
        flags: Some(KEY),
        cts: None,
    };
    let entries: Vec<TrunEntry> = samples.iter().map(entry).collect();
    Moof {
        mfhd: Mfhd { sequence_number: sequence },
        traf: vec![Traf {
            tfhd: Tfhd { track_id: 1, default_base_is_moof: true, ..Tfhd::default() },
            tfdt: Some(Tfdt { base_media_decode_time: begins }),
            trun: vec![Trun { data_offset: Some(offset), samples: entries.into() }],
            ..Traf::default()
        }],
    }
}

#[cfg(test)]
pub(in crate::events) mod tests;
