//! The baseline as a file, so that what was learned outlives the program, a power cut and a crash. Knows files and
//! the baseline, nothing of cameras and threads.
//!
//! The file: magic, format version, fingerprint of the network and of the source, size of the picture, lengths of the
//! two parts, CRC-32 of all the rest, then the parts as postcard writes them: first what behaviour tells, then what the
//! network tells. A new file takes the old one's place in one step (rename), so that there is always a whole one.

use crate::anomaly::baseline::Baseline;
use crate::service::durable;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"ECCTVBAS";
/// Goes up whenever the meaning of what is learned changes; a change of its shape is told by itself.
const FORMAT: u16 = 2;
/// Bytes before the checksum: magic, format, network, source, width, height, two lengths.
const HEADER: usize = 8 + 2 + 8 + 5 * 4;
/// A larger file is refused: the largest picture that the network gets makes a file of about a fifth of this.
pub const MOST_BYTES: usize = 16 << 20;

/// What is kept of one camera.
#[derive(Clone, Debug)]
pub struct Kept {
    pub baseline: Baseline,
    pub origin: Origin,
}

/// With what the baseline was learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Fingerprint of the network; `None` while none has looked.
    pub network: Option<u64>,
    /// Width and height of the camera's picture in pixels; `None` before the first one.
    pub size: Option<(u32, u32)>,
    /// Tells sources apart, see [`source_tag`]: what was learned of one scene says nothing of another.
    pub source: u32,
}

/// Why a file can't be used. It is set aside and learning starts anew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("it isn't a baseline of this program")]
    Foreign,
    #[error("it has format {found}, and this program writes {FORMAT}")]
    Format { found: u16 },
    #[error("it is cut off: {found} of {wanted} bytes are there")]
    Truncated { found: usize, wanted: usize },
    #[error("its checksum is wrong")]
    Checksum,
    #[error("it has more than {} MiB", MOST_BYTES >> 20)]
    TooLarge,
    #[error("what it holds has another shape than what this program learns")]
    Shape,
    #[error("it was learned of another source")]
    Source,
}

/// Why there is nothing to go on with.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file's content: trying again won't help.
    #[error("{0}")]
    Damaged(#[from] Damage),
    #[error("it can't be read: {0}")]
    Unreadable(#[from] io::Error),
}

/// Why nothing was saved; the text has no path.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    #[error("what was learned has more than {} MiB", MOST_BYTES >> 20)]
    TooLarge,
    #[error("{}", words(.0))]
    Io(#[from] io::Error),
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full".into(),
        ErrorKind::PermissionDenied => "the state folder can't be written: permission denied".into(),
        ErrorKind::ReadOnlyFilesystem => "the state folder is on a file system that is read only".into(),
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => "a file is where a folder should be".into(),
        _ => error.to_string(),
    }
}

/// A number for what a camera looks at: one for the demo, one for each recording and each address, and one for all devices (a webcam is the
/// same camera at another port).
pub fn source_tag(source: &crate::config::Source) -> u32 {
    use crate::config::Source;
    match source {
        Source::Demo => crc32fast::hash(b"demo"),
        Source::Device(_) => crc32fast::hash(b"device"),
        Source::Network(address) => crc32fast::hash(address.url().as_str().as_bytes()),
        Source::Recording(path) => crc32fast::hash(path.as_os_str().as_encoded_bytes()),
    }
}

/// Where one camera's baseline is kept.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
    name: String,
}

impl Store {
    /// In the folder `baseline` of the state folder, by the camera's name.
    pub fn new(state_dir: &Path, camera: &str) -> Self {
        Self { folder: state_dir.join("baseline"), name: safe(camera) }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.bin", self.name))
    }

    fn unfinished(&self) -> PathBuf {
        self.folder.join(format!("{}.unfinished", self.name))
    }

    /// Where a file is put that can't be used.
    pub fn bad(&self) -> PathBuf {
        self.folder.join(format!("{}.bad", self.name))
    }

    /// Removes what a crash left behind.
    pub fn clean(&self) {
        let path = self.unfinished();
        match fs::remove_file(&path) {
            Ok(()) => log::info!("{} was removed: a crash left it behind", path.display()),
            Err(error) if error.kind() == ErrorKind::NotFound || error.kind() == ErrorKind::NotADirectory => {
            }
            Err(error) => log::warn!("{} can't be removed: {error}", path.display()),
        }
    }

    /// Writes all of it in the place of what was there, or leaves that as it was. On return it is on the disk.
    ///
    /// # Errors
    /// In words: the disk is full, the folder can't be written.
    pub fn save(&self, kept: &Kept) -> Result<(), SaveError> {
        let bytes = encode(kept);
        if bytes.len() > MOST_BYTES {
            return Err(SaveError::TooLarge);
        }
        Ok(durable::replace(&self.path(), &self.unfinished(), &bytes)?)
    }

    /// What was kept of this source; `None` if nothing was.
    ///
    /// # Errors
    /// The file can't be read or can't be used.
    pub fn load(&self, source: u32) -> Result<Option<Kept>, LoadError> {
        let mut bytes = Vec::new();
        match File::open(self.path()) {
            Ok(file) => file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let kept = decode(&bytes)?;
        if kept.origin.source != source {
            return Err(Damage::Source.into());
        }
        Ok(Some(kept))
    }

    /// Puts the file out of the way; the one that was put there before is gone.
    pub fn set_aside(&self) {
        let (path, bad) = (self.path(), self.bad());
        if let Err(error) = fs::rename(&path, &bad) {
            log::warn!("{} can't be moved to {}: {error}", path.display(), bad.display());
        }
    }

    /// What was kept, whatever was there: faults are told in the log, and a file that can't be used is set aside.
    pub fn restore(&self, camera: &str, source: u32) -> Option<Kept> {
        match self.load(source) {
            Ok(kept) => kept,
            Err(LoadError::Damaged(damage)) => {
                log::warn!(
                    "{camera}: learning starts anew: the baseline {} can't be used: {damage}; it is kept as {}",
                    self.path().display(),
                    self.bad().display()
                );
                self.set_aside();
                None
            }
            Err(error) => {
                log::warn!("{camera}: learning starts anew: the baseline {}: {error}", self.path().display());
                None
            }
        }
    }
}

/// A name as a file's: letters, digits, `-` and `_` stay, and other names get a number so that no two share a file.
fn safe(name: &str) -> String {
    let keeps = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let plain: String = name.chars().take(64).map(|c| if keeps(c) { c } else { '_' }).collect();
    if plain == name && !name.is_empty() {
        plain
    } else {
        format!("{plain}.{:08x}", crc32fast::hash(name.as_bytes()))
    }
}

/// Postcard fails on maps of unknown length only, which a baseline has none of.
fn written<T: serde::Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("a baseline is lists and numbers")
}

/// The file's bytes.
pub fn encode(kept: &Kept) -> Vec<u8> {
    let mut behaviour = kept.baseline.clone();
    let sight = behaviour.sight.take();
    let (behaviour, sight) = (written(&behaviour), written(&sight));
    let mut bytes = Vec::with_capacity(HEADER + behaviour.len() + sight.len());
    let (width, height) = kept.origin.size.unwrap_or_default();
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&kept.origin.network.unwrap_or(0).to_le_bytes());
    for number in [kept.origin.source, width, height, behaviour.len() as u32, sight.len() as u32] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    let mut checksum = crc32fast::Hasher::new();
    for part in [&bytes, &behaviour, &sight] {
        checksum.update(part);
    }
    bytes.extend_from_slice(&checksum.finalize().to_le_bytes());
    bytes.extend_from_slice(&behaviour);
    bytes.extend_from_slice(&sight);
    bytes
}

/// # Errors
/// The bytes aren't what [`encode`] of this version gives.
pub fn decode(bytes: &[u8]) -> Result<Kept, Damage> {
    if bytes.len() > MOST_BYTES {
        return Err(Damage::TooLarge);
    }
    if !bytes.starts_with(&MAGIC[..bytes.len().min(MAGIC.len())]) {
        return Err(Damage::Foreign);
    }
    let truncated = |wanted: usize| Damage::Truncated { found: bytes.len(), wanted };
    let mut rest = bytes.get(MAGIC.len()..).ok_or(truncated(HEADER))?;
    let format = u16::from_le_bytes(take(&mut rest).ok_or(truncated(HEADER))?);
    if format != FORMAT {
        return Err(Damage::Format { found: format });
    }
    let network = u64::from_le_bytes(take(&mut rest).ok_or(truncated(HEADER))?);
    let mut numbers = [0u32; 6];
    for number in &mut numbers {
        *number = u32::from_le_bytes(take(&mut rest).ok_or(truncated(HEADER))?);
    }
    let [source, width, height, first, second, checksum] = numbers;
    let wanted = HEADER + 4 + first as usize + second as usize;
    if bytes.len() < wanted {
        return Err(truncated(wanted));
    }
    let mut found = crc32fast::Hasher::new();
    found.update(&bytes[..HEADER]);
    found.update(rest);
    if found.finalize() != checksum || bytes.len() > wanted {
        return Err(Damage::Checksum);
    }
    let (behaviour, sight) = rest.split_at(first as usize);
    let mut baseline: Baseline = read(behaviour)?;
    baseline.sight = read(sight)?;
    if !baseline.is_sound() {
        return Err(Damage::Shape);
    }
    // The network's part can be learned anew by itself.
    if baseline.sight.as_ref().is_some_and(|sight| !sight.is_sound()) {
        baseline.forget_sight();
    }
    let origin = Origin {
        network: (network != 0).then_some(network),
        size: (width > 0 && height > 0).then_some((width, height)),
        source,
    };
    Ok(Kept { baseline, origin })
}

/// All of the bytes as one value.
fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Damage> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        _ => Err(Damage::Shape),
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(*head)
}
