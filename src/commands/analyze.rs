//! `edge-cctv analyze`: the live service's eyes for recordings.

use crate::camera::replay::{self, Pace};
use crate::camera::{CameraError, Frame};
use crate::commands::Failure;
use crate::config;
use crate::motion::zones::Privacy;
use crate::picture::overlay::{self, Overlay};
use crate::picture::plane::Plane;
use crate::picture::{convert, jpeg};
use crate::pipeline::{Analysis, Pipeline, Region, State};
use clap::Args;
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Quality of annotated pictures: they are looked at in detail.
const ANNOTATED_QUALITY: u8 = 90;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  edge-cctv analyze yard.mp4 > verdicts.jsonl
  edge-cctv analyze --config config.toml --annotate pictures --output verdicts.jsonl day1.avi day2.avi")]
pub struct Analyze {
    /// Settings and zones: those of the file's first camera
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Recordings that only build the baseline
    #[arg(long, value_name = "INPUT")]
    learn: Vec<PathBuf>,
    /// Write the foreground of each frame as mask000000.png (0 or 255, the input's size)
    #[arg(long, value_name = "DIR")]
    masks: Option<PathBuf>,
    /// Write each frame with its overlay as frame000000.jpg
    #[arg(long, value_name = "DIR")]
    annotate: Option<PathBuf>,
    /// Where the verdicts go, one JSON line a frame [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Video files (MJPEG .avi, H.264 .mp4) or folders of .jpg and .png pictures
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
}

/// One line of the output.
#[derive(Serialize)]
struct Verdict<'a> {
    input: &'a str,
    frame: u64,
    /// Seconds from the input's start.
    time: f64,
    ai_status: State,
    regions: &'a [Region],
    lighting: bool,
    learning: bool,
    // There is no anomaly model in this version: nothing was judged, so nothing is said.
    anomaly_score: Option<f32>,
    is_anomaly: bool,
    anomaly_type: Option<&'a str>,
    severity: Option<&'a str>,
    confidence: Option<f32>,
    baseline_deviation: Option<f32>,
    reasoning: &'a [String],
    timings_us: Stages,
}

/// Microseconds of one frame.
#[derive(Clone, Copy, Default, Serialize)]
struct Stages {
    /// Reading, and for H.264 decoding, the frame.
    read: u64,
    decode: u64,
    motion: u64,
}

#[derive(Default)]
struct Summary {
    frames: u64,
    broken: u64,
    alerts: u64,
    stages: Stages,
}

impl Analyze {
    /// # Errors
    /// The configuration, an input or an output can't be used.
    pub fn run(&self) -> Result<(), Failure> {
        let camera = match &self.config {
            Some(path) => config::load(path)?.cameras.swap_remove(0),
            None => config::Camera::default(),
        };
        for input in &self.learn {
            log::warn!("{}: not learned from: this version has no baseline to build", input.display());
        }
        let mut output: Box<dyn Write> = match &self.output {
            Some(path) => Box::new(BufWriter::new(File::create(path).map_err(|e| unwritable(path, &e))?)),
            None => Box::new(BufWriter::new(io::stdout().lock())),
        };
        let started = Instant::now();
        let mut summary = Summary::default();
        for input in &self.inputs {
            let folder = |base: &Option<PathBuf>| self.folder(base.as_deref(), input);
            let places = (folder(&self.masks)?, folder(&self.annotate)?);
            analyze(input, &camera, places, &mut output, &mut summary)?;
        }
        output.flush().map_err(|error| Failure::from(format!("the verdicts can't be written: {error}")))?;
        summary.print(started.elapsed());
        Ok(())
    }

    /// Where an input's pictures go: the folder itself, or one for each input when there are several.
    fn folder(&self, base: Option<&Path>, input: &Path) -> Result<Option<PathBuf>, Failure> {
        let Some(base) = base else { return Ok(None) };
        let folder = match (self.inputs.len(), input.file_name()) {
            (2.., Some(name)) => base.join(name),
            _ => base.to_path_buf(),
        };
        std::fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
        Ok(Some(folder))
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    format!("{} can't be written: {error}", path.display()).into()
}

fn analyze(
    input: &Path,
    settings: &config::Camera,
    (masks, annotate): (Option<PathBuf>, Option<PathBuf>),
    output: &mut dyn Write,
    summary: &mut Summary,
) -> Result<(), Failure> {
    let cannot_read = |error: CameraError| Failure::from(error.to_string());
    let mut camera = replay::open(input, Pace::Unlimited, false).map_err(cannot_read)?;
    let mut pipeline = Pipeline::new(settings);
    let mut annotator = Annotator { privacy: Privacy::new(&settings.zones), settings };
    let mut progress = Progress::new(input);
    let mut before = State::Idle;
    let name = input.to_string_lossy();
    loop {
        let reading = Instant::now();
        let frame = match camera.next_frame() {
            Ok(frame) => frame,
            Err(CameraError::End) => break,
            Err(CameraError::Broken(reason)) => {
                summary.skip(&name, &reason);
                continue;
            }
            Err(error) => return Err(cannot_read(error)),
        };
        let read = reading.elapsed().as_micros() as u64;
        let analysis = match pipeline.process(&frame) {
            Ok(analysis) => analysis,
            Err(error) => {
                summary.skip(&name, &error.to_string());
                continue;
            }
        };
        let (decode, motion) = (analysis.timings.decode.into(), analysis.timings.motion.into());
        let timings_us = Stages { read, decode, motion };
        let verdict = Verdict {
            input: &name,
            frame: frame.sequence,
            time: frame.captured.as_secs_f64(),
            ai_status: analysis.state,
            regions: &analysis.regions,
            lighting: analysis.lighting,
            learning: analysis.learning,
            anomaly_score: None,
            is_anomaly: false,
            anomaly_type: None,
            severity: None,
            confidence: None,
            baseline_deviation: None,
            reasoning: &[],
            timings_us,
        };
        serde_json::to_writer(&mut *output, &verdict)
            .map_err(io::Error::from)
            .and_then(|()| output.write_all(b"\n"))
            .map_err(|error| Failure::from(format!("the verdicts can't be written: {error}")))?;
        if let Some(folder) = &masks {
            let path = folder.join(format!("mask{:06}.png", frame.sequence));
            let mask = convert::upscale_mask(pipeline.mask(), frame.width as usize, frame.height as usize);
            write_mask(&path, &mask).map_err(|error| unwritable(&path, &error))?;
        }
        if let Some(folder) = &annotate {
            annotator.write(&frame, &analysis, folder)?;
        }
        summary.alerts += u64::from(analysis.state == State::Alert && before != State::Alert);
        before = analysis.state;
        summary.count(timings_us);
        progress.show(summary.frames);
    }
    progress.clear();
    Ok(())
}

fn write_mask(path: &Path, mask: &Plane) -> io::Result<()> {
    let mut encoder =
        png::Encoder::new(BufWriter::new(File::create(path)?), mask.width as u32, mask.height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(io::Error::other)?;
    writer.write_image_data(&mask.data).map_err(io::Error::other)?;
    writer.finish().map_err(io::Error::other)
}

/// Draws frames as the stream's viewers would see them.
struct Annotator<'a> {
    privacy: Privacy,
    settings: &'a config::Camera,
}

impl Annotator<'_> {
    fn write(&mut self, frame: &Frame, analysis: &Analysis, folder: &Path) -> Result<(), Failure> {
        let path = folder.join(format!("frame{:06}.jpg", frame.sequence));
        let mut picture = convert::picture(frame).map_err(|error| Failure::from(error.to_string()))?;
        self.privacy.blacken_picture(&mut picture);
        let time = format!("{:.2} s", frame.captured.as_secs_f64());
        let config::Camera { name, zones, .. } = self.settings;
        overlay::draw(&mut picture, &Overlay { camera: name, time: &time, analysis, zones });
        let bytes = jpeg::encode(&picture, ANNOTATED_QUALITY)
            .map_err(|error| Failure::from(format!("{}: {error}", path.display())))?;
        std::fs::write(&path, bytes).map_err(|error| unwritable(&path, &error))
    }
}

impl Summary {
    fn skip(&mut self, input: &str, reason: &str) {
        self.broken += 1;
        log::warn!("{input}: frame skipped: {reason}");
    }

    fn count(&mut self, timings: Stages) {
        self.frames += 1;
        self.stages.read += timings.read;
        self.stages.decode += timings.decode;
        self.stages.motion += timings.motion;
    }

    fn print(&self, wall: Duration) {
        let frames = self.frames.max(1) as f64;
        let mean = |total: u64| total as f64 / frames / 1e3;
        eprintln!(
            "{} frames ({} skipped) in {:.2} s, {:.0} fps; ms a frame: read {:.3}, decode {:.3}, motion {:.3}; \
             {} times ALERT; peak memory {}",
            self.frames,
            self.broken,
            wall.as_secs_f64(),
            self.frames as f64 / wall.as_secs_f64().max(1e-9),
            mean(self.stages.read),
            mean(self.stages.decode),
            mean(self.stages.motion),
            self.alerts,
            peak_memory().map_or("unknown".into(), |kib| format!("{:.1} MB", kib as f64 / 1024.0)),
        );
    }
}

/// The process's largest resident size in KiB, as Linux counts it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// A line on the terminal, if there is one, that says how far it is.
struct Progress {
    name: Option<String>,
    shown: Instant,
}

impl Progress {
    fn new(input: &Path) -> Self {
        let terminal = io::stderr().is_terminal();
        Self { name: terminal.then(|| input.display().to_string()), shown: Instant::now() }
    }

    fn show(&mut self, frames: u64) {
        if let Some(name) = &self.name
            && self.shown.elapsed() > Duration::from_millis(200)
        {
            self.shown = Instant::now();
            eprint!("\r{name}: {frames} frames");
        }
    }

    fn clear(&self) {
        if self.name.is_some() {
            eprint!("\r\x1b[K");
        }
    }
}
