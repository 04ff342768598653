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
fn as_much_of_the_system_is_closed_to_a_unit_as_can_be() {
    for (name, most) in UNITS {
        let arguments = ["security", "--offline=true", &format!("--threshold={most}")];
        let Some(output) = analyze(&arguments, &unit(name)) else { return };
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
    }
}
