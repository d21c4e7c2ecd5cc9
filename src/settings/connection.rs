//! Settings for making and keeping connections.

use std::net::IpAddr;
use std::time::Duration;

use super::addresses::{AddressPolicy, IpFamily};
use super::proxy::{ProxyKind, ProxyServer, ProxySettings};
use super::tls::TlsSettings;
use crate::url;

/// Upper bound for [`set_header_limit`](ConnectionSettings::set_header_limit), in bytes: 64 MiB.
const LARGEST_HEAD: usize = 64 << 20;

/// Upper bound for the silence before a keep-alive probe: the most that Linux takes for `TCP_KEEPIDLE`.
const LONGEST_SILENCE: Duration = Duration::from_secs(32_767);

/// Settings of connections. `None`: the transport's default.
#[derive(Debug, Default)]
pub(crate) struct ConnectionSettings {
    pub(crate) tls: TlsSettings,
    pub(crate) proxy: ProxySettings,
    /// Names of proxies that may be used although there is an address policy.
    pub(crate) exempt: Vec<String>,
    pub(crate) policy: AddressPolicy,
    pub(crate) family: IpFamily,
    /// Addresses given for hosts. The first entry that fits counts.
    pub(crate) given: Vec<StaticAddresses>,
    /// Address of this machine that connections come from. `None`: the system chooses.
    pub(crate) local: Option<IpAddr>,
    /// Name of the network interface whose address is the local one. `None`: no interface was named.
    pub(crate) interface: Option<String>,
    pub(crate) keep_alive: KeepAlive,
    pub(crate) max_idle: Option<usize>,
    pub(crate) max_idle_per_host: Option<usize>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) header_limit: Option<usize>,
}

/// Addresses that are given for a host, in place of asking a name server.
#[derive(Clone, Debug)]
pub(crate) struct StaticAddresses {
    /// Name of the host; `*` for every name, but for no literal address.
    pub(crate) name: String,
    /// Port that the addresses are for. `None`: every port.
    pub(crate) port: Option<u16>,
    pub(crate) addresses: Vec<IpAddr>,
}

/// Silence of a peer after which the system probes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum KeepAlive {
    /// After the system's default time.
    #[default]
    System,
    After(Duration),
    Never,
}

impl ConnectionSettings {
    /// Sets the upper bound for the head of a response, in bytes.
    pub(crate) fn set_header_limit(&mut self, bytes: usize) -> Result<(), String> {
        if bytes == 0 {
            return Err("it is zero: no response could be read".into());
        }
        if bytes > LARGEST_HEAD {
            return Err(format!("{bytes} is more than 64 MiB"));
        }
        self.header_limit = Some(bytes);
        Ok(())
    }

    /// Family of the addresses that may be connected to: the local address's family if a local address is set.
    pub(crate) fn family(&self) -> IpFamily {
        self.local.map_or(self.family, IpFamily::of)
    }

    /// Checks the settings for contradictions. The error is the name of one of the settings and the reason.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        let wrong = |setting| move |reason| (setting, reason);
        self.proxy.check().map_err(wrong("proxy"))?;
        self.check_socks().map_err(wrong("proxy"))?;
        self.check_exemption().map_err(wrong("address_policy"))?;
        match self.local.filter(|local| !self.family.has(*local)) {
            None => Ok(()),
            Some(local) => {
                let reason = format!("{local} is not of the ip_family that is to be used");
                Err(("local_address", reason))
            }
        }
    }

    /// Refuses a SOCKS5 proxy in a build without the feature `socks`.
    fn check_socks(&self) -> Result<(), String> {
        let socks = |proxy: &&ProxyServer| proxy.kind == ProxyKind::Socks5;
        match self.proxy.servers().find(socks) {
            Some(proxy) if cfg!(not(feature = "socks")) => Err(format!(
                "{proxy} speaks SOCKS5, which needs the feature `socks`"
            )),
            _ => Ok(()),
        }
    }

    /// Refuses a proxy that is not exempted beside an address policy, because behind a proxy no server's address is
    /// seen.
    fn check_exemption(&self) -> Result<(), String> {
        if self.policy.is_any() {
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

impl StaticAddresses {
    /// Makes an entry for a host. `port`: `None` for every port.
    pub(crate) fn new(
        host: &str,
        port: Option<u16>,
        addresses: Vec<IpAddr>,
    ) -> Result<StaticAddresses, String> {
        if host.is_empty() {
            return Err("the host has no name".into());
        }
        let name = url::host_name(host)?;
        if addresses.is_empty() {
            return Err(format!("{host} is given no address"));
        }
        Ok(StaticAddresses {
            name,
            port,
            addresses,
        })
    }
}

impl KeepAlive {
    /// Makes the setting for probes after this silence, from 1 s to 32,767 s. `None`: never.
    pub(crate) fn after(silence: Option<Duration>) -> Result<KeepAlive, String> {
        match silence {
            None => Ok(KeepAlive::Never),
            Some(time) if (Duration::from_secs(1)..=LONGEST_SILENCE).contains(&time) => {
                Ok(KeepAlive::After(time))
            }
            Some(time) => Err(format!("{time:?} is not between 1 s and 32767 s")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(connection: &ConnectionSettings) -> Result<(), &'static str> {
        connection.check().map_err(|(setting, _)| setting)
    }

    #[test]
    fn a_local_address_is_of_the_family_that_is_used() {
        let mut connection = ConnectionSettings {
            local: Some([127, 0, 0, 1].into()),
            family: IpFamily::V6,
            ..ConnectionSettings::default()
        };
        assert_eq!(setting(&connection), Err("local_address"));
        connection.family = IpFamily::Any;
        assert_eq!(setting(&connection), Ok(()));
        assert_eq!(connection.family(), IpFamily::V4);
    }

    #[test]
    fn a_policy_and_a_proxy_contradict_each_other_unless_the_proxy_is_exempt() {
        let mut connection = ConnectionSettings {
            policy: AddressPolicy::PublicOnly,
            proxy: "http://proxy.test:3128".into(),
            ..ConnectionSettings::default()
        };
        assert_eq!(setting(&connection), Err("address_policy"));
        connection.exempt.push("PROXY.test".into());
        assert_eq!(setting(&connection), Ok(()));
    }

    #[test]
    fn static_addresses_have_a_name_and_an_address() {
        let addresses = vec![IpAddr::from([127, 0, 0, 1])];
        for (host, addresses, reason) in [
            ("", addresses.clone(), "no name"),
            ("a", Vec::new(), "a is given no address"),
            ("a b", addresses.clone(), "' '"),
        ] {
            let wrong = StaticAddresses::new(host, None, addresses).unwrap_err();
            assert!(wrong.contains(reason), "{wrong}");
        }
        let given = StaticAddresses::new("API.test", Some(443), addresses).unwrap();
        assert_eq!(given.name, "api.test");
    }

    #[test]
    fn a_silence_is_one_that_the_system_can_be_told_of() {
        let after = |seconds| KeepAlive::after(Some(Duration::from_secs_f64(seconds)));
        assert_eq!(KeepAlive::after(None), Ok(KeepAlive::Never));
        assert!(after(1.0).is_ok() && after(32_767.0).is_ok());
        assert!(after(0.9).is_err() && after(32_768.0).is_err());
    }
}
