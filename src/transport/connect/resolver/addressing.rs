//! Choice of a host's addresses: given ones, of one family, and only those that the policy allows.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::Unresolved;
use crate::settings::StaticAddresses;
use crate::settings::addresses::{AddressPolicy, IpFamily, literal};

/// Choice of the host's addresses that are connected to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Addressing {
    pub(crate) policy: AddressPolicy,
    pub(crate) family: IpFamily,
    /// Addresses given for hosts. The first entry that fits a host counts.
    pub(crate) given: Vec<StaticAddresses>,
}

impl Addressing {
    /// Returns the addresses that were given for a host. `None`: none were given.
    pub(super) fn given(&self, name: &str, port: u16) -> Option<Vec<IpAddr>> {
        let fits = |given: &&StaticAddresses| {
            given.port.is_none_or(|own| own == port)
                && match &*given.name {
                    "*" => name.parse::<IpAddr>().is_err(),
                    own => own.eq_ignore_ascii_case(name),
                }
        };
        self.given.iter().find(fits).map(|g| g.addresses.clone())
    }

    /// Keeps only addresses of the wanted family.
    pub(super) fn narrow(&self, addresses: &mut Vec<SocketAddr>) -> Result<(), Unresolved> {
        addresses.retain(|address| self.family.has(address.ip()));
        if addresses.is_empty() {
            let text = match self.family {
                IpFamily::V6 => "the name has no IPv6 address",
                _ => "the name has no IPv4 address",
            };
            let error = io::Error::new(io::ErrorKind::NotFound, text);
            return Err(Unresolved::Failed(Arc::new(error)));
        }
        Ok(())
    }

    /// Keeps only addresses that may be connected to.
    pub(super) fn permit(
        &self,
        name: &str,
        addresses: &mut Vec<SocketAddr>,
    ) -> Result<(), Unresolved> {
        if self.policy.is_any() {
            return Ok(());
        }
        let mut refused = None;
        addresses.retain(|address| {
            let allowed = self.policy.allows(name, address.ip());
            if !allowed {
                refused.get_or_insert(address.ip());
            }
            allowed
        });
        match refused {
            Some(address) if addresses.is_empty() => Err(denied(name, address)),
            _ => Ok(()),
        }
    }

    pub(super) fn check_literal(&self, name: &str) -> Result<(), Unresolved> {
        if self.policy.is_any() {
            return Ok(());
        }
        match literal(name) {
            Some(address) if !self.policy.allows(name, address) => Err(denied(name, address)),
            _ => Ok(()),
        }
    }
}

fn denied(name: &str, address: IpAddr) -> Unresolved {
    Unresolved::Denied {
        name: name.to_owned(),
        address,
    }
}
