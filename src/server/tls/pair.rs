//! A certificate and the key that fits it, from PEM. Says in words which of the two can't be used, and why.

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// No chain of certificates is longer.
const MOST_BYTES: u64 = 1 << 20;

/// Why a pair can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    #[error("the certificate {} {why}", path.display())]
    Certificate { path: PathBuf, why: String },
    #[error("the certificate's key {} {why}", path.display())]
    Key { path: PathBuf, why: String },
}

/// Where the two are.
#[derive(Debug)]
pub struct Paths {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// By which it is noticed that a file is another one.
pub type Stamp = (u64, u64, i64, i64);

impl Paths {
    /// Of both files as they are; `None` where there is none.
    pub fn stamps(&self) -> [Option<Stamp>; 2] {
        [&self.certificate, &self.key].map(|path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
        })
    }

    /// The certificate with its chain, and its key. Blocks.
    ///
    /// # Errors
    /// They can't be read, can't be used, or don't belong together.
    pub fn load(&self) -> Result<CertifiedKey, PairError> {
        let of_certificate = |why: String| PairError::Certificate { path: self.certificate.clone(), why };
        let of_key = |why: String| PairError::Key { path: self.key.clone(), why };
        let certificates = read(&self.certificate).map_err(of_certificate)?;
        let chain = CertificateDer::pem_slice_iter(&certificates).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| of_certificate(format!("is damaged: {error}")))?;
        if chain.is_empty() {
            return Err(of_certificate("has no certificate in it".into()));
        }
        let private = PrivateKeyDer::from_pem_slice(&read(&self.key).map_err(of_key)?)
            .map_err(|error| of_key(format!("has no private key in it: {error}")))?;
        let private = ring::default_provider()
            .key_provider
            .load_private_key(private)
            .map_err(|error| of_key(format!("has no key that can be used: {error}")))?;
        let pair = CertifiedKey::new(chain, private);
        match pair.keys_match() {
            Ok(()) => Ok(pair),
            Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                Err(of_key(format!("isn't that of the certificate {}", self.certificate.display())))
            }
            Err(error) => Err(of_certificate(format!("has no certificate that can be used: {error}"))),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error: io::Error| format!("can't be read: {error}"))?;
    if bytes.len() as u64 > MOST_BYTES { Err("is bigger than 1 MiB".into()) } else { Ok(bytes) }
}

/// As browsers show it.
pub fn fingerprint(pair: &CertifiedKey) -> String {
    let first = pair.cert.first().map(Sha256::digest).unwrap_or_default();
    first.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}
