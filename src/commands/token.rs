//! `edge-cctv token`: tokens for programs, made and revoked also while the program runs.

use super::state::StateFolder;
use crate::access::record::Record;
use crate::access::store::Store;
use crate::access::{ChangeError, Scope};
use crate::commands::Failure;
use crate::service::clock::rfc3339;
use clap::{Args, Subcommand, ValueEnum as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  edge-cctv token add home-assistant --scope view
  edge-cctv token list
  edge-cctv token remove home-assistant")]
pub struct Token {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    state: StateFolder,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a token and print it, this once
    Add {
        /// Its name: letters, digits, - and _
        name: String,
        /// What it may do; each includes those before it
        #[arg(long, value_enum)]
        scope: Scope,
    },
    /// List tokens: name, what each may do, when it was made
    List,
    /// Revoke a token: what uses it is out within two seconds
    Remove {
        /// Its name
        name: String,
    },
}

impl Token {
    /// # Errors
    /// The name is no good, or it can't be kept.
    pub fn run(&self) -> Result<(), Failure> {
        let folder = self.state.path()?;
        let store = Store::new(&folder);
        let failed = |error: ChangeError| match error {
            ChangeError::Store(error) => {
                Failure::from(format!("access.json in {}: {error}", folder.display()))
            }
            error => Failure::from(error.to_string()),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        match &self.action {
            Action::Add { name, scope } => {
                let made = store.change(false, |record| Ok(record.make_token(name, *scope, now)?));
                println!("{}", made.map_err(failed)?.result);
            }
            Action::List => {
                let record = store.load().map_err(|error| failed(error.into()))?;
                for token in record.as_ref().map(Record::tokens).unwrap_or_default() {
                    let scope = token.scope.to_possible_value().expect("no scope is hidden");
                    let created = rfc3339(UNIX_EPOCH + Duration::from_secs(token.created));
                    println!("{:<32} {:<8} {created}", token.name, scope.get_name());
                }
            }
            Action::Remove { name } => {
                let changed = store.change(false, |record| Ok(record.revoke_token(name)));
                if !changed.map_err(failed)?.result {
                    return Err(Failure::from(format!("there is no token named {name}")));
                }
                println!("{name} is revoked");
            }
        }
        Ok(())
    }
}
