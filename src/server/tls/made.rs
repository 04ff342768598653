//! The certificate that a board makes for itself, once, with a key of its own.

use super::TlsError;
use super::pair::Paths;
use crate::service::durable;
use rcgen::{
    Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, SanType, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::CertifiedKey;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::path::Path;

/// Certificate and key in this folder, made if they aren't there, can't be used, or are for other names. Where they can't
/// be kept they are good until the program ends: a disk takes nothing from the rest.
///
/// # Errors
/// The machine has no randomness.
pub fn pair(folder: &Path, hostname: Option<String>, names: &[String]) -> Result<CertifiedKey, TlsError> {
    let paths = Paths { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
    let names = all_names(hostname, names);
    // Beside them, in words, so that no certificate has to be read for it.
    let named = folder.join("names.txt");
    let wanted = names.join("\n");
    let why = match fs::read_to_string(&named) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Ok(for_names) if for_names == wanted => match paths.load() {
            Ok(kept) => return Ok(kept),
            Err(error) => Some(error.to_string()),
        },
        Ok(_) => Some("the board's names are others".into()),
        Err(error) => Some(error.to_string()),
    };
    if let Some(why) = why {
        log::warn!("a new certificate is made, which browsers will ask about: {why}");
    }
    let (certificate, key) =
        make(&names, addresses()).map_err(|error| TlsError::NotMade(error.to_string()))?;
    let keep = || -> io::Result<()> {
        let beside = |name: &str| folder.join(name);
        durable::replace_private(&paths.key, &beside("key.unfinished"), key.serialize_pem().as_bytes())?;
        let text = certificate.pem();
        durable::replace(&paths.certificate, &beside("certificate.unfinished"), text.as_bytes())?;
        durable::replace(&named, &beside("names.unfinished"), wanted.as_bytes())
    };
    if let Err(error) = keep() {
        log::error!("the certificate can't be kept, and another one is made at the next start: {error}");
    }
    let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    CertifiedKey::from_der(vec![certificate.der().clone()], private, &ring::default_provider())
        .map_err(|error| TlsError::NotMade(error.to_string()))
}

/// The board's own names, then those that are configured. A machine that nobody has named is called "(none)", which no
/// certificate can be for.
fn all_names(hostname: Option<String>, names: &[String]) -> Vec<String> {
    let is_name = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let own = hostname.filter(is_name).map(|name| name.to_ascii_lowercase());
    let own = own.into_iter().flat_map(|name| [format!("{name}.local"), name]);
    let mut all: Vec<String> = own.chain(["localhost".into()]).chain(names.iter().cloned()).collect();
    all.dedup();
    all
}

/// By which the board can be reached now. They may change; the names stay.
fn addresses() -> Vec<IpAddr> {
    let found = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        log::warn!("the certificate has no addresses of this board: {error}");
        Vec::new()
    });
    found.iter().map(if_addrs::Interface::ip).collect()
}

/// A certificate and its key.
fn make(names: &[String], addresses: Vec<IpAddr>) -> Result<(Certificate, KeyPair), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params.subject_alt_names.extend(addresses.into_iter().map(SanType::IpAddress));
    // A board without a battery-backed clock may think that it is 1970, and must get in nobody's way later.
    (params.not_before, params.not_after) = (date_time_ymd(1970, 1, 1), date_time_ymd(9999, 12, 31));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let name = names.first().map_or("edge-cctv", String::as_str);
    params.distinguished_name.push(DnType::CommonName, name);
    Ok((params.self_signed(&key)?, key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn it_is_made_once_for_its_names_and_nobody_else_reads_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("tls");
        let made = |hostname: &str, names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
            let pair = pair(&folder, Some(hostname.into()), &names).unwrap();
            let mode = fs::metadata(folder.join("key.pem")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            pair.cert
        };
        let first = made("Board", &[]);
        assert_eq!(made("board", &[]), first);
        let other = made("board", &["cctv.example.org"]);
        assert_ne!(other, first);
        fs::write(folder.join("key.pem"), "nothing").unwrap();
        let mended = made("board", &["cctv.example.org"]);
        assert_ne!(mended, other);
        assert_eq!(made("board", &["cctv.example.org"]), mended);
    }

    #[test]
    fn what_can_not_be_kept_is_good_until_the_end() {
        let folder = tempfile::tempdir().unwrap();
        // A file in the place of the folder: writing fails whoever runs the test.
        let file = folder.path().join("tls");
        fs::write(&file, "").unwrap();
        assert!(pair(&file, Some("board".into()), &[]).is_ok());
    }

    #[test]
    fn a_board_has_its_names_and_addresses() {
        assert_eq!(
            all_names(Some("Board".into()), &["x.org".into()]),
            ["board.local", "board", "localhost", "x.org"]
        );
        assert_eq!(all_names(Some("(none)".into()), &[]), ["localhost"]);
        assert!(addresses().iter().any(IpAddr::is_loopback));
    }
}
