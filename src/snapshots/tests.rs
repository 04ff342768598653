use super::*;
use crate::service::clock::{Clock, SimulatedClock};

fn store() -> (tempfile::TempDir, Arc<Store>) {
    let folder = tempfile::tempdir().unwrap();
    let settings = config::Snapshots { days: 0.0, ..Default::default() };
    let store = Store::new(&folder.path().join("state"), &settings, SimulatedClock::shared());
    (folder, store)
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(seconds * 1000 + 999)
}

fn listed(store: &Store, wanted: &Wanted) -> Vec<String> {
    store.list(wanted).unwrap().0.into_iter().map(|listed| listed.filename).collect()
}

fn timelapse() -> Wanted {
    Wanted { timelapse: true, ..Wanted::default() }
}

#[test]
fn snapshots_of_one_second_have_names_of_their_own() {
    let (_folder, store) = store();
    assert_eq!(store.write(b"one", at(1_700_000_000)).unwrap(), "snapshot_1700000000.jpg");
    assert_eq!(store.write(b"two", at(1_700_000_000)).unwrap(), "snapshot_1700000000_2.jpg");
    assert_eq!(store.write(b"three", at(1_700_000_000)).unwrap(), "snapshot_1700000000_3.jpg");
    assert_eq!(store.read("snapshot_1700000000.jpg").unwrap().as_deref(), Some(b"one".as_slice()));
    assert_eq!(store.read("snapshot_1700000000_3.jpg").unwrap().as_deref(), Some(b"three".as_slice()));
}

#[test]
fn the_list_begins_with_the_newest_and_names_only_snapshots() {
    let (_folder, store) = store();
    assert_eq!(store.list(&Wanted::default()).unwrap(), (Vec::new(), 0));
    for time in [99, 100, 100] {
        store.write(b"jpeg", at(time)).unwrap();
    }
    fs::write(store.folder.join("notes.txt"), "").unwrap();
    fs::create_dir(store.folder.join("snapshot_7.jpg")).unwrap();
    store.keep_timelapse(b"jpeg", "yard", at(98));
    let (found, total) = store.list(&Wanted::default()).unwrap();
    let names: Vec<_> = found.iter().map(|listed| listed.filename.as_str()).collect();
    assert_eq!(names, ["snapshot_100_2.jpg", "snapshot_100.jpg", "snapshot_99.jpg"]);
    assert_eq!((total, found[0].time, found[0].bytes), (3, 100, 4));
    assert_eq!(listed(&store, &Wanted { before: Some(100), ..Wanted::default() }), ["snapshot_99.jpg"]);
}

#[test]
fn no_other_file_can_be_read_or_deleted() {
    let (_folder, store) = store();
    store.write(b"jpeg", at(1)).unwrap();
    fs::write(store.folder.join("secret.jpg"), "secret").unwrap();
    fs::write(store.folder.join("../snapshot_2.jpg"), "secret").unwrap();
    for name in ["secret.jpg", "../snapshot_2.jpg", "snapshot_../../1.jpg", ""] {
        assert!(store.read(name).unwrap().is_none(), "{name:?}");
        assert!(!store.delete(name).unwrap(), "{name:?}");
    }
    assert!(store.folder.join("secret.jpg").exists() && store.folder.join("../snapshot_2.jpg").exists());
}

#[test]
fn a_deleted_snapshot_is_gone_and_the_others_stay() {
    let (_folder, store) = store();
    assert!(!store.delete("snapshot_1.jpg").unwrap(), "no folder, no snapshot");
    store.write(b"one", at(1)).unwrap();
    store.write(b"two", at(2)).unwrap();
    assert!(store.delete("snapshot_1.jpg").unwrap());
    assert!(!store.delete("snapshot_1.jpg").unwrap(), "it is gone already");
    assert_eq!(store.read("snapshot_2.jpg").unwrap().as_deref(), Some(b"two".as_slice()));
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let (_folder, store) = store();
    fs::create_dir_all(&store.folder).unwrap();
    // A folder in the place of the file: creating fails whoever runs the test.
    fs::create_dir(store.folder.join(UNFINISHED)).unwrap();
    assert!(store.write(b"jpeg", at(1)).is_err());
    assert_eq!(store.list(&Wanted::default()).unwrap().1, 0);
}

#[test]
fn the_time_lapse_is_a_list_of_its_own_by_camera_and_time() {
    let (_folder, store) = store();
    for (camera, time) in [("yard", 10), ("front_door", 10), ("yard", 20), ("yard", 30)] {
        store.keep_timelapse(camera.as_bytes(), camera, at(time));
    }
    let all = ["timelapse_yard_30.jpg", "timelapse_yard_20.jpg", "timelapse_yard_10.jpg"];
    let yard = Wanted { camera: Some("yard".into()), ..timelapse() };
    assert_eq!(listed(&store, &yard), all);
    assert_eq!(listed(&store, &Wanted { before: Some(20), ..timelapse() }).len(), 2);
    assert_eq!(store.list(&timelapse()).unwrap().1, 4);
    let door = "timelapse_front_door_10.jpg";
    assert_eq!(store.read(door).unwrap().as_deref(), Some(b"front_door".as_slice()));
    assert!(store.has(door) && store.delete(door).unwrap() && !store.has(door));
}

#[test]
fn the_oldest_of_the_time_lapse_go_and_what_somebody_asked_for_stays() {
    let (folder, store) = store();
    store.configure(&config::Snapshots { max_mib: 1, days: 0.0, ..Default::default() });
    store.write(b"asked for", at(1)).unwrap();
    let picture = vec![0; 300_000];
    for time in 1..=5 {
        store.keep_timelapse(&picture, "yard", at(time));
    }
    let kept = ["timelapse_yard_5.jpg", "timelapse_yard_4.jpg", "timelapse_yard_3.jpg"];
    assert_eq!(listed(&store, &timelapse()), kept);
    // What was there before the program began counts.
    drop(store);
    let settings = config::Snapshots { max_mib: 1, days: 0.0, ..Default::default() };
    let store = Store::new(&folder.path().join("state"), &settings, SimulatedClock::shared());
    store.keep_timelapse(&picture, "yard", at(6));
    assert_eq!(listed(&store, &timelapse())[2], "timelapse_yard_4.jpg");
    // One that needs more than all may have is no reason to delete anything.
    store.keep_timelapse(&vec![0; 2 << 20], "yard", at(7));
    assert!(store.problem().is_some() && listed(&store, &timelapse()).len() == 3);
    assert_eq!(listed(&store, &Wanted::default()), ["snapshot_1.jpg"]);
}

#[test]
fn what_is_too_old_goes() {
    let clock = SimulatedClock::shared();
    let folder = tempfile::tempdir().unwrap();
    let settings = config::Snapshots { days: 1.0, ..Default::default() };
    let store = Store::new(folder.path(), &settings, clock.clone());
    let now = clock.wall();
    store.keep_timelapse(b"old", "yard", now - Duration::from_secs(90_000));
    store.keep_timelapse(b"young", "yard", now - Duration::from_secs(80_000));
    store.keep_timelapse(b"now", "yard", now);
    assert_eq!(listed(&store, &timelapse()).len(), 2);
}

#[test]
fn a_time_lapse_that_cannot_be_kept_is_told_until_it_can() {
    let (_folder, store) = store();
    fs::create_dir_all(store.folder.join(TIMELAPSE).join(UNFINISHED)).unwrap();
    store.keep_timelapse(b"jpeg", "yard", at(1));
    assert!(store.problem().is_some_and(|why| why.contains("time-lapse")));
    fs::remove_dir(store.folder.join(TIMELAPSE).join(UNFINISHED)).unwrap();
    store.keep_timelapse(b"jpeg", "yard", at(2));
    assert_eq!(store.problem(), None);
}
