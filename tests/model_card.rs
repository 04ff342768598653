//! What models/README.md says of the shipped network holds of the file beside it: its metadata, its size, and the AUC
//! on the staged recording.

#[path = "common/skip.rs"]
mod skip;

use skip::skipped;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A network of more is no network for small boards.
const MOST_BYTES: usize = 4 << 20;
/// How far the AUC may be from the card's, in percentage points: another processor computes other last digits.
const TOLERANCE: f64 = 0.5;

fn checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn card() -> String {
    std::fs::read_to_string(checkout("models/README.md")).unwrap()
}

/// The cells of each table row of a Markdown text.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines()
        .filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'))
        .map(|row| row.split('|').map(|cell| cell.trim().trim_matches('`')).collect())
}

/// The value of a metadata entry, taken out of the file's protobuf: the key is field 1 of an entry, the value field 2,
/// each with its length before it. So no library is needed.
fn metadata(file: &[u8], key: &str) -> Option<String> {
    let mut wanted = vec![0x0a, u8::try_from(key.len()).unwrap()];
    wanted.extend_from_slice(key.as_bytes());
    wanted.push(0x12);
    let start = file.windows(wanted.len()).position(|window| window == wanted)? + wanted.len();
    let length = usize::from(*file.get(start)?);
    assert!(length < 128, "{key}: a length of two bytes isn't read here");
    String::from_utf8(file.get(start + 1..start + 1 + length)?.to_vec()).ok()
}

#[test]
fn the_files_metadata_is_the_cards() {
    let file = std::fs::read(checkout("models/anomaly.onnx")).unwrap();
    let card = card();
    let told: Vec<(&str, &str)> = rows(&card)
        .filter_map(|row| match row[..] {
            [key, value] if key.starts_with("edge_cctv.") => Some((key, value)),
            _ => None,
        })
        .collect();
    for key in ["contract", "version", "training_commit", "data_sha256", "channels"] {
        let key = format!("edge_cctv.{key}");
        assert!(told.iter().any(|(name, _)| *name == key), "the card doesn't say {key}");
    }
    for (key, value) in told {
        assert_eq!(metadata(&file, key).as_deref(), Some(value), "{key}: the file's, and the card's");
    }
}

#[test]
fn the_file_is_small() {
    let bytes = std::fs::metadata(checkout("models/anomaly.onnx")).unwrap().len();
    assert!((1..=MOST_BYTES as u64).contains(&bytes), "{bytes} bytes");
}

/// Share of the pairs of a strange and a normal score in which the strange one is higher, in %; a tie is half a pair.
fn auc(mut scores: Vec<(f64, bool)>) -> f64 {
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut pairs, mut normal) = (0.0, 0.0);
    for same in scores.chunk_by(|a, b| a.0 == b.0) {
        let strange = same.iter().filter(|(_, strange)| *strange).count() as f64;
        let others = same.len() as f64 - strange;
        pairs += strange * (normal + others / 2.0);
        normal += others;
    }
    100.0 * pairs / (normal * (scores.len() as f64 - normal))
}

#[test]
fn ties_count_half() {
    assert_eq!(auc(vec![(0.0, false), (1.0, true)]), 100.0);
    assert_eq!(auc(vec![(1.0, false), (0.0, true)]), 0.0);
    assert_eq!(auc(vec![(1.0, false), (1.0, true), (1.0, true)]), 50.0);
    // Pairs: 2 > 1, 2 = 2, 3 > 1, 3 > 2.
    assert_eq!(auc(vec![(2.0, true), (1.0, false), (3.0, true), (2.0, false)]), 87.5);
}

/// Learns three hours: two minutes with a release build, many more without.
#[test]
#[ignore = "learns three hours of footage: cargo test --release --test model_card -- --ignored"]
fn the_auc_on_the_staged_recording_is_the_cards() {
    let footage = checkout("../shared/data/anomaly/upcam");
    if !footage.exists() {
        return skipped(&format!("no footage at {}", footage.display()));
    }
    let card = card();
    let row =
        rows(&card).find(|row| row[..2] == ["upcam", "all"]).expect("the card's row of upcam, all signals");
    let told: f64 = row[2].parse().expect("the third cell is the AUC");

    let folder = tempfile::tempdir().unwrap();
    let verdicts = folder.path().join("verdicts.jsonl");
    let mut analyze = Command::new(env!("CARGO_BIN_EXE_edge-cctv"));
    analyze.current_dir(checkout("")).env_remove("RUST_LOG").args(["analyze", "--signals", "all"]);
    for hour in [19, 21, 23] {
        analyze.arg("--learn").arg(footage.join(format!("learn/upcam_day09_h{hour}.mp4")));
    }
    let ended =
        analyze.arg("--output").arg(&verdicts).arg(footage.join("staged.mp4")).output().expect("it starts");
    let log = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{log}");
    if log.contains("ONNX Runtime isn't here") {
        return skipped("ONNX Runtime isn't here: packaging/onnxruntime.sh fetches it, as `make test` does");
    }
    assert!(!log.contains("judged without the network"), "{log}");

    let labels = std::fs::read_to_string(footage.join("frame_labels.csv")).unwrap();
    let labels: HashMap<u64, bool> = labels
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[1].parse::<u64>().unwrap() - 1, cells[2] == "1")
        })
        .collect();
    let verdicts = std::fs::read_to_string(verdicts).unwrap();
    let scores: Vec<(f64, bool)> = verdicts
        .lines()
        .map(|line| {
            let verdict: serde_json::Value = serde_json::from_str(line).unwrap();
            (verdict["anomaly_score"].as_f64().unwrap(), labels[&verdict["frame"].as_u64().unwrap()])
        })
        .collect();
    assert_eq!(scores.len(), labels.len(), "each labelled frame is judged");
    let found = auc(scores);
    println!("AUC {found:.2}, the card says {told}");
    assert!((found - told).abs() <= TOLERANCE, "AUC {found:.2}, the card says {told}");
}
