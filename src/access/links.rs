//! Signed links, which open one path for some time.

use super::record::Record;
use super::{Access, By, ChangeError, Grant, Scope, secret};
use tokio_util::sync::CancellationToken;

impl Access {
    /// A signature that opens `path` until `expires` (Unix seconds). Blocks.
    ///
    /// # Errors
    /// The key that signs can't be kept, or the caller's login is over.
    pub fn link(&self, by: &By, path: &str, expires: u64) -> Result<String, ChangeError> {
        let kept = self.known().stamp.is_some();
        if !kept {
            self.change(by, |_| Ok(()))?;
        }
        let known = self.known();
        let key = known.record.as_ref().map(Record::key).unwrap_or_default();
        Ok(secret::sign(key, &linked(path, expires)))
    }

    /// A grant to look at `path`, if its link is ours and not over.
    pub fn by_link(&self, path: &str, expires: u64, signature: &str) -> Option<Grant> {
        let known = self.known();
        let record = known.record.as_ref()?;
        let holds = self.seconds() <= expires
            && known.stamp.is_some()
            && secret::is_signed(record.key(), &linked(path, expires), signature);
        // What a link opens is short: nothing has to be ended.
        holds.then(|| Grant { scope: Scope::View, user: None, by: By::Link, ended: CancellationToken::new() })
    }
}

fn linked(path: &str, expires: u64) -> String {
    format!("GET {path}\n{expires}")
}
