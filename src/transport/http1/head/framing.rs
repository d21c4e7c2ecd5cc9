//! Framing: the header lines that say where a response body ends, and their consequences (RFC 9112 section 6.3).

use super::malformed::Malformed;
#[cfg(test)]
use http::Method;
use http::{StatusCode, Version};

/// The way in which the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) enum Framing {
    /// No body follows, whatever the header lines say.
    Bodiless,
    /// The body has this many bytes.
    Length(u64),
    /// The body comes in chunks.
    Chunked,
    /// The body comes in chunks whose content is compressed by gzip as a transfer coding.
    GzipChunked,
    /// The body ends with the connection.
    Close,
}

/// Facts about the request that decide how its response is framed.
#[derive(Clone, Copy, Debug)]
pub(in crate::transport) struct Asked {
    /// True if the method is HEAD: its response has no body.
    pub(in crate::transport) head: bool,
    /// True if the request has an `Upgrade`: 101 is a final response.
    pub(in crate::transport) upgrade: bool,
    /// True if the request says `Connection: close`.
    pub(in crate::transport) close: bool,
    /// True if the method is CONNECT: a tunnel follows the response, and framing lines mean nothing (RFC 9110 section
    /// 9.3.6).
    pub(in crate::transport) tunnel: bool,
}

impl Asked {
    /// Returns the facts about a request to a proxy for a tunnel.
    pub(in crate::transport) fn for_tunnel() -> Asked {
        Asked {
            head: false,
            upgrade: false,
            close: false,
            tunnel: true,
        }
    }

    #[cfg(test)]
    pub(in crate::transport) fn by(method: &Method) -> Asked {
        Asked {
            head: *method == Method::HEAD,
            upgrade: false,
            close: false,
            tunnel: false,
        }
    }
}

/// Framing of a response, and the consequence for its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) struct Framed {
    pub(in crate::transport) framing: Framing,
    /// True if the connection serves no other request: a side asked for that, or another reader could see the end of
    /// the body elsewhere.
    pub(in crate::transport) closes: bool,
}

/// Framing lines of one response head, gathered line by line.
#[derive(Default)]
pub(in crate::transport::http1) struct FramingLines {
    length: Option<u64>,
    /// First reason why the lengths cannot be used. Lengths only count in the absence of `Transfer-Encoding`.
    bad_length: Option<Malformed>,
    coding: Option<TransferCodings>,
    close: bool,
    keep_alive: bool,
    /// True if a framing line was not written as RFC 9112 says.
    pub(in crate::transport::http1) doubtful: bool,
}

/// Transfer codings seen so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TransferCodings {
    Identity,
    Gzip,
    /// `chunked` alone.
    Chunked,
    /// `chunked`, and beside it a coding that changes nothing.
    ChunkedToo,
    GzipChunked,
    Unknown,
}

impl FramingLines {
    /// Reads a `Content-Length` line: one length, or a list of equal ones.
    pub(in crate::transport::http1) fn content_length(&mut self, value: &[u8]) {
        for one in value.split(|&b| b == b',') {
            let read = digits(one.trim_ascii()).ok_or_else(|| Malformed::length(value));
            let problem = match (read, self.length) {
                (Ok(one), Some(other)) if one != other => Malformed::Lengths(other, one),
                (Ok(one), _) => {
                    self.length = Some(one);
                    continue;
                }
                (Err(malformed), _) => malformed,
            };
            self.bad_length.get_or_insert(problem);
        }
    }

    /// Reads a `Transfer-Encoding` line. Empty members of a list are ignored (RFC 9110 section 5.6.1).
    pub(in crate::transport::http1) fn transfer_encoding(&mut self, value: &[u8]) {
        let names = value.split(|&b| b == b',').map(<[u8]>::trim_ascii);
        let mut empty = true;
        for name in names.filter(|name| !name.is_empty()) {
            empty = false;
            self.coding = Some(self.with_coding(name));
        }
        if empty {
            self.coding = Some(TransferCodings::Unknown);
        } else if value.contains(&b',') && self.coding == Some(TransferCodings::Chunked) {
            self.coding = Some(TransferCodings::ChunkedToo);
        }
    }

    fn with_coding(&self, name: &[u8]) -> TransferCodings {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        match self.coding {
            None if is("chunked") => TransferCodings::Chunked,
            None if is("identity") => TransferCodings::Identity,
            None if is("gzip") || is("x-gzip") => TransferCodings::Gzip,
            Some(
                TransferCodings::Identity | TransferCodings::Chunked | TransferCodings::ChunkedToo,
            ) if is("chunked") => TransferCodings::ChunkedToo,
            Some(TransferCodings::Gzip | TransferCodings::GzipChunked) if is("chunked") => {
                TransferCodings::GzipChunked
            }
            _ => TransferCodings::Unknown,
        }
    }

    /// Reads a `Connection` line.
    pub(in crate::transport::http1) fn connection(&mut self, value: &[u8]) {
        for option in value.split(|&b| b == b',').map(<[u8]>::trim_ascii) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    /// Returns the framing that all lines together give. `codings` are the values of `Transfer-Encoding`, for a
    /// message.
    pub(in crate::transport::http1) fn framed<'a, I>(
        self,
        asked: Asked,
        status: StatusCode,
        version: Version,
        codings: impl FnOnce() -> I,
    ) -> Result<Framed, Malformed>
    where
        I: Iterator<Item = &'a [u8]>,
    {
        if asked.tunnel {
            return Ok(Framed {
                framing: Framing::Bodiless,
                closes: true,
            });
        }
        let by_length = || match (&self.bad_length, self.length) {
            (Some(malformed), _) => Err(malformed.clone()),
            (None, Some(length)) => Ok(Framing::Length(length)),
            (None, None) => Ok(Framing::Close),
        };
        let (framing, exact) = match self.coding {
            None => (by_length()?, true),
            // `identity` is ignored, except that the connection closes.
            Some(TransferCodings::Identity) => (by_length()?, false),
            Some(TransferCodings::Chunked) => (Framing::Chunked, self.length.is_none()),
            Some(TransferCodings::ChunkedToo) => (Framing::Chunked, false),
            Some(TransferCodings::GzipChunked) if cfg!(feature = "gzip") => {
                (Framing::GzipChunked, false)
            }
            Some(
                TransferCodings::GzipChunked | TransferCodings::Gzip | TransferCodings::Unknown,
            ) => {
                return Err(Malformed::transfer_encoding(codings()));
            }
        };
        // Other readers use a length beside a coding, even an invalid length.
        let exact = exact && (self.coding.is_none() || self.bad_length.is_none());
        let old = version != Version::HTTP_11;
        let bodiless = asked.head
            || status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        // A server that announces a body may send it, and the rest of it would be taken for the next response.
        let announced = status == StatusCode::NO_CONTENT
            && !matches!(framing, Framing::Close | Framing::Length(0));
        let closes = self.close
            || asked.close
            || self.doubtful
            || !exact
            || announced
            || status == StatusCode::SWITCHING_PROTOCOLS
            || (old && (!self.keep_alive || self.coding.is_some()))
            || (!bodiless && framing == Framing::Close);
        Ok(Framed {
            framing: if bodiless { Framing::Bodiless } else { framing },
            closes,
        })
    }
}

/// Returns the value of a number that consists of decimal digits alone. `None`: it does not.
fn digits(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the framing of a response to GET with these lines of `Content-Length` and `Transfer-Encoding`.
    fn framed(lengths: &[&str], codings: &[&str]) -> Result<Framed, Malformed> {
        with(Version::HTTP_11, StatusCode::OK, lengths, codings)
    }

    fn with(
        version: Version,
        status: StatusCode,
        lengths: &[&str],
        codings: &[&str],
    ) -> Result<Framed, Malformed> {
        let mut lines = FramingLines::default();
        lengths
            .iter()
            .for_each(|value| lines.content_length(value.as_bytes()));
        codings
            .iter()
            .for_each(|value| lines.transfer_encoding(value.as_bytes()));
        let values = || codings.iter().map(|value| value.as_bytes());
        lines.framed(Asked::by(&Method::GET), status, version, values)
    }

    fn kept(framing: Framing) -> Result<Framed, Malformed> {
        Ok(Framed {
            framing,
            closes: false,
        })
    }

    fn closed(framing: Framing) -> Result<Framed, Malformed> {
        Ok(Framed {
            framing,
            closes: true,
        })
    }

    #[test]
    fn equal_lengths_are_one_length() {
        for lengths in [&["5"][..], &["5", "5"], &["5, 5"], &["5,5", "05"], &["005"]] {
            assert_eq!(
                framed(lengths, &[]),
                kept(Framing::Length(5)),
                "{lengths:?}"
            );
        }
        let most = framed(&["18446744073709551615"], &[]);
        assert_eq!(most, kept(Framing::Length(u64::MAX)));
    }

    #[test]
    fn wrong_lengths_are_malformed() {
        for lengths in [&["5", "6"][..], &["5, 6"], &["5", "5, 7"], &["0", "1"]] {
            let result = framed(lengths, &[]);
            assert!(matches!(result, Err(Malformed::Lengths(..))), "{lengths:?}");
        }
        for length in [
            "",
            "+5",
            "-5",
            "0x5",
            "5 5",
            "5;",
            "5,",
            ",5",
            "five",
            "5.0",
            "5\u{a0}",
            "18446744073709551616",
            "99999999999999999999999",
        ] {
            let result = framed(&[length], &[]);
            assert!(matches!(result, Err(Malformed::Length(_))), "{length}");
        }
    }

    #[test]
    fn chunked_alone_keeps_the_connection() {
        assert_eq!(framed(&[], &["chunked"]), kept(Framing::Chunked));
        assert_eq!(framed(&[], &["Chunked"]), kept(Framing::Chunked));
    }

    #[test]
    fn chunked_beside_another_framing_closes_the_connection() {
        for codings in [
            &["identity, chunked"][..],
            &["identity", "chunked"],
            &["chunked, chunked"],
            &["chunked", "CHUNKED"],
            &["chunked,"],
            &[", chunked"],
        ] {
            assert_eq!(
                framed(&[], codings),
                closed(Framing::Chunked),
                "{codings:?}"
            );
        }
        for lengths in [&["5"][..], &["5", "6"], &["nonsense"]] {
            assert_eq!(framed(lengths, &["chunked"]), closed(Framing::Chunked));
        }
    }

    #[test]
    fn a_transfer_coding_of_identity_closes_the_connection() {
        assert_eq!(framed(&["5"], &["identity"]), closed(Framing::Length(5)));
        assert_eq!(framed(&[], &["Identity"]), closed(Framing::Close));
        assert!(framed(&["5", "6"], &["identity"]).is_err());
    }

    #[cfg(feature = "gzip")]
    #[test]
    fn gzip_before_chunked_is_a_transfer_coding() {
        for coding in ["gzip, chunked", "x-gzip,chunked", "GZIP , Chunked"] {
            assert_eq!(framed(&[], &[coding]), closed(Framing::GzipChunked));
        }
    }

    #[test]
    fn other_transfer_codings_are_malformed() {
        for codings in [
            &["xchunked"][..],
            &["chunked, gzip"],
            &["deflate"],
            &["gzip"],
            &[""],
            &[","],
            &["", "chunked"],
            &["chunked", ""],
            &["chunked;q=1"],
            &["chunked, identity"],
            &["identity, gzip, chunked"],
            &["br, chunked"],
            &["\"chunked\""],
        ] {
            let result = framed(&["5"], codings);
            let is_malformed = matches!(result, Err(Malformed::TransferEncoding(_)));
            assert!(is_malformed, "{codings:?}: {result:?}");
        }
    }

    #[test]
    fn http_10_keeps_a_connection_only_where_it_says_so() {
        let old = |codings: &[&str]| with(Version::HTTP_10, StatusCode::OK, &["5"], codings);
        assert_eq!(old(&[]), closed(Framing::Length(5)));
        assert_eq!(old(&["chunked"]), closed(Framing::Chunked));
        let mut lines = FramingLines::default();
        lines.content_length(b"5");
        lines.connection(b"x, Keep-Alive");
        let asked = Asked::by(&Method::GET);
        let framed = lines.framed(asked, StatusCode::OK, Version::HTTP_10, std::iter::empty);
        assert_eq!(framed, kept(Framing::Length(5)));
    }

    #[test]
    fn no_body_follows_204_and_304() {
        let status = |status: u16, lengths: &[&str]| {
            let status = StatusCode::from_u16(status).unwrap();
            with(Version::HTTP_11, status, lengths, &[])
        };
        assert_eq!(status(304, &["5"]), kept(Framing::Bodiless));
        assert_eq!(status(204, &[]), kept(Framing::Bodiless));
        assert_eq!(status(204, &["0"]), kept(Framing::Bodiless));
        assert_eq!(status(204, &["5"]), closed(Framing::Bodiless));
    }
}
