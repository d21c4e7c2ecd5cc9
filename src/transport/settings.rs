//! Settings of the transport over sockets.

use std::sync::Arc;
use std::time::Duration;

use super::connect::dial::Dialling;
use super::connect::resolver::Addressing;
use super::connection::tls::Tls;
use crate::settings::proxy::ProxySettings;

/// Settings of the transport over sockets.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Idle connections kept, in all.
    pub(crate) max_idle: usize,
    /// Of those, to one host.
    pub(crate) max_idle_per_host: usize,
    /// How long an idle connection is kept. Common servers close theirs after 15 s at the earliest.
    pub(crate) idle_age: Duration,
    /// The largest response head.
    pub(crate) header_limit: usize,
    pub(crate) dialling: Dialling,
    pub(crate) addressing: Addressing,
    /// `None` where no request has one, so that nothing is asked.
    pub(crate) proxies: Option<Arc<ProxySettings>>,
    pub(crate) tls: Tls,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            max_idle: 1024,
            max_idle_per_host: 1024,
            idle_age: Duration::from_secs(15),
            header_limit: 64 * 1024,
            dialling: Dialling::default(),
            addressing: Addressing::default(),
            proxies: None,
            tls: Tls::default(),
        }
    }
}
