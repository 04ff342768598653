//! What boards install is signed by the key that they trust, and by no other: releases are refused otherwise.

#[path = "common/skip.rs"]
mod skip;

use skip::skipped;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Runs a program with a keyring of its own.
fn run(program: &str, arguments: &[&str], folder: &Path, keyring: &Path) -> std::io::Result<Output> {
    Command::new(program).args(arguments).current_dir(folder).env("GNUPGHOME", keyring).output()
}

/// Why a release of the project as it is, with this public key in it, is refused.
fn refusal(key: Option<&[u8]>, keyring: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let packaging = folder.path().join("packaging");
    fs::create_dir(&packaging).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/release.sh");
    fs::copy(script, packaging.join("release.sh")).unwrap();
    if let Some(key) = key {
        fs::write(packaging.join("release-key.asc"), key).unwrap();
    }
    let output = run("packaging/release.sh", &["state"], folder.path(), keyring).unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn only_the_key_that_boards_trust_signs_a_release() {
    let keyring = tempfile::tempdir().unwrap();
    let gpg = |arguments: &[&str]| run("gpg", arguments, keyring.path(), keyring.path());
    if gpg(&["--version"]).is_err() {
        return skipped("gpg is missing: apt install gnupg");
    }
    let exported = |name: &str| {
        let made = gpg(&["--batch", "--passphrase", "", "--quick-generate-key", name, "ed25519", "sign"]);
        assert!(made.is_ok_and(|made| made.status.success()));
        gpg(&["--batch", "--armor", "--export", name]).unwrap().stdout
    };
    let development = exported("edge-cctv (Development)");
    let release = exported("edge-cctv releases");

    let why = refusal(None, keyring.path());
    assert!(why.contains("there is no packaging/release-key.asc"), "{why}");
    let why = refusal(Some(&development), keyring.path());
    assert!(why.contains("is a development key"), "{why}");
    let strangers = tempfile::tempdir().unwrap();
    let why = refusal(Some(&release), strangers.path());
    assert!(why.contains("isn't in this keyring"), "{why}");
    // With it the next thing is asked for: a commit.
    let why = refusal(Some(&release), keyring.path());
    assert!(!why.contains("key"), "{why}");
    let _ = run("gpgconf", &["--kill", "all"], keyring.path(), keyring.path());
}
