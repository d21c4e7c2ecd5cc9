//! The clients, each written as an experienced user of it would write it. All parse the body as JSON where they
//! received it, take the wanted part from it, and hand that and the URL to one consumer. Whole values in a channel
//! would measure the channel's bound: a value of 1 MiB of JSON takes ten.

mod by_haul;
mod by_reqwest;
mod by_reqwest_blocking;
mod by_ureq;
mod threads;

use serde_json::Value;

use crate::AnyError;
use crate::workload::Workload;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Haul,
    UreqThreads,
    ReqwestBlocking,
    ReqwestAsync,
    ReqwestOneThread,
}

/// Work of a client: a number of requests of this workload.
pub(crate) struct Work {
    pub(crate) workload: &'static Workload,
    pub(crate) port: u16,
    pub(crate) count: usize,
}

impl Work {
    fn at_once(&self) -> usize {
        self.workload.at_once
    }

    fn urls(&self) -> impl Iterator<Item = String> + use<> {
        let (workload, port) = (self.workload, self.port);
        (0..self.count).map(move |i| workload.url(i, port))
    }
}

/// Number of rows in a body: the part that the clients hand on.
fn rows(value: &Value) -> usize {
    value.as_array().map_or(1, Vec::len)
}

impl Peer {
    pub(crate) const ALL: [Peer; 5] = [
        Peer::Haul,
        Peer::UreqThreads,
        Peer::ReqwestBlocking,
        Peer::ReqwestAsync,
        Peer::ReqwestOneThread,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Peer::Haul => "haul",
            Peer::UreqThreads => "ureq-threads",
            Peer::ReqwestBlocking => "reqwest-blocking",
            Peer::ReqwestAsync => "reqwest-async",
            Peer::ReqwestOneThread => "reqwest-async-one-thread",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Peer, AnyError> {
        let named = Peer::ALL.into_iter().find(|peer| peer.name() == name);
        named.ok_or_else(|| {
            let names = Peer::ALL.map(Peer::name).join(", ");
            format!("{name}: no such client; there are {names}").into()
        })
    }

    /// Does the work and returns the number of requests that succeeded.
    pub(crate) fn run(self, work: &Work) -> Result<usize, AnyError> {
        match self {
            Peer::Haul => by_haul::run(work),
            Peer::UreqThreads => by_ureq::run(work),
            Peer::ReqwestBlocking => by_reqwest_blocking::run(work),
            Peer::ReqwestAsync => by_reqwest::run(work),
            Peer::ReqwestOneThread => by_reqwest::run_on_one_thread(work),
        }
    }
}
