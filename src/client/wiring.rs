//! From what was set of connections to what the transport is told.

use std::sync::Arc;
use std::time::Duration;

use crate::settings::TlsSettings;
use crate::settings::addresses::IpFamily;
use crate::settings::proxy::{ProxyKind, ProxyServer, ProxySettings};
use crate::transport::{self, Addressing, Dialling, Tls};

use super::error::BuildError;

/// What was set of connections.
#[derive(Default)]
pub(super) struct ConnectionSettings {
    pub(super) tls: TlsSettings,
    pub(super) proxy: ProxySettings,
    pub(super) exempt: Vec<String>,
    pub(super) addressing: Addressing,
    pub(super) dialling: Dialling,
    pub(super) max_idle: Option<usize>,
    pub(super) max_idle_per_host: Option<usize>,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) header_limit: Option<usize>,
}

impl ConnectionSettings {
    /// For the transport, where nothing was set that could be wrong.
    pub(super) fn usual(workers: usize) -> transport::Settings {
        transport::Settings {
            // A list over many hosts leaves a connection behind at each.
            max_idle: workers.saturating_mul(4).max(1024),
            max_idle_per_host: workers,
            ..transport::Settings::default()
        }
    }

    /// For the transport. Files are read here.
    pub(super) fn prepare(self, workers: usize) -> Result<transport::Settings, BuildError> {
        let wrong = |setting| move |reason| BuildError { setting, reason };
        self.proxy.check().map_err(wrong("proxy"))?;
        check_socks(&self.proxy).map_err(wrong("proxy"))?;
        self.check_exemption().map_err(wrong("address_policy"))?;
        let mut addressing = self.addressing;
        if let Some(local) = self.dialling.local {
            if !addressing.family.has(local) {
                let reason = format!("{local} is not of the ip_family that is to be used");
                return Err(wrong("local_address")(reason));
            }
            self.dialling
                .check()
                .map_err(|error| format!("nothing can come from {local}: {error}"))
                .map_err(wrong("local_address"))?;
            addressing.family = IpFamily::of(local);
        }
        let tls = Tls::of(&self.tls).map_err(wrong("tls"))?;
        let has_proxy = self.proxy.servers().next().is_some();
        let usual = ConnectionSettings::usual(workers);
        Ok(transport::Settings {
            max_idle: self.max_idle.unwrap_or(usual.max_idle),
            max_idle_per_host: self.max_idle_per_host.unwrap_or(usual.max_idle_per_host),
            idle_age: self.idle_timeout.unwrap_or(usual.idle_age),
            header_limit: self.header_limit.unwrap_or(usual.header_limit),
            dialling: self.dialling,
            addressing,
            proxies: has_proxy.then(|| Arc::new(self.proxy)),
            tls,
        })
    }

    /// Behind a proxy no policy can be kept.
    fn check_exemption(&self) -> Result<(), String> {
        if self.addressing.policy.is_any() {
            return Ok(());
        }
        let exempt = |name: &str| self.exempt.iter().any(|e| e.eq_ignore_ascii_case(name));
        match self.proxy.servers().find(|proxy| !exempt(&proxy.name)) {
            None => Ok(()),
            Some(proxy) => Err(format!(
                "behind the proxy {} no address can be seen; exempt_proxy(\"{}\") lets it be used all the same",
                proxy, proxy.name
            )),
        }
    }
}

/// A build without SOCKS5 has no use for such a proxy.
fn check_socks(settings: &ProxySettings) -> Result<(), String> {
    let socks = |proxy: &&ProxyServer| proxy.kind == ProxyKind::Socks5;
    match settings.servers().find(socks) {
        Some(proxy) if cfg!(not(feature = "socks")) => Err(format!(
            "{proxy} speaks SOCKS5, which needs the feature `socks`"
        )),
        _ => Ok(()),
    }
}
