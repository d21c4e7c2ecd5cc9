//! Nonces that a server hands out with its answers (RFC 7616 section 3.5).

use super::challenge::{digest_parameters, is_repeatable};

/// Returns the nonce that the next request is to use, from a value of `Authentication-Info`. `None`: it names none that
/// can be sent.
pub(in crate::attempt) fn next_nonce(value: &[u8]) -> Option<Vec<u8>> {
    // The field has the parameters of a challenge without the name of its scheme.
    let parameters = digest_parameters(&[b"Digest ", value].concat());
    let [parameters] = &parameters[..] else {
        return None;
    };
    let nonce = parameters.only("nextnonce")?;
    (!nonce.is_empty() && is_repeatable(nonce)).then(|| nonce.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_nonce_is_read_from_among_other_parameters() {
        for (value, nonce) in [
            (r#"nextnonce="a\"b""#, Some("a\"b")),
            (r#"qop=auth, rspauth="x", NextNonce = abc"#, Some("abc")),
            (r#"rspauth="x""#, None),
            (r#"nextnonce="""#, None),
            (r#"nextnonce="a"#, None),
            ("nextnonce=a, nextnonce=b", None),
            ("nextnonce=\"\u{e9}\"", None),
            ("", None),
        ] {
            let read = next_nonce(value.as_bytes());
            assert_eq!(read.as_deref(), nonce.map(str::as_bytes), "{value}");
        }
    }
}
