//! Entries of an input.

use super::values::TextPlace;
use crate::error::ErrorType;
use crate::record::InvalidLine;

/// Entry of an input: a line, a value, a row or a link.
#[derive(Debug)]
pub struct InputEntry<'r> {
    pub(super) line: u64,
    pub(super) text: Result<&'r str, InvalidLine>,
    pub(super) bytes: &'r [u8],
    pub(super) place: TextKind,
    pub(super) sitemap: Option<String>,
    pub(super) row_keys: Option<String>,
    pub(super) fault: Option<ErrorType>,
}

/// Relation of an entry's text to the text of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextKind {
    /// A whole line.
    Line,
    /// A part of the input that begins in this column, from 1.
    Part(u64),
    /// A text that was made from the entry.
    #[cfg_attr(not(any(feature = "csv", feature = "sitemap")), allow(dead_code))]
    Made,
    /// A text that a line holds, which was written down for it.
    Kept,
}

/// Facts about an entry whose text is in the reader's buffer.
pub(super) struct EntryRead {
    pub(super) line: u64,
    pub(super) wrong: Option<InvalidLine>,
    pub(super) place: TextKind,
    /// Link to a sitemap in an index. `None`: the entry is none.
    pub(super) sitemap: Option<String>,
    /// Keys of the request that the columns of a row give, for a template. `None`: the text is the whole request.
    pub(super) row_keys: Option<String>,
    /// Class of the fault at which the input ends. `None`: it does not end here.
    pub(super) fault: Option<ErrorType>,
}

impl EntryRead {
    pub(super) fn new(line: u64, wrong: Option<InvalidLine>, place: TextKind) -> EntryRead {
        EntryRead {
            line,
            wrong,
            place,
            sitemap: None,
            row_keys: None,
            fault: None,
        }
    }

    /// Notes that the input ends here, because it is broken.
    pub(super) fn ending_by(mut self, fault: ErrorType) -> EntryRead {
        self.fault = Some(fault);
        self
    }
}

impl<'r> InputEntry<'r> {
    /// Number of the line in which the entry begins, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Returns the entry as a line that [`InputLines::read`](crate::record::InputLines::read) reads.
    ///
    /// # Errors
    /// When the entry cannot be read.
    pub fn text(&self) -> Result<&'r str, InvalidLine> {
        self.text.clone()
    }

    /// Returns the bytes of the entry, for [`InputLines::stand_in`](crate::record::InputLines::stand_in).
    pub fn bytes(&self) -> &'r [u8] {
        self.bytes
    }

    /// True if the entry is the link of a sitemap in an index.
    pub fn is_sitemap(&self) -> bool {
        self.sitemap.is_some()
    }

    /// Returns the link if the entry is that of a sitemap in an index.
    ///
    /// A [template](super::InputOptions::template) is for the links that sitemaps have, not for this one.
    pub fn sitemap_url(&self) -> Option<&str> {
        self.sitemap.as_deref()
    }

    /// Returns the keys that the columns of a row give its request.
    ///
    /// They are for [`InputLines::read_row`](crate::record::InputLines::read_row). `None`: the text is no row for a
    /// [template](super::InputOptions::template).
    pub fn row_keys(&self) -> Option<&str> {
        self.row_keys.as_deref()
    }

    /// Returns the class of the fault at which a sitemap or a list of lines ends.
    ///
    /// Such an entry cannot be read, and there is none behind it. `None`: the input goes on or ends as it should, or it
    /// has another format.
    pub fn fault(&self) -> Option<ErrorType> {
        self.fault
    }

    /// True if the entry is a whole line of the input, so that its line alone leads to it.
    pub fn is_line(&self) -> bool {
        self.place == TextKind::Line
    }

    /// Moves the place of a mistake in the text to the place in the input.
    ///
    /// A mistake in a line that is not the first of the entry is placed in the reason. A mistake in a row or a link has
    /// no position.
    pub fn placed(&self, wrong: InvalidLine) -> InvalidLine {
        match (self.place, wrong.position()) {
            (TextKind::Line, _) | (_, None) => wrong,
            (TextKind::Made | TextKind::Kept, Some(_)) => wrong.without_position(),
            (TextKind::Part(column), Some(position)) => {
                let before = usize::try_from(position - 1).unwrap_or(usize::MAX);
                let before = &self.bytes[..before.min(self.bytes.len())];
                let mut place = TextPlace {
                    line: self.line,
                    column,
                };
                place.advance(before);
                let TextPlace { line, column } = place;
                match line == self.line {
                    true => wrong.behind(column as usize - position as usize),
                    false => wrong.placed_at(line, column),
                }
            }
        }
    }
}
