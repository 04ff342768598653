//! What a network must be to be used here: its input, its output, and what its file says of itself. Training writes
//! exactly this. Knows nothing of ONNX Runtime.
//!
//! | | |
//! |---|---|
//! | input | `frames`, uint8 [1, 3, H, W]: three luma planes, the oldest first; H and W are free, multiples of 8 |
//! | output | `descriptors`, float32 [1, C, H/8, W/8] |
//! | metadata | the keys below, each with the prefix `edge_cctv.` |

use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// The version of this contract.
pub const VERSION: &str = "1";
/// Name of the input.
pub const INPUT: &str = "frames";
/// Name of the output.
pub const OUTPUT: &str = "descriptors";
/// Luma planes in a stack.
pub const FRAMES: usize = 3;
/// Pixels of the frame for one cell of the output, each way.
pub const STRIDE: usize = 8;
/// Longest time between the frames of a stack: what is slower than that is no motion any more.
const LONGEST_INTERVAL_MS: u64 = 10_000;
/// Most channels; each is kept for each cell of the picture.
const MOST_CHANNELS: usize = 1024;
/// Longest text of a free form.
const LONGEST_TEXT: usize = 100;

/// What the file says of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Such as "1.0.0".
    pub version: String,
    /// The commit of the training code.
    pub training_commit: String,
    /// SHA-256 of the training data's list, 64 digits.
    pub data_sha256: String,
    /// Time between the frames of a stack.
    pub interval: Duration,
    /// Groups of channels, in their order, without gaps.
    pub groups: Vec<(String, Range<usize>)>,
}

impl Contract {
    /// Channels of all groups.
    pub fn channels(&self) -> usize {
        self.groups.last().map_or(0, |(_, range)| range.end)
    }
}

/// An input or output as the network declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    pub name: String,
    /// The element type as ONNX calls it: "uint8", "float32"; or what it is instead of a tensor.
    pub element: String,
    /// -1: free.
    pub shape: Vec<i64>,
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`, {} [", self.name, self.element)?;
        for (index, size) in self.shape.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            match size {
                -1 => write!(f, "{comma}free")?,
                size => write!(f, "{comma}{size}")?,
            }
        }
        f.write_str("]")
    }
}

/// Why a network isn't one for this program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContractFault {
    #[error(
        "it says nothing of itself: the metadata `edge_cctv.{0}` is missing, so it isn't made for this program"
    )]
    Missing(&'static str),
    #[error(
        "it is made for version {0} of the contract, this program for version {VERSION}: take a network and a program that fit"
    )]
    Version(String),
    #[error("its metadata `edge_cctv.{key}` is {value:?}: {allowed}")]
    Value { key: &'static str, value: String, allowed: String },
    #[error("its inputs are {0}: there must be one, `{INPUT}`, uint8 [1, {FRAMES}, free, free]")]
    Inputs(String),
    #[error("its outputs are {0}: there must be one, `{OUTPUT}`, float32 [1, channels, free, free]")]
    Outputs(String),
    #[error("its output has {output} channels, but its metadata `edge_cctv.channels` names {named}")]
    Channels { output: i64, named: usize },
}

/// Reads the metadata; `value` looks a key up, without its prefix.
///
/// # Errors
/// A key is missing, or its value isn't allowed.
pub fn read(value: impl Fn(&str) -> Option<String>) -> Result<Contract, ContractFault> {
    let get = |key: &'static str| value(key).ok_or(ContractFault::Missing(key));
    let version = get("contract")?;
    if version != VERSION {
        return Err(ContractFault::Version(version));
    }
    let text = |key: &'static str| {
        let value = get(key)?;
        let fits = !value.trim().is_empty()
            && value.chars().count() <= LONGEST_TEXT
            && !value.chars().any(char::is_control);
        check(key, value, fits, || format!("it must be a text of 1 to {LONGEST_TEXT} characters"))
    };
    let number = |key: &'static str, wanted: usize| {
        let value = get(key)?;
        let fits = value == wanted.to_string();
        check(key, value, fits, || format!("it must be {wanted}"))
    };
    let version = text("version")?;
    let training_commit = text("training_commit")?;
    let data_sha256 = get("data_sha256")?;
    let fits = data_sha256.len() == 64 && data_sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
    let data_sha256 =
        check("data_sha256", data_sha256, fits, || "it must have 64 hexadecimal digits".into())?;
    number("frames", FRAMES)?;
    number("stride", STRIDE)?;
    let milliseconds = get("interval_ms")?;
    let parsed = milliseconds.parse::<u64>().ok().filter(|number| (1..=LONGEST_INTERVAL_MS).contains(number));
    let interval = Duration::from_millis(parsed.unwrap_or_default());
    check("interval_ms", milliseconds, parsed.is_some(), || {
        format!("it must be a whole number from 1 to {LONGEST_INTERVAL_MS}")
    })?;
    let channels = get("channels")?;
    let groups = groups(&channels).map_err(|why| ContractFault::Value {
        key: "channels",
        value: channels,
        allowed: format!("{why}; it must be like \"moving:1,flow:2\""),
    })?;
    Ok(Contract { version, training_commit, data_sha256, interval, groups })
}

fn check(
    key: &'static str,
    value: String,
    fits: bool,
    allowed: impl FnOnce() -> String,
) -> Result<String, ContractFault> {
    if fits { Ok(value) } else { Err(ContractFault::Value { key, value, allowed: allowed() }) }
}

/// Reads "moving:1,flow:2".
fn groups(text: &str) -> Result<Vec<(String, Range<usize>)>, String> {
    let mut groups: Vec<(String, Range<usize>)> = Vec::new();
    let mut next = 0;
    for group in text.split(',') {
        let (name, count) = group.split_once(':').ok_or_else(|| format!("{group:?} has no count"))?;
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !is_name {
            return Err(format!("{name:?} is no name of small letters, digits and `_`"));
        }
        if groups.iter().any(|(other, _)| other == name) {
            return Err(format!("{name:?} is there twice"));
        }
        let count = count.parse::<usize>().ok().filter(|count| (1..=MOST_CHANNELS - next).contains(count));
        let Some(count) = count else {
            return Err(format!("{group:?} isn't 1 to {} channels", MOST_CHANNELS - next));
        };
        groups.push((name.into(), next..next + count));
        next += count;
    }
    Ok(groups)
}

/// Checks what the network takes and gives.
///
/// # Errors
/// An input or output is another one, or the channels aren't those that the metadata names.
pub fn check_ports(contract: &Contract, inputs: &[Port], outputs: &[Port]) -> Result<(), ContractFault> {
    let frames = i64::try_from(FRAMES).unwrap_or(i64::MAX);
    match inputs {
        [input] if input.name == INPUT && input.element == "uint8" && input.shape == [1, frames, -1, -1] => {}
        _ => return Err(ContractFault::Inputs(list(inputs))),
    }
    let channels = match outputs {
        [output] if output.name == OUTPUT && output.element == "float32" => match output.shape[..] {
            // A free number of channels can't be what the metadata says before it runs.
            [1, channels, -1, -1] if channels > 0 => channels,
            _ => return Err(ContractFault::Outputs(list(outputs))),
        },
        _ => return Err(ContractFault::Outputs(list(outputs))),
    };
    let named = contract.channels();
    if usize::try_from(channels) != Ok(named) {
        return Err(ContractFault::Channels { output: channels, named });
    }
    Ok(())
}

fn list(ports: &[Port]) -> String {
    if ports.is_empty() {
        return "none".into();
    }
    ports.iter().map(Port::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 8] = [
        ("contract", "1"),
        ("version", "1.0.0"),
        ("training_commit", "0123abc"),
        ("data_sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("frames", "3"),
        ("interval_ms", "200"),
        ("stride", "8"),
        ("channels", "moving:1,flow:2,appearance:16"),
    ];

    fn with(key: &str, other: Option<&str>) -> Result<Contract, ContractFault> {
        read(|asked| {
            if asked == key {
                return other.map(String::from);
            }
            GOOD.iter().find(|(key, _)| *key == asked).map(|(_, value)| value.to_string())
        })
    }

    #[test]
    fn the_metadata_is_read() {
        let contract = with("", None).unwrap();
        assert_eq!(contract.interval, Duration::from_millis(200));
        assert_eq!(contract.channels(), 19);
        let groups = [("moving".into(), 0..1), ("flow".into(), 1..3), ("appearance".into(), 3..19)];
        assert_eq!(contract.groups, groups);
        assert_eq!(contract.version, "1.0.0");
    }

    #[test]
    fn every_key_must_be_there() {
        for (key, _) in GOOD {
            assert_eq!(with(key, None), Err(ContractFault::Missing(key)));
        }
    }

    #[test]
    fn each_wrong_value_is_told_with_what_is_allowed() {
        for (key, value, text) in [
            ("contract", "2", "it is made for version 2 of the contract, this program for version 1"),
            ("version", "  ", "`edge_cctv.version` is \"  \": it must be a text of 1 to 100 characters"),
            ("training_commit", "a\nb", "`edge_cctv.training_commit` is \"a\\nb\""),
            ("data_sha256", "abc", "it must have 64 hexadecimal digits"),
            ("frames", "4", "`edge_cctv.frames` is \"4\": it must be 3"),
            ("stride", "16", "`edge_cctv.stride` is \"16\": it must be 8"),
            ("interval_ms", "0", "it must be a whole number from 1 to 10000"),
            ("interval_ms", "0.2", "it must be a whole number from 1 to 10000"),
            ("interval_ms", "10001", "it must be a whole number from 1 to 10000"),
            ("channels", "", "\"\" has no count; it must be like \"moving:1,flow:2\""),
            ("channels", "moving", "\"moving\" has no count"),
            ("channels", "moving:1,", "\"\" has no count"),
            ("channels", "moving:1,moving:2", "\"moving\" is there twice"),
            ("channels", "Moving:1", "\"Moving\" is no name of small letters"),
            ("channels", "moving:0", "\"moving:0\" isn't 1 to 1024 channels"),
            ("channels", "a:1024,b:1", "\"b:1\" isn't 1 to 0 channels"),
            ("channels", "a:99999999999999999999", "isn't 1 to 1024 channels"),
            ("channels", "a:-1", "isn't 1 to 1024 channels"),
        ] {
            let fault = with(key, Some(value)).unwrap_err().to_string();
            assert!(fault.contains(text), "{key} {value}: {fault}");
        }
    }

    fn port(name: &str, element: &str, shape: &[i64]) -> Port {
        Port { name: name.into(), element: element.into(), shape: shape.into() }
    }

    #[test]
    fn inputs_and_outputs_are_checked() {
        let contract = with("", None).unwrap();
        let (input, output) =
            (port(INPUT, "uint8", &[1, 3, -1, -1]), port(OUTPUT, "float32", &[1, 19, -1, -1]));
        let check = |inputs: &[Port], outputs: &[Port]| check_ports(&contract, inputs, outputs);
        assert_eq!(check(std::slice::from_ref(&input), std::slice::from_ref(&output)), Ok(()));
        for wrong in [
            vec![],
            vec![input.clone(), input.clone()],
            vec![port("picture", "uint8", &[1, 3, -1, -1])],
            vec![port(INPUT, "float32", &[1, 3, -1, -1])],
            vec![port(INPUT, "uint8", &[-1, 3, -1, -1])],
            vec![port(INPUT, "uint8", &[1, 1, -1, -1])],
            vec![port(INPUT, "uint8", &[1, 3, 64, 64])],
            vec![port(INPUT, "uint8", &[3, -1, -1])],
        ] {
            let fault = check(&wrong, std::slice::from_ref(&output)).unwrap_err();
            assert!(matches!(fault, ContractFault::Inputs(_)), "{fault}");
        }
        for wrong in [
            vec![],
            vec![output.clone(), output.clone()],
            vec![port("scores", "float32", &[1, 19, -1, -1])],
            vec![port(OUTPUT, "float16", &[1, 19, -1, -1])],
            vec![port(OUTPUT, "float32", &[1, -1, -1, -1])],
            vec![port(OUTPUT, "float32", &[1, 19, 8, 8])],
            vec![port(OUTPUT, "float32", &[1, 19])],
        ] {
            let fault = check(std::slice::from_ref(&input), &wrong).unwrap_err();
            assert!(matches!(fault, ContractFault::Outputs(_)), "{fault}");
        }
        let other = [port(OUTPUT, "float32", &[1, 18, -1, -1])];
        let fault = check(std::slice::from_ref(&input), &other).unwrap_err();
        assert_eq!(fault, ContractFault::Channels { output: 18, named: 19 });
        let fault = check(&[port("picture", "uint8", &[1, -1])], &other).unwrap_err().to_string();
        assert!(
            fault.starts_with("its inputs are `picture`, uint8 [1, free]: there must be one, `frames`"),
            "{fault}"
        );
    }
}
