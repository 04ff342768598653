//! The network: finds its file, checks it, and runs it on stacks of luma planes. Knows nothing of what its
//! descriptors are used for.

use super::contract::{self, Contract, ContractFault, FRAMES, OUTPUT, Port, STRIDE};
use super::library::{Library, LibraryError, list};
use crate::config::Provider;
use crate::picture::plane::Plane;
use crate::service::shield::shielded;
use ort::ep::{self, ExecutionProvider as _, ExecutionProviderDispatch};
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::{Outlet, TensorRef, ValueType};
use std::borrow::Cow;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file's place below a folder.
const FILE: &str = "models/anomaly.onnx";
/// Bigger files are refused: a network that a board can run in time is far smaller.
const MOST_BYTES: usize = MOST_MIB << 20;
const MOST_MIB: usize = 16;

/// Where the network is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelSource {
    /// The first that is there of `models/anomaly.onnx` in the program's folder, `../share/edge-cctv/models/` from
    /// there, `models/` in the current folder (a checkout), `/usr/share/edge-cctv/models/`.
    Search,
    File(PathBuf),
    Bytes(Cow<'static, [u8]>),
}

impl ModelSource {
    /// As in the configuration: empty means to search.
    pub fn configured(path: &Path) -> Self {
        if path.as_os_str().is_empty() { Self::Search } else { Self::File(path.into()) }
    }
}

/// Why there is no network, or no descriptors.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ModelError {
    #[error(transparent)]
    Library(#[from] LibraryError),
    #[error(
        "there is no network: {} doesn't exist; `model` in [network] says where it is",
        .0.display()
    )]
    Missing(PathBuf),
    #[error("there is no network; looked for {}", list(.0))]
    NotFound(Vec<PathBuf>),
    #[error("the network {model} can't be read: {why}")]
    Unreadable { model: String, why: String },
    #[error("the network {0} is empty: fetch the file again")]
    Empty(String),
    #[error("the network {0} has more than {MOST_MIB} MiB: it isn't one of this program's")]
    TooLarge(String),
    #[error("the network {model} is damaged or no ONNX file that this library knows: {why}")]
    Damaged { model: String, why: String },
    #[error("the network {model} isn't for this program: {fault}")]
    Contract { model: String, fault: ContractFault },
    #[error("a stack of frames that the network can't take: {0}")]
    Stack(String),
    #[error("the network failed: {0}")]
    Run(String),
    #[error("the network gave {value} for {group} in column {column}, row {row}")]
    NotFinite { value: f32, group: String, column: usize, row: usize },
}

/// What is to be known of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkInfo {
    /// Such as "1.0.0".
    pub version: String,
    /// The commit of the training code.
    pub training_commit: String,
    /// SHA-256 of the training data's list.
    pub data_sha256: String,
    /// Time between the frames of a stack.
    pub interval: Duration,
    /// Pixels of the frame for one cell of the descriptors, each way.
    pub stride: usize,
    /// Groups of channels, in their order, without gaps.
    pub groups: Vec<(String, Range<usize>)>,
    /// What computes it. A GPU's provider may leave some operators to the processor.
    pub provider: Provider,
    /// Why that isn't the one that was asked for.
    pub fallback: Option<String>,
    /// ONNX Runtime's version, such as "1.27.0".
    pub library_version: String,
    /// Of the file's bytes (FNV-1a, 64 bits). What was learned with one network says nothing with another.
    pub fingerprint: u64,
}

/// What describes pictures: the network, or in tests what takes its place.
pub trait Describe: Send {
    fn info(&self) -> &NetworkInfo;

    /// Describes a stack of frames, the oldest first, [`NetworkInfo::interval`] apart. All have one size, whose
    /// sides are multiples of [`NetworkInfo::stride`].
    ///
    /// # Errors
    /// The planes don't fit, the library fails, or the network gives something that is no number. The next stack
    /// can be tried as if nothing had been.
    fn describe(&mut self, stack: [&Plane; FRAMES]) -> Result<Descriptors<'_>, ModelError>;
}

/// A network that is ready to run, for one camera: sessions share the library, not their memory.
#[derive(Debug)]
pub struct Network {
    session: Session,
    info: NetworkInfo,
    channels: usize,
    /// The stack as the network takes it.
    frames: Vec<u8>,
    /// The last descriptors.
    values: Vec<f32>,
}

/// What the network says of a stack: a vector for each cell of `stride` by `stride` pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Descriptors<'a> {
    pub columns: usize,
    pub rows: usize,
    pub channels: usize,
    /// `values[(channel * rows + row) * columns + column]`, all finite.
    pub values: &'a [f32],
}

impl Network {
    /// Loads the library and the network. An empty `library` is searched (see [`Library::load`]). A provider that the
    /// library or the machine doesn't have is told in the log and in [`NetworkInfo::fallback`], and the processor
    /// computes the network.
    ///
    /// # Errors
    /// No library, no network, or one that isn't for this program.
    pub fn load(library: &Path, model: &ModelSource, provider: Provider) -> Result<Self, ModelError> {
        let (model, bytes) = read(model)?;
        let library = Library::load(library)?;
        // ort panics on what it doesn't expect of a network's inputs and outputs.
        let (session, active, fallback) = shielded(|| open_or_fall_back(&library, &bytes, provider))
            .and_then(|opened| opened)
            .map_err(|why| ModelError::Damaged { model: model.clone(), why })?;
        let contract = check(&session).map_err(|fault| ModelError::Contract { model, fault })?;
        if let Some(why) = &fallback {
            log::warn!("{} doesn't compute the network, the processor does: {why}", provider.name());
        }
        Ok(Self {
            session,
            channels: contract.channels(),
            info: NetworkInfo {
                version: contract.version,
                training_commit: contract.training_commit,
                data_sha256: contract.data_sha256,
                interval: contract.interval,
                stride: STRIDE,
                groups: contract.groups,
                provider: active,
                fallback,
                library_version: library.version().into(),
                fingerprint: fingerprint(&bytes),
            },
            frames: Vec::new(),
            values: Vec::new(),
        })
    }
}

impl Describe for Network {
    fn info(&self) -> &NetworkInfo {
        &self.info
    }

    fn describe(&mut self, stack: [&Plane; FRAMES]) -> Result<Descriptors<'_>, ModelError> {
        let (width, height) = size(&stack)?;
        self.frames.clear();
        for plane in stack {
            self.frames.extend_from_slice(&plane.data);
        }
        let (columns, rows) = (width / STRIDE, height / STRIDE);
        let failed = |error: ort::Error| ModelError::Run(error.to_string());
        let input =
            TensorRef::from_array_view(([1, FRAMES, height, width], &*self.frames)).map_err(failed)?;
        let outputs = self.session.run(ort::inputs![input]).map_err(failed)?;
        let output = outputs.get(OUTPUT).ok_or_else(|| ModelError::Run("it gave no descriptors".into()))?;
        let (shape, values) = output.try_extract_tensor::<f32>().map_err(failed)?;
        let wanted = [1, self.channels, rows, columns];
        if !shape.iter().copied().eq(wanted.map(|size| i64::try_from(size).unwrap_or(i64::MAX))) {
            return Err(ModelError::Run(format!("it gave {shape:?} where {wanted:?} should be")));
        }
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            let channel = at / (rows * columns);
            let group = self.info.groups.iter().find(|(_, range)| range.contains(&channel));
            return Err(ModelError::NotFinite {
                value: values[at],
                group: group.map_or_else(String::new, |(name, _)| name.clone()),
                column: at % columns,
                row: at / columns % rows,
            });
        }
        self.values.clear();
        self.values.extend_from_slice(values);
        Ok(Descriptors { columns, rows, channels: self.channels, values: &self.values })
    }
}

/// Width and height of all planes.
fn size(stack: &[&Plane; FRAMES]) -> Result<(usize, usize), ModelError> {
    let (width, height) = (stack[0].width, stack[0].height);
    if let Some(other) = stack.iter().find(|plane| (plane.width, plane.height) != (width, height)) {
        return Err(ModelError::Stack(format!(
            "its planes are {width}x{height} and {}x{}",
            other.width, other.height
        )));
    }
    if width == 0 || height == 0 || width % STRIDE != 0 || height % STRIDE != 0 {
        return Err(ModelError::Stack(format!(
            "{width}x{height} isn't a size whose sides are multiples of {STRIDE}"
        )));
    }
    if let Some(plane) = stack.iter().find(|plane| plane.data.len() != width * height) {
        return Err(ModelError::Stack(format!("{width}x{height} has {} samples", plane.data.len())));
    }
    Ok((width, height))
}

/// The network's name for messages, and its bytes.
fn read(source: &ModelSource) -> Result<(String, Cow<'_, [u8]>), ModelError> {
    let (model, bytes) = match source {
        ModelSource::Bytes(bytes) => ("in the program".to_string(), Cow::Borrowed(&**bytes)),
        ModelSource::File(path) => {
            if !path.exists() {
                return Err(ModelError::Missing(path.clone()));
            }
            (path.display().to_string(), Cow::Owned(read_file(path)?))
        }
        ModelSource::Search => {
            let places = places();
            let Some(path) = places.iter().find(|path| path.exists()) else {
                return Err(ModelError::NotFound(places));
            };
            (path.display().to_string(), Cow::Owned(read_file(path)?))
        }
    };
    match bytes.len() {
        0 => Err(ModelError::Empty(model)),
        1..=MOST_BYTES => Ok((model, bytes)),
        _ => Err(ModelError::TooLarge(model)),
    }
}

/// At most one byte more than is allowed.
fn read_file(path: &Path) -> Result<Vec<u8>, ModelError> {
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes)).map_err(
        |error| ModelError::Unreadable {
            model: path.display().to_string(),
            why: match error.kind() {
                ErrorKind::IsADirectory => "it is a folder; name the file in it".into(),
                _ => error.to_string(),
            },
        },
    )?;
    Ok(bytes)
}

fn places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Some(folder) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        places.push(folder.join(FILE));
        places.extend(folder.parent().map(|prefix| prefix.join("share/edge-cctv").join(FILE)));
    }
    places.push(FILE.into());
    places.push(Path::new("/usr/share/edge-cctv").join(FILE));
    places
}

type Opened = (Session, Provider, Option<String>);

/// A session with the provider, or with the processor and the reason for that.
fn open_or_fall_back(library: &Library, bytes: &[u8], provider: Provider) -> Result<Opened, String> {
    let fallback = match open(library, bytes, provider) {
        Ok(session) => return Ok((session, provider, None)),
        Err(why) if provider == Provider::Cpu => return Err(why),
        Err(why) => why,
    };
    // If it is the network's fault, it fails here too.
    Ok((open(library, bytes, Provider::Cpu)?, Provider::Cpu, Some(fallback)))
}

fn open(library: &Library, bytes: &[u8], provider: Provider) -> Result<Session, String> {
    let accelerator = match provider {
        Provider::Cpu => None,
        Provider::Xnnpack => Some((ep::XNNPACK::is_available(), ep::XNNPACK::default().build())),
        Provider::Cuda => Some((ep::CUDA::is_available(), ep::CUDA::default().build())),
        Provider::TensorRt => Some((ep::TensorRT::is_available(), ep::TensorRT::default().build())),
    };
    let mut providers = Vec::new();
    if let Some((available, accelerator)) = accelerator {
        if !available.map_err(|error| error.to_string())? {
            let (version, path) = (library.version(), library.path().display());
            return Err(format!("ONNX Runtime {version} in {path} is built without it"));
        }
        providers.push(accelerator.error_on_failure());
    }
    providers.push(ep::CPU::default().with_arena_allocator(true).build());
    session(library, bytes, &providers).map_err(|error| error.to_string())
}

fn session(library: &Library, bytes: &[u8], providers: &[ExecutionProviderDispatch]) -> ort::Result<Session> {
    // One thread, the caller's: a board's other cores are for the other cameras, and a thread that spins while it waits
    // for the next frame would warm the board for nothing.
    let mut builder: SessionBuilder = Session::builder(&library.environment)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?
        // Not `Level3`, which libraries before 1.23 refuse.
        .with_optimization_level(GraphOptimizationLevel::All)?
        // The arena takes 4 to 8 MB less than malloc does (which keeps what it was given back), and stays as it is; a
        // pattern for it, which would save searching in it, took 5 MB more and no less time.
        .with_memory_pattern(false)?
        .with_execution_providers(providers)?;
    builder.commit_from_memory(bytes)
}

fn check(session: &Session) -> Result<Contract, ContractFault> {
    let metadata = session.metadata().ok();
    let contract = contract::read(|key| metadata.as_ref()?.custom(&format!("edge_cctv.{key}")))?;
    let ports = |outlets: &[Outlet]| outlets.iter().map(port).collect::<Vec<_>>();
    contract::check_ports(&contract, &ports(session.inputs()), &ports(session.outputs()))?;
    Ok(contract)
}

fn port(outlet: &Outlet) -> Port {
    let (element, shape) = match outlet.dtype() {
        ValueType::Tensor { ty, shape, .. } => (onnx_name(&ty.to_string()), shape.to_vec()),
        other => (other.to_string(), Vec::new()),
    };
    Port { name: outlet.name().into(), element, shape }
}

/// ONNX's name of an element type that ort calls as Rust does: "u8" is "uint8", "f32" is "float32".
fn onnx_name(rust: &str) -> String {
    let (letter, bits) = rust.split_at_checked(1).unwrap_or_default();
    let kind = match letter {
        "u" => "uint",
        "i" => "int",
        "f" => "float",
        _ => return rust.into(),
    };
    if bits.parse::<u8>().is_ok() { format!("{kind}{bits}") } else { rust.into() }
}

/// FNV-1a with 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv): the same on every machine and in every version.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_fnv_1a() {
        // Test vectors of draft-eastlake-fnv.
        assert_eq!(fingerprint(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fingerprint(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn element_types_are_called_as_onnx_does() {
        for (rust, onnx) in
            [("u8", "uint8"), ("f32", "float32"), ("i64", "int64"), ("bool", "bool"), ("", "")]
        {
            assert_eq!(onnx_name(rust), onnx);
        }
    }

    #[test]
    fn planes_that_dont_fit_are_told() {
        let (small, good) = (Plane::new(16, 8, 0), Plane::new(16, 16, 0));
        let odd = Plane::new(20, 16, 0);
        let short = Plane { data: vec![0; 9], ..good.clone() };
        assert_eq!(size(&[&good, &good, &good]), Ok((16, 16)));
        for (stack, text) in [
            ([&good, &good, &small], "its planes are 16x16 and 16x8"),
            ([&odd, &odd, &odd], "20x16 isn't a size whose sides are multiples of 8"),
            ([&good, &short, &good], "16x16 has 9 samples"),
            ([&Plane::default(), &Plane::default(), &Plane::default()], "0x0 isn't a size"),
        ] {
            let error = size(&stack).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }

    #[test]
    fn a_network_that_is_no_file_of_the_right_size_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("anomaly.onnx");
        let read = |path: &Path| read(&ModelSource::File(path.into())).unwrap_err();
        assert_eq!(read(&path), ModelError::Missing(path.clone()));
        std::fs::write(&path, "").unwrap();
        assert_eq!(read(&path), ModelError::Empty(path.display().to_string()));
        File::create(&path).unwrap().set_len(MOST_BYTES as u64 + 1).unwrap();
        assert_eq!(read(&path), ModelError::TooLarge(path.display().to_string()));
        assert!(read(&path).to_string().contains("has more than 16 MiB"));
        assert!(read(folder.path()).to_string().contains("it is a folder"));
    }
}
