//! Encrypted connections: whose certificate, and how it is exchanged while the program runs. Knows no HTTP.

mod made;

use crate::config::{self, Config};
use crate::service::machine;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;

/// Why there is nothing to encrypt with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{}: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{}: {why}", path.display())]
    Unusable { path: PathBuf, why: String },
    #[error("{} and {} don't belong together: {why}", certificate.display(), key.display())]
    Mismatched { certificate: PathBuf, key: PathBuf, why: String },
    #[error("no certificate can be made: {0}")]
    NotMade(String),
}

/// What connections are encrypted with.
pub struct Tls {
    server: Arc<ServerConfig>,
    current: Arc<Current>,
    certificate: PathBuf,
    key: PathBuf,
    /// What the files were when they were looked at last.
    seen: Mutex<[Option<Stamp>; 2]>,
    /// An authority vouches for it: browsers may remember that this server is always encrypted.
    pub vouched_for: bool,
}

/// By which it is noticed that a file is another one.
type Stamp = (u64, u64, i64, i64);

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
        let (certificate, key) = match server.tls {
            config::Tls::Off => return Ok(None),
            config::Tls::Files => (server.certificate.clone(), server.certificate_key.clone()),
            config::Tls::SelfSigned => {
                made::files(&config.state_dir.join("tls"), machine::hostname(), &server.names)?
            }
        };
        let seen = [stamp(&certificate), stamp(&key)];
        let first = load(&certificate, &key)?;
        log::info!("the certificate's SHA-256 fingerprint is {}", fingerprint(&first));
        let current = Arc::new(Current(RwLock::new(Arc::new(first))));
        let provider = Arc::new(ring::default_provider());
        let mut server_config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has what TLS 1.2 and 1.3 need")
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        server_config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Some(Arc::new(Self {
            server: Arc::new(server_config),
            current,
            certificate,
            key,
            seen: Mutex::new(seen),
            vouched_for: server.tls == config::Tls::Files,
        })))
    }

    pub fn acceptor(&self) -> TlsAcceptor {
        self.server.clone().into()
    }

    /// Takes the files up if they have changed. What can't be used is told once, and the old ones stay in use: when one file
    /// is there before the other, the next look finds both. Blocks.
    pub fn refresh(&self) {
        let now = [stamp(&self.certificate), stamp(&self.key)];
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return;
        }
        *seen = now;
        match load(&self.certificate, &self.key) {
            Ok(new) => {
                log::info!(
                    "another certificate is used from now on, SHA-256 fingerprint {}",
                    fingerprint(&new)
                );
                *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
            }
            Err(error) => log::error!("the certificate stays as it was: {error}"),
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
}

/// The certificate with its chain, and the key that fits it.
fn load(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let read =
        |path: &Path| fs::read(path).map_err(|error| TlsError::Unreadable { path: path.into(), error });
    let unusable = |path: &Path, why: String| TlsError::Unusable { path: path.into(), why };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(certificate)?)
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(certificate, format!("it isn't PEM: {error}")))?;
    if chain.is_empty() {
        return Err(unusable(certificate, "there is no certificate in it".into()));
    }
    let private = PrivateKeyDer::from_pem_slice(&read(key)?)
        .map_err(|error| unusable(key, format!("there is no private key in it: {error}")))?;
    let provider: CryptoProvider = ring::default_provider();
    CertifiedKey::from_der(chain, private, &provider).map_err(|error| TlsError::Mismatched {
        certificate: certificate.into(),
        key: key.into(),
        why: error.to_string(),
    })
}

/// As browsers show it.
fn fingerprint(key: &CertifiedKey) -> String {
    let first = key.cert.first().map(Sha256::digest).unwrap_or_default();
    first.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}
