//! Compressed content: parts in sequence, each with an end of its own.

use std::io::{self, BufRead, Read};

use super::counted::{CountedSource, OpenPart};
use super::{EndRules, TornEnd};

/// Number of bytes that are decompressed in one call. A decoder that finds a fault drops what it decoded in that call.
const PIECE: usize = 16 << 10;

/// Decoder of one part of a compressed file: of a member of gzip, of a frame of zstd.
pub(super) trait PartDecoder<'s>: Read + Sized + Send + 's {
    /// Name of the compression.
    const CODING: &'static str;
    /// Name of a part.
    const PART: &'static str;

    /// True if a part may begin with this byte.
    fn may_begin(first: u8) -> bool;

    fn begin(source: CountedSource<'s>) -> io::Result<Self>;

    fn source(&self) -> &CountedSource<'s>;

    /// Gives the source back, at the end of the part.
    fn into_source(self) -> CountedSource<'s>;
}

impl<'s, D: PartDecoder<'s>> OpenPart<'s> for D {
    fn end(self: Box<Self>) -> CountedSource<'s> {
        (*self).into_source()
    }
}

/// Returns the content of all parts.
pub(super) fn reader<D: PartDecoder<'static>>(
    source: CountedSource<'static>,
    rules: &EndRules,
) -> Box<dyn Read + Send> {
    Box::new(Parts::<D> {
        state: PartsState::Between(source),
        rules: rules.clone(),
        begins: TornEnd {
            file_position: 0,
            content_position: 0,
        },
        given: 0,
    })
}

/// Parts of a compressed file, one after the other.
struct Parts<D> {
    state: PartsState<D>,
    rules: EndRules,
    /// Beginning of the current part.
    begins: TornEnd,
    /// Number of decompressed bytes that were given.
    given: u64,
}

enum PartsState<D> {
    Between(CountedSource<'static>),
    Within(D),
    End,
}

impl<D: PartDecoder<'static>> Read for Parts<D> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min(PIECE);
        loop {
            // After an error nothing else comes.
            match std::mem::replace(&mut self.state, PartsState::End) {
                PartsState::End => return Ok(0),
                PartsState::Between(source) => self.state = self.next_part(source)?,
                PartsState::Within(mut part) => match part.read(&mut into[..most]) {
                    Ok(0) if most == 0 => {
                        self.state = PartsState::Within(part);
                        return Ok(0);
                    }
                    Ok(0) => self.state = PartsState::Between(part.into_source()),
                    Ok(n) => {
                        self.given += n as u64;
                        self.state = PartsState::Within(part);
                        return Ok(n);
                    }
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {
                        self.state = PartsState::Within(part);
                        return Err(e);
                    }
                    Err(e) if part.source().has_failed() => return Err(e),
                    Err(e) => return self.ended_by(&e, part.source().position()),
                },
            }
        }
    }
}

impl<D: PartDecoder<'static>> Parts<D> {
    /// Begins the next part, or ends.
    fn next_part(&mut self, mut source: CountedSource<'static>) -> io::Result<PartsState<D>> {
        self.begins = TornEnd {
            file_position: source.position(),
            content_position: self.given,
        };
        let Some(&first) = source.fill_buf()?.first() else {
            return Ok(PartsState::End);
        };
        if D::may_begin(first) {
            return Ok(PartsState::Within(D::begin(source)?));
        }
        // Zeros are padding, or the end of a file that was written when the machine went down.
        if first != 0 || !only_zeros(&mut source)? {
            let (coding, part) = (D::CODING, D::PART);
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "broken {coding} data at byte {}: a further {part} or the end is expected",
                    source.position()
                ),
            ));
        }
        if self.rules.accepts_torn_end {
            let _ = self.rules.torn_end.set(self.begins);
        }
        Ok(PartsState::End)
    }

    /// Ends the content at a fault of the decoder. `position`: number of bytes that the decoder took.
    fn ended_by(&self, fault: &io::Error, position: u64) -> io::Result<usize> {
        let (coding, part, begin) = (D::CODING, D::PART, self.begins.file_position);
        if fault.kind() != io::ErrorKind::UnexpectedEof {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("broken {coding} data at byte {position}: {fault}"),
            ));
        }
        let _ = self.rules.torn_end.set(self.begins);
        match self.rules.accepts_torn_end {
            true => Ok(0),
            false => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!(
                    "the {coding} data is cut off at byte {position}: the {part} from byte {begin} on has no end"
                ),
            )),
        }
    }
}

/// Reads to the first byte that is not zero. Returns true if there is none.
fn only_zeros(source: &mut CountedSource<'_>) -> io::Result<bool> {
    loop {
        let waiting = source.fill_buf()?;
        let zeros = waiting.iter().take_while(|byte| **byte == 0).count();
        let is_end = waiting.is_empty();
        let is_other = zeros < waiting.len();
        source.consume(zeros);
        if is_end || is_other {
            return Ok(is_end);
        }
    }
}
