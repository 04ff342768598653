//! Reads the command line and hands over.

use clap::Parser;
use edge_cctv::{anomaly::library, commands::CommandLine, service::logging};
use std::process::ExitCode;

fn main() -> ExitCode {
    // SAFETY: this is the first that the program does, so there is no other thread.
    unsafe { library::forbid_telemetry() };
    let command = CommandLine::parse();
    logging::start();
    command.execute()
}
