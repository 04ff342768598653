//! The installed file and the reference are what the tables of keys say.
//!
//! `UPDATE_DOCUMENTS=1 cargo test --test config_documents` writes them anew.

use edge_cctv::config::{Source, ZoneKind, installed, installed_file, parse, reference};
use std::path::Path;

fn compare(path: &str, wanted: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).unwrap();
        std::fs::write(&path, wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "{} isn't what the program's tables say: UPDATE_DOCUMENTS=1 cargo test --test config_documents",
        path.display()
    );
    found
}

#[test]
fn the_installed_file_is_up_to_date_and_says_what_it_is_meant_to() {
    let file = compare("packaging/config.toml", &installed_file());
    assert_eq!(parse(&file), Ok(installed()));
}

#[test]
fn the_reference_is_up_to_date() {
    compare("docs/reference/configuration.md", &reference());
}

/// Taken from the structs by hand, so that a key that is left out of the tables is noticed.
#[test]
fn every_setting_is_in_both_documents() {
    let (file, reference) = (installed_file(), reference());
    for key in [
        "state_dir",
        "listen",
        "cors_origins",
        "max_viewers",
        "max_connections",
        "stall_seconds",
        "auth",
        "names",
        "tls",
        "certificate",
        "certificate_key",
        "max_address_connections",
        "head_seconds",
        "max_head_bytes",
        "max_body_bytes",
        "max_message_bytes",
        "expensive_per_second",
        "quality",
        "fps",
        "sensitivity",
        "min_area",
        "min_seconds",
        "hold_seconds",
        "absorb_seconds",
        "max_width",
        "enabled",
        "rate_hz",
        "heartbeat_seconds",
        "false_alarms_per_day",
        "adapt_days",
        "model",
        "library",
        "provider",
        "name",
        "source",
        "username",
        "password_file",
        "transport",
        "width",
        "height",
        "autostart",
        "repeat",
        "timeout_seconds",
        "kind",
        "points",
        "format",
        "trust_clock",
        "zone_severity",
        "driver",
        "schedule",
        "time_zone",
        "silence_seconds",
    ] {
        let starts = |line: &str| line.trim_start_matches('#').starts_with(&format!("{key} = "));
        assert!(file.lines().any(starts), "{key} isn't in the installed file");
        assert!(reference.contains(&format!("\n| `{key}` |")), "{key} isn't in the reference");
    }
}

/// LEDs, relays and inputs have no defaults to be shown in the file.
#[test]
fn every_setting_of_lines_is_in_the_reference() {
    let reference = reference();
    for key in [
        "line",
        "active_low",
        "shows",
        "cameras",
        "healthy",
        "learning",
        "degraded",
        "stopped",
        "idle",
        "motion",
        "calm",
        "low",
        "medium",
        "high",
        "critical",
        "silenced",
        "armed",
        "disarmed",
        "min_severity",
        "zones",
        "types",
        "inputs",
        "longest_on_seconds",
        "pause_seconds",
        "while_learning",
        "bias",
        "debounce_ms",
        "action",
        "severity",
    ] {
        assert!(reference.contains(&format!("\n| `{key}` |")), "{key} isn't in the reference");
    }
}

#[test]
fn the_example_in_the_installed_file_can_be_used() {
    let file = installed_file();
    let without_demo = &file[..file.find("\n[[camera]]").unwrap()];
    let example = &file[file.find("# An example with two cameras").unwrap()..];
    let settings: Vec<_> = example
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(""))
        .collect();
    let config = parse(&format!("{without_demo}\n{}", settings.join("\n"))).unwrap();
    let names: Vec<_> = config.cameras.iter().map(|camera| camera.name.as_str()).collect();
    assert_eq!(names, ["door", "yard"]);
    assert!(config.cameras.iter().all(|camera| matches!(camera.source, Source::Device(_))));
    let kinds: Vec<_> =
        config.cameras.iter().flat_map(|camera| &camera.zones).map(|zone| zone.kind).collect();
    assert_eq!(kinds, [ZoneKind::Alert, ZoneKind::Privacy, ZoneKind::Ignore]);
    assert_eq!(config.cameras[0].alert.hold_seconds, 10.0);
    assert_eq!(config.cameras[1].motion.min_area, 0.01);
}
