//! A network camera's address as it is written, and who logs in there. What is secret in it is never shown.

use percent_encoding::percent_decode_str;
use std::fmt;
use url::{Host, Url};

/// How a camera is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Rtsp,
    Http,
    Https,
}

impl Protocol {
    /// The port where an address names none.
    fn port(self) -> u16 {
        match self {
            Self::Rtsp => 554,
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A user's name and password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    pub username: String,
    pub password: String,
}

/// Without the password: whatever is printed ends in a log some day.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

/// `rtsp://`, `http://` or `https://` with a host, and what may follow it.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    protocol: Protocol,
    /// Without user and password.
    url: Url,
    login: Option<Login>,
}

impl Address {
    /// Reads an address. What is wrong with it is told without repeating it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut url = Url::parse(text).map_err(|error| format!("it is no address: {error}"))?;
        let protocol = match url.scheme() {
            "rtsp" => Protocol::Rtsp,
            "http" => Protocol::Http,
            "https" => Protocol::Https,
            "rtsps" => return Err("RTSP inside TLS (rtsps) is not supported".into()),
            _ => return Err("cameras are reached by rtsp, http and https".into()),
        };
        if url.host_str().is_none_or(str::is_empty) {
            return Err("the address has no host".into());
        }
        if url.port() == Some(0) {
            return Err("a port is 1 to 65535".into());
        }
        let login = login(&url)?;
        url.set_fragment(None);
        let cleared = url.set_username("").and_then(|()| url.set_password(None));
        cleared.map_err(|()| "the address can't have a user".to_string())?;
        Ok(Self { protocol, url, login })
    }

    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The user and the password written in it.
    pub fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// The whole address without user and password.
    pub fn url(&self) -> &Url {
        &self.url
    }

    pub fn host(&self) -> Option<Host<&str>> {
        self.url.host()
    }

    pub fn port(&self) -> u16 {
        self.url.port().unwrap_or(self.protocol.port())
    }

    /// Host and port, for people and for the `Host` header; the usual port is left out.
    pub fn place(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.into(), |port| format!("{host}:{port}"))
    }

    /// What follows the host, as a request names it.
    pub fn path(&self) -> String {
        let query = self.url.query().map_or_else(String::new, |query| format!("?{query}"));
        format!("{}{query}", self.url.path())
    }

    /// As it was written, secrets and all: to compare addresses, never to show one.
    pub fn written(&self) -> String {
        let Login { username, password } =
            self.login.clone().unwrap_or(Login { username: String::new(), password: String::new() });
        format!("{username}\n{password}\n{}", self.url)
    }
}

/// What stands before the `@`.
fn login(url: &Url) -> Result<Option<Login>, String> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let plain = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(|text| text.into_owned())
            .map_err(|_| "the user or password before the @ isn't UTF-8".to_string())
    };
    Ok(Some(Login { username: plain(url.username())?, password: plain(url.password().unwrap_or_default())? }))
}

/// Without the user, the password and the query, where some cameras take both.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = if self.login.is_some() { "***@" } else { "" };
        let query = if self.url.query().is_some() { "?***" } else { "" };
        write!(f, "{}://{user}{}{}{query}", self.url.scheme(), self.place(), self.url.path())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let address = Address::parse("rtsp://me:p%40ss%20word@10.0.0.2:8554/a/1?channel=2").unwrap();
        assert_eq!(address.protocol(), Protocol::Rtsp);
        assert_eq!(address.url().as_str(), "rtsp://10.0.0.2:8554/a/1?channel=2");
        let login = address.login().unwrap();
        assert_eq!((login.username.as_str(), login.password.as_str()), ("me", "p@ss word"));
        assert_eq!((address.place(), address.path()), ("10.0.0.2:8554".into(), "/a/1?channel=2".into()));
        let address = Address::parse("https://[fe80::1]").unwrap();
        assert_eq!((address.place(), address.port(), address.path()), ("[fe80::1]".into(), 443, "/".into()));
        assert_eq!(Address::parse("rtsp://cam").unwrap().port(), 554);
    }

    #[test]
    fn secrets_are_never_shown() {
        let address =
            Address::parse("http://viewer:s3cret@cam/video.cgi?user=viewer&pwd=s3cret#s3cret").unwrap();
        assert_eq!(address.to_string(), "http://***@cam/video.cgi?***");
        let shown = format!("{address:?} {:?}", address.login());
        assert!(!shown.contains("s3cret") && !shown.contains("viewer"), "{shown}");
    }

    #[test]
    fn what_is_no_camera_is_refused_in_words_without_the_password() {
        for (text, words) in [
            ("ftp://me:s3cret@cam/", "rtsp, http and https"),
            ("rtsps://me:s3cret@cam/", "not supported"),
            ("rtsp://", "no host"),
            ("rtsp:///path", "no host"),
            ("http://", "no address"),
            ("http://me:s3cret@", "no address"),
            ("http://cam:99999/s3cret", "no address"),
            ("rtsp://cam:0/", "a port is"),
        ] {
            let why = Address::parse(text).unwrap_err();
            assert!(why.contains(words) && !why.contains("s3cret"), "{text}: {why}");
        }
    }

    #[test]
    fn another_password_is_another_address() {
        let written = |text: &str| Address::parse(text).unwrap().written();
        assert_ne!(written("http://a:b@cam/"), written("http://a:c@cam/"));
        assert_ne!(written("http://cam/?pwd=1"), written("http://cam/?pwd=2"));
        assert_eq!(written("http://cam"), written("http://cam/"));
    }
}
