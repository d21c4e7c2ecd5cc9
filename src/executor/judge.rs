//! Whether an accepted response is what was asked for: JSON where JSON is expected, and no business error.

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::error::{Error, ErrorType, StopReason};
use crate::http::Method;
use crate::outcome::State;
use crate::rejection::Rejection;
use crate::request::Rule;
use crate::response::Response;
use crate::timing::Phase;

use super::here::release_own;
use super::settings::Settings;

/// The state an accepted response leads to. Runs the caller's predicates.
pub(super) fn judge(settings: Settings<'_>, method: &Method, response: Response) -> State {
    let requires = settings
        .rules()
        .any(|rule| matches!(rule, Rule::Require(..)));
    // Neither has a body to look at (RFC 9110 §9.3.2, §15.3.5).
    let exempt = *method == Method::HEAD || response.status() == 204;
    let mut body = None;
    if (requires || settings.expect_json())
        && !exempt
        && let Some(coding) = response.content_encoding()
    {
        return still_coded(response, &coding);
    }
    if requires && !exempt {
        match response.value() {
            Ok(value) => body = Some(value),
            Err(e) => return no_json(response, e),
        }
    } else if settings.expect_json()
        && !exempt
        && let Err(e) = response.json::<IgnoredAny>()
    {
        return no_json(response, e);
    }
    let rejection = settings.rules().find_map(|rule| match rule {
        Rule::Require(pointer, wanted) => require(body.as_ref()?, pointer, wanted),
        Rule::RejectIf(predicate) => {
            release_own();
            predicate(&response)
        }
    });
    match rejection {
        Some(rejection) => State::Rejected(rejection.of(response)),
        None => State::Success(response),
    }
}

fn require(body: &Value, pointer: &str, wanted: &Value) -> Option<Rejection> {
    let found = body.pointer(pointer);
    if found == Some(wanted) {
        return None;
    }
    let message = ["/msg", "/message", "/error"]
        .iter()
        .find_map(|at| body.pointer(at));
    let message = match message {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None if found.is_none() => format!("nothing at {pointer}"),
        None => String::new(),
    };
    Some(Rejection::new(found.cloned().unwrap_or_default(), message))
}

/// The state of a response whose body cannot be looked at, because nobody has decoded it.
fn still_coded(response: Response, coding: &str) -> State {
    let message =
        format!("expected JSON, got a body in the content coding {coding:?}, which is not decoded");
    undecoded(Error::new(ErrorType::Decode, message), response)
}

fn undecoded(error: Error, response: Response) -> State {
    let error = error.at(Phase::Receive).with_response(Some(response));
    State::Failed(error.stopped(StopReason::NotRetryable))
}

fn no_json(response: Response, e: serde_json::Error) -> State {
    let kind = response
        .content_type()
        .unwrap_or("no content type")
        .to_owned();
    let error = Error::new(ErrorType::Decode, format!("expected JSON, got {kind}: {e}"));
    undecoded(error.because(Some(Box::new(e))), response)
}
