//! The baseline's file: whole or not there, whatever happens while it is written or lies on the disk.

use edge_cctv::anomaly::baseline::Baseline;
use edge_cctv::anomaly::hours::Hour;
use edge_cctv::anomaly::store::{self, Damage, Kept, LoadError, MOST_BYTES, Origin, SaveError, Store};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SOURCE: u32 = 7;
const CHILD: &str = "EDGE_CCTV_TEST_SAVES_HERE";

fn kept(hours: usize) -> Kept {
    let mut baseline = Baseline::default();
    for hour in 0..hours {
        let hour = Hour { hour: (hour % 24) as u8, weekend: hour % 168 >= 120 };
        baseline.hours.add(hour, true, 1.0);
    }
    baseline.learned = hours as f64;
    Kept { baseline, origin: Origin { network: Some(11), size: Some((640, 480)), source: SOURCE } }
}

fn store(folder: &Path) -> Store {
    Store::new(folder, "yard")
}

#[test]
fn what_was_saved_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    assert!(store.load(SOURCE).unwrap().is_none(), "the folder isn't there yet");
    let saved = kept(100);
    store.save(&saved).unwrap();
    let restored = store.load(SOURCE).unwrap().expect("it was saved");
    assert_eq!(restored.origin, saved.origin);
    assert_eq!(store::encode(&restored), store::encode(&saved));
    assert!(store::encode(&saved).len() < MOST_BYTES);
}

#[test]
fn names_make_files_of_their_own_inside_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["yard", "Yard 1", "Yard_1", "../../etc/passwd", "..", "", "höf", "hof/", "hof\\"];
    let paths: Vec<_> = names.iter().map(|name| Store::new(folder.path(), name).path()).collect();
    for (i, path) in paths.iter().enumerate() {
        assert_eq!(path.parent().unwrap(), folder.path().join("baseline"), "{path:?}");
        assert!(path.file_name().unwrap().to_str().unwrap().is_ascii());
        assert!(!paths[..i].contains(path), "{path:?}");
    }
}

#[test]
fn a_truncated_file_is_told_and_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let bytes = store::encode(&kept(10));
    for length in [0, 5, 8, 20, 41, 42, bytes.len() / 2, bytes.len() - 1] {
        let damage = store::decode(&bytes[..length]).expect_err("it is cut off");
        assert!(matches!(damage, Damage::Truncated { found, .. } if found == length), "{length}: {damage}");
    }
    store.save(&kept(10)).unwrap();
    std::fs::write(store.path(), &bytes[..bytes.len() / 2]).unwrap();
    assert!(store.restore("yard", SOURCE).is_none());
    assert!(store.bad().exists() && !store.path().exists());
    // One is kept, the newest.
    std::fs::write(store.path(), b"nonsense").unwrap();
    assert!(store.restore("yard", SOURCE).is_none());
    assert_eq!(std::fs::read(store.bad()).unwrap(), b"nonsense");
}

#[test]
fn no_flipped_bit_goes_unnoticed() {
    let bytes = store::encode(&kept(10));
    let mut random = fastrand::Rng::with_seed(3);
    let header = 0..46 * 8;
    for bit in header.chain((0..500).map(|_| random.usize(0..bytes.len() * 8))) {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(store::decode(&damaged).is_err(), "bit {bit}");
    }
    for noise in 0..200 {
        let noise: Vec<u8> = (0..noise).map(|_| random.u8(..)).collect();
        assert!(store::decode(&noise).is_err());
    }
}

#[test]
fn lists_of_other_lengths_are_not_taken_even_if_they_have_as_many_bytes_in_all() {
    let mut longer = kept(10);
    let another = longer.baseline.spreads[0].clone();
    longer.baseline.spreads.push(another);
    // As written, one is as long as the other.
    let mut moved = longer.clone();
    moved.baseline.tails.pop();
    assert_eq!(store::encode(&moved).len(), store::encode(&kept(10)).len());
    for kept in [longer, moved] {
        assert_eq!(store::decode(&store::encode(&kept)).expect_err("other lengths"), Damage::Shape);
    }
}

#[test]
fn another_format_and_another_source_are_told_apart_from_damage() {
    let mut bytes = store::encode(&kept(10));
    bytes[8] = 99;
    assert_eq!(store::decode(&bytes).expect_err("another format"), Damage::Format { found: 99 });
    let folder = tempfile::tempdir().unwrap();
    store(folder.path()).save(&kept(10)).unwrap();
    let error = store(folder.path()).load(SOURCE + 1).expect_err("another source");
    assert!(matches!(error, LoadError::Damaged(Damage::Source)), "{error}");
}

#[test]
fn a_folder_that_cant_be_written_is_an_error_in_words() {
    let folder = tempfile::tempdir().unwrap();
    // Holds for root too, whom permissions don't stop.
    std::fs::write(folder.path().join("baseline"), "in the way").unwrap();
    let error = store(folder.path()).save(&kept(1)).expect_err("a file is in the way");
    assert!(matches!(error, SaveError::Io(_)));
    assert_eq!(error.to_string(), "a file is where a folder should be");
    store(folder.path()).clean();
    assert!(store(folder.path()).restore("yard", SOURCE).is_none());
}

#[test]
fn a_failed_save_leaves_the_last_one_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    store.save(&kept(5)).unwrap();
    // A folder where the unfinished file would be.
    std::fs::create_dir(folder.path().join("baseline/yard.unfinished")).unwrap();
    assert!(store.save(&kept(6)).is_err());
    assert_eq!(store.load(SOURCE).unwrap().unwrap().baseline.learned, 5.0);
}

/// Not a test of its own: the process that the next one kills.
#[test]
fn saves_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let store = store(Path::new(&folder));
    for hours in 1.. {
        store.save(&kept(hours)).unwrap();
    }
}

#[test]
fn killed_while_saving_it_starts_cleanly_with_a_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let mut random = fastrand::Rng::with_seed(5);
    let mut last = 0.0;
    for _ in 0..12 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "saves_until_it_is_killed"])
            .env(CHILD, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while store.load(SOURCE).unwrap().is_none() {
            assert!(Instant::now() < end, "the child saves nothing");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(random.u64(2_000..20_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        store.clean();
        let restored = store.load(SOURCE).expect("whole").expect("there");
        assert!(restored.baseline.learned >= 1.0);
        last = restored.baseline.learned.max(last);
        let names: Vec<_> = std::fs::read_dir(folder.path().join("baseline"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["yard.bin"]);
        // So that the next child is known to save when it is killed.
        std::fs::remove_file(store.path()).unwrap();
    }
    assert!(last > 1.0, "no child got as far as a second save");
}
