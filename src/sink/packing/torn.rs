//! Difference between a last member that was cut off and a file that is damaged.

use std::fs::File;
use std::io::{self, BufRead, Read, Seek, SeekFrom};

use memchr::memmem;

use super::{BUFFER, Coder, Members};

/// Number of zeros at the end of a file that no whole member ends with: a gzip member ends with its length, whose high
/// bytes are zeros, and a zstd frame with any bytes.
const UNUSUAL_ZEROS: u64 = 4;

impl Coder {
    /// True if the member at `start`, which ends with this error, is the last one and was cut off. A machine's crash may
    /// leave zeros in place of the bytes that were to come.
    pub(in crate::sink) fn is_torn(
        self,
        error: &io::Error,
        file: &File,
        start: u64,
    ) -> io::Result<bool> {
        if error.raw_os_error().is_some() {
            return Ok(false);
        }
        let is_cut = error.kind() == io::ErrorKind::UnexpectedEof || self.ends(file, start)?;
        // Damage may also lead a decoder on to the end of the file. Members behind it then are whole.
        Ok(is_cut && !self.has_member_behind(file, start)?)
    }

    /// True if the content of a file ends within the member at `start`, and zeros follow it.
    fn ends(self, file: &File, start: u64) -> io::Result<bool> {
        let length = file.metadata()?.len();
        let end = end_without_zeros(file, length)?;
        if start >= end {
            return Ok(true);
        }
        if length - end < UNUSUAL_ZEROS {
            return Ok(false);
        }
        let is_end = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Ok(true),
            _ if error.raw_os_error().is_some() => Err(error),
            _ => Ok(false),
        };
        let mut members = match Members::between(self, file, start, end) {
            Ok(members) => members,
            Err(error) => return is_end(error),
        };
        loop {
            match members.pass(start) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) => return is_end(error),
            }
        }
    }

    /// True if a whole member begins behind `start`.
    fn has_member_behind(self, mut file: &File, start: u64) -> io::Result<bool> {
        let overlap = self.magic.len() as u64 - 1;
        let mut bytes = Vec::with_capacity(BUFFER);
        let mut from = start + 1;
        loop {
            file.seek(SeekFrom::Start(from))?;
            bytes.clear();
            file.take(BUFFER as u64).read_to_end(&mut bytes)?;
            for at in memmem::find_iter(&bytes, self.magic) {
                if self.is_whole(file, from + at as u64)? {
                    return Ok(true);
                }
            }
            if bytes.len() < BUFFER {
                return Ok(false);
            }
            from += BUFFER as u64 - overlap;
        }
    }

    fn is_whole(self, file: &File, start: u64) -> io::Result<bool> {
        let Ok(mut members) = Members::between(self, file, start, u64::MAX) else {
            return Ok(false);
        };
        loop {
            match members.pass(start) {
                Ok(true) => {}
                Ok(false) => return Ok(true),
                Err(error) if error.raw_os_error().is_some() => return Err(error),
                // The next member may be damaged too.
                Err(_) => return Ok(members.place().0 > start),
            }
        }
    }
}

impl Members<'_> {
    /// Passes over some content of the member at `start`. False: the member has ended.
    fn pass(&mut self, start: u64) -> io::Result<bool> {
        let read = self.fill_buf()?.len();
        if self.place().0 != start || read == 0 {
            return Ok(false);
        }
        self.consume(read);
        Ok(true)
    }
}

/// Returns the position behind the last byte that is no zero.
fn end_without_zeros(mut file: &File, length: u64) -> io::Result<u64> {
    let mut bytes = Vec::with_capacity(BUFFER);
    let mut end = length;
    while end > 0 {
        let from = end.saturating_sub(BUFFER as u64);
        file.seek(SeekFrom::Start(from))?;
        bytes.clear();
        file.take(end - from).read_to_end(&mut bytes)?;
        if let Some(last) = bytes.iter().rposition(|byte| *byte != 0) {
            return Ok(from + last as u64 + 1);
        }
        end = from;
    }
    Ok(0)
}
