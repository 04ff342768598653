//! A camera that needs none: a street in front of a fenced yard, drawn by this program. Newcomers see all states
//! of the appliance with it, and tests have a scene whose events are known beforehand ([`schedule`]).
//!
//! Frame `k` is a pure function of `k`, the size and the rate: the same bytes on every machine of a kind.
//! Knows nothing of motion and zones beyond offering its yard as one.

mod backdrop;
mod canvas;
mod cast;

use super::{Camera, CameraError, Frame, Opened, PixelFormat, Range, Wanted};
use crate::config::{Zone, ZoneKind};
use crate::service::clock::SharedClock;
use backdrop::Backdrop;
use canvas::Canvas;
pub use cast::{CALM_CYCLES, CYCLE_SECONDS, Unusual};
use std::time::Duration;

/// Samples of noise that lines are taken from at random places: enough that no pattern is seen.
const NOISE_SAMPLES: usize = 1 << 16;

/// Standard deviation of the noise in luma steps: a common webcam by day.
const NOISE: f32 = 1.6;

/// The unusual things of one cycle, in order.
pub fn schedule() -> &'static [Unusual] {
    &cast::UNUSUAL
}

/// The yard, through which nothing normal passes: the alert zone when none is configured.
pub fn zone() -> Zone {
    Zone {
        name: "yard".into(),
        kind: ZoneKind::Alert,
        // Up the wall as far as people who stand before it reach.
        points: vec![(0.565, 0.27), (0.99, 0.27), (0.99, 0.565), (0.505, 0.565)],
    }
}

/// Opens the demo at the wanted size (160x120 to 3840x2160) and rate (1 to 60 a second). With a clock, frames come
/// when they are due and the newest one is given to whoever comes late; without one they come as fast as they can
/// be drawn and the time is the scene's own.
pub fn open(wanted: &Wanted, clock: Option<SharedClock>) -> Box<dyn Camera> {
    let (width, height) = (wanted.width.clamp(160, 3840), wanted.height.clamp(120, 2160));
    let fps = if wanted.fps.is_finite() { wanted.fps.clamp(1.0, 60.0) } else { 25.0 };
    let opened =
        Opened { device: "demo scene".into(), format: "drawn".into(), width, height, fps: Some(fps) };
    let scene = Scene::new(width as usize, height as usize);
    let start = clock.as_ref().map_or(Duration::ZERO, |clock| clock.now());
    Box::new(Demo { opened, scene, clock, start, fps: f64::from(fps), next: 0 })
}

struct Demo {
    opened: Opened,
    scene: Scene,
    clock: Option<SharedClock>,
    /// The clock's time at frame 0.
    start: Duration,
    fps: f64,
    /// Number of the next frame.
    next: u64,
}

impl Camera for Demo {
    fn opened(&self) -> &Opened {
        &self.opened
    }

    fn next_frame(&mut self) -> Result<Frame, CameraError> {
        if let Some(clock) = &self.clock {
            let now = clock.now();
            let newest = (now.saturating_sub(self.start).as_secs_f64() * self.fps) as u64;
            self.next = self.next.max(newest);
            let due = self.start + Duration::from_secs_f64(self.next as f64 / self.fps);
            if due > now {
                clock.sleep(due - now);
            }
        }
        let number = self.next;
        self.next += 1;
        let seconds = number as f64 / self.fps;
        Ok(Frame {
            sequence: number,
            captured: self.start + Duration::from_secs_f64(seconds),
            restarted: number == 0,
            format: PixelFormat::I420,
            range: Range::Limited,
            width: self.opened.width,
            height: self.opened.height,
            stride: self.opened.width,
            data: self.scene.frame(number, seconds),
        })
    }
}

/// All that is prepared once.
struct Scene {
    width: usize,
    height: usize,
    backdrop: Backdrop,
    script: Vec<cast::Role>,
    noise: Vec<i8>,
}

impl Scene {
    fn new(width: usize, height: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(1);
        // The sum of four uniform numbers is near enough to a normal one; its deviation is sqrt(4/12).
        let mut normal = || (0..4).map(|_| random.f32() - 0.5).sum::<f32>() / 0.577;
        let noise = (0..NOISE_SAMPLES + width).map(|_| (normal() * NOISE).round() as i8).collect();
        Self { width, height, backdrop: Backdrop::new(width, height), script: cast::script(), noise }
    }

    /// The bytes of a frame.
    fn frame(&self, number: u64, seconds: f64) -> Vec<u8> {
        let mut data = self.still(seconds);
        let mut random = fastrand::Rng::with_seed(number);
        for line in data[..self.width * self.height].chunks_exact_mut(self.width) {
            let noise = &self.noise[random.usize(..NOISE_SAMPLES)..][..self.width];
            for (sample, &noise) in line.iter_mut().zip(noise) {
                *sample = sample.saturating_add_signed(noise);
            }
        }
        data
    }

    /// The scene without noise, at a time since the start.
    fn still(&self, seconds: f64) -> Vec<u8> {
        let mut data = self.backdrop.data.clone();
        let mut canvas = Canvas::over(&mut data, self.width, self.height, &self.backdrop.front);
        cast::draw(&self.script, seconds, &mut canvas);
        data
    }
}

#[cfg(test)]
mod tests;
