//! Finds and loads ONNX Runtime, the library that computes the network. Knows nothing of networks and pictures.
//!
//! A process loads one library once, all cameras share it, and it stays until the process ends. A library that can't
//! be loaded is an error in words and can be tried again.

use ort::environment::Environment;
use ort::logging::LogLevel;
use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The library's name without its version.
const FILE: &str = "libonnxruntime.so";
/// The oldest minor version (of 1.x) that was tried.
const OLDEST: u32 = 20;
/// From this minor version on the official libraries send telemetry unless they are told not to.
const TELEMETRY: u32 = 29;
/// Read by the library when it is loaded.
const TELEMETRY_SWITCH: &str = "ORT_DISABLE_TELEMETRY";

/// Why there is no library.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LibraryError {
    #[error(
        "ONNX Runtime isn't here: {} doesn't exist; packaging/onnxruntime.sh fetches it, and `library` in [network] says where it is",
        .0.display()
    )]
    Missing(PathBuf),
    #[error("ONNX Runtime isn't here; packaging/onnxruntime.sh fetches it. Looked for {}", list(.0))]
    NotFound(Vec<PathBuf>),
    #[error("{} can't be loaded: {why}", path.display())]
    Unloadable { path: PathBuf, why: String },
    #[error("{} is no ONNX Runtime library: it has no OrtGetApiBase", .0.display())]
    Foreign(PathBuf),
    #[error("{} is ONNX Runtime {version}: 1.{OLDEST} or a newer 1.x is needed", path.display())]
    Version { path: PathBuf, version: String },
    #[error(
        "{} is ONNX Runtime {version}, which sends telemetry unless the environment has {TELEMETRY_SWITCH}=1 before it is loaded: it isn't used",
        path.display()
    )]
    Telemetry { path: PathBuf, version: String },
    #[error("{} can't be used, for {} is loaded already: restart", asked.display(), loaded.display())]
    Another { asked: PathBuf, loaded: PathBuf },
    #[error("ONNX Runtime doesn't start: {0}")]
    Start(String),
}

/// Paths for people.
pub(super) fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// The loaded library. Copies share it.
#[derive(Clone, Debug)]
pub struct Library {
    pub(super) environment: Environment,
    path: PathBuf,
    version: String,
}

static LOADED: Mutex<Option<Library>> = Mutex::new(None);

/// Forbids telemetry to whatever library is loaded later.
///
/// # Safety
/// No other thread may run: one that reads the environment meanwhile would read freed memory (setenv(3)).
pub unsafe fn forbid_telemetry() {
    // SAFETY: the caller's promise.
    unsafe { std::env::set_var(TELEMETRY_SWITCH, "1") };
}

impl Library {
    /// Loads the library at `configured`, or if that is empty the first that is found: what `ORT_DYLIB_PATH` names;
    /// `libonnxruntime.so` in the program's folder; in `../lib/edge-cctv` from there; in a checkout's
    /// `target/onnxruntime/<arch>`; in `/usr/lib/edge-cctv`. Loaded already, it is the same again.
    ///
    /// # Errors
    /// There is none, it can't be loaded, or it is too old.
    pub fn load(configured: &Path) -> Result<Self, LibraryError> {
        let path = find(configured)?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(library) = &*loaded {
            let found = path.canonicalize().unwrap_or(path);
            if found != library.path && !configured.as_os_str().is_empty() {
                return Err(LibraryError::Another { asked: found, loaded: library.path.clone() });
            }
            return Ok(library.clone());
        }
        // The whole path, so that no other place is searched for a name without a folder.
        let path = path
            .canonicalize()
            .map_err(|error| LibraryError::Unloadable { path: path.clone(), why: error.to_string() })?;
        let library = open(path)?;
        log::info!("ONNX Runtime {} from {}", library.version, library.path.display());
        *loaded = Some(library.clone());
        Ok(library)
    }

    /// Such as "1.27.0".
    pub fn version(&self) -> &str {
        &self.version
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn find(configured: &Path) -> Result<PathBuf, LibraryError> {
    if !configured.as_os_str().is_empty() {
        return if configured.exists() {
            Ok(configured.into())
        } else {
            Err(LibraryError::Missing(configured.into()))
        };
    }
    // Who sets the variable means it: no other library is taken instead.
    if let Some(path) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()).map(PathBuf::from)
    {
        return if path.exists() { Ok(path) } else { Err(LibraryError::Missing(path)) };
    }
    let program = std::env::current_exe().unwrap_or_default();
    let places = places(program.parent().unwrap_or(Path::new("/")));
    places.iter().find(|path| path.exists()).cloned().ok_or(LibraryError::NotFound(places))
}

/// Where the library may be if nobody says where. Never under the current folder, which may be anybody's: what is
/// loaded from there runs with the rights of this program.
fn places(program_folder: &Path) -> Vec<PathBuf> {
    let mut places = vec![program_folder.join(FILE)];
    if let Some(prefix) = program_folder.parent() {
        places.push(prefix.join("lib/edge-cctv").join(FILE));
    }
    if let Some(target) = build_folder(program_folder) {
        places.push(target.join("onnxruntime").join(std::env::consts::ARCH).join(FILE));
    }
    places.push(Path::new("/usr/lib/edge-cctv").join(FILE));
    places
}

/// Cargo's target folder, if the program is in one: `target/[triple/]release/[deps/|examples/]`.
fn build_folder(program_folder: &Path) -> Option<&Path> {
    let mut folder = program_folder;
    if folder.ends_with("deps") || folder.ends_with("examples") {
        folder = folder.parent()?;
    }
    if !folder.ends_with("release") && !folder.ends_with("debug") {
        return None;
    }
    folder = folder.parent()?;
    if folder.file_name()?.to_string_lossy().contains("-linux-") {
        folder = folder.parent()?;
    }
    Some(folder)
}

fn open(path: PathBuf) -> Result<Library, LibraryError> {
    let version = version(&path)?;
    // "1.27.0", or "1.27.0-something" of an own build.
    let minor = version.strip_prefix("1.").and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
    let Some(minor) = minor.filter(|minor| *minor >= OLDEST) else {
        return Err(LibraryError::Version { path, version });
    };
    if minor >= TELEMETRY {
        if std::env::var_os(TELEMETRY_SWITCH).is_none_or(|value| value != "1") {
            return Err(LibraryError::Telemetry { path, version });
        }
        log::warn!(
            "{} is ONNX Runtime {version}: official libraries from 1.{TELEMETRY} on contain telemetry; it is switched off, but \
             a library without it is better (packaging/onnxruntime.lock)",
            path.display()
        );
    }
    let builder = ort::init_from(&path)
        .map_err(|error| LibraryError::Unloadable { path: path.clone(), why: error.to_string() })?;
    let environment = builder
        .with_name("edge-cctv")
        .with_telemetry(false)
        .with_logger(Arc::new(pass_on))
        .build()
        .map_err(|error| LibraryError::Start(error.to_string()))?;
    // With a logger of ours the library begins at its most talkative.
    environment.set_log_level(LogLevel::Warning);
    Ok(Library { environment, path, version })
}

/// The library's own messages. What matters of them comes as an error too.
fn pass_on(level: LogLevel, _category: &str, _id: &str, _location: &str, message: &str) {
    match level {
        LogLevel::Fatal | LogLevel::Error => log::warn!("ONNX Runtime: {message}"),
        LogLevel::Warning => log::debug!("ONNX Runtime: {message}"),
        LogLevel::Info | LogLevel::Verbose => log::trace!("ONNX Runtime: {message}"),
    }
}

/// What the library says it is, before anything of it is started.
fn version(path: &Path) -> Result<String, LibraryError> {
    // SAFETY: the library's initialisers run. It is the one that the user configured, or lies where only the owner of
    // the program can put it.
    let library = unsafe { libloading::Library::new(path) }
        .map_err(|error| LibraryError::Unloadable { path: path.into(), why: error.to_string() })?;
    // SAFETY: the one signature that this symbol has had in all versions of ONNX Runtime (onnxruntime_c_api.h).
    let base =
        unsafe { library.get::<unsafe extern "C" fn() -> *const ort::sys::OrtApiBase>(b"OrtGetApiBase\0") }
            .map_err(|_| LibraryError::Foreign(path.into()))?;
    // SAFETY: it returns a static structure or null; the version is a static text that ends with a zero byte.
    let text = unsafe {
        let base = base();
        if base.is_null() {
            return Err(LibraryError::Foreign(path.into()));
        }
        let text = ((*base).GetVersionString)();
        if text.is_null() {
            return Err(LibraryError::Foreign(path.into()));
        }
        CStr::from_ptr(text)
    };
    Ok(text.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_sought_beside_the_program_and_where_it_is_installed() {
        let places = places(Path::new("/opt/cctv/bin"));
        assert_eq!(
            places,
            [
                "/opt/cctv/bin/libonnxruntime.so",
                "/opt/cctv/lib/edge-cctv/libonnxruntime.so",
                "/usr/lib/edge-cctv/libonnxruntime.so"
            ]
            .map(PathBuf::from)
        );
    }

    #[test]
    fn a_checkout_has_its_own() {
        for (folder, target) in [
            ("/src/target/release", Some("/src/target")),
            ("/src/target/debug/deps", Some("/src/target")),
            ("/src/target/cross/aarch64-unknown-linux-gnu/release", Some("/src/target/cross")),
            ("/usr/bin", None),
            ("/", None),
            ("/release", None),
        ] {
            assert_eq!(build_folder(Path::new(folder)), target.map(Path::new), "{folder}");
        }
    }

    #[test]
    fn what_is_no_library_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let absent = folder.path().join("absent.so");
        let error = Library::load(&absent).unwrap_err();
        assert_eq!(error, LibraryError::Missing(absent));
        assert!(error.to_string().contains("absent.so doesn't exist"), "{error}");

        let text = folder.path().join("text.so");
        std::fs::write(&text, "no library").unwrap();
        let error = open(text).unwrap_err();
        assert!(matches!(&error, LibraryError::Unloadable { .. }), "{error}");
        assert!(error.to_string().contains("text.so can't be loaded: "), "{error}");
    }

    #[test]
    fn a_library_of_something_else_is_told() {
        // Every Linux program with threads has it loaded.
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let libc = maps
            .lines()
            .filter_map(|line| line.find('/').map(|at| &line[at..]))
            .find(|path| path.contains("libc.so"));
        let libc = PathBuf::from(libc.expect("the tests are linked with libc"));
        assert_eq!(open(libc.clone()).unwrap_err(), LibraryError::Foreign(libc));
    }
}
