//! Judgement of an accepted response: its body is JSON if JSON is expected, and tells no error of the application.

use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{Error, ErrorType, StopReason};
use crate::outcome::State;
use crate::redact;
use crate::rejection::Rejection;
use crate::request::RejectionRule;
use crate::response::{self, Response};
use crate::timing::Phase;
use http::Method;

use super::context::AttemptContext;
use super::settings::RequestSettings;

/// Longest text in bytes of a value that is kept as the code or the message of a rejection. The server chooses this
/// text, and a value takes many times as much memory as its text.
const LONGEST: usize = 64 * 1024;

/// Pointers to the message of a rejection. The first pointer that leads to a value is used.
const MESSAGES: [&str; 3] = ["/msg", "/message", "/error"];

impl AttemptContext<'_> {
    /// Returns the state that an accepted response leads to. Runs the caller's predicates.
    pub(super) fn judge(self, method: &Method, response: Response) -> State {
        let (settings, scope) = (self.settings, self.scope);
        let size = response.bytes().len();
        // A response to HEAD and a 204 have no body to look at (RFC 9110 sections 9.3.2 and 15.3.5), and a GET in place
        // of a HEAD has none that is kept.
        let exempt = *method == Method::HEAD || response.status() == 204 || settings.or_get();
        let is_required = |rule: &RejectionRule| matches!(rule, RejectionRule::Require(..));
        let looks = settings.expect_json() || settings.rules().any(is_required);
        let looks = looks && !exempt;
        if looks && let Some(coding) = response.content_encoding() {
            return still_coded(response, &coding);
        }
        let mut refusals = Vec::new();
        if looks {
            match scope.compute(size, || look(settings, &response)) {
                Ok(found) => refusals = found,
                Err(e) => return no_json(response, e),
            }
        }
        let mut refusals = refusals.into_iter();
        let rejection = settings.rules().find_map(|rule| match rule {
            RejectionRule::Require(..) => refusals.next().flatten(),
            RejectionRule::RejectIf(predicate) => {
                scope.permit.release();
                scope.compute(size, || predicate(&response))
            }
        });
        match rejection {
            Some(rejection) => State::Rejected(rejection.of(response)),
            None => State::Success(response),
        }
    }
}

/// Checks the body: returns the rejection for the first required value that is missing or different. Builds no value of
/// the whole body.
fn look(
    settings: RequestSettings<'_>,
    response: &Response,
) -> Result<Vec<Option<Rejection>>, serde_json::Error> {
    let required: Vec<_> = settings
        .rules()
        .filter_map(|rule| match rule {
            RejectionRule::Require(pointer, wanted) => Some((&**pointer, wanted)),
            RejectionRule::RejectIf(_) => None,
        })
        .collect();
    let text = response.json_text()?;
    if required.is_empty() {
        return serde_json::from_str::<IgnoredAny>(&text).map(|_| Vec::new());
    }
    let pointers = required.iter().map(|(pointer, _)| *pointer);
    let pointers: Vec<_> = pointers.chain(MESSAGES).collect();
    let found = response::find(&text, &pointers)?;
    let (values, messages) = found.split_at(required.len());
    let message = messages.iter().flatten().next();
    required
        .into_iter()
        .zip(values)
        .map(|((pointer, wanted), value)| require(pointer, *value, wanted, message.copied()))
        .collect()
}

/// Returns the rejection of a body with the value `found` at the pointer. `None`: it is the wanted value.
fn require(
    pointer: &str,
    found: Option<&RawValue>,
    wanted: &Value,
    message: Option<&RawValue>,
) -> Result<Option<Rejection>, serde_json::Error> {
    let is_long = |raw: &RawValue| raw.get().len() > LONGEST;
    let long = found.filter(|raw| is_long(raw));
    // A list or an object is none of the scalar values that are mostly wanted.
    let may_be_wanted = long.is_none_or(|raw| match wanted {
        Value::Array(_) => raw.get().starts_with('['),
        Value::Object(_) => raw.get().starts_with('{'),
        Value::String(_) => raw.get().starts_with('"'),
        Value::Number(_) => !raw.get().starts_with(['[', '{', '"']),
        Value::Null | Value::Bool(_) => false,
    });
    let value = found.filter(|_| may_be_wanted);
    let value = value.map(|raw| response::parse(raw.get())).transpose()?;
    if value.as_ref() == Some(wanted) {
        return Ok(None);
    }
    let message = match (message, found) {
        (Some(raw), _) => text_of(raw)?,
        (None, None) => format!("nothing at {pointer}"),
        (None, Some(raw)) if is_long(raw) => {
            format!(
                "{} bytes at {pointer}, which are too many for a code",
                raw.get().len()
            )
        }
        (None, Some(_)) => String::new(),
    };
    let code = value.filter(|_| long.is_none());
    Ok(Some(Rejection::new(code.unwrap_or_default(), message)))
}

/// Returns a value as the message of a rejection.
fn text_of(raw: &RawValue) -> Result<String, serde_json::Error> {
    let text = match raw.get() {
        text if text.starts_with('"') => serde_json::from_str(text)?,
        text if text.len() > LONGEST => text.to_owned(),
        text => response::parse(text)?.to_string(),
    };
    Ok(match text.len() > LONGEST {
        true => redact::beginning(&text, LONGEST).to_owned(),
        false => text,
    })
}

/// Returns the state of a response whose body cannot be looked at, because it is not decoded.
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
