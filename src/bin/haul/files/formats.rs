//! Check of outputs whose names promise a format that is not written to them.

use std::path::Path;

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
    let (written, example) = match &*used.name {
        "--failures" | "--output" if is_database(path) => return Ok(()),
        "--failures" => ("JSON Lines or SQLite", "failures.jsonl or failures.db"),
        "--summary-json" => ("JSON", "summary.json"),
        "--cookie-jar" => ("Netscape's format", "cookies.txt"),
        "--html" => ("HTML", "report.html"),
        "--junit" => ("XML", "junit.xml"),
        "--missing" => ("lines of the input", "missing.txt"),
        _ => (
            "JSON Lines, CSV and TSV, also with .gz or .zst, and SQLite",
            "run.jsonl, run.csv, run.jsonl.gz or run.db",
        ),
    };
    let promised = match &*used.name {
        "--output" => of_results(path),
        _ => promised(path),
    };
    match promised {
        None => Ok(()),
        Some(format) => Err(CommandError::usage(format!(
            "{}: the name promises {format}, and {} writes {written} (a name like {example} is expected)",
            path.display(),
            used.shown()
        ))),
    }
}

/// Returns the format that a name promises. `None`: it promises none of the known ones.
fn promised(path: &Path) -> Option<&'static str> {
    let end = ending(path);
    let known = FORMATS
        .iter()
        .find(|(other, _)| end.eq_ignore_ascii_case(other));
    known.map(|(_, format)| *format)
}

/// Returns the format that a name promises, if results are not written in it.
fn of_results(path: &Path) -> Option<&'static str> {
    let has = |path: &Path, ends: &[&str]| {
        ends.iter()
            .any(|end| ending(path).eq_ignore_ascii_case(end))
    };
    let inner = path.file_stem().map(Path::new);
    let path = match inner.filter(|_| has(path, &["gz", "zst"])) {
        // A name like `.gz` promises nothing else.
        Some(inner) if inner.as_os_str().eq_ignore_ascii_case(".gz") => return None,
        Some(inner) if inner.as_os_str().eq_ignore_ascii_case(".zst") => return None,
        Some(inner) => inner,
        None => path,
    };
    promised(path).filter(|_| !has(path, &["csv", "tsv"]))
}
