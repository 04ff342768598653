//! The machine that this runs on: its name, its kernel, and the room on a disk. Knows procfs, not who asks.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The kernel's release, and the machine's name (proc_sys_kernel(5)).
pub fn kernel() -> Option<String> {
    setting("osrelease")
}

pub fn hostname() -> Option<String> {
    setting("hostname")
}

fn setting(name: &str) -> Option<String> {
    let value = fs::read_to_string(Path::new("/proc/sys/kernel").join(name)).ok()?;
    Some(value.trim().to_string()).filter(|value| !value.is_empty())
}

/// Room on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// What this program's user may use of it.
    pub free_bytes: u64,
    pub total_bytes: u64,
}

/// Of the disk that holds `folder`, or will once it is made. A disk that hangs blocks.
pub fn room(folder: &Path) -> Option<Room> {
    let absolute = std::path::absolute(folder).ok()?;
    let there = absolute.ancestors().find(|folder| folder.exists())?;
    let path = CString::new(there.as_os_str().as_bytes()).ok()?;
    // SAFETY: statvfs(3) reads a path that ends with 0 and writes into a structure that is all zeros before.
    let found = unsafe {
        let mut found: libc::statvfs = std::mem::zeroed();
        (libc::statvfs(path.as_ptr(), &mut found) == 0).then_some(found)
    }?;
    #[allow(clippy::unnecessary_cast, reason = "the types have 32 bits on some boards")]
    let (block, free, total) = (found.f_frsize as u64, found.f_bavail as u64, found.f_blocks as u64);
    Some(Room { free_bytes: free.saturating_mul(block), total_bytes: total.saturating_mul(block) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linux_machine_has_a_kernel_and_a_name() {
        assert!(kernel().is_some_and(|kernel| kernel.contains('.')));
        assert!(hostname().is_some());
        assert_eq!(setting("nothing"), None);
    }

    #[test]
    fn a_folder_that_is_not_made_yet_has_the_room_of_its_disk() {
        let folder = tempfile::tempdir().unwrap();
        let later = room(&folder.path().join("state/snapshots")).unwrap();
        assert!(later.total_bytes > 0 && later.free_bytes <= later.total_bytes, "{later:?}");
        assert_eq!(room(folder.path()).map(|now| now.total_bytes), Some(later.total_bytes));
    }
}
