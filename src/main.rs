//! Reads the command line and hands over.

use clap::Parser;
use edge_cctv::{commands::CommandLine, service::logging};
use std::process::ExitCode;

fn main() -> ExitCode {
    let command = CommandLine::parse();
    logging::start();
    command.execute()
}
