//! Stand-in for tables in builds without the feature `csv`.

use std::io::BufRead;

use super::super::reader::EntryRead;
use super::super::{InputFormat, InputOptions, InvalidInput};

/// A table, which this build does not read.
pub(in super::super) enum Table {}

impl Table {
    pub(in super::super) fn open(
        _: Box<dyn BufRead + Send>,
        _: u8,
        format: InputFormat,
        _: &InputOptions,
    ) -> Result<Table, InvalidInput> {
        let reason = "this build does not read it (feature csv)";
        Err(InvalidInput::of(format, reason))
    }

    pub(in super::super) fn columns(&self) -> &[String] {
        match *self {}
    }

    pub(in super::super) fn next_entry(&mut self, _: &mut Vec<u8>) -> Option<EntryRead> {
        match *self {}
    }
}
