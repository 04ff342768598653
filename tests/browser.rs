//! What a browser shows. Needs Debian's `chromium`; without it the test says SKIPPED.

mod common;
#[path = "common/skip.rs"]
mod skip;

use common::Server;
use skip::skipped;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const CHROMIUM: &str = "/usr/bin/chromium";

/// Takes a screenshot of a page with the live picture 640 pixels wide in its corner; RGB, row by row.
fn screenshot(server: &Server, folder: &Path) -> (usize, Vec<u8>) {
    let page = folder.join("page.html");
    let stream = server.url("http", "/live?t=1");
    std::fs::write(&page, format!("<body style='margin:0'><img src='{stream}' width=640></body>")).unwrap();
    let shot = folder.join("shot.png");
    let mut chromium = Command::new(CHROMIUM)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--window-size=800,600", "--timeout=3000"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("--screenshot={}", shot.display()))
        .arg(format!("file://{}", page.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromium starts");
    let patience = Instant::now() + Duration::from_secs(90);
    while chromium.try_wait().unwrap().is_none() {
        assert!(Instant::now() < patience, "chromium hangs");
        std::thread::sleep(Duration::from_millis(100));
    }
    let file = std::io::BufReader::new(std::fs::File::open(&shot).expect("a screenshot was taken"));
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut data).unwrap();
    let samples = info.color_type.samples();
    let rgb = data[..info.buffer_size()].chunks(samples).flat_map(|pixel| pixel[..3].to_vec()).collect();
    (info.width as usize, rgb)
}

#[test]
fn chromium_shows_the_stream_in_an_img() {
    if !Path::new(CHROMIUM).exists() {
        skipped(&format!("{CHROMIUM} is not there"));
        return;
    }
    let server = Server::demo();
    let folder = tempfile::tempdir().unwrap();
    let (width, rgb) = screenshot(&server, folder.path());
    // An empty page or a broken picture is white and some grey: the scene has thousands of colours.
    let mut colours: Vec<&[u8]> =
        rgb.chunks(3 * width).take(480).flat_map(|row| row[..3 * 640].chunks(3)).collect();
    colours.sort_unstable();
    colours.dedup();
    assert!(colours.len() > 1000, "{} colours", colours.len());
}
