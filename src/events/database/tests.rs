use super::*;
use crate::events::clip::tests::event;
use serde_json::json;

fn database() -> (tempfile::TempDir, Database) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&folder.path().join("events.sqlite")).unwrap();
    (folder, database)
}

fn full(id: i64) -> Event {
    Event {
        ended: Some(id + 10),
        state: State::Alert,
        severity: Some(Severity::High),
        verdict: Some(json!({ "anomaly_type": "crowd", "severity": "HIGH", "reasoning": ["so"] })),
        zone: Some("door".into()),
        score: 3.25,
        regions: vec![Area { x: 1, y: 2, w: 3, h: 4 }],
        fault: Some("why".into()),
        ..event(id)
    }
}

#[test]
fn an_event_comes_back_as_it_was_put() {
    let (folder, database) = database();
    for event in [event(1), full(2)] {
        database.put(&event, 100).unwrap();
        assert_eq!(database.get(event.id).unwrap(), Some(event));
    }
    database.put(&Event { state: State::Alert, ..event(1) }, 50).unwrap();
    assert_eq!(database.bytes().unwrap(), 150);
    drop(database);
    let again = Database::open(&folder.path().join("events.sqlite")).unwrap();
    assert_eq!(again.get(2).unwrap(), Some(full(2)));
    assert_eq!(again.get(3).unwrap(), None);
}

#[test]
fn each_filter_lets_pass_what_it_says() {
    let (_folder, database) = database();
    for id in 1..=20 {
        let event = if id % 4 == 0 { full(id) } else { Event { ended: Some(id + 1), ..event(id) } };
        database.put(&event, 1).unwrap();
    }
    database.put(&Event { camera: "door".into(), ..event(21) }, 1).unwrap();
    database.set_keep(5, true).unwrap();
    let ids = |filter: Filter| -> Vec<i64> {
        database.list(&filter).unwrap().iter().map(|event| event.id).collect()
    };
    let all = Filter { limit: 100, ..Filter::default() };
    assert_eq!(ids(all.clone()).len(), 21);
    assert_eq!(ids(Filter { limit: 3, ..all.clone() }), [21, 20, 19]);
    assert_eq!(ids(Filter { limit: 3, before: Some(19), ..all.clone() }), [18, 17, 16]);
    assert_eq!(ids(Filter { limit: 2, after: Some(4), ..all.clone() }), [5, 6]);
    assert_eq!(ids(Filter { camera: Some("door".into()), ..all.clone() }), [21]);
    assert_eq!(ids(Filter { state: Some("ALERT".into()), ..all.clone() }), [20, 16, 12, 8, 4]);
    for filter in [
        Filter { anomaly_type: Some("crowd".into()), ..all.clone() },
        Filter { severity: Some("HIGH".into()), ..all.clone() },
        Filter { zone: Some("door".into()), ..all.clone() },
    ] {
        assert_eq!(ids(filter.clone()), [20, 16, 12, 8, 4]);
        assert_eq!(database.count(&Filter { limit: 1, before: Some(9), ..filter }).unwrap(), 5);
    }
    assert_eq!(ids(Filter { keep: Some(true), ..all.clone() }), [5]);
    // Those under way last for ever, and long ones reach into a time that they didn't begin in.
    assert_eq!(ids(Filter { from: Some(20), to: Some(19), ..all.clone() }), [16, 12]);
    assert_eq!(ids(Filter { from: Some(10_000), ..all }), [21]);
}

#[test]
fn the_oldest_is_never_one_that_is_kept_or_under_way() {
    let (_folder, database) = database();
    database.put(&event(1), 1).unwrap();
    for id in 2..5 {
        database.put(&full(id), 1).unwrap();
    }
    database.set_keep(2, true).unwrap();
    assert_eq!(database.oldest().unwrap().map(|event| event.id), Some(3));
    assert!(database.delete(3).unwrap() && !database.delete(3).unwrap());
    assert_eq!(database.oldest().unwrap().map(|event| event.id), Some(4));
    assert_eq!(database.unfinished().unwrap(), [event(1)]);
    assert!(!database.set_keep(99, true).unwrap());
}

#[test]
fn bytes_are_counted_by_day() {
    let (_folder, database) = database();
    for (day, bytes) in [("2026-11-28", 5), ("2026-11-29", 7), ("2026-11-28", 1)] {
        database.add_written(day, bytes).unwrap();
    }
    assert_eq!(database.written().unwrap(), [("2026-11-29".into(), 7), ("2026-11-28".into(), 6)]);
}

#[test]
fn a_file_that_is_no_list_is_told_from_a_disk_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.sqlite");
    std::fs::write(&path, "nonsense, and more of it than fits into a header ".repeat(100)).unwrap();
    assert!(Database::open(&path).unwrap_err().is_lasting());
    std::fs::remove_file(&path).unwrap();
    let database = Database::open(&path).unwrap();
    database.connection.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    assert!(matches!(Database::open(&path), Err(DatabaseError::Version { found: 99 })));
    assert!(!Database::open(&folder.path().join("no/such/folder")).unwrap_err().is_lasting());
}
