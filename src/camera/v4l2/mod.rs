//! V4L2 cameras: opening, capture, and what goes wrong with them. Nothing outside this folder knows V4L2.

mod driver;
#[cfg(test)]
mod fake;
mod fault;
mod format;
mod list;
mod node;
mod time;

pub use driver::{FourCc, Rate, Size};
pub use format::PREFERENCE;
pub use list::{DeviceInfo, FormatInfo, SizeInfo, devices, formats};

use super::{Camera, CameraError, Frame, Opened, PixelFormat, Range, Wanted};
use crate::service::clock::SharedClock;
use driver::{Driver, Filled, name};
use format::FrameLayout;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use time::{Counter, Timeline};

/// Buffers asked for: one being filled, one waiting, one being read, and one for a late reader. A driver may give
/// another number.
const BUFFERS: u32 = 4;

/// The pause after a wake-up without a buffer, so that a driver in a bad state doesn't make a busy loop.
const SPURIOUS_PAUSE: Duration = Duration::from_millis(5);

/// Opens a V4L2 device and starts streaming.
///
/// `path` may be a link (`/dev/v4l/by-id/…`, `/dev/v4l/by-path/…`): it is followed at each opening, so opening it
/// again finds the camera under its new number. The driver may give another size and rate than `wanted`; what it
/// gives is in [`Camera::opened`]. No frame within `timeout`: [`CameraError::TimedOut`], and it must be reopened.
///
/// # Errors
/// A text that says what to do.
pub fn open(
    path: &Path,
    wanted: &Wanted,
    timeout: Duration,
    clock: SharedClock,
) -> Result<Box<dyn Camera>, CameraError> {
    open_as(path, &PREFERENCE, wanted, timeout, clock)
}

/// As [`open`], with these pixel formats only, the best first.
pub fn open_as(
    path: &Path,
    formats: &[FourCc],
    wanted: &Wanted,
    timeout: Duration,
    clock: SharedClock,
) -> Result<Box<dyn Camera>, CameraError> {
    fault::check_node(path, list::found)?;
    let node = node::Node::open(path).map_err(|error| fault::opening(path, &error))?;
    Ok(Box::new(Capture::start(node, path, formats, wanted, timeout, clock)?))
}

/// A streaming device.
struct Capture<D> {
    driver: D,
    /// As given, for texts.
    path: PathBuf,
    opened: Opened,
    layout: FrameLayout,
    buffers: usize,
    timeout: Duration,
    clock: SharedClock,
    timeline: Timeline,
    counter: Counter,
    started: bool,
    /// Reasons of unusable frames that were passed over on the way to a good one.
    broken: VecDeque<String>,
    /// The device failed for good, found out beside a good frame.
    failed: Option<CameraError>,
}

impl<D: Driver> Capture<D> {
    fn start(
        mut driver: D,
        path: &Path,
        formats: &[FourCc],
        wanted: &Wanted,
        timeout: Duration,
        clock: SharedClock,
    ) -> Result<Self, CameraError> {
        let lost = |doing| move |error: io::Error| fault::starting(path, doing, &error);
        let refused = |reason: String| CameraError::Lost(format!("{}: {reason}", path.display()));

        let identity = driver.identity().map_err(lost("being asked what it is"))?;
        if let Some(reason) = fault::refuse(&identity) {
            return Err(refused(reason));
        }
        let layout = choose(&mut driver, path, formats, wanted)?;
        // Not all drivers know rates, and a camera works without.
        let fps = driver.set_rate(wanted.fps).ok().flatten();
        let buffers = driver.allocate(BUFFERS).map_err(lost("making buffers"))?;
        for index in 0..buffers {
            driver.queue(index).map_err(lost("taking the buffers"))?;
        }
        driver.start().map_err(lost("starting to stream"))?;

        let opened = Opened {
            device: identity.card,
            format: name(layout.0),
            width: layout.1.width,
            height: layout.1.height,
            fps,
        };
        tell_difference(path, difference(wanted, &opened));
        Ok(Self {
            driver,
            path: path.into(),
            opened,
            layout: layout.1,
            buffers,
            timeout,
            clock,
            timeline: Timeline::default(),
            counter: Counter::default(),
            started: false,
            broken: VecDeque::new(),
            failed: None,
        })
    }

    /// Takes all buffers that are ready and keeps the newest good one; `None` if there is none.
    /// An error beside a good one is kept for the next call.
    fn newest(&mut self) -> Result<Option<Filled>, CameraError> {
        let mut newest: Option<Filled> = None;
        // Bounded: a camera that is faster than this thread must not keep it here.
        for _ in 0..self.buffers {
            match self.driver.dequeue() {
                Ok(filled) => {
                    let unneeded = match self.unusable(&filled)? {
                        Some(reason) => {
                            self.broken.push_back(reason);
                            Some(filled)
                        }
                        None => newest.replace(filled),
                    };
                    if let Some(unneeded) = unneeded {
                        self.give_back(unneeded.index);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.fail(&error);
                    break;
                }
            }
        }
        Ok(newest)
    }

    /// Why a buffer's contents can't be used, if so.
    fn unusable(&self, filled: &Filled) -> Result<Option<String>, CameraError> {
        let Some(memory) = self.driver.memory(filled.index) else {
            let text = format!("{}: the driver gave a buffer that doesn't exist", self.path.display());
            return Err(CameraError::Lost(text));
        };
        let used = filled.bytes_used;
        Ok(match self.layout.length {
            _ if filled.damaged => Some("the frame was damaged on its way from the camera".into()),
            _ if used == 0 => Some("the frame is empty".into()),
            _ if used > memory.len() => {
                Some(format!("the frame's {used} bytes are more than its buffer has"))
            }
            Some(length) if used < length => Some(format!("the frame is cut off: {used} of {length} bytes")),
            _ => None,
        })
    }

    fn frame(&mut self, filled: &Filled) -> Frame {
        let length = self.layout.length.unwrap_or(filled.bytes_used);
        // `unusable` has checked the length against the buffer's.
        let memory = self.driver.memory(filled.index).unwrap_or_default();
        let data = memory.get(..length).unwrap_or_default().to_vec();
        self.give_back(filled.index);
        let FrameLayout { format, width, height, stride, .. } = self.layout;
        Frame {
            sequence: self.counter.next(filled.sequence),
            captured: self.timeline.place(filled.taken, self.driver.monotonic(), self.clock.now()),
            restarted: !std::mem::replace(&mut self.started, true),
            format,
            width,
            height,
            stride,
            range: range_of(format),
            data,
        }
    }

    fn give_back(&mut self, index: usize) {
        if let Err(error) = self.driver.queue(index) {
            self.fail(&error);
        }
    }

    fn fail(&mut self, error: &io::Error) {
        self.failed.get_or_insert_with(|| fault::streaming(&self.path, error));
    }
}

impl<D: Driver> Camera for Capture<D> {
    fn opened(&self) -> &Opened {
        &self.opened
    }

    fn next_frame(&mut self) -> Result<Frame, CameraError> {
        let deadline = self.clock.now() + self.timeout;
        loop {
            if let Some(reason) = self.broken.pop_front() {
                return Err(CameraError::Broken(reason));
            }
            if let Some(error) = &self.failed {
                return Err(error.clone());
            }
            let left = deadline.saturating_sub(self.clock.now());
            if left.is_zero() {
                return Err(CameraError::TimedOut(self.timeout));
            }
            match self.driver.wait(left) {
                Ok(true) => match self.newest()? {
                    Some(filled) => return Ok(self.frame(&filled)),
                    None if self.broken.is_empty() && self.failed.is_none() => {
                        self.clock.sleep(SPURIOUS_PAUSE);
                    }
                    None => {}
                },
                Ok(false) => {}
                Err(error) => self.fail(&error),
            }
        }
    }
}

/// Sets the best format that the device accepts.
fn choose(
    driver: &mut impl Driver,
    path: &Path,
    formats: &[FourCc],
    wanted: &Wanted,
) -> Result<(FourCc, FrameLayout), CameraError> {
    let offers = list::offers(driver);
    let mut last = None;
    for fourcc in format::candidates(&offers, formats) {
        match driver.set_layout(fourcc, wanted.width, wanted.height) {
            // A driver may answer with another format; if it is a known one, that is fine too.
            Ok(answer) => match FrameLayout::new(&answer) {
                Ok(layout) => return Ok((answer.fourcc, layout)),
                Err(reason) => last = Some(CameraError::Lost(format!("{}: {reason}", path.display()))),
            },
            // It knows the format by name only.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
                last = Some(fault::starting(path, "setting the format", &error));
            }
            Err(error) => return Err(fault::starting(path, "setting the format", &error)),
        }
    }
    let none = || CameraError::Lost(format!("{}: {}", path.display(), format::unusable(&offers)));
    Err(last.unwrap_or_else(none))
}

/// What the device gives otherwise than asked.
fn difference(wanted: &Wanted, opened: &Opened) -> Option<String> {
    let size = (wanted.width, wanted.height) == (opened.width, opened.height);
    let rate = opened.fps.is_none_or(|fps| (fps - wanted.fps).abs() < 0.1);
    (!size || !rate).then(|| {
        let hundredths = |fps: f32| (fps * 100.0).round() / 100.0;
        let fps =
            opened.fps.map_or_else(String::new, |fps| format!(" at {} frames a second", hundredths(fps)));
        format!(
            "asked for {}x{} at {} frames a second, the camera gives {}x{}{fps}",
            wanted.width, wanted.height, wanted.fps, opened.width, opened.height
        )
    })
}

/// Logs it once, and not at each reopening of the camera.
fn tell_difference(path: &Path, text: Option<String>) {
    static TOLD: Mutex<BTreeMap<PathBuf, Option<String>>> = Mutex::new(BTreeMap::new());
    let before = TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(path.into(), text.clone());
    if let Some(text) = text
        && before.flatten().as_ref() != Some(&text)
    {
        log::info!("{}: {text}", path.display());
    }
}

#[cfg(test)]
mod tests;

/// Grey sensors deliver what they measure. What comes as video keeps to video's range unless the driver says
/// otherwise (V4L2_MAP_QUANTIZATION_DEFAULT for YCbCr), which the crate doesn't pass on.
fn range_of(format: PixelFormat) -> Range {
    match format {
        PixelFormat::Jpeg | PixelFormat::Grey => Range::Full,
        PixelFormat::Yuyv | PixelFormat::Nv12 | PixelFormat::I420 => Range::Limited,
    }
}
