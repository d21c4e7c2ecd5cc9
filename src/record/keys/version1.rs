//! Keys of version 1, for results files that were begun with them. This module may not change: a request must have the
//! key that the first run gave it.
//!
//! A key covers the id, or if there is none `METHOD URL`, a line feed and the body, with query parameters encoded by
//! the rule of that time.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use serde_json::Value;

use crate::digest::Sha256;
use crate::request::{LineBody, PieceSource, Request, RequestContent};

/// All characters but RFC 3986's unreserved ones.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Adds the parts that the key covers.
pub(super) fn add(hash: &mut Sha256, request: &Request) {
    if let Some(id) = request.request_id() {
        hash.update(id);
        return;
    }
    hash.update(request.method().as_str());
    hash.update(" ");
    hash.update(request.url());
    let query = request.options().map_or(&[][..], |o| &o.query);
    let mut query: Vec<_> = query.iter().collect();
    // The parameters of a line were sorted when it was read.
    if request.options().is_some_and(|o| o.line_params) {
        query.sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    let first = if request.url().contains('?') {
        "&"
    } else {
        "?"
    };
    for (number, (name, value)) in query.iter().enumerate() {
        hash.update(if number == 0 { first } else { "&" });
        hash.update(utf8_percent_encode(name, ESCAPED).to_string());
        hash.update("=");
        hash.update(utf8_percent_encode(value, ESCAPED).to_string());
    }
    hash.update("\n");
    match request.sends() {
        RequestContent::Bytes(bytes) => match request.line_body() {
            None => hash.update(bytes),
            Some(LineBody::Json) => hash.update(json_of_that_time(bytes)),
            Some(LineBody::Form) => hash.update(form_of_that_time(bytes)),
        },
        RequestContent::Streamed(stream) => stream
            .pieces
            .iter()
            .for_each(|piece| add_piece(hash, &piece.source)),
    }
}

/// Returns the `json` of a line as it was sent at that time: without blanks and with its keys sorted.
fn json_of_that_time(written: &[u8]) -> Vec<u8> {
    serde_json::from_slice::<Value>(written).map_or(written.to_vec(), |v| v.to_string().into())
}

/// Returns the `form` of a line as it was sent at that time: with its fields sorted by their names.
fn form_of_that_time(written: &[u8]) -> Vec<u8> {
    let mut fields: Vec<&[u8]> = written.split(|b| *b == b'&').collect();
    fields.sort_by_cached_key(|field| {
        let name = field.split(|b| *b == b'=').next().unwrap_or_default();
        percent_decode(name).collect::<Vec<u8>>()
    });
    fields.join(&b"&"[..])
}

fn add_piece(hash: &mut Sha256, source: &PieceSource) {
    match source {
        PieceSource::Bytes(bytes) => {
            hash.update(b"\0bytes\0");
            hash.update(bytes);
        }
        PieceSource::Boundary(_) => hash.update(b"\0boundary\0"),
        PieceSource::File(path) => {
            hash.update(b"\0file\0");
            hash.update(path.as_os_str().as_encoded_bytes());
        }
        PieceSource::Reader(reader) => {
            hash.update(b"\0reader\0");
            hash.update(reader.length.unwrap_or(u64::MAX).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::{KeyMaker, KeyVersion};
    use crate::request::Request;

    fn key(request: Request) -> String {
        let keys = KeyMaker {
            version: KeyVersion::One,
            base: None,
        };
        keys.of(&request).to_string()
    }

    /// The expected digests come from the release that wrote keys of version 1.
    #[test]
    fn keys_of_version_1_are_what_they_were() {
        let put = || Request::put("http://h/");
        let url = "809c9280292fd0e56f41008f982453c6";
        for (request, expected) in [
            (Request::get("http://h/"), url),
            (
                Request::get("http://h/").header("Accept-Language", "de"),
                url,
            ),
            (Request::get("items/1"), "0e7fc8a9171ce40e01a3bc99a15c1466"),
            (
                Request::get("http://h/").id("abc"),
                "ba7816bf8f01cfea414140de5dae2223",
            ),
            (
                Request::post("http://other/").id("abc"),
                "ba7816bf8f01cfea414140de5dae2223",
            ),
            (
                Request::get("http://h/p?a=1")
                    .query("q", "x y&z=ü/~-._*'")
                    .query("", ""),
                "0acaf4d5dbef1c68603fb2ae1b4373c2",
            ),
            (
                Request::get("http://h/p").query("a b", "1|2"),
                "78cdd287aea839d855d549e46675628e",
            ),
            (
                Request::post("http://u:p@h/p?a=1").body("body"),
                "e85b8b1511638f2c2fe6bde4df0b9c15",
            ),
            (
                put().body_file("no/such/file"),
                "390be3c01c1cd83f7f318596bcf4428c",
            ),
            (
                put().body_reader(Cursor::new("abc")),
                "eb110b0820710bcca68d046d3c588700",
            ),
            (
                put().body_stream(std::io::empty(), None),
                "8aa1724c375d48ca089b46e224748cf2",
            ),
        ] {
            let shown = format!("{request:?}");
            assert_eq!(key(request), expected, "{shown}");
        }
    }

    #[test]
    fn lines_have_the_keys_of_what_was_once_sent_for_them() {
        for (line, sent) in [
            (
                r#"{"url":"u","json": {"b": 1.50, "a": [12345678901234567890123, "\u00e9"], "b": 2}}"#,
                Request::post("u").body("{\"a\":[1.2345678901234568e+22,\"é\"],\"b\":2}"),
            ),
            (
                r#"{"url":"u","form":{"b":1,"a b":[2,"x"],"B":3}}"#,
                Request::post("u").body("B=3&a%20b=2&a%20b=x&b=1"),
            ),
            (
                r#"{"url":"u","params":{"b":1,"a":["y","x"]}}"#,
                Request::get("u")
                    .query("a", "y")
                    .query("a", "x")
                    .query("b", "1"),
            ),
        ] {
            let none = serde_json::Map::new();
            let request = crate::record::Record::parse_input_line(line, &none).unwrap();
            assert_eq!(key(request), key(sent), "{line}");
        }
    }

    #[cfg(feature = "multipart")]
    #[test]
    fn a_form_with_files_has_its_old_key_whatever_its_boundary_is() {
        let form = || {
            crate::request::Multipart::new()
                .text("a", "1")
                .file("b", "x.bin")
        };
        for _ in 0..2 {
            let request = Request::post("http://h/").multipart(form());
            assert_eq!(key(request), "5089bd380b7819a4ca6568b3f3c6f860");
        }
    }
}
