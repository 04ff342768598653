//! The command line, one file a subcommand.

pub mod analyze;
pub mod benchmark;
pub mod check_config;
pub mod devices;
pub mod factory_reset;
pub mod health;
pub mod outputs;
pub mod passwd;
pub mod run;
mod state;
pub mod token;

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
    /// Measure what one camera costs on this board, and how many it can carry
    Benchmark(benchmark::Benchmark),
    /// Check a configuration file and name every fault
    CheckConfig {
        /// The file to check
        file: PathBuf,
    },
    /// List cameras with formats, sizes and rates, and GPIO chips
    Devices,
    /// Put relays and LEDs at their safe levels, for use after a crash
    Outputs(outputs::Outputs),
    /// Set the password of the administrator or of viewers; ends what was begun with the old one
    Passwd(passwd::Passwd),
    /// Make, list and revoke tokens, by which programs use the API
    Token(token::Token),
    /// Say whether the service does its work, by itself or as it did before an update
    Health(health::Health),
    /// Forget everything: snapshots, what was learned, passwords, keys, settings made on the page
    FactoryReset(factory_reset::FactoryReset),
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

impl Failure {
    /// What stays as it is until somebody sets it right.
    pub fn of_configuration(text: String) -> Self {
        Self { text, code: check_config::CONFIG_FAULT }
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::of_configuration(format!("the configuration has faults\n{faults}"))
    }
}

impl CommandLine {
    /// Does what was asked.
    pub fn execute(self) -> ExitCode {
        let result = match self.command {
            Command::Run(run) => run.run(),
            Command::Analyze(analyze) => analyze.run(),
            Command::Benchmark(benchmark) => benchmark.run(),
            Command::CheckConfig { file } => return check_config::run(&file),
            Command::Devices => return devices::run(),
            Command::Outputs(outputs) => outputs.run(),
            Command::Passwd(passwd) => passwd.run(),
            Command::Token(token) => token.run(),
            Command::Health(health) => health.run(),
            Command::FactoryReset(reset) => reset.run(),
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
