//! Trust in certificates.

use std::sync::Arc;

use ::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use ::rustls::client::{WebPkiServerVerifier, verify_server_name};
use ::rustls::crypto::CryptoProvider;
use ::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use ::rustls::server::ParsedCertificate;
use ::rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::redact::escape::log_line;
use crate::settings::{Roots, TlsSettings};

/// Returns the verifier that the settings ask for, given the certificates of their files.
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
        return Ok(Arc::new(NoVerification {
            schemes: provider
                .signature_verification_algorithms
                .supported_schemes(),
        }));
    }
    let inner = by_roots(settings, extra.clone(), provider)?;
    Ok(match extra.is_empty() {
        true => inner,
        false => Arc::new(PinnedCertificates {
            trusted: extra,
            inner,
        }),
    })
}

/// Verifier that decides by the roots alone.
fn by_roots(
    settings: &TlsSettings,
    extra: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
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

/// Verifier that also accepts a certificate of the settings' files from the very server that presents it: self-signed
/// certificates mostly say that they are an authority's, and no server may present such a certificate otherwise (as in
/// OpenSSL and thus curl).
#[derive(Debug)]
struct PinnedCertificates {
    trusted: Vec<CertificateDer<'static>>,
    inner: Arc<dyn ServerCertVerifier>,
}

impl ServerCertVerifier for PinnedCertificates {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        let error = match verified {
            Err(error) if is_about_the_issuer(&error) => error,
            verified => return verified,
        };
        let is_trusted = |trusted: &CertificateDer<'_>| trusted.as_ref() == end_entity.as_ref();
        if !self.trusted.iter().any(is_trusted) {
            return Err(error);
        }
        // The verifier checks the time before the issuer; otherwise the error would be another one.
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// True if a certificate was refused because of its issuer, or because it is an authority's.
fn is_about_the_issuer(error: &Error) -> bool {
    let Error::InvalidCertificate(error) = error else {
        return false;
    };
    match error {
        CertificateError::UnknownIssuer => true,
        CertificateError::Other(other) => matches!(
            other.0.downcast_ref::<webpki::Error>(),
            Some(webpki::Error::CaUsedAsEndEntity)
        ),
        _ => false,
    }
}

/// Verifier that accepts every certificate. A signature proves nothing if the certificate is not checked, so the
/// signature is not checked either: certificates that cannot even be parsed are a reason to ask for this.
#[derive(Debug)]
struct NoVerification {
    schemes: Vec<SignatureScheme>,
}

impl ServerCertVerifier for NoVerification {
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
