//! The settings in force: the configuration file with the flags, what was changed on the page on top of it, and what of
//! both runs without a restart. Their one owner: whatever changes goes through here, one after the other.
//!
//! Knows nothing of HTTP and of what acts by the settings.

mod document;
mod store;

use crate::config::{self, Change, Composed, Config, Effect, Fault, KeyForm};
use document::Document;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::{LoadError, Store};

/// What faults and limits begin with.
const SUBJECT: &str = "settings changed on the page";

/// Why a patch changed nothing.
#[derive(Debug)]
pub enum Refusal {
    /// What is wrong with it. Never empty.
    Faults(Vec<Fault>),
    /// What was changed before can't be read, and would be lost; in words.
    Unreadable(String),
    Unwritten(io::Error),
    /// They were changed since the caller looked.
    Outdated,
}

/// All that can be told of the settings.
#[derive(Serialize)]
pub struct View {
    /// Another one for other settings.
    pub revision: String,
    settings: Value,
    changed: Value,
    /// Keys that act after a restart.
    pending: Vec<String>,
    keys: BTreeMap<&'static str, Vec<KeyForm>>,
}

pub struct Settings {
    store: Store,
    /// Held by whoever changes something, so that nobody waits with `state` for a slow disk.
    turn: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Clone)]
struct State {
    /// The configuration file with the flags and the demo's own zones.
    base: Config,
    /// What was changed on the page.
    changed: Document,
    /// `changed` on top of `base`.
    wanted: Config,
    /// What acts now: `wanted`, but for what needs a restart.
    running: Config,
    /// What of `changed` isn't taken.
    faults: Vec<Fault>,
    file: FileState,
}

/// How it is with the file.
#[derive(Clone, PartialEq)]
enum FileState {
    Fine,
    /// It couldn't be used, and nothing was changed since.
    SetAside,
    /// Why it can't be read, in words.
    Unreadable(String),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Settings {
    /// Lays what was changed on the page over `base`. What of it can't be taken is told in the log and in
    /// [`Settings::limits`], and the rest is taken.
    pub fn open(base: Config) -> Self {
        let store = Store::new(&base.state_dir);
        let (changed, file) = load(&store);
        let Composed { config, values, relations } = config::compose(&base, &changed.text());
        let faults = [values, relations].concat();
        if changed != Document::default() {
            log::info!("{SUBJECT} lie on top of the configuration: {}", store.path().display());
        }
        let state = State { base, changed, wanted: config.clone(), running: config, faults, file };
        state.limits().for_each(|limit| log::error!("{limit}"));
        Self { store, turn: Mutex::default(), state: Mutex::new(state) }
    }

    /// The configuration that acts now.
    pub fn running(&self) -> Config {
        lock(&self.state).running.clone()
    }

    /// What isn't as somebody wanted it on the page, in words without a path.
    pub fn limits(&self) -> Vec<String> {
        lock(&self.state).limits().collect()
    }

    pub fn view(&self) -> View {
        let State { changed, wanted, running, .. } = lock(&self.state).clone();
        let settings = config::values(&wanted);
        View {
            revision: revision(&settings),
            settings,
            changed: changed.json(),
            pending: config::changes(&running, &wanted).into_iter().map(|change| change.key).collect(),
            keys: config::forms(),
        }
    }

    /// Takes another file; what was changed on the page stays on top of it. `act` gets what runs then. Returns what is
    /// different from what ran before.
    pub fn rebase(&self, base: Config, act: impl FnOnce(&Config)) -> Vec<Change> {
        let _turn = lock(&self.turn);
        // The administrator may have repaired the file of what was changed.
        let before = self.readable().unwrap_or_else(|_| lock(&self.state).clone());
        let Composed { config, values, relations } = config::compose(&base, &before.changed.text());
        let changes = config::changes(&before.running, &config);
        let running = config::adopted(&before.running, &config);
        let faults = [values, relations].concat();
        for fault in faults.iter().filter(|fault| !before.faults.contains(fault)) {
            log::error!("{SUBJECT}: {fault}");
        }
        act(&running);
        *lock(&self.state) = State { base, wanted: config, running, faults, ..before };
        changes
    }

    /// Changes settings by a JSON merge patch (RFC 7396), if they are still those of the revision `of`. They are on the disk
    /// before `act` gets what runs then. Blocks as long as the disk takes.
    ///
    /// # Errors
    /// Nothing is changed.
    pub fn patch(
        &self,
        patch: Value,
        of: Option<&str>,
        act: impl FnOnce(&Config),
    ) -> Result<Vec<Change>, Refusal> {
        let _turn = lock(&self.turn);
        if of.is_some_and(|of| of != revision(&config::values(&lock(&self.state).wanted))) {
            return Err(Refusal::Outdated);
        }
        let Value::Object(patch) = patch else {
            return Err(Refusal::Faults(vec![Fault::new("the body is no JSON object")]));
        };
        let before = self.readable()?;
        let strangers = strangers(&before.base, &patch);
        let mut changed = before.changed.clone();
        changed.merge(patch);
        let text = changed.text();
        let Composed { config: wanted, values, relations } = config::compose(&before.base, &text);
        // What was wrong before is no fault of the patch.
        let of_the_patch = values.iter().filter(|fault| !before.faults.contains(fault)).cloned();
        let mut faults: Vec<Fault> = strangers.into_iter().chain(of_the_patch).collect();
        if faults.is_empty() {
            faults.clone_from(&relations);
        }
        if !store::fits(&text) {
            faults.push(Fault::new("all that was changed on the page is more than 1 MiB"));
        }
        if !faults.is_empty() {
            return Err(Refusal::Faults(faults));
        }
        if changed != before.changed {
            self.store.save(&text).map_err(|error| {
                log::error!("{SUBJECT}: they can't be saved: {error}");
                Refusal::Unwritten(error)
            })?;
        }
        let changes = config::changes(&before.wanted, &wanted);
        for Change { key, effect, .. } in &changes {
            match effect {
                Effect::Restart => log::info!("changed on the page: {key}, with the next start"),
                Effect::AtOnce | Effect::ReopensCamera => log::info!("changed on the page: {key}"),
            }
        }
        let running = config::adopted(&before.running, &wanted);
        act(&running);
        let file = if changed == before.changed { before.file } else { FileState::Fine };
        *lock(&self.state) = State { changed, wanted, running, faults: values, file, base: before.base };
        Ok(changes)
    }

    /// The state, with the file if it couldn't be read until now.
    fn readable(&self) -> Result<State, Refusal> {
        let state = lock(&self.state).clone();
        if !matches!(state.file, FileState::Unreadable(_)) {
            return Ok(state);
        }
        let (changed, file) = load(&self.store);
        if let FileState::Unreadable(why) = file {
            return Err(Refusal::Unreadable(why));
        }
        let Composed { config: wanted, values, relations } = config::compose(&state.base, &changed.text());
        Ok(State { changed, wanted, faults: [values, relations].concat(), file, ..state })
    }
}

impl State {
    fn limits(&self) -> impl Iterator<Item = String> {
        let file = match &self.file {
            FileState::Fine => None,
            FileState::SetAside => Some(format!(
                "{SUBJECT}: the file of them can't be used and is set aside (settings.bad): no zone in it is watched, \
                 ignored or blackened until it is drawn again"
            )),
            FileState::Unreadable(why) => Some(format!(
                "{SUBJECT}: the file of them can't be read: {why}: no zone in it is watched, ignored or blackened"
            )),
        };
        file.into_iter().chain(self.faults.iter().map(|fault| format!("{SUBJECT}: {fault}")))
    }
}

fn revision(settings: &Value) -> String {
    format!("{:08x}", crc32fast::hash(settings.to_string().as_bytes()))
}

/// What was changed, whatever the file is like.
fn load(store: &Store) -> (Document, FileState) {
    let unreadable = |why: String| (Document::default(), FileState::Unreadable(why));
    match store.load() {
        Ok(Some(document)) => (document, FileState::Fine),
        Ok(None) if store.is_set_aside() => (Document::default(), FileState::SetAside),
        Ok(None) => (Document::default(), FileState::Fine),
        Err(LoadError::Unreadable(error)) => unreadable(error.to_string()),
        Err(LoadError::Damaged(why)) => {
            log::error!("{}: {why}; it becomes {}", store.path().display(), store.bad().display());
            match store.set_aside() {
                Ok(()) => (Document::default(), FileState::SetAside),
                Err(error) => unreadable(format!("{why}, and it can't be set aside: {error}")),
            }
        }
    }
}

/// Cameras that a patch sets something of and that aren't there.
fn strangers(base: &Config, patch: &Map<String, Value>) -> Vec<Fault> {
    let Some(Value::Object(cameras)) = patch.get("camera") else { return Vec::new() };
    let set = cameras.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name);
    set.filter(|name| base.named(name).is_none()).map(|name| config::unknown_camera(base, name)).collect()
}

#[cfg(test)]
mod tests;
