//! Results as a database, in a build without the feature `sqlite`: no database can be opened.

use std::io;
use std::path::Path;

use crate::record::Record;
use crate::sink::{SinkError, SinkTarget};
use crate::summary::Summary;

/// The table of outcomes. There is no value of it.
pub(in crate::sink) enum OutcomeTable {}

/// Reader of the records. There is no value of it.
pub(in crate::sink) enum OutcomeReader {}

/// Refuses each file, since this build writes no database.
pub(in crate::sink) fn check_supported(path: &Path) -> Result<(), SinkError> {
    OutcomeTable::open(path, false).map(drop)
}

fn reason() -> io::Error {
    let reason = "its name promises SQLite, and the feature sqlite is not part of this build";
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

impl OutcomeTable {
    pub(in crate::sink) fn open(path: &Path, _: bool) -> Result<OutcomeTable, SinkError> {
        let place = SinkTarget::File(path.to_owned());
        Err(SinkError::new(place, "cannot be opened", reason()))
    }

    pub(in crate::sink) fn is_untouched(&self) -> bool {
        match *self {}
    }

    pub(in crate::sink) fn begin(&mut self, _: bool, _: Option<&str>) -> Result<(), SinkError> {
        match *self {}
    }

    pub(in crate::sink) fn add(
        &mut self,
        _: &Record<'_>,
        _: Option<&Record<'_>>,
        _: bool,
    ) -> Result<(), SinkError> {
        match *self {}
    }

    pub(in crate::sink) fn urge(&mut self) {
        match *self {}
    }

    pub(in crate::sink) fn commit_soon(&mut self) -> Result<(), SinkError> {
        match *self {}
    }

    pub(in crate::sink) fn commit(&mut self) -> Result<(), SinkError> {
        match *self {}
    }

    pub(in crate::sink) fn finish(&mut self, _: &Summary) -> Result<(), SinkError> {
        match *self {}
    }

    pub(in crate::sink) fn written(&self) -> u64 {
        match *self {}
    }
}

impl OutcomeReader {
    pub(in crate::sink) fn open(_: &Path, _: u64) -> io::Result<OutcomeReader> {
        Err(reason())
    }

    pub(in crate::sink) fn next(&mut self, _: &mut Vec<u8>) -> io::Result<Option<u64>> {
        match *self {}
    }
}
