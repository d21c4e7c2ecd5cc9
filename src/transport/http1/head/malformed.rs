//! Responses that cannot be read safely.

use std::error::Error as StdError;
use std::fmt;

/// Upper bound for the informational responses (1xx) before a final one.
pub(in crate::transport) const MOST_INFORMATIONAL: u8 = 16;
/// Upper bound in bytes for the chunk extensions in one response, all chunks together. Go's net/http has the same
/// limit.
pub(in crate::transport) const EXTENSION_LIMIT: usize = 16 * 1024;
/// Upper bound for the text of a server that is shown in a message, in characters.
const SHOWN: usize = 80;

/// Reason why a response is not valid HTTP. The same response will come again, so it is not retried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::transport) enum Malformed {
    /// The first line is no status line of HTTP/1.0 or HTTP/1.1.
    StatusLine,
    /// The head is larger than this limit in bytes.
    HeadTooLarge(usize),
    /// More informational responses than [`MOST_INFORMATIONAL`].
    TooManyInformational,
    /// 101 came, and the request did not ask for another protocol.
    NotAskedToSwitch,
    /// A `Content-Length` that is no decimal number of 64 bits.
    Length(String),
    /// Two `Content-Length` values that differ.
    Lengths(u64, u64),
    /// A `Transfer-Encoding` that is unknown, or after which no length of the body is known.
    TransferEncoding(String),
    /// A chunk that does not begin with 1 to 16 hexadecimal digits on a line of their own.
    ChunkSize,
    /// A chunk that is not followed by the end of a line.
    ChunkEnd,
    /// Chunk extensions beyond [`EXTENSION_LIMIT`].
    ExtensionsTooLarge,
    /// The head and the trailers together are larger than this limit in bytes.
    TrailersTooLarge(usize),
}

impl Malformed {
    /// Returns the error for a `Content-Length` of this value.
    pub(in crate::transport::http1) fn length(value: &[u8]) -> Malformed {
        Malformed::Length(shown(value))
    }

    /// Returns the error for a `Transfer-Encoding` of these values.
    pub(in crate::transport::http1) fn transfer_encoding<'a>(
        values: impl Iterator<Item = &'a [u8]>,
    ) -> Malformed {
        let values: Vec<_> = values.map(shown).collect();
        Malformed::TransferEncoding(values.join(", ").chars().take(SHOWN).collect())
    }
}

/// Returns the beginning of a value.
fn shown(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(&value[..value.len().min(4 * SHOWN)]);
    text.chars().take(SHOWN).collect()
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Malformed::StatusLine => {
                f.write_str("it does not begin with a status line of HTTP/1.0 or HTTP/1.1")
            }
            Malformed::HeadTooLarge(limit) => write!(
                f,
                "its head is larger than {limit} bytes, the limit set by header_limit \
                 (--max-header-size)"
            ),
            Malformed::TooManyInformational => write!(
                f,
                "more than {MOST_INFORMATIONAL} informational (1xx) responses came before the final one"
            ),
            Malformed::NotAskedToSwitch => {
                f.write_str("101 Switching Protocols came, which the request did not ask for")
            }
            Malformed::Length(value) => {
                write!(
                    f,
                    "Content-Length is {value:?}, not a decimal number of 64 bits"
                )
            }
            Malformed::Lengths(one, other) => {
                write!(f, "Content-Length is both {one} and {other}")
            }
            Malformed::TransferEncoding(value) => write!(
                f,
                "Transfer-Encoding is {value:?}; chunked, alone or after identity or gzip, is understood"
            ),
            Malformed::ChunkSize => {
                f.write_str("a chunk does not begin with a line of 1 to 16 hexadecimal digits")
            }
            Malformed::ChunkEnd => f.write_str("a chunk is longer than its size says"),
            Malformed::ExtensionsTooLarge => write!(
                f,
                "its chunk extensions are larger than {EXTENSION_LIMIT} bytes in all, the most that is read"
            ),
            Malformed::TrailersTooLarge(limit) => write!(
                f,
                "its head and trailers are larger than {limit} bytes, the limit set by header_limit \
                 (--max-header-size)"
            ),
        }
    }
}

impl StdError for Malformed {}
