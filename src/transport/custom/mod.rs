//! Interface for transports that are not this crate's: what they are told of a call, and how they answer it.

mod answers;
mod pause;

use std::fmt;
use std::io::{self, Chain, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::pause::Pause;
use super::cancel::WakeWaiters;
use super::classify::{Failure, FailureContext, no_host};
use super::connection::wire::Limits;
use super::http1::body::collect::BodyCut;
use super::http1::decode::{BodyRead, Undecoded};
use super::http1::reply::{receive_from, sampled};
use super::http1::upload::Upload;
use super::http1::wanted::is_bodiless;
use super::target::Target;
use super::{Call, ExchangeResult, Fault, Reply, SentHead, Transport, VirtualClock};
use crate::error::ErrorType;
use crate::request::RequestContent;
use crate::timing::Phase;
use http::{HeaderMap, Method};

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn exchange(&self, call: &Call<'_>) -> ExchangeResult {
        (**self).exchange(call)
    }

    fn preview(&self, call: &Call<'_>) -> Result<SentHead, Box<Fault>> {
        (**self).preview(call)
    }

    fn close_idle(&self) {
        (**self).close_idle();
    }

    fn over_sockets(&self, sockets: Arc<dyn Transport>) -> Option<Arc<dyn Transport>> {
        (**self).over_sockets(sockets)
    }

    fn clock(&self) -> Option<VirtualClock> {
        (**self).clock()
    }
}

impl Call<'_> {
    /// The method.
    pub fn method(&self) -> &Method {
        self.method
    }

    /// The URL, absolute, `http` or `https`, without a fragment.
    pub fn uri(&self) -> &http::Uri {
        self.url.uri()
    }

    /// The path and query, as they are sent.
    pub fn path_and_query(&self) -> &str {
        self.url.path_and_query()
    }

    /// The headers to send, except those of the framing. They hold secrets.
    ///
    /// Left out are `Host`, `Content-Length` and `Transfer-Encoding`, and the defaults for `Accept` and
    /// `Accept-Encoding`.
    pub fn headers(&self) -> &HeaderMap {
        self.headers
    }

    /// Opens the body that the request sends. A request without a body has one of length 0.
    ///
    /// # Errors
    /// If a file cannot be opened, or another request is sending the same reader: a fault to answer the call with.
    pub fn body(&self) -> Result<RequestBody<'_>, Box<Fault>> {
        let source = match self.body {
            RequestContent::Bytes(bytes) => BodySource::Bytes(bytes),
            RequestContent::Streamed(stream) => {
                BodySource::Streamed(Upload::open(stream).map_err(|unsent| {
                    Box::new(self.fault(Phase::Send, Failure::Unsent(unsent), None))
                })?)
            }
        };
        Ok(RequestBody(source))
    }

    /// Time limit for name resolution, TCP and TLS together. `None`: no limit.
    pub fn connect_timeout(&self) -> Option<Duration> {
        self.connect
    }

    /// Time limit for each wait for bytes. `None`: no limit.
    ///
    /// A body that is handed on as it comes ([`on_chunk`](crate::Request::on_chunk)) has a limit of its own, which
    /// [`receive`](Call::receive) puts in place of this one.
    pub fn read_timeout(&self) -> Option<Duration> {
        self.limits().1
    }

    /// End of the attempt: its own limit or the request's deadline, whichever is first. `None`: no limit.
    ///
    /// A body that is handed on as it comes ([`on_chunk`](crate::Request::on_chunk)) has an end of its own, mostly
    /// none: while [`receive`](Call::receive) reads it, its reader finds that end here.
    pub fn deadline(&self) -> Option<Instant> {
        self.limits().0
    }

    /// Present time of the clock by which [`deadline`](Call::deadline) is meant.
    ///
    /// The client's own clock, which may be a [`VirtualClock`].
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Returns true if the request has been cancelled: the exchange is to end soon.
    ///
    /// However it ends, the outcome is `cancelled`.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Tells haul that the host was reached.
    ///
    /// Optional; until a host has been reached once, few requests are sent to it at the same time.
    pub fn connected(&self) {
        if let Some(on_connected) = self.on_connected {
            on_connected();
        }
    }

    /// Lets time pass, as a slow server does before its answer.
    ///
    /// # Errors
    /// If the request is cancelled meanwhile, or a time limit of the call passes: a fault to answer the call with.
    pub fn wait(&self, time: Duration) -> Result<(), Box<Fault>> {
        let began = self.clock.now();
        let (until, read) = self.limits();
        let limits = Limits::attempt(until, read);
        let pause = Arc::new(Pause::default());
        let waiter = Arc::clone(&pause) as Arc<dyn WakeWaiters>;
        let published = self.cancel.publish_waiter(waiter);
        let waited = match published {
            Ok(()) => Pause::wait(&pause, self, began, time, &limits),
            Err(_) => Err(Failure::Cancelled),
        };
        let waited = match self.cancel.withdraw() {
            Ok(()) => waited,
            Err(_) => Err(Failure::Cancelled),
        };
        waited.map_err(|failure| Box::new(self.fault(Phase::Wait, failure, None)))
    }

    /// Takes a response as haul takes one from a socket.
    ///
    /// It takes the whole body if its status is accepted, up to the limit for bodies, and to a file if the request
    /// saves it; the first 64 KiB of it otherwise. A body that is handed on as it comes is handed on here, and one that
    /// the request discards is not read. Content codings that `Content-Encoding` names are taken off, if this
    /// build has the feature for them.
    ///
    /// Responses to `HEAD` and those of status 1xx, 204 and 304 have no body: the reader is not read.
    ///
    /// # Errors
    /// If the reader fails, the body is larger than the limit or not coded as it says, or the file cannot be written: a
    /// fault to answer the call with.
    pub fn receive(&self, response: http::Response<impl Read>) -> Result<Reply, Box<Fault>> {
        self.tell_head(self.clock.now());
        let (head, mut body) = response.into_parts();
        let reply = Reply {
            status: head.status.as_u16(),
            version: head.version,
            headers: head.headers.into(),
            body: Vec::new(),
            truncated: false,
            received: 0,
            undecoded: false,
            partial: None,
            anew: false,
        };
        // Read here already, unless there is no body: no memory is taken for a body that is empty.
        let mut front = [0; 64];
        let read = match is_bodiless(self, reply.status) || self.is_discarded(reply.status) {
            true => Ok(0),
            false => read_some(&mut body, &mut front),
        };
        let (reply, cut) = match read {
            Ok(n) => {
                let length = (n == 0).then_some(0);
                receive_from(self, reply, GivenBody(front[..n].chain(body)), length)
            }
            Err(error) => (reply, Some(BodyCut::Failed(error))),
        };
        match cut {
            None => Ok(reply),
            Some(cut) => Err(Box::new(self.cut_short(cut, reply))),
        }
    }

    /// True if a response with this status has a body that is not read, because the request discards it.
    pub(crate) fn leaves_out_body(&self, status: u16) -> bool {
        self.is_discarded(status) && !is_bodiless(self, status)
    }

    fn is_discarded(&self, status: u16) -> bool {
        self.discard && self.accept.contains(status)
    }

    #[cold]
    fn cut_short(&self, cut: BodyCut, reply: Reply) -> Fault {
        let over_limit = matches!(cut, BodyCut::TooLarge);
        let mut reply = sampled(self, reply);
        reply.truncated |= over_limit;
        match cut {
            // Not decoded: the reader's own error, and not one of a connection.
            BodyCut::Failed(error)
                if !error.get_ref().is_some_and(|inner| inner.is::<Undecoded>()) =>
            {
                let message = match Target::of(self) {
                    Some(target) => format!("the body from {target} broke off: {error}"),
                    None => format!("the body broke off: {error}"),
                };
                let fault = Fault::new(ErrorType::IncompleteBody, Phase::Receive, message);
                Fault {
                    reply: Some(reply),
                    permanent: self.is_final(),
                    ..fault.because(error)
                }
            }
            cut => self.fault(Phase::Receive, Failure::Body(cut), Some(reply)),
        }
    }

    fn fault(&self, phase: Phase, failure: Failure, reply: Option<Reply>) -> Fault {
        let Some(target) = Target::of(self) else {
            return no_host();
        };
        let context = FailureContext {
            call: self,
            target: &target,
            phase,
            sent: 0,
            received: 0,
            ended: false,
        };
        context.fault(failure, reply)
    }
}

/// Method and host: the path and the headers may hold secrets.
impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Target::of(self) {
            Some(target) => write!(f, "Call({} {target})", self.method),
            None => write!(f, "Call({})", self.method),
        }
    }
}

/// Body of a request, as a transport reads it.
pub struct RequestBody<'a>(BodySource<'a>);

enum BodySource<'a> {
    Bytes(&'a [u8]),
    Streamed(Upload<'a>),
}

impl RequestBody<'_> {
    /// Number of bytes of the whole body. `None`: a reader of unknown length.
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            BodySource::Bytes(bytes) => Some(bytes.len() as u64),
            BodySource::Streamed(upload) => upload.length(),
        }
    }
}

impl Read for RequestBody<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            BodySource::Bytes(bytes) => bytes.read(into),
            BodySource::Streamed(upload) => upload
                .read(into)
                .map_err(|unsent| io::Error::new(unsent.reason.kind(), unsent.to_string())),
        }
    }
}

impl fmt::Debug for RequestBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestBody({:?} bytes)", self.length())
    }
}

/// Body that a transport gives: it ends where the reader does.
struct GivenBody<'a, R>(Chain<&'a [u8], R>);

impl<R: Read> Read for GivenBody<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl<R: Read> BodyRead for GivenBody<'_, R> {
    fn is_framed(&self) -> bool {
        true
    }
}

fn read_some(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
