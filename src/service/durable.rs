//! Files that a power cut leaves as they were or as they shall be, and never half. Knows nothing of what is in them.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

/// Makes a folder that nobody else may enter, with those above it; one that is there stays as it is.
///
/// # Errors
/// It can't be made.
pub fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// What is at `path`; `None` if nothing is.
///
/// # Errors
/// It can't be read, or has more than `most` bytes (`FileTooLarge`).
pub fn read(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    // A pipe in the place of the file would make the program wait for ever.
    match File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path) {
        Ok(file) => file.take(most + 1).read_to_end(&mut bytes)?,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if bytes.len() as u64 > most { Err(ErrorKind::FileTooLarge.into()) } else { Ok(Some(bytes)) }
}

/// Puts `bytes` in the place of what is at `path`, or leaves that as it was. They are written to `beside`, a name in the
/// same folder, which is made if it isn't there. On return they are on the disk.
///
/// # Errors
/// The disk is full, or the folder can't be written.
pub fn replace(path: &Path, beside: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, beside, bytes, |beside| File::create(beside))
}

/// The same for what nobody else may read, not even for a moment. A command that root gives leaves it to the folder's
/// owner, who has to read it.
///
/// # Errors
/// The disk is full, or the folder can't be written.
pub fn replace_private(path: &Path, beside: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, beside, bytes, |beside| {
        // One that is there has other permissions, maybe.
        if let Err(error) = fs::remove_file(beside)
            && error.kind() != ErrorKind::NotFound
        {
            return Err(error);
        }
        let file = File::options().write(true).create_new(true).mode(0o600).open(beside)?;
        let owner = fs::metadata(beside.parent().unwrap_or(Path::new(".")))?;
        if file.metadata()?.uid() == 0 && owner.uid() != 0 {
            fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
        }
        Ok(file)
    })
}

fn write(
    path: &Path,
    beside: &Path,
    bytes: &[u8],
    create: impl FnOnce(&Path) -> io::Result<File>,
) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let written = (|| {
        let mut file = create(beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(beside, path)?;
        // The new name is on the disk only when the folder is.
        File::open(folder)?.sync_all()
    })();
    if written.is_err() {
        // On a full disk half a file is in the way of everything else.
        let _ = fs::remove_file(beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_was_there_stays_if_the_new_can_not_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let (path, beside) = (folder.path().join("a/x.toml"), folder.path().join("a/x.unfinished"));
        replace(&path, &beside, b"one").unwrap();
        replace(&path, &beside, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(!beside.exists());
        // A folder in the place of the file: creating fails whoever runs the test.
        fs::create_dir(&beside).unwrap();
        assert!(replace(&path, &beside, b"three").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"two");
    }

    #[test]
    fn what_is_read_has_a_limit_and_nothing_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        assert_eq!(read(&path, 3).unwrap(), None);
        assert_eq!(read(&path.join("below"), 3).unwrap(), None);
        fs::write(&path, b"one").unwrap();
        assert_eq!(read(&path, 3).unwrap(), Some(b"one".into()));
        assert_eq!(read(&path.join("below"), 3).unwrap(), None);
        assert_eq!(read(&path, 2).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert!(read(folder.path(), 3).is_err());
    }

    #[test]
    fn what_is_private_nobody_else_reads() {
        let folder = tempfile::tempdir().unwrap();
        let (path, beside) = (folder.path().join("x"), folder.path().join("x.unfinished"));
        for file in [&path, &beside] {
            fs::write(file, b"open to all").unwrap();
            fs::set_permissions(file, fs::Permissions::from_mode(0o666)).unwrap();
        }
        replace_private(&path, &beside, b"secret").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&path).unwrap(), b"secret");
    }

    #[test]
    fn nothing_half_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (path, beside) = (folder.path().join("x"), folder.path().join("x.unfinished"));
        fs::create_dir(&path).unwrap();
        assert!(replace(&path, &beside, b"one").is_err());
        assert!(path.is_dir() && !beside.exists());
    }
}
