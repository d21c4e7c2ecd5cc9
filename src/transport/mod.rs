//! The wire: everything that opens sockets, resolves names or speaks HTTP.
//!
//! The executor hands in a [`Call`] and gets back one [`Exchanged`]: a [`Reply`] or a [`Fault`], and a [`Trace`] of how it
//! went. Nothing here retries, sleeps or follows a redirect.

mod cancel;
mod classify;
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
use crate::request::{Body, SaveTo};
use crate::response::Headers;
use crate::settings::StatusSet;
use crate::timing::{Phase, Phases};
use crate::url::Url;
use http::{HeaderMap, HeaderName, Method, Version};

use self::cancel::activity::Activity;
pub(crate) use self::cancel::{CancelSlot, Ticket};
pub(crate) use self::connect::dial::Dialling;
pub(crate) use self::connect::resolver::Addressing;
pub(crate) use self::connection::descriptors::Spare;
pub(crate) use self::connection::tls::Tls;
pub use self::custom::RequestBody;
pub use self::http1::preview::SentHead;
pub(crate) use self::http1::request::Lines;
pub(crate) use self::http1::save::{Partial, Unsaved};
pub(crate) use self::settings::Settings;
pub(crate) use self::sockets::Sockets;

/// How long the calling thread has computed, where the system tells.
pub(crate) fn thread_time() -> Option<Duration> {
    connection::platform::thread_time()
}

/// One attempt to be made: a request with all defaults applied.
pub struct Call<'a> {
    pub(crate) method: &'a Method,
    pub(crate) url: &'a Url,
    /// The URL's host, where it is known: else it is read from there.
    pub(crate) host: Option<&'a Host>,
    /// All headers to send but those of the framing (`Host`, `Content-Length`).
    pub(crate) headers: &'a HeaderMap,
    /// Names of headers that are not added where `headers` lacks them.
    pub(crate) without: &'a [HeaderName],
    /// The same, where they have been written out before.
    pub(crate) lines: Option<&'a Lines>,
    pub(crate) body: &'a Body,
    /// From which length on a streamed body, or one of unknown length, is sent only once the server agrees.
    pub(crate) expect_from: Option<u64>,
    /// For name resolution, TCP and TLS together.
    pub(crate) connect: Option<Duration>,
    /// For each wait for bytes.
    pub(crate) read: Option<Duration>,
    /// The end of the attempt: its own limit or the request's deadline, whichever is first.
    pub(crate) until: Option<Instant>,
    /// Statuses whose body is wanted whole; of others it is kept up to 64 KiB and drained.
    pub(crate) accept: &'a StatusSet,
    /// Whether a 3xx with a `Location` will be followed: its body is drained, not kept.
    pub(crate) follows: bool,
    /// The largest body taken, after decompression.
    pub(crate) body_limit: u64,
    /// Where the body goes to if the status is accepted and it is no redirect to be followed.
    pub(crate) save: Option<&'a SaveTo>,
    /// The descriptor kept for that file.
    pub(crate) spare: Spare,
    /// Use a new connection, whatever the pool holds.
    pub(crate) fresh: bool,
    /// Through which another thread can end this attempt.
    pub(crate) cancel: &'a Arc<CancelSlot>,
    /// Called once, on this thread, as soon as a connection to the host stands (new or reused).
    pub(crate) on_connected: Option<&'a dyn Fn()>,
    /// Called once, on this thread, as soon as the head of the response has come, with the time of that.
    pub(crate) on_head: Option<&'a dyn Fn(Instant)>,
}

impl Call<'_> {
    fn tell_head(&self, at: Instant) {
        if let Some(on_head) = self.on_head {
            on_head(at);
        }
    }
}

impl Call<'_> {
    /// Returns the place to tell of waits for the host. `None`: no other thread asks for them.
    fn watch(&self) -> Option<&Arc<Activity>> {
        let activity = &self.cancel.activity;
        activity.is_watched().then_some(activity)
    }
}

/// Result of an attempt, and how it went.
#[derive(Debug)]
pub struct Exchanged {
    pub(crate) result: Result<Reply, Fault>,
    pub(crate) trace: Trace,
}

impl Exchanged {
    /// The headers of the response, if a head came.
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
    /// The body was cut at 64 KiB (only where the status is not accepted).
    pub(crate) truncated: bool,
    /// The body has a content coding that this build does not decode.
    pub(crate) undecoded: bool,
    /// The body, where it went to a file: whole, and not yet under its name.
    /// Apart: few replies have one, and all are passed on by value.
    pub(crate) partial: Option<Box<Partial>>,
}

/// Failure of an attempt that gave no usable response.
pub struct Fault {
    pub(crate) error_type: ErrorType,
    pub(crate) phase: Phase,
    /// Will fail the same way next time: a bad certificate, a TLS version, a proxy's 4xx.
    pub(crate) permanent: bool,
    /// Names host and phase; holds no secret.
    pub(crate) message: String,
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
    /// The limit of this machine that it met: too many open files, no free port, no thread. `None`: something else.
    pub(crate) shortage: Option<String>,
    /// What had arrived: head, and the body as far as it came (up to 64 KiB).
    pub(crate) reply: Option<Reply>,
}

/// Facts about an attempt on the wire. They decide about retries, and show in outcomes and records.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trace {
    pub(crate) timings: Phases,
    /// Bytes of the request written, on the wire.
    pub(crate) bytes_sent: u64,
    /// Bytes read, on the wire.
    pub(crate) bytes_received: u64,
    /// A connection stood at all.
    pub(crate) connected: bool,
    /// It came from the pool.
    pub(crate) reused: bool,
    /// The server was asked whether it wants the body.
    pub(crate) asked: bool,
    pub(crate) remote: Option<SocketAddr>,
    /// When it ended.
    pub(crate) ended: Option<Instant>,
}

/// Makes attempts: by default over sockets.
pub trait Transport: Send + Sync {
    /// Makes one attempt on the calling thread, a worker's. It may block for as long as the call's time limits allow. A
    /// panic is an outcome of class [`Panic`](crate::ErrorType::Panic).
    fn exchange(&self, call: &Call<'_>) -> Exchanged;

    /// Checks what an attempt checks before it connects, and returns the head that it would send. Default: checks
    /// nothing, and returns the headers as they were handed in.
    ///
    /// # Errors
    /// If an attempt would fail before it connects.
    fn preview(&self, call: &Call<'_>) -> Result<SentHead, Box<Fault>> {
        Ok(SentHead {
            headers: call.headers.clone(),
            body_bytes: None,
        })
    }

    /// Closes idle connections. Default: there are none.
    fn close_idle(&self) {}
}

#[cfg(test)]
mod tests;
