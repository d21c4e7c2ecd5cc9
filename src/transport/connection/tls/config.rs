//! Configuration of rustls, made from the settings: one for all connections of a client.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ::rustls::client::Resumption;
use ::rustls::crypto::{CryptoProvider, ring};
use ::rustls::pki_types::pem::{self, PemObject};
use ::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use ::rustls::{ClientConfig, Error, RootCertStore, SupportedProtocolVersion, version};

use super::trust;
use crate::settings::{TlsSettings, TlsVersion};

/// Number of sessions that are remembered. rustls keeps up to eight for each host.
const SESSIONS: usize = 8 * 1024;

/// Certificates and their key, in the types of rustls.
type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Creates a configuration from these settings.
pub(super) fn configure(settings: &TlsSettings) -> Result<Arc<ClientConfig>, String> {
    let provider = provider();
    let versions: &[&SupportedProtocolVersion] = match settings.min_version {
        TlsVersion::V1_2 => &[&version::TLS13, &version::TLS12],
        TlsVersion::V1_3 => &[&version::TLS13],
    };
    let mut extra = Vec::new();
    for path in &settings.ca_files {
        extra.extend(named("ca_file", path, authorities(path))?);
    }
    let identity = identity(settings)?;
    let verifier = trust::verifier(settings, extra, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|error| format!("min_version: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some((certificates, key)) => builder
            .with_client_auth_cert(certificates, key)
            .map_err(|error| identity_error(settings, &error))?,
    };
    config.enable_sni = !settings.nameless;
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(Arc::new(config))
}

/// Creates a configuration that trusts these certificates alone.
#[cfg(test)]
pub(super) fn trusting(roots: RootCertStore) -> Arc<ClientConfig> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Arc::new(config)
}

fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(ring::default_provider()))
}

fn named<T>(setting: &str, path: &Path, result: Result<T, String>) -> Result<T, String> {
    result.map_err(|reason| format!("{setting}: {}: {reason}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| error.to_string())
}

/// Returns the certificates of a file, each of which can be trusted.
fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = certificates(&read(path)?)?;
    for (i, certificate) in certificates.iter().enumerate() {
        RootCertStore::empty()
            .add(certificate.clone())
            .map_err(|error| format!("certificate {} is not valid: {error}", i + 1))?;
    }
    Ok(certificates)
}

fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_slice_iter(text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("it is not valid PEM: {error}"))?;
    if certificates.is_empty() {
        return Err("it holds no certificate in PEM form".to_owned());
    }
    Ok(certificates)
}

fn identity(settings: &TlsSettings) -> Result<Option<Identity>, String> {
    let Some(cert) = &settings.client_cert else {
        return match &settings.client_key {
            None => Ok(None),
            Some(path) => Err(format!(
                "client_key: {}: a key without a certificate (client_cert)",
                path.display()
            )),
        };
    };
    let chain = read(cert).and_then(|text| certificates(&text));
    let chain = named("client_cert", cert, chain)?;
    let (setting, path) = match &settings.client_key {
        Some(path) => ("client_key", path),
        None => ("client_cert", cert),
    };
    let key = named(setting, path, read(path).and_then(|text| key(&text)))?;
    Ok(Some((chain, key)))
}

fn key(text: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    match PrivateKeyDer::from_pem_slice(text) {
        Ok(key) => Ok(key),
        Err(_) if holds(text, b"ENCRYPTED") => {
            Err("the key is encrypted; it has to be decrypted first".to_owned())
        }
        Err(pem::Error::NoItemsFound) => Err("it holds no private key in PEM form".to_owned()),
        // Any other detail of the error would be about a secret.
        Err(_) => Err("the private key is not valid PEM".to_owned()),
    }
}

fn holds(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|part| part == word)
}

fn identity_error(settings: &TlsSettings, error: &Error) -> String {
    let path = |path: &Option<_>| {
        let path: Option<&std::path::PathBuf> = path.as_ref();
        path.map_or_else(String::new, |path| path.display().to_string())
    };
    let cert = path(&settings.client_cert);
    match error {
        Error::InconsistentKeys(_) => format!(
            "client_key: {}: it is not the key of the certificate in {cert}",
            path(&settings.client_key.clone().or(settings.client_cert.clone()))
        ),
        error => format!("client_cert: {cert}: certificate and key cannot be used: {error}"),
    }
}
