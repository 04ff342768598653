//! A camera for tests that misbehaves as told.

use super::driver::{Driver, Filled, FourCc, Identity, Layout, Offer, Rate, Size};
use crate::service::clock::{Clock, SimulatedClock};
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use v4l::v4l_sys as sys;

/// What the fake does when it is next asked for a buffer.
pub enum Act {
    /// Gives a buffer with these bytes, flagged as damaged or not.
    Fill { bytes: Vec<u8>, damaged: bool },
    /// Says that so many bytes are used, whatever the buffer's length.
    Claim(usize),
    /// Names a buffer that doesn't exist.
    Stray,
    /// Fails with this errno.
    Fail(i32),
    /// Woke the waiter for nothing.
    Spurious,
    /// Ends the queue: what follows comes only after the next wait.
    Later,
}

/// What happened to the fake, seen from outside after it was given away.
#[derive(Default)]
pub struct Seen {
    pub queued: Vec<usize>,
    pub dropped: bool,
}

pub struct Fake {
    pub capabilities: u32,
    pub formats: Vec<FourCc>,
    /// What the driver answers to a wish for a layout.
    pub answer: Option<Layout>,
    pub rate: Option<f32>,
    pub acts: VecDeque<Act>,
    pub endless: bool,
    /// The steps that fail, by name, with their errno; QBUF once.
    pub failing: Vec<(&'static str, i32)>,
    pub clock: Arc<SimulatedClock>,
    pub seen: Arc<Mutex<Seen>>,
    memory: Vec<Vec<u8>>,
    free: VecDeque<usize>,
    sequence: u32,
}

impl Fake {
    pub fn camera(formats: &[FourCc]) -> Self {
        Self {
            capabilities: sys::V4L2_CAP_VIDEO_CAPTURE | sys::V4L2_CAP_STREAMING,
            formats: formats.into(),
            answer: None,
            rate: Some(30.0),
            acts: VecDeque::new(),
            endless: false,
            failing: Vec::new(),
            clock: SimulatedClock::shared(),
            seen: Arc::default(),
            memory: Vec::new(),
            free: VecDeque::new(),
            sequence: 0,
        }
    }

    fn step(&self, name: &str) -> io::Result<()> {
        match self.failing.iter().find(|(step, _)| *step == name) {
            Some((_, errno)) => Err(io::Error::from_raw_os_error(*errno)),
            None => Ok(()),
        }
    }

    fn entry<T: Clone>(&self, list: &[T], index: u32) -> io::Result<T> {
        let index = if self.endless { 0 } else { index as usize };
        list.get(index).cloned().ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))
    }
}

impl Driver for Fake {
    fn identity(&self) -> io::Result<Identity> {
        self.step("identity")?;
        let capabilities = self.capabilities;
        Ok(Identity { driver: "fake".into(), card: "fake camera".into(), bus: "none".into(), capabilities })
    }

    fn offer(&self, index: u32) -> io::Result<Offer> {
        self.entry(&self.formats, index).map(|fourcc| Offer { fourcc, description: "Fake".into() })
    }

    fn size(&self, _: FourCc, index: u32) -> io::Result<Size> {
        self.entry(&[Size::Exact { width: 640, height: 480 }], index)
    }

    fn rate(&self, _: FourCc, _: u32, _: u32, index: u32) -> io::Result<Rate> {
        self.entry(&[Rate::Exact(30.0), Rate::Exact(15.0)], index)
    }

    fn set_layout(&mut self, fourcc: FourCc, width: u32, height: u32) -> io::Result<Layout> {
        self.step("set_layout")?;
        Ok(self.answer.unwrap_or(Layout { fourcc, width, height, stride: 0 }))
    }

    fn set_rate(&mut self, _: f32) -> io::Result<Option<f32>> {
        self.step("set_rate").map(|()| self.rate)
    }

    fn allocate(&mut self, count: u32) -> io::Result<usize> {
        self.step("allocate")?;
        self.memory = vec![vec![0; 4096]; count as usize];
        Ok(self.memory.len())
    }

    fn start(&mut self) -> io::Result<()> {
        self.step("start")
    }

    fn wait(&self, time: Duration) -> io::Result<bool> {
        if self.acts.is_empty() {
            self.clock.sleep(time);
            return Ok(false);
        }
        self.clock.sleep(Duration::from_millis(1).min(time));
        self.step("wait").map(|()| true)
    }

    fn dequeue(&mut self) -> io::Result<Filled> {
        let (bytes_used, damaged, stray) = match self.acts.pop_front() {
            Some(Act::Fill { bytes, damaged }) => {
                let Some(&index) = self.free.front() else { panic!("no buffer was given back") };
                self.memory[index][..bytes.len()].copy_from_slice(&bytes);
                (bytes.len(), damaged, false)
            }
            Some(Act::Claim(bytes)) => (bytes, false, false),
            Some(Act::Stray) => (1, false, true),
            Some(Act::Fail(errno)) => return Err(io::Error::from_raw_os_error(errno)),
            Some(Act::Spurious | Act::Later) | None => return Err(io::ErrorKind::WouldBlock.into()),
        };
        let index = if stray { 99 } else { self.free.pop_front().expect("a buffer is queued") };
        self.sequence += 1;
        Ok(Filled { index, bytes_used, damaged, sequence: self.sequence, taken: Some(self.monotonic()) })
    }

    fn memory(&self, index: usize) -> Option<&[u8]> {
        self.memory.get(index).map(Vec::as_slice)
    }

    fn queue(&mut self, index: usize) -> io::Result<()> {
        let mut seen = self.seen.lock().expect("not poisoned");
        if let Some(at) = self.failing.iter().position(|(step, _)| *step == "queue")
            && seen.queued.len() >= self.memory.len()
        {
            return Err(io::Error::from_raw_os_error(self.failing.remove(at).1));
        }
        seen.queued.push(index);
        self.free.push_back(index);
        Ok(())
    }

    fn monotonic(&self) -> Duration {
        self.clock.now() + Duration::from_secs(1000)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.seen.lock().expect("not poisoned").dropped = true;
    }
}
