//! Requests written by ureq, with any method, headers and body.
//!
//! All code that exists only because of how ureq works is in this folder.

mod forward;
mod lease;
mod upload_reader;

use std::error::Error as StdError;

use ureq::config::{AutoHeaderValue, Config};
use ureq::{Agent, AsSendBody, SendBody};

use self::lease::{FromSlot, Resolved};
use self::upload_reader::UploadReader;
use super::exchange::Exchange;
use super::request::{sent_headers, streamed_headers, writes};
use super::upload::{Unsent, Upload};
use super::{HeadlessExchange, NoResponse, ResponseStart};
use crate::request::RequestContent;
use crate::transport::Call;
use http::{HeaderMap, Request};

/// Reason that ureq gives for not sending a request.
type Unsendable = Box<dyn StdError + Send + Sync>;

/// ureq, configured to speak HTTP on connections that it is lent, and to do nothing else.
#[derive(Debug)]
pub(in crate::transport) struct UreqWriter(Agent);

impl UreqWriter {
    pub(in crate::transport) fn new() -> UreqWriter {
        UreqWriter(Agent::with_parts(config(), FromSlot, Resolved))
    }

    /// Makes ureq send the request of a call, and waits for the head of its response.
    #[inline(never)]
    pub(super) fn exchange(
        &self,
        call: &Call<'_>,
        exchange: Exchange,
        upload: Option<&mut Upload<'_>>,
    ) -> Result<ResponseStart, HeadlessExchange> {
        let (back, sent, unreadable) = self.send(call, exchange, upload);
        // ureq gives back every exchange that it was lent.
        let Some(mut exchange) = back else {
            return Err(HeadlessExchange {
                reason: NoResponse::Closed,
                connection: None,
            });
        };
        let ended = if let Some(unsent) = unreadable {
            Err(NoResponse::Unsent(unsent))
        } else if let Some(malformed) = exchange.malformed.take() {
            Err(NoResponse::Malformed(malformed))
        } else if let Some(broken) = exchange.connection.attempt.broken.take() {
            Err(NoResponse::Broken(broken))
        } else if let Some(head) = &exchange.head {
            // ureq knows better than the exchange if the body was sent to its end.
            exchange.unsent |= sent.is_err() && head.status.is_success();
            Ok(())
        } else {
            // If no byte was sent, the request is at fault. Otherwise the connection ended, which ureq reports by
            // various errors.
            Err(match sent {
                Err(error) if !exchange.has_sent() => NoResponse::Unsendable(error),
                _ => NoResponse::Closed,
            })
        };
        exchange.finish(ended)
    }

    /// Lends the exchange to ureq. Returns the exchange, ureq's error about the request, and the error that broke off
    /// its body. Failures of the connection are noted in the exchange.
    fn send(
        &self,
        call: &Call<'_>,
        exchange: Exchange,
        upload: Option<&mut Upload<'_>>,
    ) -> (Option<Exchange>, Result<(), Unsendable>, Option<Unsent>) {
        let mut unreadable = None;
        lease::lay_out(Box::new(exchange));
        let sent = match (call.body, upload) {
            (RequestContent::Bytes(bytes), _) if writes(call.method) || !bytes.is_empty() => {
                self.run(request(call, sent_headers(call), &bytes[..]))
            }
            (RequestContent::Streamed(_), Some(upload)) => {
                let headers = streamed_headers(call, upload.length());
                let mut reader = UploadReader::new(upload);
                let body = SendBody::from_reader(&mut reader);
                let sent = self.run(request(call, headers, body));
                unreadable = reader.broke;
                sent
            }
            _ => self.run(request(call, sent_headers(call), ())),
        };
        let back = lease::take_back().map(|exchange| *exchange);
        (back, sent, unreadable)
    }

    // Kept out of line: ten thousand workers have ten thousand stacks, and each takes only what it needs.
    #[inline(never)]
    fn run<B: AsSendBody>(&self, request: Request<B>) -> Result<(), Unsendable> {
        Ok(self.0.run(request).map(drop)?)
    }
}

/// Returns the request in the form that ureq takes.
fn request<B>(call: &Call<'_>, headers: HeaderMap, body: B) -> Request<B> {
    let mut request = Request::new(body);
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = call.url.uri().clone();
    *request.headers_mut() = headers;
    request
}

/// Returns a configuration that makes ureq only a writer of requests: no redirects, proxies, limits, pool or headers of
/// its own.
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
