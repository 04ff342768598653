//! What the user sets. Plain values with defaults; reading and checking the file is `file`'s.

mod change;
mod defaults;
mod fault;
mod file;
mod geometry;
mod keys;
pub mod outputs;
mod overlay;
mod overrides;
mod reader;
mod reference;
mod relations;
mod schema;
mod spelling;
mod tables;
mod text;
mod week;
mod wiring;

pub use change::{Change, adopted, changes};
pub use fault::{Fault, Faults};
pub use file::{MOST_BYTES, load, parse};
pub use keys::Effect;
pub use outputs::{Arming, Input, Led, Outputs, Relay};
pub use overlay::{Composed, compose, unknown_camera};
pub use overrides::Overrides;
pub use reference::{installed, installed_file, reference};
pub use schema::{KeyForm, forms, values};
pub use week::{DAY, Span};

use crate::anomaly::kinds::Severity;
use crate::camera::network::{Address, Connection, Transport};
use std::path::{Path, PathBuf};

/// Everything that can be set. [`Config::default`] is what the program does without a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where snapshots and what is learned are kept.
    pub state_dir: PathBuf,
    /// Take the clock for right although nothing has set it.
    pub trust_clock: bool,
    pub server: Server,
    pub stream: Stream,
    /// What a camera without its own `[camera.motion]` has.
    pub motion: Motion,
    /// What a camera without its own `[camera.alert]` has.
    pub alert: Alert,
    /// What a camera without its own `[camera.anomaly]` has.
    pub anomaly: Anomaly,
    pub network: Network,
    pub events: Events,
    pub snapshots: Snapshots,
    pub arming: Arming,
    pub outputs: Outputs,
    pub leds: Vec<Led>,
    pub relays: Vec<Relay>,
    pub inputs: Vec<Input>,
    /// In the file's order; the first is the one that the plain endpoints mean. Never empty.
    pub cameras: Vec<Camera>,
}

impl Config {
    /// The camera of this name.
    pub fn named(&self, name: &str) -> Option<&Camera> {
        self.cameras.iter().find(|camera| camera.name == name)
    }

    /// What a camera is about which nothing is said but its place.
    fn camera(&self, index: usize) -> Camera {
        Camera {
            name: format!("camera{index}"),
            motion: self.motion.clone(),
            alert: self.alert.clone(),
            anomaly: self.anomaly.clone(),
            ..Camera::default()
        }
    }
}

/// `[server]`
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: std::net::SocketAddr,
    /// Who has to log in.
    pub auth: Auth,
    /// Further names by which browsers reach it.
    pub names: Vec<String>,
    pub tls: Tls,
    /// PEM files, for [`Tls::Files`]; else empty.
    pub certificate: PathBuf,
    pub certificate_key: PathBuf,
    /// Origins of other sites whose pages may use the API.
    pub cors_origins: Vec<String>,
    /// Streams at once (MJPEG and WebSocket together); one more gets 503.
    pub max_viewers: usize,
    /// TCP connections at once; further ones wait to be accepted.
    pub max_connections: usize,
    /// Of them from one address; further ones are closed.
    pub max_address_connections: usize,
    /// Time for a request's head, and for an idle connection.
    pub head_seconds: f64,
    pub max_head_bytes: usize,
    pub max_body_bytes: usize,
    /// Of a WebSocket's message from a viewer.
    pub max_message_bytes: usize,
    /// Requests of one address for what costs much; four times as many at once.
    pub expensive_per_second: f64,
    /// A viewer that takes no bytes for so long is cut off.
    pub stall_seconds: f64,
}

/// Who has to log in to the web server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// Everybody, as soon as there is a password; without one it can only be reached from this board.
    #[default]
    Password,
    /// Nobody.
    None,
}

impl Auth {
    pub const ALL: [Self; 2] = [Self::Password, Self::None];

    /// As written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::None => "none",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|auth| auth.name() == text)
    }
}

/// How connections to the web server are encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// They aren't.
    #[default]
    Off,
    /// With a certificate that the board makes for itself.
    SelfSigned,
    /// With a certificate from files.
    Files,
}

impl Tls {
    pub const ALL: [Self; 3] = [Self::Off, Self::SelfSigned, Self::Files];

    /// As written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::SelfSigned => "self-signed",
            Self::Files => "files",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tls| tls.name() == text)
    }
}

/// `[stream]`
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// JPEG quality of pictures that are encoded here, 1..=100.
    pub quality: u8,
    /// Frames a second for a viewer who asks for nothing else; 0: as many as the camera gives.
    pub fps: f32,
}

/// One `[[camera]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Camera {
    /// Letters, digits, `-` and `_`: it is part of addresses.
    pub name: String,
    pub source: Source,
    pub width: u32,
    pub height: u32,
    pub fps: f32,
    /// Who logs in at a network camera; empty: who is in its address.
    pub username: String,
    /// File with the password; empty: there is none.
    pub password_file: PathBuf,
    /// The certificate that an HTTPS camera shows, in PEM; empty: one of a known authority.
    pub certificate: PathBuf,
    /// How an RTSP camera sends.
    pub transport: Transport,
    /// The pixel format of a V4L2 device, by its FourCC; `None`: the best that it has.
    pub format: Option<[u8; 4]>,
    /// Start with the program, and not only on `POST /start`.
    pub autostart: bool,
    /// A recording begins again at its end.
    pub repeat: bool,
    /// No frame for so long: the camera counts as lost and is reopened.
    pub timeout_seconds: f64,
    pub motion: Motion,
    pub alert: Alert,
    pub anomaly: Anomaly,
    pub zones: Vec<Zone>,
}

/// `[motion]`, and `[camera.motion]` for one camera
#[derive(Clone, Debug, PartialEq)]
pub struct Motion {
    /// 0..=1; higher finds fainter things.
    pub sensitivity: f32,
    /// Smallest area of a moving thing as a share of the picture.
    pub min_area: f32,
    /// Motion lasts so long before the state becomes MOTION.
    pub min_seconds: f64,
    /// The state stays MOTION so long after the last motion.
    pub hold_seconds: f64,
    /// What stands still for so long becomes background.
    pub absorb_seconds: f32,
    /// Motion is sought on a picture of at most this width.
    pub max_width: u32,
    /// Of a camera, at most so many frames a second are analysed, and each one while something new is being decided on;
    /// 0: always each one.
    pub rate_hz: f64,
}

/// `[alert]`, and `[camera.alert]` for one camera
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// ALERT lasts so long after its last cause.
    pub hold_seconds: f64,
    /// How severe motion in an alert zone is.
    pub zone_severity: Severity,
}

/// `[anomaly]`, and `[camera.anomaly]` for one camera
#[derive(Clone, Debug, PartialEq)]
pub struct Anomaly {
    /// Learn what is normal, and tell what isn't.
    pub enabled: bool,
    /// The network looks so often a second while something moves.
    pub rate_hz: f64,
    /// And every so many seconds while nothing moves; never more often than with `rate_hz`.
    pub heartbeat_seconds: f64,
    /// The threshold is set so that a day of normal scenes has about so many false alarms.
    pub false_alarms_per_day: f64,
    /// Time constant of slow adaptation: what is new for so long becomes normal.
    pub adapt_days: f64,
}

/// `[network]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// The ONNX file; empty: it is searched.
    pub model: PathBuf,
    /// The ONNX Runtime library; empty: it is searched.
    pub library: PathBuf,
    pub provider: Provider,
}

/// `[events]`
#[derive(Clone, Debug, PartialEq)]
pub struct Events {
    /// Keep what happened, with pictures and clips.
    pub enabled: bool,
    /// A clip begins so long before the motion.
    pub before_seconds: f64,
    /// And ends so long after it; motion that begins again meanwhile belongs to the same event.
    pub after_seconds: f64,
    /// What lasts longer goes on as another event.
    pub longest_seconds: f64,
    /// Pictures a second in clips of cameras that deliver no JPEG.
    pub encode_fps: f64,
    /// Memory for each camera's pictures that may still belong to a clip.
    pub memory_mib: u32,
    /// Events are deleted after so many days; 0: not by their age.
    pub days: f64,
    /// The oldest are deleted when all need more than this.
    pub max_mib: u32,
    /// So much of the disk stays free.
    pub reserve_mib: u32,
}

/// `[snapshots]`
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshots {
    /// A picture of each camera is kept so often; 0: none.
    pub every_seconds: f64,
    /// Those are deleted after so many days; 0: not by their age.
    pub days: f64,
    /// The oldest of those are deleted when all need more than this.
    pub max_mib: u32,
}

/// What computes the network (ONNX Runtime's execution providers).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The processor; every library has it.
    #[default]
    Cpu,
    /// XNNPACK, another set of kernels for the processor.
    Xnnpack,
    /// NVIDIA GPUs.
    Cuda,
    /// NVIDIA GPUs, by TensorRT.
    TensorRt,
}

impl Provider {
    pub const ALL: [Self; 4] = [Self::Cpu, Self::Xnnpack, Self::Cuda, Self::TensorRt];

    /// As written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Xnnpack => "xnnpack",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == text)
    }
}

/// One `[[camera.zone]]`: a polygon over the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    pub name: String,
    pub kind: ZoneKind,
    /// Corners, x to the right and y down, 0..=1 over the picture.
    pub points: Vec<(f32, f32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ZoneKind {
    /// Motion in it is an alert.
    Alert,
    /// Motion in it is not looked at.
    Ignore,
    /// Black for every consumer, and nothing is looked at.
    Privacy,
}

impl ZoneKind {
    pub const ALL: [Self; 3] = [Self::Alert, Self::Ignore, Self::Privacy];

    /// As written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Ignore => "ignore",
            Self::Privacy => "privacy",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }
}

/// Where a camera's frames come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The scene drawn by this program.
    Demo,
    /// A V4L2 device: `/dev/video0`, `/dev/v4l/by-id/…`, `/dev/v4l/by-path/…`.
    Device(PathBuf),
    /// A camera in the network.
    Network(Address),
    /// A video file (.avi with MJPEG, .mp4 with H.264) or a folder of .jpg and .png pictures.
    Recording(PathBuf),
}

impl Source {
    /// Reads a source as written in the configuration or after `--camera`.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "demo" {
            return Ok(Self::Demo);
        }
        if text.trim().is_empty() {
            return Err("a camera's source is empty".into());
        }
        if text.contains("://") {
            return Address::parse(text).map(Self::Network);
        }
        if text.chars().any(char::is_control) {
            return Err("a camera's source has a control character in it".into());
        }
        let path = PathBuf::from(text);
        // /dev/shm is a folder in memory, where files are kept.
        let is_device = path.starts_with("/dev") && !path.starts_with("/dev/shm");
        Ok(if is_device { Self::Device(path) } else { Self::Recording(path) })
    }

    /// Takes the folders off this source's own path in a text: viewers learn which file or device, not where.
    pub fn without_folders(&self, text: &str) -> String {
        let (Self::Device(path) | Self::Recording(path)) = self else { return text.into() };
        match path.file_name() {
            Some(name) => text.replace(&*path.to_string_lossy(), &name.to_string_lossy()),
            None => text.into(),
        }
    }

    /// The device, if it is one.
    pub fn device(&self) -> Option<&Path> {
        match self {
            Self::Device(path) => Some(path),
            Self::Demo | Self::Network(_) | Self::Recording(_) => None,
        }
    }

    /// As it was written, with what is secret in it: to tell sources apart, never to show one.
    pub fn written(&self) -> String {
        match self {
            Self::Network(address) => address.written(),
            Self::Demo | Self::Device(_) | Self::Recording(_) => self.to_string(),
        }
    }
}

impl Camera {
    /// How it is reached, if it is in the network.
    pub fn connection(&self) -> Option<Connection> {
        let Source::Network(address) = &self.source else { return None };
        Some(Connection {
            address: address.clone(),
            username: self.username.clone(),
            password_file: self.password_file.clone(),
            certificate: self.certificate.clone(),
            transport: self.transport,
        })
    }
}

/// Without what is secret in an address.
impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Demo => f.write_str("demo"),
            Self::Network(address) => address.fmt(f),
            Self::Device(path) | Self::Recording(path) => path.display().fmt(f),
        }
    }
}
