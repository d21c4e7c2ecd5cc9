//! Quotes in a row of CSV, read line by line.

/// State of the quotes in a row whose fields may hold line feeds.
#[derive(Default)]
pub(super) struct RowQuotes {
    /// True after an odd number of quotes.
    is_open: bool,
    /// True within a quoted field.
    is_within: bool,
    /// True if a quote stood where a writer of CSV puts none.
    is_stray: bool,
}

impl RowQuotes {
    /// Adds a line of the row, with its line feed.
    pub(super) fn add(&mut self, line: &[u8]) {
        let mut next = 0;
        for at in memchr::memchr_iter(b'"', line) {
            self.is_open = !self.is_open;
            if at < next {
                // The second of two quotes that stand for one.
                continue;
            }
            if !self.is_within {
                self.is_stray |= at > 0 && line[at - 1] != b',';
                self.is_within = true;
                continue;
            }
            match line.get(at + 1) {
                Some(b'"') => next = at + 2,
                behind => {
                    self.is_stray |= !matches!(behind, None | Some(b',' | b'\r' | b'\n'));
                    self.is_within = false;
                }
            }
        }
    }

    /// True if the row goes on behind the line feed.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// True if a quote stood where a writer of CSV puts none. If a quote is not closed, the next quoted field begins so.
    pub(super) fn is_stray(&self) -> bool {
        self.is_stray
    }
}

#[cfg(test)]
mod tests {
    use super::RowQuotes;

    fn states(lines: &[&str]) -> Vec<(bool, bool)> {
        let mut quotes = RowQuotes::default();
        let mut added = |line: &&str| {
            quotes.add(line.as_bytes());
            (quotes.is_open(), quotes.is_stray())
        };
        lines.iter().map(&mut added).collect()
    }

    #[test]
    fn a_field_with_line_feeds_quotes_and_commas_is_not_stray() {
        let rows = ["1,\"a\"\"b\n", "\"\"\"\",\n", "c\",\"\",\"d\n", "\",2\n"];
        let expected = [(true, false), (true, false), (true, false), (false, false)];
        assert_eq!(states(&rows), expected);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_told_at_the_next_quoted_field() {
        let rows = ["1,\"a,b\n", "2,c,d\n", "3,\"e\",g\n"];
        let expected = [(true, false), (true, false), (true, true)];
        assert_eq!(states(&rows), expected);
    }
}
