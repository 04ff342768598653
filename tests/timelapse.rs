//! The time-lapse: a picture of each camera now and then, which anybody may look at and of which the oldest go.

mod common;

use common::Server;
use edge_cctv::picture::jpeg;
use serde_json::Value;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

fn config(every_seconds: f64) -> String {
    format!(
        "[snapshots]\nevery_seconds = {every_seconds}\n\
         [[camera]]\nname = \"yard\"\nsource = \"demo\"\nwidth = 320\nheight = 240\n\
         [[camera.zone]]\nname = \"neighbours\"\nkind = \"privacy\"\n\
         points = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]\n\
         [[camera]]\nname = \"door\"\nsource = \"/dev/video-of-nobody\"\n"
    )
}

fn list(server: &Server, query: &str) -> Vec<Value> {
    server.get(&format!("/api/snapshots{query}")).json()["snapshots"].as_array().unwrap().clone()
}

#[test]
fn pictures_come_by_the_clock_from_cameras_that_have_some() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(&file, config(2.0)).unwrap();
    let server = Server::run(&["--config", file.to_str().unwrap()]);
    let begin = Instant::now();
    let pictures = loop {
        let pictures = list(&server, "?timelapse=1");
        if pictures.len() >= 3 {
            break pictures;
        }
        assert!(begin.elapsed() < PATIENCE, "{pictures:?} {}", server.log());
        std::thread::sleep(Duration::from_millis(100));
    };
    let times: Vec<_> = pictures.iter().map(|picture| picture["time"].as_u64().unwrap()).collect();
    assert!(times.is_sorted_by(|newer, older| newer > older), "{times:?}");
    assert!(times[0] - times[2] >= 3, "{times:?}");
    for picture in &pictures {
        assert_eq!(picture["camera"], "yard");
        let name = picture["filename"].as_str().unwrap();
        let reply = server.get(&format!("/api/snapshots/{name}"));
        let luma = jpeg::decode(&reply.body).unwrap().luma;
        assert_eq!((luma.width, luma.height), (320, 240));
        let brightest = (0..240).flat_map(|y| &luma.row(y)[..152]).max();
        assert!(brightest <= Some(&24), "what is private is black, and nothing is drawn: {brightest:?}");
    }
    assert!(list(&server, "").is_empty(), "nobody asked for one");
    assert!(list(&server, "?timelapse=1&camera=door").is_empty());
    assert_eq!(list(&server, &format!("?timelapse=1&before={}", times[0]))[0], pictures[1]);
    assert_eq!(server.get("/api/snapshots?timelapse=yes").status, 400);

    // It ends when the file says so, and what there is stays.
    std::fs::write(&file, config(0.0)).unwrap();
    server.signal(libc::SIGHUP);
    server.wait_for_log("snapshots.every_seconds");
    let count = list(&server, "?timelapse=1").len();
    // One may have been under way; without the change there would be two or three more.
    std::thread::sleep(Duration::from_secs(6));
    assert!(list(&server, "?timelapse=1").len() <= count + 1);
}
