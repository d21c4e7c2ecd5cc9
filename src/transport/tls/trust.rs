//! Whose certificates are taken.

use std::sync::Arc;

use ::rustls::client::WebPkiServerVerifier;
use ::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use ::rustls::crypto::CryptoProvider;
use ::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use ::rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::escape::log_line;
use crate::tls_settings::{Roots, TlsSettings};

/// Who decides, given the certificates of the settings' files.
pub(super) fn verifier(
    settings: &TlsSettings,
    extra: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    if settings.insecure {
        log_line!(
            Warn,
            "INSECURE: the certificates of TLS servers are not verified; anybody on the way can read and change everything"
        );
        return Ok(Arc::new(Nobody {
            schemes: provider
                .signature_verification_algorithms
                .supported_schemes(),
        }));
    }
    let mut roots = RootCertStore::empty();
    match settings.roots {
        Roots::Platform => return platform(extra, provider),
        Roots::Mozilla => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Roots::Nobody => {}
    }
    for certificate in extra {
        roots
            .add(certificate)
            .map_err(|error| format!("ca_file: {error}"))?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone())
        .build()
        .map_err(|error| format!("ca_file: {error}"))?;
    Ok(verifier)
}

#[cfg(all(feature = "platform-verifier", not(target_os = "android")))]
fn platform(
    extra: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    use rustls_platform_verifier::Verifier;
    let verifier = Verifier::new_with_extra_roots(extra, provider.clone())
        .map_err(|error| format!("platform_roots: {error}"))?;
    Ok(Arc::new(verifier))
}

#[cfg(all(feature = "platform-verifier", target_os = "android"))]
fn platform(
    extra: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    use rustls_platform_verifier::Verifier;
    if !extra.is_empty() {
        return Err("add_ca_file: this platform takes no further certificates".to_owned());
    }
    let verifier =
        Verifier::new(provider.clone()).map_err(|error| format!("platform_roots: {error}"))?;
    Ok(Arc::new(verifier))
}

#[cfg(not(feature = "platform-verifier"))]
fn platform(
    _: Vec<CertificateDer<'static>>,
    _: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    Err("platform_roots: needs the feature `platform-verifier`".to_owned())
}

/// Takes anything from anybody. A signature proves nothing where the certificate is not looked at, so it is not either:
/// certificates that cannot even be parsed are a reason to ask for this.
#[derive(Debug)]
struct Nobody {
    schemes: Vec<SignatureScheme>,
}

impl ServerCertVerifier for Nobody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}
