//! Encoding that an XML document declares.

use std::io::BufRead;

use super::super::{InputFormat, InvalidInput};

/// Returns the document in UTF-8. `first`: first bytes of the document, with the declaration if there is one.
pub(super) fn in_utf8(
    from: Box<dyn BufRead + Send>,
    first: &[u8],
) -> Result<Box<dyn BufRead + Send>, InvalidInput> {
    match declared(first) {
        // UTF-16 was decoded before.
        Some(name) if !is_unicode(&name) => decoded(from, &name),
        _ => Ok(from),
    }
}

/// Returns the name of the encoding. `None`: none is declared, and UTF-8 holds.
fn declared(first: &[u8]) -> Option<String> {
    let rest = first.strip_prefix(b"<?xml")?;
    let end = rest.windows(2).position(|pair| pair == b"?>")?;
    let declaration = String::from_utf8_lossy(&rest[..end]);
    let (_, rest) = declaration.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|c| "'\"".contains(*c))?;
    let name = rest[1..].split(quote).next()?;
    Some(name.trim().to_owned())
}

fn is_unicode(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.is_empty() || name == "utf8" || name.starts_with("utf-") || name == "us-ascii"
}

fn unknown(name: &str) -> InvalidInput {
    let name: String = name.chars().take(40).collect();
    let reason = format!("its encoding {name:?} is not known (UTF-8 is expected)");
    InvalidInput::at(InputFormat::Sitemap, 1, 1, reason)
}

#[cfg(not(feature = "charset"))]
fn decoded(
    _: Box<dyn BufRead + Send>,
    name: &str,
) -> Result<Box<dyn BufRead + Send>, InvalidInput> {
    Err(unknown(name))
}

#[cfg(feature = "charset")]
fn decoded(
    from: Box<dyn BufRead + Send>,
    name: &str,
) -> Result<Box<dyn BufRead + Send>, InvalidInput> {
    use std::io::BufReader;

    let encoding = encoding_rs::Encoding::for_label(name.as_bytes());
    let encoding = encoding.ok_or_else(|| unknown(name))?;
    Ok(Box::new(BufReader::new(by_decoder::DecodedText {
        from,
        decoder: encoding.new_decoder(),
        made: Vec::new(),
        given: 0,
        ended: false,
    })))
}

#[cfg(feature = "charset")]
mod by_decoder {
    use std::io::{self, BufRead, Read};

    use encoding_rs::Decoder;

    /// Number of bytes that are decoded at once.
    const STEP: usize = 8 << 10;

    /// Text of another encoding, as UTF-8. Bytes that the encoding does not know become U+FFFD.
    pub(super) struct DecodedText {
        pub(super) from: Box<dyn BufRead + Send>,
        pub(super) decoder: Decoder,
        pub(super) made: Vec<u8>,
        /// Number of bytes of `made` that were given.
        pub(super) given: usize,
        pub(super) ended: bool,
    }

    impl Read for DecodedText {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            while self.given == self.made.len() && !self.ended {
                self.decode()?;
            }
            let n = (&self.made[self.given..]).read(into)?;
            self.given += n;
            Ok(n)
        }
    }

    impl DecodedText {
        fn decode(&mut self) -> io::Result<()> {
            let waiting = self.from.fill_buf()?;
            self.ended = waiting.is_empty();
            let piece = &waiting[..waiting.len().min(STEP)];
            let most = self.decoder.max_utf8_buffer_length(piece.len());
            self.made.resize(most.unwrap_or(STEP * 4), 0);
            let (_, used, written, _) =
                self.decoder
                    .decode_to_utf8(piece, &mut self.made, self.ended);
            self.made.truncate(written);
            self.given = 0;
            self.from.consume(used);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;

    #[test]
    fn the_declared_encoding_is_found() {
        for (first, name) in [
            ("<?xml version='1.0' encoding='GBK'?>", Some("GBK")),
            (
                "<?xml version=\"1.0\" encoding = \"latin1\" ?>",
                Some("latin1"),
            ),
            ("<?xml version='1.0'?><a encoding='GBK'>", None),
            ("<urlset>", None),
            ("<?xml encoding=", None),
        ] {
            assert_eq!(declared(first.as_bytes()).as_deref(), name, "{first}");
        }
    }

    #[cfg(feature = "charset")]
    #[test]
    fn a_document_of_another_encoding_is_decoded() {
        let text = b"<?xml version='1.0' encoding='GBK'?><a>\xd3\xe0\xb6\xee</a>";
        let from = Box::new(Cursor::new(text.to_vec()));
        let mut read = String::new();
        in_utf8(from, text)
            .unwrap()
            .read_to_string(&mut read)
            .unwrap();
        assert!(read.ends_with("<a>余额</a>"), "{read}");
    }

    #[test]
    fn an_encoding_that_is_not_known_is_refused() {
        let text = b"<?xml encoding='rot13'?>";
        let refused = in_utf8(Box::new(Cursor::new(text)), text).err().unwrap();
        assert!(refused.to_string().contains("\"rot13\" is not known"));
    }
}
