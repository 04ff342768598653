//! Events as their user sees them: recorded by the real program, listed, played by other programs, kept, deleted; and what is left
//! of them when the program is killed or the disk is full.

mod common;
#[path = "common/skip.rs"]
mod skip;

use common::Server;
use serde_json::{Value, json};
use skip::skipped;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use ureq::http::Method;

/// Longer than the demo needs for several events, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Short events, of which the demo scene makes some each minute.
const SHORT: &str =
    "[events]\nbefore_seconds = 1.0\nafter_seconds = 0.5\nlongest_seconds = 10.0\nreserve_mib = 0\n";

fn demo(more: &str) -> Server {
    Server::configured(&format!(
        "{SHORT}{more}\n[[camera]]\nname = \"yard\"\nsource = \"demo\"\nwidth = 320\nheight = 240\n"
    ))
}

fn list(server: &Server, query: &str) -> Vec<Value> {
    server.get(&format!("/api/events{query}")).json()["events"].as_array().unwrap().clone()
}

/// Waits for so many events that are over, and gives them, the newest first.
fn ended(server: &Server, count: usize) -> Vec<Value> {
    let begin = Instant::now();
    loop {
        let events: Vec<_> = list(server, "").into_iter().filter(|event| !event["ended"].is_null()).collect();
        if events.len() >= count {
            return events;
        }
        assert!(begin.elapsed() < PATIENCE, "only {} events: {}", events.len(), server.log());
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What another program finds in a clip: codec, frames and seconds.
fn probed(path: &Path) -> (String, u32, f64) {
    let shown = Command::new("ffprobe")
        .args(["-v", "error", "-count_packets", "-of", "json"])
        .args(["-show_entries", "stream=codec_name,nb_read_packets:format=duration"])
        .arg(path)
        .output()
        .unwrap();
    assert!(shown.stderr.is_empty(), "{}", String::from_utf8_lossy(&shown.stderr));
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let stream = &shown["streams"][0];
    let number = |value: &Value| text(value).parse().unwrap();
    (
        text(&stream["codec_name"]),
        number(&stream["nb_read_packets"]) as u32,
        number(&shown["format"]["duration"]),
    )
}

fn has_ffmpeg() -> bool {
    Command::new("ffprobe").arg("-version").output().is_ok()
}

fn download(server: &Server, address: &str, name: &str) -> PathBuf {
    let reply = server.get(address);
    assert_eq!(reply.status, 200, "{address}: {}", String::from_utf8_lossy(&reply.body));
    let path = server.folder.path().join(name);
    std::fs::write(&path, &reply.body).unwrap();
    path
}

#[test]
fn what_moves_is_recorded_listed_and_played_by_others() {
    let server = demo("");
    // Without time limits, which the harness has.
    let news = ureq::get(server.url("http", "/api/events/stream")).call().unwrap().into_body();
    let mut news = BufReader::new(news.into_reader());
    let events = ended(&server, 2);
    let event = &events[1];
    let clip = &event["clip"];
    assert!(event["fault"].is_null() && event["state"] == "MOTION", "{event}");
    assert_eq!(
        (&clip["width"], &clip["height"], &event["camera"]),
        (&json!(320), &json!(240), &json!("yard"))
    );
    // From before the motion to after it.
    assert!(clip["began"].as_i64() < event["began"].as_i64());
    let end = clip["began"].as_f64().unwrap() + 1000.0 * clip["seconds"].as_f64().unwrap();
    assert!(end >= event["ended"].as_f64().unwrap(), "{event}");
    let address = format!("/api/events/{}", event["id"]);
    assert_eq!(server.get(&address).json(), *event);
    let original = download(&server, &format!("{address}/recording.mp4"), "original.mp4");
    let film = download(&server, &format!("{address}/clip.mp4"), "film.mp4");
    if has_ffmpeg() {
        let (frames, seconds) = (clip["frames"].as_u64().unwrap() as u32, clip["seconds"].as_f64().unwrap());
        for (path, codec) in [(original, "mjpeg"), (film, "h264")] {
            let (found, count, duration) = probed(&path);
            assert_eq!((found.as_str(), count), (codec, frames));
            assert!((duration - seconds).abs() < 0.05, "{duration} and not {seconds}");
            let decoded = Command::new("ffmpeg")
                .args(["-v", "error", "-i"])
                .arg(&path)
                .args(["-f", "null", "-"])
                .output();
            assert!(decoded.unwrap().stderr.is_empty());
        }
    } else {
        skipped("what other programs find in clips: there is no ffprobe");
    }
    let snapshot = server.get(&format!("{address}/snapshot.jpg"));
    let thumbnail = server.get(&format!("{address}/thumbnail.jpg"));
    assert_eq!(
        (snapshot.header("content-type"), thumbnail.header("content-type")),
        ("image/jpeg", "image/jpeg")
    );
    // Told as it happened.
    let mut told = Vec::new();
    while told.len() < 2 {
        let mut line = String::new();
        assert!(news.read_line(&mut line).unwrap() > 0);
        if let Some(data) = line.strip_prefix("data: ") {
            let data: Value = serde_json::from_str(data).unwrap();
            if data["news"] != "changed" {
                told.push(data["news"].clone());
            }
        }
    }
    assert_eq!(told, ["began", "ended"]);
}

#[test]
fn events_are_filtered_kept_deleted_and_exported() {
    let server = demo("");
    let events = ended(&server, 2);
    let (new, old) = (&events[0]["id"], &events[1]["id"]);
    let patch = |id: &Value, body: &str| {
        server.send(
            Method::PATCH,
            &format!("/api/events/{id}"),
            &[("content-type", "application/json")],
            body,
        )
    };
    assert_eq!(patch(old, "{\"keep\": true}").json()["keep"], true);
    assert_eq!((patch(old, "{}").status, patch(&json!(1), "{\"keep\": true}").status), (400, 404));
    let ids = |query: &str| -> Vec<Value> {
        list(&server, query).iter().map(|event| event["id"].clone()).collect()
    };
    assert_eq!(ids("?keep=1"), std::slice::from_ref(old));
    assert!(ids("?camera=other").is_empty() && ids("?state=ALERT").is_empty());
    assert_eq!(ids(&format!("?before={new}&limit=1")), std::slice::from_ref(old));
    assert_eq!(ids(&format!("?after={old}&limit=1")), std::slice::from_ref(new));
    assert_eq!(ids(&format!("?to={}", events[0]["began"])), ids(&format!("?before={new}")));
    for query in ["?state=BUSY", "?limit=0", "?from=yesterday", "?keep=maybe", "?type=ghost", "?severity=RED"]
    {
        assert_eq!(server.get(&format!("/api/events{query}")).status, 400, "{query}");
    }
    let address = format!("/api/events/{old}/recording.mp4");
    let part = server.request(Method::GET, &address, &[("range", "bytes=4-7")]);
    assert_eq!((part.status, part.body.as_slice()), (206, b"ftyp".as_slice()));
    let archive = server.get(&format!("/api/events/export.zip?ids={old},{new}"));
    assert_eq!(archive.header("content-type"), "application/zip");
    let names = ["json", "jpg", "mp4"].map(|what| format!("yard-{old}.{what}"));
    for name in names {
        assert!(archive.body.windows(name.len()).any(|window| window == name.as_bytes()), "{name}");
    }
    let delete = |id: &Value| server.request(Method::DELETE, &format!("/api/events/{id}"), &[]);
    assert_eq!((delete(new).status, delete(new).status), (200, 404));
    assert_eq!(server.get(&format!("/api/events/{new}/snapshot.jpg")).status, 404);
    let storage = server.get("/api/events/storage").json();
    assert!(storage["bytes"].as_u64() > Some(0) && storage["problem"].is_null(), "{storage}");
}

#[test]
fn privacy_zones_are_black_in_all_that_is_kept() {
    let zone = "[[camera.zone]]\nname = \"neighbours\"\nkind = \"privacy\"\npoints = [[0.0, 0.0], [0.5, 0.0], [0.5, 0.5], [0.0, 0.5]]\n";
    let server = Server::configured(&format!(
        "{SHORT}[[camera]]\nname = \"yard\"\nsource = \"demo\"\nwidth = 320\nheight = 240\n{zone}"
    ));
    let event = ended(&server, 1).remove(0);
    let address = format!("/api/events/{}", event["id"]);
    let mut paths = vec![
        download(&server, &format!("{address}/snapshot.jpg"), "snapshot.jpg"),
        download(&server, &format!("{address}/thumbnail.jpg"), "thumbnail.jpg"),
    ];
    if has_ffmpeg() {
        paths.push(download(&server, &format!("{address}/recording.mp4"), "original.mp4"));
        paths.push(download(&server, &format!("{address}/clip.mp4"), "film.mp4"));
        for path in &paths {
            // The mean of the zone's inner part, of each picture.
            let shown = Command::new("ffmpeg")
                .args(["-v", "error", "-i"])
                .arg(path)
                .args([
                    "-vf",
                    "crop=iw*0.4:ih*0.4:iw*0.05:ih*0.05,scale=1:1,format=gray",
                    "-f",
                    "rawvideo",
                    "-",
                ])
                .output()
                .unwrap();
            assert!(!shown.stdout.is_empty());
            assert!(shown.stdout.iter().all(|sample| *sample < 8), "{}: {:?}", path.display(), shown.stdout);
        }
    } else {
        skipped("what is black in clips: there is no ffmpeg");
    }
}

#[test]
fn a_small_quota_loses_the_oldest_first_and_a_full_disk_stops_recording_alone() {
    let server = demo("max_mib = 1");
    let begin = Instant::now();
    let mut first: Vec<Value> = Vec::new();
    loop {
        let events = list(&server, "");
        assert!(server.get("/api/events/storage").json()["bytes"].as_u64().unwrap() <= 1 << 20);
        first.extend(events.last().map(|event| event["id"].clone()));
        first.dedup();
        if first.len() >= 3 {
            break;
        }
        assert!(begin.elapsed() < PATIENCE, "{}", server.log());
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(first.is_sorted_by_key(|id| id.as_i64()), "the oldest goes first: {first:?}");
}

#[test]
fn on_a_small_disk_recording_goes_on_and_the_oldest_goes_first() {
    let config = "[events]\nbefore_seconds = 1\nafter_seconds = 0.5\nlongest_seconds = 10.0\nencode_fps = 12\nreserve_mib = 12\n\
        [[camera]]\nname = \"yard\"\nsource = \"demo\"\nwidth = 1280\nheight = 720\nfps = 15\n";
    let Some(server) = Server::on_small_disk(50, config) else { return skipped("no disk can be made here") };
    let begin = Instant::now();
    let mut oldest: Vec<Value> = Vec::new();
    // Until three were deleted for the newer ones.
    while oldest.len() < 4 {
        let storage = server.get("/api/events/storage").json();
        assert!(storage["problem"].is_null() && storage["bytes"].as_u64() < Some(50 << 20), "{storage}");
        assert!(storage["free_bytes"].as_u64() > Some(9 << 20), "{storage}");
        oldest.extend(list(&server, "?limit=1000").last().map(|event| event["id"].clone()));
        oldest.dedup();
        assert!(begin.elapsed() < 2 * PATIENCE, "{oldest:?} {storage} {}", server.log());
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(oldest.is_sorted_by_key(|id| id.as_i64()), "the oldest goes first: {oldest:?}");
    assert!(!server.log().contains("ERROR"), "{}", server.log());
    // All else still has room.
    let whole =
        list(&server, "").into_iter().find(|event| event["fault"].is_null() && !event["ended"].is_null());
    let whole = whole.expect("an event that was recorded");
    assert_eq!(server.get(&format!("/api/events/{}/recording.mp4", whole["id"])).status, 200);
    assert_eq!(server.post("/snapshot").status, 200);
}

#[test]
fn without_room_the_status_says_so_and_all_else_goes_on() {
    let server = Server::configured(
        "[events]\nreserve_mib = 16777216\nafter_seconds = 0.5\nlongest_seconds = 10.0\n[[camera]]\nname = \"yard\"\nsource = \"demo\"\n",
    );
    server.wait_for_status("that nothing is recorded", |status| {
        let limits = status["limits"].as_array();
        limits.into_iter().flatten().any(|limit| limit.as_str().unwrap().contains("events.reserve_mib"))
    });
    let event = ended(&server, 1).remove(0);
    assert!(
        event["clip"].is_null() && event["fault"].as_str().is_some_and(|fault| fault.contains("MiB")),
        "{event}"
    );
    assert_eq!(server.get(&format!("/api/events/{}/clip.mp4", event["id"])).status, 404);
    server.wait_for_status("frames", |status| status["fps"].as_f64() > Some(10.0));
}

/// Kills the program again and again at any moment. What was confirmed is still there each time, and what was being recorded can be
/// played up to a second before.
#[test]
fn a_program_that_is_killed_loses_nothing_that_was_confirmed() {
    let kills: u32 = std::env::var("EVENT_KILLS").map_or(6, |text| text.parse().unwrap());
    let config = format!(
        "{SHORT}max_mib = 2000\n[[camera]]\nname = \"yard\"\nsource = \"demo\"\nwidth = 320\nheight = 240\n"
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, config).unwrap();
    let run = |folder| Server::run_in(folder, &["--config", file.path().to_str().unwrap()]);
    let mut server = run(tempfile::tempdir().unwrap());
    let mut confirmed: Vec<Value> = Vec::new();
    for kill in 0..kills {
        // Into the events, which begin after some seconds.
        let begin = Instant::now();
        let wait = Duration::from_millis(9000 + u64::from(fastrand::u32(0..6000)));
        let mut open = None;
        while begin.elapsed() < wait {
            for event in list(&server, "?limit=1000") {
                if event["ended"].is_null() {
                    open = Some((event["id"].clone(), Instant::now()));
                } else if !confirmed.iter().any(|known| known["id"] == event["id"]) {
                    confirmed.push(event);
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        server = run(server.kill());
        let events = list(&server, "?limit=1000");
        for known in &confirmed {
            assert!(events.contains(known), "after kill {kill}: {known} isn't there: {}", server.log());
        }
        for event in &events {
            let is_new = !confirmed.contains(event);
            if is_new && !event["clip"].is_null() && !event["ended"].is_null() {
                let path = server.folder.path().join(format!("events/yard/{}.mp4", event["id"]));
                if has_ffmpeg() {
                    let (_, frames, _) = probed(&path);
                    assert_eq!(u64::from(frames), event["clip"]["frames"].as_u64().unwrap(), "{event}");
                }
                confirmed.push(event.clone());
            }
        }
        if let Some((id, _)) = open {
            assert!(events.iter().any(|event| event["id"] == id), "after kill {kill}: {id} was told");
        }
    }
    assert!(confirmed.len() >= kills as usize / 2, "only {} events", confirmed.len());
}
