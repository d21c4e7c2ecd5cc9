//! Coding `gzip` (RFC 1952): members in sequence, and zeros behind the last.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

use super::source::{CodedSource, begins};

pub(super) struct Gzip<'a>(GzipState<'a>);

enum GzipState<'a> {
    Start(CodedSource<'a>),
    Member(GzDecoder<CodedSource<'a>>),
    End,
}

impl<'a> Gzip<'a> {
    pub(super) fn new(source: CodedSource<'a>) -> Gzip<'a> {
        Gzip(GzipState::Start(source))
    }
}

impl Read for Gzip<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            // After an error nothing else comes.
            self.0 = match std::mem::replace(&mut self.0, GzipState::End) {
                GzipState::End => return Ok(0),
                GzipState::Start(mut source) => match begins(&mut source)? {
                    true => member(source)?,
                    false => GzipState::End,
                },
                GzipState::Member(mut member) => {
                    let n = member.read(into)?;
                    if n > 0 {
                        self.0 = GzipState::Member(member);
                        return Ok(n);
                    }
                    behind(member.into_inner())?
                }
            };
        }
    }
}

/// Returns the state at the beginning of a member. The decoder checks its first byte only after ten have come.
fn member(mut source: CodedSource<'_>) -> io::Result<GzipState<'_>> {
    match source.fill_buf()?.first() {
        Some(0x1f) => Ok(GzipState::Member(GzDecoder::new(source))),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "no gzip header where one should be",
        )),
    }
}

/// Returns the state behind a member: another member, or zeros and the end.
fn behind(mut source: CodedSource<'_>) -> io::Result<GzipState<'_>> {
    let mut padded = false;
    loop {
        let bytes = source.fill_buf()?;
        let Some(&first) = bytes.first() else {
            return Ok(GzipState::End);
        };
        if first != 0 && !padded {
            return member(source);
        }
        if bytes.iter().any(|&b| b != 0) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "something follows the zeros behind its end",
            ));
        }
        padded = true;
        let zeros = bytes.len();
        source.consume(zeros);
    }
}
