//! Reasons why no challenge of a 401 can be answered, for the error of the request.

use super::algorithm::DigestAlgorithm;
use super::challenge::{ChallengeParameters, digest_parameters};
use crate::redact::beginning;

/// Longest text in bytes that is shown of a parameter.
const LONGEST: usize = 40;

/// Returns the reason why none of the challenges in these header values can be answered.
pub(in crate::attempt) fn unmet<'a>(values: impl Iterator<Item = &'a [u8]>) -> String {
    let challenges: Vec<_> = values.flat_map(digest_parameters).collect();
    let asked: Vec<String> = challenges.iter().filter_map(asked).collect();
    match (challenges.is_empty(), asked.is_empty()) {
        (true, _) => "the server asks for no digest authentication".to_owned(),
        (false, true) => "the digest challenge is not valid".to_owned(),
        (false, false) => format!(
            "the server asks for digest authentication with {} (MD5 and SHA-256, with qop auth, are supported)",
            asked.join(" or ")
        ),
    }
}

/// Returns the parameters of a challenge that are not supported. `None`: it has none of these.
fn asked(challenge: &ChallengeParameters) -> Option<String> {
    let algorithm = challenge.only("algorithm");
    let algorithm = algorithm.filter(|name| DigestAlgorithm::named(name).is_none());
    let quality = challenge.only("qop");
    let quality = quality.filter(|quality| !quality.eq_ignore_ascii_case(b"auth"));
    match (algorithm, quality) {
        (Some(algorithm), _) => Some(shown(algorithm)),
        (None, Some(quality)) => Some(format!("qop {}", shown(quality))),
        (None, None) => None,
    }
}

/// Returns the beginning of a text of the server, without characters that are not printable.
fn shown(text: &[u8]) -> String {
    let text: String = text
        .iter()
        .map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '?',
        })
        .collect();
    beginning(&text, LONGEST).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_names_all_that_the_server_asks_for() {
        for (values, said) in [
            (&[r#"Basic realm="r""#][..], "asks for no digest"),
            (&[], "asks for no digest"),
            (&[r#"Digest realm="r""#], "is not valid"),
            (
                &[r#"Digest realm="r", nonce="n", qop="auth"#],
                "is not valid",
            ),
            (
                &[
                    r#"Digest realm="r", nonce="n", qop="auth", algorithm=SHA-512-256"#,
                    r#"Digest realm="r", nonce="n", qop="auth-int", algorithm=MD5"#,
                ],
                "with SHA-512-256 or qop auth-int (MD5",
            ),
            (&["Digest algorithm=\"a\u{1b}\u{e9}\""], "with a??? (MD5"),
        ] {
            let reason = unmet(values.iter().map(|value| value.as_bytes()));
            assert!(reason.contains(said), "{reason}");
        }
    }
}
