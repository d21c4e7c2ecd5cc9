//! Transport over the wire: everything that opens sockets, resolves names or speaks HTTP.
//!
//! The executor hands in a [`Call`] and gets back one [`ExchangeResult`]: a [`Reply`] or a [`Fault`], and a [`WireFacts`] of the
//! attempt. Nothing in this module retries, sleeps or follows a redirect.

mod cancel;
mod classify;
pub(crate) mod clock;
mod connect;
mod connection;
mod conversation;
mod custom;
#[cfg(feature = "internals")]
pub(crate) mod drivers;
mod http1;
mod meter;
mod pool;
mod provide;
mod settings;
mod sockets;
mod target;

use std::error::Error as StdError;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::ErrorType;
use crate::host::Host;
use crate::redact::Redaction;
use crate::request::{RequestContent, SaveTo};
use crate::response::Headers;
use crate::settings::StatusSet;
use crate::timing::{Phase, Phases};
use crate::url::Url;
use http::{HeaderMap, HeaderName, Method, Version};

use self::cancel::activity::Activity;
pub(crate) use self::cancel::{AttemptNumber, CancelSlot, WakeWaiters};
pub use self::clock::VirtualClock;
pub(crate) use self::clock::{Clock, ClockUser, SYSTEM_CLOCK, WorkLeft, WorkerWait};
pub(crate) use self::connect::dial::{Dialling, address_of_interface};
pub(crate) use self::connect::resolver::Addressing;
pub(crate) use self::connection::descriptors::SpareDescriptor;
pub(crate) use self::connection::tls::Tls;
pub use self::custom::RequestBody;
pub(crate) use self::http1::body::bandwidth::Bandwidth;
pub(crate) use self::http1::body::stream::{BodyStream, StreamPlan, StreamProgress};
pub use self::http1::preview::SentHead;
pub(crate) use self::http1::request::HeaderLines;
pub(crate) use self::http1::save::{DownloadPart, HashedPart, PartialFile, Unsaved};
pub(crate) use self::settings::TransportSettings;
pub(crate) use self::sockets::Sockets;

/// Attempt to be made: a request with all defaults applied.
pub struct Call<'a> {
    pub(crate) method: &'a Method,
    pub(crate) url: &'a Url,
    /// Host of the URL. `None`: not known, and read from the URL.
    pub(crate) host: Option<&'a Host>,
    /// All headers to send, except those of the framing (`Host`, `Content-Length`).
    pub(crate) headers: &'a HeaderMap,
    /// Names of headers that are not added if `headers` lacks them.
    pub(crate) without: &'a [HeaderName],
    /// The headers as written on the wire. `None`: they have not been written beforehand.
    pub(crate) lines: Option<&'a HeaderLines>,
    pub(crate) body: &'a RequestContent,
    /// Length from which on a streamed body is sent only after the server agrees; also applies to a body of unknown
    /// length.
    pub(crate) expect_from: Option<u64>,
    /// Time limit for name resolution, TCP and TLS together. `None`: no limit.
    pub(crate) connect: Option<Duration>,
    /// Time limit for each wait for bytes. `None`: no limit.
    pub(crate) read: Option<Duration>,
    /// End of the attempt: its own limit or the request's deadline, whichever is first. `None`: no end.
    pub(crate) until: Option<Instant>,
    /// Beginning of the attempt, for messages about its limit. `None`: not known.
    pub(crate) began: Option<Instant>,
    /// Statuses whose body is kept whole; the body of other statuses is kept up to 64 KiB and drained.
    pub(crate) accept: &'a StatusSet,
    /// True if a 3xx with a `Location` will be followed: its body is drained, not kept.
    pub(crate) follows: bool,
    /// Upper bound for the body in bytes, after decompression.
    pub(crate) body_limit: u64,
    /// True if the content codings of the body stay.
    pub(crate) keep_encoding: bool,
    /// File for the body if the status is accepted and the response is no redirect to be followed. `None`: kept in
    /// memory.
    pub(crate) save: Option<&'a SaveTo>,
    /// Unfinished file of a download that goes on. `None`: the download starts over with each attempt.
    pub(crate) part: Option<&'a DownloadPart>,
    /// Upper bound for the bytes of all bodies in a second. `None`: no bound.
    pub(crate) bandwidth: Option<&'a Bandwidth>,
    /// Receiver of the body, if it is handed on as it comes. `None`: the body is not handed on.
    pub(crate) stream: Option<&'a BodyStream<'a>>,
    /// True if the body of an accepted status is not wanted at all.
    pub(crate) discard: bool,
    /// Descriptor held for that file.
    pub(crate) spare: SpareDescriptor,
    /// True if a new connection is used, even if the pool holds one.
    pub(crate) fresh: bool,
    /// Slot through which another thread can end this attempt.
    pub(crate) cancel: &'a Arc<CancelSlot>,
    /// Rules by which secrets of the request are masked.
    pub(crate) redaction: &'a Redaction,
    /// Clock by which `until` is meant.
    pub(crate) clock: &'a Clock,
    /// Called once, on this thread, as soon as a connection to the host stands (new or reused).
    pub(crate) on_connected: Option<&'a dyn Fn()>,
    /// Called once, on this thread, as soon as the head of the response has come, with the time of its arrival.
    pub(crate) on_head: Option<&'a dyn Fn(Instant)>,
}

impl Call<'_> {
    /// Returns the end of the exchange and the limit for each wait for bytes, as they hold now: a body that is handed
    /// on has limits of its own.
    fn limits(&self) -> (Option<Instant>, Option<Duration>) {
        let of_body = self.stream.and_then(BodyStream::limits);
        of_body.unwrap_or((self.until, self.read))
    }

    /// Returns true if the attempt must not be repeated, because of what was handed on already.
    fn is_final(&self) -> bool {
        self.stream.is_some_and(BodyStream::is_final)
    }

    fn tell_head(&self, at: Instant) {
        if let Some(on_head) = self.on_head {
            on_head(at);
        }
    }
}

impl Call<'_> {
    /// Returns the record of waits for the host. `None`: no other thread reads it.
    fn watch(&self) -> Option<&Arc<Activity>> {
        let activity = &self.cancel.activity;
        activity.is_watched().then_some(activity)
    }
}

/// Result of an attempt, and the facts about its course.
#[derive(Debug)]
pub struct ExchangeResult {
    pub(crate) result: Result<Reply, Fault>,
    pub(crate) trace: WireFacts,
}

impl ExchangeResult {
    /// Returns the headers of the response. `None`: no head came.
    pub(crate) fn headers(&self) -> Option<&Headers> {
        match &self.result {
            Ok(reply) => Some(&reply.headers),
            Err(fault) => fault.reply.as_ref().map(|reply| &reply.headers),
        }
    }
}

/// A response whose body has been read to its end.
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) version: Version,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    /// True if the body was cut at 64 KiB (only if the status is not accepted).
    pub(crate) truncated: bool,
    /// Number of bytes of the body that came: without the framing of chunks, and before it was decoded.
    pub(crate) received: u64,
    /// True if the body has a content coding that this build does not decode.
    pub(crate) undecoded: bool,
    /// The body, if it went to a file: whole, and not yet under its name. Boxed, because few replies have such a body,
    /// and all are passed on by value.
    pub(crate) partial: Option<Box<PartialFile>>,
    /// True if the body does not continue the unfinished file, and the whole file is to be asked for.
    pub(crate) anew: bool,
}

/// Failure of an attempt that gave no usable response.
pub struct Fault {
    pub(crate) error_type: ErrorType,
    pub(crate) phase: Phase,
    /// True if the next attempt will fail the same way: a bad certificate, a TLS version, a proxy's 4xx.
    pub(crate) permanent: bool,
    /// Message that names host and phase, and holds no secret.
    pub(crate) message: String,
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
    /// Limit of this machine that the attempt met: too many open files, no free port, no thread. `None`: no such limit.
    pub(crate) shortage: Option<String>,
    /// Response as far as it had arrived: head, and body (up to 64 KiB). `None`: no head had arrived.
    pub(crate) reply: Option<Reply>,
}

/// Facts about an attempt on the wire, which decide about retries.
///
/// Outcomes and records show them.
#[derive(Clone, Copy, Debug, Default)]
pub struct WireFacts {
    pub(crate) timings: Phases,
    /// Bytes of the request written on the wire.
    pub(crate) bytes_sent: u64,
    /// Bytes of the response read on the wire.
    pub(crate) bytes_received: u64,
    /// True if a connection stood.
    pub(crate) connected: bool,
    /// True if the connection came from the pool.
    pub(crate) reused: bool,
    /// True if the server was asked whether it wants the body.
    pub(crate) asked: bool,
    pub(crate) remote: Option<SocketAddr>,
    /// Time at which the attempt ended. `None`: not known.
    pub(crate) ended: Option<Instant>,
}

/// Implementation of attempts; the default one uses sockets.
pub trait Transport: Send + Sync {
    /// Makes one attempt on the calling thread, which is a worker's.
    ///
    /// It may block for as long as the call's time limits allow. A panic is an outcome of class
    /// [`Panic`](crate::ErrorType::Panic).
    fn exchange(&self, call: &Call<'_>) -> ExchangeResult;

    /// Makes the checks that an attempt makes before it connects, and returns the head that it would send.
    ///
    /// Default: checks nothing, and returns the headers as they were handed in.
    ///
    /// # Errors
    /// If an attempt would fail before it connects.
    fn preview(&self, call: &Call<'_>) -> Result<SentHead, Box<Fault>> {
        Ok(SentHead {
            headers: call.headers.clone(),
            body_bytes: None,
        })
    }

    /// Closes idle connections. Default: does nothing.
    fn close_idle(&self) {}

    /// Returns the transport that a client uses in place of this one, made over the client's sockets.
    ///
    /// `None`, the default: this one itself, without sockets.
    fn over_sockets(&self, sockets: Arc<dyn Transport>) -> Option<Arc<dyn Transport>> {
        let _ = sockets;
        None
    }

    /// Returns the clock by which a client over this transport measures and waits.
    ///
    /// `None`, the default: the system's clock.
    fn clock(&self) -> Option<VirtualClock> {
        None
    }
}

#[cfg(test)]
mod tests;
