//! Chunked transfer coding (RFC 9112 section 7.1), as a state machine that is fed with bytes and stores none.

use crate::transport::http1::head::malformed::{EXTENSION_LIMIT, Malformed};

/// Upper bound for the digits of a chunk's size: 64 bits.
const SIZE_DIGITS: u8 = 16;

/// Place in a chunked body.
#[derive(Debug)]
pub(in crate::transport::http1) struct Chunked {
    state: ChunkedState,
    /// Number of bytes of chunk extensions that may still come.
    extensions: usize,
    /// Number of bytes of trailers that may still come.
    trailers: usize,
    /// Limit in bytes that head and trailers share, for a message.
    header_limit: usize,
    /// True if a line ended in a way that other readers see differently: the connection cannot serve again.
    pub(in crate::transport::http1) doubtful: bool,
}

#[derive(Clone, Copy, Debug)]
enum ChunkedState {
    /// In the digits of a size.
    Size {
        digits: u8,
        size: u64,
    },
    /// In the blanks behind a size.
    Blank {
        size: u64,
    },
    /// In an extension. `cr`: its last byte was CR.
    Extension {
        size: u64,
        cr: bool,
    },
    /// Behind the CR of a line with a size.
    SizeEnd {
        size: u64,
    },
    /// In the bytes of a chunk.
    Content {
        left: u64,
    },
    /// Behind the bytes of a chunk.
    ContentEnd,
    /// Behind the CR that follows the bytes of a chunk.
    ContentLineFeed,
    /// In the trailers. `begun`: the line has a byte. `cr`: its last byte was CR.
    Trailer {
        begun: bool,
        cr: bool,
    },
    End,
}

/// Next step with the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport::http1) enum ChunkedPart {
    /// More input is needed.
    More,
    /// The next bytes are content of the body: at least one and at most this many.
    Content(u64),
    /// The body has ended.
    End,
}

impl Chunked {
    /// Returns the state at the beginning of a body. `head`: size of the response's head, which counts towards the
    /// limit too.
    pub(in crate::transport::http1) fn new(head: usize, header_limit: usize) -> Chunked {
        Chunked {
            state: ChunkedState::Size { digits: 0, size: 0 },
            extensions: EXTENSION_LIMIT,
            trailers: header_limit.saturating_sub(head),
            header_limit,
            doubtful: false,
        }
    }

    /// Subtracts `bytes` from the content that is left of a chunk.
    pub(in crate::transport::http1) fn took(&mut self, bytes: u64) {
        if let ChunkedState::Content { left } = self.state {
            self.state = match left.saturating_sub(bytes) {
                0 => ChunkedState::ContentEnd,
                left => ChunkedState::Content { left },
            };
        }
    }

    /// Reads the input up to the next content or the end. Returns the number of bytes that were read.
    pub(in crate::transport::http1) fn step(
        &mut self,
        input: &[u8],
    ) -> Result<(usize, ChunkedPart), Malformed> {
        for (at, &byte) in input.iter().enumerate() {
            match self.state {
                ChunkedState::Content { left } => return Ok((at, ChunkedPart::Content(left))),
                ChunkedState::End => return Ok((at, ChunkedPart::End)),
                state => self.state = self.next(state, byte)?,
            }
        }
        let step = match self.state {
            ChunkedState::Content { left } => ChunkedPart::Content(left),
            ChunkedState::End => ChunkedPart::End,
            _ => ChunkedPart::More,
        };
        Ok((input.len(), step))
    }

    // Long because one table has every transition of the grammar (RFC 9112 §7.1).
    fn next(&mut self, state: ChunkedState, byte: u8) -> Result<ChunkedState, Malformed> {
        Ok(match (state, byte) {
            (ChunkedState::Size { digits, size }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                if digits == SIZE_DIGITS {
                    return Err(Malformed::ChunkSize);
                }
                ChunkedState::Size {
                    digits: digits + 1,
                    size: size << 4 | u64::from(digit),
                }
            }
            (ChunkedState::Size { digits: 0, .. }, _) => return Err(Malformed::ChunkSize),
            (ChunkedState::Size { size, .. } | ChunkedState::Blank { size }, b' ' | b'\t') => {
                // The number of blanks has no bound of its own, so they count as extension bytes.
                self.extension(1)?;
                ChunkedState::Blank { size }
            }
            (ChunkedState::Size { size, .. } | ChunkedState::Blank { size }, b';') => {
                self.extension(1)?;
                ChunkedState::Extension { size, cr: false }
            }
            (ChunkedState::Size { size, .. } | ChunkedState::Blank { size }, b'\r') => {
                ChunkedState::SizeEnd { size }
            }
            (ChunkedState::Size { size, .. } | ChunkedState::Blank { size }, b'\n') => {
                self.doubtful = true;
                sized(size)
            }
            (ChunkedState::Size { .. } | ChunkedState::Blank { .. }, _) => {
                return Err(Malformed::ChunkSize);
            }
            (ChunkedState::Extension { size, cr }, b'\n') => {
                self.doubtful |= !cr;
                sized(size)
            }
            (ChunkedState::Extension { size, cr }, byte) => {
                // The previous CR was not the end of the line.
                self.doubtful |= cr;
                self.extension(usize::from(cr) + usize::from(byte != b'\r'))?;
                let cr = byte == b'\r';
                ChunkedState::Extension { size, cr }
            }
            (ChunkedState::SizeEnd { size }, b'\n') => sized(size),
            (ChunkedState::SizeEnd { .. }, _) => return Err(Malformed::ChunkSize),
            (ChunkedState::ContentEnd, b'\r') => ChunkedState::ContentLineFeed,
            (ChunkedState::ContentEnd, b'\n') => {
                self.doubtful = true;
                ChunkedState::Size { digits: 0, size: 0 }
            }
            (ChunkedState::ContentLineFeed, b'\n') => ChunkedState::Size { digits: 0, size: 0 },
            (ChunkedState::ContentEnd | ChunkedState::ContentLineFeed, _) => {
                return Err(Malformed::ChunkEnd);
            }
            (ChunkedState::Trailer { begun, cr }, byte) => {
                self.trailer()?;
                match byte {
                    b'\n' => {
                        self.doubtful |= !cr;
                        match begun {
                            true => ChunkedState::Trailer {
                                begun: false,
                                cr: false,
                            },
                            false => ChunkedState::End,
                        }
                    }
                    // A CR alone is no line, and does not end a line.
                    byte => {
                        self.doubtful |= cr;
                        let begun = begun || cr || byte != b'\r';
                        ChunkedState::Trailer {
                            begun,
                            cr: byte == b'\r',
                        }
                    }
                }
            }
            (state @ (ChunkedState::Content { .. } | ChunkedState::End), _) => state,
        })
    }

    fn extension(&mut self, bytes: usize) -> Result<(), Malformed> {
        let left = self.extensions.checked_sub(bytes);
        self.extensions = left.ok_or(Malformed::ExtensionsTooLarge)?;
        Ok(())
    }

    fn trailer(&mut self) -> Result<(), Malformed> {
        let left = self.trailers.checked_sub(1);
        self.trailers = left.ok_or(Malformed::TrailersTooLarge(self.header_limit))?;
        Ok(())
    }
}

/// Returns the state behind the line with a chunk's size.
fn sized(size: u64) -> ChunkedState {
    match size {
        0 => ChunkedState::Trailer {
            begun: false,
            cr: false,
        },
        left => ChunkedState::Content { left },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns body, surplus bytes and doubt of a chunked body that comes in pieces of this size.
    fn read_in(input: &[u8], piece: usize) -> Result<Option<(Vec<u8>, usize, bool)>, Malformed> {
        let mut chunked = Chunked::new(100, 300);
        let mut body = Vec::new();
        let mut at = 0;
        while at < input.len() {
            let end = input.len().min(at + piece);
            let (read, step) = chunked.step(&input[at..end])?;
            at += read;
            match step {
                ChunkedPart::More => {}
                ChunkedPart::Content(left) => {
                    let taken = left.min((end - at) as u64);
                    body.extend_from_slice(&input[at..at + taken as usize]);
                    at += taken as usize;
                    chunked.took(taken);
                }
                ChunkedPart::End => return Ok(Some((body, input.len() - at, chunked.doubtful))),
            }
        }
        match chunked.step(b"")?.1 {
            ChunkedPart::End => Ok(Some((body, 0, chunked.doubtful))),
            _ => Ok(None),
        }
    }

    fn read(input: &[u8]) -> Result<Option<(Vec<u8>, usize, bool)>, Malformed> {
        let result = read_in(input, usize::MAX / 2);
        for piece in [1, 2, 3, 7] {
            assert_eq!(read_in(input, piece), result, "{}", input.escape_ascii());
        }
        result
    }

    #[track_caller]
    fn is(input: &[u8], body: &[u8], doubtful: bool) {
        let expected = Ok(Some((body.to_vec(), 0, doubtful)));
        assert_eq!(read(input), expected, "{}", input.escape_ascii());
    }

    #[test]
    fn bytes_behind_the_last_chunk_are_left() {
        is(b"5\r\nhello\r\n0\r\n\r\n", b"hello", false);
        is(
            b"1\r\na\r\n00A\r\n0123456789\r\n000\r\n\r\n",
            b"a0123456789",
            false,
        );
        is(b"0\r\n\r\n", b"", false);
        is(b"0000000000000002\r\nok\r\n0\r\n\r\n", b"ok", false);
        let surplus = read(b"0\r\n\r\nHTTP/1.1");
        assert_eq!(surplus, Ok(Some((Vec::new(), 8, false))));
    }

    #[test]
    fn every_prefix_is_unfinished() {
        let whole = b"5;a=b\r\nhello\r\n3 \r\nabc\r\n0\r\nA: b\r\n\r\n";
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]), Ok(None), "{end}");
        }
        is(whole, b"helloabc", false);
    }

    #[test]
    fn extensions_of_any_content_are_skipped() {
        is(
            b"2;a=\"x;y\\\"\";;=\x01\xff\r\nok\r\n0;z\r\n\r\n",
            b"ok",
            false,
        );
        is(b"2 \t;a\r\nok\r\n0\t\r\n\r\n", b"ok", false);
        is(b"2;a\rb\r\nok\r\n0\r\n\r\n", b"ok", true);
    }

    #[test]
    fn extensions_are_limited_over_all_chunks() {
        let with = |size: usize| format!("1;{}\r\na\r\n", "x".repeat(size - 1));
        let most = [with(EXTENSION_LIMIT / 2).repeat(2), "0\r\n\r\n".to_owned()].concat();
        is(most.as_bytes(), b"aa", false);
        let more = [with(EXTENSION_LIMIT / 2).repeat(2), "0;\r\n\r\n".to_owned()].concat();
        assert_eq!(read(more.as_bytes()), Err(Malformed::ExtensionsTooLarge));
        let blanks = format!("1{}\r\na\r\n0\r\n\r\n", " ".repeat(EXTENSION_LIMIT + 1));
        assert_eq!(read(blanks.as_bytes()), Err(Malformed::ExtensionsTooLarge));
    }

    #[test]
    fn a_size_is_1_to_16_hexadecimal_digits() {
        for bad in [
            "\r\n",
            "+2\r\n",
            "-2\r\n",
            " 2\r\n",
            "0x2\r\n",
            "g\r\n",
            ";a\r\n",
            "2g\r\n",
            "2 2\r\n",
            "00000000000000002\r\n",
            "2\rok",
            "2\r\r\n",
            "\n",
            "2,\r\n",
        ] {
            assert_eq!(read(bad.as_bytes()), Err(Malformed::ChunkSize), "{bad:?}");
        }
        let most = Chunked::new(0, 0).step(b"ffffffffffffffff\r\n");
        assert_eq!(most, Ok((18, ChunkedPart::Content(u64::MAX))));
    }

    #[test]
    fn a_bare_line_feed_that_ends_a_line_leaves_a_doubt() {
        is(b"2\nok\n0\n\n", b"ok", true);
        is(b"2\r\nok\n0\r\n\r\n", b"ok", true);
        is(b"2\r\nok\r\n0\r\n\n", b"ok", true);
        is(b"2;a\nok\r\n0\r\n\r\n", b"ok", true);
        is(b"2\r\nok\r\n0\r\nA: b\n\r\n", b"ok", true);
    }

    #[test]
    fn a_chunk_that_is_longer_than_its_size_is_malformed() {
        for bad in [
            "2\r\nokk\r\n0\r\n\r\n",
            "2\r\nok0\r\n",
            "2\r\nok\r0",
            "2\r\nok\r\r\n",
        ] {
            assert_eq!(read(bad.as_bytes()), Err(Malformed::ChunkEnd), "{bad:?}");
        }
    }

    #[test]
    fn trailers_count_towards_the_header_limit() {
        let with = |size: usize| format!("0\r\nA: {}\r\n\r\n", "x".repeat(size - 7));
        is(with(200).as_bytes(), b"", false);
        let more = read(with(201).as_bytes());
        assert_eq!(more, Err(Malformed::TrailersTooLarge(300)));
        is(b"0\r\n\rA\r\n\r\n", b"", true);
        assert_eq!(read(b"0\r\nA: b\rC: d\r\r"), Ok(None));
    }
}
