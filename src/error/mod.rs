//! Failures of requests.

mod token;

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(crate) use token::TokenFailure;

use crate::response::Response;
use crate::timing::Phase;
use crate::url::Mistake;

macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Returns the name used in records and log lines.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

named! {
    /// Layer to which a failure belongs, so that a caller can treat each its own way.
    Layer {
        /// No usable exchange took place: resolution, connection, TLS, timeout.
        Network = "network",
        /// The server sent a response that is an error or no HTTP.
        Http = "http",
        /// The body is not of the expected form.
        Parse = "parse",
        /// The caller's own code returned an error.
        Application = "application",
        /// The failure is on this side: a bad request, a cancel, a panic, out of files.
        Local = "local",
    }
}

named! {
    /// Class of a failure: a closed set, extended only in a minor version.
    ErrorType {
        /// The host name could not be resolved.
        Dns = "dns",
        /// The address policy refuses the address.
        AddressDenied = "address_denied",
        /// No connection could be made: refused, unreachable.
        Connect = "connect",
        /// The TLS handshake failed, or the certificate is not acceptable.
        Tls = "tls",
        /// The proxy refused or failed.
        Proxy = "proxy",
        /// A time limit passed; the phase tells which limit.
        Timeout = "timeout",
        /// The connection was lost before the response head.
        Connection = "connection",
        /// The body was cut short or reset.
        IncompleteBody = "incomplete_body",
        /// The status is not among the accepted ones.
        HttpStatus = "http_status",
        /// The response is not valid HTTP.
        Protocol = "protocol",
        /// A redirect loop, too many redirects, a bad or refused target.
        Redirect = "redirect",
        /// The body is larger than the limit.
        BodyTooLarge = "body_too_large",
        /// Decompression failed, or the body was not the JSON that was expected.
        Decode = "decode",
        /// The caller's `process` closure returned an error.
        Process = "process",
        /// The caller's `before_attempt` returned an error, and the attempt was not made.
        Sign = "sign",
        /// The saved body is not the expected one: another SHA-256, or another size.
        Checksum = "checksum",
        /// No token could be fetched: the source of the token failed.
        Auth = "auth",
        /// The request could not be built, and was never sent.
        InvalidRequest = "invalid_request",
        /// The host's circuit breaker is open.
        BreakerOpen = "breaker_open",
        /// The deadline passed before any attempt failed.
        Deadline = "deadline",
        /// Cancelled by the caller.
        Cancelled = "cancelled",
        /// The request was in flight when an earlier run was cut off; the server may have acted.
        Interrupted = "interrupted",
        /// A hook, predicate or closure of the caller's panicked.
        Panic = "panic",
        /// A failure on this side.
        ///
        /// Examples are a full disk, or no free descriptor, port or thread although no other attempt is under way (else
        /// the request waits for one to end).
        Io = "io",
    }
}

impl ErrorType {
    /// Returns the phase in which an attempt usually fails with this class. `None`: no attempt fails with it, or in no
    /// phase of its own.
    pub(crate) fn usual_phase(self) -> Option<Phase> {
        use ErrorType::*;
        match self {
            Dns | AddressDenied => Some(Phase::Resolve),
            Connect | Proxy | Io => Some(Phase::Connect),
            Tls => Some(Phase::Tls),
            Timeout | Connection | Protocol => Some(Phase::Wait),
            HttpStatus | IncompleteBody | BodyTooLarge | Decode | Checksum => Some(Phase::Receive),
            _ => None,
        }
    }

    /// Returns the layer to which this class belongs.
    pub fn layer(self) -> Layer {
        use ErrorType::*;
        match self {
            Dns | AddressDenied | Connect | Tls | Proxy | Timeout | Connection | IncompleteBody => {
                Layer::Network
            }
            HttpStatus | Protocol | Redirect | BodyTooLarge => Layer::Http,
            Decode => Layer::Parse,
            Process | Sign | Checksum => Layer::Application,
            Auth | InvalidRequest | BreakerOpen | Deadline | Cancelled | Interrupted | Panic
            | Io => Layer::Local,
        }
    }
}

named! {
    /// Reason for which no further attempt was made.
    StopReason {
        /// This class of failure is never repeated.
        NotRetryable = "not_retryable",
        /// The server may have acted, and repeating the method is not safe (RFC 9110 §9.2.2).
        MethodNotIdempotent = "method_not_idempotent",
        /// The body cannot be sent a second time.
        BodyNotReplayable = "body_not_replayable",
        /// All allowed attempts were used.
        AttemptsExhausted = "attempts_exhausted",
        /// The limit of this class of failure was reached.
        ClassLimit = "class_limit",
        /// The server asked for a longer wait than allowed.
        RetryAfterOverCap = "retry_after_over_cap",
        /// The next attempt would start after the deadline.
        Deadline = "deadline",
        /// The host's retry budget is spent.
        BudgetEmpty = "budget_empty",
        /// The host's circuit breaker is open.
        BreakerOpen = "breaker_open",
        /// The server asked not to be tried again (`x-should-retry: false`).
        ServerSaidNo = "server_said_no",
        /// The request was given back to be run later or elsewhere, because its next attempt was too far away.
        GivenBack = "given_back",
        /// Cancelled by the caller.
        Cancelled = "cancelled",
    }
}

/// Failure of a request: class, layer, phase, the server's response, and the reason to give up.
///
/// The reason says why the request was not tried again.
///
/// ```
/// # fn explain(error: &haul::Error) {
/// if error.layer() == haul::Layer::Network {
///     println!("{} in phase {:?}: {error}", error.error_type(), error.phase());
/// } else if let Some(body) = error.response_text() {
///     println!("the server said: {body}");
/// }
/// # }
/// ```
pub struct Error(Box<ErrorFacts>);

struct ErrorFacts {
    error_type: ErrorType,
    phase: Option<Phase>,
    message: String,
    /// Position of the mistake in the text, and the part of the text that may be shown.
    position: Option<u64>,
    text: Option<Box<str>>,
    /// Method and URL of the request. `None`: they are not told with the failure.
    request: Option<String>,
    stop_reason: Option<StopReason>,
    response: Option<Response>,
    source: Option<ErrorSource>,
}

/// Error that led to a failure.
enum ErrorSource {
    Own(Box<dyn StdError + Send + Sync>),
    /// Error that led to the failures of several requests.
    Shared(Arc<dyn StdError + Send + Sync>),
}

impl Error {
    pub(crate) fn new(error_type: ErrorType, message: impl Into<String>) -> Error {
        Error(Box::new(ErrorFacts {
            error_type,
            phase: None,
            message: message.into(),
            position: None,
            text: None,
            request: None,
            stop_reason: None,
            response: None,
            source: None,
        }))
    }

    /// Returns the error of a request that is not fit to be sent.
    pub(crate) fn invalid(mistake: Mistake) -> Error {
        let mut error = Error::new(ErrorType::InvalidRequest, mistake.reason);
        (error.0.position, error.0.text) = (mistake.position, mistake.shown);
        error
    }

    /// Returns the mistake that the error is about.
    pub(crate) fn mistake(&self) -> Mistake {
        Mistake {
            reason: self.0.message.clone().into(),
            position: self.0.position,
            shown: self.0.text.clone(),
        }
    }

    pub(crate) fn at(mut self, phase: Phase) -> Error {
        self.0.phase = Some(phase);
        self
    }

    /// Adds the method and the URL of the request.
    pub(crate) fn to(mut self, request: String) -> Error {
        self.0.request = Some(request);
        self
    }

    /// Returns the method and URL of the request. `None`: they are not told with the failure.
    pub(crate) fn request(&self) -> Option<&str> {
        self.0.request.as_deref()
    }

    /// Returns the error of a request whose token could not be fetched.
    pub(crate) fn no_token(failure: TokenFailure) -> Error {
        let mut error = Error::new(ErrorType::Auth, &*failure.message);
        error.0.source = failure.source.map(ErrorSource::Shared);
        error.stopped(StopReason::NotRetryable)
    }

    pub(crate) fn because(mut self, source: Option<Box<dyn StdError + Send + Sync>>) -> Error {
        self.0.source = source.map(ErrorSource::Own);
        self
    }

    pub(crate) fn with_response(mut self, response: Option<Response>) -> Error {
        self.0.response = response;
        self
    }

    /// Adds a note to the message.
    pub(crate) fn with_note(mut self, note: &str) -> Error {
        self.0.message += "; ";
        self.0.message += note;
        self
    }

    pub(crate) fn stopped(mut self, reason: StopReason) -> Error {
        self.0.stop_reason = Some(reason);
        self
    }

    /// Returns the class of the failure.
    pub fn error_type(&self) -> ErrorType {
        self.0.error_type
    }

    /// Returns the layer to which [`error_type`](Error::error_type) belongs.
    pub fn layer(&self) -> Layer {
        self.0.error_type.layer()
    }

    /// Returns the phase of the attempt in which the failure happened.
    ///
    /// `None`: no attempt was made, or the phase is not known.
    pub fn phase(&self) -> Option<Phase> {
        self.0.phase
    }

    /// Returns the reason for which no further attempt was made. `None`: the failure has none.
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.0.stop_reason
    }

    /// Position of the mistake in a text, in bytes from 1.
    ///
    /// The text is the line of a request that could not be read, or a text that is no valid URL. `None`: it is not
    /// known, or the failure is no mistake in a text.
    pub fn position(&self) -> Option<u64> {
        self.0.position
    }

    /// Part of the line or the URL that could not be read, if it is known to be harmless.
    ///
    /// This is the name of a key, or host and path. `None`: there is none.
    ///
    /// ```
    /// let outcome = haul::Client::new().get("http://ada:sesame@example.com:99999/list?page=sesame");
    /// let error = outcome.error().unwrap();
    /// assert_eq!(error.message(), "the port is no number between 1 and 65535");
    /// assert_eq!((error.position(), error.text()), (Some(31), Some("http://***@example.com:99999/list***")));
    /// ```
    pub fn text(&self) -> Option<&str> {
        self.0.text.as_deref()
    }

    /// Returns the message alone, without the class.
    ///
    /// Secrets are masked, and equal mistakes have equal messages.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the status of the server's response. `None`: no response head arrived.
    pub fn status(&self) -> Option<u16> {
        self.0.response.as_ref().map(Response::status)
    }

    /// Returns the server's response.
    ///
    /// `None`: no response head arrived. The body of a status that was not accepted is kept up to 64 KiB
    /// ([`Response::is_truncated`] says when it was cut).
    pub fn response(&self) -> Option<&Response> {
        self.0.response.as_ref()
    }

    /// Returns the body of the server's response, as text. `None`: no response head arrived.
    pub fn response_text(&self) -> Option<String> {
        self.0.response.as_ref().map(|r| r.text().into_owned())
    }

    /// Returns the response, by value. `None`: no response head arrived.
    pub fn into_response(self) -> Option<Response> {
        self.0.response
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("error_type", &self.0.error_type)
            .field("phase", &self.0.phase)
            .field("message", &self.0.message)
            .field("stop_reason", &self.0.stop_reason)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.0.source.as_ref()? {
            ErrorSource::Own(source) => Some(&**source),
            ErrorSource::Shared(source) => Some(&**source),
        }
    }
}

/// Returns the message of a panic in the caller's code.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    format!("panicked: {text}")
}

#[cfg(test)]
mod tests;
