//! Class, phase and message of every failure of an attempt.

mod bodies;
mod proxied;
mod shortage;
mod trouble;

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use self::shortage::shortage;
pub(in crate::transport) use self::trouble::Trouble;
use super::connect::dial::Undialled;
use super::connect::resolver::Unresolved;
use super::connection::platform;
use super::connection::wire::{Broken, Limit};
use super::http1::body::collect::Cut;
use super::http1::head::malformed::Malformed;
use super::target::Target;
use super::{Call, Fault, Reply};
use crate::error::ErrorType;
use crate::timing::Phase;

/// Context of a failure.
pub(in crate::transport) struct Scene<'a> {
    pub(in crate::transport) call: &'a Call<'a>,
    pub(in crate::transport) target: &'a Target<'a>,
    pub(in crate::transport) started: Instant,
    pub(in crate::transport) phase: Phase,
    pub(in crate::transport) sent: u64,
    pub(in crate::transport) received: u64,
    /// True if the server had closed its side.
    pub(in crate::transport) ended: bool,
}

/// Classification of a failure.
struct Verdict {
    error_type: ErrorType,
    permanent: bool,
    message: String,
    shortage: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Verdict {
    fn new(error_type: ErrorType, message: String) -> Verdict {
        Verdict {
            error_type,
            permanent: false,
            message,
            shortage: None,
            source: None,
        }
    }

    fn permanent(mut self) -> Verdict {
        self.permanent = true;
        self
    }

    fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Verdict {
        self.source = Some(source.into());
        self
    }
}

impl Scene<'_> {
    pub(in crate::transport) fn fault(&self, trouble: Trouble, reply: Option<Reply>) -> Fault {
        // The failures listed first concern the response's or the request's body, whatever phase the connection was in.
        let phase = match trouble {
            Trouble::Unsaved(_) => Phase::Receive,
            Trouble::Unsent(_) | Trouble::Unfinished | Trouble::Overrun(_) => Phase::Send,
            _ => self.phase,
        };
        let verdict = self.judge(trouble);
        Fault {
            error_type: verdict.error_type,
            phase,
            permanent: verdict.permanent,
            message: verdict.message,
            shortage: verdict.shortage,
            source: verdict.source,
            reply,
        }
    }

    fn judge(&self, trouble: Trouble) -> Verdict {
        let to = self.target;
        match trouble {
            Trouble::Cancelled
            | Trouble::Resolve(Unresolved::Cancelled)
            | Trouble::Dial(Undialled::Cancelled) => self.cancelled(),
            Trouble::Resolve(Unresolved::Failed(error)) => {
                let message = format!("resolve {}: {error}", to.name);
                Verdict::new(ErrorType::Dns, message).because(error)
            }
            Trouble::Resolve(Unresolved::Unasked(error)) => {
                let message = format!("resolve {}", to.name);
                Verdict::short(message, shortage(&error)).because(error)
            }
            Trouble::Shortage(error) => {
                let message = format!("not sent to {to}");
                Verdict::short(message, shortage(&error)).because(error)
            }
            Trouble::Resolve(Unresolved::Denied { name, address }) => {
                let message = format!("the address policy refuses {address}, an address of {name}");
                Verdict::new(ErrorType::AddressDenied, message).permanent()
            }
            Trouble::Proxy(unproxied) => self.proxy(unproxied),
            Trouble::Resolve(Unresolved::TimedOut(broken))
            | Trouble::Dial(Undialled::Broken(broken))
            | Trouble::Broken(broken) => self.broken(broken),
            Trouble::Unsendable(error) => {
                let message = format!("the request to {to} cannot be sent: {error}");
                let verdict = Verdict::new(ErrorType::InvalidRequest, message).permanent();
                verdict.because(error)
            }
            Trouble::Closed => self.closed(),
            Trouble::Malformed(malformed) => self.malformed(malformed),
            Trouble::Unfinished => {
                let sent = self.sent;
                let message = format!(
                    "{to} answered and took no more of the request after {sent} bytes, before its end"
                );
                Verdict::new(ErrorType::Connection, message)
            }
            Trouble::Overrun(most) => {
                let sent = self.sent;
                let message = format!(
                    "{to} answered with more than {most} bytes after {sent} bytes of the request, before its end; \
                     no more of an answer waits for that"
                );
                Verdict::new(ErrorType::Connection, message).permanent()
            }
            Trouble::Unsent(unsent) => self.unsent(unsent),
            Trouble::Body(Cut::Unsaved(unsaved)) | Trouble::Unsaved(unsaved) => {
                self.unsaved(unsaved)
            }
            Trouble::Body(cut) => self.cut(cut),
        }
    }

    fn cancelled(&self) -> Verdict {
        let message = format!("cancelled in phase {} of {}", self.phase, self.target);
        Verdict::new(ErrorType::Cancelled, message).permanent()
    }

    fn broken(&self, broken: Broken) -> Verdict {
        let to = self.target;
        match broken {
            Broken::TimedOut(limit) => Verdict::new(ErrorType::Timeout, self.too_long(limit)),
            Broken::Tls { permanent, source } => {
                let message = match self.phase {
                    Phase::Tls => format!("TLS handshake with {to}: {source}"),
                    _ => format!("TLS connection to {to}: {source}"),
                };
                let verdict = Verdict::new(ErrorType::Tls, message).because(source);
                if permanent {
                    verdict.permanent()
                } else {
                    verdict
                }
            }
            Broken::Io(error) => self.io(error),
        }
    }

    fn io(&self, error: io::Error) -> Verdict {
        let to = self.target;
        let how = how_it_broke(&error);
        let verdict = match self.phase {
            Phase::Resolve | Phase::Connect if platform::is_exhausted(&error) => {
                Verdict::short(format!("connect to {to}"), shortage(&error))
            }
            Phase::Resolve | Phase::Connect => {
                Verdict::new(ErrorType::Connect, format!("connect to {to}: {error}"))
            }
            Phase::Tls => Verdict::new(
                ErrorType::Tls,
                format!("TLS handshake with {to}: the connection was {how}"),
            ),
            Phase::Receive => Verdict::new(
                ErrorType::IncompleteBody,
                format!("the connection to {to} was {how} before the body was complete"),
            ),
            _ if self.received > 0 => Verdict::new(
                ErrorType::Connection,
                format!("the connection to {to} was {how} in the middle of the response head"),
            ),
            _ => Verdict::new(
                ErrorType::Connection,
                format!("the connection to {to} was {how} before an answer came"),
            ),
        };
        verdict.because(error)
    }

    /// Returns the verdict on a stream that ended before the head was complete, while the connection had not broken.
    fn closed(&self) -> Verdict {
        let to = self.target;
        let message = match self.received > 0 {
            true => format!("{to} closed the connection in the middle of the response head"),
            false => format!("{to} closed the connection before answering"),
        };
        Verdict::new(ErrorType::Connection, message)
            .because(io::Error::from(io::ErrorKind::UnexpectedEof))
    }

    fn malformed(&self, malformed: Malformed) -> Verdict {
        let message = format!(
            "the response of {} is not valid HTTP: {malformed}",
            self.target
        );
        Verdict::new(ErrorType::Protocol, message)
            .permanent()
            .because(malformed)
    }

    /// Returns the limit that passed.
    fn time(&self, limit: Limit) -> Rounded {
        let time = match limit {
            Limit::Connect => self.call.connect,
            Limit::Read => self.call.read,
            Limit::Attempt => self
                .call
                .until
                .map(|until| until.saturating_duration_since(self.started)),
        };
        Rounded(time.unwrap_or_default())
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
struct Rounded(Duration);

impl fmt::Display for Rounded {
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
