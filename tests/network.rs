//! A network is checked when it is loaded, computes what its file says, and everything that is wrong is told in words.
//! The networks are tests/data/onnx/make.py's.

#[path = "common/skip.rs"]
mod skip;

use edge_cctv::anomaly::library::LibraryError;
use edge_cctv::anomaly::model::{Describe, ModelError, ModelSource, Network};
use edge_cctv::config::Provider;
use edge_cctv::picture::plane::Plane;
use std::path::{Path, PathBuf};
use std::time::Duration;

const ANYWHERE: &str = "";

fn file(name: &str) -> ModelSource {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/onnx");
    ModelSource::File(folder.join(name))
}

/// `None` where there is no library, which was said then.
fn load(model: &ModelSource, provider: Provider) -> Option<Result<Network, ModelError>> {
    match Network::load(Path::new(ANYWHERE), model, provider) {
        Err(ModelError::Library(LibraryError::NotFound(_))) => {
            skip::skipped(
                "ONNX Runtime isn't here: packaging/onnxruntime.sh fetches it, as `make test` does",
            );
            None
        }
        result => Some(result),
    }
}

#[track_caller]
fn good() -> Option<Network> {
    load(&file("good.onnx"), Provider::Cpu).map(|result| result.expect("it is good"))
}

#[track_caller]
fn refused(model: &ModelSource, text: &str) {
    if let Some(result) = load(model, Provider::Cpu) {
        let error = result.expect_err("it must be refused").to_string();
        assert!(error.contains(text), "wanted:\n{text}\nfound:\n{error}");
    }
}

/// Each sample by its place.
fn plane(width: usize, height: usize, sample: impl Fn(usize, usize) -> u8) -> Plane {
    let data = (0..width * height).map(|at| sample(at % width, at / width)).collect();
    Plane { width, height, data }
}

#[test]
fn a_good_network_says_what_its_file_says() {
    let Some(network) = good() else { return };
    let info = network.info();
    assert_eq!((info.version.as_str(), info.training_commit.as_str()), ("1.2.3", "0123abc"));
    assert_eq!(info.data_sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!((info.interval, info.stride), (Duration::from_millis(200), 8));
    assert_eq!(info.groups, [("change".into(), 0..1), ("mean".into(), 1..4)]);
    assert_eq!((info.provider, &info.fallback), (Provider::Cpu, &None));
    assert!(info.library_version.starts_with("1."), "{}", info.library_version);
}

#[test]
fn a_good_network_gives_the_right_numbers_in_the_right_places() {
    let Some(mut network) = good() else { return };
    // Each cell has its own brightness in the newest frame; the older ones are even.
    let newest = plane(40, 24, |x, y| u8::try_from(x / 8 + 10 * (y / 8)).unwrap());
    let (oldest, middle) = (plane(40, 24, |_, _| 51), plane(40, 24, |_, _| 102));
    let descriptors = network.describe([&oldest, &middle, &newest]).unwrap();
    assert_eq!((descriptors.columns, descriptors.rows, descriptors.channels), (5, 3, 4));
    assert_eq!(descriptors.values.len(), 5 * 3 * 4);
    for row in 0..3 {
        for column in 0..5 {
            let bright = (column + 10 * row) as f32 / 255.0;
            for (channel, wanted) in [bright - 0.2, 0.2, 0.4, bright].into_iter().enumerate() {
                let value = descriptors.values[(channel * 3 + row) * 5 + column];
                assert!((value - wanted).abs() < 1e-5, "{channel} {row} {column}: {value} {wanted}");
            }
        }
    }
}

#[test]
fn the_size_may_change_from_one_stack_to_the_next() {
    let Some(mut network) = good() else { return };
    for (width, height) in [(480, 272), (8, 8), (64, 128)] {
        let grey = Plane::new(width, height, 255);
        let descriptors = network.describe([&grey; 3]).unwrap();
        assert_eq!((descriptors.columns, descriptors.rows), (width / 8, height / 8));
        let (change, mean) = descriptors.values.split_at(width * height / 64);
        assert!(change.iter().all(|value| value.abs() < 1e-5));
        assert!(mean.iter().all(|value| (value - 1.0).abs() < 1e-5));
    }
}

#[test]
fn a_stack_that_doesnt_fit_costs_that_stack_alone() {
    let Some(mut network) = good() else { return };
    let (odd, good) = (Plane::new(20, 16, 0), Plane::new(16, 16, 0));
    assert!(matches!(network.describe([&odd; 3]), Err(ModelError::Stack(_))));
    assert!(matches!(network.describe([&good, &good, &odd]), Err(ModelError::Stack(_))));
    assert!(network.describe([&good; 3]).is_ok());
}

#[test]
fn cameras_have_sessions_of_their_own_that_agree() {
    let (Some(first), Some(second)) = (good(), good()) else { return };
    let results: Vec<Vec<f32>> = [first, second]
        .map(|mut network| {
            std::thread::spawn(move || {
                let frame = plane(64, 64, |x, y| u8::try_from(x * 3 + y).unwrap());
                (0..20)
                    .map(|_| network.describe([&frame; 3]).unwrap().values.to_vec())
                    .reduce(|before, now| {
                        assert_eq!(before, now);
                        now
                    })
                    .unwrap()
            })
        })
        .map(|thread| thread.join().unwrap())
        .into();
    assert_eq!(results[0], results[1]);
}

#[test]
fn what_is_no_number_is_told_with_its_place_and_not_given() {
    let Some(network) = load(&file("not_a_number.onnx"), Provider::Cpu) else { return };
    let mut network = network.unwrap();
    let bright = plane(24, 16, |x, y| if x < 8 { 10 } else { u8::try_from(20 + y).unwrap() });
    let dark_cell = plane(24, 16, |x, y| if (16..24).contains(&x) && y >= 8 { 0 } else { 90 });
    let error = network.describe([&bright, &bright, &dark_cell]).unwrap_err();
    let ModelError::NotFinite { value, ref group, column, row } = error else { panic!("{error}") };
    assert!(value.is_nan());
    assert_eq!((group.as_str(), column, row), ("mean", 2, 1));
    assert_eq!(error.to_string(), "the network gave NaN for mean in column 2, row 1");
    // A good stack after that is a good one.
    let light = Plane::new(24, 16, 200);
    assert!(network.describe([&bright, &bright, &light]).is_ok());
}

#[test]
fn each_wrong_network_is_refused_with_its_own_text() {
    refused(&file("absent.onnx"), "absent.onnx doesn't exist; `model` in [network] says where it is");
    refused(
        &file("no_metadata.onnx"),
        "the metadata `edge_cctv.contract` is missing, so it isn't made for this program",
    );
    refused(&file("other_contract.onnx"), "made for version 2 of the contract, this program for version 1");
    refused(
        &file("other_channels.onnx"),
        "its output has 4 channels, but its metadata `edge_cctv.channels` names 3",
    );
    refused(
        &file("other_input.onnx"),
        "its inputs are `picture`, float32 [1, 3, free, free]: there must be one, `frames`, uint8 [1, 3, free, free]",
    );
    refused(&file("fixed_size.onnx"), "its inputs are `frames`, uint8 [1, 3, 64, 64]: there must be one");
}

#[test]
fn a_damaged_file_is_refused() {
    let ModelSource::File(path) = file("good.onnx") else { unreachable!() };
    let good = std::fs::read(path).unwrap();
    let bytes = |bytes: Vec<u8>| ModelSource::Bytes(bytes.into());
    refused(&bytes(Vec::new()), "the network in the program is empty");
    refused(&bytes(vec![0; (16 << 20) + 1]), "has more than 16 MiB");
    refused(&bytes(b"<!DOCTYPE html>".repeat(20)), "is damaged or no ONNX file that this library knows");
    // Wherever it ends, or whatever bit turns round: an error or a network, but no crash. Most cuts can't be read.
    let mut refused = 0;
    for length in 1..good.len() {
        let Some(result) = load(&bytes(good[..length].into()), Provider::Cpu) else { return };
        refused += usize::from(result.is_err());
    }
    assert_eq!(refused, good.len() - 1, "the metadata is the last in the file");
    for at in 0..good.len() {
        let mut bent = good.clone();
        bent[at] ^= 1 << (at % 8);
        if let Some(Ok(mut network)) = load(&bytes(bent), Provider::Cpu) {
            let frame = Plane::new(16, 16, 1);
            let _ = network.describe([&frame; 3]);
        }
    }
}

#[test]
fn a_network_that_gives_another_size_than_it_says_is_told() {
    let Some(network) = load(&file("other_stride.onnx"), Provider::Cpu) else { return };
    let frame = Plane::new(16, 16, 1);
    let error = network.unwrap().describe([&frame; 3]).unwrap_err().to_string();
    assert!(error.contains("[1, 4, 4, 4] where [1, 4, 2, 2] should be"), "{error}");
}

#[test]
fn the_fingerprint_is_of_the_bytes() {
    let (Some(network), Some(same)) = (good(), good()) else { return };
    let other = load(&file("other_stride.onnx"), Provider::Cpu).unwrap().unwrap();
    assert_eq!(network.info().fingerprint, same.info().fingerprint);
    assert_ne!(network.info().fingerprint, other.info().fingerprint);
}

#[test]
fn a_provider_that_the_library_lacks_is_told_and_the_processor_does_it() {
    // What `make` fetches is for processors only.
    for provider in [Provider::Xnnpack, Provider::Cuda, Provider::TensorRt] {
        let Some(network) = load(&file("good.onnx"), provider) else { return };
        let mut network = network.unwrap();
        assert_eq!(network.info().provider, Provider::Cpu);
        let why = network.info().fallback.clone().unwrap();
        assert!(why.contains("is built without it"), "{why}");
        let frame = Plane::new(16, 16, 1);
        assert!(network.describe([&frame; 3]).is_ok());
    }
}

#[test]
fn a_library_that_isnt_there_is_told() {
    let absent = PathBuf::from("/nowhere/libonnxruntime.so");
    let error = Network::load(&absent, &file("good.onnx"), Provider::Cpu).unwrap_err();
    assert_eq!(error, ModelError::Library(LibraryError::Missing(absent)));
    assert!(
        error.to_string().contains("ONNX Runtime isn't here: /nowhere/libonnxruntime.so doesn't exist"),
        "{error}"
    );
}
