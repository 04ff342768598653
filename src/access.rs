//! Who may use the appliance: passwords, sessions, named tokens and signed links. Knows no HTTP.
//!
//! What the disk says is kept in memory, so that a request is answered without it; whatever waits for the disk or
//! computes a password's hash says that it blocks.

mod changes;
mod links;
pub mod password;
pub mod record;
mod secret;
pub mod store;
mod throttle;

pub use throttle::network;

use crate::config::{Auth, Config};
use crate::service::clock::SharedClock;
use record::{Password, Record, TokenFault};
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

    /// What is kept, for the administrator, with the last use of each token since the start.
    pub fn kept(&self) -> Option<(Record, HashMap<String, u64>)> {
        let known = self.known();
        Some((known.record.clone()?, known.used.clone()))
    }

    /// Unix seconds.
    pub fn seconds(&self) -> u64 {
        self.clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    fn grant(&self, known: &mut Known, scope: Scope, user: Option<User>, by: By) -> Grant {
        let ended = known.grants.entry(by.clone()).or_insert_with(|| self.shutdown.child_token()).clone();
        Grant { scope, user, by, ended }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
