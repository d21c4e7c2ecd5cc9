//! Reading of a response body to its end, or as far as it is wanted.

use std::io::{self, Read};
use std::time::Duration;

use super::bandwidth::PauseCut;
use crate::request::PanicPayload;
use crate::transport::http1::decode::TooLarge;
use crate::transport::http1::save::{PartialFile, Unsaved};

/// Number of bytes kept of a body that is not wanted whole.
pub(in crate::transport) const SAMPLE: usize = 64 * 1024;
/// Number of further bytes that are read and discarded to keep the connection. Beyond that a new connection is cheaper.
const DRAIN: u64 = 256 * 1024;
/// Number of bytes that are read of a body that the request discards, to keep the connection.
const DISCARDED: u64 = 64 * 1024;
/// Time in which such a body has to come.
pub(in crate::transport) const DISCARD_WITHIN: Duration = Duration::from_secs(1);
/// Upper bound for the memory allocated because of a `Content-Length` alone, in bytes.
const PRESIZED: u64 = 4 * 1024 * 1024;
/// Initial size of the memory for a body of unknown length, in bytes.
const START: usize = 4 * 1024;

/// Size of the pieces in which a body is written to a file.
const PIECE: usize = 64 * 1024;

/// Amount of a body that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) enum BodyWanted {
    /// The whole body, up to this many bytes after decompression.
    Whole(u64),
    /// The whole body, of which this many bytes are kept, and which is handed on as it comes.
    Streamed(u64),
    /// The first 64 KiB.
    Sample,
    /// No byte, because the request discards the body.
    Discarded,
    /// No byte, because a redirect is followed.
    Nothing,
}

/// Result of reading a body.
#[derive(Debug, Default)]
pub(in crate::transport) struct CollectedBody {
    pub(in crate::transport) bytes: Vec<u8>,
    /// True if the body was longer.
    pub(in crate::transport) truncated: bool,
}

/// Reason why a body was not read to its end.
#[derive(Debug)]
pub(in crate::transport) enum BodyCut {
    TooLarge,
    /// The response announces a body of this many bytes, more than the limit.
    Declared(u64),
    /// The body has more content codings than are decoded.
    TooManyCodings,
    Failed(io::Error),
    /// The body came, and could not be written to its file.
    Unsaved(Unsaved),
    /// The body is a part of a file, and the whole file was asked for.
    Unasked,
    /// The body ended although the file that it continues is longer, or went on after the end of that file.
    WrongLength(u64),
    /// A part of the body that is handed on whole, such as a line, is larger than the limit.
    TooLong(&'static str),
    /// The time of a body that is handed on, or that waited for its turn, is over.
    TimedOut,
    /// The closure that the body is handed on to panicked.
    Panicked(PanicPayload),
}

impl BodyCut {
    pub(super) fn of(error: io::Error) -> BodyCut {
        match error.get_ref() {
            Some(inner) if inner.is::<TooLarge>() => BodyCut::TooLarge,
            Some(inner) if inner.is::<PauseCut>() => BodyCut::TimedOut,
            _ => BodyCut::Failed(error),
        }
    }
}

/// Reads a body of `length` bytes, if that is known. On an error too, the bytes read so far stay in `taken`.
pub(in crate::transport) fn read(
    mut body: impl Read,
    length: Option<u64>,
    want: BodyWanted,
    taken: &mut CollectedBody,
) -> Result<(), BodyCut> {
    match want {
        BodyWanted::Whole(limit) => {
            let ended = fill(&mut body, length, limit, &mut taken.bytes).map_err(BodyCut::of)?;
            if ended {
                Ok(())
            } else {
                Err(BodyCut::TooLarge)
            }
        }
        BodyWanted::Sample => {
            let ended = fill(&mut body, length, SAMPLE as u64, &mut taken.bytes);
            taken.truncated = !ended.map_err(BodyCut::of)?;
            Ok(())
        }
        BodyWanted::Streamed(_) | BodyWanted::Discarded | BodyWanted::Nothing => Ok(()),
    }
}

/// Writes a body of up to `limit` bytes to its file. `length`: its number of bytes, if that is known.
pub(in crate::transport) fn save(
    mut body: impl Read,
    length: Option<u64>,
    limit: u64,
    partial: &mut PartialFile,
) -> Result<(), BodyCut> {
    let size = length.map_or(PIECE as u64, |length| length.clamp(1, PIECE as u64));
    let mut piece = vec![0; size as usize];
    loop {
        let mut filled = 0;
        let ended = loop {
            let n = read_some(&mut body, &mut piece[filled..]).map_err(BodyCut::of)?;
            filled += n;
            // The bytes of a file that a later attempt continues are written as they come. Of any other file nothing
            // stays unless it becomes whole, so that it is written in few pieces.
            if n == 0 || partial.can_be_continued() || filled == piece.len() {
                break n == 0;
            }
        };
        if filled as u64 > limit.saturating_sub(partial.size()) {
            return Err(BodyCut::TooLarge);
        }
        partial.append(&piece[..filled]).map_err(BodyCut::Unsaved)?;
        if ended {
            return Ok(());
        }
    }
}

/// Reads up to `limit` bytes. Returns false if there are more.
fn fill(
    body: &mut impl Read,
    length: Option<u64>,
    limit: u64,
    bytes: &mut Vec<u8>,
) -> io::Result<bool> {
    let first = match length {
        // As large as announced: the probe below finds the end without growing.
        Some(length) => length.min(limit).min(PRESIZED) as usize,
        None => START.min(usize::try_from(limit).unwrap_or(START)),
    };
    let mut filled = 0;
    *bytes = vec![0; first];
    let ended = loop {
        if filled == bytes.len() {
            // Probes for the end before it takes more memory, which is mostly not needed.
            let mut probe = [0; 64];
            match read_some(body, &mut probe) {
                Ok(0) => break Ok(true),
                Ok(_) if filled as u64 >= limit => break Ok(false),
                Ok(n) => {
                    let room = limit - filled as u64;
                    let doubled = (filled * 2).max(START) as u64;
                    let keep = room.min(n as u64) as usize;
                    bytes.resize(doubled.min(limit).max((filled + keep) as u64) as usize, 0);
                    bytes[filled..filled + keep].copy_from_slice(&probe[..keep]);
                    filled += keep;
                    if keep < n {
                        break Ok(false);
                    }
                    continue;
                }
                Err(e) => break Err(e),
            }
        }
        match read_some(body, &mut bytes[filled..]) {
            Ok(0) => break Ok(true),
            Ok(n) => filled += n,
            Err(e) => break Err(e),
        }
    };
    bytes.truncate(filled);
    // The memory is given back, since bodies wait in memory until the caller takes them.
    if bytes.capacity() > 2 * bytes.len() && bytes.capacity() > 512 {
        bytes.shrink_to_fit();
    }
    ended
}

/// Discards the rest of a body that is not wanted, if the rest is short. An error in it does not matter.
#[inline(never)]
pub(in crate::transport) fn drain(mut body: impl Read, length: Option<u64>, want: BodyWanted) {
    let most = match want {
        BodyWanted::Discarded => DISCARDED,
        _ => DRAIN,
    };
    if length.is_some_and(|length| length > most) {
        return;
    }
    let mut scratch = [0; 4 * 1024];
    let mut drained = 0;
    while drained <= most {
        match read_some(&mut body, &mut scratch) {
            Ok(n) if n > 0 => drained += n as u64,
            _ => return,
        }
    }
}

pub(super) fn read_some(body: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match body.read(into) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(
        body: &[u8],
        length: Option<u64>,
        want: BodyWanted,
    ) -> (CollectedBody, Result<(), BodyCut>) {
        let mut taken = CollectedBody::default();
        let result = read(body, length, want, &mut taken);
        (taken, result)
    }

    #[test]
    fn a_body_within_the_limit_is_read_whole_whatever_was_announced() {
        for size in [0, 1, 63, 64, 65, 4095, 4096, 4097, 100_000] {
            let body: Vec<u8> = (0..size).map(|i| i as u8).collect();
            for length in [None, Some(size as u64)] {
                let (taken, result) = take(&body, length, BodyWanted::Whole(size as u64));
                assert!(result.is_ok());
                assert_eq!(taken.bytes, body);
                assert!(!taken.truncated);
            }
        }
    }

    #[test]
    fn a_body_over_the_limit_by_one_byte_is_too_large() {
        for limit in [0, 1, 64, 4096, 10_000] {
            let body = vec![7; limit + 1];
            for length in [None, Some(limit as u64 + 1)] {
                let (taken, result) = take(&body, length, BodyWanted::Whole(limit as u64));
                assert!(matches!(result, Err(BodyCut::TooLarge)));
                assert_eq!(taken.bytes.len(), limit);
            }
        }
    }

    #[test]
    fn a_sample_is_the_first_64_kib() {
        for (size, truncated) in [(SAMPLE, false), (SAMPLE + 1, true), (SAMPLE * 3, true)] {
            let (taken, result) = take(&vec![1; size], None, BodyWanted::Sample);
            assert!(result.is_ok());
            assert_eq!(taken.bytes.len(), SAMPLE);
            assert_eq!(taken.truncated, truncated);
        }
    }

    #[test]
    fn a_body_keeps_the_bytes_before_a_failure() {
        struct Failing(usize);
        impl Read for Failing {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                self.0 = self
                    .0
                    .checked_sub(1)
                    .ok_or(io::ErrorKind::ConnectionReset)?;
                into[0] = b'x';
                Ok(1)
            }
        }
        let mut taken = CollectedBody::default();
        let result = read(Failing(3), Some(10), BodyWanted::Whole(10), &mut taken);
        assert!(matches!(result, Err(BodyCut::Failed(_))));
        assert_eq!(taken.bytes, b"xxx");
    }

    #[test]
    fn draining_stops_after_a_while() {
        struct Endless<'a>(&'a mut u64);
        impl Read for Endless<'_> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                *self.0 += into.len() as u64;
                Ok(into.len())
            }
        }
        let mut seen = 0;
        drain(Endless(&mut seen), None, BodyWanted::Sample);
        assert!(seen < DRAIN + SAMPLE as u64, "{seen}");
        seen = 0;
        drain(Endless(&mut seen), None, BodyWanted::Discarded);
        assert!(seen <= DISCARDED + 4 * 1024, "{seen}");
    }
}
