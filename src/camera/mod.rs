//! Where frames come from. Nothing outside this folder knows V4L2, AVI, MP4 or RTSP.

pub mod demo;
mod h264;
pub mod network;
pub mod replay;
pub mod supervisor;
pub mod v4l2;

use serde::Serialize;
use std::time::Duration;

/// Largest picture that is decoded here. Above any camera's (8K is 33 million), and small enough that a
/// damaged header can't take a board's memory.
const MAX_PIXELS: u64 = 36_000_000;

/// Largest compressed frame, for the same reason.
const MAX_FRAME_BYTES: u64 = 32 << 20;

/// One picture as a camera delivered it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Counts up by one a frame from 0 when the camera was opened (the supervisor numbers on over reopenings);
    /// gaps are lost frames.
    pub sequence: u64,
    /// When it was taken: on the process's monotonic clock for live sources (a recording played live is
    /// paced by that clock), from the recording's start for a recording that is read as fast as possible.
    pub captured: Duration,
    /// The source began anew with this frame (first frame, loop, reopened): what was there before tells nothing.
    pub restarted: bool,
    pub format: PixelFormat,
    pub width: u32,
    pub height: u32,
    /// Bytes from one line of the first plane to the next; 0 for [`PixelFormat::Jpeg`].
    pub stride: u32,
    pub range: Range,
    /// Exactly the bytes of this frame, never the whole capture buffer.
    pub data: Vec<u8>,
}

/// A frame's content; see [`Frame`] for the fields.
#[derive(Clone, Debug)]
struct Image {
    format: PixelFormat,
    width: u32,
    height: u32,
    stride: u32,
    range: Range,
    data: Vec<u8>,
}

/// How [`Frame::data`] is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelFormat {
    /// A JPEG picture (UVC "MJPG", AVI "MJPG", a file). May lack Huffman tables (DHT).
    Jpeg,
    /// Packed 4:2:2: Y0 Cb Y1 Cr.
    Yuyv,
    /// Planar luma, then interleaved CbCr at half width and height, both with the same stride.
    Nv12,
    /// Luma only.
    Grey,
    /// Planar luma, Cb, Cr, the latter at half width and height (rounded up) with half the stride (rounded up).
    I420,
}

/// Which values the samples of a frame use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// 0..=255, as JPEG files, grey sensors and pictures for the screen.
    Full,
    /// ITU-R BT.601's 16..=235 for luma and 16..=240 for chroma, as video.
    Limited,
}

/// What a camera was asked for; it may deliver something else and says so in [`Opened`].
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub width: u32,
    pub height: u32,
    pub fps: f32,
}

/// What an opened camera delivers.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// The device's or file's own name ("HD Webcam C270"), for people.
    pub device: String,
    /// "MJPG", "YUYV", "NV12", "GREY", "H.264", "PNG", "drawn" …
    pub format: String,
    pub width: u32,
    pub height: u32,
    /// Nominal frames a second, if the source knows.
    pub fps: Option<f32>,
}

/// Why there is no (further) frame. The texts are for people: what is wrong and what to do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CameraError {
    /// This frame is unusable, the next may be good: counted by reason.
    #[error("{0}")]
    Broken(String),
    /// Nothing came in time. The camera must be reopened.
    #[error("no frame for {:.1} s", .0.as_secs_f32())]
    TimedOut(Duration),
    /// The device or file isn't there, or no more.
    #[error("{0}")]
    Gone(String),
    /// Another program has the device.
    #[error("{0}")]
    Busy(String),
    /// This program's user may not read it.
    #[error("{0}")]
    Denied(String),
    /// The camera failed otherwise. It must be reopened.
    #[error("{0}")]
    Lost(String),
    /// A recording that isn't looped is over.
    #[error("end of the recording")]
    End,
}

/// Why no frames come, as one word for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Loss {
    /// The device or file isn't there.
    Gone,
    /// No frame comes.
    Silent,
    /// Another program has it.
    Busy,
    /// This program's user may not read it.
    Denied,
    /// All else.
    Failed,
}

impl CameraError {
    pub fn loss(&self) -> Loss {
        match self {
            Self::Gone(_) => Loss::Gone,
            Self::TimedOut(_) => Loss::Silent,
            Self::Busy(_) => Loss::Busy,
            Self::Denied(_) => Loss::Denied,
            Self::Broken(_) | Self::Lost(_) | Self::End => Loss::Failed,
        }
    }
}

/// An opened source of frames, owned by one thread. Dropping it releases the device and never panics.
pub trait Camera: Send {
    fn opened(&self) -> &Opened;

    /// Waits for the next frame. Live devices skip to the newest one. Returns at the latest after the
    /// time-out that the camera was opened with.
    fn next_frame(&mut self) -> Result<Frame, CameraError>;
}
