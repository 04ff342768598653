//! Single pictures that are kept in the state folder: those that somebody asked for, which only somebody deletes, and those of the
//! time-lapse, of which the oldest go.

pub mod name;
mod reel;
pub mod timelapse;

use crate::config;
use crate::service::clock::SharedClock;
use crate::service::machine::room;
use name::{Name, TIMELAPSE};
use reel::Reel;
use serde::Serialize;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;

/// A list names at most so many.
const LISTED: usize = 1000;

/// The one file of a folder that isn't finished yet. A leftover after a power cut is overwritten by the next snapshot.
const UNFINISHED: &str = ".unfinished";

/// So much of the disk is left for what must be kept: passwords and their end, settings, what was learned.
const RESERVE: u64 = 8 << 20;

const MIB: u64 = 1 << 20;

/// The folder of snapshots.
pub struct Store {
    folder: PathBuf,
    clock: SharedClock,
    settings: RwLock<config::Snapshots>,
    /// The settings are others.
    changed: Notify,
    /// One writer at a time: names are chosen and taken in two steps.
    writing: Mutex<Option<Reel>>,
    /// Why the time-lapse isn't kept, in words.
    problem: Mutex<Option<String>>,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Listed {
    filename: String,
    bytes: u64,
    /// Unix seconds, from the name.
    time: u64,
    /// Of the time-lapse.
    #[serde(skip_serializing_if = "Option::is_none")]
    camera: Option<String>,
}

/// Which snapshots are wanted.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Those of the time-lapse, instead of those that somebody asked for.
    pub timelapse: bool,
    /// Of the time-lapse, of one camera only.
    pub camera: Option<String>,
    /// Earlier than this, in Unix seconds.
    pub before: Option<u64>,
}

impl Store {
    /// In the folder `snapshots` of the state folder.
    pub fn new(state_dir: &Path, settings: &config::Snapshots, clock: SharedClock) -> Arc<Self> {
        Arc::new(Self {
            folder: state_dir.join("snapshots"),
            clock,
            settings: RwLock::new(settings.clone()),
            changed: Notify::new(),
            writing: Mutex::new(None),
            problem: Mutex::new(None),
        })
    }

    pub fn configure(&self, settings: &config::Snapshots) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings.clone();
        self.changed.notify_one();
    }

    pub fn settings(&self) -> config::Snapshots {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes a picture taken at `time`, for which somebody asked, and returns its file name. Either all of it is there afterwards or
    /// nothing of that name.
    ///
    /// # Errors
    /// It can't be written, or too little of the disk would be left.
    pub fn write(&self, jpeg: &[u8], time: SystemTime) -> io::Result<String> {
        let _writing = self.lock();
        fs::create_dir_all(&self.folder)?;
        if !has_room(&self.folder, jpeg) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        written(&self.folder, jpeg, || {
            // The guide's name, with `_2` and so on for further ones of the same second.
            let mut name = Name { time: seconds(time), number: 1, camera: None };
            while name.path(&self.folder).try_exists()? {
                name.number += 1;
                if name.number == 1000 {
                    return Err(io::Error::other("a thousand snapshots in one second"));
                }
            }
            Ok(name)
        })
        .map(|name| name.filename())
    }

    /// Writes a picture of the time-lapse, and deletes the oldest that there is no room for or that are too old.
    fn write_timelapse(&self, jpeg: &[u8], camera: &str, time: SystemTime) -> io::Result<()> {
        let settings = self.settings();
        let mut writing = self.lock();
        let folder = self.folder.join(TIMELAPSE);
        fs::create_dir_all(&folder)?;
        let reel = match &mut *writing {
            Some(reel) => reel,
            none => none.insert(Reel::read(&folder)?),
        };
        // By a clock that isn't right nothing is old.
        if settings.days > 0.0 && self.clock.is_set() {
            let age = Duration::from_secs_f64(settings.days * 86_400.0);
            let limit = seconds(self.clock.wall().checked_sub(age).unwrap_or(UNIX_EPOCH));
            reel.forget(&folder, |oldest, _| oldest.time < limit)?;
        }
        let (bytes, most) = (jpeg.len() as u64, u64::from(settings.max_mib) * MIB);
        if bytes > most {
            return Err(io::Error::other("a picture needs more than snapshots.max_mib"));
        }
        reel.forget(&folder, |_, total| total + bytes > most)?;
        while !has_room(&folder, jpeg) {
            if !reel.forget_oldest(&folder)? {
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        let name = Name { time: seconds(time), number: 1, camera: Some(camera.into()) };
        written(&folder, jpeg, || Ok(name.clone()))?;
        reel.add(name, bytes);
        Ok(())
    }

    /// Takes a picture of the time-lapse into the store, and remembers whether that worked.
    fn keep_timelapse(&self, jpeg: &[u8], camera: &str, time: SystemTime) {
        let problem = self.write_timelapse(jpeg, camera, time).err();
        let problem = problem.map(|error| format!("the time-lapse isn't kept: {error}"));
        let mut known = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*known, &problem) {
            (before, Some(why)) if before.as_ref() != Some(why) => log::error!("{why}"),
            (Some(_), None) => log::info!("the time-lapse is kept again"),
            _ => {}
        }
        *known = problem;
    }

    /// Why the time-lapse isn't kept, in words.
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The newest first, and how many there are.
    ///
    /// # Errors
    /// The folder can't be read.
    pub fn list(&self, wanted: &Wanted) -> io::Result<(Vec<Listed>, usize)> {
        let folder = if wanted.timelapse { self.folder.join(TIMELAPSE) } else { self.folder.clone() };
        let mut names: Vec<_> = names(&folder)?
            .into_iter()
            .filter(|name| {
                let of_camera = wanted.camera.is_none() || name.camera == wanted.camera;
                name.camera.is_some() == wanted.timelapse
                    && (of_camera || !wanted.timelapse)
                    && wanted.before.is_none_or(|before| name.time < before)
            })
            .collect();
        names.sort_unstable_by(|one, other| other.cmp(one));
        let total = names.len();
        let listed = names.into_iter().take(LISTED).filter_map(|name| {
            // It may be gone by now.
            let metadata = fs::metadata(name.path(&self.folder)).ok()?;
            let (filename, bytes) = (name.filename(), metadata.len());
            metadata.is_file().then_some(Listed { filename, bytes, time: name.time, camera: name.camera })
        });
        Ok((listed.collect(), total))
    }

    /// A snapshot's bytes; `None` if there is none of that name.
    ///
    /// # Errors
    /// It can't be read.
    pub fn read(&self, filename: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(name) = Name::parse(filename) else { return Ok(None) };
        match fs::read(name.path(&self.folder)) {
            Ok(jpeg) => Ok(Some(jpeg)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether there is a snapshot of that name.
    pub fn has(&self, filename: &str) -> bool {
        Name::parse(filename).is_some_and(|name| name.path(&self.folder).is_file())
    }

    /// Removes a snapshot; false if there is none of that name.
    ///
    /// # Errors
    /// It can't be removed.
    pub fn delete(&self, filename: &str) -> io::Result<bool> {
        let Some(name) = Name::parse(filename) else { return Ok(false) };
        let mut writing = self.lock();
        match fs::remove_file(name.path(&self.folder)) {
            Ok(()) => {
                if let Some(reel) = &mut *writing {
                    reel.remove(&name);
                }
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Reel>> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn has_room(folder: &Path, jpeg: &[u8]) -> bool {
    room(folder).is_none_or(|room| room.free_bytes >= RESERVE + jpeg.len() as u64)
}

/// Writes a picture into a folder, and gives it its name once all of it is there.
fn written(folder: &Path, jpeg: &[u8], name: impl FnOnce() -> io::Result<Name>) -> io::Result<Name> {
    let unfinished = folder.join(UNFINISHED);
    let written = (|| {
        let mut file = File::create(&unfinished)?;
        file.write_all(jpeg)?;
        file.sync_all()?;
        let name = name()?;
        fs::rename(&unfinished, folder.join(name.filename()))?;
        Ok(name)
    })();
    if written.is_err() {
        // On a full disk the half of a picture is in the way of everything else.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// Of all snapshots in a folder, in no order.
fn names(folder: &Path) -> io::Result<Vec<Name>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let name = |entry: io::Result<fs::DirEntry>| {
        let entry =
            entry.map(|entry| (entry.file_type().is_ok_and(|kind| kind.is_file()), entry.file_name()));
        entry.map(|(is_file, name)| Name::parse(name.to_str()?).filter(|_| is_file)).transpose()
    };
    entries.filter_map(name).collect()
}

#[cfg(test)]
mod tests;
