use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};

use super::*;

fn text() -> Vec<u8> {
    let lines = (0..5000).map(|i| format!("line {i} of a text that repeats itself\n"));
    lines.collect::<String>().into_bytes()
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

fn named(name: &str) -> Coding {
    *OWN.iter().find(|own| own.name == name).unwrap()
}

/// Gives so many bytes at a time.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = self.1.min(into.len());
        self.0.read(&mut into[..most])
    }
}

fn all(coding: &str, bytes: &[u8], at_once: usize) -> io::Result<Vec<u8>> {
    let mut decoded = Vec::new();
    named(coding)
        .decode(Slow(bytes, at_once))
        .read_to_end(&mut decoded)?;
    Ok(decoded)
}

#[test]
fn what_was_coded_comes_back_however_it_arrives() {
    for text in [Vec::new(), b"a".to_vec(), text()] {
        for at_once in [1, 2, 1000, usize::MAX] {
            let decoded = |coding, bytes: &[u8]| all(coding, bytes, at_once).unwrap();
            assert_eq!(decoded("deflate", &zlib(&text)), text);
            assert_eq!(decoded("deflate", &bare(&text)), text);
            assert_eq!(decoded("zstd", &frame(&text)), text);
            let twice = [frame(&text), frame(&text)].concat();
            assert_eq!(decoded("zstd", &twice), text.repeat(2));
        }
    }
}

#[test]
fn what_is_cut_off_ends_unexpectedly_and_what_is_wrong_is_said() {
    let text = text();
    for (coding, whole) in [
        ("deflate", zlib(&text)),
        ("deflate", bare(&text)),
        ("zstd", frame(&text)),
    ] {
        for length in [0, 1, 2, 5, whole.len() / 2, whole.len() - 1] {
            let error = all(coding, &whole[..length], 7).unwrap_err();
            let undecoded = error.downcast::<Undecoded>().unwrap();
            let kind = undecoded.error.kind();
            assert_eq!(kind, io::ErrorKind::UnexpectedEof, "{undecoded}, {length}");
        }
        let error = all(coding, b"plain text that was never compressed", 7).unwrap_err();
        let undecoded = error.downcast::<Undecoded>().unwrap();
        assert_ne!(undecoded.error.kind(), io::ErrorKind::UnexpectedEof);
    }
}

#[test]
fn an_error_of_the_connection_stays_one() {
    struct Lost;
    impl Read for Lost {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    for (coding, whole) in [("deflate", zlib(&text())), ("zstd", frame(&text()))] {
        for length in [0, 1, 20] {
            let mut decoder = named(coding).decode((&whole[..length]).chain(Lost));
            let error = decoder.read_to_end(&mut Vec::new()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        }
    }
}

#[test]
fn what_follows_the_stream_is_read_too() {
    let mut bytes = &[zlib(b"abc"), b"behind".to_vec()].concat()[..];
    let mut decoded = Vec::new();
    named("deflate")
        .decode(&mut bytes)
        .read_to_end(&mut decoded)
        .unwrap();
    assert_eq!((decoded, bytes.len()), (b"abc".to_vec(), 0));
}

#[test]
fn a_window_that_would_take_much_memory_is_refused() {
    let mut to = ::zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    to.window_log(24).unwrap();
    to.include_contentsize(false).unwrap();
    to.write_all(&text()).unwrap();
    let error = all("zstd", &to.finish().unwrap(), usize::MAX).unwrap_err();
    assert!(error.to_string().contains("memory"), "{error}");
}
