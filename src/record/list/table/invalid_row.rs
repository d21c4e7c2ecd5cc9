//! Rows that cannot be used.

use std::fmt;

use super::super::InputFormat;
use crate::record::InvalidLine;

/// A row that cannot be used: its place and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidRow {
    pub(super) line: u64,
    pub(super) wrong: InvalidLine,
    /// Number of the column, from 1. `None`: it is not known.
    pub(super) column: Option<u32>,
    /// Cells of the row, as a list in JSON. Empty if the row could not be read.
    pub(super) cells: String,
}

impl InvalidRow {
    /// Number of the line, from 1: of the beginning of the row, or of the quote that is never closed.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Returns the reason.
    pub fn mistake(&self) -> &InvalidLine {
        &self.wrong
    }

    /// Adds the column of the cell with this number, from 0.
    pub(super) fn at_cell(self, cell: Option<usize>) -> InvalidRow {
        InvalidRow {
            column: cell.and_then(|cell| u32::try_from(cell + 1).ok()),
            ..self
        }
    }

    /// Returns the reason with the format and the column.
    pub(super) fn placed(&self, format: InputFormat) -> InvalidLine {
        match self.column {
            Some(column) => self
                .wrong
                .clone()
                .within(&format!("{format}, column {column}")),
            None => self.wrong.clone().within(&format.to_string()),
        }
    }

    /// Returns the cells as a list in JSON. Empty: the row could not be read.
    pub(super) fn cells(&self) -> &str {
        &self.cells
    }
}

impl fmt::Display for InvalidRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.wrong)
    }
}

impl std::error::Error for InvalidRow {}
