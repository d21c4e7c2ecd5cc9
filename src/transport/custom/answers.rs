//! Answers to a call: a response or a fault, and facts about how the exchange went.

use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use crate::error::ErrorType;
use crate::timing::Phase;
use crate::transport::{ExchangeResult, Fault, Reply, SentHead, WireFacts};
use http::HeaderMap;

impl ExchangeResult {
    /// Adds how the exchange went.
    #[must_use]
    pub fn with_trace(mut self, trace: WireFacts) -> ExchangeResult {
        self.trace = trace;
        self
    }

    /// The response, or the fault.
    pub fn result(&self) -> Result<&Reply, &Fault> {
        self.result.as_ref()
    }

    /// The facts about how the exchange went.
    pub fn trace(&self) -> &WireFacts {
        &self.trace
    }
}

/// With a response, one that came over a new connection; with a fault, one of which nothing was sent.
impl From<Result<Reply, Fault>> for ExchangeResult {
    fn from(result: Result<Reply, Fault>) -> ExchangeResult {
        let connected = result.is_ok();
        ExchangeResult {
            result,
            trace: WireFacts {
                connected,
                ..WireFacts::default()
            },
        }
    }
}

impl From<Result<Reply, Box<Fault>>> for ExchangeResult {
    fn from(result: Result<Reply, Box<Fault>>) -> ExchangeResult {
        result.map_err(|fault| *fault).into()
    }
}

impl From<Fault> for ExchangeResult {
    fn from(fault: Fault) -> ExchangeResult {
        Err::<Reply, Fault>(fault).into()
    }
}

impl From<Box<Fault>> for ExchangeResult {
    fn from(fault: Box<Fault>) -> ExchangeResult {
        (*fault).into()
    }
}

impl Reply {
    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body, as far as it is kept in memory.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// Status and size: headers and body may hold secrets.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({}, {} bytes)", self.status, self.body.len())
    }
}

impl Fault {
    /// A failure of this class, in this phase.
    ///
    /// The message becomes that of the error: it names the host and holds no secret.
    ///
    /// The retry policy decides by class, phase and [`WireFacts::sent`] if the request is tried again: one that is not safe to
    /// repeat only if it ended before [`Phase::Wait`] and nothing of it was sent.
    pub fn new(error_type: ErrorType, phase: Phase, message: impl Into<String>) -> Fault {
        Fault {
            error_type,
            phase,
            permanent: false,
            message: message.into(),
            source: None,
            shortage: None,
            reply: None,
        }
    }

    /// Says that the next attempt would fail in the same way, so that there is none.
    #[must_use]
    pub fn permanent(mut self) -> Fault {
        self.permanent = true;
        self
    }

    /// Adds the error behind it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Fault {
        self.source = Some(source.into());
        self
    }

    /// The class.
    pub fn error_type(&self) -> ErrorType {
        self.error_type
    }

    /// The phase in which it happened.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault {
            error_type,
            phase,
            message,
            ..
        } = self;
        write!(f, "Fault({error_type} in phase {phase}: {message})")
    }
}

impl WireFacts {
    /// An exchange without a connection, of which nothing was sent.
    pub fn new() -> WireFacts {
        WireFacts::default()
    }

    /// Says that there was a connection, and if it had been used before.
    #[must_use]
    pub fn connected(mut self, reused: bool) -> WireFacts {
        (self.connected, self.reused) = (true, reused);
        self
    }

    /// Sets the address that answered.
    #[must_use]
    pub fn remote(mut self, remote: SocketAddr) -> WireFacts {
        self.remote = Some(remote);
        self
    }

    /// Sets the number of bytes that were sent, head included.
    #[must_use]
    pub fn sent(mut self, bytes: u64) -> WireFacts {
        self.bytes_sent = bytes;
        self
    }

    /// Sets the number of bytes that were received, head included.
    #[must_use]
    pub fn received(mut self, bytes: u64) -> WireFacts {
        self.bytes_received = bytes;
        self
    }

    /// Adds time spent in a phase. [`Phase::Total`] has no share of its own and is ignored.
    #[must_use]
    pub fn spent(mut self, phase: Phase, time: Duration) -> WireFacts {
        self.timings.add(phase, time);
        self
    }
}

impl SentHead {
    /// The headers that a request would send, and the size of its body in bytes.
    ///
    /// Headers of the framing are included. A size of `None`: a reader of unknown length.
    pub fn new(headers: HeaderMap, body_bytes: Option<u64>) -> SentHead {
        SentHead {
            headers,
            body_bytes,
        }
    }
}

/// Number of headers: their values may be secret.
impl fmt::Debug for SentHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SentHead({} headers)", self.headers.len())
    }
}
