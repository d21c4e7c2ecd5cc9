//! TLS layer: rustls with the feature `rustls`, otherwise a layer that refuses `https`.

use super::wire::WireError;

#[cfg(feature = "rustls")]
mod config;
#[cfg(feature = "rustls")]
mod rustls;
#[cfg(feature = "rustls")]
mod trust;
#[cfg(feature = "rustls")]
pub(in crate::transport) use self::rustls::Session;
#[cfg(feature = "rustls")]
pub(crate) use self::rustls::Tls;

#[cfg(not(feature = "rustls"))]
mod absent;
#[cfg(not(feature = "rustls"))]
pub(in crate::transport) use self::absent::Session;
#[cfg(not(feature = "rustls"))]
pub(crate) use self::absent::Tls;

/// Returns a failure that the next attempt will meet again.
fn permanent(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> WireError {
    WireError::Tls {
        permanent: true,
        source: source.into(),
    }
}
