//! The clients, each written as an experienced user of it would write it. All parse the body as JSON where they
//! received it, take the wanted part from it, and hand that and the URL to one consumer. Whole values in a channel
//! would measure the channel's bound: a value of 1 MiB of JSON takes ten.

mod by_haul;
mod by_reqwest;
mod by_reqwest_blocking;
mod by_ureq;
mod raw_threads;
mod threads;

use std::path::PathBuf;

use serde_json::Value;

use crate::AnyError;
use by_reqwest::Protocol;

#[derive(Clone, Copy)]
pub(crate) enum Peer {
    Haul,
    /// No HTTP library: the bound for any client that keeps a thread for each request under way.
    RawThreads,
    UreqThreads,
    ReqwestBlocking,
    ReqwestAsync,
    ReqwestOneThread,
    ReqwestAsyncHttp2,
    ReqwestOneThreadHttp2,
}

/// Work of a client: a number of requests.
pub(crate) struct Work {
    pub(crate) url: String,
    pub(crate) count: usize,
    pub(crate) at_once: usize,
    /// Number of loopback addresses asked in turn.
    pub(crate) hosts: usize,
    /// File with the certificate that the client trusts. `None`: the URL is not `https`.
    pub(crate) ca: Option<PathBuf>,
}

impl Work {
    fn urls(&self) -> impl Iterator<Item = String> + use<> {
        let (url, hosts) = (self.url.clone(), self.hosts);
        (0..self.count).map(move |i| match hosts {
            1 => url.clone(),
            _ => url.replace("127.0.0.1", &address(i % hosts)),
        })
    }
}

/// Loopback address that stands for a host. The first is 127.0.0.1.
fn address(host: usize) -> String {
    format!("127.0.{}.{}", host / 200, host % 200 + 1)
}

/// Number of rows in a body: the part that the clients hand on.
fn rows(value: &Value) -> usize {
    value.as_array().map_or(1, Vec::len)
}

impl Peer {
    const ALL: [Peer; 8] = [
        Peer::Haul,
        Peer::RawThreads,
        Peer::UreqThreads,
        Peer::ReqwestBlocking,
        Peer::ReqwestAsync,
        Peer::ReqwestOneThread,
        Peer::ReqwestAsyncHttp2,
        Peer::ReqwestOneThreadHttp2,
    ];

    fn name(self) -> &'static str {
        match self {
            Peer::Haul => "haul",
            Peer::RawThreads => "raw-threads",
            Peer::UreqThreads => "ureq-threads",
            Peer::ReqwestBlocking => "reqwest-blocking",
            Peer::ReqwestAsync => "reqwest-async",
            Peer::ReqwestOneThread => "reqwest-one-thread",
            Peer::ReqwestAsyncHttp2 => "reqwest-async-http2",
            Peer::ReqwestOneThreadHttp2 => "reqwest-one-thread-http2",
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
            Peer::RawThreads => raw_threads::run(work),
            Peer::UreqThreads => by_ureq::run(work),
            Peer::ReqwestBlocking => by_reqwest_blocking::run(work),
            Peer::ReqwestAsync => by_reqwest::run(work, Protocol::Http1),
            Peer::ReqwestOneThread => by_reqwest::run_on_one_thread(work, Protocol::Http1),
            Peer::ReqwestAsyncHttp2 => by_reqwest::run(work, Protocol::Http2),
            Peer::ReqwestOneThreadHttp2 => by_reqwest::run_on_one_thread(work, Protocol::Http2),
        }
    }
}
