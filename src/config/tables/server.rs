//! The keys of `[server]`.

use crate::config::keys::{Effect, Field, Key};
use crate::config::{Auth, Server, Tls, text};

/// What `auth` may be.
const AUTH: &str = "\"password\" and \"none\"";

/// What `tls` may be.
const TLS: &str = "\"off\", \"self-signed\" and \"files\"";
const PATH: &str = "paths of files";
/// Most foreign origins.
const MOST_ORIGINS: usize = 32;
/// Most further names.
const MOST_NAMES: usize = 32;

/// `[server]`
pub static SERVER: &[Key<Server>] = &[
    Key {
        name: "listen",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "Address and port of the web server. Beyond this board it is only opened once there is a password \
                (`edge-cctv passwd`), or with `auth = \"none\"`.",
        field: Field::Text {
            allowed: text::LISTEN,
            get: |server| server.listen.to_string(),
            set: |server, text| {
                server.listen = text::listen(text)?;
                Ok(())
            },
        },
    },
    Key {
        name: "auth",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "Who has to log in: with \"password\" everybody, as soon as there is one; until then the server can only \
                be reached from this board. With \"none\" nobody: whoever can reach the address sees the cameras, can \
                start and stop them, change their settings and close relays.",
        field: Field::Text {
            allowed: AUTH,
            get: |server| server.auth.name().into(),
            set: |server, text| {
                server.auth = Auth::parse(text).ok_or_else(|| format!("allowed are {AUTH}"))?;
                Ok(())
            },
        },
    },
    Key {
        name: "names",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "Names by which browsers reach this board, besides its host name, that name with `.local`, names without a dot \
                and addresses in digits: those of a proxy or a router's domain. A request by any other name is refused, \
                since a stranger's page can make its own name lead here (DNS rebinding).",
        field: Field::Texts {
            allowed: text::NAME,
            most: MOST_NAMES,
            check: text::name,
            get: |server| &server.names,
            set: |server, names| server.names = names,
        },
    },
    Key {
        name: "tls",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "Encryption (HTTPS): \"off\"; \"self-signed\" with a certificate that this board makes for itself, whose \
                fingerprint is in the log, to be compared with that in the browser's warning; or \"files\" with those below. \
                Unencrypted requests to the same port are then sent over to https.",
        field: Field::Text {
            allowed: TLS,
            get: |server| server.tls.name().into(),
            set: |server, text| {
                server.tls = Tls::parse(text).ok_or_else(|| format!("allowed are {TLS}"))?;
                Ok(())
            },
        },
    },
    Key {
        name: "certificate",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "File with the certificate and those that lead to its authority, in PEM. Read again when it changes.",
        field: Field::Text {
            allowed: PATH,
            get: |server| server.certificate.display().to_string(),
            set: |server, text| {
                server.certificate = text.into();
                Ok(())
            },
        },
    },
    Key {
        name: "certificate_key",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "File with the certificate's private key, in PEM. Read again when it changes.",
        field: Field::Text {
            allowed: PATH,
            get: |server| server.certificate_key.display().to_string(),
            set: |server, text| {
                server.certificate_key = text.into();
                Ok(())
            },
        },
    },
    Key {
        name: "cors_origins",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "Other sites whose pages may use the API from a browser (CORS), with credentials. \"*\" is refused.",
        field: Field::Texts {
            allowed: text::ORIGIN,
            most: MOST_ORIGINS,
            check: text::origin,
            get: |server| &server.cors_origins,
            set: |server, origins| server.cors_origins = origins,
        },
    },
    Key {
        name: "max_viewers",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "Streams at once, MJPEG and WebSocket together; one more is answered 503. One login has half of them at \
                most. Fewer than `max_connections`.",
        field: Field::Whole {
            from: 1,
            to: 1000,
            get: |server| u32::try_from(server.max_viewers).unwrap_or(u32::MAX),
            set: |server, number| server.max_viewers = number as usize,
        },
    },
    Key {
        name: "max_connections",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "TCP connections at once. When all are taken, those on which nobody has logged in make room, first the \
                oldest of the address that has most of them; if there are none, further ones wait.",
        field: Field::Whole {
            from: 2,
            to: 10_000,
            get: |server| u32::try_from(server.max_connections).unwrap_or(u32::MAX),
            set: |server, number| server.max_connections = number as usize,
        },
    },
    Key {
        name: "max_address_connections",
        effect: Effect::Restart,
        required: false,
        unit: "",
        about: "TCP connections of one address at once; further ones are closed. A browser takes up \
                to six for each page; behind a proxy all viewers have its address.",
        field: Field::Whole {
            from: 1,
            to: 10_000,
            get: |server| u32::try_from(server.max_address_connections).unwrap_or(u32::MAX),
            set: |server, number| server.max_address_connections = number as usize,
        },
    },
    Key {
        name: "head_seconds",
        effect: Effect::Restart,
        required: false,
        unit: "seconds",
        about: "A request's head must be there within this time, and so must the beginning of an encrypted connection; it is also \
                how long an idle connection is kept. Who sends a letter a minute holds a connection no longer than this.",
        field: Field::Number {
            from: 1.0,
            to: 120.0,
            zero: None,
            get: |server| server.head_seconds,
            set: |server, number| server.head_seconds = number,
        },
    },
    Key {
        name: "max_head_bytes",
        effect: Effect::Restart,
        required: false,
        unit: "bytes",
        about: "A request's head may have so many bytes. Browsers send about one thousand.",
        field: Field::Whole {
            from: 8192,
            to: 1_048_576,
            get: |server| u32::try_from(server.max_head_bytes).unwrap_or(u32::MAX),
            set: |server, number| server.max_head_bytes = number as usize,
        },
    },
    Key {
        name: "max_body_bytes",
        effect: Effect::Restart,
        required: false,
        unit: "bytes",
        about: "A request's body may have so many bytes. All settings with all zones drawn have less than 32,768.",
        field: Field::Whole {
            from: 1024,
            to: 1_048_576,
            get: |server| u32::try_from(server.max_body_bytes).unwrap_or(u32::MAX),
            set: |server, number| server.max_body_bytes = number as usize,
        },
    },
    Key {
        name: "max_message_bytes",
        effect: Effect::Restart,
        required: false,
        unit: "bytes",
        about: "A message from a viewer on a WebSocket may have so many bytes. Viewers have nothing to say but control messages, of \
                125 bytes at most.",
        field: Field::Whole {
            from: 125,
            to: 65_536,
            get: |server| u32::try_from(server.max_message_bytes).unwrap_or(u32::MAX),
            set: |server, number| server.max_message_bytes = number as usize,
        },
    },
    Key {
        name: "expensive_per_second",
        effect: Effect::Restart,
        required: false,
        unit: "requests a second",
        about: "Requests of one address for what costs much: snapshots, maps and masks, the log, the system's figures, changes of \
                settings. Four times as many may come at once.",
        field: Field::Number {
            from: 0.1,
            to: 1000.0,
            zero: None,
            get: |server| server.expensive_per_second,
            set: |server, number| server.expensive_per_second = number,
        },
    },
    Key {
        name: "stall_seconds",
        effect: Effect::Restart,
        required: false,
        unit: "seconds",
        about: "A viewer that takes nothing for so long is cut off.",
        field: Field::Number {
            from: 1.0,
            to: 3600.0,
            zero: None,
            get: |server| server.stall_seconds,
            set: |server, number| server.stall_seconds = number,
        },
    },
];
