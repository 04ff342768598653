//! Writes down what must outlive the program, on a thread of its own, so that a slow card delays no relay: every
//! move of a relay, and who armed.

use super::arming::Choice;
use super::history::{Closing, Entry, History, Log};
use crate::service::durable;
use std::collections::VecDeque;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Jobs that wait for a slow disk at most; more are told as lost.
const MOST_WAITING: usize = 64;

/// A relay waits so long for its move to be written down, and moves in any case then. Less than the time of a frame.
const PATIENCE: Duration = Duration::from_millis(20);

/// A disk that didn't take something is tried again after so long, or with the next job.
const RETRY: Duration = Duration::from_secs(5);

/// Moves that are kept for a disk that takes nothing; the oldest go first.
const MOST_UNWRITTEN: usize = 1000;

enum Job {
    Entry(Entry, SyncSender<()>),
    Choice(Choice),
}

/// What was kept before, and the way to keep more.
pub struct Recorder {
    jobs: SyncSender<Job>,
    shared: Arc<Shared>,
}

#[derive(Default)]
pub struct Shared {
    history: Mutex<History>,
    problem: Mutex<Option<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Closings, the newest first.
    pub fn newest(&self, most: usize) -> Vec<Closing> {
        lock(&self.history).newest(most)
    }

    /// Why not everything is written down, in words.
    pub fn problem(&self) -> Option<String> {
        lock(&self.problem).clone()
    }
}

impl Recorder {
    /// Reads what was kept in `folder`, and starts the thread; it ends when the recorder is dropped.
    pub fn start(folder: &Path) -> (Self, Choice, Option<JoinHandle<()>>) {
        let shared = Arc::new(Shared::default());
        let path = folder.join("relays.jsonl");
        match History::load(&path) {
            Ok((history, unreadable)) => {
                if unreadable > 0 {
                    log::warn!(
                        "relays: {unreadable} lines of {} can't be read and are passed over",
                        path.display()
                    );
                }
                *lock(&shared.history) = history;
            }
            Err(error) => {
                lock(&shared.history).incomplete = true;
                shared.tell(Some(format!("the history of the relays can't be read: {error}")));
            }
        }
        let choice_path = folder.join("arming.json");
        let choice = read_choice(&choice_path).unwrap_or_else(|why| {
            log::error!("arming: {why}; disarmed until somebody arms");
            Choice::unknown()
        });
        let (jobs, waiting) = sync_channel(MOST_WAITING);
        let thread = {
            let shared = shared.clone();
            let work = move || write(&waiting, &shared, Log::new(path), &choice_path);
            std::thread::Builder::new().name("record".into()).spawn(work)
        };
        let thread = thread.inspect_err(|error| log::error!("relays: no thread to record: {error}")).ok();
        (Self { jobs, shared }, choice, thread)
    }

    pub fn shared(&self) -> Arc<Shared> {
        self.shared.clone()
    }

    pub fn with_history<T>(&self, ask: impl FnOnce(&History) -> T) -> T {
        ask(&lock(&self.shared.history))
    }

    /// Writes a move down and waits a moment for it.
    pub fn entry(&self, entry: Entry) {
        lock(&self.shared.history).add(&entry);
        let (done, is_done) = sync_channel(1);
        if self.send(Job::Entry(entry, done)) {
            let _ = is_done.recv_timeout(PATIENCE);
        }
    }

    pub fn choice(&self, choice: &Choice) {
        self.send(Job::Choice(choice.clone()));
    }

    fn send(&self, job: Job) -> bool {
        match self.jobs.try_send(job) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.shared
                    .tell(Some("the history of the relays is incomplete: the disk doesn't answer".into()));
                false
            }
        }
    }
}

impl Shared {
    fn tell(&self, problem: Option<String>) {
        let mut known = lock(&self.problem);
        if *known != problem {
            if let Some(why) = &problem {
                log::error!("relays: {why}");
            }
            *known = problem;
        }
    }
}

fn write(waiting: &Receiver<Job>, shared: &Shared, mut log: Log, choice_path: &Path) {
    // What isn't on the disk yet: a full one may have room later.
    let (mut unwritten, mut unsaved) = (VecDeque::new(), None::<Choice>);
    loop {
        let job = if unwritten.is_empty() && unsaved.is_none() {
            waiting.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            waiting.recv_timeout(RETRY)
        };
        let mut done = None;
        match job {
            Ok(Job::Entry(entry, answer)) => {
                if unwritten.len() == MOST_UNWRITTEN {
                    unwritten.pop_front();
                }
                unwritten.push_back(entry);
                done = Some(answer);
            }
            Ok(Job::Choice(choice)) => unsaved = Some(choice),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let mut written = Ok(());
        while let (Ok(()), Some(entry)) = (&written, unwritten.front()) {
            written = log.add(entry);
            if written.is_ok() {
                unwritten.pop_front();
            }
        }
        if let Some(done) = done {
            // Nobody waits any more if it took too long.
            let _ = done.try_send(());
        }
        let written = written.and_then(|()| log.sync());
        let saved = unsaved.as_ref().map_or(Ok(()), |choice| write_choice(choice_path, choice));
        if saved.is_ok() {
            unsaved = None;
        }
        let failed =
            written.err().map(|error| format!("the history of the relays can't be written: {error}"));
        let failed =
            failed.or_else(|| saved.err().map(|error| format!("who armed can't be written down: {error}")));
        shared.tell(failed);
    }
}

/// # Errors
/// There is something, and it can't be read.
fn read_choice(path: &Path) -> Result<Choice, String> {
    match fs::read(path) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).map_err(|error| format!("{} is damaged: {error}", path.display()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Choice::default()),
        Err(error) => Err(format!("{} can't be read: {error}", path.display())),
    }
}

/// Written beside and renamed, so that a power cut leaves the old one or the new one.
fn write_choice(path: &Path, choice: &Choice) -> io::Result<()> {
    durable::replace(path, &path.with_extension("new"), &serde_json::to_vec(choice)?)
}

#[cfg(test)]
mod tests {
    use super::super::arming::Mode;
    use super::super::history::Event;
    use super::*;

    #[test]
    fn what_was_chosen_outlives_the_program_and_a_damaged_choice_disarms() {
        let folder = tempfile::tempdir().unwrap();
        let (recorder, choice, thread) = Recorder::start(folder.path());
        assert_eq!(choice, Choice::default());
        let armed = Choice { mode: Mode::Armed, by: "the API".into() };
        recorder.choice(&armed);
        drop(recorder);
        thread.unwrap().join().unwrap();
        let (recorder, choice, _) = Recorder::start(folder.path());
        assert_eq!((choice, recorder.shared().problem()), (armed, None));
        fs::write(folder.path().join("arming.json"), "{\"mode\":\"ar").unwrap();
        let (_, choice, _) = Recorder::start(folder.path());
        assert_eq!(choice.mode, Mode::Disarmed);
    }

    #[test]
    fn a_disk_that_takes_nothing_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "no folder").unwrap();
        let (recorder, _, thread) = Recorder::start(&file);
        recorder.choice(&Choice::default());
        let shared = recorder.shared();
        drop(recorder);
        thread.unwrap().join().unwrap();
        assert!(shared.problem().is_some_and(|why| why.contains("can't be")), "{:?}", shared.problem());
    }

    #[test]
    fn what_a_full_disk_refused_is_written_once_it_has_room() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        fs::write(&state, "no folder").unwrap();
        let (recorder, _, thread) = Recorder::start(&state);
        let entry = |why: &str, event| Entry {
            relay: "siren".into(),
            event,
            at: "2026-11-24T12:00:00.000Z".into(),
            why: why.into(),
            time_synced: true,
            boot: String::new(),
            uptime: 0.0,
        };
        recorder.entry(entry("motion", Event::Closed));
        assert!(recorder.shared().problem().is_some());
        fs::remove_file(&state).unwrap();
        recorder.entry(entry("over", Event::Opened));
        let shared = recorder.shared();
        drop(recorder);
        thread.unwrap().join().unwrap();
        let (history, _) = History::load(&state.join("relays.jsonl")).unwrap();
        assert_eq!(history.newest(9), shared.newest(9));
        assert_eq!(history.newest(9).len(), 1);
    }
}
