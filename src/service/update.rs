//! Updates of the installed package. Root's units do them: they are asked by a file that is there, and tell by files how it
//! goes (packaging/update). Knows nothing of packages.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A request that nobody has taken for so long isn't going to be taken.
const PATIENCE: Duration = Duration::from_secs(15);

/// What root tells has at most so many bytes.
const MOST: u64 = 64 << 10;

pub struct Updates {
    /// The folder that holds what root tells.
    home: PathBuf,
    /// Made to ask for an update. Its content means nothing.
    request: PathBuf,
    /// There while one is fetched and installed.
    running: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Idle,
    Asked,
    /// It was asked for, and nothing has come of it.
    Unheard,
    /// It is fetched and installed, if there is one.
    Running,
    /// A new version has to show that it works.
    Judged,
    /// It didn't, and the one before is installed again.
    TakenBack,
}

/// How the last update went.
#[derive(Clone, Debug, PartialEq)]
pub struct Last {
    /// `kept`, `taken-back`, `nothing`, `failed` or `cut-off`.
    pub outcome: String,
    /// The version before, and the one that was tried.
    pub from: String,
    pub to: String,
    /// In RFC 3339.
    pub at: String,
    pub why: String,
}

impl Updates {
    /// As the package's unit says; `None` where updates come in another way, or not at all.
    pub fn of_this_service() -> Option<Self> {
        let home = std::env::var_os("EDGE_CCTV_UPDATE")?;
        let own = std::env::var_os("RUNTIME_DIRECTORY")?;
        Some(Self::new(Path::new(&home), Path::new(&own)))
    }

    fn new(home: &Path, own: &Path) -> Self {
        // The marker lies beside the service's own folder, in which root must not write.
        let running = own.with_file_name("edge-cctv-update");
        Self { home: home.into(), request: own.join("update-request"), running }
    }

    /// Asks for an update, or asks again.
    ///
    /// # Errors
    /// The request can't be written.
    pub fn ask(&self) -> io::Result<()> {
        File::create(&self.request).map(drop)
    }

    pub fn phase(&self) -> Phase {
        // First of all: the update marks itself before it takes the request away, so that one of both is seen.
        let asked = fs::metadata(&self.request).and_then(|file| file.modified());
        if self.home.join("returning").exists() {
            Phase::TakenBack
        } else if self.running.exists() {
            Phase::Running
        } else if self.home.join("pending").exists() {
            Phase::Judged
        } else {
            match asked {
                Ok(asked) if asked.elapsed().is_ok_and(|age| age > PATIENCE) => Phase::Unheard,
                Ok(_) => Phase::Asked,
                Err(_) => Phase::Idle,
            }
        }
    }

    pub fn last(&self) -> Option<Last> {
        let bytes = super::durable::read(&self.home.join("outcome"), MOST).ok()??;
        parsed(&String::from_utf8_lossy(&bytes))
    }
}

fn parsed(text: &str) -> Option<Last> {
    let values: HashMap<_, _> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let value = |key| values.get(key).map(|value| value.to_string());
    Some(Last {
        outcome: value("outcome")?,
        from: value("from")?,
        to: value("to")?,
        at: value("at")?,
        why: value("why")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_tell_how_far_an_update_is() {
        let folder = tempfile::tempdir().unwrap();
        let (home, own) = (folder.path().join("home"), folder.path().join("own"));
        fs::create_dir(&home).unwrap();
        let updates = Updates::new(&home, &own);
        assert!(updates.ask().is_err(), "there is no folder yet");
        fs::create_dir(&own).unwrap();
        assert_eq!(updates.phase(), Phase::Idle);
        updates.ask().unwrap();
        assert_eq!(updates.phase(), Phase::Asked);
        let request = File::options().write(true).open(own.join("update-request")).unwrap();
        request.set_modified(std::time::SystemTime::now() - Duration::from_secs(20)).unwrap();
        assert_eq!(updates.phase(), Phase::Unheard);
        updates.ask().unwrap();
        fs::write(folder.path().join("edge-cctv-update"), "").unwrap();
        assert_eq!(updates.phase(), Phase::Running);
        fs::remove_file(folder.path().join("edge-cctv-update")).unwrap();
        fs::write(home.join("pending"), "1").unwrap();
        assert_eq!(updates.phase(), Phase::Judged);
        fs::write(home.join("returning"), "2 broken").unwrap();
        assert_eq!(updates.phase(), Phase::TakenBack);
    }

    #[test]
    fn the_last_one_is_told_whole_or_not_at_all() {
        let text = "outcome=taken-back\nfrom=2-1\nto=1-1\nat=2026-11-28T12:00:00Z\nwhy=camera yard: a=b\n";
        let last = parsed(text).unwrap();
        assert_eq!((last.outcome.as_str(), last.why.as_str()), ("taken-back", "camera yard: a=b"));
        assert_eq!(parsed("outcome=kept\nfrom=1"), None);
        assert_eq!(parsed(""), None);
    }
}
