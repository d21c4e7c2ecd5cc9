//! Input and output buffers of a connection: small at first, growing with use, and small again when idle.

/// Initial size of input: a head and a short body fit. Ten thousand connections that never needed more take ten megabytes.
const START: usize = 1024;
/// Factor by which full input grows: 1, 4, 16, 64 KiB. Each step costs one more read. An idle connection keeps 4 KiB
/// ([`KEPT`]), so that its next short response takes one read.
const GROWTH: usize = 4;
/// Upper bound to which input grows for the sake of fewer reads.
const WIDE: usize = 64 * 1024;
/// Upper bound for each buffer of an idle connection.
const KEPT: usize = 4 * 1024;
/// Upper bound for the part of a body that is written at once.
const CHUNK: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(in crate::transport) struct Buffers {
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// Upper bound for the size of input.
    limit: usize,
    output: Vec<u8>,
    /// Number of bytes at the front of the output that are sent together with the next write.
    held: usize,
}

impl Buffers {
    /// Makes room for the next exchange: the output holds the whole head and as much of the body as is sent at once. A
    /// response head fits if it is within `header_limit`.
    pub(in crate::transport) fn prepare(
        &mut self,
        head: usize,
        body: Option<u64>,
        header_limit: usize,
    ) {
        let output = head + body.map_or(CHUNK, |body| body.min(CHUNK as u64) as usize);
        if self.output.len() < output {
            self.output.resize(output, 0);
        }
        self.held = 0;
        self.limit = WIDE.max(header_limit + START);
    }

    /// Frees memory that an idle connection does not need.
    pub(in crate::transport) fn shrink(&mut self) {
        self.start = 0;
        self.end = 0;
        self.held = 0;
        for buffer in [&mut self.input, &mut self.output] {
            if buffer.len() > KEPT {
                *buffer = Vec::new();
            }
        }
    }

    /// Returns the size of the output with `amount` bytes added to it.
    pub(in crate::transport) fn pending(&self, amount: usize) -> usize {
        self.held + amount
    }

    /// Returns the first `amount` bytes of output.
    pub(in crate::transport) fn first(&self, amount: usize) -> &[u8] {
        &self.output[..amount]
    }

    /// Inserts bytes into the output at `at`.
    pub(in crate::transport) fn insert(&mut self, at: usize, bytes: &[u8]) {
        self.output.splice(at..at, bytes.iter().copied());
    }

    /// Keeps the first `amount` bytes of the output for the next write. Returns false if no other byte would fit.
    pub(in crate::transport) fn hold(&mut self, amount: usize) -> bool {
        let fits = amount < self.output.len();
        if fits {
            self.held = amount;
        }
        fits
    }

    /// Returns the number of bytes held back.
    pub(in crate::transport) fn held(&self) -> usize {
        self.held
    }

    /// Returns the first `amount` bytes of output, to be sent now.
    pub(in crate::transport) fn take_output(&mut self, amount: usize) -> &[u8] {
        self.held = 0;
        &self.output[..amount]
    }

    /// Returns room for more input. Never empty unless the input is at its limit.
    pub(in crate::transport) fn room(&mut self) -> &mut [u8] {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
        if self.end == self.input.len() {
            if self.start > 0 {
                self.input.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            } else if self.input.len() < self.limit {
                let growth = if self.input.len() < WIDE { GROWTH } else { 2 };
                let wanted = (self.input.len() * growth).clamp(START, self.limit);
                self.input.resize(wanted, 0);
            }
        }
        &mut self.input[self.end..]
    }

    /// Makes later reads larger, because the last read filled the whole buffer and more is likely to come.
    pub(in crate::transport) fn widen(&mut self) {
        if self.input.len() < WIDE.min(self.limit) {
            let wanted = (self.input.len() * GROWTH).clamp(START, WIDE.min(self.limit));
            self.input.resize(wanted, 0);
        }
    }

    /// Marks `amount` bytes of [`room`](Buffers::room) as input.
    pub(in crate::transport) fn filled(&mut self, amount: usize) {
        self.end += amount;
        if self.end == self.input.len() {
            self.widen();
        }
    }

    /// Lets input grow until it holds `more` bytes more than now.
    pub(in crate::transport) fn allow(&mut self, more: u64) {
        let more = usize::try_from(more).unwrap_or(usize::MAX);
        let wanted = (self.end - self.start).saturating_add(more);
        self.limit = self.limit.max(wanted);
    }

    /// Removes the first bytes of the input.
    pub(in crate::transport) fn consume(&mut self, amount: usize) {
        self.start += amount;
    }

    /// Moves input into `into`. Returns the number of bytes moved.
    pub(in crate::transport) fn take(&mut self, into: &mut [u8]) -> usize {
        let n = into.len().min(self.end - self.start);
        into[..n].copy_from_slice(&self.input[self.start..self.start + n]);
        self.start += n;
        n
    }

    /// Returns the size of input that fits without growing.
    pub(in crate::transport) fn capacity(&self) -> usize {
        self.input.len()
    }

    /// True if no more input fits.
    pub(in crate::transport) fn is_full(&self) -> bool {
        self.end - self.start >= self.limit
    }

    pub(in crate::transport) fn has_input(&self) -> bool {
        self.start < self.end
    }

    pub(in crate::transport) fn input(&self) -> &[u8] {
        &self.input[self.start..self.end]
    }

    /// Returns room for output behind the bytes held back.
    pub(in crate::transport) fn output(&mut self) -> &mut [u8] {
        &mut self.output[self.held..]
    }
}
