//! Reads the command line and hands over.

use clap::Parser;
use edge_cctv::{
    anomaly::library,
    commands::CommandLine,
    service::{logging, process},
};
use std::process::ExitCode;

fn main() -> ExitCode {
    // SAFETY: this is the first that the program does, so there is no other thread.
    unsafe { library::forbid_telemetry() };
    process::give_large_blocks_back();
    let command = CommandLine::parse();
    logging::start();
    command.execute()
}
