//! Outcomes for tests, with times that are the same in every run.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::{Error, ErrorType, StopReason};
use crate::host::Host;
use crate::outcome::{Attempt, Outcome, OutcomeReport, State};
use crate::redact::Redaction;
use crate::rejection::Rejection;
use crate::request::Request;
use crate::response::{ExchangeFacts, Response};
use crate::timing::{Phase, Phases};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Version};

/// 2026-08-22T10:15:30.123Z, and some microseconds that no record shows.
pub(crate) fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(1_787_393_730_123_456)
}

pub(crate) fn ms(ms: f64) -> Duration {
    Duration::from_nanos((ms * 1e6) as u64)
}

/// Makes a response to `url` of the given type.
pub(crate) fn response(url: &str, status: u16, content_type: &str, body: &[u8]) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
    let mut timings = Phases::default();
    timings.add(Phase::Send, ms(0.1));
    timings.add(Phase::Wait, ms(120.0));
    timings.add(Phase::Receive, ms(22.6));
    let head = ExchangeFacts {
        status,
        version: Version::HTTP_11,
        headers: headers.into(),
        url: crate::url::parse(url).unwrap().into(),
        history: Box::default(),
        timings,
        remote: Some("192.0.2.7:443".parse().unwrap()),
        reused: true,
        undecoded: false,
        saved: None,
        redaction: Redaction::default(),
    };
    Response::new(Arc::new(head), body.to_vec(), false)
}

/// Makes an outcome after one attempt of 142.7 ms that got a response.
fn answered(index: u64, request: Request, response: &Response, state: State) -> Outcome {
    let head = Arc::clone(response.head());
    Outcome {
        index,
        request: Arc::new(request),
        state,
        report: Box::new(OutcomeReport {
            attempts: 1,
            started: start().into(),
            elapsed: ms(142.7).into(),
            queued: ms(3.0).into(),
            total: ms(145.7).into(),
            host: Host::of(head.url.uri()),
            head: Some(head),
            size: response.bytes().len() as u64,
            body_received: response.bytes().len() as u64,
            bytes_sent: 100,
            bytes_received: 1000,
            connections_reused: 1,
            ..OutcomeReport::default()
        }),
    }
}

pub(crate) fn success(index: u64, request: impl Into<Request>, response: Response) -> Outcome {
    answered(
        index,
        request.into(),
        &response.clone(),
        State::Success(response),
    )
}

pub(crate) fn rejected(
    index: u64,
    request: impl Into<Request>,
    response: Response,
    rejection: Rejection,
) -> Outcome {
    let state = State::Rejected(rejection.of(response.clone()));
    answered(index, request.into(), &response, state)
}

/// Makes a failure of the HTTP layer: a status that is not accepted.
pub(crate) fn bad_status(index: u64, request: impl Into<Request>, response: Response) -> Outcome {
    let error = Error::new(
        ErrorType::HttpStatus,
        format!("the server answered {}", response.status()),
    )
    .with_response(Some(response.clone()))
    .stopped(StopReason::NotRetryable);
    let mut outcome = answered(index, request.into(), &response, State::Failed(error));
    outcome.report.rare_mut().log = vec![attempt(
        ErrorType::HttpStatus,
        Some(response.status()),
        142.7,
    )];
    outcome
}

/// Makes a failure after three attempts that could not connect in time.
pub(crate) fn connect_timeout(index: u64, request: impl Into<Request>) -> Outcome {
    let request = request.into();
    let error = Error::new(ErrorType::Timeout, "connect to x:443 took longer than 10s")
        .at(Phase::Connect)
        .stopped(StopReason::AttemptsExhausted);
    let tries = [
        (10000.2, Some(183.0)),
        (10000.3, Some(401.5)),
        (10000.4, None),
    ];
    let tries = tries.map(|(elapsed, delay)| Attempt {
        phase: Some(Phase::Connect),
        delay: delay.map(ms),
        ..attempt(ErrorType::Timeout, None, elapsed)
    });
    let mut outcome = Outcome {
        index,
        state: State::Failed(error),
        report: Box::new(OutcomeReport {
            attempts: 3,
            started: start().into(),
            elapsed: ms(10000.4).into(),
            queued: ms(3.0).into(),
            total: ms(31702.0).into(),
            host: crate::url::parse(request.url())
                .ok()
                .and_then(|url| url.host()),
            ..OutcomeReport::default()
        }),
        request: Arc::new(request),
    };
    outcome.report.rare_mut().log = tries.into();
    outcome
}

/// Makes a failure without an attempt.
pub(crate) fn unsent(index: u64, request: impl Into<Request>, class: ErrorType) -> Outcome {
    Outcome {
        index,
        request: Arc::new(request.into()),
        state: State::Failed(Error::new(class, format!("never sent: {class}"))),
        report: Box::default(),
    }
}

pub(crate) fn attempt(class: ErrorType, status: Option<u16>, elapsed: f64) -> Attempt {
    Attempt {
        error_type: class,
        phase: None,
        status,
        elapsed: ms(elapsed),
        delay: None,
    }
}
