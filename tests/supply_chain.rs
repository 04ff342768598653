//! What comes from elsewhere is what was chosen, and is listed: ONNX Runtime's library by its hash, and everything that
//! the program is made of.

#[path = "common/skip.rs"]
mod skip;

use serde_json::Value;
use skip::skipped;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ARCHITECTURE: &str = std::env::consts::ARCH;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(script: &str, arguments: &[&Path]) -> Output {
    Command::new(project().join("packaging").join(script)).args(arguments).output().unwrap()
}

/// A folder as onnxruntime.sh leaves it, with this as the library.
fn fetched(library: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("libonnxruntime.so"), library).unwrap();
    fs::copy(project().join("packaging/onnxruntime.lock"), folder.path().join("onnxruntime.lock")).unwrap();
    folder
}

#[track_caller]
fn refused(library: &[u8]) {
    let folder = fetched(library);
    let output = run("onnxruntime.sh", &[Path::new(ARCHITECTURE), folder.path()]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("isn't the library that onnxruntime.sha256 names"), "{said}");
    let library = folder.path().join("libonnxruntime.so");
    assert!(!library.exists() && library.with_extension("so.refused").exists());
}

#[test]
fn another_library_than_the_chosen_one_is_put_out_of_the_way() {
    refused(b"\x7fELF");
}

#[test]
fn the_chosen_library_is_taken_and_one_changed_byte_is_refused() {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| project().join("target"), PathBuf::from);
    let library = target.join("onnxruntime").join(ARCHITECTURE).join("libonnxruntime.so");
    let Ok(mut bytes) = fs::read(&library) else {
        return skipped("ONNX Runtime isn't here: packaging/onnxruntime.sh fetches it, as `make test` does");
    };
    let folder = fetched(&bytes);
    let output = run("onnxruntime.sh", &[Path::new(ARCHITECTURE), folder.path()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    refused(&bytes);
}

/// The list for arm64; `None` if what makes it is missing, which was said then.
fn listed(folder: &Path, name: &str) -> Option<Vec<u8>> {
    let there = Command::new("cargo").args(["cyclonedx", "--version"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        skipped("cargo-cyclonedx isn't here: `make sbom` installs it");
        return None;
    }
    let path = folder.join(name);
    let output = run("sbom.sh", &[Path::new("aarch64-unknown-linux-gnu"), &path]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(fs::read(path).unwrap())
}

#[test]
fn the_list_of_parts_is_whole_and_the_same_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let Some(bytes) = listed(folder.path(), "1.json") else { return };
    assert_eq!(listed(folder.path(), "2.json"), Some(bytes.clone()));
    let text = String::from_utf8(bytes).unwrap();
    assert!(!text.contains(project().to_str().unwrap()), "it tells where it was made");

    let list: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((list["bomFormat"].as_str(), list["specVersion"].as_str()), (Some("CycloneDX"), Some("1.5")));
    let parts = list["components"].as_array().unwrap();
    let mut names = BTreeSet::from([list["metadata"]["component"]["bom-ref"].as_str().unwrap()]);
    for part in parts {
        for key in ["type", "name", "version"] {
            assert!(part[key].as_str().is_some_and(|text| !text.is_empty()), "{key} of {part}");
        }
        assert!(names.insert(part["bom-ref"].as_str().unwrap()), "twice: {part}");
    }
    for edge in list["dependencies"].as_array().unwrap() {
        let ends = std::iter::once(&edge["ref"]).chain(edge["dependsOn"].as_array().unwrap());
        ends.for_each(|end| assert!(names.contains(end.as_str().unwrap()), "{end} isn't listed"));
    }
    // One from each source, and the library by its hash.
    let part = |name: &str| {
        parts.iter().find(|part| part["name"] == name).unwrap_or_else(|| panic!("{name} is missing"))
    };
    for name in ["tokio", "mozjpeg-sys", "openh264", "react", "anomaly.onnx"] {
        part(name);
    }
    let hashes = fs::read_to_string(project().join("packaging/onnxruntime.sha256")).unwrap();
    let wanted = hashes.lines().find_map(|line| line.strip_suffix("  aarch64/libonnxruntime.so"));
    assert_eq!(part("onnxruntime")["hashes"][0]["content"].as_str(), wanted);
    // What only builds or tests the program isn't in it.
    assert!(parts.iter().all(|part| part["name"] != "criterion" && part["name"] != "vite"));
}

/// The same commit gives the same program, whenever it is built (.cargo/config.toml).
#[test]
fn the_program_holds_no_time_of_its_build() {
    let program = fs::read(env!("CARGO_BIN_EXE_edge-cctv")).unwrap();
    let told = format!("(build {}-mozjpeg-sys)", env!("SOURCE_DATE_EPOCH"));
    assert!(program.windows(told.len()).any(|window| window == told.as_bytes()), "not {told}");
}

#[test]
fn each_crate_comes_with_its_licence() {
    let target = "aarch64-unknown-linux-gnu";
    let tree = Command::new("cargo")
        .args([
            "tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--target",
            target,
        ])
        .current_dir(project())
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let crates: BTreeSet<_> = tree.lines().skip(1).filter_map(|line| line.split_once(" v")).collect();
    assert!(crates.len() > 100, "{crates:?}");

    let output = run("licences.py", &[Path::new(target)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    for (name, version) in crates {
        let named = format!("{name} {} (", version.split(' ').next().unwrap());
        assert!(text.lines().any(|line| line.starts_with(&named)), "{named} has no licence");
    }
    assert!(text.contains("Independent JPEG Group"), "of what a crate brings along there is none");
}
