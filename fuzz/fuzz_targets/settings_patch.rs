//! What is sent to change settings, from the body's bytes to the file, as `PATCH /api/settings` does it.

#![no_main]

use edge_cctv::config::{Config, parse};
use edge_cctv::settings::{Refusal, Settings};
use edge_cctv_fuzz::folder;
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::Value;
use std::fs;
use std::sync::LazyLock;

const FILE: &str = include_str!("../../tests/data/two_cameras.toml");

static BASE: LazyLock<Config> = LazyLock::new(|| Config {
    state_dir: folder().into(),
    ..parse(FILE).expect("the file is one that the tests read")
});

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(patch) = serde_json::from_slice::<Value>(data) else { return Corpus::Reject };
    let path = folder().join("settings.toml");
    let _ = fs::remove_file(&path);
    let settings = Settings::open(BASE.clone());
    let before = shown(&settings);
    let mut ran = None;
    match settings.patch(patch.clone(), None, |config| ran = Some(config.clone())) {
        Ok(changes) => {
            assert_eq!(ran.as_ref(), Some(&settings.running()));
            assert_eq!(changes.is_empty(), before["settings"] == shown(&settings)["settings"]);
            // Who starts the program again has the same, and who sends it again changes nothing.
            let again = Settings::open(BASE.clone());
            assert_eq!(again.limits(), Vec::<String>::new());
            assert_eq!(shown(&again)["changed"], shown(&settings)["changed"]);
            assert_eq!(shown(&again)["settings"], shown(&settings)["settings"]);
            assert!(settings.patch(patch, None, |_| {}).is_ok_and(|changes| changes.is_empty()));
        }
        Err(Refusal::Faults(faults)) => {
            assert!(!faults.is_empty() && ran.is_none() && !path.exists());
            assert_eq!(shown(&settings), before);
        }
        Err(other) => panic!("the disk is fine: {other:?}"),
    }
    Corpus::Keep
});

fn shown(settings: &Settings) -> Value {
    serde_json::to_value(settings.view()).expect("a view is JSON")
}
