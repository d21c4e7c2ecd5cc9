//! Recognition of the format of an input, by its first bytes.

use super::lines::{is_kept, is_skipped};
use super::unread::{SIGNATURES, UnreadFormat};
use super::{InputFormat, InputOptions};

/// Number of bytes that are examined: enough for the header of a wide table.
pub(super) const LOOKED_AT: usize = 64 << 10;

/// Format of an input, with what its reader needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FoundFormat {
    pub(super) format: InputFormat,
    /// Delimiter of the cells of CSV.
    pub(super) delimiter: u8,
}

/// Recognises the format of an input by its first bytes: up to [`LOOKED_AT`], or all of a shorter input.
pub(super) fn format_of(first: &[u8], options: &InputOptions) -> Result<FoundFormat, UnreadFormat> {
    let signature = SIGNATURES
        .iter()
        .find(|(bytes, _)| first.starts_with(bytes));
    if let Some((_, unread)) = signature {
        return Err(unread.clone());
    }
    if let [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] = first {
        return Err(UnreadFormat::Compressed("bzip2", "bzip2 -dc"));
    }
    let (given, delimiter) = (options.format, options.delimiter.unwrap_or(b','));
    let found = |format| Ok(FoundFormat { format, delimiter });
    let mut lines = first
        .split(|b| *b == b'\n')
        .filter(|line| !is_skipped(line));
    let Some(line) = lines.next() else {
        return found(given.unwrap_or(InputFormat::Lines));
    };
    if line.contains(&0) {
        let is_list = std::str::from_utf8(line).is_ok_and(|text| text.contains("://"));
        return Err(match is_list {
            true => UnreadFormat::NulSeparated,
            false => UnreadFormat::Binary("a binary file"),
        });
    }
    let text = line.trim_ascii();
    // Entries of any format are written down as lines.
    if is_kept(text) {
        return found(match given {
            Some(lines) if !lines.has_entries_of_its_own() => lines,
            _ => InputFormat::Lines,
        });
    }
    match given {
        Some(InputFormat::Csv) if options.delimiter.is_none() => {
            return match foreign_delimiter(text, lines.next()) {
                Some(unread) => Err(unread),
                None => found(InputFormat::Csv),
            };
        }
        // Results of an earlier run may be a table too.
        Some(InputFormat::Results) => {
            let table = table_format(text, lines.next(), options)?;
            return match table.format {
                InputFormat::Csv | InputFormat::Tsv => Ok(table),
                _ => found(InputFormat::Results),
            };
        }
        Some(format) => return found(format),
        None => {}
    }
    match text.first() {
        Some(b'[') if is_array(&text[1..], lines.next()) => found(InputFormat::Json),
        Some(b'{') if text == b"{" && lines.next().is_none_or(is_member) => {
            found(InputFormat::Json)
        }
        Some(b'[' | b'{') => found(InputFormat::Lines),
        Some(b'<') => match markup(text, first) {
            None => found(InputFormat::Lines),
            Some(Ok(format)) => found(format),
            Some(Err(unread)) => Err(unread),
        },
        _ => table_format(text, lines.next(), options),
    }
}

/// True if more bytes may change the result of [`format_of`] for these.
pub(super) fn needs_more(first: &[u8]) -> bool {
    if first.len() >= LOOKED_AT {
        return false;
    }
    let whole = first
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    let (before, last) = first.split_at(whole);
    let mut lines = before
        .split(|b| *b == b'\n')
        .filter(|line| !is_skipped(line));
    let text = lines.next().map(<[u8]>::trim_ascii);
    let begins = |text: &[u8]| text.len() > 1 && text.starts_with(b"[");
    match text {
        // The root of an XML document decides.
        Some([b'<', b'?' | b'!', ..]) => root(first).is_none_or(|root| may_go_on(root, first)),
        // An opening bracket alone does not tell the format.
        Some(b"[" | b"{") => lines.next().is_none() && is_skipped(last),
        Some(text) if text.to_ascii_lowercase().starts_with(b"sep=") => lines.next().is_none(),
        Some(_) => false,
        // An array or an XML document may have no line end before its last byte.
        None => match last.trim_ascii_start() {
            [b'<', ..] => root(first).is_none_or(|root| root.is_empty() || may_go_on(root, first)),
            text => !begins(text),
        },
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

/// Recognises XML and HTML. `None`: the line is no markup.
fn markup(text: &[u8], first: &[u8]) -> Option<Result<InputFormat, UnreadFormat>> {
    let is_markup = text.starts_with(b"<?xml") || text.starts_with(b"<!") || tag(text).is_some();
    if !is_markup {
        return None;
    }
    let holds = |word: &[u8]| {
        first
            .windows(word.len())
            .any(|w| w.eq_ignore_ascii_case(word))
    };
    let root = root(first).unwrap_or_default();
    let local = root.rsplit(|b| *b == b':').next().unwrap_or_default();
    Some(match local {
        b"urlset" | b"sitemapindex" => Ok(InputFormat::Sitemap),
        b"rss" | b"feed" => Err(UnreadFormat::Feed),
        _ if holds(b"<html") || holds(b"<!doctype html") => Err(UnreadFormat::Html),
        _ => Err(UnreadFormat::Xml),
    })
}

/// Returns the name of the first element of a document. `None`: it has not come yet.
fn root(first: &[u8]) -> Option<&[u8]> {
    let mut rest = first;
    loop {
        let at = rest.iter().position(|b| *b == b'<')?;
        rest = &rest[at..];
        let end: &[u8] = match rest {
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            [b'<', b'?', ..] => b"?>",
            [b'<', b'!', ..] => b">",
            _ => return tag(rest).or(Some(b"")),
        };
        let at = rest.windows(end.len()).position(|w| w == end)?;
        rest = &rest[at + end.len()..];
    }
}

/// True if the name of the root reaches to the end of the bytes, so that more bytes may belong to it.
fn may_go_on(root: &[u8], first: &[u8]) -> bool {
    !root.is_empty() && root.as_ptr_range().end == first.as_ptr_range().end
}

/// Returns the name of the tag that the text begins with. `None`: it begins with no tag.
fn tag(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"<")?;
    let is_letter = |b: &u8| b.is_ascii_alphanumeric() || b"-_.:".contains(b);
    let length = rest.iter().take_while(|b| is_letter(b)).count();
    let (name, after) = rest.split_at(length);
    let is_whole = matches!(
        after.first(),
        None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'/')
    );
    let is_name = !name.is_empty() && !name.ends_with(b":");
    (is_name && is_whole).then_some(name)
}

/// Recognises a table by its header. Other lines are a list.
fn table_format(
    header: &[u8],
    next: Option<&[u8]>,
    options: &InputOptions,
) -> Result<FoundFormat, UnreadFormat> {
    let lines = FoundFormat {
        format: InputFormat::Lines,
        delimiter: b',',
    };
    let Ok(text) = std::str::from_utf8(header) else {
        return Ok(lines);
    };
    if text.contains("://") {
        return Ok(lines);
    }
    // Excel writes the delimiter in a line of its own.
    let (mut set, mut text) = (None, text);
    if text
        .get(..4)
        .is_some_and(|begin| begin.eq_ignore_ascii_case("sep="))
    {
        set = text[4..].chars().next();
        text = next
            .and_then(|next| std::str::from_utf8(next).ok())
            .unwrap_or_default();
    }
    let own = options.delimiter.map(char::from).or(set);
    let found = |separator: char| FoundFormat {
        format: if separator == '\t' {
            InputFormat::Tsv
        } else {
            InputFormat::Csv
        },
        delimiter: u8::try_from(separator).unwrap_or(b','),
    };
    if options.expects_table() {
        let other = if text.contains('\t') && !text.contains(',') {
            '\t'
        } else {
            ','
        };
        return match (own, foreign_delimiter(text.as_bytes(), None)) {
            (None, Some(unread)) if other == ',' => Err(unread),
            _ => Ok(found(own.unwrap_or(other))),
        };
    }
    for separator in [own, Some(','), Some('\t'), Some(';'), Some('|')]
        .into_iter()
        .flatten()
    {
        let names = names(text, separator);
        // The path of a URL may hold commas too.
        let is_path = names[0].contains(['/', '?']);
        let beside = names.len() > 1 && !is_path;
        let has = |name: &str| names.iter().any(|other| other.eq_ignore_ascii_case(name));
        let is_read = own == Some(separator) || matches!(separator, ',' | '\t');
        let alone = separator == ',' && !options.relative_urls && names.len() == 1;
        if has("url") && (beside || alone) {
            return match is_read {
                true => Ok(found(separator)),
                false => Err(UnreadFormat::Table {
                    separator,
                    column: None,
                }),
            };
        }
        let column = names.iter().find(|name| {
            ["uri", "link"]
                .iter()
                .any(|other| name.eq_ignore_ascii_case(other))
        });
        if let (Some(column), true, false) = (column, beside, options.relative_urls) {
            return Err(UnreadFormat::Table {
                separator,
                column: Some(column.clone()),
            });
        }
    }
    Ok(lines)
}

/// Refuses CSV whose header has other delimiters than commas. `next`: the line behind the first one.
fn foreign_delimiter(header: &[u8], next: Option<&[u8]>) -> Option<UnreadFormat> {
    let is_set = header.to_ascii_lowercase().starts_with(b"sep=") && next.is_some();
    let separator = [b';', b'|'].into_iter().find(|b| header.contains(b))?;
    (!is_set && !header.contains(&b',')).then(|| UnreadFormat::Table {
        separator: char::from(separator),
        column: None,
    })
}

/// Returns the names of the columns. Separators within quotes are a part of a name.
fn names(header: &str, separator: char) -> Vec<String> {
    let mut is_quoted = false;
    let splits = |c: char| {
        is_quoted ^= c == '"';
        c == separator && !is_quoted
    };
    let name = |name: &str| name.trim().trim_matches('"').trim().to_owned();
    header.split(splits).map(name).collect()
}

#[cfg(test)]
#[path = "recognize_tests.rs"]
mod tests;
