//! A device's errors in words: what is wrong and what to do. Knows no ioctl.

use super::driver::Identity;
use crate::camera::CameraError;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use v4l::v4l_sys as sys;

/// The major number of all V4L2 nodes (`VIDEO_MAJOR` in the kernel's v4l2-dev.h).
const VIDEO_MAJOR: u32 = 81;

/// A camera that is there, for the text about one that isn't.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub path: PathBuf,
    pub card: String,
}

/// Refuses what is no video device before it is opened: opening some devices has effects (a watchdog, a terminal).
pub fn check_node(path: &Path, found: impl FnOnce() -> Vec<Found>) -> Result<(), CameraError> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(CameraError::Gone(missing(path, &found())));
        }
        Err(error) => return Err(opening(path, &error)),
    };
    let video = metadata.file_type().is_char_device() && libc::major(metadata.rdev()) == VIDEO_MAJOR;
    if video { Ok(()) } else { Err(CameraError::Lost(format!("{} is not a video device", path.display()))) }
}

fn missing(path: &Path, found: &[Found]) -> String {
    // Without their folders: the text also goes to callers of the API, who learn which device and not where.
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let others: Vec<_> =
        found.iter().map(|found| format!("{} ({})", name(&found.path), found.card)).collect();
    if others.is_empty() {
        format!("{} is not there, and no other camera is: check the camera's plug and cable", path.display())
    } else {
        format!(
            "{} is not there; cameras found: {}. `edge-cctv devices` gives their full names",
            path.display(),
            others.join(", ")
        )
    }
}

/// Why a node couldn't be opened.
pub fn opening(path: &Path, error: &io::Error) -> CameraError {
    let path = path.display();
    match error.raw_os_error() {
        Some(libc::EACCES | libc::EPERM) => CameraError::Denied(format!(
            "{path} may not be opened by this user: add the user to the group video \
             (sudo usermod -aG video USER) and log in again, or set Group=video in the service's unit"
        )),
        Some(libc::ENODEV | libc::ENXIO) => CameraError::Gone(format!(
            "{path} has no device behind it any more: unplug the camera and plug it in again"
        )),
        Some(libc::EMFILE | libc::ENFILE) => {
            CameraError::Lost(format!("{path} can't be opened: too many files are open"))
        }
        _ => CameraError::Lost(format!("{path} can't be opened: {error}")),
    }
}

/// Why a step on the way to streaming failed. `doing` completes "… failed while".
pub fn starting(path: &Path, doing: &str, error: &io::Error) -> CameraError {
    let shown = path.display();
    match error.raw_os_error() {
        Some(libc::EBUSY) => CameraError::Busy(busy(path)),
        Some(libc::ENOSPC) => CameraError::Lost(format!(
            "{shown}: the USB bus has no bandwidth left for this camera: set a lower size or rate, use MJPG \
             rather than a raw format, or plug it into another port (not beside another camera on one hub)"
        )),
        Some(libc::ENODEV) => unplugged(path),
        Some(libc::ENOMEM) => {
            CameraError::Lost(format!("{shown}: no memory for the picture buffers: set a smaller size"))
        }
        _ => CameraError::Lost(format!("{shown}: the driver failed while {doing}: {error}")),
    }
}

/// Why no frames come any more.
pub fn streaming(path: &Path, error: &io::Error) -> CameraError {
    match error.raw_os_error() {
        Some(libc::ENODEV) => unplugged(path),
        _ => CameraError::Lost(format!("{}: the driver failed while streaming: {error}", path.display())),
    }
}

fn unplugged(path: &Path) -> CameraError {
    CameraError::Gone(format!("{}: the camera was unplugged", path.display()))
}

fn busy(path: &Path) -> String {
    match holders(path).as_slice() {
        [] => format!(
            "{shown} is in use by another program (sudo fuser -v {shown} says which): stop that first",
            shown = path.display()
        ),
        names => format!("{} is in use by {}: stop that first", path.display(), names.join(", ")),
    }
}

/// The programs that have the device open, as far as this user may see. This process counts when it has it open
/// twice: the descriptor that found the device busy is one.
fn holders(path: &Path) -> Vec<String> {
    let Ok(device) = fs::canonicalize(path) else { return Vec::new() };
    let mut names = Vec::new();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let descriptors = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        let count = descriptors.filter(|fd| fs::read_link(fd.path()).is_ok_and(|to| to == device)).count();
        if pid == std::process::id() {
            if count > 1 {
                names.push("another camera of this configuration".into());
            }
        } else if count > 0 {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            names.push(format!("{} (process {pid})", name.trim()));
        }
    }
    names
}

/// Why frames can't be captured from this node, if they can't.
pub fn refuse(identity: &Identity) -> Option<String> {
    let has = |flags: u32| identity.capabilities & flags != 0;
    let reason = match identity.driver.as_str() {
        "unicam" | "bcm2835-unicam" | "rp1-cfe" => {
            "it is the CSI camera connector: its sensor's raw data must be processed by libcamera, which this \
             program doesn't use. Use a USB camera"
        }
        "bcm2835-isp" | "bcm2835-codec" | "pispbe" | "rpivid" | "rpi-hevc-dec" => {
            "it is part of the board's picture processing and no camera"
        }
        _ if has(sys::V4L2_CAP_VIDEO_M2M | sys::V4L2_CAP_VIDEO_M2M_MPLANE) => {
            "it converts video from memory to memory and is no camera"
        }
        _ if has(sys::V4L2_CAP_VIDEO_CAPTURE) => {
            if has(sys::V4L2_CAP_STREAMING) {
                return None;
            }
            "its driver can't stream (it knows read() only), which isn't supported"
        }
        _ if has(sys::V4L2_CAP_VIDEO_CAPTURE_MPLANE) => {
            "it gives multi-planar pictures only, which aren't supported"
        }
        _ if has(sys::V4L2_CAP_META_CAPTURE) => {
            "it gives metadata and no pictures; the camera's other node, usually the number before, does"
        }
        _ if has(sys::V4L2_CAP_VIDEO_OUTPUT | sys::V4L2_CAP_VIDEO_OUTPUT_MPLANE) => {
            "it takes pictures and gives none (of a v4l2loopback device: nobody feeds it yet)"
        }
        _ => "it gives no pictures",
    };
    Some(reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Loss;

    fn errno(code: i32) -> io::Error {
        io::Error::from_raw_os_error(code)
    }

    fn node(driver: &str, capabilities: u32) -> Identity {
        Identity { driver: driver.into(), capabilities, ..Identity::default() }
    }

    #[test]
    fn a_missing_camera_lists_those_that_are_there() {
        let path = Path::new("/dev/v4l/by-id/usb-gone-video-index0");
        let other = Found { path: "/dev/v4l/by-id/usb-other".into(), card: "HD Webcam".into() };
        let error = check_node(path, || vec![other]).expect_err("missing");
        assert_eq!(error.loss(), Loss::Gone);
        let text = error.to_string();
        assert!(text.contains("usb-gone") && text.contains(": usb-other (HD Webcam)"), "{text}");
        assert!(check_node(path, Vec::new).expect_err("missing").to_string().contains("plug and cable"));
    }

    #[test]
    fn other_kinds_of_files_are_refused_without_opening_them() {
        for path in ["/dev/null", "/dev", "/proc/self/cmdline"] {
            let text = check_node(Path::new(path), Vec::new).expect_err("no camera").to_string();
            assert!(text.contains("not a video device"), "{text}");
        }
    }

    #[test]
    fn errors_say_what_to_do() {
        let path = Path::new("/dev/video0");
        for (error, loss, words) in [
            (opening(path, &errno(libc::EACCES)), Loss::Denied, "group video"),
            (opening(path, &errno(libc::ENXIO)), Loss::Gone, "no device behind it"),
            (opening(path, &errno(libc::EMFILE)), Loss::Failed, "too many files"),
            (starting(path, "starting", &errno(libc::ENOSPC)), Loss::Failed, "bandwidth"),
            (starting(path, "starting", &errno(libc::EBUSY)), Loss::Busy, "in use"),
            (
                starting(path, "starting", &errno(libc::EPROTO)),
                Loss::Failed,
                "while starting: Protocol error",
            ),
            (streaming(path, &errno(libc::ENODEV)), Loss::Gone, "unplugged"),
            (streaming(path, &errno(libc::EIO)), Loss::Failed, "error"),
        ] {
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(error.loss(), loss, "{error}");
        }
    }

    #[test]
    fn the_program_that_holds_a_device_is_named() {
        // Any file that another process has open will do.
        let file = tempfile::NamedTempFile::new().expect("temporary file");
        let input = file.reopen().expect("reopened");
        let mut child =
            std::process::Command::new("sleep").arg("60").stdin(input).spawn().expect("sleep starts");
        let named = format!("sleep (process {})", child.id());
        // Where a processor is emulated, it goes by this program's name for a moment.
        let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
        let text = std::iter::repeat_with(|| busy(file.path()))
            .find(|text| text.contains(&named) || std::time::Instant::now() > end)
            .expect("it is asked until then");
        child.kill().expect("killed");
        child.wait().expect("reaped");
        assert!(text.contains(&named), "{text}");
        // This process has the file open only once, as the descriptor that finds a device busy.
        assert!(!text.contains("another camera"), "{text}");
    }

    #[test]
    fn only_nodes_that_stream_pictures_are_taken() {
        const CAPTURE: u32 = sys::V4L2_CAP_VIDEO_CAPTURE;
        const STREAMING: u32 = sys::V4L2_CAP_STREAMING;
        assert_eq!(refuse(&node("uvcvideo", CAPTURE | STREAMING)), None);
        for (driver, capabilities, word) in [
            ("uvcvideo", sys::V4L2_CAP_META_CAPTURE | STREAMING, "metadata"),
            ("unicam", CAPTURE | STREAMING, "libcamera"),
            ("rp1-cfe", CAPTURE | STREAMING, "libcamera"),
            ("bcm2835-codec", sys::V4L2_CAP_VIDEO_M2M_MPLANE | STREAMING, "no camera"),
            ("vim2m", sys::V4L2_CAP_VIDEO_M2M | STREAMING, "memory"),
            ("rkisp1", sys::V4L2_CAP_VIDEO_CAPTURE_MPLANE | STREAMING, "multi-planar"),
            ("old", CAPTURE, "read()"),
            ("v4l2 loopback", sys::V4L2_CAP_VIDEO_OUTPUT | STREAMING, "feeds"),
            ("radio", sys::V4L2_CAP_TUNER, "no pictures"),
        ] {
            let text = refuse(&node(driver, capabilities)).expect(driver);
            assert!(text.contains(word), "{driver}: {text}");
        }
    }
}
