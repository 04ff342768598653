//! Cameras in the network: H.264 and MJPEG by RTSP, MJPEG and single pictures by HTTP.
//!
//! A thread of its own reads from the network, so that a slow decoder loses no packets; the camera's thread decodes. How
//! a camera is spoken to is `rtsp`'s and `http`'s, what both share is here.

mod address;
mod belt;
mod client;
mod fault;
mod http;
mod live;
mod login;
mod pictures;
mod rtsp;
mod time;
mod tls;

pub use address::{Address, Login, Protocol};

use super::{Camera, CameraError, Wanted};
use crate::service::clock::SharedClock;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How RTSP's pictures come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Through the connection that the camera was asked by: nothing is lost.
    #[default]
    Tcp,
    /// As single packets, some of which may be lost.
    Udp,
}

impl Transport {
    pub const ALL: [Self; 2] = [Self::Tcp, Self::Udp];

    /// As written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transport| transport.name() == text)
    }
}

/// Where a camera is and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub address: Address,
    /// Who logs in, with the password in `password_file`; empty: who is in the address, or nobody.
    pub username: String,
    /// Its first line is the password.
    pub password_file: PathBuf,
    /// For HTTPS, the very certificate that the camera shows, in PEM; empty: one that the system's authorities vouch for.
    pub certificate: PathBuf,
    pub transport: Transport,
}

/// Connects to a camera and waits for its first picture. What it delivers is its own setting; of `wanted` the rate counts,
/// and only where single pictures are asked for. No picture within `timeout`: [`CameraError::TimedOut`].
///
/// # Errors
/// A text that says what is wrong and what to do, without anything secret.
pub fn open(
    connection: &Connection,
    wanted: &Wanted,
    timeout: Duration,
    clock: SharedClock,
) -> Result<Box<dyn Camera>, CameraError> {
    let login = login::login(connection)?;
    login::check_pause(&connection.address, login.as_ref())?;
    let source = match connection.address.protocol() {
        Protocol::Rtsp => live::Source::Rtsp(rtsp::Session {
            address: connection.address.clone(),
            login,
            transport: connection.transport,
        }),
        Protocol::Http | Protocol::Https => live::Source::Http(http::Pull {
            client: client::Client::new(connection, login)?,
            fps: wanted.fps,
            timeout,
        }),
    };
    Ok(Box::new(live::Live::open(source, connection.address.place(), timeout, clock)?))
}

/// The name to use in texts: never the whole path, as texts are shown on the network.
fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
