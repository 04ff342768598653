//! Single pictures on request, kept in the state folder under the guide's names.

use super::App;
use super::condition::Condition;
use super::problem::Problem;
use super::query::Parameters;
use crate::publisher::{Encoded, Wish};
use crate::service::machine::room;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long the next picture may take beyond what a slow camera needs for one frame.
const PICTURE_PATIENCE: Duration = Duration::from_secs(2);

/// The list names at most so many, the newest.
const LISTED: usize = 1000;

/// The one file that isn't finished yet. A leftover after a power cut is overwritten by the next snapshot.
const UNFINISHED: &str = ".unfinished";

/// So much of the disk is left for what must be kept: passwords and their end, settings, what was learned.
const RESERVE: u64 = 8 << 20;

/// The folder of snapshots.
pub struct Store {
    folder: PathBuf,
    /// One writer at a time: names are chosen and taken in two steps.
    writing: Mutex<()>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Listed {
    filename: String,
    bytes: u64,
    /// Unix seconds, from the name.
    time: u64,
}

impl Store {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, writing: Mutex::new(()) }
    }

    /// Writes a picture taken at `time` and returns its file name. Either all of it is there afterwards or
    /// nothing of that name.
    fn write(&self, jpeg: &[u8], time: SystemTime) -> io::Result<String> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        fs::create_dir_all(&self.folder)?;
        if room(&self.folder).is_some_and(|room| room.free_bytes < RESERVE + jpeg.len() as u64) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let unfinished = self.folder.join(UNFINISHED);
        let written = (|| {
            let mut file = File::create(&unfinished)?;
            file.write_all(jpeg)?;
            file.sync_all()?;
            let filename = self.unused_name(time)?;
            fs::rename(&unfinished, self.folder.join(&filename))?;
            Ok(filename)
        })();
        if written.is_err() {
            // On a full disk the half of a picture is in the way of everything else.
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// The guide's name, with `_2` and so on for further ones of the same second.
    fn unused_name(&self, time: SystemTime) -> io::Result<String> {
        let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let names = std::iter::once(format!("snapshot_{seconds}.jpg"))
            .chain((2..1000).map(|n| format!("snapshot_{seconds}_{n}.jpg")));
        for name in names {
            if !self.folder.join(&name).try_exists()? {
                return Ok(name);
            }
        }
        Err(io::Error::other("a thousand snapshots in one second"))
    }

    /// The newest first, and how many there are.
    fn list(&self) -> io::Result<(Vec<Listed>, usize)> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
            Err(error) => return Err(error),
        };
        let mut listed = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let Some((filename, (time, number))) =
                name.to_str().and_then(|name| Some((name, time_of(name)?)))
            else {
                continue;
            };
            // It may be gone by now.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_file() {
                listed.push((number, Listed { filename: filename.into(), bytes: metadata.len(), time }));
            }
        }
        let total = listed.len();
        listed.sort_by_key(|(number, listed)| std::cmp::Reverse((listed.time, *number)));
        Ok((listed.into_iter().map(|(_, listed)| listed).take(LISTED).collect(), total))
    }

    /// A snapshot's bytes; `None` if there is none of that name.
    fn read(&self, filename: &str) -> io::Result<Option<Vec<u8>>> {
        // Only names of our own pattern ever reach the file system.
        if time_of(filename).is_none() {
            return Ok(None);
        }
        match fs::read(self.folder.join(filename)) {
            Ok(jpeg) => Ok(Some(jpeg)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether there is a snapshot of that name.
    pub fn has(&self, filename: &str) -> bool {
        time_of(filename).is_some() && self.folder.join(filename).is_file()
    }

    /// Removes a snapshot; false if there is none of that name.
    fn delete(&self, filename: &str) -> io::Result<bool> {
        // Here too, only names of our own pattern reach the file system.
        if time_of(filename).is_none() {
            return Ok(false);
        }
        match fs::remove_file(self.folder.join(filename)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Time and number of `snapshot_<time>.jpg` or `snapshot_<time>_<number>.jpg`; `None` for any other name.
fn time_of(filename: &str) -> Option<(u64, u32)> {
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok())?;
    let stem = filename.strip_prefix("snapshot_")?.strip_suffix(".jpg")?;
    match stem.split_once('_') {
        None => Some((number(stem)?, 1)),
        Some((time, count)) => Some((number(time)?, number(count)?.try_into().ok()?)),
    }
}

/// `POST /snapshot`
pub async fn take(State(app): State<Arc<App>>, parameters: Parameters) -> Result<Json<Value>, Problem> {
    let picture = newest_picture(&app, &parameters).await?;
    let written = in_background(&app, move |store| store.write(&picture.jpeg, picture.wall)).await;
    match written {
        Ok(filename) => Ok(Json(json!({ "filename": filename }))),
        Err(error) => {
            log::error!("a snapshot can't be written: {error}");
            Err(Problem::not_saved("Snapshot not saved", &error))
        }
    }
}

async fn newest_picture(app: &App, parameters: &Parameters) -> Result<Arc<Encoded>, Problem> {
    let camera = parameters.camera(app)?;
    let wish = Wish { fps: None, ..parameters.wish(&app.context.appliance.stream())? };
    if camera.stopped_by_user() {
        return Err(Problem::camera_stopped());
    }
    let active = || Condition::of(camera, &app.context.appliance.clock).active;
    if !active() {
        return Err(Problem::no_picture());
    }
    // Viewers who take all places must not keep anybody from it.
    let mut viewer = camera.watch(wish);
    let frame_time = Duration::from_secs_f32(1.0 / camera.config().fps.clamp(0.1, 60.0));
    let picture = tokio::time::timeout(PICTURE_PATIENCE + frame_time, viewer.next()).await;
    // A camera lost meanwhile gives pictures that say so: no snapshots.
    picture.ok().flatten().filter(|_| active()).ok_or_else(Problem::no_picture)
}

/// `GET /api/snapshots`
pub async fn list(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let (snapshots, total) = in_background(&app, Store::list).await.map_err(|error| unreadable(&error))?;
    let body = Json(json!({ "total": total, "snapshots": snapshots }));
    Ok(([(header::CACHE_CONTROL, "no-store")], body).into_response())
}

/// `GET /api/snapshots/{filename}`
pub async fn download(
    State(app): State<Arc<App>>,
    Path(filename): Path<String>,
) -> Result<Response, Problem> {
    let read = in_background(&app, move |store| store.read(&filename)).await;
    let jpeg = read.map_err(|error| unreadable(&error))?;
    let jpeg = jpeg.ok_or_else(no_snapshot)?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "private, no-cache")], jpeg)
        .into_response())
}

/// `DELETE /api/snapshots/{filename}`
pub async fn delete(
    State(app): State<Arc<App>>,
    Path(filename): Path<String>,
) -> Result<Json<Value>, Problem> {
    let name = filename.clone();
    match in_background(&app, move |store| store.delete(&name)).await {
        Ok(true) => Ok(Json(json!({ "status": "deleted", "filename": filename }))),
        Ok(false) => Err(no_snapshot()),
        Err(error) => {
            log::error!("a snapshot can't be deleted: {error}");
            Err(Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Snapshot not deleted",
                "the state folder can't be written to; the log says why",
            ))
        }
    }
}

fn no_snapshot() -> Problem {
    Problem::not_found("there is no such snapshot; /api/snapshots lists those that there are")
}

fn unreadable(error: &io::Error) -> Problem {
    log::error!("the snapshots can't be read: {error}");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Snapshots not readable",
        "the state folder can't be read; the log says why",
    )
}

/// Disks take their time, and other requests must not wait for them.
async fn in_background<T: Send + 'static>(
    app: &Arc<App>,
    work: impl FnOnce(&Store) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let app = app.clone();
    let done = tokio::task::spawn_blocking(move || work(&app.snapshots)).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("state/snapshots"));
        (folder, store)
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(seconds * 1000 + 999)
    }

    #[test]
    fn snapshots_of_one_second_have_names_of_their_own() {
        let (_folder, store) = store();
        assert_eq!(store.write(b"one", at(1_700_000_000)).unwrap(), "snapshot_1700000000.jpg");
        assert_eq!(store.write(b"two", at(1_700_000_000)).unwrap(), "snapshot_1700000000_2.jpg");
        assert_eq!(store.write(b"three", at(1_700_000_000)).unwrap(), "snapshot_1700000000_3.jpg");
        assert_eq!(store.read("snapshot_1700000000.jpg").unwrap().as_deref(), Some(b"one".as_slice()));
        assert_eq!(store.read("snapshot_1700000000_3.jpg").unwrap().as_deref(), Some(b"three".as_slice()));
    }

    #[test]
    fn the_list_begins_with_the_newest_and_names_only_snapshots() {
        let (_folder, store) = store();
        assert_eq!(store.list().unwrap(), (Vec::new(), 0));
        for time in [99, 100, 100] {
            store.write(b"jpeg", at(time)).unwrap();
        }
        fs::write(store.folder.join("notes.txt"), "").unwrap();
        fs::create_dir(store.folder.join("snapshot_7.jpg")).unwrap();
        let (listed, total) = store.list().unwrap();
        let names: Vec<_> = listed.iter().map(|listed| listed.filename.as_str()).collect();
        assert_eq!(names, ["snapshot_100_2.jpg", "snapshot_100.jpg", "snapshot_99.jpg"]);
        assert_eq!((total, listed[0].time, listed[0].bytes), (3, 100, 4));
    }

    #[test]
    fn no_other_file_can_be_read_or_deleted() {
        let (_folder, store) = store();
        store.write(b"jpeg", at(1)).unwrap();
        fs::write(store.folder.join("secret.jpg"), "secret").unwrap();
        fs::write(store.folder.join("../snapshot_2.jpg"), "secret").unwrap();
        for name in [
            "secret.jpg",
            "../snapshot_2.jpg",
            "snapshot_../../1.jpg",
            "snapshot_1.jpg\0",
            "snapshot_+1.jpg",
            "",
        ] {
            assert!(store.read(name).unwrap().is_none(), "{name:?}");
            assert!(!store.delete(name).unwrap(), "{name:?}");
        }
        assert!(store.folder.join("secret.jpg").exists() && store.folder.join("../snapshot_2.jpg").exists());
    }

    #[test]
    fn a_deleted_snapshot_is_gone_and_the_others_stay() {
        let (_folder, store) = store();
        assert!(!store.delete("snapshot_1.jpg").unwrap(), "no folder, no snapshot");
        store.write(b"one", at(1)).unwrap();
        store.write(b"two", at(2)).unwrap();
        assert!(store.delete("snapshot_1.jpg").unwrap());
        assert!(!store.delete("snapshot_1.jpg").unwrap(), "it is gone already");
        assert_eq!(store.read("snapshot_2.jpg").unwrap().as_deref(), Some(b"two".as_slice()));
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let (_folder, store) = store();
        fs::create_dir_all(&store.folder).unwrap();
        // A folder in the place of the file: creating fails whoever runs the test.
        fs::create_dir(store.folder.join(UNFINISHED)).unwrap();
        assert!(store.write(b"jpeg", at(1)).is_err());
        assert_eq!(store.list().unwrap().1, 0);
    }
}
