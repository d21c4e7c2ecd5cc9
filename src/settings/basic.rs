//! Authorization headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use http::HeaderValue;

/// Makes the value of `Authorization` for a user and password.
pub(crate) fn basic(user: &str, password: &str) -> Result<HeaderValue, String> {
    if user.contains(':') {
        return Err("basic auth: the user name holds a colon (RFC 7617 §2)".into());
    }
    check([user, password].map(str::as_bytes)).map_err(|reason| format!("basic auth: {reason}"))?;
    secret(
        &format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))),
        "basic auth",
    )
}

/// Refuses a user or password with a CR, LF or NUL, also if it is sent encoded: a server decodes it, and may write it
/// to a place where a line ends.
pub(crate) fn check<const N: usize>(parts: [&[u8]; N]) -> Result<(), &'static str> {
    let mut bytes = parts.into_iter().flatten();
    match bytes.any(|byte| matches!(byte, b'\r' | b'\n' | b'\0')) {
        true => Err("a user and a password may hold no CR, LF and NUL (RFC 7617 §2)"),
        false => Ok(()),
    }
}

/// Makes the value of `Authorization` for a token.
pub(crate) fn bearer(token: &str) -> Result<HeaderValue, String> {
    secret(&format!("Bearer {token}"), "bearer token")
}

fn secret(text: &str, what: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| format!("{what}: it holds a character that may not be sent"))?;
    value.set_sensitive(true);
    Ok(value)
}
