//! Cameras that speak RTSP: a real server sends films, and what arrives is what `replay` makes of the same film, or
//! nothing. Needs ffmpeg and GStreamer's RTSP server.

#[path = "common/rtsp_camera.rs"]
mod rtsp_camera;
#[path = "common/skip.rs"]
mod skip;

use edge_cctv::camera::network::{Address, Connection, Transport, open};
use edge_cctv::camera::{Camera, CameraError, Frame, PixelFormat, Wanted, replay};
use edge_cctv::picture::convert;
use edge_cctv::service::clock::SystemClock;
use rtsp_camera::{H264, MJPEG, RtspCamera, film};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(3);
const SLACK: Duration = Duration::from_secs(4);

fn try_open(url: &str, transport: Transport) -> Result<Box<dyn Camera>, CameraError> {
    let connection = Connection {
        address: Address::parse(url).unwrap(),
        username: String::new(),
        password_file: Default::default(),
        certificate: Default::default(),
        transport,
    };
    let wanted = Wanted { width: 640, height: 480, fps: 10.0 };
    open(&connection, &wanted, TIMEOUT, SystemClock::shared())
}

fn opened(url: &str, transport: Transport) -> Box<dyn Camera> {
    try_open(url, transport).unwrap_or_else(|error| panic!("{transport:?}: {error}"))
}

/// All pictures to the film's end or the first loss of the camera, and how many were broken.
fn watch(camera: &mut dyn Camera) -> (Vec<Frame>, usize, CameraError) {
    let (mut frames, mut broken) = (Vec::new(), 0);
    loop {
        match camera.next_frame() {
            Ok(frame) => frames.push(frame),
            Err(CameraError::Broken(_)) => broken += 1,
            Err(error) => return (frames, broken, error),
        }
    }
}

/// All pictures of a film in a file.
fn replayed(film: &Path) -> Vec<Frame> {
    let mut camera = replay::open(film, replay::Pace::Unlimited, false).unwrap();
    std::iter::from_fn(|| camera.next_frame().ok()).collect()
}

/// Each frame's place in the film, by its bytes.
fn places(frames: &[Frame], film: &[Frame]) -> Vec<usize> {
    let place = |frame: &Frame| film.iter().position(|original| original.data == frame.data);
    frames
        .iter()
        .map(|frame| place(frame).unwrap_or_else(|| panic!("frame {} isn't in the film", frame.sequence)))
        .collect()
}

#[test]
fn h264_arrives_as_the_file_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = film(folder.path(), "film.mp4", "320x240", 4, H264) else { return };
    let Some(server) = RtspCamera::start(&path, &[]) else { return };
    let originals = replayed(&path);
    for transport in Transport::ALL {
        let mut camera = opened(&server.url(), transport);
        let known = camera.opened().clone();
        assert_eq!((known.format.as_str(), known.width, known.height), ("H.264", 320, 240));
        let (frames, broken, _) = watch(&mut *camera);
        assert_eq!(broken, 0, "{transport:?}");
        // A machine that is busy passes pictures over.
        assert!(frames.len() >= 60, "{transport:?}: {} of 80 frames", frames.len());
        let places = places(&frames, &originals);
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        for (pair, place) in frames.windows(2).zip(places.windows(2)) {
            let (taken, film) = (pair[1].captured - pair[0].captured, 0.05 * (place[1] - place[0]) as f64);
            assert!((taken.as_secs_f64() - film).abs() < 0.045, "{taken:?} for {film} s of the film");
        }
        assert!(frames[0].restarted && frames[1..].iter().all(|frame| !frame.restarted));
        assert!(frames[0].format == PixelFormat::I420 && frames[0].range == originals[0].range);
    }
}

#[test]
fn mjpeg_arrives_as_the_file_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = film(folder.path(), "film.avi", "320x240", 3, MJPEG) else { return };
    let Some(server) = RtspCamera::start(&path, &[]) else { return };
    let luma = |frame: &Frame| convert::picture(frame).unwrap();
    let originals: Vec<_> = replayed(&path).iter().map(luma).collect();
    let mut camera = opened(&server.url(), Transport::Tcp);
    assert_eq!((camera.opened().format.as_str(), camera.opened().width), ("MJPG", 320));
    let (frames, broken, _) = watch(&mut *camera);
    assert!(broken == 0 && frames.len() >= 45, "{broken} broken, {} of 60", frames.len());
    let mut last = None;
    for frame in &frames {
        assert_eq!(frame.format, PixelFormat::Jpeg);
        // Another header, the same data.
        let picture = luma(frame);
        let place = originals.iter().position(|original| *original == picture);
        assert!(place.is_some() && place > last, "{place:?} after {last:?}");
        last = place;
    }
}

#[test]
fn what_builds_on_a_lost_packet_is_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = film(folder.path(), "film.mp4", "640x480", 8, H264) else { return };
    let Some(server) = RtspCamera::start(&path, &["--loss", "0.02"]) else { return };
    let originals = replayed(&path);
    for transport in Transport::ALL {
        let (frames, broken, _) = watch(&mut *opened(&server.url(), transport));
        let places = places(&frames, &originals);
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        assert!(broken > 0, "{transport:?}: nothing was lost");
        assert!(frames.len() > 8 && frames.len() < 160, "{transport:?}: {} of 160", frames.len());
        println!("{transport:?}: {} of 160 frames, {broken} losses told", frames.len());
    }
}

/// Set where the network is one that a test has made for itself.
const OWN_NETWORK: &str = "EDGE_CCTV_TEST_OWN_NETWORK";

/// Loses one in fifty packets, in either direction.
const LOSSES: &str = "table inet losses { chain out { type filter hook output priority 0; \
    meta l4proto { tcp, udp } numgen random mod 100 < 2 drop; }; }";

#[test]
fn in_a_network_that_loses_packets_nothing_broken_is_shown() {
    let lossy = |run: &str| {
        let script = format!("ip link set lo up && nft '{LOSSES}' && {run}");
        Command::new("unshare").args(["-rn", "sh", "-c", &script]).env(OWN_NETWORK, "1").output()
    };
    if !lossy("true").is_ok_and(|made| made.status.success()) {
        return skip::skipped("no network that loses packets can be made (unshare, ip, nft)");
    }
    let this = std::env::current_exe().unwrap();
    let run = format!("exec '{}' --ignored --exact --nocapture a_lossy_network", this.display());
    let done = lossy(&run).unwrap();
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{told}\n{}", String::from_utf8_lossy(&done.stderr));
    println!("{told}");
}

#[test]
#[ignore = "is run by another one, in a network of its own"]
fn a_lossy_network() {
    if std::env::var_os(OWN_NETWORK).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = film(folder.path(), "film.mp4", "640x480", 8, H264) else { return };
    let Some(server) = RtspCamera::start(&path, &[]) else { return };
    let originals = replayed(&path);
    for transport in Transport::ALL {
        let (frames, broken, _) = watch(&mut *opened(&server.url(), transport));
        let places = places(&frames, &originals);
        println!("{transport:?}: {} of 160 frames, {broken} losses told", frames.len());
        assert!(places.is_sorted_by(|a, b| a < b) && frames.len() > 8, "{places:?}");
        match transport {
            // What was lost is sent again.
            Transport::Tcp => assert_eq!(broken, 0),
            Transport::Udp => assert!(broken > 0 && frames.len() < 160, "nothing was lost"),
        }
    }
}

#[test]
fn pictures_that_are_shown_in_another_order_arrive_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let coding = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "20", "-bf", "2"];
    let Some(path) = film(folder.path(), "film.mp4", "320x240", 3, &coding) else { return };
    let Some(server) = RtspCamera::start(&path, &[]) else { return };
    let (frames, broken, _) = watch(&mut *opened(&server.url(), Transport::Tcp));
    let places = places(&frames, &replayed(&path));
    println!("{} of 60 frames, {broken} broken", frames.len());
    assert!(broken == 0 && places.len() >= 20 && places.is_sorted_by(|a, b| a < b), "{places:?}");
}

#[test]
fn another_size_in_mid_stream_is_a_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let part = |name: &str, size: &str| film(folder.path(), name, size, 2, H264);
    let (Some(small), Some(large)) = (part("a.ts", "320x240"), part("b.ts", "640x480")) else { return };
    let path = folder.path().join("both.ts");
    let both = format!("concat:{}|{}", small.display(), large.display());
    let joined = Command::new("ffmpeg").args(["-v", "error", "-i", &both, "-c", "copy"]).arg(&path).status();
    assert!(joined.unwrap().success());
    let Some(server) = RtspCamera::start(&path, &[]) else { return };
    let (frames, _, error) = watch(&mut *opened(&server.url(), Transport::Tcp));
    assert!(frames.len() > 10 && frames.iter().all(|frame| frame.width == 320), "{}", frames.len());
    assert!(error.to_string().contains("640x480 instead of 320x240"), "{error}");
}

#[test]
fn logins_are_asked_for_and_wrong_ones_told() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = film(folder.path(), "film.mp4", "320x240", 5, H264) else { return };
    for kind in [&["--user", "me:s3cret"][..], &["--user", "me:s3cret", "--basic"]] {
        let Some(server) = RtspCamera::start(&path, kind) else { return };
        let with = |user: &str| try_open(&server.url().replace("//", &format!("//{user}")), Transport::Tcp);
        for (user, words) in
            [("", "set username"), ("me:wr0ng@", "refuses the user"), ("me:wr0ng@", "refuses")]
        {
            let error = with(user).err().expect("it isn't let in");
            assert!(matches!(&error, CameraError::Denied(text) if text.contains(words)), "{error}");
            assert!(!error.to_string().contains("wr0ng"), "{error}");
        }
        assert!(with("me:s3cret@").unwrap_or_else(|error| panic!("{error}")).next_frame().is_ok());
    }
}

#[test]
fn a_wrong_path_and_nobody_there_are_told_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = film(folder.path(), "film.mp4", "320x240", 2, H264) else { return };
    let Some(server) = RtspCamera::start(&path, &[]) else { return };
    let error = try_open(&format!("{}/other", server.url()), Transport::Tcp).err().unwrap();
    assert!(matches!(&error, CameraError::Gone(text) if text.contains("no stream under")), "{error}");
    let url = server.url();
    drop(server);
    let error = try_open(&url, Transport::Tcp).err().unwrap();
    assert!(matches!(&error, CameraError::Gone(text) if text.contains("nothing answers")), "{error}");
}

#[test]
fn a_camera_that_freezes_is_noticed_and_let_go_and_a_closed_one_told() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = film(folder.path(), "film.mp4", "320x240", 30, H264) else { return };
    for transport in Transport::ALL {
        let Some(server) = RtspCamera::start(&path, &[]) else { return };
        let mut camera = opened(&server.url(), transport);
        camera.next_frame().unwrap();
        drop(camera);
        server.wait_for("teardown");

        let mut camera = opened(&server.url(), transport);
        camera.next_frame().unwrap();
        server.signal(libc::SIGSTOP);
        let begin = Instant::now();
        let (_, _, error) = watch(&mut *camera);
        assert!(matches!(error, CameraError::TimedOut(_)), "{error}");
        assert!(begin.elapsed() < TIMEOUT + SLACK, "{:?}", begin.elapsed());
        let begin = Instant::now();
        drop(camera);
        assert!(begin.elapsed() < Duration::from_secs(2), "closing took {:?}", begin.elapsed());
        // Nor is it waited for at opening.
        let begin = Instant::now();
        assert!(try_open(&server.url(), transport).is_err());
        assert!(begin.elapsed() < Duration::from_secs(14), "opening took {:?}", begin.elapsed());
        server.signal(libc::SIGCONT);
        let mut camera = opened(&server.url(), transport);
        server.signal(libc::SIGKILL);
        let (_, _, error) = watch(&mut *camera);
        assert!(matches!(error, CameraError::Lost(_) | CameraError::TimedOut(_)), "{error}");
    }
}
