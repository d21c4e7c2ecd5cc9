//! SQLite databases: their files, the thread that writes rows, and results as rows (feature `sqlite`).

#[cfg(not(feature = "sqlite"))]
mod absent;
#[cfg(feature = "sqlite")]
pub(super) mod columns;
#[cfg(feature = "sqlite")]
pub(super) mod file;
#[cfg(feature = "sqlite")]
mod outcomes;
#[cfg(feature = "sqlite")]
pub(super) mod run_id;
#[cfg(feature = "sqlite")]
pub(super) mod runs;
#[cfg(feature = "sqlite")]
pub(super) mod writer;

use std::ffi::OsStr;
use std::path::Path;

#[cfg(not(feature = "sqlite"))]
pub(super) use absent::{OutcomeReader, OutcomeTable, check_supported};

use crate::record::split_ending;
#[cfg(feature = "sqlite")]
pub(super) use outcomes::{OutcomeReader, OutcomeTable, RESULTS, check_supported};

/// Endings of the names of databases.
const ENDINGS: [&str; 3] = ["db", "sqlite", "sqlite3"];

/// True if the ending of a name promises SQLite.
pub(super) fn is_database(path: &Path) -> bool {
    // A name like `.db` has no extension.
    let whole = || split_ending(path).map(|(_, end)| OsStr::new(end));
    let end = path.extension().or_else(whole).unwrap_or_default();
    ENDINGS.iter().any(|other| end.eq_ignore_ascii_case(other))
}
