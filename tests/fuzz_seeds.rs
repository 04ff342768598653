//! The inputs that fuzzing starts with (fuzz/corpus) and the words of the configuration file (fuzz/dictionaries): made
//! of the demo scene, our own defaults and what the tests use.

#[path = "../fuzz/src/container.rs"]
mod container;

use container::{avi, mp4};
use edge_cctv::access::record::{Password, Record};
use edge_cctv::access::{Scope, User};
use edge_cctv::anomaly::store::{Kept, Origin, encode};
use edge_cctv::anomaly::{Anomaly, Seen};
use edge_cctv::camera::{Frame, Wanted, demo};
use edge_cctv::config::{self, installed_file};
use edge_cctv::motion::Motion;
use edge_cctv::picture::{Picture, convert, jpeg};
use openh264::OpenH264API;
use openh264::encoder::{Encoder, EncoderConfig, IntraFramePeriod, RateControlMode};
use openh264::formats::YUVSlices;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::Path;

type Outcome<T> = Result<T, Box<dyn Error>>;
/// One unit of coded video.
type Unit = Vec<u8>;

const TWO_CAMERAS: &str = include_str!("data/two_cameras.toml");
const CHANGED: &str = "[stream]\nquality = 70\n[arming]\nschedule = ['daily 22:00-06:00']\ntime_zone = 'Europe/Vienna'\n\
                       [camera.yard]\nautostart = false\n[camera.yard.motion]\nsensitivity = 0.7\n\
                       [[camera.yard.zone]]\nname = 'door'\nkind = 'privacy'\npoints = [[0, 0], [1, 0], [1, 1]]\n";

#[test]
#[ignore = "writes fuzz/corpus and fuzz/dictionaries"]
fn seeds() -> Outcome<()> {
    let frames = scene(3)?;
    let pictures = frames.iter().map(convert::picture).collect::<Result<Vec<_>, _>>()?;
    let jpegs = pictures.iter().map(|picture| jpeg::encode(picture, 20)).collect::<Result<Vec<_>, _>>()?;
    seed("jpeg", "scene", &jpegs[0])?;
    seed("jpeg", "progressive", &progressive(&pictures[0])?)?;
    seed("avi", "scene", &avi(&jpegs[..2]))?;
    raw_frames(&pictures[0])?;
    pngs()?;
    let (sps, pps, units) = coded(&pictures)?;
    let units: Vec<&[u8]> = units.iter().map(Vec::as_slice).collect();
    seed("mp4", "scene", &mp4(&sps, &pps, &units).ok_or("the parameter sets are short")?)?;
    seed("h264", "scene", &[&[&sps[..], &pps], &units[..]].concat().join(&[0, 0, 1][..]))?;
    texts()?;
    requests()?;
    baselines()?;
    words()
}

/// They are part of the project, so they stay small; and a target without any would begin with nothing.
#[test]
fn each_target_has_inputs_and_all_together_are_small() -> Outcome<()> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut bytes = 0;
    for target in fs::read_dir(fuzz.join("fuzz_targets"))? {
        let folder = fuzz.join("corpus").join(target?.path().file_stem().ok_or("a target has a name")?);
        let inputs = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let sizes = inputs.map(|input| Ok(input?.metadata()?.len())).collect::<Outcome<Vec<_>>>()?;
        assert!(!sizes.is_empty(), "{} is empty", folder.display());
        bytes += sizes.iter().sum::<u64>();
    }
    assert!(bytes < 1 << 20, "{bytes} bytes");
    Ok(())
}

fn seed(target: &str, name: &str, bytes: &[u8]) -> Outcome<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join(name), bytes)?)
}

/// Frames of the demo while somebody walks through it.
fn scene(count: usize) -> Outcome<Vec<Frame>> {
    let mut scene = demo::open(&Wanted { width: 160, height: 120, fps: 5.0 }, None);
    let frames = (0..50 + count).map(|_| scene.next_frame()).collect::<Result<Vec<_>, _>>()?;
    Ok(frames.into_iter().skip(50).collect())
}

fn progressive(picture: &Picture) -> Outcome<Vec<u8>> {
    let mut compress = mozjpeg::Compress::new(mozjpeg::ColorSpace::JCS_GRAYSCALE);
    compress.set_size(picture.luma.width, picture.luma.height);
    compress.set_quality(10.0);
    compress.set_progressive_mode();
    let mut compress = compress.start_compress(Vec::new())?;
    compress.write_scanlines(&picture.luma.data)?;
    Ok(compress.finish()?)
}

/// The format and range, width, height and stride, and the data (see the target).
fn raw_frames(picture: &Picture) -> Outcome<()> {
    let (width, height) = (17u16, 9u16);
    for (kind, name, stride, length) in [
        (0, "yuyv", 36u16, 36 * 9),
        (5, "nv12", 18, 18 * (9 + 5)),
        (2, "grey", 17, 17 * 9),
        (7, "i420", 18, 18 * 9 + 2 * 9 * 5),
    ] {
        let sizes = [width, height, stride].map(u16::to_be_bytes).concat();
        seed("raw_frame", name, &[&[kind], &sizes[..], &picture.luma.data[..length]].concat())?;
    }
    Ok(())
}

fn pngs() -> Outcome<()> {
    use png::BitDepth::{Eight, One, Sixteen};
    use png::ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
    let data: Vec<u8> = (0..8 * 8 * 8).map(|at| (at * 37 % 251) as u8).collect();
    for (name, color, depth, length) in [
        ("grey", Grayscale, Eight, 64),
        ("grey16", Grayscale, Sixteen, 128),
        ("alpha", GrayscaleAlpha, Eight, 128),
        ("rgb", Rgb, Eight, 192),
        ("rgba16", Rgba, Sixteen, 512),
        ("indexed", Indexed, One, 8),
    ] {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, 8, 8);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if color == Indexed {
            encoder.set_palette(vec![255, 0, 0, 0, 0, 255]);
            encoder.set_trns(vec![255, 100]);
        }
        encoder.write_header()?.write_image_data(&data[..length])?;
        seed("png", name, &file)?;
    }
    Ok(())
}

/// The parameter sets and a NAL unit for each picture.
fn coded(pictures: &[Picture]) -> Outcome<(Unit, Unit, Vec<Unit>)> {
    let config = EncoderConfig::new()
        .intra_frame_period(IntraFramePeriod::from_num_frames(2))
        .rate_control_mode(RateControlMode::Off);
    let mut encoder = Encoder::with_api_config(OpenH264API::from_source(), config)?;
    let (mut sps, mut pps, mut units) = (Vec::new(), Vec::new(), Vec::new());
    for picture in pictures {
        // A quarter of the picture is enough.
        let (width, height) = (picture.luma.width / 2, picture.luma.height / 2);
        let y: Vec<u8> = (0..height).flat_map(|row| &picture.luma.row(row)[..width]).copied().collect();
        let chroma = vec![120; width * height / 4];
        let strides = (width, width / 2, width / 2);
        let stream = encoder.encode(&YUVSlices::new((&y, &chroma, &chroma), (width, height), strides))?;
        for layer in (0..stream.num_layers()).filter_map(|layer| stream.layer(layer)) {
            for unit in (0..layer.nal_count()).filter_map(|unit| layer.nal_unit(unit)) {
                let unit = unit.strip_prefix(&[0, 0, 0, 1]).ok_or("a unit begins with a start code")?;
                match unit[0] & 0x1f {
                    7 => sps = unit.to_vec(),
                    8 => pps = unit.to_vec(),
                    _ => units.push(unit.to_vec()),
                }
            }
        }
    }
    Ok((sps, pps, units))
}

fn texts() -> Outcome<()> {
    // What it says, without what it says about it.
    let values: Vec<_> =
        installed_file().lines().filter(|line| !line.starts_with('#')).map(str::to_string).collect();
    seed("config", "installed", values.join("\n").as_bytes())?;
    seed("config", "two_cameras", TWO_CAMERAS.as_bytes())?;
    seed("settings_file", "changed", CHANGED.as_bytes())?;
    let changed: toml::Table = CHANGED.parse()?;
    seed("settings_patch", "changed", serde_json::to_string(&changed)?.as_bytes())?;
    let all = config::values(&config::parse(TWO_CAMERAS).map_err(|faults| faults.to_string())?);
    seed("settings_patch", "all", all.to_string().as_bytes())?;
    seed(
        "settings_patch",
        "take_away",
        br#"{"stream":{"fps":null},"camera":{"yard":{"zone":null},"x":null}}"#,
    )?;
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let contract = format!(
        "contract=1\nversion=1.0.0\ntraining_commit=0123abc\ndata_sha256={hash}\nframes=3\ninterval_ms=200\nstride=8\n\
         channels=moving:1,flow:2,appearance:16\noutput=19\n"
    );
    seed("contract", "good", contract.as_bytes())?;
    let moved = |event: &str, uptime: f32| {
        let mut entry =
            json!({"relay": "siren", "event": event, "at": "2026-11-24T12:00:00Z", "why": "motion"});
        (entry["time_synced"], entry["boot"], entry["uptime"]) = (true.into(), "boot".into(), uptime.into());
        entry.to_string() + "\n"
    };
    seed(
        "history",
        "two",
        (moved("closed", 1.0) + &moved("opened", 3.0) + &moved("closed", 9.0)).as_bytes(),
    )?;
    let mut record = Record::empty();
    record.set_password(User::Admin, Some(Password { hash: "-".into(), changed: 1, made: true }), None);
    record.begin_session(User::Viewer, 1, "192.168.1.7".into(), "a browser");
    record.make_token("home", Scope::Control, 1)?;
    seed("access", "one_of_each", serde_json::to_string(&record)?.as_bytes())
}

/// One to each address that is described, with what callers send.
fn requests() -> Outcome<()> {
    let document: Value = serde_json::from_str(include_str!("../src/server/openapi.json"))?;
    let paths = document["paths"].as_object().ok_or("there are addresses")?;
    let mut number = 0;
    for (path, operations) in paths {
        for method in operations.as_object().into_iter().flat_map(|operations| operations.keys()) {
            let path = path.replace("{camera}", "camera0").replace(['{', '}'], "");
            let body = match (method.as_str(), path.as_str()) {
                ("patch", _) => r#"{"stream":{"quality":70}}"#,
                (_, "/api/arm") => r#"{"mode":"armed"}"#,
                (_, "/api/tokens") => r#"{"name":"home","scope":"view"}"#,
                (_, "/api/baseline/pause") => r#"{"paused":true}"#,
                (_, "/api/alert/silence") => r#"{"seconds":60}"#,
                ("get", _) => "",
                _ => "{}",
            };
            let request =
                format!("{} {path}?camera=camera0&limit=5\nHost: 127.0.0.1\n\n{body}", method.to_uppercase());
            seed("http", &format!("{number:02}"), request.as_bytes())?;
            number += 1;
        }
    }
    let signed = "GET /api/snapshots/snapshot_1.jpg?expires=4000000000&signature=00\nHost: [::1]:8000\n\n";
    seed("http", "link", signed.as_bytes())?;
    let browser = "GET /?t=1 HTTP\nHost: localhost\nAccept: text/html\nCookie: edge-cctv=00\nOrigin: http://localhost\n\
                   Sec-Fetch-Site: same-origin\nReferer: http://localhost/\nAuthorization: Bearer ecctv_00\n\n";
    seed("http", "browser", browser.replace(" HTTP", "").as_bytes())
}

/// What was learned of half a minute of the demo, without the network and, where its library is, with it.
fn baselines() -> Outcome<()> {
    for (name, seconds, sees) in [("new", 0, false), ("behaviour", 30, false), ("network", 30, true)] {
        let mut anomaly = Anomaly::new(&config::Anomaly::default());
        if sees && !anomaly.find_network(&config::Network::default()) {
            eprintln!("no baseline with a network: {}", anomaly.blind().unwrap_or_default());
            continue;
        }
        anomaly.teach();
        let mut motion = Motion::new(&config::Motion::default(), &[]);
        for frame in scene(5 * seconds)? {
            let luma = convert::luma(&frame, 4)?;
            let luma =
                edge_cctv::picture::plane::Plane { width: 40, height: 24, data: luma.data[..40 * 24].into() };
            let moving = motion.look(&luma, frame.captured);
            let seen =
                Seen { luma: &luma, mask: motion.mask(), moving: &moving, time: frame.captured, hour: None };
            anomaly.look(&seen);
            anomaly.ask_network();
        }
        anomaly.end_teaching();
        let origin = Origin { network: sees.then_some(1), size: Some((160, 120)), source: 1 };
        seed("baseline", name, &encode(&Kept { baseline: anomaly.baseline().clone(), origin }))?;
    }
    Ok(())
}

/// The configuration file's words, for mutations that put one in.
fn words() -> Outcome<()> {
    let reference = config::reference();
    let quoted = reference.split('`').skip(1).step_by(2);
    let words: BTreeSet<_> = quoted.filter(|word| !word.is_empty() && word.len() < 40).collect();
    let escaped = |word: &str| word.replace('\\', "\\\\").replace('"', "\\\"");
    let lines: Vec<_> =
        words.iter().filter(|word| word.is_ascii()).map(|word| format!("\"{}\"", escaped(word))).collect();
    let header = "# Made by tests/fuzz_seeds.rs from the reference of the configuration.\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/dictionaries/config.dict");
    Ok(fs::write(path, header.to_string() + &lines.join("\n") + "\n")?)
}
