//! The file of what was changed on the page, whatever somebody or a broken disk has made of it.

#![no_main]

use edge_cctv::config::{Config, ZoneKind, parse};
use edge_cctv::settings::Settings;
use edge_cctv_fuzz::{file, folder};
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use std::fs;
use std::sync::LazyLock;

const FILE: &str = include_str!("../../tests/data/two_cameras.toml");

static BASE: LazyLock<Config> = LazyLock::new(|| Config {
    state_dir: folder().into(),
    ..parse(FILE).expect("the file is one that the tests read")
});

fuzz_target!(|data: &[u8]| {
    let _ = fs::remove_file(folder().join("settings.bad"));
    let path = file("settings.toml", data);
    let settings = Settings::open(BASE.clone());
    let running = settings.running();
    // It can't say what the configuration file alone says.
    assert_eq!(running.server, BASE.server);
    assert_eq!(running.state_dir, BASE.state_dir);
    let sources = |config: &Config| -> Vec<_> { config.cameras.iter().map(|c| c.source.clone()).collect() };
    assert_eq!(sources(&running), sources(&BASE));
    if !settings.limits().is_empty() {
        // What can't be taken takes no zone away that hides something.
        let hidden = |config: &Config| -> usize {
            let zones = config.cameras.iter().flat_map(|camera| &camera.zones);
            zones.filter(|zone| zone.kind == ZoneKind::Privacy).count()
        };
        let aside = folder().join("settings.bad").exists();
        assert!(!aside || hidden(&running) == hidden(&BASE));
    }
    // What was read is written and read again as it was.
    if settings.patch(json!({ "stream": { "quality": 33 } }), None, |_| {}).is_ok() {
        assert!(path.exists());
        let again = Settings::open(BASE.clone()).running();
        assert_eq!(again.stream.quality, 33);
        assert_eq!(
            Config { stream: running.stream.clone(), ..again },
            Config { stream: running.stream.clone(), ..running }
        );
    }
});
