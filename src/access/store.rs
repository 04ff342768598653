//! The file `STATE/access.json`, which the program and its commands change in turn. Knows files, and no rule.

use super::record::{Record, VERSION};
use crate::service::durable;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Nobody's record is bigger.
const MOST_BYTES: u64 = 1 << 20;

/// Why nothing is known of who may come in. It must not be taken for "nobody has a password".
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("a newer program made it (form {0}, this one knows up to {VERSION})")]
    Newer(u32),
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// By which it is noticed that another process has written the file: replacing makes another inode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stamp {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

/// What is on the disk after a change.
pub struct Changed<T> {
    pub record: Record,
    pub stamp: Option<Stamp>,
    pub result: T,
}

pub struct Store {
    folder: PathBuf,
}

impl Store {
    pub fn new(state_dir: &Path) -> Self {
        Self { folder: state_dir.into() }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("access.json")
    }

    /// Of the file as it is; `None` if there is none.
    pub fn stamp(&self) -> Option<Stamp> {
        let metadata = fs::metadata(self.path()).ok()?;
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Some(Stamp { inode: metadata.ino(), bytes: metadata.len(), modified })
    }

    /// What is kept; `None` if nothing was yet.
    ///
    /// # Errors
    /// The file can't be read or can't be used.
    pub fn load(&self) -> Result<Option<Record>, StoreError> {
        let bytes = match durable::read(&self.path(), MOST_BYTES) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                return Err(StoreError::Damaged("it is bigger than 1 MiB".into()));
            }
            Err(error) => return Err(error.into()),
        };
        let record: Record =
            serde_json::from_slice(&bytes).map_err(|error| StoreError::Damaged(place(&error)))?;
        if record.version() > VERSION { Err(StoreError::Newer(record.version())) } else { Ok(Some(record)) }
    }

    /// Changes what is kept, one process after the other. On return it is on the disk; if `change` or writing fails,
    /// all is as it was. With `anew`, a file that can't be used is given up for an empty record.
    ///
    /// # Errors
    /// The file can't be used, the folder can't be written, or `change` refuses.
    pub fn change<T, E: From<StoreError>>(
        &self,
        anew: bool,
        change: impl FnOnce(&mut Record) -> Result<T, E>,
    ) -> Result<Changed<T>, E> {
        let io = |error: io::Error| StoreError::from(error);
        durable::private_folder(&self.folder).map_err(io)?;
        // The folder itself is locked: a lock file that root makes would be closed to the service.
        let folder = File::open(&self.folder).map_err(io)?;
        folder.lock().map_err(io)?;
        let mut record = match self.load() {
            Ok(record) => record.unwrap_or_else(Record::empty),
            Err(StoreError::Damaged(_)) if anew => Record::empty(),
            Err(error) => return Err(error.into()),
        };
        let result = change(&mut record)?;
        let text = serde_json::to_string_pretty(&record).expect("texts and numbers are always JSON");
        let unfinished = self.folder.join("access.unfinished");
        durable::replace_private(&self.path(), &unfinished, text.as_bytes()).map_err(io)?;
        // While nobody else can write: a later stamp could be that of another record.
        Ok(Changed { record, stamp: self.stamp(), result })
    }
}

/// Where the fault is, and no word of what stands there.
fn place(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    format!("what stands in line {line}, column {column} can't be")
}

#[cfg(test)]
mod tests {
    use super::super::Scope;
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn nothing(_: &mut Record) -> Result<(), StoreError> {
        Ok(())
    }

    #[test]
    fn changes_of_several_processes_come_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let store = Store::new(folder.path());
                scope.spawn(move || {
                    for n in 0..5 {
                        let name = format!("{thread}-{n}");
                        let made = store.change(false, |record| {
                            Ok::<_, StoreError>(record.make_token(&name, Scope::View, 1).unwrap())
                        });
                        made.unwrap();
                    }
                });
            }
        });
        assert_eq!(Store::new(folder.path()).load().unwrap().unwrap().tokens().len(), 20);
    }

    #[test]
    fn nobody_else_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        assert!(store.load().unwrap().is_none() && store.stamp().is_none());
        store.change(false, nothing).unwrap();
        let before = store.stamp();
        assert_eq!(fs::metadata(store.path()).unwrap().permissions().mode() & 0o777, 0o600);
        store.change(false, nothing).unwrap();
        assert_ne!(store.stamp(), before);
    }

    #[test]
    fn what_can_not_be_used_is_no_empty_record() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        store.change(false, nothing).unwrap();
        let good = fs::read_to_string(store.path()).unwrap();
        let newer = good.replace("\"version\": 1", "\"version\": 2");
        for bad in ["", "{}", "null", &good[..good.len() / 2], &newer] {
            fs::write(store.path(), bad).unwrap();
            assert!(store.load().is_err(), "{bad}");
            assert!(store.change(false, nothing).is_err(), "{bad}");
            assert_eq!(fs::read_to_string(store.path()).unwrap(), bad);
        }
        assert!(matches!(store.change(true, nothing), Err(StoreError::Newer(2))));
        fs::write(store.path(), &good[1..]).unwrap();
        store.change(true, nothing).unwrap();
        assert!(store.load().unwrap().is_some());
    }
}
