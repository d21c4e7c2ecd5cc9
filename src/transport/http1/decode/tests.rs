use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::*;
use http::HeaderValue;

fn text() -> Vec<u8> {
    let lines = (0..5000).map(|i| format!("line {i} of a text that repeats itself\n"));
    lines.collect::<String>().into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), Compression::default());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut to = ZlibEncoder::new(Vec::new(), Compression::default());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

fn bare(bytes: &[u8]) -> Vec<u8> {
    let mut to = DeflateEncoder::new(Vec::new(), Compression::default());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

fn frame(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 3).unwrap()
}

/// Returns a stream of uncompressed pieces (RFC 7932 section 9.2).
fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bits = Bits::default();
    // A window of 64 KiB.
    bits.put(0, 1);
    for piece in bytes.chunks(1 << 16) {
        // The piece is not the last, its size less one has 4 hexadecimal digits, and it is uncompressed.
        bits.put(0, 1);
        bits.put(0, 2);
        bits.put(piece.len() - 1, 16);
        bits.put(1, 1);
        bits.flush(&mut out);
        out.extend_from_slice(piece);
    }
    // The last piece, which is empty.
    bits.put(0b11, 2);
    bits.flush(&mut out);
    out
}

#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn put(&mut self, value: usize, count: usize) {
        self.0.extend((0..count).map(|at| value >> at & 1 == 1));
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        for byte in self.0.chunks(8) {
            let bits = byte.iter().enumerate();
            out.push(bits.fold(0, |byte, (at, bit)| byte | u8::from(*bit) << at));
        }
        self.0.clear();
    }
}

/// Body that gives `at_once` bytes at a time, and knows how it ends.
struct Slow<'a> {
    bytes: &'a [u8],
    at_once: usize,
    framed: bool,
}

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = self.at_once.min(into.len());
        self.bytes.read(&mut into[..most])
    }
}

impl BodyRead for Slow<'_> {
    fn is_framed(&self) -> bool {
        self.framed
    }
}

/// Returns the codings that a `Content-Encoding` of these lines names.
fn named(lines: &[&str]) -> Codings {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(CONTENT_ENCODING, HeaderValue::from_str(line).unwrap());
    }
    Codings::of(&headers)
}

fn known(line: &str) -> Vec<ContentCoding> {
    match named(&[line]) {
        Codings::Known(codings) => codings,
        _ => panic!("{line} is not known"),
    }
}

fn all_of(line: &str, body: impl BodyRead, limit: u64) -> io::Result<Vec<u8>> {
    let mut decoded = Vec::new();
    decode(&known(line), body, limit).read_to_end(&mut decoded)?;
    Ok(decoded)
}

fn all(line: &str, bytes: &[u8], at_once: usize) -> io::Result<Vec<u8>> {
    let body = Slow {
        bytes,
        at_once,
        framed: true,
    };
    all_of(line, body, 1 << 30)
}

/// Returns the error of a decoder.
fn refused(line: &str, bytes: &[u8]) -> Undecoded {
    let error = all(line, bytes, 7).unwrap_err();
    error.downcast::<Undecoded>().unwrap()
}

#[test]
fn a_coded_body_is_decoded_in_pieces_of_any_size() {
    for text in [Vec::new(), b"a".to_vec(), text()] {
        for at_once in [1, 2, 1000, usize::MAX] {
            for (coding, coded) in [
                ("gzip", gzip(&text)),
                ("x-gzip", gzip(&text)),
                ("deflate", zlib(&text)),
                ("Deflate", bare(&text)),
                ("br", brotli(&text)),
                ("ZSTD", frame(&text)),
            ] {
                assert_eq!(all(coding, &coded, at_once).unwrap(), text, "{coding}");
            }
        }
    }
}

#[test]
fn members_and_frames_follow_each_other() {
    let text = text();
    let twice = [gzip(&text), gzip(b""), gzip(&text)].concat();
    assert_eq!(all("gzip", &twice, 1000).unwrap(), text.repeat(2));
    let twice = [frame(&text), frame(&text)].concat();
    assert_eq!(all("zstd", &twice, 1000).unwrap(), text.repeat(2));
}

#[test]
fn zeros_alone_may_follow_the_last_member() {
    for zeros in [1, 2, 511, 20_000] {
        let padded = [gzip(b"abc"), vec![0; zeros]].concat();
        for at_once in [1, 100, usize::MAX] {
            assert_eq!(all("gzip", &padded, at_once).unwrap(), b"abc");
        }
        let more = [padded, gzip(b"abc")].concat();
        assert_eq!(
            refused("gzip", &more).error.kind(),
            io::ErrorKind::InvalidData
        );
    }
    let behind = [gzip(b"abc"), b"behind".to_vec()].concat();
    assert_ne!(
        refused("gzip", &behind).error.kind(),
        io::ErrorKind::UnexpectedEof
    );
}

#[test]
fn a_body_cut_off_ends_unexpectedly() {
    let text = text();
    for (coding, whole) in [
        ("gzip", gzip(&text)),
        ("deflate", zlib(&text)),
        ("deflate", bare(&text)),
        ("br", brotli(&text)),
        ("zstd", frame(&text)),
    ] {
        for length in [1, 2, 5, whole.len() / 2, whole.len() - 1] {
            let kind = refused(coding, &whole[..length]).error.kind();
            assert_eq!(kind, io::ErrorKind::UnexpectedEof, "{coding}, {length}");
        }
    }
}

#[test]
fn a_body_in_another_coding_is_refused_by_the_name_of_its_own() {
    for coding in ["gzip", "deflate", "zstd"] {
        let undecoded = refused(coding, b"plain text that was never compressed");
        assert_ne!(undecoded.error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(undecoded.coding, coding);
    }
    refused("br", b"plain text that was never compressed");
}

#[test]
fn a_wrong_checksum_is_found() {
    for (coding, mut whole, at) in [
        ("gzip", gzip(b"abc"), 8),
        ("gzip", gzip(b"abc"), 1),
        ("deflate", zlib(b"abc"), 1),
        ("deflate", zlib(b"abc"), 4),
    ] {
        let at = whole.len() - at;
        whole[at] ^= 1;
        let kind = refused(coding, &whole).error.kind();
        assert_ne!(kind, io::ErrorKind::UnexpectedEof, "{coding}");
    }
}

#[test]
fn an_empty_body_is_empty_only_if_its_framing_says_so() {
    for coding in ["gzip", "deflate", "br", "zstd", "zstd, gzip"] {
        assert_eq!(all(coding, b"", 1).unwrap(), b"");
        let body = Slow {
            bytes: b"",
            at_once: 1,
            framed: false,
        };
        let error = all_of(coding, body, 1000).unwrap_err();
        let undecoded = error.downcast::<Undecoded>().unwrap();
        assert_eq!(undecoded.error.kind(), io::ErrorKind::InvalidData);
    }
}

#[test]
fn codings_come_off_in_the_opposite_order() {
    let coded = gzip(&frame(&zlib(&brotli(&text()))));
    let line = "br, deflate, zstd, gzip";
    assert_eq!(all(line, &coded, 1000).unwrap(), text());
    let cut = &coded[..coded.len() - 1];
    assert_eq!(
        refused(line, cut).error.kind(),
        io::ErrorKind::UnexpectedEof
    );
    assert_eq!(refused(line, cut).coding, "gzip");
    assert_eq!(refused(line, &gzip(&frame(b"no zlib"))).coding, "deflate");
}

#[test]
fn lines_and_lists_name_codings_alike() {
    let count = |lines: &[&str]| match named(lines) {
        Codings::Known(codings) => Some(codings.len()),
        Codings::Unknown => None,
        Codings::TooMany => Some(usize::MAX),
    };
    assert_eq!(count(&["gzip"]), Some(1));
    assert_eq!(count(&["gzip", "BR, x-GZIP"]), Some(3));
    assert_eq!(count(&["", "identity, gzip,"]), Some(1));
    assert_eq!(count(&["identity"]), Some(0));
    for unknown in [
        "gzip, compress",
        "sdch",
        "gzip;q=1",
        "g zip",
        "gzip/br",
        "*",
    ] {
        assert_eq!(count(&[unknown]), None, "{unknown}");
    }
    assert_eq!(count(&["gzip, gzip", "gzip, gzip"]), Some(4));
    assert_eq!(count(&["gzip, gzip, gzip", "gzip, gzip"]), Some(usize::MAX));
    assert_eq!(count(&["a, b, c, d, e"]), Some(usize::MAX));
}

#[test]
fn an_error_of_the_connection_stays_one() {
    struct Lost<'a>(&'a [u8]);
    impl Read for Lost<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.0.read(into) {
                Ok(0) => Err(io::ErrorKind::ConnectionReset.into()),
                read => read,
            }
        }
    }
    impl BodyRead for Lost<'_> {
        fn is_framed(&self) -> bool {
            true
        }
    }
    let text = text();
    for (coding, whole) in [
        ("gzip", gzip(&text)),
        ("deflate", zlib(&text)),
        ("br", brotli(&text)),
        ("zstd", frame(&text)),
        ("gzip, zstd", frame(&gzip(&text))),
    ] {
        for length in [0, 1, 20, whole.len()] {
            let error = all_of(coding, Lost(&whole[..length]), 1 << 30).unwrap_err();
            assert_eq!(
                error.kind(),
                io::ErrorKind::ConnectionReset,
                "{coding} {length}"
            );
        }
    }
}

#[test]
fn nothing_may_follow_a_stream() {
    for (coding, stream) in [
        ("deflate", zlib(b"abc")),
        ("deflate", bare(b"abc")),
        ("br", brotli(b"abc")),
    ] {
        for behind in [&b"\0"[..], b"behind", &[7; 10_000]] {
            let bytes = [&stream[..], behind].concat();
            for at_once in [1, 5, usize::MAX] {
                let error = all(coding, &bytes, at_once).unwrap_err();
                assert!(error.to_string().contains("follows"), "{coding}: {error}");
            }
        }
    }
}

#[test]
fn json_that_begins_like_a_deflate_stream_is_none() {
    let json = br#"{"x": null, "k": "a"}"#;
    let undecoded = refused("deflate", json);
    assert_eq!(undecoded.error.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn a_window_that_would_take_much_memory_is_refused() {
    let mut to = ::zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    to.window_log(24).unwrap();
    to.include_contentsize(false).unwrap();
    to.write_all(&text()).unwrap();
    let undecoded = refused("zstd", &to.finish().unwrap());
    assert!(undecoded.to_string().contains("memory"), "{undecoded}");
    let undecoded = refused("br", &[0x11, 0x1e, 0, 0, 0, 0]);
    assert!(undecoded.to_string().contains("16 MiB"), "{undecoded}");
}

#[test]
fn a_layer_that_grows_beyond_the_limit_ends_there() {
    let zeros = gzip(&vec![0; 10 << 20]);
    let padding = gzip(&[gzip(b"abc"), vec![0; 10 << 20]].concat());
    let empty_members = gzip(b"").repeat(10_000);
    for (line, bytes) in [
        // The inner layer yields little, and the layer below it much.
        ("gzip, gzip", &padding),
        ("gzip, gzip, gzip", &gzip(&padding)),
        ("zstd, gzip", &zeros),
        // Many bytes come on the wire, and the decoder yields none.
        ("gzip", &empty_members),
    ] {
        let body = Slow {
            bytes,
            at_once: usize::MAX,
            framed: true,
        };
        let error = all_of(line, body, 1000).unwrap_err();
        let too_large = error.get_ref().is_some_and(|inner| inner.is::<TooLarge>());
        assert!(too_large || line == "zstd, gzip", "{line}: {error}");
    }
}
