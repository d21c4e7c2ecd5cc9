//! The way through ureq: it writes the request, whatever its method, headers and body are.
//!
//! Everything that haul does only because of how ureq works is in this folder.

mod lease;

use std::error::Error as StdError;

use ureq::config::{AutoHeaderValue, Config};
use ureq::{Agent, AsSendBody, SendBody};

use self::lease::{FromSlot, Resolved};
use super::exchange::Exchange;
use super::request::{request, streamed, writes};
use super::upload::Upload;
use crate::request::Body;
use crate::transport::Call;
use http::Request;

/// ureq, made so that it speaks HTTP on connections that it is lent, and does nothing else.
#[derive(Debug)]
pub(in crate::transport) struct Writer(Agent);

impl Writer {
    pub(in crate::transport) fn new() -> Writer {
        Writer(Agent::with_parts(config(), FromSlot, Resolved))
    }

    /// Sends the request of a call, and waits for the head of its response. The error is about the request: what happens
    /// to the connection is noted there.
    pub(super) fn send(
        &self,
        call: &Call<'_>,
        upload: Option<&mut Upload<'_>>,
        exchange: Exchange,
    ) -> (
        Option<Exchange>,
        Result<(), Box<dyn StdError + Send + Sync>>,
    ) {
        lease::lay_out(Box::new(exchange));
        let sent = match (call.body, upload) {
            (Body::Bytes(bytes), _) if writes(call.method) || !bytes.is_empty() => {
                self.run(request(call).map(|()| &bytes[..]))
            }
            (Body::Streamed(_), Some(upload)) => {
                let head = streamed(call, upload.length());
                self.run(head.map(|()| SendBody::from_reader(upload)))
            }
            _ => self.run(request(call)),
        };
        (lease::take_back().map(|exchange| *exchange), sent)
    }

    // Ten thousand workers have ten thousand stacks: each takes what it needs and no more.
    #[inline(never)]
    fn run<B: AsSendBody>(
        &self,
        request: Request<B>,
    ) -> Result<(), Box<dyn StdError + Send + Sync>> {
        Ok(self.0.run(request).map(drop)?)
    }
}

/// ureq as a writer of requests and no more: no redirects, proxies, limits, pool or headers of its own.
fn config() -> Config {
    Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .max_idle_connections(0)
        .max_idle_connections_per_host(0)
        .allow_non_standard_methods(true)
        .user_agent(AutoHeaderValue::None)
        .accept(AutoHeaderValue::None)
        .accept_encoding(AutoHeaderValue::None)
        .build()
}
