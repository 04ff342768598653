//! The state folder belongs to one process at a time: two would overwrite what the other learned.

use super::durable;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Held while the program runs; however it ends, the kernel gives it back.
pub struct Claim(#[allow(dead_code, reason = "it is closed when the claim ends")] File);

impl Claim {
    /// Claims a folder, which is made if it isn't there; `None` if another process has it.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn take(folder: &Path) -> io::Result<Option<Self>> {
        durable::private_folder(folder)?;
        // A command that root gives must not follow where the folder's owner leads.
        let mut options = File::options();
        options.create(true).append(true).custom_flags(libc::O_NOFOLLOW);
        let file = options.open(folder.join("running.lock"))?;
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
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_is_claimed_once_until_it_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let claim = Claim::take(&state).unwrap();
        assert!(claim.is_some());
        let mode = std::fs::metadata(&state).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "nobody else looks in");
        assert!(Claim::take(&state).unwrap().is_none());
        drop(claim);
        assert!(Claim::take(&state).unwrap().is_some());
    }

    #[test]
    fn a_link_in_the_place_of_the_lock_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = folder.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, folder.path().join("running.lock")).unwrap();
        assert!(Claim::take(folder.path()).is_err());
        assert!(!elsewhere.exists());
    }
}
