//! Formats that are not read, and the commands that convert them.

use crate::record::SQLITE;

/// A format that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UnreadFormat {
    /// Compressed by a tool with this name, and unpacked by this command.
    Compressed(&'static str, &'static str),
    /// A file that holds files, such as zip.
    Archive(&'static str),
    Sqlite,
    /// Text in this encoding, under the name that iconv knows.
    Encoded(&'static str),
    /// A table that is read with an option.
    Table {
        /// Delimiter of the cells.
        separator: char,
        /// Name of the column with the URLs, if it is not `url`.
        column: Option<String>,
    },
    /// Text whose lines end in NUL bytes.
    NulSeparated,
    /// RSS or Atom.
    Feed,
    Html,
    Xml,
    /// Bytes that are no text.
    Binary(&'static str),
}

/// First bytes of formats, with the format that each means.
pub(super) const SIGNATURES: &[(&[u8], UnreadFormat)] = &[
    (
        b"\x1f\x9d",
        UnreadFormat::Compressed("compress", "gzip -dc"),
    ),
    (b"\xfd7zXZ\0", UnreadFormat::Compressed("xz", "xz -dc")),
    (
        b"\x04\x22\x4d\x18",
        UnreadFormat::Compressed("lz4", "lz4 -dc"),
    ),
    (b"LZIP\x01", UnreadFormat::Compressed("lzip", "lzip -dc")),
    (
        b"PK\x03\x04",
        UnreadFormat::Archive("zip (which .xlsx and .ods files are too)"),
    ),
    (
        b"PK\x05\x06",
        UnreadFormat::Archive("zip (which .xlsx and .ods files are too)"),
    ),
    (b"7z\xbc\xaf\x27\x1c", UnreadFormat::Archive("7z")),
    (b"Rar!\x1a\x07", UnreadFormat::Archive("rar")),
    (SQLITE, UnreadFormat::Sqlite),
    (b"\xff\xfe\0\0", UnreadFormat::Encoded("UTF-32LE")),
    (b"\0\0\xfe\xff", UnreadFormat::Encoded("UTF-32BE")),
    (b"%PDF-", UnreadFormat::Binary("a PDF document")),
    (b"\x89PNG\r\n\x1a\n", UnreadFormat::Binary("a PNG image")),
    (b"\xff\xd8\xff", UnreadFormat::Binary("a JPEG image")),
    (b"PAR1", UnreadFormat::Binary("a Parquet file")),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        UnreadFormat::Binary("an old Office document"),
    ),
];

impl UnreadFormat {
    /// Returns the message with the format of the input and a command that converts it. `file`: name of the input as a
    /// shell takes it; `None`: standard input.
    pub(super) fn advice(&self, file: Option<&str>) -> String {
        // Joins a command that reads the input to haul.
        let piped = |first: &str| match file {
            Some(file) => format!("{first} {file} | haul"),
            None => format!("... | {first} | haul"),
        };
        let lines = "one URL or JSON request per line";
        match self {
            UnreadFormat::Compressed(name, command) => {
                format!("it is compressed with {name} ({})", piped(command))
            }
            UnreadFormat::Archive(name) => {
                format!("it is an archive, {name} (unpack it, and give the list in it: {lines})")
            }
            UnreadFormat::Sqlite => match file {
                Some(file) => {
                    format!(
                        "it is an SQLite database (sqlite3 {file} 'select url from TABLE' | haul)"
                    )
                }
                None => {
                    "it is an SQLite database (a failure log is read if it is named: haul FILE; \
                         others: sqlite3 FILE 'select url from TABLE' | haul)"
                        .to_owned()
                }
            },
            UnreadFormat::Encoded(name) => format!(
                "it is text in {name}, not UTF-8 ({})",
                piped(&format!("iconv -f {name} -t UTF-8"))
            ),
            UnreadFormat::NulSeparated => format!(
                "its lines end in NUL bytes ({})",
                match file {
                    Some(file) => format!("tr '\\0' '\\n' < {file} | haul"),
                    None => piped("tr '\\0' '\\n'"),
                }
            ),
            UnreadFormat::Table { separator, column } => {
                let name = match separator {
                    '\t' => "tab-separated values".to_owned(),
                    ',' => "CSV".to_owned(),
                    other => format!("a table with {other:?} between its cells"),
                };
                let delimiter = match separator {
                    '\t' | ',' => String::new(),
                    other => format!(" --csv-delimiter '{other}'"),
                };
                let column = column
                    .as_ref()
                    .map_or(String::new(), |column| format!(" --url-column '{column}'"));
                format!(
                    "it is {name} (it is read with{delimiter}{column}; --input-format urls takes each line for a URL)"
                )
            }
            UnreadFormat::Feed => format!(
                "it is a feed, RSS or Atom, whose links are not read (a sitemap, or {lines}, is expected)"
            ),
            UnreadFormat::Html => format!("it is an HTML page ({lines} is expected)"),
            UnreadFormat::Xml => format!("it is XML ({lines} is expected)"),
            UnreadFormat::Binary(name) => format!("it is {name}, no text ({lines} is expected)"),
        }
    }
}
