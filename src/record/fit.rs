//! Lines of a failure log cut to the longest length that is read back.

use std::borrow::Cow;

use super::request::Written;
use super::write::WriteValue;
use super::{LONGEST_LINE, Record, body};
use crate::redact;
use crate::request::Request;

/// Number of bytes that a request leaves for the rest of its line.
const REST: usize = 64 << 10;

/// Number of bytes that are kept of each text in a line that would be too long although all bodies are cut.
const TEXT: usize = 16 << 10;

/// Part that is cut from a line that is too long.
enum CutPart {
    BodyOfRequest { only_if_it_fills_the_line: bool },
    Response,
    Tag,
    Everything,
}

const STEPS: [CutPart; 5] = [
    CutPart::BodyOfRequest {
        only_if_it_fills_the_line: true,
    },
    CutPart::Response,
    // The request holds the tag too.
    CutPart::Tag,
    CutPart::BodyOfRequest {
        only_if_it_fills_the_line: false,
    },
    CutPart::Everything,
];

impl Record<'_> {
    /// Adds the failure log's line for this request to `lines`, with its line feed, and no longer than
    /// [`LONGEST_LINE`]. `secrets`: true if secrets are kept in the request.
    pub(crate) fn write_fitting(self, request: &Request, secrets: bool, lines: &mut Vec<u8>) {
        self.write_within(LONGEST_LINE, request, secrets, lines);
    }

    fn write_within(
        mut self,
        longest: usize,
        request: &Request,
        secrets: bool,
        lines: &mut Vec<u8>,
    ) {
        let start = lines.len();
        let mut steps = STEPS.iter();
        loop {
            self.write_to(lines);
            let length = lines.len() - start - 1;
            let next = (length > longest).then(|| steps.next()).flatten();
            let Some(step) = next else { return };
            lines.truncate(start);
            self.shorten(step, length - longest, longest, (request, secrets));
        }
    }

    fn shorten(
        &mut self,
        step: &CutPart,
        over: usize,
        longest: usize,
        (request, secrets): (&Request, bool),
    ) {
        match step {
            CutPart::BodyOfRequest {
                only_if_it_fills_the_line,
            } => {
                let length = self.request.as_ref().map_or(0, |r| r.as_json().len());
                if length.saturating_add(REST) > longest || !only_if_it_fills_the_line {
                    self.request = Some(Written::without_body(request, secrets));
                }
            }
            CutPart::Response => self.shorten_response(over),
            CutPart::Tag => self.tag = None,
            CutPart::Everything => {
                self.shorten_response(usize::MAX);
                self.headers = None;
                self.rejection = None;
                self.cut_texts(TEXT);
                let url = redact::beginning(&self.url, TEXT).to_owned();
                self.request = Some(Written::too_large(&url));
            }
        }
    }

    /// Cuts `over` bytes from the text of the response. Each takes at least one byte of the line.
    fn shorten_response(&mut self, over: usize) {
        if self.response_text.is_none() && self.body.is_none() {
            return;
        }
        // Readers of the failure log use the text; only readers of the results need the bytes of the body.
        (self.body, self.body_encoding) = (None, None);
        self.body_truncated = Some(true);
        let text = self.response_text.take();
        self.response_text = text.map(|text: Cow<'_, str>| {
            let kept = text.len().saturating_sub(over);
            body::cut(text, kept).0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::sample::{self, response};
    use crate::record::RecordOptions;

    const LONGEST: usize = 200 << 10;

    fn written(request: Request, answer: usize) -> String {
        let options = RecordOptions::new().body_limit(usize::MAX);
        let answer = response("http://h/", 500, "text/plain", &vec![b'\n'; answer]);
        let outcome = sample::bad_status(0, request, answer);
        let mut line = b"first\n".to_vec();
        let record = Record::of_failure(&outcome, &options);
        record.write_within(LONGEST, outcome.request(), false, &mut line);
        let line = String::from_utf8(line).unwrap();
        let line = line.strip_prefix("first\n").unwrap();
        line.strip_suffix('\n').unwrap().to_owned()
    }

    fn post(body: impl Into<Vec<u8>>) -> Request {
        Request::post("http://h/").body(body).id("a").tag("t")
    }

    #[test]
    fn a_line_that_fits_is_whole() {
        let body = "x".repeat(LONGEST - 2_000);
        let line = written(post(&*body), 100);
        assert_eq!(
            Record::parse_request(&line).unwrap().body_bytes(),
            body.as_bytes()
        );
        let record = Record::parse(&line).unwrap();
        assert_eq!(record.response_text.unwrap().len(), 100);
        assert_eq!(record.body_truncated, Some(false));
    }

    #[test]
    fn the_response_gives_way_to_the_request() {
        for length in [1_000, 90 << 10, 120 << 10] {
            let line = written(post("x".repeat(length)), 300 << 10);
            assert!(line.len() <= LONGEST);
            assert_eq!(
                Record::parse_request(&line).unwrap().body_bytes().len(),
                length
            );
            let record = Record::parse(&line).unwrap();
            assert_eq!(record.body_truncated, Some(true));
        }
    }

    #[test]
    fn a_body_too_large_for_a_line_is_cut() {
        for body in [
            vec![b'x'; LONGEST],
            vec![b'"'; LONGEST / 2],
            vec![0; LONGEST / 6],
            vec![0xff; LONGEST],
        ] {
            let line = written(post(body), 10);
            assert!(line.len() <= LONGEST, "{}", line.len());
            let request = Record::parse_request(&line).unwrap();
            let reason = request.invalid().unwrap();
            assert!(reason.reason.contains("was cut"), "{reason:?}");
            assert_eq!(request.request_id(), Some("a"));
            let record = Record::parse(&line).unwrap();
            assert_eq!(record.response_text.unwrap().len(), 10);
        }
    }

    #[test]
    fn a_body_that_came_from_a_file_stays_as_a_reference_to_it() {
        let request = post(vec![b'x'; LONGEST]).body_read_from("big.bin".into());
        let again = Record::parse_request(&written(request, 10)).unwrap();
        let expected = Request::post("http://h/").body_file("big.bin").id("a");
        let key = crate::record::Key::of;
        assert_eq!((key(&again), again.invalid()), (key(&expected), None));
    }

    #[test]
    fn a_request_too_long_for_a_line_is_shortened() {
        let long = "y".repeat(LONGEST);
        for request in [
            Request::post("http://h/").tag(&*long),
            Request::post("http://h/").id(&*long),
            Request::post(format!("http://h/{long}")),
            Request::get("http://h/").header("x", &*long),
            Request::get("http://h/").query("q", &*long),
            Request::get("http://h/").tag("z".repeat(LONGEST * 2 / 3)),
        ] {
            let line = written(request, 10);
            assert!(line.len() <= LONGEST, "{}", line.len());
            assert!(Record::parse_request(&line).is_ok());
        }
        let tag = "z".repeat(LONGEST * 2 / 3);
        let line = written(Request::get("http://h/").tag(&*tag), 10);
        let again = Record::parse_request(&line).unwrap();
        assert_eq!(again.tag_value(), Some(&tag.into()));
    }
}
