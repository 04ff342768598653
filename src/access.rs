//! Who may use the appliance: passwords, sessions, named tokens and signed links. Knows no HTTP.
//!
//! What the disk says is kept in memory, so that a request is answered without it; whatever waits for the disk or
//! computes a password's hash says that it blocks.

pub mod password;
pub mod record;
mod secret;
pub mod store;
mod throttle;

pub use throttle::network;

use crate::config::{Auth, Config};
use crate::service::clock::SharedClock;
use record::{Password, Record, Session, TokenFault};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};
use store::{Stamp, Store, StoreError};
use throttle::Throttle;
use tokio_util::sync::CancellationToken;

/// What somebody may do; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Look: stream, status, snapshots, figures
    View,
    /// Also start and stop cameras, take snapshots, arm, silence, try outputs
    Control,
    /// Also change settings and passwords, delete, read the log
    Admin,
}

/// The people who log in. There are these two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum User {
    Admin,
    Viewer,
}

impl User {
    pub const ALL: [Self; 2] = [Self::Admin, Self::Viewer];

    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Viewer => "viewer",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|user| user.name() == name)
    }

    pub fn scope(self) -> Scope {
        match self {
            Self::Admin => Scope::Admin,
            Self::Viewer => Scope::View,
        }
    }
}

/// By what somebody was let in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// Nobody needs to log in.
    OpenDoor,
    /// A session's hash.
    Session(String),
    /// A token's hash.
    Token(String),
    /// A user's password with the request itself, by its hash.
    Password(String),
    /// A signed link.
    Link,
}

/// Somebody was let in.
#[derive(Clone, Debug)]
pub struct Grant {
    pub scope: Scope,
    /// None for tokens and where nobody needs to log in.
    pub user: Option<User>,
    pub by: By,
    /// Cancelled when this is over, or the program ends: streams end then.
    pub ended: CancellationToken,
}

/// Why a password opens nothing.
#[derive(Debug, PartialEq)]
pub enum Denied {
    /// User or password are wrong.
    Wrong,
    /// Too many were wrong: the next one may be tried in so long.
    Wait(Duration),
    /// What is kept can't be used: nobody gets in by it.
    Locked,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// What the caller was let in by doesn't hold any more, by what the disk says: a command was faster.
    #[error("the login is over")]
    Over,
    #[error("{0}")]
    Token(#[from] TokenFault),
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// Whether people need to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// Nobody does.
    #[serde(rename = "none")]
    Open,
    Password,
    /// Nobody can: the file is damaged, or there is none where there must be.
    Locked,
}

pub struct Access {
    store: Store,
    clock: SharedClock,
    /// `auth = "none"` is written.
    pub open_by_configuration: bool,
    /// Without a password it is open: only this machine itself can reach it.
    local: bool,
    known: Mutex<Known>,
    /// One change after the other, from the disk into memory.
    changing: Mutex<()>,
    shutdown: CancellationToken,
    /// Signs what is remembered of right passwords.
    remembering: String,
}

struct Known {
    /// `None`: what is on the disk can't be used.
    record: Option<Record>,
    stamp: Option<Stamp>,
    grants: HashMap<By, CancellationToken>,
    /// When each token was used last, in Unix seconds.
    used: HashMap<String, u64>,
    /// Sessions and tokens, by their hashes, whose end couldn't be kept: the disk would bring them back to life.
    ended: HashSet<String>,
    /// Passwords that came with requests and were right, signed: hashing each time would cost a stream's worth.
    right: HashSet<String>,
    throttle: Throttle,
    failed: u64,
}

/// Right passwords remembered at most.
const MOST_REMEMBERED: usize = 32;

impl Access {
    /// Reads who may come in. With `shutdown` everything ends. Blocks.
    pub fn open(config: &Config, clock: SharedClock, shutdown: CancellationToken) -> Self {
        let access = Self {
            store: Store::new(&config.state_dir),
            clock,
            open_by_configuration: config.server.auth == Auth::None,
            local: config.server.listen.ip().is_loopback(),
            known: Mutex::new(Known {
                record: None,
                stamp: None,
                grants: HashMap::new(),
                used: HashMap::new(),
                ended: HashSet::new(),
                right: HashSet::new(),
                throttle: Throttle::new(),
                failed: 0,
            }),
            changing: Mutex::default(),
            shutdown,
            remembering: secret::random(),
        };
        access.reload();
        access
    }

    /// Looks whether a command has changed the file, and ends what is over. Blocks.
    pub fn refresh(&self) {
        let changed = self.store.stamp() != self.known().stamp;
        if changed {
            self.reload();
        } else {
            self.end_what_is_over();
        }
    }

    fn reload(&self) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = self.store.stamp();
        let record = match self.store.load() {
            Ok(record) => {
                let mut record = record.unwrap_or_else(Record::empty);
                record.end(&self.known().ended);
                Some(record)
            }
            Err(error) => {
                let how = match error {
                    StoreError::Damaged(_) => "; `edge-cctv passwd` makes a new one",
                    StoreError::Newer(_) | StoreError::Io(_) => "",
                };
                log::error!("access.json in the state folder can't be used, nobody can log in: {error}{how}");
                None
            }
        };
        let mut known = self.known();
        known.record = record;
        known.stamp = stamp;
        drop(known);
        self.end_what_is_over();
    }

    fn end_what_is_over(&self) {
        let now = self.seconds();
        let mut known = self.known();
        let record = known.record.clone();
        known.grants.retain(|by, ended| {
            let holds = self.holds(record.as_ref(), by, now);
            if !holds {
                ended.cancel();
            }
            holds
        });
    }

    /// Whether somebody who was let in by this would be let in now.
    fn holds(&self, record: Option<&Record>, by: &By, now: u64) -> bool {
        match (by, record) {
            (By::OpenDoor, record) => self.door_of(record) == Door::Open,
            (By::Link, _) => true,
            (_, None) => false,
            (By::Session(hash), Some(record)) => record.session(hash, now).is_some(),
            (By::Token(hash), Some(record)) => record.token(hash).is_some(),
            (By::Password(hash), Some(record)) => {
                let passwords = User::ALL.iter().filter_map(|user| record.password(*user));
                passwords.into_iter().any(|password| password.hash == *hash)
            }
        }
    }

    pub fn door(&self) -> Door {
        self.door_of(self.known().record.as_ref())
    }

    fn door_of(&self, record: Option<&Record>) -> Door {
        if self.open_by_configuration {
            return Door::Open;
        }
        match record {
            None => Door::Locked,
            Some(record) if record.password(User::Admin).is_some() => Door::Password,
            Some(_) if self.local => Door::Open,
            Some(_) => Door::Locked,
        }
    }

    /// It can be reached from other machines, and nobody has said who may: there is no password, and no file that holds one
    /// and can't be read.
    pub fn lacks_password(&self) -> bool {
        let known = self.known();
        let none = known.record.as_ref().is_some_and(|record| record.password(User::Admin).is_none());
        none && !self.local && !self.open_by_configuration
    }

    /// The administrator's password, if there is one.
    pub fn admin_password(&self) -> Option<Password> {
        self.known().record.as_ref()?.password(User::Admin).cloned()
    }

    /// A grant for everybody, if nobody needs to log in.
    pub fn anybody(&self) -> Option<Grant> {
        let mut known = self.known();
        (self.door_of(known.record.as_ref()) == Door::Open)
            .then(|| self.grant(&mut known, Scope::Admin, None, By::OpenDoor))
    }

    /// A grant for the owner of a session's secret.
    pub fn by_session(&self, secret: &str) -> Option<Grant> {
        let hash = secret::hash(secret);
        let mut known = self.known();
        let user = known.record.as_ref()?.session(&hash, self.seconds())?.user;
        Some(self.grant(&mut known, user.scope(), Some(user), By::Session(hash)))
    }

    /// A grant for the owner of a token's secret.
    pub fn by_token(&self, secret: &str) -> Option<Grant> {
        let hash = secret::hash(secret);
        let mut known = self.known();
        let scope = known.record.as_ref()?.token(&hash)?.scope;
        known.used.insert(hash.clone(), self.seconds());
        Some(self.grant(&mut known, scope, None, By::Token(hash)))
    }

    /// A grant for a password that came with the request itself, if it was found right lately, for the same address. Who
    /// has to wait after failures is told nothing here either.
    pub fn by_remembered_password(&self, user: &str, password: &str, address: IpAddr) -> Option<Grant> {
        let user = User::named(user)?;
        let mut known = self.known();
        known.throttle.ask(address, Some(user), self.clock.now()).ok()?;
        let hash = known.record.as_ref()?.password(user)?.hash.clone();
        known
            .right
            .contains(&self.reminder(user, password, &hash, address))
            .then(|| self.grant(&mut known, user.scope(), Some(user), By::Password(hash)))
    }

    /// A grant for a password that came with the request itself. Blocks.
    ///
    /// # Errors
    /// It isn't right, or too many weren't.
    pub fn by_password(&self, user: &str, password: &str, address: IpAddr) -> Result<Grant, Denied> {
        let (user, hash) = self.check(user, password, address)?;
        let reminder = self.reminder(user, password, &hash, address);
        let mut known = self.known();
        if known.right.len() >= MOST_REMEMBERED {
            known.right.clear();
        }
        known.right.insert(reminder);
        Ok(self.grant(&mut known, user.scope(), Some(user), By::Password(hash)))
    }

    /// Void as soon as the user has another password.
    fn reminder(&self, user: User, password: &str, hash: &str, address: IpAddr) -> String {
        let address = address.to_canonical();
        secret::sign(&self.remembering, &format!("{}\n{address}\n{hash}\n{password}", user.name()))
    }

    /// Begins a session for somebody who has shown by the password of this hash who they are. A session that can't be kept,
    /// because the disk is full, is good until the program ends: who shall make room has to come in. Blocks.
    ///
    /// # Errors
    /// The user has another password meanwhile, or the file can't be used.
    pub fn begin_session(
        &self,
        user: User,
        hash: &str,
        address: IpAddr,
        agent: &str,
    ) -> Result<String, ChangeError> {
        let (now, by) = (self.seconds(), By::Password(hash.into()));
        let begin =
            |record: &mut Record| record.begin_session(user, now, address.to_canonical().to_string(), agent);
        match self.change(&by, |record| Ok(begin(record))) {
            Err(ChangeError::Store(StoreError::Io(error))) => {
                log::warn!("a session is good until the program ends, for it can't be kept: {error}");
                let mut known = self.known();
                let record = known.record.as_mut().filter(|record| self.holds(Some(record), &by, now));
                record.map(begin).ok_or(ChangeError::Over)
            }
            begun => begun,
        }
    }

    /// Whether it is the user's password; who that is and the password's hash. Counts failures. Blocks.
    ///
    /// # Errors
    /// It isn't right, or too many weren't.
    pub fn check(&self, user: &str, password: &str, address: IpAddr) -> Result<(User, String), Denied> {
        // A password that a command has changed a moment ago must not be right any more.
        self.refresh();
        let user = User::named(user);
        let kept = {
            let mut known = self.known();
            if known.record.is_none() {
                return Err(Denied::Locked);
            }
            if let Err(wait) = known.throttle.begin(address, user, self.clock.now()) {
                known.failed += 1;
                return Err(Denied::Wait(wait));
            }
            let record = known.record.as_ref();
            let of = |user| record.and_then(|record| record.password(user)).map(|kept| kept.hash.clone());
            // Viewers who have no password take as long as if they had one. Other names are nobody's, as is known.
            let whom = user.and_then(of).map(|hash| (user, hash));
            whom.or_else(|| user.and_then(|_| of(User::Admin)).map(|hash| (None, hash)))
        };
        let right = kept.filter(|(_, hash)| password::is_right(password, hash));
        let mut known = self.known();
        if let Some((Some(user), hash)) = right {
            known.throttle.succeeded(address, user, self.clock.now());
            return Ok((user, hash));
        }
        known.failed += 1;
        let whom = user.map_or("somebody unknown", User::name);
        log::warn!("a login as {whom} from {address} failed, the {}. since the start", known.failed);
        Err(Denied::Wrong)
    }

    /// Failed logins since the start, those that had to wait among them.
    pub fn failed_logins(&self) -> u64 {
        self.known().failed
    }

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

    /// What is kept, for the administrator, with the last use of each token since the start.
    pub fn kept(&self) -> Option<(Record, HashMap<String, u64>)> {
        let known = self.known();
        Some((known.record.clone()?, known.used.clone()))
    }

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

    /// Unix seconds.
    pub fn seconds(&self) -> u64 {
        self.clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    fn grant(&self, known: &mut Known, scope: Scope, user: Option<User>, by: By) -> Grant {
        let ended = known.grants.entry(by.clone()).or_insert_with(|| self.shutdown.child_token()).clone();
        Grant { scope, user, by, ended }
    }

    /// Changes what is on the disk, if by that the caller is still let in: what is in memory may be seconds old.
    fn change<T>(
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

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn linked(path: &str, expires: u64) -> String {
    format!("GET {path}\n{expires}")
}

#[cfg(test)]
mod tests;
