//! Capture against a camera that misbehaves.

use super::fake::{Act, Fake, Seen};
use super::*;
use crate::camera::PixelFormat;
use driver::Layout;
use std::sync::{Arc, Mutex};

const WANTED: Wanted = Wanted { width: 640, height: 480, fps: 30.0 };
const TIMEOUT: Duration = Duration::from_secs(5);

fn start(fake: Fake) -> Result<Capture<Fake>, CameraError> {
    let clock = fake.clock.clone();
    Capture::start(fake, Path::new("/dev/video7"), &PREFERENCE, &WANTED, TIMEOUT, clock)
}

/// A Motion JPEG camera that does this.
fn mjpg(acts: Vec<Act>) -> Capture<Fake> {
    let mut fake = Fake::camera(&[*b"YUYV", *b"MJPG"]);
    fake.acts = acts.into();
    start(fake).expect("a camera that opens")
}

fn good(bytes: &[u8]) -> Act {
    Act::Fill { bytes: bytes.into(), damaged: false }
}

fn refusal(fake: Fake) -> String {
    match start(fake) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("opened"),
    }
}

#[test]
fn frames_hold_the_used_bytes_and_not_the_buffer() {
    let mut camera = mjpg(vec![good(b"first"), Act::Later, good(b"2nd")]);
    assert_eq!((camera.opened().format.as_str(), camera.opened().device.as_str()), ("MJPG", "fake camera"));
    let first = camera.next_frame().expect("a frame");
    assert_eq!((first.data.as_slice(), first.sequence, first.restarted), (b"first".as_slice(), 0, true));
    assert_eq!((first.format, first.width, first.height, first.stride), (PixelFormat::Jpeg, 640, 480, 0));
    let second = camera.next_frame().expect("a frame");
    assert_eq!((second.data.as_slice(), second.sequence, second.restarted), (b"2nd".as_slice(), 1, false));
    assert!(second.captured > first.captured);
}

#[test]
fn a_late_reader_gets_the_newest_frame_and_sees_the_gap() {
    let mut camera = mjpg(vec![good(b"a"), Act::Later, good(b"b"), good(b"c"), good(b"d")]);
    assert_eq!(camera.next_frame().expect("a frame").data, b"a");
    let newest = camera.next_frame().expect("a frame");
    assert_eq!((newest.data.as_slice(), newest.sequence), (b"d".as_slice(), 3));
}

#[test]
fn all_buffers_go_back_to_the_driver() {
    let mut acts = Vec::new();
    for round in 0..20 {
        acts.extend([
            good(b"x"),
            good(b"y"),
            Act::Fill { bytes: b"z".to_vec(), damaged: round % 3 == 0 },
            Act::Later,
        ]);
    }
    // The fake panics when it has no buffer left to fill.
    let mut camera = mjpg(acts);
    let results: Vec<_> = std::iter::from_fn(|| Some(camera.next_frame())).take(27).collect();
    assert_eq!(results.iter().filter(|result| matches!(result, Err(CameraError::Broken(_)))).count(), 7);
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 20);
}

#[test]
fn damaged_and_empty_and_overlong_frames_are_broken_and_the_next_is_good() {
    let damaged = Act::Fill { bytes: b"half".to_vec(), damaged: true };
    for (act, word) in [(damaged, "damaged"), (Act::Claim(0), "empty"), (Act::Claim(5000), "more than")] {
        let mut camera = mjpg(vec![act, Act::Later, good(b"ok")]);
        match camera.next_frame() {
            Err(CameraError::Broken(text)) => assert!(text.contains(word), "{text}"),
            other => panic!("{other:?} instead of broken ({word})"),
        }
        assert_eq!(camera.next_frame().expect("a frame").data, b"ok");
    }
}

#[test]
fn a_broken_frame_before_a_good_one_is_counted_and_doesnt_hide_it() {
    let mut camera = mjpg(vec![Act::Claim(0), good(b"ok"), Act::Later]);
    assert_eq!(camera.next_frame().expect("a frame").data, b"ok");
    assert!(matches!(camera.next_frame(), Err(CameraError::Broken(_))));
}

#[test]
fn a_raw_frame_has_its_layouts_length_and_a_short_one_is_broken() {
    let mut fake = Fake::camera(&[*b"GREY"]);
    fake.answer = Some(Layout { fourcc: *b"GREY", width: 8, height: 4, stride: 16 });
    fake.acts = [good(&[1; 100]), Act::Later, good(&[1; 63])].into();
    let mut camera = start(fake).expect("opens");
    let frame = camera.next_frame().expect("a frame");
    assert_eq!((frame.data.len(), frame.stride, frame.width), (64, 16, 8));
    match camera.next_frame() {
        Err(CameraError::Broken(text)) => assert!(text.contains("63 of 64"), "{text}"),
        other => panic!("{other:?} instead of broken"),
    }
}

#[test]
fn a_camera_that_gives_nothing_times_out() {
    let mut camera = mjpg(Vec::new());
    let before = camera.clock.now();
    assert!(matches!(camera.next_frame(), Err(CameraError::TimedOut(TIMEOUT))));
    assert_eq!(camera.clock.now() - before, TIMEOUT);
}

#[test]
fn a_driver_that_wakes_for_nothing_times_out_too() {
    let mut camera = mjpg((0..100_000).map(|_| Act::Spurious).collect());
    assert!(matches!(camera.next_frame(), Err(CameraError::TimedOut(_))));
    // With the pause: 5 s of wake-ups every 6 ms, not a busy loop.
    assert!(camera.driver.acts.len() > 99_000, "{} left", camera.driver.acts.len());
}

#[test]
fn an_unplugged_camera_is_lost_at_once_and_for_good() {
    let mut camera = mjpg(vec![good(b"last"), Act::Fail(libc::ENODEV), good(b"never")]);
    assert_eq!(camera.next_frame().expect("the frame before").data, b"last");
    for _ in 0..2 {
        match camera.next_frame() {
            Err(CameraError::Gone(text)) => {
                assert!(text.contains("/dev/video7: the camera was unplugged"), "{text}")
            }
            other => panic!("{other:?} instead of lost"),
        }
    }
}

#[test]
fn a_fatal_driver_error_means_lost() {
    for act in [Act::Fail(libc::EIO), Act::Fail(libc::EINVAL), Act::Stray] {
        assert!(matches!(mjpg(vec![act]).next_frame(), Err(CameraError::Lost(_))));
    }
    let mut camera = mjpg(vec![good(b"x")]);
    camera.driver.failing.push(("wait", libc::ENOMEM));
    assert!(matches!(camera.next_frame(), Err(CameraError::Lost(_))));
}

#[test]
fn a_buffer_that_cant_be_given_back_costs_no_frame_but_the_camera() {
    let mut fake = Fake::camera(&[*b"MJPG"]);
    fake.failing.push(("queue", libc::EINVAL));
    fake.acts = [good(b"kept")].into();
    let mut camera = start(fake).expect("opens");
    assert_eq!(camera.next_frame().expect("a frame").data, b"kept");
    assert!(matches!(camera.next_frame(), Err(CameraError::Lost(_))));
}

#[test]
fn the_drivers_size_and_rate_are_told_when_they_differ() {
    let mut fake = Fake::camera(&[*b"MJPG"]);
    fake.answer = Some(Layout { fourcc: *b"MJPG", width: 320, height: 240, stride: 0 });
    fake.rate = Some(15.0);
    let camera = start(fake).expect("opens");
    let text = difference(&WANTED, camera.opened()).expect("differs");
    assert!(text.contains("640x480 at 30 ") && text.contains("320x240 at 15"), "{text}");
    assert_eq!(difference(&WANTED, mjpg(Vec::new()).opened()), None);
}

#[test]
fn a_driver_that_knows_no_rate_opens_all_the_same() {
    let mut fake = Fake::camera(&[*b"MJPG"]);
    fake.failing.push(("set_rate", libc::ENOTTY));
    let camera = start(fake).expect("opens");
    assert_eq!(camera.opened().fps, None);
    assert_eq!(difference(&WANTED, camera.opened()), None);
}

#[test]
fn a_driver_that_answers_with_a_format_nobody_knows_is_refused_in_words() {
    let mut fake = Fake::camera(&[*b"MJPG"]);
    fake.answer = Some(Layout { fourcc: *b"RGB3", width: 640, height: 480, stride: 0 });
    let text = refusal(fake);
    assert!(text.contains("RGB3"), "{text}");
}

#[test]
fn each_step_that_fails_says_so_and_leaves_nothing_open() {
    for (step, errno, word) in [
        ("identity", libc::EIO, "what it is"),
        ("set_layout", libc::EBUSY, "in use"),
        ("set_layout", libc::EINVAL, "setting the format"),
        ("allocate", libc::ENOMEM, "smaller size"),
        ("allocate", libc::EINVAL, "making buffers"),
        ("start", libc::ENOSPC, "bandwidth"),
        ("start", libc::EPIPE, "starting to stream"),
    ] {
        let mut fake = Fake::camera(&[*b"MJPG"]);
        fake.failing.push((step, errno));
        let seen: Arc<Mutex<Seen>> = fake.seen.clone();
        let text = refusal(fake);
        assert!(text.starts_with("/dev/video7") && text.contains(word), "{step}: {text}");
        assert!(seen.lock().expect("not poisoned").dropped);
    }
}

#[test]
fn opening_what_is_no_camera_says_so() {
    let clock = crate::service::clock::SystemClock::shared();
    for path in ["/dev/null", "/dev/video987654"] {
        match open(Path::new(path), &WANTED, TIMEOUT, clock.clone()) {
            Err(error) => assert!(error.to_string().contains(path), "{error}"),
            Ok(_) => panic!("{path} is a camera"),
        }
    }
}
