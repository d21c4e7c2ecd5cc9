//! Reader that takes bytes back.

use std::io::{self, BufRead, Read};

/// Reader that gives bytes again that were pushed back into it.
pub(super) struct Pushback {
    from: Box<dyn BufRead + Send>,
    pushed: Vec<u8>,
    /// Number of the pushed bytes that were read again.
    read: usize,
}

impl Pushback {
    pub(super) fn new(from: Box<dyn BufRead + Send>) -> Pushback {
        Pushback {
            from,
            pushed: Vec::new(),
            read: 0,
        }
    }

    /// Puts bytes in front of those that are still to be read.
    pub(super) fn push(&mut self, mut bytes: Vec<u8>) {
        bytes.extend_from_slice(&self.pushed[self.read..]);
        (self.pushed, self.read) = (bytes, 0);
    }

    fn is_empty(&self) -> bool {
        self.read == self.pushed.len()
    }
}

impl Read for Pushback {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(into)?;
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for Pushback {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.is_empty() {
            true => self.from.fill_buf(),
            false => Ok(&self.pushed[self.read..]),
        }
    }

    fn consume(&mut self, amount: usize) {
        if self.is_empty() {
            return self.from.consume(amount);
        }
        self.read += amount;
        if self.is_empty() {
            (self.pushed, self.read) = (Vec::new(), 0);
        }
    }
}
