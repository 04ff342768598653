//! Cameras that send JPEG pictures by HTTP, as they are and as they shouldn't be: good pictures arrive untouched, and
//! everything else is told in words, in time, and without a password in them.

#[path = "common/http_camera.rs"]
mod http_camera;

use edge_cctv::camera::network::{Address, Connection, Transport, open};
use edge_cctv::camera::{Camera, CameraError, Frame, PixelFormat, Wanted};
use edge_cctv::service::clock::SystemClock;
use http_auth::PasswordClient;
use http_auth::digest::DigestClient;
use http_camera::{HttpCamera, begin, film, header, jpeg, part};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(2);
/// Nothing is waited for longer at opening, and on the way.
const OPENING: Duration = Duration::from_secs(11);
const SLACK: Duration = Duration::from_secs(3);
const STREAM: &str = "multipart/x-mixed-replace; boundary=frame";

fn connection(url: &str) -> Connection {
    Connection {
        address: Address::parse(url).unwrap(),
        username: String::new(),
        password_file: Default::default(),
        certificate: Default::default(),
        transport: Transport::Tcp,
    }
}

fn try_open(connection: &Connection, fps: f32) -> Result<Box<dyn Camera>, CameraError> {
    open(connection, &Wanted { width: 640, height: 480, fps }, TIMEOUT, SystemClock::shared())
}

fn opened(url: &str) -> Box<dyn Camera> {
    try_open(&connection(url), 10.0).unwrap_or_else(|error| panic!("{error}"))
}

/// Why it can't be opened, and that this is known in time.
fn refusal(connection: &Connection) -> CameraError {
    let begin = Instant::now();
    let error = try_open(connection, 10.0).err().expect("it can't be opened");
    assert!(begin.elapsed() < OPENING + SLACK, "{:?} for {error}", begin.elapsed());
    let text = error.to_string();
    assert!(!text.contains("s3cret"), "{text}");
    assert!(text.contains("127.0.0.1"), "{text} doesn't say which camera");
    error
}

/// The next good picture.
fn next(camera: &mut dyn Camera) -> Frame {
    loop {
        match camera.next_frame() {
            Ok(frame) => return frame,
            Err(CameraError::Broken(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn pictures_arrive_untouched_and_in_order() {
    let pictures: Vec<_> = (1..6u8).map(|number| jpeg(64, 48, 40 * number)).collect();
    let sent = pictures.clone();
    let camera = HttpCamera::start(move |_, stream| {
        begin(stream, STREAM);
        for picture in &sent {
            part(stream, picture);
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let mut camera = opened(&camera.url());
    let known = camera.opened().clone();
    assert_eq!((known.format.as_str(), known.width, known.height), ("MJPG", 64, 48));
    let mut last = None;
    for (index, picture) in pictures.iter().enumerate() {
        let frame = next(&mut *camera);
        assert_eq!(frame.format, PixelFormat::Jpeg);
        assert!(frame.data == *picture, "picture {index}");
        assert_eq!((frame.width, frame.height, frame.restarted), (64, 48, index == 0));
        assert!(last.is_none_or(|(number, at)| frame.sequence > number && frame.captured > at));
        last = Some((frame.sequence, frame.captured));
    }
    let error = camera.next_frame().unwrap_err();
    assert!(matches!(&error, CameraError::Lost(text) if text.contains("ended its stream")), "{error}");
}

#[test]
fn boundaries_and_lengths_may_be_wrong_or_missing() {
    let heads: [(&str, &str); 6] = [
        ("multipart/x-mixed-replace;boundary=--frame", "\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n"),
        ("multipart/x-mixed-replace; boundary=\"my frame\"", "\r\n----other\r\n\r\n"),
        ("multipart/x-mixed-replace", "frame\nContent-type: image/jpeg\n\n"),
        ("multipart/mixed; boundary='x'", "--x\r\nContent-Length: 10\r\n\r\n"),
        ("MULTIPART/x-mixed-replace; boundary=", "--\r\nContent-Length: 100000\r\n\r\n"),
        ("multipart/x-mixed-replace; boundary=x", ""),
    ];
    for (content_type, head) in heads {
        let picture = jpeg(64, 48, 100);
        let sent = picture.clone();
        let camera = HttpCamera::start(move |_, stream| {
            begin(stream, content_type);
            while stream.write_all(&[head.as_bytes(), &sent].concat()).is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let mut camera = opened(&camera.url());
        for _ in 0..3 {
            assert!(next(&mut *camera).data == picture, "{content_type} {head:?}");
        }
    }
}

#[test]
fn single_pictures_are_fetched_at_the_cameras_rate() {
    let camera = HttpCamera::start(|_, stream| {
        begin(stream, "image/jpeg");
        let _ = stream.write_all(&jpeg(64, 48, 100));
    });
    let mut pictures = try_open(&connection(&camera.url()), 10.0).unwrap();
    let begin = Instant::now();
    for _ in 0..11 {
        assert_eq!(next(&mut *pictures).width, 64);
    }
    let seconds = begin.elapsed().as_secs_f64();
    assert!((0.7..3.0).contains(&seconds), "10 pictures in {seconds} s");
}

/// Lets in who answers `challenge` as `me` with `s3cret`.
fn guarded(challenge: &'static str) -> HttpCamera {
    HttpCamera::start(move |head, stream| {
        let given = header(head, "authorization").unwrap_or_default();
        let expected = match PasswordClient::builder().challenges(challenge).build().unwrap() {
            PasswordClient::Digest(client) => digest(client, given),
            mut basic => basic.respond(&parameters()).unwrap(),
        };
        if given == expected {
            film(stream);
        } else {
            let _ = write!(
                stream,
                "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 2\r\n\r\nno"
            );
        }
    })
}

fn parameters() -> http_auth::PasswordParams<'static> {
    let (username, password) = ("me", "s3cret");
    http_auth::PasswordParams { username, password, uri: "/video", method: "GET", body: Some(&[]) }
}

/// The right answer with the other side's random number.
fn digest(mut client: DigestClient, given: &str) -> String {
    let random = given.split_once("cnonce=\"").and_then(|(_, rest)| rest.split_once('"'));
    client.respond_with_testing_cnonce(&parameters(), random.map_or("", |(random, _)| random)).unwrap()
}

const CHALLENGES: [&str; 3] = [
    "Basic realm=\"camera\"",
    "Digest realm=\"camera\", nonce=\"abc\", qop=\"auth\", algorithm=MD5",
    "Digest realm=\"camera\", nonce=\"abc\"",
];

#[test]
fn logins_are_answered_as_the_camera_asks() {
    for challenge in CHALLENGES {
        let camera = guarded(challenge);
        let folder = tempfile::tempdir().unwrap();
        let password_file = folder.path().join("password");
        std::fs::write(&password_file, "s3cret\n").unwrap();
        let by_file = Connection { username: "me".into(), password_file, ..connection(&camera.url()) };
        let by_address = connection(&camera.url().replace("//", "//me:s3cret@"));
        for connection in [by_file, by_address] {
            let mut film = try_open(&connection, 10.0).unwrap_or_else(|error| panic!("{challenge}: {error}"));
            next(&mut *film);
        }
        assert!(header(&camera.heads()[0], "authorization").is_none(), "nothing is told unasked");
    }
}

#[test]
fn a_wrong_password_is_told_and_not_tried_again_and_again() {
    for challenge in CHALLENGES {
        let camera = guarded(challenge);
        let wrong = connection(&camera.url().replace("//", "//me:wr0ng@"));
        for _ in 0..5 {
            let error = refusal(&wrong);
            assert!(
                matches!(&error, CameraError::Denied(text) if text.contains("refuses the user")),
                "{error}"
            );
        }
        let tries = camera.heads().iter().filter(|head| header(head, "authorization").is_some()).count();
        assert_eq!(tries, 1, "the camera would lock the user out");
        let right = connection(&camera.url().replace("//", "//me:s3cret@"));
        assert!(try_open(&right, 10.0).is_ok(), "another password is tried at once");
        let error = refusal(&connection(&camera.url()));
        assert!(matches!(&error, CameraError::Denied(text) if text.contains("username")), "{error}");
    }
}

/// A camera that answers with these bytes and closes.
fn answering(answer: &'static str) -> HttpCamera {
    HttpCamera::start(move |_, stream| {
        let _ = stream.write_all(answer.as_bytes());
    })
}

#[test]
fn other_answers_are_told_in_words() {
    for (answer, words) in [
        ("HTTP/1.1 404 Not Found\r\n\r\n", "no stream under this path"),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "doesn't let this user"),
        ("HTTP/1.1 503 Busy\r\n\r\n", "too many viewers"),
        ("HTTP/1.1 500 Oh\r\n\r\n", "failed inside"),
        ("HTTP/1.1 302 Found\r\nLocation: http://me:s3cret@other/\r\n\r\n", "another address"),
        ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", "text/html"),
        ("HTTP/1.1 200 OK\r\n\r\nhello", "no JPEG stream"),
        ("RTSP/1.0 200 OK\r\n\r\n", "doesn't speak HTTP"),
        ("\u{1}\u{2}garbage\r\n\r\n", "doesn't speak HTTP"),
        ("", "no answer"),
        ("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace\r\n\r\n", "ended its stream"),
        ("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\nabc", "connection is lost"),
    ] {
        let error = refusal(&connection(&answering(answer).url())).to_string();
        assert!(error.contains(words), "{answer:?}: {error}");
    }
}

#[test]
fn nobody_there_and_nobody_who_answers_are_told_in_time() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = refusal(&connection(&format!("http://127.0.0.1:{port}/")));
    assert!(matches!(&error, CameraError::Gone(text) if text.contains("nothing answers")), "{error}");
    let silent = HttpCamera::start(|_, _| std::thread::sleep(Duration::from_secs(60)));
    let error = refusal(&connection(&silent.url()));
    assert!(matches!(&error, CameraError::Gone(text) if text.contains("doesn't answer")), "{error}");
    let unknown = try_open(&connection("http://no-such-camera.invalid/"), 10.0).err().unwrap();
    assert!(matches!(unknown, CameraError::Gone(_)), "{unknown}");
}

#[test]
fn floods_without_a_picture_are_ended() {
    let floods: [&'static [u8]; 3] =
        [&[b'x'; 4096], b"--frame\r\nContent-Type: image/jpeg\r\n\r\n", &[0xff; 4096]];
    for flood in floods {
        let camera = HttpCamera::start(move |_, stream| {
            begin(stream, STREAM);
            while stream.write_all(flood).is_ok() {}
        });
        let error = refusal(&connection(&camera.url())).to_string();
        assert!(error.contains("no JPEG pictures"), "{error}");
    }
    let camera = HttpCamera::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"X-Header: endless\r\n").is_ok() {}
    });
    let error = refusal(&connection(&camera.url())).to_string();
    assert!(error.contains("doesn't speak HTTP"), "{error}");
}

#[test]
fn a_flood_of_pictures_is_read_no_faster_than_a_camera_can_be() {
    let camera = HttpCamera::start(|_, stream| {
        begin(stream, STREAM);
        let picture = jpeg(64, 48, 100);
        while part(stream, &picture) {}
    });
    let mut flood = opened(&camera.url());
    let (begin, mut count) = (Instant::now(), 0);
    while begin.elapsed() < Duration::from_secs(1) {
        next(&mut *flood);
        count += 1;
    }
    assert!((20..300).contains(&count), "{count} pictures in a second");
}

#[test]
fn a_camera_that_freezes_is_noticed_and_let_go() {
    let camera = HttpCamera::start(|_, stream| {
        begin(stream, STREAM);
        part(stream, &jpeg(64, 48, 100));
        // Half of the next one, and then nothing.
        let _ = stream.write_all(&jpeg(64, 48, 100)[..100]);
        std::thread::sleep(Duration::from_secs(60));
    });
    let mut frozen = opened(&camera.url());
    next(&mut *frozen);
    let begin = Instant::now();
    let error = frozen.next_frame().unwrap_err();
    assert!(matches!(error, CameraError::TimedOut(_)), "{error}");
    assert!(begin.elapsed() >= TIMEOUT && begin.elapsed() < TIMEOUT + SLACK);
    let begin = Instant::now();
    drop(frozen);
    assert!(begin.elapsed() < Duration::from_secs(1), "closing took {:?}", begin.elapsed());
}

#[test]
fn the_connection_ends_with_the_camera() {
    let closed = Arc::new(AtomicBool::new(false));
    let told = closed.clone();
    let camera = HttpCamera::start(move |_, stream| {
        film(stream);
        told.store(true, Ordering::SeqCst);
    });
    drop(opened(&camera.url()));
    let end = Instant::now() + SLACK;
    while !closed.load(Ordering::SeqCst) {
        assert!(Instant::now() < end, "the connection is still open");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn who_comes_late_gets_the_newest_picture() {
    let newest = Arc::new(Mutex::new(Vec::new()));
    let sent = newest.clone();
    let camera = HttpCamera::start(move |_, stream| {
        begin(stream, STREAM);
        for number in 0..250u8 {
            let picture = jpeg(64, 48, number);
            sent.lock().unwrap().clone_from(&picture);
            if !part(stream, &picture) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_secs(60));
    });
    let mut film = opened(&camera.url());
    let first = next(&mut *film).sequence;
    std::thread::sleep(Duration::from_secs(4));
    let frame = next(&mut *film);
    assert!(frame.data == *newest.lock().unwrap(), "an old picture");
    assert!(frame.sequence > first + 100, "those that were missed are counted: {}", frame.sequence);
}

#[test]
fn a_broken_picture_costs_one_picture_and_another_size_a_reopening() {
    let camera = HttpCamera::start(|_, stream| {
        begin(stream, STREAM);
        let (small, large) = (jpeg(64, 48, 100), jpeg(128, 96, 100));
        let cut = [&b"--frame\r\nContent-Length: 99999\r\n\r\n"[..], &small[..small.len() - 20]].concat();
        part(stream, &small);
        std::thread::sleep(Duration::from_millis(500));
        let _ = stream.write_all(&cut);
        for picture in [&small, &small, &large] {
            part(stream, picture);
            std::thread::sleep(Duration::from_millis(150));
        }
        film(stream);
    });
    let mut film = opened(&camera.url());
    let (mut good, mut broken) = (0, 0);
    let error = loop {
        match film.next_frame() {
            Ok(frame) => {
                assert_eq!(frame.width, 64);
                good += 1;
            }
            Err(CameraError::Broken(_)) => broken += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((good, broken), (3, 1));
    assert!(error.to_string().contains("128x96 instead of 64x48"), "{error}");
}

/// An HTTPS camera with a certificate that it made itself, and the certificate's PEM text.
fn encrypted() -> (u16, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["camera".to_string()]).unwrap();
    let key = PrivateKeyDer::from_pem_slice(signing_key.serialize_pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let session = ServerConnection::new(config.clone()).unwrap();
            std::thread::spawn(move || serve_encrypted(StreamOwned::new(session, stream)));
        }
    });
    (port, cert.pem())
}

fn serve_encrypted(mut stream: StreamOwned<ServerConnection, TcpStream>) {
    if stream.read(&mut [0; 4096]).is_ok() {
        film(&mut stream);
    }
}

#[test]
fn an_encrypted_camera_is_believed_by_its_own_certificate_alone() {
    let (port, certificate) = encrypted();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("camera.pem");
    let trusting = |text: &str| {
        std::fs::write(&file, text).unwrap();
        Connection { certificate: file.clone(), ..connection(&format!("https://127.0.0.1:{port}/video")) }
    };
    let mut pictures = try_open(&trusting(&certificate), 10.0).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(next(&mut *pictures).width, 320);

    let (_, other) = encrypted();
    let error = refusal(&trusting(&other));
    assert!(matches!(&error, CameraError::Denied(text) if text.contains("isn't trusted")), "{error}");
    let error = try_open(&trusting("no certificate"), 10.0).err().unwrap().to_string();
    assert!(error.contains("camera.pem") && !error.contains(folder.path().to_str().unwrap()), "{error}");
    let error = refusal(&connection(&format!("https://127.0.0.1:{port}/video")));
    assert!(matches!(error, CameraError::Denied(_)), "{error}");
    let plain = HttpCamera::start(|_, stream| film(stream));
    std::fs::write(&file, &certificate).unwrap();
    let error = refusal(&Connection {
        certificate: file.clone(),
        ..connection(&plain.url().replace("http:", "https:"))
    });
    assert!(error.to_string().contains("doesn't speak HTTPS"), "{error}");
}
