//! Changes of passwords, tokens and sessions: kept on the disk first, then true.

use super::record::{Password, Record, Session};
use super::store::StoreError;
use super::{Access, By, ChangeError, Scope, User};
use std::collections::HashSet;
use std::sync::PoisonError;

impl Access {
    /// Gives a user another password, which must have been checked, or takes it away. Ends the user's sessions but that of
    /// the caller, and all links. The new password's hash. Blocks.
    ///
    /// # Errors
    /// It can't be kept, or the caller's login is over.
    pub fn set_password(
        &self,
        by: &By,
        user: User,
        password: Option<&str>,
    ) -> Result<Option<String>, ChangeError> {
        let password = password.map(|password| Password::of(password, self.seconds(), false));
        let hash = password.as_ref().map(|password| password.hash.clone());
        let kept = match by {
            By::Session(hash) => Some(hash.as_str()),
            _ => None,
        };
        self.change(by, |record| {
            record.set_password(user, password, kept);
            Ok(())
        })?;
        log::info!(
            "the password of {} was {}",
            user.name(),
            if hash.is_some() { "changed" } else { "taken away" }
        );
        Ok(hash)
    }

    /// Makes a token and returns it with its secret. Blocks.
    ///
    /// # Errors
    /// Its name or number is wrong, it can't be kept, or the caller's login is over.
    pub fn make_token(&self, by: &By, name: &str, scope: Scope) -> Result<(String, u64), ChangeError> {
        let now = self.seconds();
        let secret = self.change(by, |record| Ok(record.make_token(name, scope, now)?))?;
        log::info!("the token {name} was made");
        Ok((secret, now))
    }

    /// Revokes a token, and with it all links, of which it may have made some; false if there is none of this name. Blocks.
    ///
    /// # Errors
    /// It can't be kept, and holds until the program ends; or the caller's login is over.
    pub fn revoke_token(&self, by: &By, name: &str) -> Result<bool, ChangeError> {
        let revoked = self.change(by, |record| Ok(record.revoke_token(name)));
        self.or_end(revoked, by, |record| {
            record
                .tokens()
                .iter()
                .filter(|token| token.name == name)
                .map(|token| token.hash.clone())
                .collect()
        })
    }

    /// Ends the sessions that are chosen, and tells how many those were. Blocks.
    ///
    /// # Errors
    /// It can't be kept, and holds until the program ends; or the caller's login is over.
    pub fn end_sessions(&self, by: &By, chosen: impl Fn(&Session) -> bool) -> Result<usize, ChangeError> {
        let ended = self.change(by, |record| Ok(record.end_sessions(&chosen)));
        self.or_end(ended, by, |record| {
            record
                .sessions()
                .iter()
                .filter(|session| chosen(session))
                .map(|session| session.hash.clone())
                .collect()
        })
    }

    /// If the end of sessions or tokens can't be kept, it holds all the same. A caller whose own session isn't on the disk has
    /// none.
    fn or_end<T>(
        &self,
        kept: Result<T, ChangeError>,
        by: &By,
        chosen: impl Fn(&Record) -> Vec<String>,
    ) -> Result<T, ChangeError> {
        let mut guard = self.known();
        let known = &mut *guard;
        match (&kept, &mut known.record, by) {
            (Err(ChangeError::Store(StoreError::Io(_))), Some(record), _) => {
                known.ended.extend(chosen(record));
                record.end(&known.ended);
            }
            (Err(ChangeError::Over), Some(record), By::Session(hash)) => {
                record.end(&HashSet::from([hash.clone()]));
            }
            _ => return kept,
        }
        drop(guard);
        self.end_what_is_over();
        kept
    }

    /// Changes what is on the disk, if by that the caller is still let in: what is in memory may be seconds old.
    pub(super) fn change<T>(
        &self,
        by: &By,
        change: impl FnOnce(&mut Record) -> Result<T, ChangeError>,
    ) -> Result<T, ChangeError> {
        let changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, ended) = (self.seconds(), self.known().ended.clone());
        let changed = self.store.change(false, |record| {
            record.end(&ended);
            if self.holds(Some(record), by, now) { change(record) } else { Err(ChangeError::Over) }
        })?;
        let mut known = self.known();
        // What was ended meanwhile, and couldn't be kept, stays so.
        known.ended.retain(|hash| !ended.contains(hash));
        let mut record = changed.record;
        record.end(&known.ended);
        known.record = Some(record);
        known.stamp = changed.stamp;
        drop((known, changing));
        self.end_what_is_over();
        Ok(changed.result)
    }
}
