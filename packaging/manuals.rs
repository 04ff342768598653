//! Writes the manual pages and the shells' completions, from the command line as it is.
//!   usage: cargo run --example manuals -- FOLDER

use clap::CommandFactory as _;
use clap_complete::Shell;
use edge_cctv::commands::CommandLine;
use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| io::Error::other("usage: manuals FOLDER"))?;
    fs::create_dir_all(&folder)?;
    let mut command = CommandLine::command();
    clap_mangen::generate_to(command.clone(), &folder)?;
    for shell in [Shell::Bash, Shell::Zsh] {
        clap_complete::generate_to(shell, &mut command, "edge-cctv", &folder)?;
    }
    Ok(())
}
