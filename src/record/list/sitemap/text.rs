//! Links of a sitemap in text form: one URL in each line (sitemaps.org).

use std::io::BufRead;

use super::super::bounded::class_of;
use super::super::lines::{LineRead, is_skipped, read_line};
use super::links::LinkRead;
use crate::record::InvalidLine;

/// True if the document is no XML: its first line has a URL.
pub(super) fn is_text(first: &[u8]) -> bool {
    let mut lines = first.split(|b| *b == b'\n');
    let line = lines.find(|line| !is_skipped(line)).unwrap_or_default();
    let text = line.trim_ascii();
    !text.starts_with(b"<") && text.windows(3).any(|three| three == b"://")
}

/// Reader of the lines.
pub(super) struct TextLinks {
    from: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    /// Number of the line that was read last.
    number: u64,
    ended: bool,
}

impl TextLinks {
    pub(super) fn new(from: Box<dyn BufRead + Send>) -> TextLinks {
        TextLinks {
            from,
            line: Vec::new(),
            number: 0,
            ended: false,
        }
    }

    /// Reads the next link. `None`: there is no further link.
    pub(super) fn next_link(&mut self) -> Option<LinkRead> {
        while !self.ended {
            self.number += 1;
            let link = match read_line(&mut *self.from, &mut self.line) {
                Ok(LineRead::End) => return None,
                Ok(LineRead::Whole) if is_skipped(&self.line) => continue,
                Ok(LineRead::Whole) => Ok(String::from_utf8_lossy(self.line.trim_ascii()).into()),
                Ok(LineRead::Wrong(wrong)) => Err(wrong),
                Err(error) => {
                    self.ended = true;
                    let wrong = InvalidLine::new(format!("the sitemap is broken: {error}"));
                    return Some(LinkRead {
                        fault: Some(class_of(&error)),
                        ..LinkRead::new(self.number, Err(wrong))
                    });
                }
            };
            return Some(LinkRead::new(self.number, link));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn each_line_is_a_link() {
        let text = "\n  http://h/1 \r\n# note\nhttp://h/2";
        assert!(is_text(text.as_bytes()));
        let mut links = TextLinks::new(Box::new(Cursor::new(text)));
        let read = std::iter::from_fn(|| links.next_link());
        let read: Vec<_> = read.map(|read| (read.line, read.link.unwrap())).collect();
        assert_eq!(
            read,
            [(2, "http://h/1".to_owned()), (4, "http://h/2".to_owned())]
        );
    }

    #[test]
    fn documents_and_other_texts_are_no_lines_of_links() {
        for text in [
            "<urlset xmlns='http://h/'>",
            "",
            "hello",
            "  <?xml?>\nhttp://h/",
        ] {
            assert!(!is_text(text.as_bytes()), "{text}");
        }
    }
}
