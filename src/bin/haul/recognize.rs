//! Recognition of formats that are no list of lines, by the first bytes of an input.

/// Number of bytes that are examined: enough for the header of a wide table.
pub(crate) const LOOKED_AT: usize = 64 << 10;

/// Format of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DetectedFormat {
    /// Lines with a URL or a JSON request each. Lines that are not UTF-8 are refused one by one.
    Lines,
    /// UTF-16 with a byte order mark.
    Utf16(Endian),
    /// A format that is not read.
    Other(UnreadFormat),
}

/// Order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endian {
    Little,
    Big,
}

/// A format that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UnreadFormat {
    /// Compressed by a tool with this name, and unpacked by this command.
    Compressed(&'static str, &'static str),
    /// A file that holds files, such as zip.
    Archive(&'static str),
    Sqlite,
    /// Text in this encoding, under the name that iconv knows.
    Encoded(&'static str),
    /// A table whose column of this number, from 1, holds the URLs.
    Table {
        separator: char,
        column: usize,
        quoted: bool,
    },
    /// Text whose lines end in NUL bytes.
    NulSeparated,
    Sitemap,
    Html,
    Xml,
    JsonArray,
    /// A JSON object over several lines.
    JsonObject,
    /// Bytes that are no text.
    Binary(&'static str),
}

/// First bytes of formats, with the format that each means.
const SIGNATURES: &[(&[u8], UnreadFormat)] = &[
    (b"\x1f\x8b", UnreadFormat::Compressed("gzip", "gzip -dc")),
    (
        b"\x1f\x9d",
        UnreadFormat::Compressed("compress", "gzip -dc"),
    ),
    (
        b"\x28\xb5\x2f\xfd",
        UnreadFormat::Compressed("zstd", "zstd -dc"),
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
    (b"SQLite format 3\0", UnreadFormat::Sqlite),
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

/// Recognises the format of an input by its first bytes: up to [`LOOKED_AT`], or all of a shorter input. `tables`: true
/// if a first line with a column of URLs makes the input a table.
pub(crate) fn format_of(first: &[u8], tables: bool) -> DetectedFormat {
    if let Some((_, other)) = SIGNATURES
        .iter()
        .find(|(bytes, _)| first.starts_with(bytes))
    {
        return DetectedFormat::Other(other.clone());
    }
    if first.starts_with(b"\xff\xfe") {
        return DetectedFormat::Utf16(Endian::Little);
    }
    if first.starts_with(b"\xfe\xff") {
        return DetectedFormat::Utf16(Endian::Big);
    }
    match other(first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first), tables) {
        Some(other) => DetectedFormat::Other(other),
        None => DetectedFormat::Lines,
    }
}

/// True if more bytes may change the result of [`format_of`] for these.
pub(crate) fn needs_more(first: &[u8]) -> bool {
    if first.len() >= LOOKED_AT {
        return false;
    }
    let whole = first.iter().rposition(|b| *b == b'\n').unwrap_or(0);
    let mut lines = first[..whole]
        .split(|b| *b == b'\n')
        .filter(|line| !is_skipped(line));
    // An opening bracket alone does not tell the format.
    match lines.next().map(<[u8]>::trim_ascii) {
        Some(b"[" | b"{") => lines.next().is_none(),
        line => line.is_none(),
    }
}

fn other(first: &[u8], tables: bool) -> Option<UnreadFormat> {
    if let [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] = first {
        return Some(UnreadFormat::Compressed("bzip2", "bzip2 -dc"));
    }
    if let Some(name) = utf16_without_mark(first) {
        return Some(UnreadFormat::Encoded(name));
    }
    let mut lines = first
        .split(|b| *b == b'\n')
        .filter(|line| !is_skipped(line));
    let line = lines.next()?;
    if line.contains(&0) {
        let is_list = std::str::from_utf8(line).is_ok_and(|text| text.contains("://"));
        return Some(match is_list {
            true => UnreadFormat::NulSeparated,
            false => UnreadFormat::Binary("a binary file"),
        });
    }
    let text = line.trim_ascii();
    match text.first()? {
        b'[' => is_array(&text[1..], lines.next()).then_some(UnreadFormat::JsonArray),
        b'{' if text == b"{" => is_member(lines.next()?).then_some(UnreadFormat::JsonObject),
        b'{' => None,
        b'<' => markup(text, first),
        _ if tables => {
            // Excel writes the separator in a line of its own.
            let header = match text.to_ascii_lowercase().starts_with(b"sep=") {
                true => lines.next()?,
                false => text,
            };
            table(std::str::from_utf8(header).ok()?)
        }
        _ => None,
    }
}

/// True for blank lines and comments.
fn is_skipped(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    text.is_empty() || text.starts_with(b"#")
}

/// Recognises UTF-16 without a byte order mark, and returns its name: the bytes can be read as such, hold no control
/// characters, and at least a third of the characters is ASCII, as in URLs.
fn utf16_without_mark(first: &[u8]) -> Option<&'static str> {
    let pairs = || first[..first.len().min(512)].chunks_exact(2);
    let is_text = |unit: fn([u8; 2]) -> u16| {
        let mut units: Vec<u16> = pairs().map(|pair| unit([pair[0], pair[1]])).collect();
        // The last unit may be half of a character.
        units.pop_if(|last| (0xd800..0xdc00).contains(last));
        let ascii = units.iter().filter(|unit| **unit < 0x80).count();
        let mut text = char::decode_utf16(units.iter().copied());
        let whole = text.all(|c| c.is_ok_and(|c| !c.is_control() || "\t\r\n".contains(c)));
        whole && units.len() > 1 && ascii * 3 >= units.len()
    };
    match (is_text(u16::from_le_bytes), is_text(u16::from_be_bytes)) {
        (true, _) => Some("UTF-16LE"),
        (_, true) => Some("UTF-16BE"),
        _ => None,
    }
}

/// True if the bytes can follow the opening bracket of an array of values.
fn is_array(rest: &[u8], next: Option<&[u8]>) -> bool {
    let rest = rest.trim_ascii();
    let begins = if rest.is_empty() {
        next.unwrap_or_default().trim_ascii()
    } else {
        rest
    };
    matches!(begins.first(), None | Some(b'{' | b'"' | b'[' | b']'))
}

/// True if the line begins with the key of an object.
fn is_member(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    let Some(rest) = text.strip_prefix(b"\"") else {
        return false;
    };
    let end = rest.iter().position(|b| *b == b'"');
    end.is_some_and(|end| rest[end + 1..].trim_ascii_start().starts_with(b":"))
}

fn markup(text: &[u8], first: &[u8]) -> Option<UnreadFormat> {
    let holds = |word: &[u8]| {
        first
            .windows(word.len())
            .any(|w| w.eq_ignore_ascii_case(word))
    };
    let name = text[1..]
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b));
    let name = name.count();
    let after = text.get(1 + name).copied();
    let is_tag = name > 0 && matches!(after, None | Some(b' ' | b'\t' | b'\r' | b'>'));
    if !(text.starts_with(b"<?xml") || text.starts_with(b"<!") || is_tag) {
        return None;
    }
    Some(if holds(b"<urlset") || holds(b"<sitemapindex") {
        UnreadFormat::Sitemap
    } else if holds(b"<html") || holds(b"<!doctype html") {
        UnreadFormat::Html
    } else {
        UnreadFormat::Xml
    })
}

/// Recognises the header of a table that has a column of URLs. `None`: the line is no such header.
fn table(header: &str) -> Option<UnreadFormat> {
    if header.contains("://") {
        return None;
    }
    [',', ';', '\t'].into_iter().find_map(|separator| {
        let fields = fields(header, separator);
        let name = |field: &&str| field.trim_matches('"').trim().to_ascii_lowercase();
        let names: Vec<String> = fields.iter().map(name).collect();
        let is_url = |name: &String| ["url", "uri", "link"].contains(&name.as_str());
        let column = names.iter().position(is_url)?;
        // The path of a URL may hold commas too.
        let plain = fields.len() > 1 && !fields[0].contains(['/', '?']);
        plain.then(|| UnreadFormat::Table {
            separator,
            column: column + 1,
            quoted: header.contains('"'),
        })
    })
}

/// Splits a line into its fields. Separators within quotes are a part of their field.
fn fields(line: &str, separator: char) -> Vec<&str> {
    let mut is_quoted = false;
    let splits = |c: char| {
        is_quoted ^= c == '"';
        c == separator && !is_quoted
    };
    line.split(splits).map(str::trim).collect()
}

impl UnreadFormat {
    /// Returns the message with the format of the input and a command that converts it. `file`: name of the input as a
    /// shell takes it; `None`: standard input.
    pub(crate) fn advice(&self, file: Option<&str>) -> String {
        // Joins the commands of a shell, the first of which reads the input.
        let piped = |first: &str, rest: &str| match file {
            Some(file) => format!("{first} {file}{rest} | haul"),
            None => format!("... | {first}{rest} | haul"),
        };
        let lines = "one URL or JSON request per line";
        match self {
            UnreadFormat::Compressed(name, command) => {
                format!("it is compressed with {name} ({})", piped(command, ""))
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
                piped(&format!("iconv -f {name} -t UTF-8"), "")
            ),
            UnreadFormat::NulSeparated => format!(
                "its lines end in NUL bytes ({})",
                match file {
                    Some(file) => format!("tr '\\0' '\\n' < {file} | haul"),
                    None => piped("tr '\\0' '\\n'", ""),
                }
            ),
            UnreadFormat::Table {
                separator,
                column,
                quoted,
            } => {
                let (name, option) = match separator {
                    '\t' => ("tab-separated values", ""),
                    ';' => ("CSV with semicolons", "-d ';' "),
                    _ => ("CSV", "-d , "),
                };
                let unquoted = if *quoted { " | tr -d '\"'" } else { "" };
                let rest = format!(" | cut {option}-f {column}{unquoted}");
                format!(
                    "it is {name}, with URLs in column {column} ({}; --input-format urls takes each line for a URL)",
                    piped("tail -n +2", &rest)
                )
            }
            UnreadFormat::Sitemap => format!(
                "it is XML, a sitemap ({})",
                piped("grep -o '<loc>[^<]*'", " | sed 's/<loc>//; s/&amp;/\\&/g'")
            ),
            UnreadFormat::Html => format!("it is an HTML page ({lines} is expected)"),
            UnreadFormat::Xml => format!("it is XML ({lines} is expected)"),
            UnreadFormat::JsonArray => format!("it is a JSON array ({})", piped("jq -c '.[]'", "")),
            UnreadFormat::JsonObject => {
                format!(
                    "it is JSON with objects over several lines ({})",
                    piped("jq -c .", "")
                )
            }
            UnreadFormat::Binary(name) => format!("it is {name}, no text ({lines} is expected)"),
        }
    }
}

#[cfg(test)]
#[path = "recognize/tests.rs"]
mod tests;
