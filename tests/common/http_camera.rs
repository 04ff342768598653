//! A camera that speaks HTTP as the test tells it, with all its bad habits.

#![allow(dead_code, reason = "each test file uses its part")]

use std::io::{BufRead as _, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The head of a request: its first line, then the headers, as they came.
pub type Head = Vec<String>;

/// What a camera does with a request; the connection is closed after it.
pub type Habit = dyn Fn(&Head, &mut TcpStream) + Send + Sync;

pub struct HttpCamera {
    pub port: u16,
    pub requests: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<Head>>>,
}

impl HttpCamera {
    /// On any free port, until the test ends.
    pub fn start(habit: impl Fn(&Head, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let camera = Self { port, requests: Arc::default(), heads: Arc::default() };
        let (requests, heads, habit) = (camera.requests.clone(), camera.heads.clone(), Arc::new(habit));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (requests, heads, habit) = (requests.clone(), heads.clone(), habit.clone());
                std::thread::spawn(move || serve(stream, &requests, &heads, &*habit));
            }
        });
        camera
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/video", self.port)
    }

    pub fn heads(&self) -> Vec<Head> {
        self.heads.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, requests: &AtomicUsize, heads: &Mutex<Vec<Head>>, habit: &Habit) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let head: Head = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    requests.fetch_add(1, Ordering::SeqCst);
    heads.lock().unwrap().push(head.clone());
    habit(&head, &mut stream);
}

/// The value of a header, whatever its name's case.
pub fn header<'h>(head: &'h Head, name: &str) -> Option<&'h str> {
    head.iter().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A picture of one brightness with an edge in it, so that it isn't taken for a covered camera.
pub fn jpeg(width: usize, height: usize, value: u8) -> Vec<u8> {
    let mut compress = mozjpeg::Compress::new(mozjpeg::ColorSpace::JCS_GRAYSCALE);
    compress.set_size(width, height);
    let mut compress = compress.start_compress(Vec::new()).unwrap();
    let row = |y: usize| {
        (0..width).map(move |x| if (x / 16 + y / 16).is_multiple_of(2) { value } else { value / 2 })
    };
    compress.write_scanlines(&(0..height).flat_map(row).collect::<Vec<_>>()).unwrap();
    compress.finish().unwrap()
}

pub fn begin(stream: &mut impl Write, content_type: &str) {
    let _ = write!(stream, "HTTP/1.0 200 OK\r\nContent-Type: {content_type}\r\n\r\n");
}

/// Sends a part of a stream; false once the other side is gone.
pub fn part(stream: &mut impl Write, jpeg: &[u8]) -> bool {
    let head = format!("--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len());
    stream.write_all(&[head.as_bytes(), jpeg, b"\r\n"].concat()).is_ok()
}

/// A good stream, for as long as somebody looks.
pub fn film(stream: &mut impl Write) {
    begin(stream, "multipart/x-mixed-replace; boundary=frame");
    let picture = jpeg(320, 240, 200);
    while part(stream, &picture) {
        std::thread::sleep(Duration::from_millis(50));
    }
}
