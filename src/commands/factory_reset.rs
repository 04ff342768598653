//! `edge-cctv factory-reset`: forgets all that the program kept, as before it is given away.

use super::state::StateFolder;
use crate::commands::Failure;
use crate::service::claim::Claim;
use clap::Args;
use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

/// What the program keeps, by the part of the name before the first dot. A folder named by mistake must not lose what isn't
/// the program's.
const OURS: [&str; 9] =
    ["access", "arming", "baseline", "events", "relays", "running", "settings", "snapshots", "tls"];

#[derive(Debug, Args)]
pub struct FactoryReset {
    #[command(flatten)]
    state: StateFolder,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

impl FactoryReset {
    /// # Errors
    /// The program runs, or something can't be removed.
    pub fn run(&self) -> Result<(), Failure> {
        let folder = self.state.path()?;
        let shown = folder.display();
        let failed = |error: io::Error| Failure::from(format!("{shown}: {error}"));
        let (ours, others) = contents(&folder).map_err(failed)?;
        if !self.yes && !confirmed(&folder)? {
            return Err(Failure::from("nothing was removed".to_string()));
        }
        // Held to the end: nobody starts the program meanwhile.
        let claim = if folder.exists() { Claim::take(&folder).map_err(failed)? } else { None };
        if folder.exists() && claim.is_none() {
            let how = "stop it first (systemctl stop edge-cctv): it would write again what it knows";
            return Err(Failure::from(format!("the program runs with {shown}; {how}")));
        }
        for path in ours.iter().chain([&folder.join("running.lock")]) {
            remove(path).map_err(|error| Failure::from(format!("{}: {error}", path.display())))?;
        }
        println!("{shown}: everything that the program kept is gone");
        if others.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = others.iter().map(|path| path.display().to_string()).collect();
        Err(Failure::from(format!("left, for the program doesn't know it: {}", names.join(", "))))
    }
}

/// What is the program's, and what isn't.
fn contents(folder: &Path) -> io::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
        entries => entries?,
    };
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    Ok(paths.into_iter().partition(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        OURS.contains(&name.split('.').next().unwrap_or_default())
    }))
}

/// A link is removed, and what it leads to stays.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        _ => fs::remove_file(path),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn confirmed(folder: &Path) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::from("add --yes: without a terminal nobody can be asked".to_string()));
    }
    eprint!(
        "Snapshots, what was learned, passwords, keys and settings in {} will be gone. Type yes: ",
        folder.display()
    );
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|error| Failure::from(error.to_string()))?;
    Ok(line.trim() == "yes")
}
