//! Recognition of compressions and encodings by the first bytes.

use std::fmt;

use crate::record::{GZIP, ZSTD};

/// Number of bytes after which the encoding is known.
const ENOUGH: usize = 512;

/// Compression of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Zstd,
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Coding::Gzip => "gzip",
            Coding::Zstd => "zstd",
        })
    }
}

/// Order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endian {
    Little,
    Big,
}

/// Content of a file, before its format is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RawContent {
    Coded(Coding),
    /// `marked`: true if a byte order mark comes first.
    Utf16 {
        endian: Endian,
        marked: bool,
    },
    /// Text in UTF-8, and all other content.
    Utf8 {
        marked: bool,
    },
}

impl RawContent {
    /// Recognises the content. `None`: further bytes decide. `is_all`: true if there are no further bytes.
    pub(super) fn of(first: &[u8], is_all: bool) -> Option<RawContent> {
        let marks: [(&[u8], Option<RawContent>); 6] = [
            (GZIP, Some(RawContent::Coded(Coding::Gzip))),
            (ZSTD, Some(RawContent::Coded(Coding::Zstd))),
            // UTF-32, which begins as UTF-16 does, is not read.
            (b"\xff\xfe\0\0", Some(RawContent::Utf8 { marked: false })),
            (b"\xff\xfe", Some(marked_utf16(Endian::Little))),
            (b"\xfe\xff", Some(marked_utf16(Endian::Big))),
            (b"\xef\xbb\xbf", Some(RawContent::Utf8 { marked: true })),
        ];
        for (mark, content) in marks {
            if first.starts_with(mark) {
                return content;
            }
            if !is_all && mark.starts_with(first) {
                return None;
            }
        }
        if is_skippable(first) {
            return Some(RawContent::Coded(Coding::Zstd));
        }
        // Text is known at the end of its first line, so that a slow pipe is not waited for longer.
        let is_enough = is_all || first.len() >= ENOUGH || has_line(first);
        // Markup and JSON may have no line end. In UTF-16 a zero stands beside their first character.
        if let [b'<' | b'[' | b'{', 1..=0x7f, ..] = first {
            return Some(RawContent::Utf8 { marked: false });
        }
        is_enough.then(|| match unmarked_utf16(first) {
            Some(endian) => RawContent::Utf16 {
                endian,
                marked: false,
            },
            None => RawContent::Utf8 { marked: false },
        })
    }

    /// Returns the length of the byte order mark, in bytes.
    pub(super) fn mark_length(self) -> u64 {
        match self {
            RawContent::Utf16 { marked: true, .. } => 2,
            RawContent::Utf8 { marked: true } => 3,
            RawContent::Coded(_) | RawContent::Utf16 { .. } | RawContent::Utf8 { .. } => 0,
        }
    }
}

/// True if the bytes hold a whole line with text, also if they are UTF-16.
fn has_line(first: &[u8]) -> bool {
    let is_text = |b: &u8| !b.is_ascii_whitespace() && *b != 0;
    let begin = first.iter().position(is_text).unwrap_or(first.len());
    let end = memchr::memchr(b'\n', &first[begin..]);
    end.is_some_and(|end| !first.contains(&0) || begin + end + 1 < first.len())
}

fn marked_utf16(endian: Endian) -> RawContent {
    RawContent::Utf16 {
        endian,
        marked: true,
    }
}

/// True for a frame of zstd that holds no content, which may be the first one (RFC 8878 section 3.1.2).
fn is_skippable(first: &[u8]) -> bool {
    matches!(first, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// Recognises UTF-16 without a byte order mark: the bytes can be read as such, hold no control characters, and at least
/// a third of the characters is ASCII, as in URLs.
fn unmarked_utf16(first: &[u8]) -> Option<Endian> {
    let pairs = || first[..first.len().min(ENOUGH)].chunks_exact(2);
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
        (true, _) => Some(Endian::Little),
        (_, true) => Some(Endian::Big),
        _ => None,
    }
}
