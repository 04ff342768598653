//! The keys of the anomaly detection and of its network.

use super::{Effect, Field, Key};
use crate::config::{Anomaly, Network, Provider};
use std::path::PathBuf;

/// `[anomaly]` and `[camera.anomaly]`
pub static ANOMALY: &[Key<Anomaly>] = &[
    Key {
        name: "enabled",
        effect: Effect::AtOnce,
        required: false,
        unit: "",
        about: "Learn what is normal for the camera, and tell what isn't. Switched off, the network doesn't run for it \
                and what was learned stays.",
        field: Field::Switch {
            get: |anomaly| anomaly.enabled,
            set: |anomaly, switch| anomaly.enabled = switch,
        },
    },
    Key {
        name: "rate_hz",
        effect: Effect::AtOnce,
        required: false,
        unit: "times a second",
        about: "So often the network looks while something moves. More often finds short things sooner and costs more.",
        field: Field::Number {
            from: 0.2,
            to: 25.0,
            zero: None,
            get: |anomaly| anomaly.rate_hz,
            set: |anomaly, number| anomaly.rate_hz = number,
        },
    },
    Key {
        name: "heartbeat_seconds",
        effect: Effect::AtOnce,
        required: false,
        unit: "seconds",
        about: "The network looks once in so many seconds while nothing moves, but never more often than `rate_hz` says.",
        field: Field::Number {
            from: 0.5,
            to: 60.0,
            zero: None,
            get: |anomaly| anomaly.heartbeat_seconds,
            set: |anomaly, number| anomaly.heartbeat_seconds = number,
        },
    },
    Key {
        name: "false_alarms_per_day",
        effect: Effect::AtOnce,
        required: false,
        unit: "a day",
        about: "So many false alarms a day are put up with, in a scene that is as it was learned: more finds fainter \
                anomalies.",
        field: Field::Number {
            from: 0.01,
            to: 100.0,
            zero: None,
            get: |anomaly| anomaly.false_alarms_per_day,
            set: |anomaly, number| anomaly.false_alarms_per_day = number,
        },
    },
    Key {
        name: "adapt_days",
        effect: Effect::AtOnce,
        required: false,
        unit: "days",
        about: "What is new becomes normal in about so many days (time constant of the slow adaptation).",
        field: Field::Number {
            from: 0.1,
            to: 365.0,
            zero: None,
            get: |anomaly| anomaly.adapt_days,
            set: |anomaly, number| anomaly.adapt_days = number,
        },
    },
];

/// A path that may be left open.
fn optional_path(text: &str) -> Result<PathBuf, String> {
    if text.chars().any(char::is_control) || (text.trim().is_empty() && !text.is_empty()) {
        return Err("it names no file; allowed are paths of files, and \"\" to search".into());
    }
    Ok(text.into())
}

const PROVIDER: &str = "\"cpu\" (the processor), \"xnnpack\" (other kernels for the processor), \"cuda\" and \"tensorrt\" \
                        (NVIDIA GPUs)";

/// `[network]`
pub static NETWORK: &[Key<Network>] = &[
    Key {
        name: "model",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "The network: an ONNX file. Empty: the first of `models/anomaly.onnx` in the program's folder, \
                `../share/edge-cctv/models/anomaly.onnx` from there, `models/anomaly.onnx` in the folder that the \
                program is started in, `/usr/share/edge-cctv/models/anomaly.onnx`.",
        field: Field::Text {
            allowed: "paths of files, and \"\" to search",
            get: |network| network.model.display().to_string(),
            set: |network, text| {
                network.model = optional_path(text)?;
                Ok(())
            },
        },
    },
    Key {
        name: "library",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "ONNX Runtime, which computes the network: `libonnxruntime.so`, 1.20 or newer. Empty: the one that the \
                environment variable `ORT_DYLIB_PATH` names, else the first of `libonnxruntime.so` in the program's folder, \
                `../lib/edge-cctv/libonnxruntime.so` from there, what `make` fetched (`target/onnxruntime/`), \
                `/usr/lib/edge-cctv/libonnxruntime.so`.",
        field: Field::Text {
            allowed: "paths of files, and \"\" to search",
            get: |network| network.library.display().to_string(),
            set: |network, text| {
                network.library = optional_path(text)?;
                Ok(())
            },
        },
    },
    Key {
        name: "provider",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "What computes the network (ONNX Runtime's execution provider). One that the library doesn't have is \
                told in the log, and the processor does it.",
        field: Field::Text {
            allowed: PROVIDER,
            get: |network| network.provider.name().into(),
            set: |network, text| {
                network.provider = Provider::parse(text).ok_or_else(|| format!("allowed are {PROVIDER}"))?;
                Ok(())
            },
        },
    },
];
