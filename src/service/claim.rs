//! The state folder belongs to one process at a time: two would overwrite what the other learned.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

/// Held while the program runs; however it ends, the kernel gives it back.
pub struct Claim(#[allow(dead_code, reason = "it is closed when the claim ends")] File);

impl Claim {
    /// Claims a folder, which is made if it isn't there; `None` if another process has it.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn take(folder: &Path) -> io::Result<Option<Self>> {
        fs::create_dir_all(folder)?;
        let file = File::options().create(true).append(true).open(folder.join("running.lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_claimed_once_until_it_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let claim = Claim::take(&state).unwrap();
        assert!(claim.is_some());
        assert!(Claim::take(&state).unwrap().is_none());
        drop(claim);
        assert!(Claim::take(&state).unwrap().is_some());
    }
}
