//! Formats of rows: text of values, and the signs that separate them.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde_json::value::RawValue;

use crate::record::tsv::{escaped, unescaped};

/// Format of rows.
///
/// A value that is missing is an empty field (in [`Jsonl`](RowFormat::Jsonl): `null`). Text stands as it is, other JSON
/// as it was written: digits are kept.
///
/// Spreadsheets take a field that begins with `=`, `+`, `-` or `@` for a formula, also one that a server chose. Values
/// are written as they are, since a prefix would change them for all other readers: import such a file with all columns
/// as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowFormat {
    /// Comma-separated values (RFC 4180) under a title, with a line feed behind each row. Feature `csv`.
    ///
    /// A field is quoted if it holds a comma, a quote, or a line end, which it keeps.
    #[cfg(feature = "csv")]
    Csv,
    /// Tab-separated values under a title. Tab, line feed and backslash in a value are `\t`, `\n` and `\\`.
    Tsv,
    /// Objects of JSON, one a line, with the names as keys.
    Jsonl,
    /// Values with tabs between them, as they are, without a title.
    Text,
}

const ALL: &[RowFormat] = &[
    #[cfg(feature = "csv")]
    RowFormat::Csv,
    RowFormat::Tsv,
    RowFormat::Jsonl,
    RowFormat::Text,
];

impl RowFormat {
    /// Format that the ending of a file's name promises.
    ///
    /// `.csv` and `.tsv`, also before the `.gz` or `.zst` of a compressed file. `None`: the name promises no rows.
    pub fn by_ending(path: impl AsRef<Path>) -> Option<RowFormat> {
        let (front, end) = split_ending(path.as_ref())?;
        let is_packed = ["gz", "zst"]
            .iter()
            .any(|packed| end.eq_ignore_ascii_case(packed));
        let end = match is_packed {
            true => split_ending(Path::new(front))?.1,
            false => end,
        };
        let promises =
            |format: &RowFormat| format.has_title() && end.eq_ignore_ascii_case(format.name());
        ALL.iter().copied().find(promises)
    }

    /// Name of the format: `csv`, `tsv`, `jsonl` or `text`.
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "csv")]
            RowFormat::Csv => "csv",
            RowFormat::Tsv => "tsv",
            RowFormat::Jsonl => "jsonl",
            RowFormat::Text => "text",
        }
    }

    /// Formats that have a title.
    pub(crate) fn titled() -> impl Iterator<Item = RowFormat> {
        ALL.iter().copied().filter(|format| format.has_title())
    }

    /// True if the first row has the names of the columns.
    pub(crate) fn has_title(self) -> bool {
        !matches!(self, RowFormat::Jsonl | RowFormat::Text)
    }

    /// True if a line feed may stand within a row, between quotes.
    pub(crate) fn has_quotes(self) -> bool {
        self.name() == "csv"
    }

    /// Adds a row of texts, with its line feed.
    pub(super) fn write(self, row: &[Cow<'_, str>], lines: &mut Vec<u8>) {
        match self {
            #[cfg(feature = "csv")]
            RowFormat::Csv => write_csv(row, lines),
            RowFormat::Tsv => write_with_tabs(row, lines, |text| escaped(text)),
            RowFormat::Jsonl | RowFormat::Text => write_with_tabs(row, lines, |text| text.into()),
        }
    }

    /// Splits a row into its texts. `None`: it is no row of this format.
    pub(crate) fn split(self, row: &[u8]) -> Option<Vec<Cow<'_, str>>> {
        let row = std::str::from_utf8(row).ok()?;
        let row = row.strip_suffix('\n').unwrap_or(row);
        let row = row.strip_suffix('\r').unwrap_or(row);
        match self {
            #[cfg(feature = "csv")]
            RowFormat::Csv => split_csv(row),
            _ => Some(row.split('\t').map(unescaped).collect()),
        }
    }
}

/// Splits the name of a file at its last dot, also a name like `.csv`. `None`: it has no dot.
pub(crate) fn split_ending(path: &Path) -> Option<(&str, &str)> {
    path.file_name()?.to_str()?.rsplit_once('.')
}

/// Text of a value of JSON: text without its quotes, nothing for `null`, and other JSON as it is written.
pub(super) fn text_of(json: &str) -> Cow<'_, str> {
    match json.as_bytes().first() {
        // A text with half a surrogate pair has no characters to show for it.
        Some(b'"') => serde_json::from_str::<String>(json).map_or(json.into(), Cow::Owned),
        Some(b'n') | None => "".into(),
        _ => json.into(),
    }
}

#[cfg(feature = "csv")]
fn write_csv(row: &[Cow<'_, str>], lines: &mut Vec<u8>) {
    let mut writer = csv_core::Writer::new();
    let mut put =
        |most: usize, write: &mut dyn FnMut(&mut csv_core::Writer, &mut [u8]) -> usize| {
            let start = lines.len();
            lines.resize(start + most, 0);
            let written = write(&mut writer, &mut lines[start..]);
            lines.truncate(start + written);
        };
    for (at, text) in row.iter().enumerate() {
        if at > 0 {
            put(2, &mut |writer, to| writer.delimiter(to).1);
        }
        // Each byte may be a quote, which is doubled, and quotes stand around the field and its delimiter.
        let most = 2 * text.len() + 2;
        put(most, &mut |writer, to| writer.field(text.as_bytes(), to).2);
    }
    put(4, &mut |writer, to| writer.terminator(to).1);
}

fn write_with_tabs<'r>(
    row: &'r [Cow<'_, str>],
    lines: &mut Vec<u8>,
    shown: impl Fn(&'r str) -> Cow<'r, str>,
) {
    for (at, text) in row.iter().enumerate() {
        if at > 0 {
            lines.push(b'\t');
        }
        lines.extend_from_slice(shown(text).as_bytes());
    }
    lines.push(b'\n');
}

/// Splits a row at the commas outside of quotes. `None`: a quote is not closed, so the row was cut off, which the reader
/// of `csv-core` does not tell.
#[cfg(feature = "csv")]
fn split_csv(row: &str) -> Option<Vec<Cow<'_, str>>> {
    let (mut fields, mut rest) = (Vec::new(), row);
    loop {
        let Some(quoted) = rest.strip_prefix('"') else {
            let (field, behind) = match rest.split_once(',') {
                Some((field, behind)) => (field, Some(behind)),
                None => (rest, None),
            };
            fields.push(field.into());
            match behind {
                Some(behind) => rest = behind,
                None => return Some(fields),
            }
            continue;
        };
        // A quote in a quoted field is doubled.
        let mut end = 0;
        loop {
            end += quoted[end..].find('"')?;
            match quoted[end + 1..].starts_with('"') {
                true => end += 2,
                false => break,
            }
        }
        let field = &quoted[..end];
        fields.push(match field.contains('"') {
            true => field.replace("\"\"", "\"").into(),
            false => field.into(),
        });
        match &quoted[end + 1..] {
            "" => return Some(fields),
            behind => rest = behind.strip_prefix(',')?,
        }
    }
}

/// Adds an object with these keys and values, with its line feed.
pub(super) fn write_object<'n>(
    values: impl Iterator<Item = (&'n str, Option<&'n RawValue>)>,
    lines: &mut Vec<u8>,
) {
    lines.push(b'{');
    for (at, (name, value)) in values.enumerate() {
        if at > 0 {
            lines.push(b',');
        }
        let name = serde_json::Value::from(name).to_string();
        lines.extend_from_slice(name.as_bytes());
        lines.push(b':');
        lines.extend_from_slice(value.map_or("null", RawValue::get).as_bytes());
    }
    lines.extend_from_slice(b"}\n");
}

impl fmt::Display for RowFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for RowFormat {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<RowFormat, &'static str> {
        let found = ALL.iter().copied().find(|format| format.name() == name);
        found.ok_or("csv, tsv, jsonl or text is expected")
    }
}
