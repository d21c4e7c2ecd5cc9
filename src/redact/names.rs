//! List of names whose values are secret. Both the code that shows requests (log lines, `Debug`, error texts, records)
//! and the code that sends them (to another origin after a redirect) use it.

use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION, SET_COOKIE};

/// Names of headers that carry credentials, in a request or a response, beside those with one of the [`PARTS`].
const HEADERS: [HeaderName; 6] = [
    AUTHORIZATION,
    PROXY_AUTHORIZATION,
    COOKIE,
    SET_COOKIE,
    HeaderName::from_static("set-cookie2"),
    HeaderName::from_static("www-authenticate"),
];

/// Texts that make a header of a request or a response secret, wherever they are in its name.
const PARTS: [&str; 6] = [
    "api-key",
    "apikey",
    "token",
    "secret",
    "password",
    "signature",
];

/// Words that make a header of a request secret: a word ends at `-`, at `_` and at the end of the name.
const WORDS: [&str; 7] = [
    "key",
    "token",
    "secret",
    "auth",
    "session",
    "password",
    "signature",
];

/// Headers by which a server recognises repeated requests. They are no secret, since a failed request is sent again
/// with the same key, but another origin does not get them.
pub(crate) const IDEMPOTENCY_KEYS: [HeaderName; 2] = [
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("x-idempotency-key"),
];

/// Query parameters with secret values, in lower case. Page tokens must stay readable, so `token` and `key` alone are
/// not among them.
const PARAMETERS: [&str; 13] = [
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "password",
    "api_key",
    "apikey",
    "api-key",
    "signature",
    "sig",
    "x-amz-signature",
    "x-amz-security-token",
    "x-goog-signature",
];

/// True if the value of a response header is a secret.
pub(super) fn is_secret_response_header(name: &HeaderName) -> bool {
    HEADERS.contains(name) || PARTS.iter().any(|part| name.as_str().contains(part))
}

/// True if the value of a request header is a secret.
pub(super) fn is_secret_request_header(name: &HeaderName) -> bool {
    let has_word = |name: &str| name.split(['-', '_']).any(|word| WORDS.contains(&word));
    is_secret_response_header(name) || has_word(name.as_str()) && !IDEMPOTENCY_KEYS.contains(name)
}

/// True if a header is no secret but holds for one origin only: a `Host` set by the caller names the origin that was
/// left, and an idempotency key has a meaning only for its server.
pub(super) fn belongs_to_origin(name: &HeaderName) -> bool {
    *name == HOST || IDEMPOTENCY_KEYS.contains(name)
}

/// True if the value of a query parameter is a secret.
pub(super) fn is_secret_parameter(name: &str) -> bool {
    PARAMETERS
        .iter()
        .any(|secret| secret.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str) -> HeaderName {
        HeaderName::from_bytes(name.as_bytes()).unwrap()
    }

    #[test]
    fn credentials_are_secret_in_requests_and_responses() {
        for name in [
            "Authorization",
            "Proxy-Authorization",
            "Cookie",
            "Set-Cookie",
            "WWW-Authenticate",
            "X-Api-Key",
            "X-ApiKey-2",
            "X-Auth-Token",
            "X-Amz-Security-Token",
            "Csrftoken",
            "X-Hub-Signature-256",
        ] {
            let name = header(name);
            assert!(is_secret_request_header(&name), "{name}");
            assert!(is_secret_response_header(&name), "{name}");
        }
    }

    #[test]
    fn secret_words_make_request_headers_alone_secret() {
        for name in [
            "Ocp-Apim-Subscription-Key",
            "Key",
            "X_Key_Id",
            "X-Auth",
            "auth",
            "X-Auth-User",
            "X-Session-Id",
            "session",
            "X_SESSION",
        ] {
            let name = header(name);
            assert!(is_secret_request_header(&name), "{name}");
            assert!(!is_secret_response_header(&name), "{name}");
        }
    }

    #[test]
    fn parts_of_words_are_no_secret() {
        for name in [
            "Content-Type",
            "X-Keyboard",
            "Monkey",
            "X-Author",
            "Authority",
            "X-Sessions",
            "Keep-Alive",
            "Accept",
        ] {
            assert!(!is_secret_request_header(&header(name)), "{name}");
        }
    }

    #[test]
    fn idempotency_keys_are_no_secrets_but_belong_to_their_origin() {
        for name in ["Idempotency-Key", "X-IDEMPOTENCY-KEY"] {
            let name = header(name);
            assert!(!is_secret_request_header(&name), "{name}");
            assert!(belongs_to_origin(&name), "{name}");
        }
        assert!(is_secret_request_header(&header("X-Idempotency-Key-2")));
        assert!(belongs_to_origin(&HOST) && !belongs_to_origin(&header("x-trace")));
    }

    #[test]
    fn parameters_are_secret_by_their_whole_name() {
        for name in PARAMETERS {
            assert!(is_secret_parameter(name), "{name}");
            assert!(is_secret_parameter(&name.to_uppercase()), "{name}");
        }
        for name in ["token", "key", "page_token", "next_token", "signed", ""] {
            assert!(!is_secret_parameter(name), "{name}");
        }
    }
}
