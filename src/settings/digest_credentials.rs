//! User and password for digest authentication.

use std::fmt;

use super::basic::check;
use crate::redact::MASK;

/// User and password of digest authentication (RFC 7616). Neither is ever shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct DigestCredentials {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl DigestCredentials {
    /// Makes credentials. The error says what is wrong with them.
    pub(crate) fn new(user: &str, password: &str) -> Result<DigestCredentials, String> {
        check([user, password].map(str::as_bytes))
            .map_err(|reason| format!("digest auth: {reason}"))?;
        if user.contains(':') {
            return Err("digest auth: the user name holds a colon (RFC 7617 §2)".into());
        }
        // The name is sent as a quoted string.
        if user.bytes().any(|byte| byte.is_ascii_control()) {
            return Err("digest auth: the user name holds a control character".into());
        }
        Ok(DigestCredentials {
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }
}

impl fmt::Debug for DigestCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cannot_be_sent_are_refused() {
        for user in ["a:b", "a\rb", "a\nb", "a\0b", "a\tb", "a\u{7f}"] {
            let refused = DigestCredentials::new(user, "p").unwrap_err();
            assert!(refused.starts_with("digest auth: "), "{refused}");
        }
        assert!(DigestCredentials::new("u", "p\n").is_err());
        assert!(DigestCredentials::new("J\u{e4}s\u{f8}n \"D\"", "a:b\tc").is_ok());
    }

    #[test]
    fn debug_shows_neither_user_nor_password() {
        let credentials = DigestCredentials::new("Mufasa", "Circle of Life").unwrap();
        assert_eq!(format!("{credentials:?}"), MASK);
    }
}
