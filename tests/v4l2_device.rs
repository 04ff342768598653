//! Capture from a real V4L2 driver. The device is named by EDGE_CCTV_TEST_DEVICE; on the virtual board
//! (tests/board) it is `vivid`, whose faults can be switched on. Without a camera the tests are left out: cargo
//! lists them as ignored.

#[path = "common/skip.rs"]
mod skip;

use edge_cctv::camera::{Camera, CameraError, Frame, PixelFormat, Wanted, v4l2};
use edge_cctv::service::clock::{SharedClock, SystemClock};
use skip::skipped;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const WANTED: Wanted = Wanted { width: 640, height: 360, fps: 15.0 };
const TIMEOUT: Duration = Duration::from_secs(10);

/// A device can be used by one test at a time.
static TURN: Mutex<()> = Mutex::new(());

struct Device {
    path: PathBuf,
    clock: SharedClock,
    _turn: MutexGuard<'static, ()>,
}

impl Device {
    fn get() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let path = std::env::var_os("EDGE_CCTV_TEST_DEVICE").expect("EDGE_CCTV_TEST_DEVICE names a camera");
        Self { path: path.into(), clock: SystemClock::shared(), _turn: turn }
    }

    /// `None`, said loudly, if the device's faults can't be switched on.
    fn faulty(test: &str) -> Option<Self> {
        let device = Self::get();
        let node = std::fs::canonicalize(&device.path).expect("the device is there");
        let info = v4l2::devices().into_iter().find(|info| info.path == node).expect("it is listed");
        if info.driver == "vivid" {
            return Some(device);
        }
        skipped(&format!("{test}: the driver is {} and not vivid", info.driver));
        None
    }

    fn try_open(&self, wanted: &Wanted) -> Result<Box<dyn Camera>, CameraError> {
        v4l2::open(&self.path, wanted, TIMEOUT, self.clock.clone())
    }

    fn open(&self) -> Box<dyn Camera> {
        self.try_open(&WANTED).expect("the camera opens")
    }

    /// Switches one of vivid's faults on; it happens once.
    fn fault(&self, control: &str) {
        let status =
            Command::new("v4l2-ctl").arg("-d").arg(&self.path).args(["-c", &format!("{control}=1")]).status();
        assert!(status.expect("v4l2-ctl runs").success(), "{control}");
    }
}

fn frame(camera: &mut dyn Camera) -> Frame {
    camera.next_frame().expect("a frame")
}

/// Descriptors and mappings of video devices that this process has.
fn held() -> (usize, usize) {
    let descriptors = std::fs::read_dir("/proc/self/fd").expect("proc").flatten();
    let video = |path: PathBuf| path.starts_with("/dev") && path.to_string_lossy().contains("video");
    let open = descriptors.filter(|fd| std::fs::read_link(fd.path()).is_ok_and(video)).count();
    let maps = std::fs::read_to_string("/proc/self/maps").expect("proc");
    (open, maps.lines().filter(|line| line.contains("/dev/video")).count())
}

#[test]
#[ignore = "needs a camera, named by EDGE_CCTV_TEST_DEVICE; tests/board has one"]
fn frames_come_in_order_whole_and_fresh() {
    let device = Device::get();
    let mut camera = device.open();
    println!("{:?}", camera.opened());
    let mut last: Option<Frame> = None;
    for _ in 0..30 {
        let frame = frame(camera.as_mut());
        let age = device.clock.now() - frame.captured;
        assert!(age < Duration::from_secs(2), "{age:?} old");
        let (stride, height) = (frame.stride as usize, frame.height as usize);
        match frame.format {
            PixelFormat::Jpeg => assert!(frame.data.starts_with(&[0xff, 0xd8, 0xff])),
            PixelFormat::Yuyv | PixelFormat::Grey => assert_eq!(frame.data.len(), stride * height),
            PixelFormat::Nv12 | PixelFormat::I420 => assert_eq!(frame.data.len(), stride * height * 3 / 2),
        }
        assert_eq!(frame.restarted, last.is_none());
        if let Some(last) = &last {
            assert!(frame.sequence > last.sequence && frame.captured > last.captured);
        }
        last = Some(frame);
    }
}

/// The luma at the middle of each of the pattern's eight bars, from top to bottom in three places.
fn bars(frame: &Frame) -> Vec<u8> {
    let step = if frame.format == PixelFormat::Yuyv { 2 } else { 1 };
    let (width, height, stride) = (frame.width as usize, frame.height as usize, frame.stride as usize);
    let places = (0..8).map(|bar| (2 * bar + 1) * width / 16);
    let rows = [height / 4, height / 2, height * 3 / 4];
    places.flat_map(|x| rows.map(|y| frame.data[y * stride + x * step])).collect()
}

/// Chroma at the same places, read as the format's description says.
fn chroma(frame: &Frame) -> Vec<(u8, u8)> {
    let (width, height, stride) = (frame.width as usize, frame.height as usize, frame.stride as usize);
    let y = height / 2;
    let planes = stride * height;
    let at = |x: usize| match frame.format {
        PixelFormat::Yuyv => {
            let start = y * stride + x / 2 * 4;
            (frame.data[start + 1], frame.data[start + 3])
        }
        PixelFormat::Nv12 => {
            let start = planes + y / 2 * stride + x / 2 * 2;
            (frame.data[start], frame.data[start + 1])
        }
        PixelFormat::I420 => {
            let start = planes + y / 2 * stride.div_ceil(2) + x / 2;
            (frame.data[start], frame.data[start + stride.div_ceil(2) * height.div_ceil(2)])
        }
        other => panic!("{other:?} has no chroma"),
    };
    (0..8).map(|bar| at((2 * bar + 1) * width / 16)).collect()
}

#[test]
#[ignore = "needs a camera, named by EDGE_CCTV_TEST_DEVICE; tests/board has one"]
fn all_raw_formats_hold_the_same_picture() {
    let Some(device) = Device::faulty("all_raw_formats_hold_the_same_picture") else { return };
    let status =
        Command::new("v4l2-ctl").arg("-d").arg(&device.path).args(["-c", "osd_text_mode=2"]).status();
    assert!(status.expect("v4l2-ctl runs").success());
    let picture = |fourcc: &[u8; 4]| {
        let opened = v4l2::open_as(&device.path, &[*fourcc], &WANTED, TIMEOUT, device.clock.clone());
        let mut camera = opened.expect("opens");
        assert_eq!(camera.opened().format.as_bytes(), fourcc);
        frame(camera.as_mut())
    };
    let yuyv = picture(b"YUYV");
    assert!(bars(&yuyv).windows(4).any(|bar| bar[0].abs_diff(bar[3]) > 20), "no bars: {:?}", bars(&yuyv));
    for fourcc in [b"NV12", b"YU12"] {
        let other = picture(fourcc);
        assert_eq!((bars(&yuyv), chroma(&yuyv)), (bars(&other), chroma(&other)), "{fourcc:?}");
    }
    // vivid mixes grey otherwise, but the bars are the same eight, from white to black.
    let grey = bars(&picture(b"GREY"));
    assert!(grey.chunks(3).all(|bar| bar[0] == bar[1] && bar[1] == bar[2]), "{grey:?}");
    assert!(grey.windows(4).step_by(3).all(|next| next[0] > next[3]), "{grey:?}");
}

#[test]
#[ignore = "needs a camera, named by EDGE_CCTV_TEST_DEVICE; tests/board has one"]
fn a_size_that_the_camera_hasnt_gives_another_one_and_says_so() {
    let device = Device::get();
    let mut camera = device.try_open(&Wanted { width: 641, height: 479, fps: 17.3 }).expect("opens");
    let frame = frame(camera.as_mut());
    let opened = camera.opened();
    assert_eq!((opened.width, opened.height), (frame.width, frame.height));
    assert_ne!((opened.width, opened.height), (641, 479));
}

#[test]
#[ignore = "needs a camera, named by EDGE_CCTV_TEST_DEVICE; tests/board has one"]
fn a_late_reader_gets_a_fresh_frame() {
    let device = Device::get();
    let mut camera = device.open();
    let first = frame(camera.as_mut());
    std::thread::sleep(Duration::from_millis(150));
    let second = frame(camera.as_mut());
    // At 15 or more frames a second at least two came meanwhile.
    assert!(second.sequence >= first.sequence + 2, "{} then {}", first.sequence, second.sequence);
}

#[test]
#[ignore = "needs a camera, named by EDGE_CCTV_TEST_DEVICE; tests/board has one"]
fn a_second_user_is_told_who_has_the_camera() {
    let device = Device::get();
    let _first = device.open();
    match device.try_open(&WANTED) {
        Err(CameraError::Busy(text)) => assert!(text.contains("in use by another camera of this"), "{text}"),
        Err(other) => panic!("unexpected {other}"),
        Ok(_) => panic!("opened twice"),
    }
}

#[test]
#[ignore = "needs a camera, named by EDGE_CCTV_TEST_DEVICE; tests/board has one"]
fn opening_again_and_again_leaks_nothing() {
    let device = Device::get();
    for _ in 0..10 {
        frame(device.open().as_mut());
        assert_eq!(held(), (0, 0));
    }
}

#[test]
#[ignore = "needs a camera, named by EDGE_CCTV_TEST_DEVICE; tests/board has one"]
fn a_frame_with_the_error_flag_is_broken_and_the_next_is_good() {
    let Some(device) = Device::faulty("a_frame_with_the_error_flag") else { return };
    let mut camera = device.open();
    frame(camera.as_mut());
    device.fault("inject_v4l2_buf_flag_error");
    let results: Vec<_> = (0..20).map(|_| camera.next_frame()).collect();
    assert_eq!(results.iter().filter(|result| matches!(result, Err(CameraError::Broken(_)))).count(), 1);
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 19);
}

#[test]
#[ignore = "needs a camera, named by EDGE_CCTV_TEST_DEVICE; tests/board has one"]
fn a_camera_that_fails_to_start_leaks_nothing_and_starts_the_next_time() {
    let Some(device) = Device::faulty("a_camera_that_fails_to_start") else { return };
    for control in ["inject_vidioc_streamon_error", "inject_vidioc_reqbufs_error", "inject_vidioc_qbuf_error"]
    {
        device.fault(control);
        match device.try_open(&WANTED) {
            Err(CameraError::Lost(text)) => println!("{control}: {text}"),
            Err(other) => panic!("{control}: unexpected {other}"),
            Ok(_) => panic!("{control}: opened"),
        }
        assert_eq!(held(), (0, 0), "{control}");
        frame(device.open().as_mut());
    }
}

#[test]
#[ignore = "needs a camera, named by EDGE_CCTV_TEST_DEVICE; tests/board has one"]
fn a_fatal_error_while_streaming_means_lost_and_the_camera_can_be_reopened() {
    let Some(device) = Device::faulty("a_fatal_error_while_streaming") else { return };
    for control in ["inject_fatal_streaming_error", "inject_vidioc_qbuf_error"] {
        let mut camera = device.open();
        frame(camera.as_mut());
        device.fault(control);
        let error = (0..20).find_map(|_| camera.next_frame().err());
        match error {
            Some(CameraError::Lost(text)) => println!("{control}: {text}"),
            other => panic!("{control}: {other:?} instead of lost"),
        }
        assert!(matches!(camera.next_frame(), Err(CameraError::Lost(_))), "{control}: lost for good");
        drop(camera);
        assert_eq!(held(), (0, 0), "{control}");
        frame(device.open().as_mut());
    }
}
