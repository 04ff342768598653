//! Where the state folder is, for commands that work on it while the program may run.

use crate::commands::Failure;
use crate::config::{self, Config};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct StateFolder {
    /// The configuration that says where the state folder is
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The state folder
    #[arg(long, global = true, value_name = "DIR")]
    state: Option<PathBuf>,
}

impl StateFolder {
    /// The flag's, else the configuration's, else the default, as `edge-cctv run` finds it.
    ///
    /// # Errors
    /// The configuration is faulty.
    pub fn path(&self) -> Result<PathBuf, Failure> {
        if let Some(state) = &self.state {
            return Ok(state.clone());
        }
        let config = match &self.config {
            Some(path) => config::load(path)?,
            None => Config::default(),
        };
        Ok(config.state_dir)
    }
}
