//! Files in place of results: the format that was found, and the name that a file of it has.

use crate::record::{GZIP, Layout, RowFormat, SQLITE, ZSTD};

/// Beginnings of files, the formats that they tell, and the endings that their names have.
const BEGINNINGS: [(&[u8], &str, &str); 3] = [
    (SQLITE, "an SQLite database", ".db"),
    (GZIP, "compressed by gzip", ".gz"),
    (ZSTD, "compressed by zstd", ".zst"),
];

/// Returns the reason why a file with this first row holds no results of this form. `None`: the row itself tells more.
pub(super) fn refusal(row: &[u8], layout: &Layout) -> Option<String> {
    let expected = layout.titled().map(|(format, _)| format);
    let what = match expected {
        Some(_) => "it is no title of columns",
        None => "not a record",
    };
    Some(format!("{what}: {}", found(row, expected)?))
}

/// Returns the format of a file with this first row, and how it can be continued. `expected`: format of the table;
/// `None`: records are expected.
fn found(row: &[u8], expected: Option<RowFormat>) -> Option<String> {
    let beginning = BEGINNINGS.iter().find(|found| row.starts_with(found.0));
    if let Some((_, format, ending)) = beginning {
        return Some(format!(
            "the file is {format}, and its name does not end with {ending}"
        ));
    }
    let row = row.strip_prefix(b"\xef\xbb\xbf").unwrap_or(row);
    let row = row.trim_ascii();
    if let Some(table) = expected.filter(|_| row.starts_with(b"{\"v\"")) {
        return Some(format!(
            "the file holds JSON Lines, not {table} (they go on under a name like run.jsonl)"
        ));
    }
    let is_title = |format: &RowFormat| {
        let names = format.split(row).unwrap_or_default();
        Some(*format) != expected && names.len() > 1 && names.iter().any(|name| name == "key")
    };
    if let Some(format) = RowFormat::titled().find(is_title) {
        let expected = expected.map_or("JSON Lines", RowFormat::name);
        return Some(format!(
            "the file holds {format}, not {expected} (it goes on under a name like run.{format}, or with the format {format})"
        ));
    }
    (expected.is_none() && !row.starts_with(b"{")).then(|| {
        "the file holds text, and each line of results is a JSON object (results need a file of their own)".to_owned()
    })
}
