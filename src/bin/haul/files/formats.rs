//! Check of outputs whose names promise a format that is not written to them.

use super::{Use, ending, is_database};
use crate::failure::CommandError;

/// Endings of names, and the format that each promises.
const FORMATS: [(&str, &str); 30] = [
    ("csv", "CSV"),
    ("tsv", "tab-separated values"),
    ("xlsx", "Excel"),
    ("xls", "Excel"),
    ("xlsm", "Excel"),
    ("xlsb", "Excel"),
    ("ods", "a spreadsheet"),
    ("parquet", "Parquet"),
    ("arrow", "Arrow"),
    ("feather", "Arrow"),
    ("avro", "Avro"),
    ("orc", "ORC"),
    ("db", "SQLite"),
    ("sqlite", "SQLite"),
    ("sqlite3", "SQLite"),
    ("db3", "SQLite"),
    ("duckdb", "DuckDB"),
    ("gz", "gzip"),
    ("gzip", "gzip"),
    ("tgz", "gzip"),
    ("zst", "zstd"),
    ("zstd", "zstd"),
    ("bz2", "bzip2"),
    ("xz", "xz"),
    ("lzma", "lzma"),
    ("lz4", "lz4"),
    ("br", "Brotli"),
    ("zip", "a zip archive"),
    ("7z", "a 7-Zip archive"),
    ("tar", "a tar archive"),
];

/// Refuses a name that promises another format than the option writes.
pub(super) fn check(used: &Use) -> Result<(), CommandError> {
    let path = &used.path;
    let end = ending(path);
    let promised = FORMATS
        .iter()
        .find(|(other, _)| end.eq_ignore_ascii_case(other));
    let (written, example) = match &*used.name {
        "--failures" if is_database(path) => return Ok(()),
        "--failures" => ("JSON Lines or SQLite", "failures.jsonl or failures.db"),
        "--summary-json" => ("JSON", "summary.json"),
        "--html" => ("HTML", "report.html"),
        "--junit" => ("XML", "junit.xml"),
        _ => ("JSON Lines", "run.jsonl"),
    };
    match promised {
        None => Ok(()),
        Some((_, format)) => Err(CommandError::usage(format!(
            "{}: the name promises {format}, and {} writes {written} (a name like {example} is expected)",
            path.display(),
            used.shown()
        ))),
    }
}
