//! Files in place of results: the format that was found, and the name that a file of it has.

use crate::record::{Layout, RowFormat};

/// Beginnings of files, the formats that they tell, and the endings that their names have.
const BEGINNINGS: [(&[u8], &str, &str); 3] = [
    (b"SQLite format 3\0", "an SQLite database", ".db"),
    (b"\x1f\x8b", "compressed by gzip", ".gz"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", ".zst"),
];

/// Returns the reason why a file with this first row holds no results of this form. `None`: the row itself tells more.
pub(super) fn refusal(row: &[u8], layout: &Layout) -> Option<String> {
    let found = BEGINNINGS
        .iter()
        .find(|(beginning, ..)| row.starts_with(beginning));
    if let Some((_, format, ending)) = found {
        return Some(format!(
            "the file is {format}, and its name does not end with {ending}"
        ));
    }
    let expected = layout.titled().map(|(format, _)| format);
    let row = row
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(row)
        .trim_ascii_start();
    if row.starts_with(b"{\"v\"") && expected.is_some() {
        return Some(format!(
            "it is no title of columns: the file holds records, which are continued under a name like run.jsonl or with \
             the format jsonl ({} is expected)",
            expected.map_or("jsonl", RowFormat::name)
        ));
    }
    let title = |format: &RowFormat| {
        let names = format.split(row).unwrap_or_default();
        names.iter().any(|name| name == "key") && Some(*format) != expected
    };
    if let Some(format) = RowFormat::titled().find(title) {
        return Some(format!(
            "the file is a table, which is continued under a name like run.{format} or with the format {format} ({} is \
             expected)",
            expected.map_or("jsonl", RowFormat::name)
        ));
    }
    (expected.is_none() && !row.starts_with(b"{")).then(|| {
        "the file holds text that is no results of haul: each line is to be a JSON object (results need a file of their own)"
            .to_owned()
    })
}
