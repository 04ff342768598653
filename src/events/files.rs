//! Where the files of events are: `events/CAMERA/NUMBER.mp4` and beside it what belongs to the same event.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What there is of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The camera's pictures in MP4.
    Clip,
    /// The best picture.
    Snapshot,
    /// The same, small.
    Thumbnail,
    /// The clip in H.264, once somebody asked for it.
    Film,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Clip, Self::Snapshot, Self::Thumbnail, Self::Film];

    fn extension(self) -> &'static str {
        match self {
            Self::Clip => "mp4",
            Self::Snapshot => "jpg",
            Self::Thumbnail => "small.jpg",
            Self::Film => "h264.mp4",
        }
    }
}

/// The folder of events.
#[derive(Clone, Debug)]
pub struct Files {
    pub folder: PathBuf,
}

impl Files {
    pub fn path(&self, camera: &str, id: i64, kind: Kind) -> PathBuf {
        self.folder.join(camera).join(format!("{id}.{}", kind.extension()))
    }

    /// What all files of an event need.
    pub fn bytes(&self, camera: &str, id: i64) -> u64 {
        let length = |kind| fs::metadata(self.path(camera, id, kind)).map_or(0, |metadata| metadata.len());
        Kind::ALL.into_iter().map(length).sum()
    }

    pub fn has_any(&self, camera: &str, id: i64) -> bool {
        Kind::ALL.into_iter().any(|kind| self.path(camera, id, kind).exists())
    }

    /// Removes all files of an event.
    ///
    /// # Errors
    /// One of them stays; the others may be gone.
    pub fn remove(&self, camera: &str, id: i64) -> io::Result<()> {
        for kind in Kind::ALL {
            match fs::remove_file(self.path(camera, id, kind)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes a file so that either all of it is there or nothing.
    ///
    /// # Errors
    /// The disk can't be written.
    pub fn write(&self, camera: &str, id: i64, kind: Kind, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(camera, id, kind);
        let unfinished = path.with_extension("unfinished");
        let written = (|| {
            let mut file = File::create(&unfinished)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)
        })();
        if written.is_err() {
            // On a full disk the half of a file is in the way of everything else.
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// Camera and number of each clip that is there. What a crash left unfinished is removed on the way.
    pub fn clips(&self) -> Vec<(String, i64)> {
        let mut clips = Vec::new();
        for camera in entries(&self.folder).filter(|path| path.is_dir()) {
            let Some(name) = camera.file_name().and_then(|name| name.to_str()) else { continue };
            for path in entries(&camera) {
                if path.extension().is_some_and(|extension| extension == "unfinished") {
                    // It is in nobody's way if it stays.
                    let _ = fs::remove_file(&path);
                } else if let Some(id) = clip_number(&path) {
                    clips.push((name.to_string(), id));
                }
            }
        }
        clips
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn clip_number(path: &Path) -> Option<i64> {
    let number = path.file_name()?.to_str()?.strip_suffix(".mp4")?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())?
}
