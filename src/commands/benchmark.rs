//! `edge-cctv benchmark`: what one camera costs on this board. Frames of the demo scene go through the same stages as in the
//! live service, on one thread and as fast as they can; what is measured is the processor's time, but for the analysis's stages,
//! which the pipeline itself measures by the clock.

use crate::anomaly::Anomaly;
use crate::camera::{self, Frame, PixelFormat, Range, demo};
use crate::commands::Failure;
use crate::config;
use crate::picture::overlay::Overlay;
use crate::picture::{Picture, convert, jpeg};
use crate::pipeline::{Analysis, Pipeline};
use crate::publisher::Wish;
use crate::publisher::maker::Maker;
use crate::service::beat::Beat;
use crate::service::process;
use clap::{Args, ValueEnum};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Of the pictures that the camera is taken to deliver, and of those that a viewer with another wish gets.
const CAMERAS_QUALITY: u8 = 85;
const OTHER_QUALITY: u8 = 70;

/// So much of a board's time may be used: the rest is for the system, the cameras' drivers and bursts.
const MOST_LOAD: f64 = 0.7;

#[derive(Debug, Args)]
pub struct Benchmark {
    /// The camera's size in pixels
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "640x480", value_parser = size)]
    size: (u32, u32),
    /// Its frames a second, 1 to 60
    #[arg(long, value_name = "RATE", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=60))]
    fps: u32,
    /// How its pictures come
    #[arg(long, value_enum, default_value_t = Format::Mjpeg)]
    format: Format,
    /// Seconds of footage, 2 to 600
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..=600))]
    seconds: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JPEG pictures
    Mjpeg,
    /// Raw 4:2:2
    Yuyv,
}

/// Reads "640x480".
fn size(text: &str) -> Result<(u32, u32), String> {
    let sides =
        text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    match sides {
        Some((width @ 160..=3840, height @ 120..=2160)) if width % 2 == 0 => Ok((width, height)),
        _ => Err("allowed are 160x120 to 3840x2160, with an even width".into()),
    }
}

/// The processor's time for one thing, each time that it was done.
#[derive(Default)]
struct Samples(Vec<Duration>);

impl Samples {
    fn take<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let before = process::thread_time();
        let result = work();
        self.0.push(process::thread_time() - before);
        result
    }

    fn milliseconds(&self) -> f64 {
        self.0.iter().sum::<Duration>().as_secs_f64() * 1e3
    }

    /// What `share` of them don't exceed, in ms.
    fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        sorted.get((last as f64 * share).round() as usize).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    }
}

/// What was measured.
#[derive(Default)]
struct Figures {
    frames: u32,
    bytes: usize,
    analysis: Samples,
    looks: Samples,
    decode: Samples,
    motion: Samples,
    own: Samples,
    drawn: Samples,
    encoded: Samples,
}

impl Benchmark {
    /// # Errors
    /// A picture can't be made.
    pub fn run(&self) -> Result<(), Failure> {
        let camera = config::Camera { zones: vec![demo::zone()], ..config::Camera::default() };
        let anomaly = Anomaly::configured(&camera, &config::Network::default());
        let has_network = anomaly.as_ref().is_some_and(|anomaly| anomaly.network().is_some());
        let figures = self.measure(&camera, anomaly)?;
        print!("{}", Report { asked: self, figures, has_network });
        Ok(())
    }

    fn measure(&self, settings: &config::Camera, anomaly: Option<Anomaly>) -> Result<Figures, Failure> {
        let (width, height) = self.size;
        let mut camera = demo::open(&camera::Wanted { width, height, fps: self.fps as f32 }, None);
        let mut pipeline = Pipeline::new(settings, anomaly);
        let mut maker = Maker::new(Arc::new(settings.clone()));
        let (mut beat, mut analysis) = (Beat::default(), Analysis::default());
        let mut figures = Figures::default();
        let failed = |error: &dyn fmt::Display| Failure::from(format!("a picture can't be made: {error}"));
        let wish = |quality, any_quality, overlay| [Wish { quality, any_quality, fps: None, overlay }];
        for _ in 0..self.seconds * self.fps {
            let drawn = camera.next_frame().map_err(|error| failed(&error))?;
            let frame = Arc::new(self.delivered(drawn).map_err(|error| failed(&error))?);
            figures.frames += 1;
            figures.bytes += frame.data.len();
            let is_due = beat.is_due(frame.captured, settings.motion.rate_hz);
            if is_due || pipeline.is_undecided() {
                let (processed, looked) =
                    figures.analysis.take(|| (pipeline.process(&frame, None), pipeline.ask_network()));
                analysis = processed.map_err(|error| failed(&error))?;
                figures.decode.0.push(Duration::from_micros(analysis.timings.decode.into()));
                figures.motion.0.push(Duration::from_micros(analysis.timings.motion.into()));
                figures.looks.0.extend(looked.map(|(_, took)| took));
            }
            let drawn = Overlay {
                camera: &settings.name,
                time: "2026-01-01 12:00:00",
                analysis: &analysis,
                zones: &settings.zones,
            };
            let index = pipeline.take_index();
            for (samples, wish, index) in [
                (&mut figures.own, wish(CAMERAS_QUALITY, true, false), None),
                (&mut figures.drawn, wish(CAMERAS_QUALITY, true, true), index),
                (&mut figures.encoded, wish(OTHER_QUALITY, false, true), None),
            ] {
                samples.take(|| maker.make(&frame, &drawn, &wish, index)).map_err(|error| failed(&error))?;
            }
        }
        Ok(figures)
    }

    /// The drawn frame as the camera would deliver it.
    fn delivered(&self, drawn: Frame) -> Result<Frame, convert::PictureError> {
        let picture = convert::picture(&drawn)?;
        Ok(match self.format {
            Format::Mjpeg => {
                let data = jpeg::encode(&picture, CAMERAS_QUALITY)?;
                Frame { format: PixelFormat::Jpeg, range: Range::Full, stride: 0, data, ..drawn }
            }
            Format::Yuyv => {
                let (stride, data) = (2 * drawn.width, yuyv(&picture));
                Frame { format: PixelFormat::Yuyv, range: Range::Full, stride, data, ..drawn }
            }
        })
    }
}

/// Two pixels in four bytes; each pair's colour is that of its place in the picture.
fn yuyv(picture: &Picture) -> Vec<u8> {
    let mut data = Vec::with_capacity(2 * picture.luma.data.len());
    for y in 0..picture.luma.height {
        for (x, pair) in picture.luma.row(y).chunks(2).enumerate() {
            let (cb, cr) = picture.chroma.as_ref().map_or((128, 128), |chroma| {
                let at = (2 * x / chroma.horizontal, y / chroma.vertical);
                (chroma.cb.row(at.1)[at.0], chroma.cr.row(at.1)[at.0])
            });
            data.extend([pair[0], cb, pair[pair.len() - 1], cr]);
        }
    }
    data
}

/// The figures as people read them.
struct Report<'a> {
    asked: &'a Benchmark,
    figures: Figures,
    has_network: bool,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Benchmark { size: (width, height), fps, format, seconds } = self.asked;
        let figures = &self.figures;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let kilobytes = figures.bytes as f64 / f64::from(figures.frames.max(1)) / 1e3;
        let format = match format {
            Format::Mjpeg => "Motion JPEG",
            Format::Yuyv => "YUYV",
        };
        writeln!(
            f,
            "edge-cctv {} on {cores} cores of {}\n\
             {width}x{height} {format} ({kilobytes:.0} kB a picture), {fps} frames a second; {seconds} s of the demo scene{}\n",
            env!("CARGO_PKG_VERSION"),
            process::processor().as_deref().unwrap_or("an unknown processor"),
            if self.has_network { "" } else { "\nwithout the network, which isn't there" },
        )?;
        writeln!(f, "{:<44}{:>8}{:>10}", "ms, once (the first three by the clock)", "median", "99 % in")?;
        for (name, samples) in [
            ("read for the analysis", &figures.decode),
            ("motion", &figures.motion),
            ("a look of the network", &figures.looks),
            ("as it came, for a viewer", &figures.own),
            ("with boxes drawn in, for viewers", &figures.drawn),
            ("encoded in another quality, for viewers", &figures.encoded),
        ] {
            if !samples.0.is_empty() {
                writeln!(f, "{name:<44}{:>8.3}{:>10.3}", samples.quantile(0.5), samples.quantile(0.99))?;
            }
        }
        let per_second = |milliseconds: f64| milliseconds / f64::from(*seconds);
        let analysis = figures.analysis.milliseconds();
        let analysed = figures.analysis.0.len() as f64 / f64::from(*seconds);
        let watched = per_second(analysis + figures.drawn.milliseconds()) / 1e3;
        writeln!(f, "\n{:<44}{:>8}{:>10}", "a second", "ms", "% of a core")?;
        for (name, milliseconds) in [
            ("nobody watches", analysis),
            ("a viewer draws the boxes itself", analysis + figures.own.milliseconds()),
            ("a viewer has them drawn in", analysis + figures.drawn.milliseconds()),
            ("... in another quality", analysis + figures.encoded.milliseconds()),
        ] {
            let used = per_second(milliseconds);
            writeln!(f, "{name:<44}{used:>8.1}{:>10.1}", used / 10.0)?;
        }
        writeln!(f, "\n{analysed:.1} frames a second were analysed.")?;
        if let Some(bytes) = process::peak_memory_bytes() {
            writeln!(f, "Peak memory: {:.1} MB.", bytes as f64 / f64::from(1 << 20))?;
        }
        writeln!(
            f,
            "At {:.0} % load this board carries {:.0} such cameras, each with a viewer who has boxes drawn in. Drivers, \
             network, disk and memory aren't counted.",
            100.0 * MOST_LOAD,
            (cores as f64 * MOST_LOAD / watched).floor()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_bad_ones_explained() {
        assert_eq!(size("1920x1080"), Ok((1920, 1080)));
        for bad in ["", "640", "x", "640x", "0x0", "64x48", "640x480x2", "641x480", "9999x9999", "-1x480"] {
            assert_eq!(
                size(bad),
                Err("allowed are 160x120 to 3840x2160, with an even width".into()),
                "{bad}"
            );
        }
    }

    #[test]
    fn raw_pictures_show_what_was_drawn() {
        let asked = Benchmark { size: (162, 120), fps: 5, format: Format::Yuyv, seconds: 2 };
        let drawn =
            demo::open(&camera::Wanted { width: 162, height: 120, fps: 5.0 }, None).next_frame().unwrap();
        let expected = convert::picture(&drawn).unwrap();
        let got = convert::picture(&asked.delivered(drawn).unwrap()).unwrap();
        assert_eq!(got.luma, expected.luma);
    }

    #[test]
    fn all_is_measured_and_told() {
        for format in [Format::Mjpeg, Format::Yuyv] {
            let asked = Benchmark { size: (320, 240), fps: 10, format, seconds: 2 };
            let camera = config::Camera { zones: vec![demo::zone()], ..config::Camera::default() };
            let figures = asked.measure(&camera, Some(Anomaly::new(&camera.anomaly))).unwrap();
            assert_eq!(figures.frames, 20);
            for samples in [&figures.own, &figures.drawn, &figures.encoded] {
                assert_eq!(samples.0.len(), 20);
            }
            assert!(figures.encoded.milliseconds() > 0.0 && figures.analysis.milliseconds() > 0.0);
            let report = Report { asked: &asked, figures, has_network: false }.to_string();
            assert!(report.contains("without the network") && !report.contains("NaN"), "{report}");
        }
    }
}
