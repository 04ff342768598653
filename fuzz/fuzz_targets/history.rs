//! The file of each relay's moves: lines that can't be read are passed over, and what is added to it is found again.

#![no_main]

use edge_cctv::outputs::history::{Entry, Event, History, Log};
use edge_cctv::outputs::relay::Past;
use edge_cctv_fuzz::file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let path = file("relays.jsonl", data);
    let (history, unreadable) = History::load(&path).expect("the file can be read");
    assert_eq!(history.incomplete, unreadable > 0);
    let closings = history.newest(usize::MAX);
    assert!(closings.len() <= 1000);
    for relay in history.unfinished() {
        assert!(!matches!(history.past(&relay, "boot", 100.0), Past::Ended(_)));
    }
    for closing in &closings {
        history.past(&closing.relay, "boot", 100.0);
    }
    let entry = Entry {
        relay: "siren".into(),
        event: Event::Closed,
        at: "2026-11-24T12:00:00Z".into(),
        why: "a reason".into(),
        time_synced: true,
        boot: "boot".into(),
        uptime: 1.0,
    };
    let mut log = Log::new(path.clone());
    log.add(&entry).expect("the file can be written");
    let (again, _) = History::load(&path).expect("the file can be read");
    let newest = again.newest(1);
    assert!(newest.first().is_some_and(|closing| closing.relay == "siren" && closing.opened_at.is_none()));
    assert!(again.unfinished().contains(&entry.relay));
});
