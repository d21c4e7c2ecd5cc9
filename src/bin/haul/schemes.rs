//! Value of `--scheme`: the scheme of URLs that have none.

use haul::http::uri::Scheme;

/// Scheme that a URL gets, and the one that is tried after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schemes {
    pub(crate) first: Scheme,
    /// True if the other scheme is tried when the host cannot be connected to.
    pub(crate) or_other: bool,
}

impl Schemes {
    pub(crate) fn parse(text: &str) -> Result<Schemes, String> {
        let text = text.trim().to_ascii_lowercase();
        let (first, or_other) = match text.as_str() {
            "https" => (Scheme::HTTPS, false),
            "http" => (Scheme::HTTP, false),
            "https,http" => (Scheme::HTTPS, true),
            "http,https" => (Scheme::HTTP, true),
            _ => return Err("https, http, https,http or http,https is expected".to_owned()),
        };
        Ok(Schemes { first, or_other })
    }
}
