//! Answers of a script: responses and failures.

use std::fmt;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::time::Duration;

use super::calls::RecordedCall;
use crate::error::ErrorType;
use crate::timing::Phase;
use crate::transport::{Call, ExchangeResult, Fault, WireFacts};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

/// Answer of a [`Script`](super::Script): a response, or a failure.
///
/// ```
/// use std::time::Duration;
/// use haul::testing::{fail, json, status};
/// use haul::{ErrorType, Phase};
///
/// let found = json(200, serde_json::json!({"id": 1})).header("etag", "\"a\"");
/// let throttled = status(429).header("retry-after", "2");
/// let slow_handshake = fail(ErrorType::Timeout).phase(Phase::Tls).delay(Duration::from_secs(10));
/// ```
///
/// A closure is an answer too: `|call: &Call| text(200, call.url())`.
#[derive(Clone)]
#[must_use = "an answer does nothing until a script has it"]
pub struct Answer {
    kind: AnswerKind,
    delay: Duration,
}

#[derive(Clone)]
enum AnswerKind {
    Response(ScriptedResponse),
    Failure(ErrorType, Phase),
    Closure(Arc<dyn Fn(&RecordedCall) -> Answer + Send + Sync>),
}

#[derive(Clone)]
struct ScriptedResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// Answers with this status and a JSON body.
///
/// # Panics
/// If the status is not between 100 and 999, or the value cannot be written as JSON.
#[track_caller]
pub fn json(status: u16, value: impl Serialize) -> Answer {
    match serde_json::to_vec(&value) {
        Ok(body) => bytes(status, body).header("content-type", "application/json"),
        Err(error) => panic!("the value is no JSON: {error}"),
    }
}

/// Answers with this status and a body of plain text.
///
/// # Panics
/// If the status is not between 100 and 999.
#[track_caller]
pub fn text(status: u16, text: impl Into<String>) -> Answer {
    bytes(status, text.into()).header("content-type", "text/plain; charset=utf-8")
}

/// Answers with this status and body. The answer has no `Content-Type` unless it is given one.
///
/// # Panics
/// If the status is not between 100 and 999.
#[track_caller]
pub fn bytes(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    let Ok(status) = StatusCode::from_u16(status) else {
        panic!("{status} is no status");
    };
    Answer::of(AnswerKind::Response(ScriptedResponse {
        status,
        headers: HeaderMap::new(),
        body: body.into(),
    }))
}

/// Answers with this status and an empty body.
///
/// # Panics
/// If the status is not between 100 and 999.
#[track_caller]
pub fn status(status: u16) -> Answer {
    bytes(status, "")
}

/// Fails with this class, in the phase in which it usually happens ([`Answer::phase`] sets another).
///
/// The retry policy sees what it would see of such a failure: a request that failed before it was sent may be repeated,
/// a certificate that is not accepted will not be.
///
/// # Panics
/// If no transport fails with this class: the class of a status comes from [`status`], and the others are of haul's
/// own making (a deadline, a breaker, a cancel, a hook).
#[track_caller]
pub fn fail(class: ErrorType) -> Answer {
    let phase = match class {
        ErrorType::InvalidRequest => Some(Phase::Send),
        ErrorType::HttpStatus => None,
        _ => class.usual_phase(),
    };
    match phase {
        Some(phase) => Answer::of(AnswerKind::Failure(class, phase)),
        None => panic!("no transport fails with class {class}"),
    }
}

impl Answer {
    fn of(kind: AnswerKind) -> Answer {
        Answer {
            kind,
            delay: Duration::ZERO,
        }
    }

    /// Adds a header to the response.
    ///
    /// A name that is given twice is sent twice, except `Content-Type`, which is replaced. No effect on a failure.
    ///
    /// # Panics
    /// If the name or the value is not allowed in a header.
    #[track_caller]
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Answer {
        let (name, value) = (name.as_ref(), value.as_ref());
        let parsed = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value.as_bytes()),
        );
        let (Ok(name), Ok(value)) = parsed else {
            panic!("a header {name:?} with this value cannot be sent");
        };
        if let AnswerKind::Response(response) = &mut self.kind {
            match name == CONTENT_TYPE {
                true => drop(response.headers.insert(name, value)),
                false => drop(response.headers.append(name, value)),
            }
        }
        self
    }

    /// Lets this time pass before the answer, within the time limits of the request.
    ///
    /// A read limit of 1 s fails an answer with a delay of 2 s. Default: none.
    pub fn delay(mut self, time: Duration) -> Answer {
        self.delay = time;
        self
    }

    /// Sets the phase of a failure. No effect on a response.
    pub fn phase(mut self, at: Phase) -> Answer {
        if let AnswerKind::Failure(_, phase) = &mut self.kind {
            *phase = at;
        }
        self
    }

    /// Answers a call.
    pub(super) fn give(&self, call: &Call<'_>, recorded: &RecordedCall) -> ExchangeResult {
        let sent = 64 + recorded.url.len() as u64 + recorded.body.len() as u64;
        let answered = WireFacts::new().connected(false).sent(sent);
        if !self.delay.is_zero() {
            let began = call.now();
            if let Err(fault) = call.wait(self.delay) {
                let waited = call.now().saturating_duration_since(began);
                let trace = answered.spent(Phase::Wait, waited);
                return ExchangeResult::from(fault).with_trace(trace);
            }
        }
        let answered = answered.spent(Phase::Wait, self.delay);
        match &self.kind {
            AnswerKind::Closure(f) => f(recorded).give(call, recorded),
            AnswerKind::Response(response) => {
                call.connected();
                let received = 64 + response.body.len() as u64;
                let reply = call.receive(response.with_body(Cursor::new(&response.body)));
                ExchangeResult::from(reply).with_trace(answered.received(received))
            }
            AnswerKind::Failure(ErrorType::IncompleteBody, Phase::Receive) => {
                call.connected();
                let broken = bytes(200, "").into_response().map(|_| Broken);
                let reply = call.receive(broken);
                ExchangeResult::from(reply).with_trace(answered.received(64))
            }
            AnswerKind::Failure(class, phase) => {
                let fault = Fault::new(*class, *phase, failure_message(call, *class, *phase));
                let fault = match is_permanent(*class) {
                    true => fault.permanent(),
                    false => fault,
                };
                let exchanged = ExchangeResult::from(fault);
                match *phase >= Phase::Send {
                    true => {
                        call.connected();
                        exchanged.with_trace(answered)
                    }
                    false => exchanged,
                }
            }
        }
    }

    fn into_response(self) -> http::Response<Vec<u8>> {
        match self.kind {
            AnswerKind::Response(response) => response.with_body(response.body.clone()),
            _ => http::Response::new(Vec::new()),
        }
    }
}

impl ScriptedResponse {
    fn with_body<B>(&self, body: B) -> http::Response<B> {
        let mut response = http::Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response
    }
}

/// Returns true if the next attempt would fail in the same way.
fn is_permanent(class: ErrorType) -> bool {
    matches!(
        class,
        ErrorType::AddressDenied
            | ErrorType::Tls
            | ErrorType::Protocol
            | ErrorType::BodyTooLarge
            | ErrorType::Decode
            | ErrorType::InvalidRequest
    )
}

fn failure_message(call: &Call<'_>, class: ErrorType, phase: Phase) -> String {
    let host = call
        .uri()
        .authority()
        .map_or("", |authority| authority.host());
    format!("the script fails the call to {host} with {class} in phase {phase}")
}

/// Body that breaks off before its first byte.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::new(
            io::ErrorKind::ConnectionReset,
            "as the script says",
        ))
    }
}

impl<F: Fn(&RecordedCall) -> Answer + Send + Sync + 'static> From<F> for Answer {
    fn from(f: F) -> Answer {
        Answer::of(AnswerKind::Closure(Arc::new(f)))
    }
}

/// Status or class, and the delay: headers and body may hold secrets.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            AnswerKind::Response(response) => write!(f, "Answer({}", response.status.as_u16())?,
            AnswerKind::Failure(class, phase) => write!(f, "Answer({class} in phase {phase}")?,
            AnswerKind::Closure(_) => f.write_str("Answer(a closure")?,
        }
        match self.delay.is_zero() {
            true => f.write_str(")"),
            false => write!(f, " after {:?})", self.delay),
        }
    }
}
