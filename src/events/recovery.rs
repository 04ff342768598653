//! What is done when the list of events is opened: it and the files are brought together, whatever a crash, a power cut or a damaged
//! disk left of them.

use super::clip;
use super::database::{Database, DatabaseError};
use super::files::{Files, Kind};
use super::index::Index;
use super::record::{Clip, Event, milliseconds};
use crate::service::clock::SharedClock;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Brings list and files together: what was under way when the program ended, clips that aren't listed, events whose files are
/// gone. `growing`: those under way now.
pub fn adopt(files: &Files, database: &Database, growing: &HashMap<i64, u64>) -> Result<(), DatabaseError> {
    let (clips, mut known) = (files.clips(), HashSet::new());
    for event in database.unfinished()? {
        if !growing.contains_key(&event.id) {
            let event = completed(files, event);
            database.put(&event, files.bytes(&event.camera, event.id))?;
        }
    }
    for (id, camera, bytes) in database.inventory()? {
        if bytes > 0 && !files.has_any(&camera, id) {
            log::warn!("the files of event {id} are gone, so it is no more");
            database.delete(id)?;
        }
        known.insert(id);
    }
    let mut found = 0;
    for (camera, id) in clips.into_iter().filter(|(_, id)| !known.contains(id) && !growing.contains_key(id)) {
        let path = files.path(&camera, id, Kind::Clip);
        match Index::read(&path) {
            Ok(index) if !index.samples.is_empty() => {
                // A clip may tell nothing of its event but the number, which is a time.
                let event = completed(files, index.event.unwrap_or_else(|| Event::new(id, &camera, id)));
                database.put(&event, files.bytes(&camera, id))?;
                found += 1;
            }
            // A power cut in its first second.
            Ok(_) => remove(&path),
            // Listed all the same: what takes room must be found, and go when it is old.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let fault = Some(format!("its clip can't be read: {error}"));
                let event = Event { ended: Some(id), fault, ..Event::new(id, &camera, id) };
                database.put(&event, files.bytes(&camera, id))?;
                found += 1;
            }
            Err(error) => {
                log::warn!("{} can't be read and is passed over: {error}", path.display());
            }
        }
    }
    if found > 0 {
        log::info!("{found} events that weren't listed were found by their clips");
    }
    Ok(())
}

/// An event that was under way when the program ended, as its clip tells.
fn completed(files: &Files, mut event: Event) -> Event {
    if event.ended.is_some() {
        return event;
    }
    let path = files.path(&event.camera, event.id, Kind::Clip);
    let cut = "the program ended in the middle of it";
    match Index::read(&path) {
        Ok(index) if !index.samples.is_empty() => {
            let seconds = index.duration() as f64 / f64::from(clip::TICKS);
            let began = event.clip.or(index.event.as_ref().and_then(|event| event.clip));
            let began = began.map_or(event.began, |clip| clip.began);
            event.clip = Some(Clip {
                frames: u32::try_from(index.samples.len()).unwrap_or(u32::MAX),
                seconds,
                width: index.width,
                height: index.height,
                bytes: index.length,
                began,
            });
            event.ended = Some((began + (1000.0 * seconds) as i64).max(event.began));
            event.fault = Some(cut.into());
            if let Err(error) = clip::amend(&path, &event) {
                log::warn!("{} can't be completed: {error}", path.display());
            }
        }
        found => {
            if found.is_ok() {
                remove(&path);
            }
            event.clip = None;
            event.ended = Some(event.began);
            event.fault = Some(format!("{cut}, before there was a clip"));
        }
    }
    event
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        log::warn!("{} can't be deleted: {error}", path.display());
    }
}

/// Puts a list that is of no use out of the way, with what belongs to it.
pub fn set_aside(path: &Path, clock: &SharedClock) -> PathBuf {
    let seconds = milliseconds(clock.wall()) / 1000;
    let aside = path.with_extension(format!("sqlite.{seconds}"));
    for part in ["", "-wal", "-shm"] {
        let with = |path: &Path| PathBuf::from(format!("{}{part}", path.display()));
        // Those beside it needn't be there; if it can't be moved itself, opening it tells why.
        let _ = fs::rename(with(path), with(&aside));
    }
    aside
}
