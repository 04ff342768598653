//! Whether an HTTPS camera is the right one: its certificate is vouched for by an authority that the system knows, or it is
//! the very one in a file, since cameras make theirs themselves and put no useful name in it.

use super::{Connection, name_of};
use crate::camera::CameraError;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// What encrypts connections to this camera.
///
/// # Errors
/// The certificate's file can't be used, or there is none and the system knows no authority.
pub fn connector(connection: &Connection) -> Result<TlsConnector, CameraError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| CameraError::Lost(format!("TLS can't be started: {error}")))?;
    let config = if connection.certificate.as_os_str().is_empty() {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(CameraError::Denied(format!(
                "{}: this system knows no certificate authority: install ca-certificates, or set certificate to a file \
                 with the camera's own",
                connection.address.place()
            )));
        }
        builder.with_root_certificates(roots)
    } else {
        let path = &connection.certificate;
        let certificate = CertificateDer::from_pem_file(path).map_err(|error| {
            CameraError::Denied(format!("the camera's certificate {} can't be used: {error}", name_of(path)))
        })?;
        let verifier = Arc::new(Only { certificate, provider });
        builder.dangerous().with_custom_certificate_verifier(verifier)
    };
    Ok(TlsConnector::from(Arc::new(config.with_no_client_auth())))
}

/// A handshake that failed.
pub fn fault(place: &str, error: &std::io::Error) -> CameraError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match inner {
        Some(Error::InvalidCertificate(why)) => CameraError::Denied(format!(
            "{place} shows a certificate that isn't trusted ({why}); if it is the camera's own, save it and set \
             certificate: openssl s_client -connect HOST:PORT </dev/null | openssl x509 -out FILE"
        )),
        Some(Error::InvalidMessage(_)) => {
            CameraError::Lost(format!("{place} doesn't speak HTTPS at this port; is it http://?"))
        }
        _ => CameraError::Lost(format!("{place}: no encrypted connection: {error}")),
    }
}

/// Trusts one certificate, whatever is written in it: who shows it must have its key.
#[derive(Debug)]
struct Only {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Only {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *end_entity == self.certificate {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
