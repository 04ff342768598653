//! Every closing of a relay, kept: one JSON line when it closes and one when it opens, in a file that is only added
//! to. Knows files, no relays.
//!
//! What must be known after a crash is in the file before the relay moves, and on the disk soon after.

use super::relay::Past;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// A bigger file becomes the older one, and a new one begins: so some thousands of closings are kept, and some
/// megabytes at most.
const MOST_BYTES: u64 = 1 << 20;
/// Closings that are shown.
const MOST_SHOWN: usize = 1000;
/// A line that is longer isn't ours.
const MOST_LINE: u64 = 4096;

/// One closing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Closing {
    pub relay: String,
    /// RFC 3339.
    pub closed_at: String,
    /// `None` while it is closed.
    pub opened_at: Option<String>,
    /// What it closed for.
    pub reason: String,
    /// Why it opened.
    pub ended: Option<String>,
    /// The clock had been set when it closed.
    pub time_synced: bool,
}

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub relay: String,
    pub event: Event,
    /// RFC 3339.
    pub at: String,
    pub why: String,
    pub time_synced: bool,
    /// Which boot of the machine it was, and seconds after it began; empty where that can't be known.
    #[serde(default)]
    pub boot: String,
    #[serde(default)]
    pub uptime: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    Closed,
    Opened,
}

/// The newest closings, and what is known of each relay's last one.
#[derive(Default)]
pub struct History {
    /// Oldest first.
    closings: VecDeque<Closing>,
    /// Of each relay.
    last: Vec<Entry>,
    /// Something of it can't be read: there may have been closings that nobody knows of.
    pub incomplete: bool,
}

impl History {
    /// Reads both files. Lines that can't be read are passed over, with their number.
    ///
    /// # Errors
    /// A file is there and can't be read.
    pub fn load(path: &Path) -> io::Result<(Self, usize)> {
        let (mut history, mut unreadable) = (Self::default(), 0);
        for path in [older(path), path.into()] {
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let mut lines = BufReader::new(file.take(2 * MOST_BYTES));
            let mut line = Vec::new();
            loop {
                line.clear();
                if lines.by_ref().take(MOST_LINE).read_until(b'\n', &mut line)? == 0 {
                    break;
                }
                match serde_json::from_slice::<Entry>(&line) {
                    Ok(entry) => history.add(&entry),
                    Err(_) if line.trim_ascii().is_empty() => {}
                    Err(_) => {
                        history.incomplete = true;
                        unreadable += 1;
                    }
                }
            }
        }
        Ok((history, unreadable))
    }

    /// Takes what happened.
    pub fn add(&mut self, entry: &Entry) {
        match entry.event {
            Event::Closed => {
                self.closings.push_back(Closing {
                    relay: entry.relay.clone(),
                    closed_at: entry.at.clone(),
                    opened_at: None,
                    reason: entry.why.clone(),
                    ended: None,
                    time_synced: entry.time_synced,
                });
                if self.closings.len() > MOST_SHOWN {
                    self.closings.pop_front();
                }
            }
            Event::Opened => {
                let open =
                    |closing: &&mut Closing| closing.relay == entry.relay && closing.opened_at.is_none();
                if let Some(closing) = self.closings.iter_mut().rev().find(open) {
                    closing.opened_at = Some(entry.at.clone());
                    closing.ended = Some(entry.why.clone());
                }
            }
        }
        self.last.retain(|last| last.relay != entry.relay);
        self.last.push(entry.clone());
    }

    /// Relays whose last closing has no end: the program was cut off.
    pub fn unfinished(&self) -> Vec<String> {
        let closed = self.last.iter().filter(|last| last.event == Event::Closed);
        closed.map(|last| last.relay.clone()).collect()
    }

    /// How long ago a relay's last closing ended, seen from now.
    pub fn past(&self, relay: &str, boot: &str, uptime: f64) -> Past {
        if self.incomplete {
            return Past::Unknown;
        }
        let Some(last) = self.last.iter().find(|last| last.relay == relay) else { return Past::None };
        let ago = uptime - last.uptime;
        if boot.is_empty() || last.boot != boot || ago.is_nan() || ago < 0.0 || last.event == Event::Closed {
            return Past::Unknown;
        }
        Past::Ended(std::time::Duration::from_secs_f64(ago))
    }

    /// Newest first.
    pub fn newest(&self, most: usize) -> Vec<Closing> {
        self.closings.iter().rev().take(most).cloned().collect()
    }
}

fn older(path: &Path) -> PathBuf {
    path.with_extension("older.jsonl")
}

/// The file being added to.
pub struct Log {
    path: PathBuf,
    file: Option<File>,
}

impl Log {
    pub fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Adds a line; it outlives the program from then on, but not yet the machine.
    ///
    /// # Errors
    /// The file can't be written; the next call tries anew.
    pub fn add(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let written = self.file().and_then(|file| file.write_all(&line));
        if written.is_err() {
            self.file = None;
        }
        written
    }

    /// Puts what was added on the disk.
    ///
    /// # Errors
    /// The disk doesn't take it.
    pub fn sync(&mut self) -> io::Result<()> {
        match &self.file {
            Some(file) => file.sync_data(),
            None => Ok(()),
        }
    }

    fn file(&mut self) -> io::Result<&mut File> {
        if self.file.as_ref().is_some_and(|file| file.metadata().is_ok_and(|data| data.len() > MOST_BYTES)) {
            self.file = None;
            std::fs::rename(&self.path, older(&self.path))?;
        }
        if self.file.is_none() {
            if let Some(folder) = self.path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let mut file = OpenOptions::new().create(true).read(true).append(true).open(&self.path)?;
            // A line that a power cut tore must not spoil the next one.
            let mut last = [b'\n'];
            if file.seek(SeekFrom::End(-1)).is_ok() {
                file.read_exact(&mut last)?;
            }
            if last != [b'\n'] {
                file.write_all(b"\n")?;
            }
            self.file = Some(file);
        }
        Ok(self.file.as_mut().expect("it was opened just now"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn entry(relay: &str, event: Event, uptime: f64) -> Entry {
        Entry {
            relay: relay.into(),
            event,
            at: format!("2026-11-24T12:00:{uptime:02}Z"),
            why: "a reason".into(),
            time_synced: true,
            boot: "b1".into(),
            uptime,
        }
    }

    #[test]
    fn closings_are_complete_after_a_crash_and_a_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/relays.jsonl");
        assert_eq!(History::load(&path).unwrap().0.newest(9), []);
        let mut log = Log::new(path.clone());
        log.add(&entry("siren", Event::Closed, 1.0)).unwrap();
        log.add(&entry("siren", Event::Opened, 3.0)).unwrap();
        log.add(&entry("door", Event::Closed, 4.0)).unwrap();
        log.sync().unwrap();
        drop(log);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"relay\":\"si").unwrap();

        let (mut history, unreadable) = History::load(&path).unwrap();
        assert_eq!((history.unfinished(), unreadable), (vec!["door".to_string()], 1));
        assert!(history.incomplete);
        let mut log = Log::new(path.clone());
        let end = entry("door", Event::Opened, 9.0);
        log.add(&end).unwrap();
        history.add(&end);
        let (reread, _) = History::load(&path).unwrap();
        assert_eq!(reread.newest(9), history.newest(9));
        let newest = &reread.newest(1)[0];
        assert_eq!(
            (newest.relay.as_str(), newest.opened_at.as_deref()),
            ("door", Some("2026-11-24T12:00:09Z"))
        );
        assert!(reread.unfinished().is_empty());
    }

    #[test]
    fn the_past_is_known_within_one_boot_only() {
        let mut history = History::default();
        assert_eq!(history.past("siren", "b1", 50.0), Past::None);
        history.add(&entry("siren", Event::Closed, 1.0));
        assert_eq!(history.past("siren", "b1", 50.0), Past::Unknown);
        history.add(&entry("siren", Event::Opened, 3.0));
        assert_eq!(history.past("siren", "b1", 50.0), Past::Ended(Duration::from_secs(47)));
        assert_eq!(history.past("siren", "b2", 50.0), Past::Unknown);
        assert_eq!(history.past("siren", "", 50.0), Past::Unknown);
        assert_eq!(history.past("siren", "b1", 2.0), Past::Unknown);
        assert_eq!(history.past("door", "b1", 50.0), Past::None);
        history.incomplete = true;
        assert_eq!(history.past("door", "b1", 50.0), Past::Unknown);
    }

    #[test]
    fn a_big_file_becomes_the_older_one_and_both_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("relays.jsonl");
        let mut log = Log::new(path.clone());
        let mut long = entry("siren", Event::Closed, 1.0);
        long.why = "x".repeat(3000);
        for _ in 0..400 {
            log.add(&long).unwrap();
        }
        assert!(older(&path).metadata().unwrap().len() > MOST_BYTES);
        assert!(path.metadata().unwrap().len() < MOST_BYTES);
        assert_eq!(History::load(&path).unwrap().0.newest(1000).len(), 400);
    }
}
