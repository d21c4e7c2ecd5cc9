//! Lists of checksums, as `sha256sum` writes them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::path::{Component, Path};

use percent_encoding::percent_decode_str;

use crate::request::parse_sha256;

/// List of files and their SHA-256, as `sha256sum` writes it (`SHA256SUMS`).
///
/// A line is the digest in 64 hexadecimal digits, a blank, a mark (a blank for text, `*` for binary: both mean the same)
/// and the name. A line that begins with a backslash has the escapes `\\`, `\n` and `\r` in its name. Lines of the form
/// `SHA256 (NAME) = DIGEST` are read too; blank lines and lines that begin with `#` are skipped.
///
/// ```
/// use haul::record::Checksums;
///
/// let list = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 *pool/a.tar\n";
/// assert_eq!(Checksums::parse(list)?.len(), 1);
/// # Ok::<(), haul::record::InvalidChecksums>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checksums(HashMap<String, [u8; 32]>);

/// Error of a list of checksums that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidChecksums {
    line: u64,
    reason: &'static str,
}

impl InvalidChecksums {
    /// Number of the line that cannot be read, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Mistake in the line, without its number.
    pub fn reason(&self) -> &str {
        self.reason
    }
}

impl fmt::Display for InvalidChecksums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for InvalidChecksums {}

impl Checksums {
    /// Reads a list. Names that are not UTF-8 have U+FFFD in place of the other bytes.
    ///
    /// # Errors
    /// When a line is no checksum of a file, or a name stands in the list with two different checksums.
    pub fn parse(list: impl AsRef<[u8]>) -> Result<Checksums, InvalidChecksums> {
        let text = String::from_utf8_lossy(list.as_ref());
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut sums = HashMap::new();
        for (line, number) in text.lines().zip(1..) {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |reason| InvalidChecksums {
                line: number,
                reason,
            };
            let (name, digest) = entry(line).ok_or(wrong(
                "it is no checksum (64 hexadecimal digits, two blanks and a name are expected, as sha256sum writes them)",
            ))?;
            match sums.entry(name) {
                Entry::Vacant(vacant) => drop(vacant.insert(digest)),
                Entry::Occupied(other) if *other.get() == digest => {}
                Entry::Occupied(_) => {
                    return Err(wrong("an earlier line has another checksum for this name"));
                }
            }
        }
        Ok(Checksums(sums))
    }

    /// Number of names in the list.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if the list has no names.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the checksum of a file, by its path in the directory of saved files, else by the last segment of its URL.
    /// `None`: the list has neither.
    pub(super) fn of(&self, path: &Path, url: &str) -> Option<[u8; 32]> {
        let parts = path
            .components()
            .filter(|part| *part != Component::CurDir)
            .map(|part| part.as_os_str().to_string_lossy());
        let path = parts.collect::<Vec<_>>().join("/");
        let found = self.0.get(&path).or_else(|| self.0.get(&last_segment(url)));
        found.copied()
    }
}

/// Returns the last segment of a URL's path, decoded.
fn last_segment(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = match path.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => path,
    };
    let last = path.rsplit('/').next().unwrap_or_default();
    percent_decode_str(last).decode_utf8_lossy().into_owned()
}

/// Reads a line. `None`: it is no checksum of a file.
fn entry(line: &str) -> Option<(String, [u8; 32])> {
    let (escaped, line) = match line.strip_prefix('\\') {
        Some(line) => (true, line),
        None => (false, line),
    };
    let (name, digest) = match line.strip_prefix("SHA256 (") {
        Some(rest) => rest.rsplit_once(") = ")?,
        None => {
            let (digest, rest) = line.split_at_checked(64)?;
            let rest = rest.strip_prefix(' ')?;
            (rest.strip_prefix([' ', '*'])?, digest)
        }
    };
    let name = match escaped {
        true => unescaped(name)?,
        false => name.to_owned(),
    };
    let name = name.strip_prefix("./").unwrap_or(&name);
    (!name.is_empty()).then_some(())?;
    Some((name.to_owned(), parse_sha256(digest.trim_end())?))
}

/// Resolves the escapes of `sha256sum`. `None`: there is another escape.
fn unescaped(name: &str) -> Option<String> {
    let (mut plain, mut characters) = (String::new(), name.chars());
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next()? {
                'n' => '\n',
                'r' => '\r',
                '\\' => '\\',
                _ => return None,
            },
            character => character,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";

    #[test]
    fn both_marks_escapes_and_tags_are_read() {
        let list = format!(
            "\u{feff}# a remark\r\n\n{A}  text\r\n{B} *sub/binary\n{A} *./dot\n\\{A}  a\\\\b\\nc\nSHA256 (d (1).tar) = {B}\n\
             {A}   blank \n{A}  text\n"
        );
        let sums = Checksums::parse(&list).unwrap();
        let of = |path: &str| {
            sums.of(path.as_ref(), "http://h/none")
                .map(|digest| digest[0])
        };
        for (path, first) in [
            ("text", 0xaa),
            ("sub/binary", 0xbb),
            ("./sub/binary", 0xbb),
            ("dot", 0xaa),
            ("a\\b\nc", 0xaa),
            ("d (1).tar", 0xbb),
            (" blank ", 0xaa),
        ] {
            assert_eq!(of(path), Some(first), "{path}");
        }
        assert_eq!((of("binary"), sums.len()), (None, 6));
    }

    #[test]
    fn the_urls_last_segment_names_a_file_that_has_another_path() {
        let sums = Checksums::parse(format!("{A}  a b.tar\n{B}  x/a b.tar\n")).unwrap();
        let of = |path: &str, url| sums.of(path.as_ref(), url).map(|digest| digest[0]);
        assert_eq!(of("a-2.tar", "http://h/y/a%20b.tar?z=/c"), Some(0xaa));
        assert_eq!(of("x/a b.tar", "http://h/y/a%20b.tar"), Some(0xbb));
        assert_eq!(of("c", "http://h"), None);
    }

    #[test]
    fn a_line_that_is_no_checksum_is_named() {
        for wrong in [
            "a.tar",
            A,
            &format!("{A}a.tar"),
            &format!("{A} a.tar"),
            &format!("{A}  "),
            &format!("{}  a.tar", &A[1..]),
            &format!("{}x  a.tar", &A[1..]),
            &format!("\\{A}  a\\tb"),
            "SHA256 (a) = 12",
            &"余".repeat(40),
        ] {
            let error = Checksums::parse(format!("{A}  good\n{wrong}\n")).unwrap_err();
            assert_eq!(error.line(), 2, "{wrong}");
        }
        let twice = Checksums::parse(format!("{A}  a\n{B}  a\n")).unwrap_err();
        assert_eq!(twice.line(), 2);
        assert!(twice.to_string().contains("another checksum"), "{twice}");
    }
}
