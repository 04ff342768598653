//! The Yocto layer repeats what the project says elsewhere, since bitbake can't read it there: each repetition is right,
//! and the parts of the layer agree with each other. Whether bitbake agrees, packaging/yocto-check.sh tells.

#[path = "common/skip.rs"]
mod skip;

use skip::skipped;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const RECIPE: &str = concat!("recipes-cctv/edge-cctv/edge-cctv_", env!("CARGO_PKG_VERSION"), ".bb");
const CRATES: &str = "recipes-cctv/edge-cctv/edge-cctv-crates.inc";
const CONFIGURATION: &str = "conf/edge-cctv-appliance.conf";
const RAUC: &str = "dynamic-layers/rauc";
/// Made when a release is, and not there in a checkout.
const MADE: [&str; 1] = ["web/dist/index.html"];

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file of a folder, with its path within.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_path_buf());
            }
        }
    }
    found.sort();
    found
}

/// The words that follow a mark, up to where they end.
fn after<'a>(text: &'a str, mark: &str, end: &[char]) -> Vec<&'a str> {
    text.split(mark).skip(1).map(|rest| rest.split(end).next().unwrap_or_default()).collect()
}

/// What a variable is set to, once and on one line.
fn value<'a>(text: &'a str, variable: &str) -> &'a str {
    let start = format!("{variable} = \"");
    text.lines().find_map(|line| line.strip_prefix(&start)?.strip_suffix('"')).unwrap_or_default()
}

/// The recipe of the version that is locked.
fn onnxruntime() -> String {
    let lock = read(&project("packaging/onnxruntime.lock"));
    let version = after(&lock, "\nonnxruntime==", &[' '])[0];
    format!("recipes-cctv/onnxruntime/edge-cctv-onnxruntime_{version}.bb")
}

/// A layer, and what was found wrong with it.
struct Layer {
    folder: PathBuf,
    faults: Vec<String>,
}

impl Layer {
    fn faults(folder: &Path) -> Vec<String> {
        let mut layer = Self { folder: folder.to_path_buf(), faults: Vec::new() };
        layer.versions();
        layer.crates();
        layer.onnxruntime();
        layer.recipe();
        layer.local_files();
        layer.keys();
        layer.disk();
        layer.updates();
        layer.image();
        layer.faults
    }

    fn text(&self, path: &str) -> String {
        read(&self.folder.join(path))
    }

    fn hold(&mut self, holds: bool, fault: impl Into<String>) {
        if !holds {
            self.faults.push(fault.into());
        }
    }

    fn versions(&mut self) {
        let recipes: Vec<_> = files(&self.folder.join("recipes-cctv/edge-cctv"));
        let recipes =
            recipes.iter().filter(|path| path.extension().is_some_and(|extension| extension == "bb"));
        self.hold(
            recipes.count() == 1 && self.folder.join(RECIPE).exists(),
            "the recipe's version isn't Cargo.toml's",
        );
        let version = value(&self.text(CONFIGURATION), "EDGE_CCTV_VERSION") == env!("CARGO_PKG_VERSION");
        self.hold(version, "EDGE_CCTV_VERSION isn't Cargo.toml's");
        let series = self.text("conf/layer.conf").contains("LAYERSERIES_COMPAT_edge-cctv = \"wrynose\"");
        self.hold(series, "the layer isn't for wrynose");
    }

    /// All that is locked: cargo wants the whole, whatever it builds.
    fn crates(&mut self) {
        let lock: toml::Table = read(&project("Cargo.lock")).parse().unwrap();
        let locked: BTreeSet<_> = lock["package"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|package| {
                let of = |key: &str| package.get(key)?.as_str();
                of("source")?;
                Some((format!("{}-{}", of("name")?, of("version")?), of("checksum")?.to_owned()))
            })
            .collect();
        let text = self.text(CRATES);
        let listed: BTreeSet<_> = after(&text, "crate://crates.io/", &[' '])
            .iter()
            .map(|crate_| crate_.replace('/', "-"))
            .collect();
        let summed: BTreeSet<_> = text
            .lines()
            .filter_map(|line| {
                let (name, sum) =
                    line.strip_prefix("SRC_URI[")?.strip_suffix('"')?.split_once(".sha256sum] = \"")?;
                Some((name.to_owned(), sum.to_owned()))
            })
            .collect();
        self.hold(locked.len() > 100, "Cargo.lock wasn't understood");
        self.hold(summed == locked, "the crates' checksums aren't Cargo.lock's");
        self.hold(
            listed == locked.into_iter().map(|(name, _)| name).collect(),
            "the crates aren't Cargo.lock's",
        );
    }

    fn onnxruntime(&mut self) {
        let lock = read(&project("packaging/onnxruntime.lock"));
        let Ok(recipe) = fs::read_to_string(self.folder.join(onnxruntime())) else {
            return self.faults.push("ONNX Runtime's version isn't the lock's".to_owned());
        };
        let hashes = after(&lock, "--hash=sha256:", &[' ', '\n']);
        let named = ["aarch64", "x86_64"]
            .map(|arch| value(&recipe, &format!("SRC_URI[{arch}.sha256sum]")).to_owned());
        self.hold(hashes == named, "ONNX Runtime's checksums aren't the lock's");
    }

    /// The recipe takes the project's own files, and they are there.
    fn recipe(&mut self) {
        let Ok(recipe) = fs::read_to_string(self.folder.join(RECIPE)) else { return };
        for path in after(&recipe, "${S}/", &[' ', '\n']) {
            self.hold(
                project(path).exists() || MADE.contains(&path),
                format!("the recipe installs {path}, which isn't there"),
            );
        }
        for unit in files(&project("packaging/systemd")).iter().filter_map(|path| path.to_str()) {
            self.hold(
                recipe.contains(&format!("packaging/systemd/{unit} ")),
                format!("the recipe lacks {unit}"),
            );
        }
        for unit in value(&recipe, "SYSTEMD_SERVICE:${PN}").split(' ') {
            let there = project("packaging/systemd").join(unit).is_file();
            self.hold(there, format!("the recipe enables {unit}, which isn't there"));
        }
        let licences = after(&recipe, "file://LICENSE-", &[' ', '\n']);
        self.hold(licences.len() == 2, "the recipe names other licences than two");
        for licence in licences {
            let (name, sum) = licence.split_once(";md5=").unwrap_or((licence, ""));
            let output = Command::new("md5sum").arg(project(&format!("LICENSE-{name}"))).output().unwrap();
            let right = !sum.is_empty() && output.stdout.starts_with(sum.as_bytes());
            self.hold(right, format!("the checksum of LICENSE-{name} isn't that of the file"));
        }
        for variable in ["SUMMARY", "HOMEPAGE", "BUGTRACKER", "SECTION", "LICENSE", "CVE_PRODUCT"] {
            self.hold(!value(&recipe, variable).is_empty(), format!("the recipe has no {variable}"));
        }
    }

    /// What recipes name as `file://` lies in a folder `files` of theirs, or with what several share.
    fn local_files(&mut self) {
        for path in files(&self.folder) {
            if path.extension().is_none_or(|extension| extension != "bb" && extension != "bbappend") {
                continue;
            }
            let folder = self.folder.join(path.parent().unwrap()).join("files");
            let shared = self.folder.join("files/kernel");
            for name in after(&self.text(path.to_str().unwrap()), "file://", &[' ', '"', '\n']) {
                if name.contains(['$', ';']) {
                    continue;
                }
                let there = folder.join(name).exists() || shared.join(name).exists();
                self.hold(there, format!("{} names {name}, which isn't there", path.display()));
            }
        }
        for (name, holds) in
            [("README.md", "maintainers@"), ("SECURITY.md", "maintainers@"), ("COPYING.MIT", "MIT License")]
        {
            let there = fs::read_to_string(self.folder.join(name)).is_ok_and(|text| text.contains(holds));
            self.hold(there, format!("{name} lacks \"{holds}\""));
        }
    }

    /// Whoever has the layer has no key with it.
    fn keys(&mut self) {
        for path in files(&self.folder) {
            let bytes = fs::read(self.folder.join(&path)).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            let named = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            let key = text.contains("-----BEGIN") || ["pem", "key", "crt", "p12", "der"].contains(&named);
            self.hold(!key, format!("{} is a key or a certificate", path.display()));
        }
        for variable in ["EDGE_CCTV_RAUC_KEY_FILE", "EDGE_CCTV_RAUC_CERT_FILE", "EDGE_CCTV_RAUC_KEYRING_FILE"]
        {
            let bundle = self.text(&format!("{RAUC}/recipes-core/bundles/edge-cctv-bundle_1.0.bb"));
            self.hold(
                value(&bundle, "EDGE_CCTV_KEYS").contains(variable),
                format!("the bundle is made without {variable}"),
            );
            let set = files(&self.folder)
                .iter()
                .any(|path| self.text(path.to_str().unwrap()).contains(&format!("{variable} ")));
            let set = set
                && files(&self.folder).iter().any(|path| {
                    let text = self.text(path.to_str().unwrap());
                    text.lines().any(|line| line.starts_with(variable) && line.contains('='))
                });
            self.hold(!set, format!("the layer itself sets {variable}"));
        }
    }

    /// U-Boot, RAUC and the layout number the partitions alike, and U-Boot and its tool keep their environment in one place.
    fn disk(&mut self) {
        let script = self.text(&format!("{RAUC}/recipes-bsp/boot-script/files/boot.cmd.in"));
        let system = self.text(&format!("{RAUC}/recipes-core/rauc/files/system.conf"));
        for (name, number) in [("A", 2), ("B", 3)] {
            let starts = format!("setenv system {name}\n    setenv number {number}\n");
            self.hold(
                script.contains(&starts),
                format!("U-Boot doesn't start {name} from partition {number}"),
            );
            let slot = format!("device=@PARTITION@{number}\ntype=ext4\nbootname={name}\n");
            self.hold(system.contains(&slot), format!("RAUC's {name} isn't partition {number}"));
        }
        let quotes = script.lines().any(|line| !line.trim_start().starts_with('#') && line.contains('\''));
        self.hold(!quotes, "an apostrophe in U-Boot's script is a syntax error");
        let layout = self.text("files/wic/edge-cctv.wks.in");
        self.hold(
            after(&layout, "--label ", &[' ']) == ["boot", "system-a", "system-b", "data"],
            "the layout is another",
        );
        let data = value(&self.text(CONFIGURATION), "OVERLAYFS_ETC_DEVICE").ends_with("}4");
        self.hold(data, "the data partition isn't the fourth");

        let configured = self.text(&format!("{RAUC}/recipes-bsp/u-boot/files/edge-cctv.cfg"));
        let tool = self.text(&format!("{RAUC}/recipes-bsp/u-boot/files/fw_env.config"));
        let size = after(&configured, "CONFIG_ENV_SIZE=", &['\n'])[0];
        for name in ["CONFIG_ENV_FAT_FILE=\"", "CONFIG_ENV_FAT_FILE_REDUND=\""] {
            let file = after(&configured, name, &['"'])[0];
            let same = tool.lines().any(|line| {
                line.split_whitespace().eq([format!("/boot/firmware/{file}").as_str(), "0x0", size])
            });
            self.hold(same, format!("U-Boot's {file} isn't where its tool looks, or of another size"));
        }
    }

    /// An update is judged by what worked before it, and taken only if it is for this kind of board.
    fn updates(&mut self) {
        let folder = format!("{RAUC}/recipes-core/edge-cctv-appliance/files");
        let unit = self.text(&format!("{folder}/edge-cctv-health.service"));
        let handler = self.text(&format!("{folder}/before-update"));
        let record = after(&handler, "record=", &['\n'])[0].to_owned();
        for line in [
            format!("ConditionPathExists={record}\n"),
            format!("--as-before {record}\n"),
            "Before=boot-complete.target\n".to_owned(),
            "RequiredBy=boot-complete.target\n".to_owned(),
            "ConditionKernelCommandLine=!edge_cctv.fallback\n".to_owned(),
        ] {
            self.hold(unit.contains(&line), format!("edge-cctv-health.service lacks {}", line.trim_end()));
        }
        // Of a system that wasn't written whole nothing is demanded.
        let whole = self.text(&format!("{folder}/after-update"));
        self.hold(after(&whole, "record=", &['\n']) == [record.as_str()], "after-update has another record");
        let script = self.text(&format!("{RAUC}/recipes-bsp/boot-script/files/boot.cmd.in"));
        self.hold(
            script.contains("setenv fallback edge_cctv.fallback\n"),
            "U-Boot doesn't say that it fell back",
        );

        let system = self.text(&format!("{RAUC}/recipes-core/rauc/files/system.conf"));
        for line in [
            "compatible=edge-cctv-@MACHINE@\n",
            "bundle-formats=-plain\n",
            "min-bundle-version=@VERSION@\n",
            "pre-install=/usr/lib/edge-cctv/before-update\n",
            "post-install=/usr/lib/edge-cctv/after-update\n",
        ] {
            self.hold(system.contains(line), format!("RAUC's system.conf lacks {}", line.trim_end()));
        }
        let bundle = self.text(&format!("{RAUC}/recipes-core/bundles/edge-cctv-bundle_1.0.bb"));
        self.hold(
            value(&bundle, "RAUC_BUNDLE_COMPATIBLE") == "edge-cctv-${MACHINE}",
            "the bundle is for another board",
        );
        self.hold(value(&bundle, "RAUC_BUNDLE_FORMAT") == "verity", "the bundle isn't of the format verity");
    }

    /// Nothing can be changed in the running system, and nobody can log in to it.
    fn image(&mut self) {
        let image = self.text(&format!("{RAUC}/recipes-core/images/edge-cctv-image.bb"));
        let features = value(&image, "IMAGE_FEATURES") == "read-only-rootfs overlayfs-etc";
        self.hold(
            features,
            "the image has other features than a read-only root with the owner's changes over /etc",
        );
        self.hold(
            !image.contains("EXTRA_USERS_PARAMS") && !image.contains("usermod"),
            "the image sets a password",
        );
    }
}

fn layer() -> PathBuf {
    project("yocto/meta-edge-cctv")
}

#[test]
fn the_layer_says_what_the_project_says() {
    assert_eq!(Layer::faults(&layer()), Vec::<String>::new());
}

#[test]
fn whatever_differs_is_found() {
    let rauc = |path: &str| format!("{RAUC}/{path}");
    let recipe = RECIPE.to_owned();
    let changes = [
        (
            CONFIGURATION.to_owned(),
            "EDGE_CCTV_VERSION = \"",
            "EDGE_CCTV_VERSION = \"9",
            "EDGE_CCTV_VERSION isn't",
        ),
        (CRATES.to_owned(), "crate://crates.io/axum/", "crate://crates.io/maxum/", "the crates aren't"),
        (CRATES.to_owned(), ".sha256sum] = \"", ".sha256sum] = \"0", "the crates' checksums aren't"),
        (
            onnxruntime(),
            "SRC_URI[aarch64.sha256sum] = \"",
            "SRC_URI[aarch64.sha256sum] = \"0",
            "ONNX Runtime's checksums aren't",
        ),
        (recipe.clone(), "${S}/models/anomaly.onnx", "${S}/models/nothing.onnx", "which isn't there"),
        (recipe.clone(), "= \"edge-cctv.service\"", "= \"other.service\"", "enables other.service"),
        (recipe.clone(), "packaging/systemd/watchdog.conf ", "packaging/config.toml ", "lacks watchdog.conf"),
        (recipe.clone(), "LICENSE-MIT;md5=", "LICENSE-MIT;md5=0", "the checksum of LICENSE-MIT"),
        (recipe, "BUGTRACKER = ", "BUG = ", "has no BUGTRACKER"),
        (rauc("recipes-core/rauc/files/system.conf"), "@PARTITION@3", "@PARTITION@4", "RAUC's B isn't"),
        (
            rauc("recipes-core/rauc/files/system.conf"),
            "-plain",
            "plain verity",
            "lacks bundle-formats=-plain",
        ),
        (rauc("recipes-bsp/u-boot/files/fw_env.config"), "0x4000", "0x8000", "of another size"),
        (rauc("recipes-bsp/boot-script/files/boot.cmd.in"), "number 3", "number 2", "doesn't start B"),
        (rauc("recipes-bsp/boot-script/files/boot.cmd.in"), "is not needed", "isn't needed", "an apostrophe"),
        (
            rauc("recipes-core/edge-cctv-appliance/files/before-update"),
            "before.json",
            "now.json",
            "lacks --as-before",
        ),
        (
            rauc("recipes-core/images/edge-cctv-image.bb"),
            "overlayfs-etc\"",
            "debug-tweaks\"",
            "other features",
        ),
        (
            rauc("recipes-core/bundles/edge-cctv-bundle_1.0.bb"),
            "\"verity\"",
            "\"plain\"",
            "isn't of the format",
        ),
        (
            CONFIGURATION.to_owned(),
            "INIT_MANAGER",
            "EDGE_CCTV_RAUC_KEY_FILE = \"/k\"\nINIT_MANAGER",
            "itself sets",
        ),
        ("COPYING.MIT".to_owned(), "MIT License", "-----BEGIN PRIVATE KEY-----", "is a key"),
        (
            rauc("recipes-core/edge-cctv-appliance/files/after-update"),
            "before.json",
            "now.json",
            "another record",
        ),
        (rauc("recipes-core/rauc/files/system.conf"), "post-install", "post", "lacks post-install"),
    ];
    for (path, from, to, fault) in changes {
        let folder = tempfile::tempdir().unwrap();
        for file in files(&layer()) {
            let copy = folder.path().join(&file);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(layer().join(&file), copy).unwrap();
        }
        let changed = folder.path().join(&path);
        let text = read(&changed);
        assert!(text.contains(from), "{path} has no {from}");
        fs::write(&changed, text.replacen(from, to, 1)).unwrap();
        let faults = Layer::faults(folder.path());
        assert!(faults.iter().any(|found| found.contains(fault)), "{from} to {to} in {path}: {faults:?}");
    }
}

#[test]
fn the_script_that_writes_the_repetitions_agrees() {
    let output = Command::new(project("packaging/yocto-crates.py")).arg("--check").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn systemd_understands_the_layers_units() {
    let units = layer().join(RAUC).join("recipes-core/edge-cctv-appliance/files");
    for name in ["edge-cctv-health.service", "boot-firmware.mount"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let text = read(&units.join(name)).replace("@PARTITION@", "/dev/vda");
        fs::write(&path, text.replace("/usr/bin/edge-cctv", "/bin/true")).unwrap();
        match Command::new("systemd-analyze").args(["verify", "--man=no", "--no-pager"]).arg(&path).output() {
            Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{name}"),
            Err(error) => {
                return skipped(&format!("systemd-analyze can't be run ({error}): apt install systemd"));
            }
        }
    }
}
