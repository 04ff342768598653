//! Saves a camera's baseline in a thread of its own, so that a slow disk delays no analysis. Newest wins; what can't be
//! saved is kept in memory and tried again.

use super::lock;
use crate::anomaly::store::{Kept, Store};
use crate::service::shield::shielded;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// After a failure the next attempt comes in so long, or with the next baseline.
const RETRY: Duration = Duration::from_secs(60);

/// Who wants to know when it is on the disk.
pub type Acknowledge = oneshot::Sender<Result<(), String>>;

/// One camera's keeper.
pub struct Keeper {
    pub store: Store,
    camera: String,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What isn't on the disk yet.
    job: Option<Arc<Kept>>,
    /// It wasn't tried yet.
    fresh: bool,
    waiting: Vec<Acknowledge>,
    closed: bool,
    /// What the last attempt failed with.
    problem: Option<String>,
}

impl Keeper {
    pub fn new(store: Store, camera: &str) -> Self {
        Self { store, camera: camera.into(), state: Mutex::default(), changed: Condvar::new() }
    }

    /// Takes what is to be saved.
    pub fn put(&self, kept: Kept, acknowledge: Option<Acknowledge>) {
        let mut state = lock(&self.state);
        state.job = Some(Arc::new(kept));
        state.fresh = true;
        state.waiting.extend(acknowledge);
        self.changed.notify_one();
    }

    /// Tells once what waits is on the disk; at once if nothing waits.
    pub fn settle(&self, acknowledge: Acknowledge) {
        let mut state = lock(&self.state);
        if state.job.is_some() {
            state.fresh = true;
            state.waiting.push(acknowledge);
            self.changed.notify_one();
        } else {
            // Who went away doesn't want to know.
            let _ = acknowledge.send(Ok(()));
        }
    }

    /// The newest state: what waits to be saved, else what is on the disk.
    pub fn newest(&self, source: u32) -> Option<Kept> {
        let waiting = lock(&self.state).job.clone();
        match waiting {
            Some(kept) => Some((*kept).clone()),
            None => self.store.restore(&self.camera, source),
        }
    }

    /// Drops what waits, and puts the file out of the way.
    pub fn set_aside(&self) {
        lock(&self.state).job = None;
        self.store.set_aside();
    }

    /// Why what was learned isn't saved, in words.
    pub fn problem(&self) -> Option<String> {
        lock(&self.state).problem.clone()
    }

    /// Ends [`Keeper::run`] once everything was tried.
    pub fn close(&self) {
        lock(&self.state).closed = true;
        self.changed.notify_all();
    }

    /// Saves until [`Keeper::close`]. Nobody else writes there, so what is unfinished at first is a crash's.
    pub fn run(&self) {
        self.store.clean();
        while let Some((job, mut waiting)) = self.next() {
            let saved =
                shielded(|| self.store.save(&job).map_err(|error| error.to_string())).and_then(|saved| saved);
            let mut state = lock(&self.state);
            match (&saved, &state.problem) {
                (Ok(()), Some(_)) => log::info!("{}: what was learned is saved again", self.camera),
                (Err(why), before) if before.as_ref() != Some(why) => {
                    log::error!("{}: what was learned can't be saved: {why}; it is tried again", self.camera);
                }
                _ => {}
            }
            if saved.is_ok() && state.job.as_ref().is_some_and(|newest| Arc::ptr_eq(newest, &job)) {
                state.job = None;
                // Who came while it was written waits for the same.
                waiting.append(&mut state.waiting);
            }
            state.problem = saved.clone().err();
            drop(state);
            for acknowledge in waiting {
                // Who went away doesn't want to know.
                let _ = acknowledge.send(saved.clone());
            }
        }
    }

    /// Waits for something to save.
    fn next(&self) -> Option<(Arc<Kept>, Vec<Acknowledge>)> {
        let mut state = lock(&self.state);
        let mut due = false;
        loop {
            if let Some(job) = state.job.clone().filter(|_| state.fresh || due) {
                state.fresh = false;
                return Some((job, std::mem::take(&mut state.waiting)));
            }
            if state.closed {
                return None;
            }
            if state.job.is_none() {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            } else {
                let waited = self.changed.wait_timeout(state, RETRY).unwrap_or_else(PoisonError::into_inner);
                due = waited.1.timed_out();
                state = waited.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::baseline::Baseline;
    use crate::anomaly::store::Origin;

    fn kept(learned: f64) -> Kept {
        let mut baseline = Baseline::default();
        baseline.learned = learned;
        Kept { baseline, origin: Origin { source: 1, ..Origin::default() } }
    }

    #[test]
    fn what_cant_be_saved_waits_is_told_and_is_saved_later() {
        let folder = tempfile::tempdir().unwrap();
        let in_the_way = folder.path().join("baseline");
        std::fs::write(&in_the_way, "").unwrap();
        let keeper = Arc::new(Keeper::new(Store::new(folder.path(), "yard"), "yard"));
        let thread = std::thread::spawn({
            let keeper = keeper.clone();
            move || keeper.run()
        });
        let save = |learned| {
            let (acknowledge, saved) = oneshot::channel();
            keeper.put(kept(learned), Some(acknowledge));
            saved.blocking_recv().unwrap()
        };
        assert_eq!(save(1.0), Err("a file is where a folder should be".into()));
        assert_eq!(keeper.problem(), save(2.0).err());
        assert_eq!(keeper.newest(1).unwrap().baseline.learned, 2.0, "it isn't lost");
        std::fs::remove_file(&in_the_way).unwrap();
        assert_eq!(save(3.0), Ok(()));
        assert_eq!((keeper.problem(), lock(&keeper.state).job.is_none()), (None, true));
        keeper.put(kept(4.0), None);
        let (acknowledge, settled) = oneshot::channel();
        keeper.settle(acknowledge);
        assert_eq!(settled.blocking_recv().unwrap(), Ok(()));
        assert_eq!(keeper.store.load(1).unwrap().unwrap().baseline.learned, 4.0);
        keeper.put(kept(5.0), None);
        keeper.close();
        thread.join().unwrap();
        assert_eq!(keeper.newest(1).unwrap().baseline.learned, 5.0, "closing saves what waits");
    }
}
