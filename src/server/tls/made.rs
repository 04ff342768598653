//! The certificate that a board makes for itself, once, with a key of its own.

use super::{TlsError, load};
use crate::service::durable;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, SanType, date_time_ymd};
use std::fs;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Certificate and key in this folder, made if they aren't there, can't be used, or are for other names.
pub fn files(
    folder: &Path,
    hostname: Option<String>,
    names: &[String],
) -> Result<(PathBuf, PathBuf), TlsError> {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let names = all_names(hostname, names);
    // Beside them, in words, so that no certificate has to be read for it.
    let named = folder.join("names.txt");
    let wanted = names.join("\n");
    let why = match fs::read_to_string(&named) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Ok(for_names) if for_names == wanted => match load(&certificate, &key) {
            Ok(_) => return Ok((certificate, key)),
            Err(error) => Some(error.to_string()),
        },
        Ok(_) => Some("the board's names are others".into()),
        Err(error) => Some(error.to_string()),
    };
    if let Some(why) = why {
        log::warn!("a new certificate is made, which browsers will ask about: {why}");
    }
    let (certificate_pem, key_pem) =
        make(&names, addresses()).map_err(|error| TlsError::NotMade(error.to_string()))?;
    let keep = || {
        durable::replace_private(&key, &folder.join("key.unfinished"), key_pem.as_bytes())?;
        durable::replace(&certificate, &folder.join("certificate.unfinished"), certificate_pem.as_bytes())?;
        durable::replace(&named, &folder.join("names.unfinished"), wanted.as_bytes())
    };
    keep().map_err(|error| TlsError::Unreadable { path: folder.into(), error })?;
    Ok((certificate, key))
}

/// The board's own names, then those that are configured.
fn all_names(hostname: Option<String>, names: &[String]) -> Vec<String> {
    let own = hostname.map(|name| name.to_ascii_lowercase());
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

/// PEM texts of a certificate and its key.
fn make(names: &[String], addresses: Vec<IpAddr>) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params.subject_alt_names.extend(addresses.into_iter().map(SanType::IpAddress));
    // A board without a battery-backed clock may think that it is 1970, and must get in nobody's way later.
    (params.not_before, params.not_after) = (date_time_ymd(1970, 1, 1), date_time_ymd(9999, 12, 31));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let name = names.first().map_or("edge-cctv", String::as_str);
    params.distinguished_name.push(DnType::CommonName, name);
    Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
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
            let (certificate, key) = files(&folder, Some(hostname.into()), &names).unwrap();
            assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
            load(&certificate, &key).unwrap();
            fs::read_to_string(certificate).unwrap()
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
    fn a_board_has_its_names_and_addresses() {
        assert_eq!(
            all_names(Some("Board".into()), &["x.org".into()]),
            ["board.local", "board", "localhost", "x.org"]
        );
        assert!(addresses().iter().any(IpAddr::is_loopback));
    }
}
