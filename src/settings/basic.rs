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

/// Returns the kind of the first character that no header may hold, which does not show a part of the secret.
fn unfit(text: &str) -> Option<&'static str> {
    text.chars().find_map(|c| match c {
        '\n' => Some("a line feed"),
        '\r' => Some("a carriage return"),
        '\0' => Some("a NUL"),
        '\t' | ' '..='~' => None,
        c if c.is_ascii() => Some("a control character"),
        _ => Some("a character that is not ASCII"),
    })
}

fn secret(text: &str, what: &str) -> Result<HeaderValue, String> {
    let refused = |kind| {
        format!("{what}: it holds {kind}, which may not be sent (visible ASCII is expected)")
    };
    if let Some(kind) = unfit(text) {
        return Err(refused(kind));
    }
    let mut value = HeaderValue::from_str(text).map_err(|_| refused("a character"))?;
    value.set_sensitive(true);
    Ok(value)
}
