//! All cameras in one stream: `/live/all`.

mod common;

use common::{Part, Server};
use edge_cctv::picture::Picture;
use edge_cctv::picture::jpeg;

/// One that runs, half of it hidden; one that nobody starts; one that isn't there.
const CONFIG: &str = r#"
[[camera]]
name = "street"
source = "demo"
width = 640
height = 480
[[camera.zone]]
name = "neighbours"
kind = "privacy"
points = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
[[camera]]
name = "yard"
source = "demo"
width = 320
height = 240
autostart = false
[[camera]]
name = "door"
source = "/dev/video-of-nobody"
"#;

fn decoded(part: Option<Part>) -> Picture {
    jpeg::decode(&part.expect("a picture comes").jpeg).expect("a whole JPEG")
}

/// The mean brightness of a part of the picture.
fn mean(picture: &Picture, columns: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> u64 {
    let samples = rows.clone().flat_map(|y| &picture.luma.row(y)[columns.clone()]);
    samples.map(|&sample| u64::from(sample)).sum::<u64>() / (columns.len() * rows.len()) as u64
}

#[test]
fn each_camera_has_its_place_and_says_how_it_is() {
    let server = Server::configured(CONFIG);
    server.wait_for_status("pictures", |status| status["streaming"] == true);
    let mut all = server.watch("/live/all?overlay=0");
    // The first ones may be of before the first camera's, and of before the last one is known to be lost.
    let told =
        |picture: &Picture| mean(picture, 320..640, 0..480) > 40 && mean(picture, 0..640, 480..960) > 5;
    let picture = std::iter::repeat_with(|| decoded(all.next())).find(told).expect("pictures");
    assert_eq!((picture.luma.width, picture.luma.height), (1280, 960));
    assert!(mean(&picture, 0..312, 0..480) < 20, "what is hidden there is hidden here");
    // The second says in words that it is stopped, on its dark ground; nobody started it by looking.
    let lit = |picture: &Picture, columns: std::ops::Range<usize>, rows: std::ops::Range<usize>| {
        rows.flat_map(|y| &picture.luma.row(y)[columns.clone()]).filter(|&&sample| sample > 150).count()
    };
    assert!(mean(&picture, 640..1280, 0..480) < 40);
    assert!(lit(&picture, 640..1280, 0..480) > 500, "there are letters");
    assert_eq!(server.get("/status?camera=yard").json()["streaming"], false);
    // The third says that it has no signal, the fourth place is empty.
    assert!(mean(&picture, 0..640, 480..960) < 40);
    assert!(lit(&picture, 0..640, 480..960) > 500, "there are letters");
    assert!(mean(&picture, 648..1280, 488..960) < 3);

    // Once it is started its picture is there, not larger than it is.
    assert_eq!(server.post("/start?camera=yard").status, 200);
    let yard = std::iter::repeat_with(|| decoded(all.next()))
        .find(|picture| lit(picture, 640..800, 0..480) == 0 && mean(picture, 800..1120, 120..360) > 40);
    let yard = yard.expect("the yard's picture");
    assert!(mean(&yard, 640..796, 0..480) < 8 && mean(&yard, 1124..1280, 0..480) < 8, "black beside it");
    // And when it is stopped, the others go on.
    assert_eq!(server.post("/stop?camera=yard").status, 200);
    let stopped =
        std::iter::repeat_with(|| decoded(all.next())).find(|picture| mean(picture, 640..800, 0..480) > 8);
    assert!(mean(&stopped.expect("a dark place again"), 320..640, 0..480) > 40);
}

#[test]
fn with_an_overlay_names_are_written_in_each_place() {
    let server = Server::configured(CONFIG);
    server.wait_for_status("pictures", |status| status["streaming"] == true);
    let corner = |address: &str, x: usize, y: usize| {
        let mut all = server.watch(address);
        let whole =
            |picture: &Picture| mean(picture, 320..640, 0..480) > 40 && mean(picture, 0..640, 480..960) > 10;
        let picture = std::iter::repeat_with(|| decoded(all.next())).find(whole).expect("pictures");
        let samples = (y..y + 40).flat_map(|y| picture.luma.row(y)[x..x + 120].to_vec());
        samples.filter(|&sample| sample > 150).count()
    };
    // The lower left corner of the second and the third, where a name is.
    for (x, y) in [(640, 440), (0, 920)] {
        let (with, without) = (corner("/live/all", x, y), corner("/live/all?overlay=0", x, y));
        assert!(with > 40 && without == 0, "{x} {y}: {with} and {without}");
    }
}

#[test]
fn nobody_looks_and_nothing_is_done() {
    let server = Server::configured(CONFIG);
    let all = server.watch("/live/all");
    let other = server.watch("/live/all?quality=30");
    server.wait_for_status("its own viewers", |status| status["viewers"] == 2);
    drop(other);
    server.wait_for_status("one less", |status| status["viewers"] == 1);
    drop(all);
    server.wait_for_status("none", |status| status["viewers"] == 0);
    assert_eq!(server.get("/live/all?fps=0").status, 400);
}

#[test]
fn the_end_of_the_program_ends_it() {
    let mut server = Server::configured(CONFIG);
    let mut slow = server.watch("/live/all?fps=0.1");
    slow.next().expect("the first one comes at once");
    let (status, _) = server.terminate();
    assert!(status.success(), "{}", server.log());
    assert!(slow.next().is_none());
}
