//! The transport over sockets alone: no schedule, no retries and no outcomes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::redact::Redaction;
use crate::request::RequestContent;
use crate::response::Headers;
use crate::settings::StatusSet;
use crate::transport::{
    Call, CancelSlot, ExchangeResult, HeaderLines, Reply, SYSTEM_CLOCK, Sockets, SpareDescriptor,
    Transport, TransportSettings, WireFacts,
};
use crate::url;
use http::{HeaderMap, HeaderValue, Method, Version, header};

/// Transport with the values that the library makes of its defaults before the first request.
///
/// These are headers and limits.
pub struct BareTransport {
    sockets: Sockets,
    headers: HeaderMap,
    lines: Option<HeaderLines>,
    accept: StatusSet,
}

impl Default for BareTransport {
    fn default() -> BareTransport {
        BareTransport::new()
    }
}

impl BareTransport {
    /// Makes a transport without connections.
    pub fn new() -> BareTransport {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, HeaderValue::from_static("haul"));
        BareTransport {
            sockets: Sockets::new(TransportSettings::default()),
            lines: HeaderLines::of(&headers, &[]),
            headers,
            accept: StatusSet::from(100..=399),
        }
    }

    /// Makes the part of the transport that belongs to one thread.
    pub fn worker(&self) -> BareWorker<'_> {
        BareWorker {
            transport: self,
            cancel: CancelSlot::new(),
        }
    }
}

/// Makes the result of a transport that answers at once, over a connection that was used before.
///
/// The result has status 200, without headers and body.
pub fn empty_answer() -> ExchangeResult {
    ExchangeResult {
        result: Ok(Reply {
            status: 200,
            version: Version::HTTP_11,
            headers: Headers::default(),
            body: Vec::new(),
            truncated: false,
            received: 0,
            undecoded: false,
            partial: None,
            anew: false,
        }),
        trace: WireFacts {
            connected: true,
            reused: true,
            ..WireFacts::default()
        },
    }
}

/// Thread that makes exchanges.
pub struct BareWorker<'a> {
    transport: &'a BareTransport,
    cancel: Arc<CancelSlot>,
}

impl BareWorker<'_> {
    /// Gets a URL that comes as text.
    pub fn get(&self, url: &str) -> ExchangeResult {
        let url = url::parse(url).expect("it is a URL");
        let transport = self.transport;
        self.cancel.begin();
        let exchanged = transport.sockets.exchange(&Call {
            method: &Method::GET,
            url: &url,
            host: None,
            headers: &transport.headers,
            without: &[],
            lines: transport.lines.as_ref(),
            body: &RequestContent::EMPTY,
            expect_from: None,
            connect: Some(Duration::from_secs(10)),
            read: Some(Duration::from_secs(30)),
            until: Instant::now().checked_add(Duration::from_secs(60)),
            began: None,
            spare: SpareDescriptor::default(),
            accept: &transport.accept,
            follows: true,
            body_limit: 10 << 20,
            keep_encoding: false,
            save: None,
            part: None,
            bandwidth: None,
            stream: None,
            discard: false,
            fresh: false,
            cancel: &self.cancel,
            clock: &SYSTEM_CLOCK,
            redaction: Redaction::USUAL,
            on_connected: None,
            on_head: None,
        });
        self.cancel.end();
        exchanged
    }
}
