//! OAuth 2 client credentials (RFC 6749 section 4.4): the request for a token, and the reading of its response.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::error::{Error, ErrorType};
use crate::outcome::{Outcome, State};
use crate::redact::beginning;
use crate::request::Request;
use crate::response::Response;
use crate::settings::{FetchToken, HookError, OAuth2, Token, TokenRequest, TokenSource};

/// Upper bound for the size of an endpoint's response, in bytes.
const BODY_LIMIT: u64 = 1 << 20;

/// Longest text in bytes that is shown of an endpoint's `error` or `error_description`.
const LONGEST: usize = 200;

/// Characters that a form encodes, but for the space.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'*')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b' ');

/// Returns the code that fetches the tokens of a source.
pub(super) fn fetcher(source: &TokenSource) -> Arc<FetchToken> {
    match source {
        TokenSource::Call(fetch) => Arc::clone(fetch),
        TokenSource::OAuth2(login) => {
            let login = Arc::clone(login);
            Arc::new(move |token| fetch(&login, token))
        }
    }
}

fn fetch(login: &OAuth2, token: &TokenRequest<'_>) -> Result<Token, HookError> {
    let outcome = token.send(request(login));
    read(login, outcome).map_err(Into::into)
}

/// Returns the request for a token. Its redirects are not followed: they would take the credentials along.
fn request(login: &OAuth2) -> Request {
    let mut form = vec![("grant_type", "client_credentials")];
    if !login.scope.is_empty() {
        form.push(("scope", &*login.scope));
    }
    if login.in_body {
        form.extend([("client_id", &*login.id), ("client_secret", &*login.secret)]);
    }
    form.extend(login.params.iter().map(|(name, value)| (&**name, &**value)));
    let request = Request::post(&*login.token_url)
        .form(form)
        .header("accept", "application/json")
        .body_limit(BODY_LIMIT)
        .max_redirects(0);
    match login.in_body {
        true => request.without_header("authorization"),
        // Both are form-encoded first (RFC 6749 section 2.3.1).
        false => request.basic_auth(encoded(&login.id), encoded(&login.secret)),
    }
}

/// Encodes a text as a value of a form.
fn encoded(text: &str) -> String {
    let text = utf8_percent_encode(text, ENCODED).to_string();
    text.replace(' ', "+")
}

/// Reads the token from the outcome of its request.
fn read(login: &OAuth2, outcome: Outcome) -> Result<Token, LoginError> {
    let response = match outcome.into_state() {
        State::Success(response) => response,
        State::Rejected(rejection) => return Err(LoginError::new(rejection.to_string())),
        State::Failed(error) => return Err(failed(login, error)),
    };
    let status = response.status();
    if !(200..300).contains(&status) {
        return Err(LoginError::new(format!("status {status}")));
    }
    let Ok(Value::Object(fields)) = response.value() else {
        return Err(LoginError::new("the response is no JSON object"));
    };
    if let Some(kind) = fields.get("token_type").and_then(Value::as_str)
        && !kind.eq_ignore_ascii_case("bearer")
    {
        let kind = shown(login, kind);
        return Err(LoginError::new(format!(
            "the token is of type {kind}, not Bearer"
        )));
    }
    let text = fields.get("access_token").and_then(Value::as_str);
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Err(said(login, &response)
            .unwrap_or_else(|| LoginError::new("the response has no access_token")));
    };
    let token = Token::new(text);
    Ok(match fields.get("expires_in").and_then(life) {
        Some(life) => token.expires_in(life),
        None => token,
    })
}

/// Reads `expires_in`, a number of seconds or a text with one. `None`: it is none above zero.
fn life(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    let life = Duration::try_from_secs_f64(seconds).ok()?;
    Some(life).filter(|life| !life.is_zero())
}

/// Returns the error of a request for a token that failed.
fn failed(login: &OAuth2, error: Error) -> LoginError {
    if error.error_type() == ErrorType::BodyTooLarge {
        // The client's own error tells how to raise its limit, which is another one.
        return LoginError::new(format!(
            "{}: the response is larger than {} MiB, the limit for a response with a token",
            ErrorType::BodyTooLarge,
            BODY_LIMIT >> 20
        ));
    }
    let said = error.response().and_then(|response| said(login, response));
    let message = match said {
        Some(said) => said.message,
        None if error.error_type() == ErrorType::HttpStatus => error.message().to_owned(),
        None => format!("{}: {error}", error.error_type()),
    };
    LoginError {
        message,
        source: Some(error),
    }
}

/// Returns the error that the endpoint's response tells (RFC 6749 section 5.2). `None`: it tells none.
fn said(login: &OAuth2, response: &Response) -> Option<LoginError> {
    let fields = response.value().ok()?;
    let text = |name| fields.get(name).and_then(Value::as_str);
    let code = shown(login, text("error")?);
    let status = response.status();
    Some(LoginError::new(match text("error_description") {
        Some(described) => format!("{code}: {} (status {status})", shown(login, described)),
        None => format!("{code} (status {status})"),
    }))
}

/// Returns the beginning of a text that the endpoint has chosen, with the secret masked.
fn shown(login: &OAuth2, text: &str) -> String {
    let mut text = text.to_owned();
    for secret in [login.secret.clone(), encoded(&login.secret)] {
        if !secret.is_empty() {
            text = text.replace(&secret, "***");
        }
    }
    beginning(&text, LONGEST).to_owned()
}

/// Reason for which the token endpoint gave no token.
#[derive(Debug)]
struct LoginError {
    message: String,
    /// Failure of the request. `None`: it succeeded, and its response is of no use.
    source: Option<Error>,
}

impl LoginError {
    fn new(message: impl Into<String>) -> LoginError {
        LoginError {
            message: message.into(),
            source: None,
        }
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OAuth 2: {}", self.message)
    }
}

impl StdError for LoginError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|error| error as _)
    }
}
