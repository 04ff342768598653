//! Speaks TLS with the program as somebody who trusts one certificate, and makes certificates.

use crate::common::{Reply, Server, Stream, answer};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use std::io::{self, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

pub type Encrypted = StreamOwned<ClientConnection, TcpStream>;

pub const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12, &rustls::version::TLS13];

/// Who trusts this certificate and no other.
#[derive(Clone)]
pub struct Client {
    pub config: ClientConfig,
}

impl Client {
    /// By the certificate's PEM text.
    pub fn trusting(certificate: &str, versions: &[&'static SupportedProtocolVersion]) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_protocol_versions(versions).unwrap();
        Self { config: builder.with_root_certificates(roots).with_no_client_auth() }
    }

    /// Connects to the server by one of its names.
    ///
    /// # Errors
    /// Either side refuses.
    pub fn connect(&self, server: &Server, name: &str) -> io::Result<Encrypted> {
        let name = ServerName::try_from(name.to_string()).unwrap();
        let mut session = ClientConnection::new(Arc::new(self.config.clone()), name).unwrap();
        let mut stream = server.connect();
        while session.is_handshaking() {
            session.complete_io(&mut stream)?;
        }
        Ok(StreamOwned::new(session, stream))
    }

    /// Sends this head, which needs no body, and reads the answer to the connection's orderly end.
    pub fn ask(&self, server: &Server, name: &str, line: &str) -> Reply {
        let mut stream = self.connect(server, name).unwrap();
        write!(stream, "{line} HTTP/1.1\r\nHost: {name}:{}\r\nConnection: close\r\n\r\n", server.port)
            .unwrap();
        answer(stream)
    }

    pub fn get(&self, server: &Server, path: &str) -> Reply {
        self.ask(server, "localhost", &format!("GET {path}"))
    }

    /// Begins to watch.
    pub fn watch(&self, server: &Server, path: &str) -> Stream {
        let mut stream = self.connect(server, "localhost").unwrap();
        // HTTP/1.0 knows no chunks.
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
        Stream::of(stream)
    }
}

/// Makes a certificate for localhost; its PEM text and its key's.
pub fn make_pair() -> (String, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_string()]).unwrap();
    (cert.pem(), signing_key.serialize_pem())
}

/// Puts a file in the place of another, as whoever renews certificates does.
pub fn put(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(&beside, path).unwrap();
}
