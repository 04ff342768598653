//! Encrypted connections: whose certificate, and how it is exchanged while the program runs. Knows no HTTP.

mod made;
mod pair;

use crate::config::{self, Config};
use crate::service::machine;
use pair::{PairError, Paths, Stamp, fingerprint};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Bytes of a connection that wait between being encrypted and being taken by the kernel: one record (RFC 8446, 5.1).
/// With more, a slow viewer's pictures would be older.
const BUFFER: usize = 16 * 1024;

/// Why there is nothing to encrypt with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{0}")]
    Files(#[from] PairError),
    #[error("no certificate can be made: {0}")]
    NotMade(String),
}

/// What connections are encrypted with.
pub struct Tls {
    server: Arc<ServerConfig>,
    current: Arc<Current>,
    /// Whoever renews the certificate exchanges these.
    files: Option<Files>,
    /// An authority vouches for it: browsers may remember that this server is always encrypted.
    pub vouched_for: bool,
}

/// The certificate that new connections get.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Tls {
    /// As configured; `None`: connections aren't encrypted. Blocks.
    ///
    /// # Errors
    /// The files can't be used, or none can be made.
    pub fn open(config: &Config) -> Result<Option<Arc<Self>>, TlsError> {
        let server = &config.server;
        let (first, files) = match server.tls {
            config::Tls::Off => return Ok(None),
            config::Tls::Files => {
                let paths =
                    Paths { certificate: server.certificate.clone(), key: server.certificate_key.clone() };
                let (files, first) = Files::open(paths)?;
                (first, Some(files))
            }
            config::Tls::SelfSigned => {
                (made::pair(&config.state_dir.join("tls"), machine::hostname(), &server.names)?, None)
            }
        };
        log::info!("the certificate's SHA-256 fingerprint is {}", fingerprint(&first));
        let current = Arc::new(Current(RwLock::new(Arc::new(first))));
        let provider = Arc::new(ring::default_provider());
        let mut server_config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has what TLS 1.2 and 1.3 need")
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        server_config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let vouched_for = files.is_some();
        Ok(Some(Arc::new(Self { server: Arc::new(server_config), current, files, vouched_for })))
    }

    /// Begins to encrypt.
    ///
    /// # Errors
    /// The peer doesn't speak it, or ends the connection.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<TlsStream<S>> {
        let acceptor = TlsAcceptor::from(self.server.clone());
        acceptor.accept_with(stream, |session| session.set_buffer_limit(Some(BUFFER))).await
    }

    /// Takes the files up if they have changed. Blocks.
    pub fn refresh(&self) {
        let Some(files) = &self.files else { return };
        match files.look() {
            Look::Same => {}
            Look::Unusable(why) => log::error!("the certificate stays as it was: {why}"),
            Look::Other(new) => {
                let new_print = fingerprint(&new);
                *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                log::info!("another certificate is used from now on, SHA-256 fingerprint {new_print}");
            }
        }
    }
}

/// Certificate and key that somebody else writes.
struct Files {
    paths: Paths,
    seen: Mutex<Seen>,
}

/// What was found at earlier looks.
struct Seen {
    /// Of the files that are in use.
    used: [Option<Stamp>; 2],
    /// Why the newest ones aren't, and at how many looks.
    unusable: Option<(String, u32)>,
}

/// What a look at the files finds.
enum Look {
    /// Nothing to do or to tell.
    Same,
    Other(CertifiedKey),
    /// Told once, when it is still so at the next look: one file may come before the other.
    Unusable(String),
}

impl Files {
    fn open(paths: Paths) -> Result<(Self, CertifiedKey), PairError> {
        let used = paths.stamps();
        let first = paths.load()?;
        Ok((Self { paths, seen: Mutex::new(Seen { used, unusable: None }) }, first))
    }

    /// What can't be used is tried again at each look: the disk or the want of file descriptors may be to blame.
    fn look(&self) -> Look {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Before they are read: what is written meanwhile is found by the next look.
        let now = self.paths.stamps();
        if seen.used == now {
            seen.unusable = None;
            return Look::Same;
        }
        match self.paths.load() {
            Ok(new) => {
                *seen = Seen { used: now, unusable: None };
                Look::Other(new)
            }
            Err(error) => {
                let why = error.to_string();
                let before = seen.unusable.take().filter(|(before, _)| *before == why);
                let looks = before.map_or(1, |(_, looks)| looks.saturating_add(1));
                seen.unusable = Some((why.clone(), looks));
                if looks == 2 { Look::Unusable(why) } else { Look::Same }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertifiedKey as Made, generate_simple_self_signed};
    use std::fs;
    use std::path::Path;

    /// PEM texts of a certificate and its key.
    fn make() -> [String; 2] {
        let Made { cert, signing_key } = generate_simple_self_signed(["localhost".to_string()]).unwrap();
        [cert.pem(), signing_key.serialize_pem()]
    }

    fn put(path: &Path, text: &str) {
        fs::write(path.with_extension("new"), text).unwrap();
        fs::rename(path.with_extension("new"), path).unwrap();
    }

    fn files(folder: &Path) -> Files {
        let paths = Paths { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
        let [certificate, key] = make();
        put(&paths.certificate, &certificate);
        put(&paths.key, &key);
        Files::open(paths).unwrap().0
    }

    #[test]
    fn a_pair_whose_halves_come_one_after_the_other_is_nothing_to_tell() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        assert!(matches!(files.look(), Look::Same));
        let [certificate, key] = make();
        put(&files.paths.certificate, &certificate);
        assert!(matches!(files.look(), Look::Same), "the key may be on its way");
        put(&files.paths.key, &key);
        assert!(matches!(files.look(), Look::Other(_)));
        assert!(matches!(files.look(), Look::Same));
    }

    #[test]
    fn what_can_not_be_used_is_told_once_and_taken_up_when_it_can() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        let [certificate, key] = make();
        put(&files.paths.certificate, &certificate);
        let told = |files: &Files| (0..10).filter(|_| matches!(files.look(), Look::Unusable(_))).count();
        assert_eq!(told(&files), 1, "the key doesn't fit");
        fs::remove_file(&files.paths.certificate).unwrap();
        assert_eq!(told(&files), 1, "another reason is told too");
        put(&files.paths.certificate, &certificate);
        // A folder can't be read. It is renamed, so that the key that fits is no newer than the last look.
        put(&files.paths.key.with_extension("fits"), &key);
        fs::remove_file(&files.paths.key).unwrap();
        fs::create_dir(&files.paths.key).unwrap();
        assert_eq!(told(&files), 1);
        fs::remove_dir(&files.paths.key).unwrap();
        fs::rename(files.paths.key.with_extension("fits"), &files.paths.key).unwrap();
        assert!(matches!(files.look(), Look::Other(_)));
    }
}
