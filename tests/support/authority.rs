//! Certificates made in the test.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{ServerConfig, SupportedProtocolVersion};

/// An authority that signs certificates.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key.
pub struct Signed {
    pub certificate: rcgen::Certificate,
    pub key: KeyPair,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "authority of the tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Authority {
            issuer: CertifiedIssuer::self_signed(params, key).unwrap(),
        }
    }

    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Signs a certificate for this name, valid until this year.
    pub fn sign(&self, name: &str, until: i32) -> Signed {
        let key = KeyPair::generate().unwrap();
        let certificate = params(name, until).signed_by(&key, &self.issuer).unwrap();
        Signed { certificate, key }
    }

    /// Verifier for a server that accepts only clients with a certificate of this authority.
    pub fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        WebPkiClientVerifier::builder_with_provider(roots.into(), provider())
            .build()
            .unwrap()
    }
}

fn params(name: &str, until: i32) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2000, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    params
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl Signed {
    /// Makes a certificate that is signed by its own key.
    pub fn by_itself(name: &str) -> Signed {
        Signed::as_authority(name, 2100, IsCa::NoCa)
    }

    /// Makes a certificate that is signed by its own key, as `openssl req -x509` does: it says that it is an
    /// authority's. Valid until this year.
    pub fn by_itself_until(name: &str, until: i32) -> Signed {
        let authority = IsCa::Ca(BasicConstraints::Unconstrained);
        Signed::as_authority(name, until, authority)
    }

    fn as_authority(name: &str, until: i32, is_ca: IsCa) -> Signed {
        let key = KeyPair::generate().unwrap();
        let mut params = params(name, until);
        params.is_ca = is_ca;
        let certificate = params.self_signed(&key).unwrap();
        Signed { certificate, key }
    }

    pub fn serving(&self) -> Arc<ServerConfig> {
        self.serving_versions(rustls::ALL_VERSIONS)
    }

    pub fn serving_versions(
        &self,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth();
        Arc::new(builder.with_single_cert(self.chain(), self.der()).unwrap())
    }

    pub fn serving_known(&self, clients: &Authority) -> Arc<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.verifier());
        Arc::new(builder.with_single_cert(self.chain(), self.der()).unwrap())
    }

    fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.der().clone()]
    }

    fn der(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }
}
