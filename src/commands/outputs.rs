//! `edge-cctv outputs`: what is done to the lines while the program itself doesn't run.

use crate::commands::Failure;
use crate::config;
use crate::outputs;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Outputs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Open all relays and switch all LEDs off: for ExecStopPost= of the unit, which runs after a crash too
    Safe {
        /// The configuration that names the lines
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

impl Outputs {
    /// # Errors
    /// The configuration is faulty, or a line can't be set: all others are.
    pub fn run(&self) -> Result<(), Failure> {
        let Action::Safe { config } = &self.action;
        let config = config::load(config)?;
        outputs::Outputs::make_safe(&config).map_err(|failed| Failure::from(failed.join("\nedge-cctv: ")))
    }
}
