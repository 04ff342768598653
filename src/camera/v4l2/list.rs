//! Which cameras there are and what they offer, for `edge-cctv devices` and for error texts.

use super::driver::{Driver, FourCc, Offer, Rate, Size, name, once};
use super::fault::{self, Found};
use super::format::{self, PREFERENCE};
use super::node::Node;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A driver that never ends an enumeration is cut off here. The longest lists seen are vivid's: 83 formats.
const MAX_ENTRIES: u32 = 256;

/// A video device node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceInfo {
    /// `/dev/videoN`; N may differ after the next boot.
    pub path: PathBuf,
    /// Names that stay: by-id (the device), then by-path (the socket).
    pub links: Vec<PathBuf>,
    pub card: String,
    pub driver: String,
    pub bus: String,
    pub formats: Vec<FormatInfo>,
    /// Why it can't be used, in words; `None` for a usable camera.
    pub problem: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FormatInfo {
    /// "MJPG", "YUYV" …
    pub fourcc: String,
    pub description: String,
    /// This program understands it. Sizes are listed only then.
    pub usable: bool,
    pub sizes: Vec<SizeInfo>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SizeInfo {
    pub size: Size,
    /// Empty if the driver doesn't say.
    pub rates: Vec<Rate>,
}

/// All video device nodes, in the order of their numbers. Opens each for a moment; sets nothing.
pub fn devices() -> Vec<DeviceInfo> {
    let links = links();
    let describe = |path: PathBuf| {
        let links = links.get(&path).cloned().unwrap_or_default();
        match Node::open(&path) {
            Ok(node) => DeviceInfo { links, ..probe(path, &node) },
            Err(error) => {
                let problem = Some(fault::opening(&path, &error).to_string());
                DeviceInfo { card: sysfs(&path, "name"), path, links, problem, ..DeviceInfo::default() }
            }
        }
    };
    nodes().into_iter().map(describe).collect()
}

/// The formats of the device at `path` that this program understands. Opens it beside whoever streams from it, and sets
/// nothing; empty where it can't be asked.
pub fn formats(path: &Path) -> Vec<FormatInfo> {
    let info = fault::check_node(path, Vec::new).ok().and_then(|()| Node::open(path).ok());
    let formats = info.map(|node| probe(path.into(), &node).formats).unwrap_or_default();
    formats.into_iter().filter(|format| format.usable).collect()
}

/// The cameras that are there, by the name that stays where there is one. Opens nothing, so that it may be
/// asked for at each try to reopen a lost camera.
pub(super) fn found() -> Vec<Found> {
    let links = links();
    nodes()
        .into_iter()
        // A camera's further nodes (metadata) have the same name and a higher index.
        .filter(|path| matches!(sysfs(path, "index").as_str(), "" | "0"))
        .map(|path| {
            let card = sysfs(&path, "name");
            let stable = links.get(&path).and_then(|links| links.first()).cloned();
            Found { path: stable.unwrap_or(path), card }
        })
        .collect()
}

fn probe(path: PathBuf, driver: &impl Driver) -> DeviceInfo {
    let mut info = DeviceInfo { path, ..DeviceInfo::default() };
    let identity = match driver.identity() {
        Ok(identity) => identity,
        Err(error) => {
            info.problem = Some(format!("it doesn't say what it is: {error}"));
            return info;
        }
    };
    info.problem = fault::refuse(&identity);
    (info.card, info.driver, info.bus) = (identity.card, identity.driver, identity.bus);
    if info.problem.is_some() {
        return info;
    }
    let offers = offers(driver);
    if format::candidates(&offers, &PREFERENCE).is_empty() {
        info.problem = Some(format::unusable(&offers));
    }
    info.formats = offers.into_iter().map(|offer| describe(driver, offer)).collect();
    info
}

/// The formats that a device offers.
pub(super) fn offers(driver: &impl Driver) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    for offer in (0..MAX_ENTRIES).map_while(|index| driver.offer(index).ok()) {
        if !offers.iter().any(|known| known.fourcc == offer.fourcc) {
            offers.push(offer);
        }
    }
    offers
}

fn describe(driver: &impl Driver, offer: Offer) -> FormatInfo {
    let usable = format::understood(offer.fourcc).is_some();
    let mut sizes: Vec<SizeInfo> = Vec::new();
    for size in
        (0..MAX_ENTRIES).map_while(|index| driver.size(offer.fourcc, index).ok()).take_while(|_| usable)
    {
        if !sizes.iter().any(|known| known.size == size) {
            sizes.push(SizeInfo { size, rates: rates(driver, offer.fourcc, size) });
        }
    }
    FormatInfo { fourcc: name(offer.fourcc), description: offer.description, usable, sizes }
}

fn rates(driver: &impl Driver, fourcc: FourCc, size: Size) -> Vec<Rate> {
    let (width, height) = match size {
        Size::Exact { width, height } => (width, height),
        Size::Range { max, .. } => max,
    };
    let mut rates: Vec<Rate> = Vec::new();
    for rate in (0..MAX_ENTRIES).map_while(|index| driver.rate(fourcc, width, height, index).ok()) {
        if !rates.contains(&rate) {
            rates.push(rate);
        }
    }
    rates
}

/// `/dev/videoN` in the order of N.
fn nodes() -> Vec<PathBuf> {
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix("video")?.parse::<u32>().ok();
    let entries = fs::read_dir("/dev").into_iter().flatten().flatten();
    let mut nodes: Vec<_> =
        entries.filter_map(|entry| Some((number(&entry.path())?, entry.path()))).collect();
    nodes.sort();
    nodes.into_iter().map(|(_, path)| path).collect()
}

/// The names made by udev, for each node; by-id before by-path.
fn links() -> BTreeMap<PathBuf, Vec<PathBuf>> {
    let mut links: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for folder in ["/dev/v4l/by-id", "/dev/v4l/by-path"] {
        let mut entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
        entries.sort_by_key(|entry| entry.file_name());
        for entry in entries {
            if let Ok(node) = fs::canonicalize(entry.path()) {
                links.entry(node).or_default().push(entry.path());
            }
        }
    }
    links
}

/// What the kernel says of a node without opening it, or nothing.
fn sysfs(node: &Path, attribute: &str) -> String {
    let Some(name) = node.file_name() else { return String::new() };
    let file = Path::new("/sys/class/video4linux").join(name).join(attribute);
    once(&fs::read_to_string(file).unwrap_or_default().replace(char::is_control, "")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::fake::Fake;
    use super::*;

    fn probed(fake: &Fake) -> DeviceInfo {
        probe("/dev/video0".into(), fake)
    }

    #[test]
    fn a_camera_is_described_with_sizes_and_rates_of_what_can_be_used() {
        let info = probed(&Fake::camera(&[*b"MJPG", *b"H264"]));
        assert_eq!((info.card.as_str(), info.problem), ("fake camera", None));
        let [mjpg, h264] = info.formats.as_slice() else { panic!("{:?}", info.formats) };
        assert!(mjpg.usable && !h264.usable && h264.sizes.is_empty());
        assert_eq!(mjpg.sizes[0].size, Size::Exact { width: 640, height: 480 });
        assert_eq!(mjpg.sizes[0].rates, [Rate::Exact(30.0), Rate::Exact(15.0)]);
    }

    #[test]
    fn a_driver_whose_lists_never_end_is_cut_off() {
        let mut fake = Fake::camera(&[*b"MJPG"]);
        fake.endless = true;
        let info = probed(&fake);
        assert_eq!((info.formats.len(), info.formats[0].sizes.len()), (1, 1));
    }

    #[test]
    fn a_node_that_is_no_camera_says_why() {
        let mut fake = Fake::camera(&[*b"MJPG"]);
        fake.capabilities = v4l::v4l_sys::V4L2_CAP_META_CAPTURE;
        let info = probed(&fake);
        assert!(info.problem.is_some_and(|text| text.contains("metadata")) && info.formats.is_empty());
        assert!(probed(&Fake::camera(&[*b"H264"])).problem.is_some_and(|text| text.contains("H264")));
    }

    #[test]
    fn looking_for_cameras_works_on_a_machine_without_any() {
        for device in devices() {
            assert!(device.path.starts_with("/dev"), "{device:?}");
        }
        let _ = found();
        assert!(formats(Path::new("/dev/null")).is_empty() && formats(Path::new("/nowhere")).is_empty());
    }
}
