//! `edge-cctv analyze`: the live service's eyes for recordings.

use crate::anomaly::kinds::{AnomalyType, Severity};
use crate::anomaly::{Anomaly, Only, Rarity};
use crate::camera::replay::{self, Pace};
use crate::camera::{Camera, CameraError, Frame};
use crate::commands::Failure;
use crate::config;
use crate::motion::zones::Privacy;
use crate::picture::overlay::{self, Overlay};
use crate::picture::plane::Plane;
use crate::picture::{convert, jpeg};
use crate::pipeline::{Analysis, Pipeline, Region, State};
use crate::service::process;
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
    /// Recordings of what is normal, from which the baseline is learned first
    #[arg(long, value_name = "INPUT")]
    learn: Vec<PathBuf>,
    /// Write the foreground of each frame as mask000000.png (0 or 255, the input's size)
    #[arg(long, value_name = "DIR")]
    masks: Option<PathBuf>,
    /// Write each frame with its overlay as frame000000.jpg
    #[arg(long, value_name = "DIR")]
    annotate: Option<PathBuf>,
    /// Judge by these signals alone, for comparisons
    #[arg(long, value_name = "FAMILY", default_value = "all", value_parser = family)]
    signals: Only,
    /// Add to each line how rare each signal's value is
    #[arg(long)]
    explain: bool,
    /// Where the verdicts go, one JSON line a frame [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Video files (MJPEG .avi, H.264 .mp4) or folders of .jpg and .png pictures
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
}

/// Reads the name of a family of signals.
fn family(name: &str) -> Result<Only, String> {
    match name {
        "all" => Ok(Only::All),
        "behaviour" => Ok(Only::Behaviour),
        "network" => Ok(Only::Network),
        _ => Err("allowed are all, behaviour and network".into()),
    }
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
    /// `None` when anomalies aren't looked for.
    anomaly_score: Option<f32>,
    is_anomaly: bool,
    anomaly_type: Option<AnomalyType>,
    severity: Option<Severity>,
    confidence: Option<f32>,
    baseline_deviation: Option<f32>,
    reasoning: Vec<String>,
    /// From 0 to 1.
    baseline_progress: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rarities: Option<Vec<Rarity>>,
    timings_us: Stages,
}

/// Microseconds of one frame.
#[derive(Clone, Copy, Default, Serialize)]
struct Stages {
    /// Reading, and for H.264 decoding, the frame.
    read: u64,
    decode: u64,
    motion: u64,
    /// The network's look included.
    anomaly: u64,
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
        let mut config = match &self.config {
            Some(path) => config::load(path)?,
            None => config::Config::default(),
        };
        let (network, camera) = (config.network, config.cameras.swap_remove(0));
        let mut anomaly = Anomaly::configured(&camera, &network);
        if let Some(anomaly) = &mut anomaly {
            anomaly.only = self.signals;
        }
        let mut output: Box<dyn Write> = match &self.output {
            Some(path) => Box::new(BufWriter::new(File::create(path).map_err(|e| unwritable(path, &e))?)),
            None => Box::new(BufWriter::new(io::stdout().lock())),
        };
        let started = Instant::now();
        let mut summary = Summary::default();
        if !self.learn.is_empty() {
            anomaly.iter_mut().for_each(Anomaly::teach);
            for input in &self.learn {
                anomaly = learn(input, &camera, anomaly, &mut summary)?;
            }
            anomaly.iter_mut().for_each(Anomaly::end_teaching);
            summary.print("learned from", started.elapsed());
            summary = Summary::default();
        }
        let learned = anomaly.as_ref().map(|anomaly| anomaly.baseline().clone());
        let started = Instant::now();
        for input in &self.inputs {
            if let (Some(anomaly), Some(learned)) = (&mut anomaly, &learned) {
                anomaly.set_baseline(learned.clone());
            }
            let folder = |base: &Option<PathBuf>| self.folder(base.as_deref(), input);
            let places = (folder(&self.masks)?, folder(&self.annotate)?);
            anomaly = analyze(input, &camera, anomaly, places, self.explain, &mut output, &mut summary)?;
        }
        output.flush().map_err(|error| Failure::from(format!("the verdicts can't be written: {error}")))?;
        summary.print("analyzed", started.elapsed());
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
    anomaly: Option<Anomaly>,
    (masks, annotate): (Option<PathBuf>, Option<PathBuf>),
    explain: bool,
    output: &mut dyn Write,
    summary: &mut Summary,
) -> Result<Option<Anomaly>, Failure> {
    let mut camera = replay::open(input, Pace::Unlimited, false).map_err(unreadable)?;
    let mut pipeline = Pipeline::new(settings, anomaly);
    let mut annotator = Annotator { privacy: Privacy::new(&settings.zones), settings };
    let mut progress = Progress::new(input);
    let mut before = State::Idle;
    let name = input.to_string_lossy();
    while let Some((frame, analysis, timings_us)) = step(&mut *camera, &mut pipeline, &name, summary)? {
        let judgement = analysis.judgement.as_ref();
        let found = judgement.and_then(|judgement| judgement.verdict.as_ref());
        let verdict = Verdict {
            input: &name,
            frame: frame.sequence,
            time: frame.captured.as_secs_f64(),
            ai_status: analysis.state,
            regions: &analysis.regions,
            lighting: analysis.lighting,
            learning: analysis.learning,
            anomaly_score: judgement.map(|judgement| judgement.score),
            is_anomaly: found.is_some(),
            anomaly_type: found.map(|verdict| verdict.anomaly_type),
            severity: found.map(|verdict| verdict.severity),
            confidence: found.map(|verdict| verdict.confidence),
            baseline_deviation: found.map(|verdict| verdict.baseline_deviation),
            reasoning: found.map_or_else(Vec::new, |verdict| verdict.reasoning()),
            baseline_progress: judgement.map(|judgement| judgement.progress),
            rarities: pipeline.anomaly().filter(|_| explain).map(|anomaly| anomaly.rarities()),
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
    Ok(pipeline.into_anomaly())
}

/// Takes a recording as normal.
fn learn(
    input: &Path,
    settings: &config::Camera,
    anomaly: Option<Anomaly>,
    summary: &mut Summary,
) -> Result<Option<Anomaly>, Failure> {
    let mut camera = replay::open(input, Pace::Unlimited, false).map_err(unreadable)?;
    let mut pipeline = Pipeline::new(settings, anomaly);
    pipeline.reset();
    let mut progress = Progress::new(input);
    while let Some((_, _, timings)) = step(&mut *camera, &mut pipeline, &input.to_string_lossy(), summary)? {
        summary.count(timings);
        progress.show(summary.frames);
    }
    progress.clear();
    Ok(pipeline.into_anomaly())
}

/// The next frame that can be used, analysed; `None` at the end.
fn step(
    camera: &mut dyn Camera,
    pipeline: &mut Pipeline,
    name: &str,
    summary: &mut Summary,
) -> Result<Option<(Frame, Analysis, Stages)>, Failure> {
    loop {
        let reading = Instant::now();
        let frame = match camera.next_frame() {
            Ok(frame) => frame,
            Err(CameraError::End) => return Ok(None),
            Err(CameraError::Broken(reason)) => {
                summary.skip(name, &reason);
                continue;
            }
            Err(error) => return Err(unreadable(error)),
        };
        let read = reading.elapsed().as_micros() as u64;
        match pipeline.process(&frame, None) {
            Ok(mut analysis) => {
                let timings = analysis.timings;
                let [decode, motion, judging] =
                    [timings.decode, timings.motion, timings.anomaly].map(u64::from);
                let mut anomaly = judging;
                // Nobody waits for the frame: what is told of it has its own look in it.
                if let Some((judgement, took)) = pipeline.ask_network() {
                    analysis.judgement = Some(judgement);
                    anomaly += took.as_micros() as u64;
                }
                return Ok(Some((frame, analysis, Stages { read, decode, motion, anomaly })));
            }
            Err(error) => summary.skip(name, &error.to_string()),
        }
    }
}

fn unreadable(error: CameraError) -> Failure {
    error.to_string().into()
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
        self.privacy.blacken_surface(&mut picture);
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
        self.stages.anomaly += timings.anomaly;
    }

    fn print(&self, what: &str, wall: Duration) {
        let frames = self.frames.max(1) as f64;
        let mean = |total: u64| total as f64 / frames / 1e3;
        eprintln!(
            "{what} {} frames ({} skipped) in {:.2} s, {:.0} fps; ms a frame: read {:.3}, decode {:.3}, motion {:.3}, \
             anomaly {:.3}; {} times ALERT; peak memory {}",
            self.frames,
            self.broken,
            wall.as_secs_f64(),
            self.frames as f64 / wall.as_secs_f64().max(1e-9),
            mean(self.stages.read),
            mean(self.stages.decode),
            mean(self.stages.motion),
            mean(self.stages.anomaly),
            self.alerts,
            process::peak_memory_bytes()
                .map_or("unknown".into(), |bytes| format!("{:.1} MB", bytes as f64 / f64::from(1 << 20))),
        );
    }
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
