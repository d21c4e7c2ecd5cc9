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

fn no_json(response: Response, e: serde_json::Error) -> State {
    let kind = response
        .content_type()
        .unwrap_or("no content type")
        .to_owned();
    let error = Error::new(ErrorType::Decode, format!("expected JSON, got {kind}: {e}"));
    let error = error
        .at(Phase::Receive)
        .because(Some(Box::new(e)))
        .with_response(Some(response));
    State::Failed(error.stopped(StopReason::NotRetryable))
}
