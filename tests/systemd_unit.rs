//! The units as systemd's own tool sees them: every line is understood, and how much of the system is closed to them.

#[path = "common/skip.rs"]
mod skip;

use skip::skipped;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Each unit with ten times the exposure that it may have: 0 is closed to all, 100 open to all. The service needs the
/// network, cameras and GPIO lines, of which each counts; the other one makes a password.
const UNITS: [(&str, &str); 2] = [("edge-cctv.service", "15"), ("edge-cctv-password.service", "5")];

fn unit(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/systemd").join(name)
}

/// `None` where the tool is missing, which was said then.
fn analyze(arguments: &[&str], unit: &Path) -> Option<Output> {
    match Command::new("systemd-analyze").args(arguments).arg("--no-pager").arg(unit).output() {
        Ok(output) => Some(output),
        Err(error) => {
            skipped(&format!("systemd-analyze can't be run ({error}): apt install systemd"));
            None
        }
    }
}

/// What systemd has to say of a unit. The program need not be installed.
fn said(text: &str, name: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text.replace("/usr/bin/edge-cctv", "/bin/true")).unwrap();
    let output = analyze(&["verify", "--man=no"], &path)?;
    Some(String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn systemd_understands_every_line() {
    for (name, _) in UNITS {
        let text = fs::read_to_string(unit(name)).unwrap();
        let Some(said_of_it) = said(&text, name) else { return };
        assert_eq!(said_of_it, "", "{name}");
        // The tool passes over what it doesn't know and calls that a success.
        let misspelt = text.replace("ProtectHome=", "ProtectHome_=");
        assert!(said(&misspelt, name).is_some_and(|said| said.contains("ProtectHome_")), "{name}");
    }
}

#[test]
fn systemd_understands_the_units_of_updates() {
    // All of them together: each knows others by their names.
    let folder = tempfile::tempdir().unwrap();
    let update = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/update");
    let units = fs::read_dir(update).unwrap().map(|entry| entry.unwrap().path());
    let units: Vec<_> = units.filter(|path| path.to_string_lossy().contains("/edge-cctv-")).collect();
    assert!(units.len() >= 4, "{units:?}");
    let copies: Vec<_> = units.iter().map(|unit| folder.path().join(unit.file_name().unwrap())).collect();
    for (unit, copy) in units.iter().zip(&copies) {
        let text = fs::read_to_string(unit).unwrap();
        fs::write(copy, text.replace("/usr/lib/edge-cctv/update", "/bin/true")).unwrap();
    }
    for copy in &copies {
        let Some(output) = analyze(&["verify", "--man=no"], copy) else { return };
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", copy.display());
    }
}

#[test]
fn as_much_of_the_system_is_closed_to_a_unit_as_can_be() {
    for (name, most) in UNITS {
        let arguments = ["security", "--offline=true", &format!("--threshold={most}")];
        let Some(output) = analyze(&arguments, &unit(name)) else { return };
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
    }
}
