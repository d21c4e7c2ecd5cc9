//! Class, phase and message of every failure of an attempt.

mod bodies;
mod failure;
mod proxied;
mod shortage;

use std::fmt;
use std::io;
use std::time::Duration;

pub(in crate::transport) use self::failure::Failure;
use self::shortage::shortage;
use super::connect::dial::Undialled;
use super::connect::resolver::Unresolved;
use super::connection::platform;
use super::connection::wire::{Limit, WireError};
use super::http1::body::collect::BodyCut;
use super::http1::head::malformed::Malformed;
use super::target::Target;
use super::{Call, Fault, Reply};
use crate::error::ErrorType;
use crate::timing::Phase;

/// Context of a failure.
pub(in crate::transport) struct FailureContext<'a> {
    pub(in crate::transport) call: &'a Call<'a>,
    pub(in crate::transport) target: &'a Target<'a>,
    pub(in crate::transport) phase: Phase,
    pub(in crate::transport) sent: u64,
    pub(in crate::transport) received: u64,
    /// True if the server had closed its side.
    pub(in crate::transport) ended: bool,
}

/// Classification of a failure.
struct Classification {
    error_type: ErrorType,
    permanent: bool,
    message: String,
    shortage: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Classification {
    fn new(error_type: ErrorType, message: String) -> Classification {
        Classification {
            error_type,
            permanent: false,
            message,
            shortage: None,
            source: None,
        }
    }

    fn permanent(mut self) -> Classification {
        self.permanent = true;
        self
    }

    fn because(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Classification {
        self.source = Some(source.into());
        self
    }
}

impl FailureContext<'_> {
    pub(in crate::transport) fn fault(&self, failure: Failure, reply: Option<Reply>) -> Fault {
        // The failures listed first concern the response's or the request's body, whatever phase the connection was in.
        let phase = match failure {
            Failure::Unsaved(_) => Phase::Receive,
            Failure::Unsent(_) | Failure::Unfinished | Failure::Overrun(_) => Phase::Send,
            _ => self.phase,
        };
        let verdict = self.judge(failure);
        Fault {
            error_type: verdict.error_type,
            phase,
            permanent: verdict.permanent || self.call.is_final(),
            message: verdict.message,
            shortage: verdict.shortage,
            source: verdict.source,
            reply,
        }
    }

    fn judge(&self, failure: Failure) -> Classification {
        let to = self.target;
        match failure {
            Failure::Cancelled
            | Failure::Resolve(Unresolved::Cancelled)
            | Failure::Dial(Undialled::Cancelled) => self.cancelled(),
            Failure::Resolve(Unresolved::Failed(error)) => {
                let message = format!("resolve {}: {error}", to.name);
                Classification::new(ErrorType::Dns, message).because(error)
            }
            Failure::Resolve(Unresolved::Unasked(error)) => {
                let message = format!("resolve {}", to.name);
                Classification::short(message, shortage(&error)).because(error)
            }
            Failure::Shortage(error) => {
                let message = format!("not sent to {to}");
                Classification::short(message, shortage(&error)).because(error)
            }
            Failure::Resolve(Unresolved::Denied { name, address }) => {
                let message = format!("the address policy refuses {address}, an address of {name}");
                Classification::new(ErrorType::AddressDenied, message).permanent()
            }
            Failure::Proxy(unproxied) => self.proxy(unproxied),
            Failure::Resolve(Unresolved::TimedOut(broken))
            | Failure::Dial(Undialled::Broken(broken))
            | Failure::Broken(broken) => self.broken(broken),
            Failure::Unsendable(error) => {
                let message = format!("the request to {to} cannot be sent: {error}");
                let verdict = Classification::new(ErrorType::InvalidRequest, message).permanent();
                verdict.because(error)
            }
            Failure::Closed => self.closed(),
            Failure::Malformed(malformed) => self.malformed(malformed),
            Failure::Unfinished => {
                let sent = self.sent;
                let message = format!(
                    "{to} answered and took no more of the request after {sent} bytes, before its end"
                );
                Classification::new(ErrorType::Connection, message)
            }
            Failure::Overrun(most) => {
                let sent = self.sent;
                let message = format!(
                    "{to} answered with more than {most} bytes after {sent} bytes of the request, before its end; \
                     no more of an answer waits for that"
                );
                Classification::new(ErrorType::Connection, message).permanent()
            }
            Failure::Unsent(unsent) => self.unsent(unsent),
            Failure::Body(BodyCut::Unsaved(unsaved)) | Failure::Unsaved(unsaved) => {
                self.unsaved(unsaved)
            }
            Failure::Body(cut) => self.cut(cut),
        }
    }

    fn cancelled(&self) -> Classification {
        let message = format!("cancelled in phase {} of {}", self.phase, self.target);
        Classification::new(ErrorType::Cancelled, message).permanent()
    }

    fn broken(&self, broken: WireError) -> Classification {
        let to = self.target;
        match broken {
            WireError::TimedOut(limit) => {
                Classification::new(ErrorType::Timeout, self.too_long(limit))
            }
            WireError::Tls { permanent, source } => {
                let message = match self.phase {
                    Phase::Tls => format!("TLS handshake with {to}: {source}"),
                    _ => format!("TLS connection to {to}: {source}"),
                };
                let verdict = Classification::new(ErrorType::Tls, message).because(source);
                if permanent {
                    verdict.permanent()
                } else {
                    verdict
                }
            }
            WireError::Io(error) => self.io(error),
        }
    }

    fn io(&self, error: io::Error) -> Classification {
        let to = self.target;
        let how = how_it_broke(&error);
        let verdict = match self.phase {
            Phase::Resolve | Phase::Connect if platform::is_exhausted(&error) => {
                Classification::short(format!("connect to {to}"), shortage(&error))
            }
            Phase::Resolve | Phase::Connect => {
                Classification::new(ErrorType::Connect, format!("connect to {to}: {error}"))
            }
            Phase::Tls => Classification::new(
                ErrorType::Tls,
                format!("TLS handshake with {to}: the connection was {how}"),
            ),
            Phase::Receive => Classification::new(
                ErrorType::IncompleteBody,
                format!("the connection to {to} was {how} before the body was complete"),
            ),
            _ if self.received > 0 => Classification::new(
                ErrorType::Connection,
                format!("the connection to {to} was {how} in the middle of the response head"),
            ),
            _ => Classification::new(
                ErrorType::Connection,
                format!("the connection to {to} was {how} before an answer came"),
            ),
        };
        verdict.because(error)
    }

    /// Returns the verdict on a stream that ended before the head was complete, while the connection had not broken.
    fn closed(&self) -> Classification {
        let to = self.target;
        let message = match self.received > 0 {
            true => format!("{to} closed the connection in the middle of the response head"),
            false => format!("{to} closed the connection before answering"),
        };
        Classification::new(ErrorType::Connection, message)
            .because(io::Error::from(io::ErrorKind::UnexpectedEof))
    }

    fn malformed(&self, malformed: Malformed) -> Classification {
        let message = format!(
            "the response of {} is not valid HTTP: {malformed}",
            self.target
        );
        Classification::new(ErrorType::Protocol, message)
            .permanent()
            .because(malformed)
    }

    /// Returns the limit that passed.
    fn time(&self, limit: Limit) -> RoundedLimit {
        let time = match limit {
            Limit::Connect => self.call.connect,
            Limit::Read => self.call.limits().1,
            Limit::Attempt => {
                let attempt = self.call.limits().0.zip(self.call.began);
                attempt.map(|(until, began)| until.saturating_duration_since(began))
            }
        };
        RoundedLimit(time.unwrap_or_default())
    }

    fn too_long(&self, limit: Limit) -> String {
        let to = self.target;
        let time = self.time(limit);
        let read = limit == Limit::Read;
        match self.phase {
            Phase::Resolve => format!("resolving {} took longer than {time}", to.name),
            Phase::Connect => format!("connect to {to} took longer than {time}"),
            Phase::Tls => format!("TLS handshake with {to} took longer than {time}"),
            Phase::Send if read => format!("{to} took no bytes of the request for {time}"),
            Phase::Send => format!("sending the request to {to} took longer than {time}"),
            Phase::Receive if read => format!("no bytes of the body came from {to} for {time}"),
            Phase::Receive => format!("receiving the body from {to} took longer than {time}"),
            _ => format!("{to} did not answer within {time}"),
        }
    }
}

/// Returns the failure of a request that has no host to go to.
#[cold]
pub(in crate::transport) fn no_host() -> Fault {
    let message = "the URL has no http or https host";
    Fault::new(ErrorType::InvalidRequest, Phase::Resolve, message).permanent()
}

fn how_it_broke(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionReset => "reset",
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => "closed",
        _ => "lost",
    }
}

/// Limit rounded for messages: an attempt's limit has lost some microseconds by the time it is read.
struct RoundedLimit(Duration);

impl fmt::Display for RoundedLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = (self.0.as_micros() + 500) / 1000;
        if ms >= 1000 {
            let tenths = (ms + 50) / 100;
            match tenths % 10 {
                0 => write!(f, "{}s", tenths / 10),
                tenth => write!(f, "{}.{tenth}s", tenths / 10),
            }
        } else {
            write!(f, "{ms}ms")
        }
    }
}

#[cfg(test)]
mod tests;
