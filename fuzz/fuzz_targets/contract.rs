//! What a network's file says of itself: keys and values, one a line, and the shape of its output.

#![no_main]

use edge_cctv::anomaly::contract::{self, Port};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let pairs: Vec<_> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let value = |key: &str| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| value.to_string());
    let contract = match contract::read(value) {
        Ok(contract) => contract,
        Err(fault) => {
            assert!(!fault.to_string().is_empty());
            return;
        }
    };
    let mut next = 0;
    for (name, range) in &contract.groups {
        assert!(!name.is_empty() && range.start == next && range.end > next);
        next = range.end;
    }
    assert!((1..=1024).contains(&contract.channels()) && next == contract.channels());
    assert!(!contract.interval.is_zero());
    let port = |name: &str, element: &str, shape: &[i64]| Port {
        name: value(name).unwrap_or_else(|| name.into()),
        element: element.into(),
        shape: shape.into(),
    };
    let channels = value("output").and_then(|text| text.parse().ok()).unwrap_or(-1);
    let inputs = [port("frames", "uint8", &[1, 3, -1, -1])];
    let outputs = [port("descriptors", "float32", &[1, channels, -1, -1])];
    if contract::check_ports(&contract, &inputs, &outputs).is_ok() {
        assert_eq!(usize::try_from(channels), Ok(contract.channels()));
    }
});
