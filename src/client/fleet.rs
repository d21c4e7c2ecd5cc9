//! Facts about a request that a worker of a fleet knows before the request is sent.

use super::Client;
use crate::attempt::resolve;
use crate::host::Host;
use crate::request::Request;
use crate::url::Url;

impl Client {
    /// Number of requests that run at the same time at the most.
    pub(crate) fn jobs(&self) -> usize {
        self.shape.workers
    }

    /// Divides the fixed limits of requests at once per host by a number of clients, this one included.
    pub(crate) fn divide_places(&self, clients: u32) {
        self.owner.executor().divide_places(clients as usize);
    }

    /// True if any host has such a limit.
    pub(crate) fn divides_places(&self) -> bool {
        self.owner.executor().divides_places()
    }

    /// Number of clients that those limits are divided by.
    #[cfg(test)]
    pub(crate) fn places_divided_by(&self) -> usize {
        self.owner.executor().places_divided_by()
    }

    /// Returns the host that a request is for, by the client's base URL where it is relative. `None`: the request is not
    /// fit to be sent.
    pub(crate) fn host_of(&self, request: &Request) -> Option<Host> {
        let defaults = &self.owner.engine().defaults;
        let (resolved, host) = resolve(defaults, request, |_| None::<(Url, Host)>).ok()?;
        host.or_else(|| resolved.url.host())
    }
}
