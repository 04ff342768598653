//! What was kept of all cameras: the list in SQLite with the clips and pictures beside it, within what the disk may take.
//! One list for the whole program; recorders write to it, the server reads it.

use super::clip;
use super::database::{Database, DatabaseError, Filter};
use super::files::{Files, Kind};
use super::record::{Event, milliseconds};
use super::recovery;
use crate::config;
use crate::service::clock::SharedClock;
use crate::service::machine::room;
use serde::Serialize;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::broadcast;

const MIB: u64 = 1 << 20;

/// A list that can't be opened is tried again so often.
const RETRY: Duration = Duration::from_secs(30);

/// Old events are looked for so often.
const TIDY_PERIOD: Duration = Duration::from_secs(60);

/// Who follows the news and is slower than so many of them is told to read the list again.
const NEWS: usize = 64;

/// What happened to an event.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "news", rename_all = "lowercase")]
pub enum News {
    Began { event: Arc<Event> },
    Changed { event: Arc<Event> },
    Ended { event: Arc<Event> },
    Deleted { id: i64 },
}

/// Why nothing is kept, or can't be given, in words for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        Self(format!("the list of events can't be used: {error}"))
    }
}

/// How much is kept, and what hinders it.
#[derive(Clone, Debug, Serialize)]
pub struct Condition {
    pub events: u64,
    pub bytes: u64,
    pub max_bytes: u64,
    pub free_bytes: Option<u64>,
    /// Bytes written on each of the last days, the newest first.
    pub written: Vec<(String, u64)>,
    /// Why nothing is recorded or listed, in words.
    pub problem: Option<String>,
}

/// All events.
pub struct Store {
    pub files: Files,
    clock: SharedClock,
    settings: RwLock<Arc<config::Events>>,
    state: Mutex<State>,
    /// Apart from the rest, which may be waiting for a disk.
    problems: Mutex<Problems>,
    news: broadcast::Sender<News>,
}

#[derive(Default)]
struct State {
    database: Option<Database>,
    /// Why there is none, and since when it isn't tried again.
    closed: Option<(StoreError, Duration)>,
    /// Of all that is in the list.
    bytes: u64,
    /// What was written for events under way.
    growing: HashMap<i64, u64>,
    last_id: i64,
    tidied: Option<Duration>,
}

/// In words.
#[derive(Default)]
struct Problems {
    /// Why there is no list.
    list: Option<String>,
    /// Why recording failed last.
    recording: Option<String>,
}

impl Store {
    /// In the folder `events` of the state folder, which is looked at when somebody needs it first.
    pub fn new(state_dir: &Path, settings: &config::Events, clock: SharedClock) -> Self {
        Self {
            files: Files { folder: state_dir.join("events") },
            clock,
            settings: RwLock::new(Arc::new(settings.clone())),
            state: Mutex::default(),
            problems: Mutex::default(),
            news: broadcast::Sender::new(NEWS),
        }
    }

    pub fn configure(&self, settings: &config::Events) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings.clone());
    }

    pub fn settings(&self) -> Arc<config::Events> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What happens from now on.
    pub fn follow(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// Gives an event its number and lists it. If the list can't be used, the event has a number all the same: its clip is enough
    /// to list it later.
    pub fn begin(&self, event: &mut Event) -> Result<(), StoreError> {
        let mut state = self.lock();
        let opened = self.open(&mut state);
        event.id = milliseconds(self.clock.wall()).max(state.last_id + 1);
        state.last_id = event.id;
        state.growing.insert(event.id, 0);
        opened?;
        put(&state, event, 0)?;
        Ok(())
    }

    /// Tells that an event began, once there is something to be seen of it.
    pub fn tell_begin(&self, event: &Event) {
        self.tell(News::Began { event: Arc::new(event.clone()) });
    }

    /// Lists what is known of an event now.
    pub fn change(&self, event: &Event) -> Result<(), StoreError> {
        let bytes = self.files.bytes(&event.camera, event.id);
        let mut state = self.lock();
        let opened = self.open(&mut state);
        if event.ended.is_some() {
            state.growing.remove(&event.id);
            state.bytes += bytes;
        }
        opened?;
        // Whoever marked it meanwhile was told that it is kept.
        let marked = match &state.database {
            Some(database) => database.get(event.id)?.is_some_and(|known| known.keep),
            None => false,
        };
        let event = &Event { keep: event.keep || marked, ..event.clone() };
        put(&state, event, bytes)?;
        if marked && event.ended.is_some() {
            self.mark_clip(event);
        }
        if event.ended.is_some()
            && let Some(database) = &state.database
        {
            database.add_written(&day(&self.clock), bytes)?;
        }
        drop(state);
        let event = Arc::new(event.clone());
        self.tell(if event.ended.is_some() { News::Ended { event } } else { News::Changed { event } });
        Ok(())
    }

    /// Makes room for so many bytes more of an event under way, deleting the oldest.
    ///
    /// # Errors
    /// There is too little although all was deleted that may be.
    pub fn reserve(&self, id: i64, bytes: u64) -> Result<(), StoreError> {
        self.make_room(bytes)?;
        *self.lock().growing.entry(id).or_default() += bytes;
        Ok(())
    }

    /// Makes room for so many bytes, deleting the oldest.
    ///
    /// # Errors
    /// There is too little although all was deleted that may be.
    pub fn make_room(&self, bytes: u64) -> Result<(), StoreError> {
        let settings = self.settings();
        let mut state = self.lock();
        loop {
            let needed = state.bytes + state.growing.values().sum::<u64>() + bytes;
            let free = room(&self.files.folder).map_or(u64::MAX, |room| room.free_bytes);
            let lacks = match () {
                () if needed > u64::from(settings.max_mib) * MIB => {
                    format!("events need more than the {} MiB of events.max_mib", settings.max_mib)
                }
                () if free < bytes + u64::from(settings.reserve_mib) * MIB => format!(
                    "the disk of the state folder has {} MiB left, and {} MiB stay free (events.reserve_mib)",
                    free / MIB,
                    settings.reserve_mib
                ),
                () => return Ok(()),
            };
            self.open(&mut state)?;
            let oldest = match &state.database {
                Some(database) => database.oldest()?,
                None => None,
            };
            let Some(oldest) = oldest else {
                return Err(StoreError(format!("{lacks}, and there is no event that may be deleted")));
            };
            self.remove(&mut state, &oldest)?;
            log::info!("an event of {} is deleted: {lacks}", date_and_time(oldest.began));
        }
    }

    /// Tells whether recording works; `None`: it does.
    pub fn tell_fault(&self, fault: Option<String>) {
        let mut problems = self.problems();
        match (&problems.recording, &fault) {
            (before, Some(why)) if before.as_ref() != Some(why) => {
                log::error!("events aren't recorded: {why}");
            }
            (Some(_), None) => log::info!("events are recorded again"),
            _ => {}
        }
        problems.recording = fault;
    }

    /// Deletes what is too old, now and then; cheap to call often.
    pub fn tidy(&self) {
        let now = self.clock.now();
        let mut state = self.lock();
        if state.tidied.is_some_and(|tidied| now < tidied + TIDY_PERIOD) {
            return;
        }
        state.tidied = Some(now);
        let days = self.settings().days;
        // By a clock that isn't right nothing is old.
        if days == 0.0 || !self.clock.is_set() || self.open(&mut state).is_err() {
            return;
        }
        let limit = milliseconds(self.clock.wall()) - (days * 86_400e3) as i64;
        while let Some(Ok(Some(expired))) = state.database.as_ref().map(|database| database.expired(limit)) {
            if let Err(error) = self.remove(&mut state, &expired) {
                log::warn!("an old event can't be deleted: {error}");
                break;
            }
        }
    }

    /// The newest first, and how many there are in all that the filter lets pass.
    pub fn list(&self, filter: &Filter) -> Result<(Vec<Event>, u64), StoreError> {
        self.with(|database| Ok((database.list(filter)?, database.count(filter)?)))
    }

    pub fn get(&self, id: i64) -> Result<Option<Event>, StoreError> {
        self.with(|database| database.get(id))
    }

    /// Marks an event, so that it isn't deleted for its age or for room, or takes the mark away. The event as it is now; `None`:
    /// there is none.
    pub fn keep(&self, id: i64, keep: bool) -> Result<Option<Event>, StoreError> {
        let event = self.with(|database| {
            database.set_keep(id, keep)?;
            database.get(id)
        })?;
        if let Some(event) = &event {
            if event.ended.is_some() {
                self.mark_clip(event);
            }
            self.tell(News::Changed { event: Arc::new(event.clone()) });
        }
        Ok(event)
    }

    /// Writes an event's mark into its clip too, from which the list may have to be made anew. It isn't lost if that fails now.
    fn mark_clip(&self, event: &Event) {
        let path = self.files.path(&event.camera, event.id, Kind::Clip);
        if let Err(error) = clip::amend(&path, event)
            && error.kind() != io::ErrorKind::NotFound
        {
            log::warn!("the mark of an event can't be written into its clip: {error}");
        }
    }

    /// Deletes an event with its files; false: there is none, or it is under way.
    pub fn delete(&self, id: i64) -> Result<bool, StoreError> {
        let mut state = self.lock();
        self.open(&mut state)?;
        let event = match &state.database {
            Some(database) => database.get(id)?,
            None => None,
        };
        match event.filter(|event| event.ended.is_some()) {
            Some(event) => self.remove(&mut state, &event).map(|()| true),
            None => Ok(false),
        }
    }

    /// A file was added to an event.
    pub fn added(&self, event: &Event) {
        let bytes = self.files.bytes(&event.camera, event.id);
        let mut state = self.lock();
        let Some(database) = &state.database else { return };
        // Where it fails the sum is right again after the next start.
        if let Err(error) = database.set_bytes(event.id, bytes) {
            log::warn!("the size of an event can't be listed: {error}");
        }
        state.bytes = database.bytes().unwrap_or(state.bytes);
    }

    pub fn condition(&self) -> Condition {
        let settings = self.settings();
        let mut state = self.lock();
        let opened = self.open(&mut state);
        let database = state.database.as_ref();
        let count = |database: &Database| database.count(&Filter::default()).ok();
        Condition {
            events: database.and_then(count).unwrap_or(0),
            bytes: state.bytes + state.growing.values().sum::<u64>(),
            max_bytes: u64::from(settings.max_mib) * MIB,
            free_bytes: room(&self.files.folder).map(|room| room.free_bytes),
            written: database.and_then(|database| database.written().ok()).unwrap_or_default(),
            problem: opened.err().map(|error| error.0).or_else(|| self.problem()),
        }
    }

    /// Why nothing is recorded or listed, as far as anybody has noticed.
    pub fn problem(&self) -> Option<String> {
        let problems = self.problems();
        problems.list.clone().or_else(|| problems.recording.clone())
    }

    fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, DatabaseError>) -> Result<T, StoreError> {
        let mut state = self.lock();
        self.open(&mut state)?;
        let database = state.database.as_ref().expect("it was opened");
        let done = work(database);
        if done.as_ref().is_err_and(DatabaseError::is_lasting) {
            // Damaged while it was open: it is set aside when it is opened again.
            state.database = None;
        }
        Ok(done?)
    }

    /// Opens the list if it isn't.
    fn open(&self, state: &mut State) -> Result<(), StoreError> {
        if state.database.is_some() {
            return Ok(());
        }
        let now = self.clock.now();
        if let Some((error, tried)) = &state.closed
            && now < *tried + RETRY
        {
            return Err(error.clone());
        }
        match self.opened(state) {
            Ok(database) => {
                if state.closed.take().is_some() {
                    log::info!("the list of events can be used again");
                    self.problems().list = None;
                }
                state.database = Some(database);
                Ok(())
            }
            Err(error) => {
                if state.closed.as_ref().is_none_or(|(before, _)| *before != error) {
                    log::error!("{error}");
                }
                self.problems().list = Some(error.0.clone());
                state.closed = Some((error.clone(), now));
                Err(error)
            }
        }
    }

    fn opened(&self, state: &mut State) -> Result<Database, StoreError> {
        fs::create_dir_all(&self.files.folder)
            .map_err(|error| StoreError(format!("the folder of events can't be made: {error}")))?;
        let path = self.files.folder.join("events.sqlite");
        let database = match Database::open(&path) {
            Err(error) if error.is_lasting() => {
                let aside = recovery::set_aside(&path, &self.clock);
                log::error!(
                    "the list of events is set aside as {} and made anew from the clips: {error}",
                    aside.display()
                );
                Database::open(&path)?
            }
            opened => opened?,
        };
        recovery::adopt(&self.files, &database, &state.growing)?;
        state.bytes = database.bytes()?;
        state.last_id =
            database.list(&Filter { limit: 1, ..Filter::default() })?.first().map_or(0, |event| event.id);
        Ok(database)
    }

    /// Deletes an event, its files first: what is left over by a power cut is noticed when the list is opened.
    fn remove(&self, state: &mut State, event: &Event) -> Result<(), StoreError> {
        let removed = self.files.remove(&event.camera, event.id);
        removed.map_err(|error| StoreError(format!("the files of an event can't be deleted: {error}")))?;
        if let Some(database) = &state.database {
            database.delete(event.id)?;
            state.bytes = database.bytes()?;
        }
        self.tell(News::Deleted { id: event.id });
        Ok(())
    }

    fn tell(&self, news: News) {
        // Nobody may be listening.
        let _ = self.news.send(news);
    }

    fn problems(&self) -> MutexGuard<'_, Problems> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn put(state: &State, event: &Event, bytes: u64) -> Result<(), StoreError> {
    state.database.as_ref().expect("it was opened").put(event, bytes)?;
    Ok(())
}

fn local(milliseconds: i64) -> jiff::Zoned {
    jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default().to_zoned(jiff::tz::TimeZone::system())
}

fn date_and_time(milliseconds: i64) -> String {
    local(milliseconds).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The day, by the local clock.
fn day(clock: &SharedClock) -> String {
    local(milliseconds(clock.wall())).strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests;
