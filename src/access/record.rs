//! What is kept about who may use the appliance, and the rules for changing it. Knows no files and no HTTP.

use super::{Scope, User, password, secret};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The form of the record. A program that doesn't know a form must not guess.
pub const VERSION: u32 = 1;

/// A session ends so long after the login.
pub const SESSION_SECONDS: u64 = 30 * 24 * 3600;

/// Sessions of one user at once; a further login ends the oldest.
const MOST_SESSIONS: usize = 32;

/// Tokens at once.
const MOST_TOKENS: usize = 64;

/// What a browser says about itself is kept so far, to tell sessions apart.
const AGENT_LETTERS: usize = 160;

/// Passwords, sessions and tokens: of each secret only its hash. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    version: u32,
    /// Signs links; a new one makes all links void.
    key: String,
    admin: Option<Password>,
    viewer: Option<Password>,
    sessions: Vec<Session>,
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Password {
    pub hash: String,
    pub changed: u64,
    /// The device made it, and nobody has chosen another one yet.
    pub made: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub hash: String,
    pub user: User,
    pub created: u64,
    /// From where it was begun, and by which browser.
    pub address: String,
    pub agent: String,
}

impl Session {
    /// Its name for people and in addresses. Says nothing about its secret.
    pub fn id(&self) -> &str {
        self.hash.get(..8).unwrap_or(&self.hash)
    }

    fn is_over(&self, now: u64) -> bool {
        now > self.created.saturating_add(SESSION_SECONDS)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Token {
    pub name: String,
    pub scope: Scope,
    pub hash: String,
    pub created: u64,
}

/// Why a token isn't made.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum TokenFault {
    #[error("a token's name has 1 to 32 letters (a to z), digits, `-` and `_`")]
    BadName,
    #[error("there is a token of this name; revoke it first, or take another name")]
    NameTaken,
    #[error("there are {MOST_TOKENS} tokens already; revoke one that isn't used any more")]
    TooMany,
}

impl Record {
    /// Nobody has a password yet.
    pub fn empty() -> Self {
        Self {
            version: VERSION,
            key: secret::random(),
            admin: None,
            viewer: None,
            sessions: Vec::new(),
            tokens: Vec::new(),
        }
    }

    pub fn version(&self) -> u32 {
        self.version
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    pub fn password(&self, user: User) -> Option<&Password> {
        match user {
            User::Admin => self.admin.as_ref(),
            User::Viewer => self.viewer.as_ref(),
        }
    }

    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Gives a user a password by its hash, or takes it away. Ends the user's sessions but `kept`, and makes all
    /// links void.
    pub fn set_password(&mut self, user: User, password: Option<Password>, kept: Option<&str>) {
        let place = match user {
            User::Admin => &mut self.admin,
            User::Viewer => &mut self.viewer,
        };
        *place = password;
        self.sessions.retain(|session| session.user != user || kept == Some(session.hash.as_str()));
        self.key = secret::random();
    }

    /// Begins a session and returns its secret.
    pub fn begin_session(&mut self, user: User, now: u64, address: String, agent: &str) -> String {
        let secret = secret::random();
        self.sessions.retain(|session| !session.is_over(now));
        // They are in the order of their beginning.
        let of_user = || self.sessions.iter().enumerate().filter(|(_, session)| session.user == user);
        if of_user().count() >= MOST_SESSIONS
            && let Some((oldest, _)) = of_user().next()
        {
            self.sessions.remove(oldest);
        }
        let agent = agent.chars().filter(|letter| !letter.is_control()).take(AGENT_LETTERS).collect();
        self.sessions.push(Session { hash: secret::hash(&secret), user, created: now, address, agent });
        secret
    }

    /// Ends the sessions that are chosen, and tells how many those were.
    pub fn end_sessions(&mut self, chosen: impl Fn(&Session) -> bool) -> usize {
        let before = self.sessions.len();
        self.sessions.retain(|session| !chosen(session));
        before - self.sessions.len()
    }

    /// Ends sessions and tokens by their hashes.
    pub fn end(&mut self, hashes: &HashSet<String>) {
        self.sessions.retain(|session| !hashes.contains(&session.hash));
        let before = self.tokens.len();
        self.tokens.retain(|token| !hashes.contains(&token.hash));
        if self.tokens.len() < before {
            self.key = secret::random();
        }
    }

    /// The session of this hash, if it isn't over. One from the future was begun before the clock was set back, and holds.
    pub fn session(&self, hash: &str, now: u64) -> Option<&Session> {
        self.sessions.iter().find(|session| session.hash == hash && !session.is_over(now))
    }

    pub fn token(&self, hash: &str) -> Option<&Token> {
        self.tokens.iter().find(|token| token.hash == hash)
    }

    /// Makes a token and returns its secret.
    ///
    /// # Errors
    /// The name can't be one or is taken, or there are too many.
    pub fn make_token(&mut self, name: &str, scope: Scope, now: u64) -> Result<String, TokenFault> {
        let fits = (1..=32).contains(&name.len())
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_');
        if !fits {
            return Err(TokenFault::BadName);
        }
        if self.tokens.iter().any(|token| token.name == name) {
            return Err(TokenFault::NameTaken);
        }
        if self.tokens.len() >= MOST_TOKENS {
            return Err(TokenFault::TooMany);
        }
        // Scanners for leaked secrets know it by its beginning.
        let secret = format!("ecctv_{}", secret::random());
        self.tokens.push(Token { name: name.into(), scope, hash: secret::hash(&secret), created: now });
        Ok(secret)
    }

    /// Revokes a token; false if there is none of this name. Makes all links void, for it may have made some.
    pub fn revoke_token(&mut self, name: &str) -> bool {
        let named = self.tokens.iter().filter(|token| token.name == name);
        let hashes: HashSet<_> = named.map(|token| token.hash.clone()).collect();
        self.end(&hashes);
        !hashes.is_empty()
    }
}

impl Password {
    /// Of a password that somebody chose, or that the device `made`.
    pub fn of(password: &str, now: u64, made: bool) -> Self {
        Self { hash: password::hash(password), changed: now, made }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_790_000_000;

    fn password(hash: &str) -> Option<Password> {
        Some(Password { hash: hash.into(), changed: NOW, made: false })
    }

    fn begin(record: &mut Record, user: User, now: u64) -> String {
        secret::hash(&record.begin_session(user, now, "10.0.0.1".into(), "a browser"))
    }

    #[test]
    fn another_password_ends_the_users_other_sessions_and_all_links() {
        let mut record = Record::empty();
        record.set_password(User::Admin, password("one"), None);
        let (kept, ended) = (begin(&mut record, User::Admin, NOW), begin(&mut record, User::Admin, NOW));
        let viewer = begin(&mut record, User::Viewer, NOW);
        let key = record.key().to_string();
        record.set_password(User::Admin, password("two"), Some(&kept));
        assert!(record.session(&kept, NOW).is_some() && record.session(&viewer, NOW).is_some());
        assert!(record.session(&ended, NOW).is_none());
        assert_ne!(record.key(), key);
        record.set_password(User::Viewer, None, None);
        assert!(record.session(&viewer, NOW).is_none());
    }

    #[test]
    fn a_session_ends_after_a_month_and_the_oldest_when_there_are_too_many() {
        let mut record = Record::empty();
        let first = begin(&mut record, User::Admin, NOW);
        assert!(record.session(&first, NOW + SESSION_SECONDS).is_some());
        assert!(record.session(&first, NOW + SESSION_SECONDS + 1).is_none());
        assert!(record.session(&first, 0).is_some(), "the clock was set back");
        let viewer = begin(&mut record, User::Viewer, NOW);
        let rest: Vec<_> = (0..MOST_SESSIONS).map(|_| begin(&mut record, User::Admin, NOW)).collect();
        assert!(record.session(&first, NOW).is_none());
        assert!(rest.iter().chain([&viewer]).all(|hash| record.session(hash, NOW).is_some()));
    }

    #[test]
    fn tokens_have_names_of_their_own_and_open_until_they_are_revoked() {
        let mut record = Record::empty();
        let secret = record.make_token("home-assistant", Scope::View, NOW).unwrap();
        assert!(secret.starts_with("ecctv_"));
        assert_eq!(record.token(&secret::hash(&secret)).unwrap().scope, Scope::View);
        assert_eq!(record.make_token("home-assistant", Scope::Admin, NOW), Err(TokenFault::NameTaken));
        for bad in ["", "a b", "ü", "a/b", &"n".repeat(33)] {
            assert_eq!(record.make_token(bad, Scope::View, NOW), Err(TokenFault::BadName), "{bad}");
        }
        let key = record.key().to_string();
        assert!(record.revoke_token("home-assistant") && !record.revoke_token("home-assistant"));
        assert_ne!(record.key(), key, "links that it made are void");
        assert!(record.token(&secret::hash(&secret)).is_none());
        for n in 0..MOST_TOKENS {
            record.make_token(&n.to_string(), Scope::View, NOW).unwrap();
        }
        assert_eq!(record.make_token("more", Scope::View, NOW), Err(TokenFault::TooMany));
    }

    #[test]
    fn no_secret_is_kept() {
        let mut record = Record::empty();
        let session = record.begin_session(User::Admin, NOW, "10.0.0.1".into(), "a\nbrowser");
        let token = record.make_token("t", Scope::Admin, NOW).unwrap();
        record.set_password(User::Viewer, Some(Password::of("correct horse", NOW, false)), None);
        let kept = serde_json::to_string(&record).unwrap();
        for secret in [session.as_str(), token.as_str(), &token[6..], "correct horse"] {
            assert!(!kept.contains(secret));
        }
        assert_eq!(serde_json::from_str::<Record>(&kept).unwrap(), record);
        assert_eq!(record.sessions()[0].agent, "abrowser");
    }
}
