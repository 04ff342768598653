//! The configuration file: read, or refused with a place for each fault.

#![no_main]

use edge_cctv::config::{self, Config, MOST_BYTES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match config::parse(text) {
        Ok(config) => sound(&config),
        Err(faults) => {
            assert!(!faults.list.is_empty(), "refused without a reason");
            let lines = text.split('\n').count();
            for fault in &faults.list {
                let shown = fault.to_string();
                assert!(!shown.chars().any(char::is_control), "{shown:?}");
                assert!(
                    fault.line.is_some_and(|line| (1..=lines).contains(&line)),
                    "{shown} of {lines} lines"
                );
            }
            assert!(faults.to_string().len() as u64 <= 64 * MOST_BYTES);
        }
    }
});

/// What all behind it relies on, and: what the page would show of it can be sent back, and changes nothing.
fn sound(config: &Config) {
    assert!(!config.cameras.is_empty());
    assert!((1..=100).contains(&config.stream.quality));
    assert!(config.server.max_viewers < config.server.max_connections);
    for camera in &config.cameras {
        assert!(camera.fps.is_finite() && camera.timeout_seconds.is_finite());
        assert!((32..=4096).contains(&camera.width) && (32..=4096).contains(&camera.height));
        let points = camera.zones.iter().flat_map(|zone| &zone.points);
        assert!(points.into_iter().all(|(x, y)| (0.0..=1.0).contains(x) && (0.0..=1.0).contains(y)));
    }
    assert!(config::changes(config, config).is_empty());
    assert_eq!(&config::adopted(config, config), config);
}
