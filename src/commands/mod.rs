//! The command line, one file a subcommand.

pub mod analyze;
pub mod check_config;
pub mod devices;
pub mod outputs;
pub mod run;

use crate::config::Faults;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 110)]
#[command(after_help = "Examples:
  edge-cctv run                                the built-in demo scene at http://127.0.0.1:8000
  edge-cctv run --camera /dev/video0           a camera
  edge-cctv run --config /etc/edge-cctv/config.toml
  edge-cctv analyze yard.mp4 > verdicts.jsonl  the same eyes for a recording

RUST_LOG sets what is logged: error, warn, info (default), debug.")]
pub struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch the cameras and serve stream, API and page
    Run(run::Run),
    /// Analyse recordings as the live service would
    Analyze(analyze::Analyze),
    /// Check a configuration file and name every fault
    CheckConfig {
        /// The file to check
        file: PathBuf,
    },
    /// List cameras with formats, sizes and rates, and GPIO chips
    Devices,
    /// Put relays and LEDs at their safe levels, for use after a crash
    Outputs(outputs::Outputs),
}

/// Why a command can't do its work, for people.
#[derive(Debug)]
pub struct Failure {
    text: String,
    code: u8,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self { text, code: 1 }
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self { text: format!("the configuration has faults\n{faults}"), code: check_config::CONFIG_FAULT }
    }
}

impl CommandLine {
    /// Does what was asked.
    pub fn execute(self) -> ExitCode {
        let result = match self.command {
            Command::Run(run) => run.run(),
            Command::Analyze(analyze) => analyze.run(),
            Command::CheckConfig { file } => return check_config::run(&file),
            Command::Devices => return devices::run(),
            Command::Outputs(outputs) => outputs.run(),
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                eprintln!("edge-cctv: {failure}");
                ExitCode::from(failure.code)
            }
        }
    }
}
