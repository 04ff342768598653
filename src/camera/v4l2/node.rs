//! The ioctl edge: a V4L2 device node behind [`Driver`]. Decides nothing.
//!
//! Of crate v4l only the generated structures, the request numbers and the raw `ioctl` and `mmap` are used. Its
//! higher layers (0.14) panic when a stream is dropped after a driver's error, when a driver reports an unknown
//! colour space or control type, or text that isn't UTF-8; they open without `O_CLOEXEC` and hand out whole buffers.

use super::driver::{Driver, Filled, FourCc, Identity, Layout, Offer, Rate, Size, once};
use std::ffi::c_void;
use std::fs::OpenOptions;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::ptr::NonNull;
use std::time::Duration;
use v4l::v4l_sys as sys;
use v4l::v4l2::{self, vidioc};

const CAPTURE: u32 = sys::v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_CAPTURE;
const MMAP: u32 = sys::v4l2_memory_V4L2_MEMORY_MMAP;

/// A C structure of integers and arrays of them.
///
/// # Safety
/// All bit patterns, all zero bits among them, must be values of the type.
unsafe trait Plain: Copy {
    /// All fields 0, as V4L2 wants reserved ones.
    fn zeroed() -> Self {
        // SAFETY: all zero bits are a value, by the trait's contract.
        unsafe { std::mem::zeroed() }
    }
}

/// An ioctl with the structure that it reads and writes.
struct Request<T>(vidioc::_IOC_TYPE, PhantomData<T>);

macro_rules! requests {
    ($($name:ident: $number:ident, $argument:ty;)*) => {
        $(const $name: Request<$argument> = Request::new(vidioc::$number);)*
    };
}

macro_rules! plain {
    ($($name:ty),*) => {
        // SAFETY: C structures of integers, arrays and unions of them, made by bindgen from the kernel's header.
        $(unsafe impl Plain for $name {})*
    };
}

plain!(
    sys::v4l2_capability,
    sys::v4l2_fmtdesc,
    sys::v4l2_frmsizeenum,
    sys::v4l2_frmivalenum,
    sys::v4l2_format,
    sys::v4l2_streamparm,
    sys::v4l2_requestbuffers,
    sys::v4l2_buffer,
    i32
);

requests! {
    QUERYCAP: VIDIOC_QUERYCAP, sys::v4l2_capability;
    ENUM_FMT: VIDIOC_ENUM_FMT, sys::v4l2_fmtdesc;
    ENUM_FRAMESIZES: VIDIOC_ENUM_FRAMESIZES, sys::v4l2_frmsizeenum;
    ENUM_FRAMEINTERVALS: VIDIOC_ENUM_FRAMEINTERVALS, sys::v4l2_frmivalenum;
    S_FMT: VIDIOC_S_FMT, sys::v4l2_format;
    S_PARM: VIDIOC_S_PARM, sys::v4l2_streamparm;
    REQBUFS: VIDIOC_REQBUFS, sys::v4l2_requestbuffers;
    QUERYBUF: VIDIOC_QUERYBUF, sys::v4l2_buffer;
    QBUF: VIDIOC_QBUF, sys::v4l2_buffer;
    DQBUF: VIDIOC_DQBUF, sys::v4l2_buffer;
    STREAMON: VIDIOC_STREAMON, i32;
    STREAMOFF: VIDIOC_STREAMOFF, i32;
}

impl<T: Plain> Request<T> {
    const fn new(number: vidioc::_IOC_TYPE) -> Self {
        // An ioctl's number holds the size of its argument in bits 16..30 (asm-generic/ioctl.h).
        assert!((number as usize >> 16) & 0x3fff == size_of::<T>(), "the structure isn't this request's");
        Self(number, PhantomData)
    }
}

/// An opened device node.
pub struct Node {
    // Fields are dropped in this order: the mappings go before the descriptor.
    buffers: Vec<Mapping>,
    started: bool,
    fd: OwnedFd,
}

impl Node {
    /// Opens a device node, following links.
    pub fn open(path: &Path) -> io::Result<Self> {
        // The standard library sets O_CLOEXEC.
        let file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path)?;
        Ok(Self { buffers: Vec::new(), started: false, fd: file.into() })
    }

    fn ioctl<T: Plain>(&self, request: &Request<T>, argument: &mut T) -> io::Result<()> {
        loop {
            // SAFETY: the request's number carries the size of T (checked in `Request::new`), so the kernel stays
            // within `argument`; none of the requests above follows a pointer in it for single-planar mapped buffers.
            let result = unsafe {
                v4l2::ioctl(self.fd.as_raw_fd(), request.0, std::ptr::from_mut(argument).cast::<c_void>())
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn buffer(index: usize) -> sys::v4l2_buffer {
        sys::v4l2_buffer { index: index as u32, type_: CAPTURE, memory: MMAP, ..Plain::zeroed() }
    }
}

impl Driver for Node {
    fn identity(&self) -> io::Result<Identity> {
        let mut answer = sys::v4l2_capability::zeroed();
        self.ioctl(&QUERYCAP, &mut answer)?;
        let this_node = answer.capabilities & sys::V4L2_CAP_DEVICE_CAPS != 0;
        Ok(Identity {
            driver: text(&answer.driver),
            card: once(&text(&answer.card)).to_owned(),
            bus: text(&answer.bus_info),
            capabilities: if this_node { answer.device_caps } else { answer.capabilities },
        })
    }

    fn offer(&self, index: u32) -> io::Result<Offer> {
        let mut answer = sys::v4l2_fmtdesc { index, type_: CAPTURE, ..Plain::zeroed() };
        self.ioctl(&ENUM_FMT, &mut answer)?;
        Ok(Offer { fourcc: answer.pixelformat.to_le_bytes(), description: text(&answer.description) })
    }

    fn size(&self, fourcc: FourCc, index: u32) -> io::Result<Size> {
        let pixel_format = u32::from_le_bytes(fourcc);
        let mut answer = sys::v4l2_frmsizeenum { index, pixel_format, ..Plain::zeroed() };
        self.ioctl(&ENUM_FRAMESIZES, &mut answer)?;
        if answer.type_ == sys::v4l2_frmsizetypes_V4L2_FRMSIZE_TYPE_DISCRETE {
            // SAFETY: both members of the union are integers only.
            let sys::v4l2_frmsize_discrete { width, height } = unsafe { answer.__bindgen_anon_1.discrete };
            Ok(Size::Exact { width, height })
        } else {
            // SAFETY: as above.
            let range = unsafe { answer.__bindgen_anon_1.stepwise };
            Ok(Size::Range {
                min: (range.min_width, range.min_height),
                max: (range.max_width, range.max_height),
                step: (range.step_width, range.step_height),
            })
        }
    }

    fn rate(&self, fourcc: FourCc, width: u32, height: u32, index: u32) -> io::Result<Rate> {
        let pixel_format = u32::from_le_bytes(fourcc);
        let mut answer = sys::v4l2_frmivalenum { index, pixel_format, width, height, ..Plain::zeroed() };
        self.ioctl(&ENUM_FRAMEINTERVALS, &mut answer)?;
        // SAFETY: both members of the union are integers only.
        let (exact, range) = unsafe { (answer.__bindgen_anon_1.discrete, answer.__bindgen_anon_1.stepwise) };
        let senseless = || io::Error::from(io::ErrorKind::InvalidData);
        if answer.type_ == sys::v4l2_frmivaltypes_V4L2_FRMIVAL_TYPE_DISCRETE {
            fps(exact).map(Rate::Exact).ok_or_else(senseless)
        } else {
            let (slowest, fastest) = fps(range.max).zip(fps(range.min)).ok_or_else(senseless)?;
            Ok(Rate::Range { slowest, fastest })
        }
    }

    fn set_layout(&mut self, fourcc: FourCc, width: u32, height: u32) -> io::Result<Layout> {
        let mut format = sys::v4l2_format { type_: CAPTURE, ..Plain::zeroed() };
        format.fmt.pix.width = width;
        format.fmt.pix.height = height;
        format.fmt.pix.pixelformat = u32::from_le_bytes(fourcc);
        self.ioctl(&S_FMT, &mut format)?;
        // SAFETY: integers only, and of a single-planar capture format it is `pix` that the driver fills.
        let pix = unsafe { format.fmt.pix };
        Ok(Layout {
            fourcc: pix.pixelformat.to_le_bytes(),
            width: pix.width,
            height: pix.height,
            stride: pix.bytesperline,
        })
    }

    fn set_rate(&mut self, wanted: f32) -> io::Result<Option<f32>> {
        let mut parameters = sys::v4l2_streamparm { type_: CAPTURE, ..Plain::zeroed() };
        parameters.parm.capture.timeperframe = interval(wanted);
        self.ioctl(&S_PARM, &mut parameters)?;
        // SAFETY: integers only.
        Ok(fps(unsafe { parameters.parm.capture.timeperframe }))
    }

    fn allocate(&mut self, count: u32) -> io::Result<usize> {
        let mut request = sys::v4l2_requestbuffers { count, type_: CAPTURE, memory: MMAP, ..Plain::zeroed() };
        self.ioctl(&REQBUFS, &mut request)?;
        for index in 0..request.count as usize {
            let mut buffer = Self::buffer(index);
            self.ioctl(&QUERYBUF, &mut buffer)?;
            // SAFETY: integers or a pointer that isn't followed; for mapped buffers it is the offset that is set.
            let offset = unsafe { buffer.m.offset };
            self.buffers.push(Mapping::new(&self.fd, buffer.length as usize, offset)?);
        }
        match self.buffers.len() {
            0 => Err(io::ErrorKind::OutOfMemory.into()),
            count => Ok(count),
        }
    }

    fn start(&mut self) -> io::Result<()> {
        self.ioctl(&STREAMON, &mut (CAPTURE as i32))?;
        self.started = true;
        Ok(())
    }

    fn wait(&self, time: Duration) -> io::Result<bool> {
        // Rounded up, or the last millisecond would be spent in a busy loop.
        let milliseconds = time.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128) as i32;
        let mut poll = libc::pollfd { fd: self.fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one valid pollfd.
        match unsafe { libc::poll(&mut poll, 1, milliseconds) } {
            -1 => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => Ok(false),
                error => Err(error),
            },
            ready => Ok(ready > 0),
        }
    }

    fn dequeue(&mut self) -> io::Result<Filled> {
        let mut buffer = Self::buffer(0);
        self.ioctl(&DQBUF, &mut buffer)?;
        let monotonic =
            buffer.flags & sys::V4L2_BUF_FLAG_TIMESTAMP_MASK == sys::V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
        let (seconds, microseconds) = (buffer.timestamp.tv_sec, buffer.timestamp.tv_usec);
        Ok(Filled {
            index: buffer.index as usize,
            bytes_used: buffer.bytesused as usize,
            damaged: buffer.flags & sys::V4L2_BUF_FLAG_ERROR != 0,
            sequence: buffer.sequence,
            taken: (monotonic && seconds >= 0 && (0..1_000_000).contains(&microseconds))
                .then(|| Duration::new(seconds as u64, microseconds as u32 * 1000)),
        })
    }

    fn memory(&self, index: usize) -> Option<&[u8]> {
        self.buffers.get(index).map(Mapping::bytes)
    }

    fn queue(&mut self, index: usize) -> io::Result<()> {
        self.ioctl(&QBUF, &mut Self::buffer(index))
    }

    fn monotonic(&self) -> Duration {
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: a valid timespec. The call can't fail for this clock.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if self.started {
            // Nobody could do anything about an error: the device may be unplugged, and closing ends streaming too.
            let _ = self.ioctl(&STREAMOFF, &mut (CAPTURE as i32));
        }
    }
}

/// A capture buffer in the driver's memory.
struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping belongs to this value alone and isn't bound to a thread.
unsafe impl Send for Mapping {}

impl Mapping {
    fn new(fd: &OwnedFd, length: usize, offset: u32) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice; reads only.
        let start = unsafe {
            v4l2::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ,
                libc::MAP_SHARED,
                fd.as_raw_fd(),
                offset as libc::off_t,
            )?
        };
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, length })
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: mapped for reading with this length until the drop. The driver writes only while it has the
        // buffer; one that writes later (a bug) changes pixels, as any reader of mapped video has to bear.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` with this length, and nobody has a reference any more.
        let _ = unsafe { v4l2::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

/// A driver's fixed-length text. Control characters go: they come from a USB descriptor, and it is printed on terminals.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).replace(char::is_control, "").trim().to_owned()
}

/// Frames a second of a frame interval in seconds; `None` for a senseless one.
fn fps(interval: sys::v4l2_fract) -> Option<f32> {
    (interval.numerator != 0 && interval.denominator != 0)
        .then(|| (f64::from(interval.denominator) / f64::from(interval.numerator)) as f32)
}

/// The frame interval for a rate, exact for whole rates and for rates like 29.97 within a thousandth.
fn interval(fps: f32) -> sys::v4l2_fract {
    sys::v4l2_fract { numerator: 1000, denominator: (f64::from(fps) * 1000.0).round().max(1.0) as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drivers_text_ends_at_nul_and_has_no_control_characters() {
        assert_eq!(text(b"HD Webcam\0junk"), "HD Webcam");
        assert_eq!(text(b"evil\x1b[2J cam\xff"), "evil[2J cam\u{fffd}");
        assert_eq!(text(b"full"), "full");
    }

    #[test]
    fn rates_and_intervals_fit_together() {
        for rate in [5.0f32, 12.5, 25.0, 29.97, 30.0] {
            let back = fps(interval(rate)).expect("sensible");
            assert!((back - rate).abs() < 0.002, "{rate} became {back}");
        }
        assert_eq!(fps(sys::v4l2_fract { numerator: 0, denominator: 30 }), None);
        assert_eq!(fps(sys::v4l2_fract { numerator: 1, denominator: 0 }), None);
        assert_eq!(interval(0.0).denominator, 1);
    }

    #[test]
    fn what_is_no_video_device_gives_an_error_and_no_panic() {
        let mut node = Node::open(Path::new("/dev/null")).expect("there is always /dev/null");
        let error = node.identity().expect_err("no camera").raw_os_error();
        // An emulated processor's kernel doesn't know the call at all.
        assert!(matches!(error, Some(libc::ENOTTY | libc::ENOSYS)), "{error:?}");
        assert!(node.set_layout(*b"MJPG", 640, 480).is_err());
        assert!(node.allocate(4).is_err());
        assert!(node.dequeue().is_err());
        assert!(node.memory(0).is_none());
    }
}
