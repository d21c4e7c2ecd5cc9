//! Answers to a challenge: one for each request, with a rising count (RFC 7616 section 3.4).

use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};

use http::{HeaderValue, Method};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::challenge::DigestChallenge;
use crate::settings::DigestCredentials;

/// Nonce of a server, with all that is needed to answer with it. Workers share it, and each answer takes the next
/// count.
#[derive(Debug)]
pub(crate) struct DigestSession {
    challenge: DigestChallenge,
    /// Nonce of this side.
    client_nonce: String,
    /// Parameter that names the user, and the digest of user, realm and password (`A1` of the RFC).
    user: Vec<u8>,
    secret: String,
    /// Number of answers given so far.
    count: AtomicU32,
}

impl DigestSession {
    pub(in crate::attempt) fn new(
        challenge: DigestChallenge,
        credentials: &DigestCredentials,
    ) -> DigestSession {
        DigestSession::with_client_nonce(challenge, credentials, client_nonce())
    }

    pub(super) fn with_client_nonce(
        challenge: DigestChallenge,
        credentials: &DigestCredentials,
        client_nonce: String,
    ) -> DigestSession {
        let DigestCredentials { user, password } = credentials;
        let algorithm = challenge.algorithm;
        let mut secret = algorithm.of(&[user.as_bytes(), &challenge.realm, password.as_bytes()]);
        if algorithm.per_session {
            let parts = [secret.as_bytes(), &challenge.nonce, client_nonce.as_bytes()];
            secret = algorithm.of(&parts);
        }
        DigestSession {
            user: user_parameter(&challenge, user),
            challenge,
            client_nonce,
            secret,
            count: AtomicU32::new(0),
        }
    }

    /// Returns the session that goes on with another nonce. The secret of a session variant stays that of the challenge.
    pub(in crate::attempt) fn with_nonce(&self, nonce: Vec<u8>) -> DigestSession {
        DigestSession {
            challenge: DigestChallenge {
                nonce,
                ..self.challenge.clone()
            },
            client_nonce: self.client_nonce.clone(),
            user: self.user.clone(),
            secret: self.secret.clone(),
            count: AtomicU32::new(0),
        }
    }

    /// True if the challenge has another nonce than this session.
    pub(in crate::attempt) fn is_renewed_by(&self, challenge: &DigestChallenge) -> bool {
        self.challenge.nonce != challenge.nonce
    }

    /// Returns the value of `Authorization` for a request with this method, and path and query as they are sent.
    /// `None`: all counts of the nonce are used up, or no header can hold the answer.
    pub(in crate::attempt) fn answer(&self, method: &Method, target: &str) -> Option<HeaderValue> {
        let DigestChallenge {
            nonce, algorithm, ..
        } = &self.challenge;
        let count = self
            .count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                count.checked_add(1)
            })
            .ok()?
            + 1;
        let count = format!("{count:08x}");
        let request = algorithm.of(&[method.as_str().as_bytes(), target.as_bytes()]);
        let (secret, request) = (self.secret.as_bytes(), request.as_bytes());
        let response = match self.challenge.counted {
            true => {
                let of_client = self.client_nonce.as_bytes();
                algorithm.of(&[secret, nonce, count.as_bytes(), of_client, b"auth", request])
            }
            false => algorithm.of(&[secret, nonce, request]),
        };
        let mut text = b"Digest ".to_vec();
        text.extend_from_slice(&self.user);
        let mut quoted = |name: &str, value: &[u8]| push_quoted(&mut text, name, value);
        quoted("realm", &self.challenge.realm);
        quoted("nonce", nonce);
        quoted("uri", target.as_bytes());
        quoted("response", response.as_bytes());
        if let Some(opaque) = &self.challenge.opaque {
            quoted("opaque", opaque);
        }
        if self.challenge.counted {
            quoted("cnonce", self.client_nonce.as_bytes());
            text.extend_from_slice(format!(", qop=auth, nc={count}").as_bytes());
        }
        if self.challenge.names_algorithm {
            text.extend_from_slice(format!(", algorithm={}", algorithm.name()).as_bytes());
        }
        let mut value = HeaderValue::from_bytes(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Returns the parameter that names the user. A name that is not ASCII is sent percent-encoded, as UTF-8.
fn user_parameter(challenge: &DigestChallenge, user: &str) -> Vec<u8> {
    let mut text = Vec::new();
    if challenge.hashes_user {
        let hashed = challenge.algorithm.of(&[user.as_bytes(), &challenge.realm]);
        return format!("username=\"{hashed}\", userhash=true").into_bytes();
    }
    if !user.is_ascii() {
        let encoded = utf8_percent_encode(user, NON_ALPHANUMERIC);
        return format!("username*=UTF-8''{encoded}").into_bytes();
    }
    push_quoted(&mut text, "username", user.as_bytes());
    text
}

/// Adds a parameter whose value is a quoted string, and a comma in front of it unless it is the first.
fn push_quoted(text: &mut Vec<u8>, name: &str, value: &[u8]) {
    if !text.is_empty() {
        text.extend_from_slice(b", ");
    }
    text.extend_from_slice(name.as_bytes());
    text.extend_from_slice(b"=\"");
    for byte in value {
        if matches!(byte, b'"' | b'\\') {
            text.push(b'\\');
        }
        text.push(*byte);
    }
    text.push(b'"');
}

/// Makes a nonce that no server can foresee: hashes under random keys of the operating system.
fn client_nonce() -> String {
    let mut text = String::new();
    for part in 0..2 {
        let hash = RandomState::new().hash_one(part);
        write!(text, "{hash:016x}").expect("a String takes any text");
    }
    text
}

#[cfg(test)]
mod tests;
