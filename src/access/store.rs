//! The file `STATE/access.json`, which the program and its commands change in turn. Knows files, and no rule.

use super::record::{Record, VERSION};
use crate::service::durable;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
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
        let mut bytes = Vec::new();
        match File::open(self.path()) {
            Ok(file) => file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        if bytes.len() as u64 > MOST_BYTES {
            return Err(StoreError::Damaged("it is bigger than 1 MiB".into()));
        }
        let record: Record =
            serde_json::from_slice(&bytes).map_err(|error| StoreError::Damaged(error.to_string()))?;
        if record.version() > VERSION { Err(StoreError::Newer(record.version())) } else { Ok(Some(record)) }
    }

    /// Changes what is kept, one process after the other. On return it is on the disk; if `change` or writing fails,
    /// all is as it was. With `anew`, a file that can't be used is given up for an empty record.
    ///
    /// # Errors
    /// The file can't be used, or the folder can't be written.
    pub fn change<T>(
        &self,
        anew: bool,
        change: impl FnOnce(&mut Record) -> T,
    ) -> Result<(Record, T), StoreError> {
        fs::create_dir_all(&self.folder)?;
        // The folder itself is locked: a lock file that root makes would be closed to the service.
        let folder = File::open(&self.folder)?;
        folder.lock()?;
        let mut record = match self.load() {
            Ok(record) => record.unwrap_or_else(Record::empty),
            Err(StoreError::Damaged(_)) if anew => Record::empty(),
            Err(error) => return Err(error),
        };
        let result = change(&mut record);
        let text = serde_json::to_string_pretty(&record).expect("texts and numbers are always JSON");
        durable::replace_private(&self.path(), &self.folder.join("access.unfinished"), text.as_bytes())?;
        Ok((record, result))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Scope;
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn changes_of_several_processes_come_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let store = Store::new(folder.path());
                scope.spawn(move || {
                    for n in 0..5 {
                        let name = format!("{thread}-{n}");
                        let made = store.change(false, |record| record.make_token(&name, Scope::View, 1));
                        made.unwrap().1.unwrap();
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
        store.change(false, |_| ()).unwrap();
        let before = store.stamp();
        assert_eq!(fs::metadata(store.path()).unwrap().permissions().mode() & 0o777, 0o600);
        store.change(false, |_| ()).unwrap();
        assert_ne!(store.stamp(), before);
    }

    #[test]
    fn what_can_not_be_used_is_no_empty_record() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        store.change(false, |_| ()).unwrap();
        let good = fs::read_to_string(store.path()).unwrap();
        let newer = good.replace("\"version\": 1", "\"version\": 2");
        for bad in ["", "{}", "null", &good[..good.len() / 2], &newer] {
            fs::write(store.path(), bad).unwrap();
            assert!(store.load().is_err(), "{bad}");
            assert!(store.change(false, |_| ()).is_err(), "{bad}");
            assert_eq!(fs::read_to_string(store.path()).unwrap(), bad);
        }
        assert!(matches!(store.change(true, |_| ()), Err(StoreError::Newer(2))));
        fs::write(store.path(), &good[1..]).unwrap();
        store.change(true, |_| ()).unwrap();
        assert!(store.load().unwrap().is_some());
    }
}
