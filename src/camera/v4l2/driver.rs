//! What capture sees of a V4L2 device: plain values and one trait, so that all decisions are tested against
//! a device that misbehaves. Knows no ioctl; those are `node`'s.

use std::io;
use std::time::Duration;

/// A pixel format's four characters, as in `V4L2_PIX_FMT_…`.
pub type FourCc = [u8; 4];

/// The four characters for people, as the kernel writes them (`%p4cc`); what can't be printed becomes `?`.
pub fn name(fourcc: FourCc) -> String {
    let [a, b, c, d] = fourcc;
    // The top bit of the last character marks a big-endian variant (`v4l2_fourcc_be`).
    let plain = [a, b, c, d & 0x7f]
        .map(|byte| if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '?' });
    let name = plain.iter().collect::<String>().trim_end().to_owned();
    if d & 0x80 == 0 { name } else { name + "-BE" }
}

/// A card's name for people: uvcvideo writes the product's name twice ("HD Webcam: HD Web", cut off at 31 bytes).
pub fn once(card: &str) -> &str {
    match card.split_once(": ") {
        Some((name, again)) if !again.is_empty() && name.starts_with(again) => name,
        _ => card,
    }
}

/// What the device says about itself (`VIDIOC_QUERYCAP`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Identity {
    pub driver: String,
    pub card: String,
    pub bus: String,
    /// `V4L2_CAP_…` of this very node.
    pub capabilities: u32,
}

/// A pixel format that the device offers.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    pub fourcc: FourCc,
    pub description: String,
}

/// Picture sizes that the device offers for a format, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    Exact { width: u32, height: u32 },
    Range { min: (u32, u32), max: (u32, u32), step: (u32, u32) },
}

/// Frame rates that the device offers for a size, in frames a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    Exact(f32),
    Range { slowest: f32, fastest: f32 },
}

/// The format that the device was set to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    pub fourcc: FourCc,
    pub width: u32,
    pub height: u32,
    /// Bytes from line to line as the driver says; may be 0 for compressed formats.
    pub stride: u32,
}

/// A buffer that the driver gave back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Filled {
    pub index: usize,
    pub bytes_used: usize,
    /// `V4L2_BUF_FLAG_ERROR`
    pub damaged: bool,
    pub sequence: u32,
    /// On `CLOCK_MONOTONIC`, when the driver uses that clock.
    pub taken: Option<Duration>,
}

/// An opened V4L2 device. Dropping it ends streaming and closes it, and never panics.
///
/// The queries by index end with any error, usually `EINVAL`; a caller has to bound their number itself.
pub trait Driver: Send {
    fn identity(&self) -> io::Result<Identity>;
    fn offer(&self, index: u32) -> io::Result<Offer>;
    fn size(&self, fourcc: FourCc, index: u32) -> io::Result<Size>;
    fn rate(&self, fourcc: FourCc, width: u32, height: u32, index: u32) -> io::Result<Rate>;

    /// Asks for a format and size; the driver may choose other ones.
    fn set_layout(&mut self, fourcc: FourCc, width: u32, height: u32) -> io::Result<Layout>;
    /// Asks for a rate in frames a second and returns the driver's, if it says one.
    fn set_rate(&mut self, fps: f32) -> io::Result<Option<f32>>;

    /// Has about `count` buffers made and maps them; returns how many there are, at least one.
    fn allocate(&mut self, count: u32) -> io::Result<usize>;
    fn start(&mut self) -> io::Result<()>;
    /// Waits until a buffer can be had or the device has failed; `false` if `time` went by or a signal came.
    fn wait(&self, time: Duration) -> io::Result<bool>;
    /// A filled buffer, or `WouldBlock`.
    fn dequeue(&mut self) -> io::Result<Filled>;
    /// All of a buffer's memory; `None` if there is no such buffer.
    fn memory(&self, index: usize) -> Option<&[u8]>;
    /// Gives a buffer to the driver.
    fn queue(&mut self, index: usize) -> io::Result<()>;
    /// `CLOCK_MONOTONIC`
    fn monotonic(&self) -> Duration;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_format_has_a_name_for_people() {
        assert_eq!(name(*b"MJPG"), "MJPG");
        assert_eq!(name(*b"Y16 "), "Y16");
        assert_eq!(name([b'Y', b'1', b'6', b' ' | 0x80]), "Y16-BE");
        assert_eq!(name([b'Y', 0x1b, b'6', b'A']), "Y?6A");
    }

    #[test]
    fn a_card_that_is_named_twice_is_named_once() {
        assert_eq!(once("HD Webcam: HD Webcam"), "HD Webcam");
        assert_eq!(once("Integrated Camera: Integrated C"), "Integrated Camera");
        assert_eq!(once("UVC Camera (046d:0825)"), "UVC Camera (046d:0825)");
        assert_eq!(once("Dual: Left"), "Dual: Left");
    }
}
