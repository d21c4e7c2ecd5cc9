//! Settings of the transport over sockets.

use std::sync::Arc;
use std::time::Duration;

use super::connect::dial::Dialling;
use super::connect::resolver::Addressing;
use super::connection::tls::Tls;
use crate::settings::proxy::ProxySettings;

/// Settings of the transport over sockets.
#[derive(Debug)]
pub(crate) struct TransportSettings {
    /// Upper bound for the idle connections kept, to all hosts together.
    pub(crate) max_idle: usize,
    /// Upper bound for the idle connections kept to one host.
    pub(crate) max_idle_per_host: usize,
    /// Time for which an idle connection is kept. Common servers close theirs after 15 s at the earliest.
    pub(crate) idle_age: Duration,
    /// Upper bound for a response head, in bytes.
    pub(crate) header_limit: usize,
    pub(crate) dialling: Dialling,
    pub(crate) addressing: Addressing,
    /// Proxies of the requests. `None`: no request has a proxy, so that none is looked up.
    pub(crate) proxies: Option<Arc<ProxySettings>>,
    pub(crate) tls: Tls,
}

impl Default for TransportSettings {
    fn default() -> Self {
        TransportSettings {
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
