//! The file of what was learned of a camera: used as the appliance uses it, then written and read again.

#![no_main]

use edge_cctv::anomaly::hours::Hour;
use edge_cctv::anomaly::signal::Signal;
use edge_cctv::anomaly::store::{Kept, decode, encode};
use edge_cctv::anomaly::{Anomaly, Seen};
use edge_cctv::config;
use edge_cctv::motion::Moving;
use edge_cctv::motion::regions::Blob;
use edge_cctv::motion::tracks::Tracker;
use edge_cctv::picture::plane::Plane;
use libfuzzer_sys::{Corpus, fuzz_target};
use std::time::Duration;

/// Bytes before the checksum, and the two lengths among them.
const HEADER: usize = 38;
const LENGTHS: [usize; 2] = [30, 34];

const SIZE: (usize, usize) = (32, 18);

fuzz_target!(|data: &[u8]| -> Corpus {
    let _ = decode(data);
    let mut bytes = data.to_vec();
    if !repair(&mut bytes) {
        return Corpus::Reject;
    }
    let Ok(kept) = decode(&bytes) else { return Corpus::Keep };
    show(&kept);
    let origin = kept.origin;
    let mut anomaly = Anomaly::new(&config::Anomaly::default());
    anomaly.set_baseline(kept.baseline);
    watch(&mut anomaly);
    let kept = Kept { baseline: anomaly.baseline().clone(), origin };
    let written = encode(&kept);
    let again = decode(&written).expect("what was written can be read");
    assert_eq!(encode(&again), written);
    assert_eq!(again.origin, kept.origin);
    Corpus::Keep
});

/// Gives the file the lengths and the checksum that belong to it: who makes one by hand does that too.
fn repair(bytes: &mut [u8]) -> bool {
    let Some(content) = bytes.len().checked_sub(HEADER + 4) else { return false };
    let first = u32::from_le_bytes([bytes[30], bytes[31], bytes[32], bytes[33]]).min(content as u32);
    for (at, length) in LENGTHS.into_iter().zip([first, content as u32 - first]) {
        bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
    }
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&bytes[..HEADER]);
    checksum.update(&bytes[HEADER + 4..]);
    bytes[HEADER..HEADER + 4].copy_from_slice(&checksum.finalize().to_le_bytes());
    true
}

/// What the page shows of it.
fn show(kept: &Kept) {
    let baseline = &kept.baseline;
    for signal in Signal::ALL {
        baseline.upper(signal, 1.0);
    }
    assert!(baseline.hours.shares().count() == 48);
    for place in 0..baseline.behaviour.presence().len() {
        baseline.behaviour.usual_direction(place);
    }
    baseline.behaviour.usual_speed((0.5, 0.5));
    (baseline.progress(), baseline.prototypes(), baseline.is_brief(), baseline.is_sight_known());
}

/// Something that crosses the picture and something that stays.
fn watch(anomaly: &mut Anomaly) {
    let (width, height) = SIZE;
    let luma = Plane::new(width, height, 90);
    let mut tracker = Tracker::default();
    for step in 0..12 {
        let time = Duration::from_millis(1100 * step as u64);
        let blob = |left: usize| Blob { left, top: 4, right: left + 4, bottom: 10, area: 24, zone: None };
        let tracks = tracker.update(vec![blob(2 * step), blob(0)], time).cloned().collect();
        let mask = Plane::new(width, height, 255);
        let moving = Moving { tracks, ..Moving::default() };
        let hour = Some(Hour { hour: 23, weekend: step % 2 == 0 });
        let judgement = anomaly.look(&Seen { luma: &luma, mask: &mask, moving: &moving, time, hour });
        assert!((0.0..=1.0).contains(&judgement.progress));
    }
    anomaly.rarities();
}
