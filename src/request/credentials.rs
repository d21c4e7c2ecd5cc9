//! Authorization headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::HeaderValue;

/// The value of `Authorization` for a user and password.
pub(crate) fn basic(user: &str, password: &str) -> Result<HeaderValue, String> {
    if user.contains(':') {
        return Err("basic auth: the user name holds a colon (RFC 7617 §2)".into());
    }
    // Encoded they would be sent, and on the other side they may begin a line.
    if [user, password]
        .iter()
        .any(|part| part.contains(['\r', '\n', '\0']))
    {
        return Err("basic auth: it holds a line break or a NUL".into());
    }
    secret(
        &format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))),
        "basic auth",
    )
}

/// The value of `Authorization` for a token.
pub(crate) fn bearer(token: &str) -> Result<HeaderValue, String> {
    secret(&format!("Bearer {token}"), "bearer token")
}

fn secret(text: &str, what: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| format!("{what}: it holds a character that may not be sent"))?;
    value.set_sensitive(true);
    Ok(value)
}
