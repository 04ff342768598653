//! What there is of the time-lapse, the oldest first, so that making room reads no folder.

use super::name::Name;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

#[derive(Debug, Default)]
pub struct Reel {
    /// With their bytes.
    pictures: BTreeMap<Name, u64>,
    total: u64,
}

impl Reel {
    /// # Errors
    /// The folder can't be read.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut reel = Self::default();
        for name in super::names(folder)? {
            // It may be gone by now.
            let Ok(metadata) = fs::metadata(folder.join(name.filename())) else { continue };
            reel.add(name, metadata.len());
        }
        Ok(reel)
    }

    pub fn add(&mut self, name: Name, bytes: u64) {
        // Of the same second after the clock was set back: it is written over.
        self.total += bytes;
        self.total -= self.pictures.insert(name, bytes).unwrap_or(0);
    }

    pub fn remove(&mut self, name: &Name) {
        self.total -= self.pictures.remove(name).unwrap_or(0);
    }

    /// Deletes the oldest as long as something is wrong with it, or with the bytes of all.
    ///
    /// # Errors
    /// One can't be deleted.
    pub fn forget(&mut self, folder: &Path, is_wrong: impl Fn(&Name, u64) -> bool) -> io::Result<()> {
        while self.pictures.first_key_value().is_some_and(|(oldest, _)| is_wrong(oldest, self.total)) {
            self.forget_oldest(folder)?;
        }
        Ok(())
    }

    /// Deletes the oldest; false: there is none.
    ///
    /// # Errors
    /// It can't be deleted.
    pub fn forget_oldest(&mut self, folder: &Path) -> io::Result<bool> {
        let Some((oldest, bytes)) = self.pictures.first_key_value() else { return Ok(false) };
        match fs::remove_file(folder.join(oldest.filename())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.total -= bytes;
        self.pictures.pop_first();
        Ok(true)
    }
}
