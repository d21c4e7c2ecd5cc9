//! Settings for the transport, made from the client's settings of connections.

use std::sync::Arc;

use crate::settings::ConnectionSettings;
use crate::transport::{self, Addressing, Dialling, Tls};

use super::error::BuildError;

/// Makes the transport's settings if nothing was set that could be wrong.
pub(super) fn default_transport(workers: usize) -> transport::TransportSettings {
    transport::TransportSettings {
        // A list over many hosts leaves a connection behind at each host.
        max_idle: workers.saturating_mul(4).max(1024),
        max_idle_per_host: workers,
        ..transport::TransportSettings::default()
    }
}

/// Makes the transport's settings. Files are read here.
pub(super) fn prepare(
    mut connection: ConnectionSettings,
    workers: usize,
) -> Result<transport::TransportSettings, BuildError> {
    let wrong = |setting| move |reason| BuildError { setting, reason };
    if let Some(name) = &connection.interface {
        let address = transport::address_of_interface(name, connection.family)
            .map_err(|e| format!("{name:?}: {e}"))
            .map_err(wrong("interface"))?;
        connection.local = Some(address);
    }
    connection
        .check()
        .map_err(|(setting, reason)| BuildError { setting, reason })?;
    let addressing = Addressing {
        family: connection.family(),
        policy: connection.policy,
        given: connection.given,
    };
    let dialling = Dialling {
        local: connection.local,
        keep_alive: connection.keep_alive,
    };
    if let Some(local) = connection.local {
        dialling
            .check()
            .map_err(|error| format!("nothing can come from {local}: {error}"))
            .map_err(wrong("local_address"))?;
    }
    let tls = Tls::of(&connection.tls).map_err(wrong("tls"))?;
    let has_proxy = connection.proxy.servers().next().is_some();
    let usual = default_transport(workers);
    Ok(transport::TransportSettings {
        max_idle: connection.max_idle.unwrap_or(usual.max_idle),
        max_idle_per_host: connection
            .max_idle_per_host
            .unwrap_or(usual.max_idle_per_host),
        idle_age: connection.idle_timeout.unwrap_or(usual.idle_age),
        header_limit: connection.header_limit.unwrap_or(usual.header_limit),
        dialling,
        addressing,
        proxies: has_proxy.then(|| Arc::new(connection.proxy)),
        tls,
    })
}
