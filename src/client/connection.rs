//! Settings of connections: TLS, proxies, addresses, and the time for which idle ones are kept.

use std::net::IpAddr;
use std::time::Duration;

use crate::settings::addresses::{AddressPolicy, IpFamily};
use crate::settings::proxy::ProxySettings;
use crate::settings::{KeepAlive, StaticAddresses, TlsSettings};
use crate::url;

use super::builder::ClientBuilder;

impl ClientBuilder {
    /// Sets roots, client certificate and versions of TLS. Default: Mozilla's roots, TLS 1.2 and 1.3.
    #[doc(alias = "verify")]
    #[doc(alias = "cert")]
    pub fn tls(mut self, tls: TlsSettings) -> Self {
        self.connection.tls = tls;
        self
    }

    /// Sets the proxy of all requests: a URL, or [`ProxySettings`].
    ///
    /// Default: none, even if the environment names one.
    #[doc(alias = "proxies")]
    pub fn proxy(mut self, proxy: impl Into<ProxySettings>) -> Self {
        self.connection.proxy = proxy.into();
        self
    }

    /// Policy for the addresses that may be connected to. Default: any.
    #[doc(alias = "SSRF")]
    pub fn address_policy(mut self, policy: AddressPolicy) -> Self {
        self.connection.policy = policy;
        self
    }

    /// Lets the proxy of this name be used although an address policy is set.
    ///
    /// The proxy then decides which addresses it connects to: the policy is asked about a server behind it only if the
    /// URL itself has an address, and is not asked about the proxy.
    pub fn exempt_proxy(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        let name = url::host_name(&name).unwrap_or(name);
        self.connection.exempt.push(name);
        self
    }

    /// Sets the addresses of a host, in place of those that its name resolves to (curl's `--resolve`).
    ///
    /// The name `*` is every name, no port every port. If several entries fit, the first counts. `Host` header and
    /// certificate go by the name all the same. A proxy's name can be given addresses too; the name of a server behind
    /// a proxy is resolved by the proxy.
    ///
    /// ```
    /// let client = haul::Client::builder()
    ///     .resolve("api.example.com", 443, ["127.0.0.1".parse()?])
    ///     .resolve("db.example.com", None, ["10.0.0.7".parse()?, "10.0.0.8".parse()?])
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "connect-to")]
    pub fn resolve(
        mut self,
        host: impl Into<String>,
        port: impl Into<Option<u16>>,
        addresses: impl IntoIterator<Item = IpAddr>,
    ) -> Self {
        let addresses = addresses.into_iter().collect();
        match StaticAddresses::new(&host.into(), port.into(), addresses) {
            Ok(given) => self.connection.given.push(given),
            Err(reason) => self.keep_first_error("resolve", reason),
        }
        self
    }

    /// Versions of IP that connections use (curl's `-4` and `-6`).
    ///
    /// Default: both. A request to a host without an address of the family fails with class
    /// [`Dns`](crate::ErrorType::Dns).
    #[doc(alias = "ipv4")]
    #[doc(alias = "ipv6")]
    pub fn ip_family(mut self, family: IpFamily) -> Self {
        self.connection.family = family;
        self
    }

    /// Address of this machine that connections come from (curl's `--interface`).
    ///
    /// Only servers of its family are connected to. Default: the system chooses. On Unix only.
    #[doc(alias = "interface")]
    #[doc(alias = "source_address")]
    pub fn local_address(mut self, address: IpAddr) -> Self {
        self.connection.local = Some(address);
        self
    }

    /// Network interface of this machine whose address connections come from (curl's `--interface`).
    ///
    /// The interface, such as `eth0`, is looked up when the client is built. Of its addresses the first IPv4 address is
    /// taken, else the first IPv6 address that is no link-local one; with [`ip_family`](ClientBuilder::ip_family), the
    /// first of that family. Otherwise as [`local_address`](ClientBuilder::local_address), in whose place it stands. On
    /// Linux only.
    ///
    /// # Errors
    /// [`build`](ClientBuilder::build) fails if there is no such interface, or it has no such address.
    #[doc(alias = "SO_BINDTODEVICE")]
    pub fn interface(mut self, name: impl Into<String>) -> Self {
        self.connection.interface = Some(name.into());
        self
    }

    /// Silence after which the system probes whether the other side is still there.
    ///
    /// Also the time between further probes; `None` is never. Between 1 s and 32,767 s, in whole seconds. Default: the
    /// system's times (on Linux 2 hours). It has no effect on systems other than Unix.
    #[doc(alias = "keepalive-time")]
    pub fn tcp_keepalive(mut self, silence: impl Into<Option<Duration>>) -> Self {
        match KeepAlive::after(silence.into()) {
            Ok(keep_alive) => self.connection.keep_alive = keep_alive,
            Err(reason) => self.keep_first_error("tcp_keepalive", reason),
        }
        self
    }

    /// Upper bound for the connections without a request that are kept, in all; 0 is none.
    ///
    /// Default: four for each worker, at least 1,024.
    #[doc(alias = "pool_connections")]
    pub fn max_idle(mut self, connections: usize) -> Self {
        self.connection.max_idle = Some(connections);
        self
    }

    /// Upper bound for the connections without a request that are kept for one host; 0 is none.
    ///
    /// Default: the number of workers.
    #[doc(alias = "pool_maxsize")]
    pub fn max_idle_per_host(mut self, connections: usize) -> Self {
        self.connection.max_idle_per_host = Some(connections);
        self
    }

    /// Time for which a connection without a request is kept.
    ///
    /// Default 15 s: servers close idle connections too, and a client that closes first loses no request to that.
    #[doc(alias = "pool_idle_timeout")]
    pub fn idle_timeout(mut self, time: Duration) -> Self {
        self.connection.idle_timeout = Some(time);
        self
    }

    /// Upper bound for the head of a response, in bytes.
    ///
    /// The trailers of a chunked body count too. A larger one fails its request with class
    /// [`Protocol`](crate::ErrorType::Protocol). Default 64 KiB, at most 64 MiB.
    #[doc(alias = "max-header-size")]
    pub fn header_limit(mut self, bytes: usize) -> Self {
        if let Err(reason) = self.connection.set_header_limit(bytes) {
            self.keep_first_error("header_limit", reason);
        }
        self
    }
}
