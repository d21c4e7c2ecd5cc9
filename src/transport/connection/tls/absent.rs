//! TLS layer without the feature `rustls`: `https` is refused with a clear error.

use std::time::Duration;

use super::permanent;
use crate::settings::TlsSettings;
use crate::transport::connection::carrier::TlsCarrier;
use crate::transport::connection::wire::{SocketWire, WireError};

#[derive(Debug, Default)]
pub(crate) struct Tls {}

/// TLS session, which cannot exist without the feature.
#[derive(Debug)]
pub(in crate::transport) enum Session {}

impl Tls {
    /// Returns an error for settings that would have no effect.
    pub(crate) fn of(settings: &TlsSettings) -> Result<Tls, String> {
        if *settings == TlsSettings::default() {
            Ok(Tls {})
        } else {
            Err("this build has no TLS: it needs the feature `rustls`".to_owned())
        }
    }

    pub(in crate::transport) fn handshake(
        &self,
        _: &str,
        _: &mut impl TlsCarrier,
    ) -> Result<Box<Session>, WireError> {
        Err(permanent("https needs the feature `rustls`"))
    }
}

impl Session {
    pub(in crate::transport) fn write_all(
        &mut self,
        _: &mut impl TlsCarrier,
        _: &[u8],
    ) -> Result<(), WireError> {
        match *self {}
    }

    pub(in crate::transport) fn push(
        &mut self,
        _: &mut impl TlsCarrier,
        _: &[u8],
    ) -> Result<(usize, bool), WireError> {
        match *self {}
    }

    pub(in crate::transport) fn read(
        &mut self,
        _: &mut impl TlsCarrier,
        _: &mut [u8],
        _: Option<Duration>,
    ) -> Result<usize, WireError> {
        match *self {}
    }

    pub(in crate::transport) fn is_quiet(&mut self, _: &mut SocketWire, _: bool) -> bool {
        match *self {}
    }

    pub(in crate::transport) fn shrink(&mut self) {
        match *self {}
    }
}
