//! The way of one frame: frames and configuration in, analyses out. Pure: time comes from the frame.

use crate::alert::{Cause, StateMachine};
use crate::anomaly::hours::Hour;
use crate::anomaly::kinds::Severity;
use crate::anomaly::{Anomaly, Judgement, Seen};
use crate::camera::{Frame, PixelFormat};
use crate::config;
use crate::motion::Motion;
use crate::motion::tracks::Track;
use crate::motion::zones::Privacy;
use crate::picture::coded::{Index, Refusal, Scale, Scanner};
use crate::picture::convert::{self, PictureError};
use crate::picture::plane::Plane;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// IDLE, MOTION or ALERT
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    #[default]
    Idle,
    Motion,
    Alert,
}

impl State {
    pub const ALL: [Self; 3] = [Self::Idle, Self::Motion, Self::Alert];

    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "IDLE",
            Self::Motion => "MOTION",
            Self::Alert => "ALERT",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == text)
    }
}

/// A moving thing in one frame, in pixels of the frame.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Region {
    pub x: u32,
    pub y: u32,
    pub w: u32,
    pub h: u32,
    /// Foreground pixels in the box.
    pub area: u32,
    /// Number of the track it belongs to, counted from 1 for the camera's life.
    pub track: u32,
    /// Name of the alert zone that it is in.
    pub zone: Option<Arc<str>>,
    /// Pixels a second, smoothed.
    pub speed: f32,
    /// Seconds since the track was first seen.
    pub dwell: f32,
}

/// Where the time of one frame went, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Timings {
    pub decode: u32,
    pub motion: u32,
    /// The anomaly detection, but for the network's look, which comes when all this is told.
    pub anomaly: u32,
}

/// What was found in one frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Analysis {
    pub sequence: u64,
    pub captured: Duration,
    /// The frame's size in pixels.
    pub width: u32,
    pub height: u32,
    pub state: State,
    /// The alert zone that caused ALERT, while it lasts.
    pub alert_zone: Option<Arc<str>>,
    /// How severe ALERT's last cause was, while it lasts.
    pub alert_severity: Option<Severity>,
    /// What raises an ALERT in this very frame.
    pub causes: Vec<Cause>,
    pub regions: Vec<Region>,
    /// A change of light over the whole picture is under way.
    pub lighting: bool,
    /// The background isn't known yet.
    pub learning: bool,
    /// What is strange about it; `None` while anomalies aren't looked for.
    pub judgement: Option<Judgement>,
    pub timings: Timings,
}

/// The pipeline of one camera.
pub struct Pipeline {
    motion_settings: config::Motion,
    alert_settings: config::Alert,
    scanner: Scanner,
    /// The last frame was read by the scanner.
    scanned: bool,
    privacy: Privacy,
    motion: Motion,
    anomaly: Option<Anomaly>,
    machine: StateMachine,
}

impl Pipeline {
    /// Without a judge, anomalies aren't looked for.
    pub fn new(camera: &config::Camera, anomaly: Option<Anomaly>) -> Self {
        Self {
            motion_settings: camera.motion.clone(),
            alert_settings: camera.alert.clone(),
            scanner: Scanner::default(),
            scanned: false,
            privacy: Privacy::new(&camera.zones),
            motion: Motion::new(&camera.motion, &camera.zones),
            anomaly,
            machine: StateMachine::default(),
        }
    }

    /// Takes new settings, which act from the next frame on.
    pub fn configure(&mut self, camera: &config::Camera) {
        self.motion_settings = camera.motion.clone();
        self.alert_settings = camera.alert.clone();
        self.motion.configure(&camera.motion, &camera.zones);
        if let Some(anomaly) = &mut self.anomaly {
            anomaly.configure(&camera.anomaly);
        }
        // What becomes black or is seen again hasn't moved, and nobody has covered the lens.
        if !self.privacy.hides(&camera.zones) {
            self.privacy = Privacy::new(&camera.zones);
            self.motion.reset();
            if let Some(anomaly) = &mut self.anomaly {
                anomaly.see_anew();
            }
        }
    }

    /// The source began anew: what was seen before tells nothing of what comes.
    pub fn reset(&mut self) {
        self.motion.reset();
        if let Some(anomaly) = &mut self.anomaly {
            anomaly.cut();
        }
    }

    /// The judge of anomalies, if there is one.
    pub fn anomaly(&mut self) -> Option<&mut Anomaly> {
        self.anomaly.as_mut()
    }

    /// Begins or ends the search for anomalies; motion goes on as it was.
    pub fn set_anomaly(&mut self, anomaly: Option<Anomaly>) {
        self.anomaly = anomaly;
    }

    /// Ends the pipeline; its judge of anomalies can go on in another one.
    pub fn into_anomaly(self) -> Option<Anomaly> {
        self.anomaly
    }

    /// Analyses one frame, with what the network saw before it; then [`Pipeline::ask_network`] is due. `hour` is the local
    /// time of a frame that is of now.
    ///
    /// # Errors
    /// The frame can't be decoded: it is skipped, and what was learned stays.
    pub fn process(&mut self, frame: &Frame, hour: Option<Hour>) -> Result<Analysis, PictureError> {
        let watch = Stopwatch::start();
        let mut luma = self.luma(frame)?;
        self.privacy.blacken(&mut luma);
        let decode = watch.lap();
        let moving = self.motion.look(&luma, frame.captured);
        let motion = watch.lap() - decode;

        let seen =
            Seen { luma: &luma, mask: self.motion.mask(), moving: &moving, time: frame.captured, hour };
        let judgement = self.anomaly.as_mut().map(|anomaly| anomaly.look(&seen));
        let judged = watch.lap() - decode - motion;
        let alarming = judgement.as_ref().and_then(|judgement| judgement.verdict.as_ref());

        let regions = moving.tracks.iter().map(|track| region(track, frame, &luma)).collect::<Vec<_>>();
        let state = self.machine.update(
            frame.captured,
            &regions,
            alarming,
            &self.motion_settings,
            &self.alert_settings,
        );
        Ok(Analysis {
            sequence: frame.sequence,
            captured: frame.captured,
            width: frame.width,
            height: frame.height,
            state,
            alert_zone: self.machine.alert_zone(),
            alert_severity: self.machine.severity(),
            causes: self.machine.causes().to_vec(),
            regions,
            lighting: moving.lighting,
            learning: moving.learning,
            judgement,
            timings: Timings { decode, motion, anomaly: judged },
        })
    }

    /// Whether the network is to look at the last frame.
    pub fn is_look_due(&self) -> bool {
        self.anomaly.as_ref().is_some_and(Anomaly::is_look_due)
    }

    /// Lets the network look at the last frame, if it is time; gives what is said of the frame now and the time that it took, if it
    /// could. The state follows with the next frame, so whoever shows frames can show this one before.
    pub fn ask_network(&mut self) -> Option<(Judgement, Duration)> {
        let watch = Stopwatch::start();
        let judgement = self.anomaly.as_mut()?.ask_network()?;
        Some((judgement, Duration::from_micros(watch.lap().into())))
    }

    /// The picture in which motion is sought.
    fn luma(&mut self, frame: &Frame) -> Result<Plane, PictureError> {
        self.scanned = false;
        let denominator = denominator(frame.width, self.motion_settings.max_width);
        let scale = match denominator {
            4 if frame.format == PixelFormat::Jpeg => Scale::Quarter,
            8 if frame.format == PixelFormat::Jpeg => Scale::Eighth,
            _ => return convert::luma(frame, denominator),
        };
        match self.scanner.luma(&frame.data, scale) {
            Ok(luma) => {
                self.scanned = true;
                Ok(luma)
            }
            Err(Refusal::Broken(error)) => Err(error.into()),
            // Slower, and in all forms.
            Err(Refusal::Unsupported(_)) => convert::luma(frame, denominator),
        }
    }

    /// Where everything is in the last frame, if the analysis had to find that out: whoever draws on it need not.
    pub fn take_index(&mut self) -> Option<Index> {
        std::mem::take(&mut self.scanned).then(|| self.scanner.take_index())
    }

    /// Whether the very next frame matters: something new was seen that isn't believed yet, or not told.
    pub fn is_undecided(&self) -> bool {
        let anomaly = self.anomaly.as_ref();
        self.motion.is_undecided()
            || self.machine.is_undecided()
            || anomaly.is_some_and(Anomaly::is_undecided)
    }

    /// The last frame's foreground at the size at which motion was sought, 0 or 255.
    pub fn mask(&self) -> &Plane {
        self.motion.mask()
    }

    /// What is done with each pixel of the last frame, as numbers of [`Layer`](crate::motion::zones::Layer) at the size
    /// at which motion was sought; `None` before the first frame.
    pub fn layers(&self) -> Option<Plane> {
        self.motion.layers(&self.privacy)
    }
}

/// The smallest reduction (1, 2, 4 or 8, which JPEG decodes to directly) to at most `max_width` columns.
fn denominator(width: u32, max_width: u32) -> u32 {
    [1, 2, 4].into_iter().find(|d| width.div_ceil(*d) <= max_width).unwrap_or(8)
}

/// A track in pixels of the frame.
fn region(track: &Track, frame: &Frame, luma: &Plane) -> Region {
    let across = frame.width as f32 / luma.width as f32;
    let down = frame.height as f32 / luma.height as f32;
    let (left, top) = ((track.blob.left as f32 * across) as u32, (track.blob.top as f32 * down) as u32);
    let right = ((track.blob.right as f32 * across).ceil() as u32).min(frame.width);
    let bottom = ((track.blob.bottom as f32 * down).ceil() as u32).min(frame.height);
    Region {
        x: left,
        y: top,
        w: right - left,
        h: bottom - top,
        area: (track.blob.area as f32 * across * down).round() as u32,
        track: track.id,
        // What only appears and changes in place may be light.
        zone: track.blob.zone.clone().filter(|_| track.has_moved),
        speed: (track.velocity.0 * across).hypot(track.velocity.1 * down),
        dwell: frame.captured.saturating_sub(track.first_seen).as_secs_f32(),
    }
}

/// Measures how long the stages take. The one place where the pipeline looks at a clock, and no result
/// depends on it.
struct Stopwatch(std::time::Instant);

impl Stopwatch {
    fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Microseconds since the start.
    fn lap(&self) -> u32 {
        self.0.elapsed().as_micros().try_into().unwrap_or(u32::MAX)
    }
}
