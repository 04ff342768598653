use super::*;
use crate::events::clip::tests::event;
use crate::events::clip::{Sample, Writer};
use crate::service::clock::SimulatedClock;
use std::collections::HashSet;

fn store(folder: &Path, settings: config::Events) -> Store {
    Store::new(folder, &settings, SimulatedClock::shared())
}

/// Settings that leave the disk's own room out of it.
fn settings() -> config::Events {
    config::Events { reserve_mib: 0, max_mib: 1, ..config::Events::default() }
}

/// Records an event with a clip of so many bytes in each of two fragments; `end`: it is over.
fn record(store: &Store, bytes: usize, end: bool) -> Event {
    let mut event = Event { began: 1000, ..event(0) };
    let _ = store.begin(&mut event);
    store.tell_begin(&event);
    let path = store.files.path(&event.camera, event.id, Kind::Clip);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = Writer::create(&path, (64, 48)).unwrap();
    writer.record(&event).unwrap();
    for _ in 0..2 {
        store.reserve(event.id, bytes as u64).unwrap();
        writer.fragment(&[Sample { data: &vec![1; bytes], ticks: clip::TICKS }]).unwrap();
    }
    if end {
        event.ended = Some(event.began + 2000);
        writer.record(&event).unwrap();
        writer.finish().unwrap();
        store.change(&event).unwrap();
    }
    event
}

fn all(store: &Store) -> Vec<Event> {
    store.list(&Filter { limit: 1000, ..Filter::default() }).unwrap().0
}

fn ids(store: &Store) -> Vec<i64> {
    all(store).iter().map(|event| event.id).collect()
}

#[test]
fn what_is_recorded_is_listed_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), settings());
    let mut news = store.follow();
    let event = record(&store, 1000, true);
    assert_eq!(all(&store), std::slice::from_ref(&event));
    assert!(matches!(news.try_recv(), Ok(News::Began { .. })));
    assert!(matches!(news.try_recv(), Ok(News::Ended { event: told }) if *told == event));
    let condition = store.condition();
    assert_eq!((condition.events, condition.problem), (1, None));
    assert_eq!(condition.bytes, store.files.bytes("yard", event.id));
    assert_eq!(condition.written.first().map(|(_, bytes)| *bytes), Some(condition.bytes));
    assert!(store.delete(event.id).unwrap() && !store.delete(event.id).unwrap());
    assert!(matches!(news.try_recv(), Ok(News::Deleted { id }) if id == event.id));
    assert!(!store.files.has_any("yard", event.id));
    assert_eq!(store.condition().bytes, 0);
}

#[test]
fn who_marks_an_event_under_way_finds_it_kept_when_it_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), settings());
    let open = record(&store, 10, false);
    assert!(store.keep(open.id, true).unwrap().unwrap().keep);
    // The recorder knows nothing of it.
    store.change(&Event { ended: Some(5000), ..open.clone() }).unwrap();
    assert!(store.get(open.id).unwrap().unwrap().keep);
    let path = store.files.path("yard", open.id, Kind::Clip);
    assert!(crate::events::index::Index::read(&path).unwrap().event.unwrap().keep, "in the clip too");
    store.keep(open.id, false).unwrap();
    assert!(!store.get(open.id).unwrap().unwrap().keep);
}

#[test]
fn no_two_events_have_one_number() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), settings());
    let ids: HashSet<i64> = (0..5).map(|_| record(&store, 10, true).id).collect();
    assert_eq!(ids.len(), 5);
}

#[test]
fn the_oldest_make_room_but_for_those_that_are_kept_or_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), settings());
    let events: Vec<_> = (0..3).map(|_| record(&store, 150_000, true)).collect();
    assert!(store.keep(events[0].id, true).unwrap().unwrap().keep);
    let fourth = record(&store, 150_000, true);
    assert_eq!(ids(&store), [fourth.id, events[2].id, events[0].id]);
    assert!(store.condition().bytes <= 1 << 20);
    let open = record(&store, 150_000, false);
    assert_eq!(ids(&store), [open.id, fourth.id, events[0].id]);
    assert!(!store.delete(open.id).unwrap(), "it is under way");
    // The kept and the open one are not touched, so that is all there is.
    let error = store.reserve(open.id, 600_000).unwrap_err().to_string();
    assert!(error.contains("no event that may be deleted"), "{error}");
    assert_eq!(ids(&store), [open.id, events[0].id]);
    assert!(store.files.has_any("yard", open.id) && store.files.has_any("yard", events[0].id));
}

#[test]
fn a_disk_without_room_is_told_with_its_figures() {
    let folder = tempfile::tempdir().unwrap();
    let free = room(folder.path()).unwrap().free_bytes;
    let reserve_mib = u32::try_from(free / MIB + 1000).unwrap();
    let store = store(folder.path(), config::Events { reserve_mib, ..settings() });
    let error = store.reserve(1, 10).unwrap_err().to_string();
    assert!(error.contains("events.reserve_mib"), "{error}");
}

#[test]
fn what_is_older_than_it_may_be_goes() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SimulatedClock::shared();
    let store = Store::new(folder.path(), &config::Events { days: 1.0, ..settings() }, clock.clone());
    let now = milliseconds(crate::service::clock::Clock::wall(&*clock));
    // The oldest was recorded before the clock was set, and keeps no other.
    let [undated, old, kept, new] = [(); 4].map(|()| record(&store, 10, true));
    let is_over = |event: &Event, ended| Event { ended: Some(ended), ..event.clone() };
    store.change(&Event { time_synced: false, ..is_over(&undated, 1000) }).unwrap();
    store.change(&is_over(&old, now - 86_400_001)).unwrap();
    store.change(&is_over(&kept, now - 86_400_001)).unwrap();
    store.change(&is_over(&new, now - 86_000_000)).unwrap();
    store.keep(kept.id, true).unwrap();
    store.tidy();
    assert_eq!(ids(&store), [new.id, kept.id, undated.id]);
}

#[test]
fn what_was_under_way_at_a_crash_is_completed_and_nothing_else_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, cut, empty) = {
        let store = store(folder.path(), settings());
        let whole = record(&store, 1000, true);
        let cut = record(&store, 1000, false);
        let mut empty = event(0);
        store.begin(&mut empty).unwrap();
        (whole, cut, empty)
    };
    let store = store(folder.path(), settings());
    let events = all(&store);
    assert_eq!(events[2], whole);
    assert_eq!((events[1].id, events[1].ended.is_some()), (cut.id, true));
    assert_eq!(events[1].clip.map(|clip| (clip.frames, clip.seconds)), Some((2, 2.0)));
    assert!(events[1].fault.as_ref().is_some_and(|fault| fault.contains("ended in the middle")));
    assert_eq!((events[0].id, events[0].clip, events[0].ended), (empty.id, None, Some(empty.began)));
}

#[test]
fn a_list_that_is_lost_or_damaged_is_made_anew_from_the_clips() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = {
        let store = store(folder.path(), settings());
        let (first, second) = (record(&store, 1000, true), record(&store, 1000, true));
        (store.keep(first.id, true).unwrap().unwrap(), second)
    };
    let path = folder.path().join("events/events.sqlite");
    for damage in [true, false] {
        if damage {
            fs::write(&path, "nonsense ".repeat(1000)).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        let _ = fs::remove_file(folder.path().join("events/events.sqlite-wal"));
        let store = store(folder.path(), settings());
        assert_eq!(all(&store), [second.clone(), first.clone()], "marks are in the clips too");
        assert_eq!(
            store.condition().bytes,
            store.files.bytes("yard", first.id) + store.files.bytes("yard", second.id)
        );
    }
    let aside = fs::read_dir(folder.path().join("events")).unwrap().flatten();
    let aside = aside.filter(|entry| entry.file_name().to_string_lossy().starts_with("events.sqlite."));
    assert_eq!(aside.count(), 1, "the damaged one is still there");
}

#[test]
fn a_clip_that_cannot_be_read_is_listed_counted_and_may_go() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files { folder: folder.path().join("events") };
    let path = files.path("yard", 123, Kind::Clip);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, vec![7; 400_000]).unwrap();
    let store = store(folder.path(), settings());
    let event = store.get(123).unwrap().unwrap();
    assert!(event.fault.is_some_and(|fault| fault.contains("can't be read")) && event.clip.is_none());
    assert_eq!(store.condition().bytes, 400_000);
    // It is the oldest, and makes room.
    store.make_room(700_000).unwrap();
    assert!(!path.exists() && store.get(123).unwrap().is_none());
}

#[test]
fn events_whose_files_are_gone_are_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (gone, stays) = {
        let store = store(folder.path(), settings());
        (record(&store, 10, true), record(&store, 10, true))
    };
    fs::remove_file(folder.path().join(format!("events/yard/{}.mp4", gone.id))).unwrap();
    assert_eq!(ids(&store(folder.path(), settings())), [stays.id]);
}

#[test]
fn without_a_folder_all_is_an_error_in_words_and_clips_are_found_later() {
    let folder = tempfile::tempdir().unwrap();
    // A file in the place of the folder: making it fails whoever runs the test.
    fs::write(folder.path().join("events"), "").unwrap();
    let clock = SimulatedClock::shared();
    let store = Store::new(folder.path(), &settings(), clock.clone());
    assert!(store.list(&Filter::default()).unwrap_err().to_string().contains("folder of events"));
    assert!(store.begin(&mut event(0)).is_err() && store.problem().is_some());
    fs::remove_file(folder.path().join("events")).unwrap();
    assert!(store.condition().problem.is_some(), "it isn't tried at once");
    crate::service::clock::Clock::sleep(&*clock, RETRY);
    assert_eq!(store.condition().problem, None);
    record(&store, 10, true);
    assert_eq!(ids(&store).len(), 1);
}
