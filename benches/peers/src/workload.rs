//! Workloads: the paths that are fetched, how often, and how many at once.

use crate::AnyError;
use crate::clients::Peer;

pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// Title in words, for the table.
    pub(crate) title: &'static str,
    pub(crate) path: &'static str,
    pub(crate) count: usize,
    pub(crate) at_once: usize,
    /// Number of loopback addresses asked in turn.
    pub(crate) hosts: usize,
}

/// Largest number of loopback addresses that a workload needs.
pub(crate) const HOSTS: usize = 1_000;

pub(crate) const WORKLOADS: [Workload; 6] = [
    Workload {
        name: "small-8",
        title: "small GET, 8 at once",
        path: "/small",
        count: 60_000,
        at_once: 8,
        hosts: 1,
    },
    Workload {
        name: "small-64",
        title: "small GET, 64 at once",
        path: "/small",
        count: 60_000,
        at_once: 64,
        hosts: 1,
    },
    Workload {
        name: "hosts-1000",
        title: "small GET, 256 at once over 1,000 hosts",
        path: "/small",
        count: 30_000,
        at_once: 256,
        hosts: HOSTS,
    },
    Workload {
        name: "body-64k",
        title: "64 KiB of JSON, 16 at once",
        path: "/64k",
        count: 5_000,
        at_once: 16,
        hosts: 1,
    },
    Workload {
        name: "body-1m",
        title: "1 MiB of JSON, 16 at once",
        path: "/1m",
        count: 300,
        at_once: 16,
        hosts: 1,
    },
    Workload {
        name: "inflight-10000",
        title: "10,000 at once, answered after 2 s",
        path: "/after-2s",
        count: 30_000,
        at_once: 10_000,
        hosts: 1,
    },
];

impl Workload {
    pub(crate) fn named(name: &str) -> Result<&'static Workload, AnyError> {
        let named = WORKLOADS.iter().find(|workload| workload.name == name);
        named.ok_or_else(|| {
            let names = WORKLOADS.map(|workload| workload.name).join(", ");
            format!("{name}: no such workload; there are {names}").into()
        })
    }

    /// Number of requests that this client makes: fewer if all of them would take half a minute. At least ten for each
    /// host, so that opening connections is no larger a part of the work than it has to be.
    pub(crate) fn count_for(&self, peer: Peer) -> usize {
        match (peer, self.name) {
            (Peer::UreqThreads, "hosts-1000") => self.count / 3,
            _ => self.count,
        }
    }

    pub(crate) fn url(&self, i: usize, port: u16) -> String {
        let address = address(i % self.hosts);
        format!("http://{address}:{port}{}", self.path)
    }
}

/// Loopback address that stands for a host. The first is 127.0.0.1.
pub(crate) fn address(host: usize) -> std::net::Ipv4Addr {
    [127, 0, (host / 200) as u8, (host % 200 + 1) as u8].into()
}
