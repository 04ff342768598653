//! `edge-cctv passwd`: sets a password, also while the program runs.

use super::state::StateFolder;
use crate::access::User;
use crate::access::password;
use crate::access::record::Password;
use crate::access::store::{Store, StoreError};
use crate::commands::Failure;
use crate::service::clock::rfc3339;
use clap::Args;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sudo edge-cctv passwd --state /var/lib/edge-cctv
  edge-cctv passwd --user viewer
  edge-cctv passwd --generate

Without a terminal the password is the first line of standard input.")]
pub struct Passwd {
    #[command(flatten)]
    state: StateFolder,
    /// Whose password
    #[arg(long, value_enum, default_value = "admin")]
    user: User,
    /// Make a password and print it, this once
    #[arg(long)]
    generate: bool,
    /// Do nothing if there is a password already
    #[arg(long)]
    if_unset: bool,
}

impl Passwd {
    /// # Errors
    /// The password isn't good enough, or it can't be kept.
    pub fn run(&self) -> Result<(), Failure> {
        let folder = self.state.path()?;
        let store = Store::new(&folder);
        // A file that can't be read may hold one.
        let is_set =
            || store.load().map_or(true, |kept| kept.is_some_and(|kept| kept.password(self.user).is_some()));
        if self.if_unset && is_set() {
            return Ok(());
        }
        let text = if self.generate { password::made() } else { asked(self.user)? };
        password::check(&text).map_err(Failure::from)?;
        let now = SystemTime::now();
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let kept = Password::of(&text, seconds, self.generate);
        let changed = store.change(true, |record| {
            record.set_password(self.user, Some(kept), None);
            Ok(())
        });
        let changed = changed.map_err(|error: StoreError| {
            Failure::from(format!("the password can't be kept in {}: {error}", folder.display()))
        })?;
        let name = self.user.name();
        if self.generate {
            println!("edge-cctv: user name: {name}, password: {text}");
            println!(
                "edge-cctv: it is shown this once ({}); change it on the page under Access",
                rfc3339(now)
            );
        } else {
            println!(
                "edge-cctv: the password of {name} is set; whoever was logged in with the old one is out"
            );
        }
        // They were made by whoever could come in before.
        match changed.record.tokens().len() {
            0 => {}
            tokens => {
                println!("edge-cctv: tokens stay good, {tokens} of them; `edge-cctv token list` names them")
            }
        }
        Ok(())
    }
}

/// Typed twice at a terminal, unseen; else one line.
fn asked(user: User) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::from(format!("no password: {error}"));
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map_err(failed)?;
        return Ok(line.strip_suffix('\n').unwrap_or(&line).into());
    }
    let first = rpassword::prompt_password(format!("New password of {}: ", user.name())).map_err(failed)?;
    password::check(&first).map_err(Failure::from)?;
    if rpassword::prompt_password("Once more: ").map_err(failed)? == first {
        Ok(first)
    } else {
        Err(Failure::from("the two aren't the same; nothing was changed".to_string()))
    }
}
