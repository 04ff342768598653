//! Who logs in at a camera, and with which password; and that a wrong one isn't tried again and again.

use super::{Address, Connection, Login, name_of};
use crate::camera::CameraError;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Longer is no password, but another file.
const MOST_BYTES: u64 = 1024;

/// Cameras lock a user out after a few wrong passwords: one that was refused is tried so seldom.
const PAUSE: Duration = Duration::from_secs(60);

/// The user and password for a camera, if it has any. The file is read each time, so that a new password needs no
/// restart.
///
/// # Errors
/// The file can't be used.
pub fn login(connection: &Connection) -> Result<Option<Login>, CameraError> {
    if connection.username.is_empty() {
        return Ok(connection.address.login().cloned());
    }
    let username = connection.username.clone();
    let password = match &connection.password_file {
        path if path.as_os_str().is_empty() => String::new(),
        path => read(path)?,
    };
    Ok(Some(Login { username, password }))
}

/// The first line of a file.
fn read(path: &Path) -> Result<String, CameraError> {
    let refuse = |why: &str| CameraError::Denied(format!("the password file {}: {why}", name_of(path)));
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text));
    read.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => refuse("there is no such file"),
        std::io::ErrorKind::PermissionDenied => {
            refuse("reading it is not permitted; give the service's user access")
        }
        std::io::ErrorKind::InvalidData => refuse("it isn't UTF-8"),
        _ => refuse(&format!("it can't be read: {error}")),
    })?;
    if text.len() as u64 > MOST_BYTES {
        return Err(refuse("it is bigger than a password can be"));
    }
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.into()),
        _ => Err(refuse("its first line is empty")),
    }
}

/// What was refused, by the camera's host and port, and when.
type Refusals = BTreeMap<String, (Option<Login>, Instant)>;

fn refusals() -> MutexGuard<'static, Refusals> {
    static REFUSALS: Mutex<Refusals> = Mutex::new(BTreeMap::new());
    REFUSALS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// # Errors
/// The camera has refused this very login a short while ago.
pub fn check_pause(address: &Address, login: Option<&Login>) -> Result<(), CameraError> {
    let place = address.place();
    let mut refusals = refusals();
    refusals.retain(|_, (_, when)| when.elapsed() < PAUSE);
    match refusals.get(&place) {
        Some((refused, _)) if refused.as_ref() == login => Err(text_of(&place)),
        _ => Ok(()),
    }
}

/// A camera has just refused this login, which is remembered.
pub fn wrong(address: &Address, login: Option<&Login>) -> CameraError {
    refusals().insert(address.place(), (login.cloned(), Instant::now()));
    text_of(&address.place())
}

fn text_of(place: &str) -> CameraError {
    CameraError::Denied(format!(
        "{place} refuses the user or password; correct them in the configuration or on the camera (the same ones are \
         tried again once a minute, lest the camera locks the user out)"
    ))
}

/// A camera wants a login and there is none.
pub fn missing(place: &str) -> CameraError {
    CameraError::Denied(format!("{place} asks for a user and password; set username and password_file"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::network::Transport;

    fn connection(address: &str) -> Connection {
        Connection {
            address: Address::parse(address).unwrap(),
            username: String::new(),
            password_file: Default::default(),
            certificate: Default::default(),
            transport: Transport::Tcp,
        }
    }

    #[test]
    fn the_login_is_the_files_or_the_addresss() {
        let mut connection = connection("http://a:b@cam/");
        assert_eq!(login(&connection).unwrap().unwrap().password, "b");
        let folder = tempfile::tempdir().unwrap();
        connection.username = "me".into();
        connection.password_file = folder.path().join("password");
        let why = login(&connection).unwrap_err().to_string();
        assert!(why.contains("no such file"), "{why}");
        for (content, expected) in
            [("pass word\nmore", Ok("pass word")), ("x\r\n", Ok("x")), ("\n", Err("empty"))]
        {
            std::fs::write(&connection.password_file, content).unwrap();
            match (login(&connection), expected) {
                (Ok(Some(login)), Ok(password)) => {
                    assert_eq!((login.username.as_str(), login.password.as_str()), ("me", password));
                }
                (Err(error), Err(words)) => assert!(error.to_string().contains(words)),
                (found, _) => panic!("{content:?}: {found:?}"),
            }
        }
        std::fs::write(&connection.password_file, "x".repeat(2000)).unwrap();
        assert!(login(&connection).is_err());
    }

    #[test]
    fn a_refused_login_waits_and_another_one_doesnt() {
        let address = Address::parse("http://refused.example/").unwrap();
        let login = |password: &str| Login { username: "me".into(), password: password.into() };
        assert!(check_pause(&address, Some(&login("a"))).is_ok());
        assert!(matches!(wrong(&address, Some(&login("a"))), CameraError::Denied(_)));
        assert!(matches!(check_pause(&address, Some(&login("a"))), Err(CameraError::Denied(_))));
        assert!(check_pause(&address, Some(&login("b"))).is_ok());
        assert!(check_pause(&address, None).is_ok());
    }
}
