//! Compression that a file has, against the one that its name promises.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::Packing;
use crate::record::{GZIP, ZSTD};

/// First bytes of compressed files, with the name of the compression and the ending of such files.
const FOUND: [(&[u8], &str, &str); 2] = [(GZIP, "gzip", "gz"), (ZSTD, "zstd", "zst")];

impl Packing {
    /// Refuses a file whose content is not compressed as its name promises: lines that are added would be lost in it.
    ///
    /// # Errors
    /// When the content is of another kind: the error names both.
    pub(in crate::sink) fn check_content(self, mut file: &File) -> io::Result<()> {
        let mut first = Vec::new();
        file.seek(SeekFrom::Start(0))?;
        file.take(4).read_to_end(&mut first)?;
        match self.other_content(&first) {
            Some(reason) => Err(io::Error::new(io::ErrorKind::InvalidData, reason)),
            None => Ok(()),
        }
    }

    /// Returns the reason why content that begins so is not as the name promises. `None`: it may be.
    fn other_content(self, first: &[u8]) -> Option<String> {
        let promised = self.coder().map(|coder| coder.ending);
        let promise = match promised {
            Some(ending) => format!("its name promises .{ending}"),
            None => "its name promises no compression".to_owned(),
        };
        let found = FOUND.iter().find(|(magic, ..)| first.starts_with(magic));
        if let Some((_, name, ending)) = found {
            let expected = format!("a name that ends in .{ending} is expected");
            let compressed = format!("it is compressed with {name}, and {promise} ({expected})");
            return match promised {
                None => Some(compressed),
                Some(same) if same == *ending => None,
                // Damage of the first bytes looks the same.
                Some(_) => Some(format!(
                    "its data are damaged behind byte 0, or {compressed}"
                )),
            };
        }
        // Bytes that are no text may be what a crash of the machine has left.
        let is_text = matches!(first.first(), Some(b' '..=b'~' | b'\n'));
        let is_plain = promised.is_some() && is_text && !is_cut_magic(first);
        is_plain.then(|| {
            format!("it is not compressed, and {promise} (compress it, or give it a name without this ending)")
        })
    }
}

/// True for the beginning of the bytes that compressed files begin with, also if zeros stand behind it.
fn is_cut_magic(first: &[u8]) -> bool {
    let zeros = first.iter().rev().take_while(|byte| **byte == 0).count();
    let begin = &first[..first.len() - zeros];
    FOUND.iter().any(|(magic, ..)| magic.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn other_content_than_the_name_promises_is_named() {
        for (name, first, reason) in [
            (
                "a.jsonl",
                &b"\x1f\x8b\x08"[..],
                Some("it is compressed with gzip, and its name promises no"),
            ),
            (
                "a.jsonl",
                b"\x28\xb5\x2f\xfd",
                Some("it is compressed with zstd, and its name promises no"),
            ),
            ("a.jsonl", b"{\"v\"", None),
            ("a.jsonl", b"", None),
        ] {
            let packing = Packing::by_ending(Path::new(name)).unwrap();
            let found = packing.other_content(first);
            match reason {
                Some(reason) => assert!(found.unwrap().starts_with(reason), "{name}"),
                None => assert_eq!(found, None, "{name}"),
            }
        }
    }

    #[cfg(all(feature = "gzip", feature = "zstd"))]
    #[test]
    fn plain_content_under_the_name_of_a_compressed_file_is_named() {
        let other = |name: &str, first: &[u8]| {
            Packing::by_ending(Path::new(name))
                .unwrap()
                .other_content(first)
        };
        let reason = other("a.jsonl.gz", b"{\"v\"").unwrap();
        assert!(
            reason.starts_with("it is not compressed, and its name promises .gz"),
            "{reason}"
        );
        let reason = other("a.jsonl.gz", b"\x28\xb5\x2f\xfd").unwrap();
        assert!(
            reason.contains("it is compressed with zstd, and its name promises .gz"),
            "{reason}"
        );
        for first in [&b"\x1f\x8b"[..], b"\x1f", b"", b"\0\0\0\0"] {
            assert_eq!(other("a.jsonl.gz", first), None);
        }
        // The first byte of zstd is a bracket.
        for first in [&b"("[..], b"(\0\0\0"] {
            assert_eq!(other("a.jsonl.zst", first), None);
        }
    }
}
