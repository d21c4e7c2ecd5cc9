//! Settings of TLS: trusted roots, the client's certificate, versions.

use std::path::PathBuf;

/// Version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    #[default]
    V1_2,
    /// TLS 1.3 (RFC 8446).
    V1_3,
}

/// Settings of TLS with servers and proxies: trusted roots, the client's certificate, versions.
///
/// The default: Mozilla's root certificates, compiled in; no client certificate; TLS 1.2 and 1.3; the server's name is
/// sent (SNI). Sessions are resumed, and remembered for thousands of hosts. Files are in PEM; they are read once, when
/// the client is [built](crate::ClientBuilder::build), which fails if a file is wrong.
///
/// ```no_run
/// use haul::settings::TlsVersion;
/// use haul::{Client, TlsSettings};
///
/// let client = Client::builder()
///     .tls(
///         TlsSettings::new()
///             .add_ca_file("company-ca.pem")
///             .client_cert("me.pem")
///             .client_key("me.key")
///             .min_version(TlsVersion::V1_3),
///     )
///     .build()?;
/// # Ok::<(), haul::BuildError>(())
/// ```
///
/// Feature `rustls` (a default feature): without it there is no https.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[doc(alias = "verify")]
#[doc(alias = "SSLContext")]
#[must_use = "settings hold for the client they are given to with `ClientBuilder::tls`"]
pub struct TlsSettings {
    pub(crate) roots: Roots,
    pub(crate) ca_files: Vec<PathBuf>,
    pub(crate) client_cert: Option<PathBuf>,
    pub(crate) client_key: Option<PathBuf>,
    pub(crate) min_version: TlsVersion,
    pub(crate) nameless: bool,
    pub(crate) insecure: bool,
}

/// Roots that are trusted beside the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Roots {
    #[default]
    Mozilla,
    Platform,
    Nobody,
}

impl TlsSettings {
    /// Makes the default settings.
    pub fn new() -> TlsSettings {
        TlsSettings::default()
    }

    /// Trusts the certificates of this file in place of the roots (curl's `--cacert`).
    ///
    /// Several calls add up.
    ///
    /// A certificate of the file is also accepted from a server that presents this very certificate, such as a
    /// self-signed one. The server's name and the time of validity must still hold.
    #[doc(alias = "cacert")]
    #[doc(alias = "REQUESTS_CA_BUNDLE")]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.roots = Roots::Nobody;
        self.ca_files.push(path.into());
        self
    }

    /// Trusts the certificates of this file beside the roots.
    ///
    /// A file of [`ca_file`](TlsSettings::ca_file) is trusted in their place. Several calls add up.
    pub fn add_ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_files.push(path.into());
        self
    }

    /// Trusts the roots that the system trusts, and verifies as the system does.
    ///
    /// These roots stand in place of Mozilla's roots. Needs the feature `platform-verifier`; without it, building the
    /// client is an error.
    #[doc(alias = "native_roots")]
    #[doc(alias = "truststore")]
    pub fn platform_roots(mut self) -> Self {
        self.roots = Roots::Platform;
        self
    }

    /// Certificate that is shown to servers that ask for one (curl's `-E`).
    ///
    /// The file has the certificates between it and a root too. Its key is in the same file unless
    /// [`client_key`](TlsSettings::client_key) names another.
    #[doc(alias = "cert")]
    #[doc(alias = "mTLS")]
    pub fn client_cert(mut self, path: impl Into<PathBuf>) -> Self {
        self.client_cert = Some(path.into());
        self
    }

    /// Key of the client certificate (curl's `--key`): PKCS#8, PKCS#1 or SEC1, not encrypted.
    #[doc(alias = "key")]
    pub fn client_key(mut self, path: impl Into<PathBuf>) -> Self {
        self.client_key = Some(path.into());
        self
    }

    /// Oldest version that is accepted. Default TLS 1.2, the oldest that this crate supports.
    #[doc(alias = "tlsv1.2")]
    #[doc(alias = "tlsv1.3")]
    #[doc(alias = "minimum_version")]
    pub fn min_version(mut self, version: TlsVersion) -> Self {
        self.min_version = version;
        self
    }

    /// True: the name of the server is sent in the clear (SNI, RFC 6066 §3). Default true.
    ///
    /// With the name, a server can choose a certificate.
    pub fn sni(mut self, send: bool) -> Self {
        self.nameless = !send;
        self
    }

    /// True: accepts any certificate from any server (curl's `-k`). Default false.
    ///
    /// Then anyone on the way can read and change everything. A client built so logs a warning, once.
    #[doc(alias = "verify")]
    #[doc(alias = "danger_accept_invalid_certs")]
    pub fn insecure(mut self, insecure: bool) -> Self {
        self.insecure = insecure;
        self
    }
}
