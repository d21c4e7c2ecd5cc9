//! Names of outputs that promise a format that is not written there.

use super::{Use, is_database};
use crate::failure::Failure;

/// Endings of names, and the format that each promises.
const FORMATS: [(&str, &str); 19] = [
    ("csv", "CSV"),
    ("tsv", "tab-separated values"),
    ("xlsx", "Excel"),
    ("xls", "Excel"),
    ("ods", "a spreadsheet"),
    ("parquet", "Parquet"),
    ("db", "SQLite"),
    ("sqlite", "SQLite"),
    ("sqlite3", "SQLite"),
    ("gz", "gzip"),
    ("gzip", "gzip"),
    ("tgz", "gzip"),
    ("zst", "zstd"),
    ("zstd", "zstd"),
    ("bz2", "bzip2"),
    ("xz", "xz"),
    ("lz4", "lz4"),
    ("br", "Brotli"),
    ("zip", "a zip archive"),
];

/// Refuses a name that promises another format than the option writes.
pub(super) fn check(used: &Use) -> Result<(), Failure> {
    let path = &used.path;
    let end = path.extension().unwrap_or_default();
    let promised = FORMATS
        .iter()
        .find(|(other, _)| end.eq_ignore_ascii_case(other));
    let (written, example) = match &*used.name {
        "--failures" if is_database(path) => return Ok(()),
        "--failures" => ("JSON Lines or SQLite", "failures.jsonl or failures.db"),
        "--summary-json" => ("JSON", "summary.json"),
        _ => ("JSON Lines", "run.jsonl"),
    };
    match promised {
        None => Ok(()),
        Some((_, format)) => Err(Failure::usage(format!(
            "{}: the name promises {format}, and {} writes {written} (a name like {example} is expected)",
            path.display(),
            used.shown()
        ))),
    }
}
