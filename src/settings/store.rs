//! The file of what was changed on the page, `STATE/settings.toml`. Knows files and the document, and no key.

use super::document::Document;
use crate::config::MOST_BYTES;
use crate::service::durable;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// For whoever opens the file.
const HEADER: &str = "# Settings that were changed on the page. They win over the configuration file and the flags.\n\
                      # While the program runs, change them there: it doesn't look here again.\n\n";

/// Why there is nothing to go on with; without a path.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file's content: trying again won't help.
    #[error("it isn't TOML: {0}")]
    Damaged(String),
    #[error("{0}")]
    Unreadable(#[from] io::Error),
}

/// Whether a file of this text would be read again.
pub fn fits(text: &str) -> bool {
    (HEADER.len() + text.len()) as u64 <= MOST_BYTES
}

pub struct Store {
    folder: PathBuf,
}

impl Store {
    pub fn new(state_dir: &Path) -> Self {
        Self { folder: state_dir.into() }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.join("settings.toml")
    }

    /// Where a file is put that can't be used.
    pub fn bad(&self) -> PathBuf {
        self.folder.join("settings.bad")
    }

    /// What was changed; `None` if nothing was.
    ///
    /// # Errors
    /// The file can't be read or can't be used.
    pub fn load(&self) -> Result<Option<Document>, LoadError> {
        let bytes = match durable::read(&self.path(), MOST_BYTES) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                return Err(LoadError::Damaged("it is bigger than 1 MiB".into()));
            }
            Err(error) => return Err(error.into()),
        };
        let text = String::from_utf8(bytes).map_err(|_| LoadError::Damaged("it isn't UTF-8 text".into()))?;
        let document = Document::parse(&text);
        document.map(Some).map_err(|error| LoadError::Damaged(error.message().into()))
    }

    /// Writes all of it in the place of what was there, or leaves that as it was. On return it is on the disk.
    ///
    /// # Errors
    /// The disk is full, or the folder can't be written.
    pub fn save(&self, text: &str) -> io::Result<()> {
        let beside = self.folder.join("settings.unfinished");
        durable::replace(&self.path(), &beside, format!("{HEADER}{text}").as_bytes())
    }

    /// Puts the file out of the way; the one that was put there before is gone.
    ///
    /// # Errors
    /// It stays where it is.
    pub fn set_aside(&self) -> io::Result<()> {
        fs::rename(self.path(), self.bad())
    }

    /// A file was set aside, and nothing was changed since.
    pub fn is_set_aside(&self) -> bool {
        self.bad().exists() && !self.path().exists()
    }
}
