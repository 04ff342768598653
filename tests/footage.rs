//! Detection quality on real footage with ground truth. The footage isn't part of the project: it is
//! looked for in `../shared/data`, or where `EDGE_CCTV_FOOTAGE` says; without it the tests say SKIPPED.

#[path = "common/skip.rs"]
mod skip;

use skip::skipped;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the footage.
fn footage(what: &str) -> Option<PathBuf> {
    let base = std::env::var_os("EDGE_CCTV_FOOTAGE").map(PathBuf::from);
    let base = base.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"));
    let path = base.join(what);
    if !path.exists() {
        skipped(&format!("{} is not there", path.display()));
        return None;
    }
    Some(path)
}

fn analyze(arguments: &[&std::ffi::OsStr]) -> String {
    let result = Command::new(env!("CARGO_BIN_EXE_edge-cctv"))
        .arg("analyze")
        .args(arguments)
        .output()
        .expect("the program starts");
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    String::from_utf8(result.stdout).expect("JSON is UTF-8")
}

/// 8-bit grey samples of a PNG, the first channel if there are several.
fn read_png(path: &Path) -> (u32, u32, Vec<u8>) {
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("the picture is there"));
    let mut decoder = png::Decoder::new(file);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().expect("a PNG");
    let mut data = vec![0; reader.output_buffer_size().expect("it fits in memory")];
    let info = reader.next_frame(&mut data).expect("a PNG");
    let channels = info.color_type.samples();
    let grey = data[..info.buffer_size()].iter().copied().step_by(channels).collect();
    (info.width, info.height, grey)
}

/// Precision, recall and F as changedetection.net counts them: 255 is foreground, 85 (outside) and
/// 170 (unknown) are left out, all else is background.
fn f_measure(sequence: &Path, masks: &Path) -> f64 {
    let region = std::fs::read_to_string(sequence.join("temporalROI.txt")).expect("the scored range");
    let range: Vec<usize> = region.split_whitespace().map(|n| n.parse().expect("a number")).collect();
    let mut truth: Vec<PathBuf> = std::fs::read_dir(sequence.join("groundtruth"))
        .expect("ground truth")
        .map(|entry| entry.expect("readable").path())
        .collect();
    truth.sort();
    let number = |path: &Path| -> usize {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("gt000123");
        stem[2..].parse().expect("gt000123")
    };
    let first = number(&truth[0]);
    let (mut hits, mut false_alarms, mut misses) = (0u64, 0u64, 0u64);
    for path in truth.iter().filter(|path| (range[0]..=range[1]).contains(&number(path))) {
        let wanted = read_png(path);
        let found = read_png(&masks.join(format!("mask{:06}.png", number(path) - first)));
        assert_eq!((wanted.0, wanted.1), (found.0, found.1), "masks have the input's size");
        for (&truth, &mask) in wanted.2.iter().zip(&found.2) {
            match (truth, mask > 127) {
                (85 | 170, _) => {}
                (255, true) => hits += 1,
                (255, false) => misses += 1,
                (_, true) => false_alarms += 1,
                _ => {}
            }
        }
    }
    2.0 * hits as f64 / (2 * hits + false_alarms + misses) as f64
}

fn score(sequence: &str) -> Option<f64> {
    let sequence = footage(&format!("changedet/{sequence}"))?;
    let masks = tempfile::tempdir().expect("a folder");
    analyze(&["--masks".as_ref(), masks.path().as_ref(), sequence.join("input.avi").as_ref()]);
    let f = f_measure(&sequence, masks.path());
    eprintln!("{}: F {f:.4}", sequence.display());
    Some(f)
}

#[test]
fn cars_are_found_and_their_shadows_are_not() {
    if let Some(f) = score("highway") {
        assert!(f >= 0.90, "F is {f}");
    }
}

#[test]
fn people_in_a_corridor_are_found() {
    if let Some(f) = score("hall_and_monitor") {
        assert!(f >= 0.84, "F is {f}");
    }
}

/// ALERTs on a clip with an alert zone from `left` to the right border and from the top to `bottom`: how many,
/// and how many of them began while the light was said to change.
fn alerts(clip: &str, left: f32, bottom: f32) -> Option<(usize, usize)> {
    let clip = footage(clip)?;
    let config = tempfile::NamedTempFile::new().expect("a file");
    let zone = format!(
        "[[camera]]\nsource = \"demo\"\n[[camera.zone]]\nname = \"zone\"\nkind = \"alert\"\n\
         points = [[{left:?}, 0.0], [1.0, 0.0], [1.0, {bottom:?}], [{left:?}, {bottom:?}]]\n"
    );
    std::fs::write(config.path(), zone).expect("written");
    let lines = analyze(&["--config".as_ref(), config.path().as_ref(), clip.as_ref()]);
    let (mut alerts, mut under_changing_light, mut before) = (0, 0, false);
    for line in lines.lines() {
        let verdict: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let alert = verdict["ai_status"] == "ALERT";
        if alert && !before {
            alerts += 1;
            under_changing_light += usize::from(verdict["lighting"] == true);
        }
        before = alert;
    }
    eprintln!("{}: {alerts} ALERTs, {under_changing_light} under changing light", clip.display());
    Some((alerts, under_changing_light))
}

#[test]
fn an_infrared_night_without_events_raises_no_alert() {
    // To the left of it somebody sleeps, and turns over six times.
    if let Some((alerts, _)) = alerts("longrun/upcam_day00_h03.mp4", 0.5, 1.0) {
        assert_eq!(alerts, 0);
    }
}

#[test]
fn the_switch_from_night_to_day_raises_no_alert() {
    if let Some((alerts, under_changing_light)) = alerts("longrun/upcam_day00_h08.mp4", 0.0, 1.0) {
        assert!(alerts > 0, "somebody gets up in this hour");
        assert_eq!(under_changing_light, 0);
    }
}

#[test]
fn clouds_and_sun_over_roofs_raise_no_alert() {
    // People walk below; above are sky, walls, and roofs that glint when the sun comes out.
    if let Some((alerts, _)) = alerts("clips/outdoor_pets2001_ds3.mp4", 0.0, 0.4) {
        assert_eq!(alerts, 0);
    }
}
