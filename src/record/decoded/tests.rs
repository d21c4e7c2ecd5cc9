//! Tests of compressed and encoded files, given in pieces of all sizes.

use std::io::{self, BufRead, Cursor, Read};

use super::DecodedReader;

/// Reader that gives a few bytes at a time.
struct InSteps(Cursor<Vec<u8>>, usize);

impl Read for InSteps {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = self.1.min(into.len());
        self.0.read(&mut into[..most])
    }
}

const STEPS: [usize; 5] = [1, 2, 3, 7, 100_000];

/// Returns the content and the error that ended it, if there is one.
fn decoded(mut reader: impl Read) -> (Vec<u8>, Option<io::Error>) {
    let mut content = Vec::new();
    let end = reader.read_to_end(&mut content).err();
    (content, end)
}

fn read(bytes: &[u8], step: usize) -> Vec<u8> {
    let (content, end) = decoded(DecodedReader::new(InSteps(
        Cursor::new(bytes.to_vec()),
        step,
    )));
    assert!(end.is_none(), "{end:?}");
    content
}

#[cfg(feature = "gzip")]
fn gzip(content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = flate2::bufread::GzEncoder::new(content, flate2::Compression::fast());
    encoder.read_to_end(&mut bytes).unwrap();
    bytes
}

#[cfg(feature = "zstd")]
fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 1).unwrap()
}

/// Text that does not compress to a few bytes.
#[cfg(any(feature = "gzip", feature = "zstd"))]
fn text() -> Vec<u8> {
    let lines = (0..3000_u32).map(|n| format!("http://h/{}\n", n.wrapping_mul(2_654_435_761)));
    lines.collect::<String>().into_bytes()
}

#[test]
fn plain_content_comes_as_it_is() {
    for content in [
        &b""[..],
        b"a",
        b"http://h/1\n",
        b"\x7fELF\x02\0\0",
        b"\x1f",
        b"\x28\xb5",
    ] {
        for step in STEPS {
            assert_eq!(read(content, step), content);
        }
    }
}

#[test]
fn a_byte_order_mark_is_left_out_once() {
    for step in STEPS {
        assert_eq!(read(b"\xef\xbb\xbf# list\n", step), b"# list\n");
        assert_eq!(read(b"\xef\xbb\xbf\xef\xbb\xbfa", step), b"\xef\xbb\xbfa");
        assert_eq!(read(b"\xef\xbb\xbf", step), b"");
    }
}

#[test]
fn utf16_is_read_in_both_orders_with_and_without_a_mark() {
    let text = "http://h/1\r\nhttp://h/余额/🦀\n";
    for unit in [u16::to_le_bytes, u16::to_be_bytes] {
        for mark in ["\u{feff}", ""] {
            let marked = format!("{mark}{text}");
            let bytes: Vec<u8> = marked.encode_utf16().flat_map(unit).collect();
            for step in STEPS {
                assert_eq!(read(&bytes, step), text.as_bytes());
            }
        }
    }
}

#[test]
fn utf16_is_known_without_a_mark_whatever_its_language() {
    for text in [
        "http://h/余额余额余额余额余额\r\n",
        "\n\n# список\nhttp://h/é",
        "{\"url\":\"http://h/\",\"body\":\"余额不足余额不足余额不足\"}",
        "h/",
    ] {
        for unit in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
            assert_eq!(read(&bytes, 1), text.as_bytes(), "{text}");
        }
    }
    for bytes in [
        &b"\x01\0\x02\0\x03\0\x04\0"[..],
        b"h\0\0\0t\0\0\0",
        b"a\0b\0\0\xd8\0\xd8c\0",
    ] {
        assert_eq!(read(bytes, 1), bytes);
    }
}

#[test]
fn half_a_character_of_utf16_is_no_utf8() {
    let units = |units: &[u16]| -> Vec<u8> { units.iter().flat_map(|u| u.to_le_bytes()).collect() };
    let mut torn = units(&[0xfeff, 0x61, 0x0a, 0x62]);
    torn.push(0x63);
    assert_eq!(read(&torn, 3), b"a\nb\xff");
    let pairs = units(&[0xfeff, 0xdc00, 0x0a, 0xd83e]);
    assert_eq!(read(&pairs, 3), b"\xff\n\xff");
}

#[test]
fn utf32_is_not_taken_for_utf16() {
    let bytes = b"\xff\xfe\0\0h\0\0\0";
    assert_eq!(read(bytes, 1), bytes);
}

#[test]
fn a_line_of_a_pipe_is_not_held_back() {
    struct OneLine(bool);
    impl Read for OneLine {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            assert!(!self.0, "a second read would wait");
            self.0 = true;
            (&b"x\n"[..]).read(into)
        }
    }
    let mut line = String::new();
    DecodedReader::new(OneLine(false))
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "x\n");
}

#[test]
fn an_error_of_the_source_comes_behind_its_content() {
    struct Fails(bool);
    impl Read for Fails {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match std::mem::replace(&mut self.0, true) {
                true => Err(io::Error::other("the disk is gone")),
                false => (&b"abc"[..]).read(into),
            }
        }
    }
    let mut reader = DecodedReader::new(Fails(false));
    let (content, end) = decoded(&mut reader);
    assert_eq!(content, b"abc");
    assert_eq!(end.unwrap().to_string(), "the disk is gone");
    assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
}

#[cfg(feature = "gzip")]
mod compressed {
    use super::*;

    /// Returns a compressed text of two parts, and the length of the first part, for each compression.
    fn two_parts() -> Vec<(Vec<u8>, usize)> {
        let text = text();
        let (one, two) = text.split_at(text.len() / 2);
        let all = [
            (gzip(one), gzip(two)),
            #[cfg(feature = "zstd")]
            (zstd(one), zstd(two)),
        ];
        let joined = all.into_iter().map(|(one, two)| {
            let begin = one.len();
            ([one, two].concat(), begin)
        });
        joined.collect()
    }

    #[test]
    fn all_parts_are_read_however_the_file_is_cut() {
        for (bytes, _) in two_parts() {
            for step in STEPS {
                assert_eq!(read(&bytes, step), text());
            }
        }
    }

    #[test]
    fn compressions_within_each_other_and_encodings_in_them_are_undone() {
        let utf16: Vec<u8> = "\u{feff}a\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(read(&gzip(&utf16), 1), b"a\n");
        assert_eq!(read(&gzip(&gzip(b"\xef\xbb\xbfa\n")), 1), b"a\n");
        let mut deep = gzip(b"a");
        for _ in 0..3 {
            deep = gzip(&deep);
        }
        let (content, end) = decoded(DecodedReader::new(Cursor::new(deep)));
        assert!(content.is_empty());
        let end = end.unwrap().to_string();
        assert!(end.contains("compressed more than 3 times"), "{end}");
    }

    #[test]
    fn a_torn_end_is_an_error_behind_the_content() {
        for (bytes, begin) in two_parts() {
            for length in [begin + 1, begin + 9, bytes.len() - 1] {
                let mut reader = DecodedReader::new(Cursor::new(bytes[..length].to_vec()));
                let (content, end) = decoded(&mut reader);
                let end = end.unwrap();
                assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof);
                let place = format!("from byte {begin} on has no end");
                assert!(end.to_string().contains(&place), "{end}");
                assert!(content.len() >= text().len() / 2 && text().starts_with(&content));
            }
        }
    }

    #[test]
    fn a_torn_end_is_accepted_on_request_and_its_place_is_known() {
        for (bytes, begin) in two_parts() {
            for end in begin + 1..bytes.len() {
                // Each length near the parts' ends, and a few between.
                if end > begin + 40 && end < bytes.len() - 40 && !end.is_multiple_of(97) {
                    continue;
                }
                let torn = Cursor::new(bytes[..end].to_vec());
                let mut reader = DecodedReader::new(torn).accept_torn_end(true);
                let (content, failure) = decoded(&mut reader);
                assert!(failure.is_none(), "{failure:?}");
                assert!(text().starts_with(&content));
                let place = reader.torn_end().unwrap();
                assert_eq!(place.file_position, begin as u64);
                assert_eq!(place.content_position, text().len() as u64 / 2);
            }
            let mut whole = DecodedReader::new(Cursor::new(bytes)).accept_torn_end(true);
            decoded(&mut whole);
            assert_eq!(whole.torn_end(), None);
        }
    }

    #[test]
    fn zeros_behind_the_end_are_padding_and_other_bytes_are_not() {
        for (mut bytes, _) in two_parts() {
            let length = bytes.len();
            bytes.extend([0; 700]);
            assert_eq!(read(&bytes, 7), text());
            let mut reader = DecodedReader::new(Cursor::new(bytes.clone())).accept_torn_end(true);
            decoded(&mut reader);
            assert_eq!(reader.torn_end().unwrap().file_position, length as u64);
            bytes.push(b'x');
            let (content, end) = decoded(DecodedReader::new(Cursor::new(bytes)));
            assert_eq!(content, text());
            assert!(
                end.unwrap()
                    .to_string()
                    .contains(&format!("at byte {}", length + 700))
            );
        }
    }

    #[test]
    fn broken_data_is_an_error_with_format_and_position() {
        for (mut bytes, begin) in two_parts() {
            let length = bytes.len();
            bytes[begin..].iter_mut().for_each(|byte| *byte ^= 0x55);
            bytes[begin] ^= 0x55;
            let (content, end) = decoded(DecodedReader::new(Cursor::new(bytes)));
            let end = end.unwrap().to_string();
            assert_eq!(content.len(), text().len() / 2, "{end}");
            assert!(
                end.starts_with("broken ") && end.contains(" data at byte "),
                "{end}"
            );
            let position: usize = end
                .split_once("at byte ")
                .and_then(|(_, rest)| rest.split(':').next())
                .unwrap()
                .parse()
                .unwrap();
            assert!((begin..=length).contains(&position), "{end}");
        }
    }

    #[test]
    fn random_bytes_behind_a_signature_never_panic() {
        let mut random = fastrand::Rng::with_seed(30);
        for _ in 0..2000 {
            let mut bytes = match random.u8(..4) {
                0 => b"\x1f\x8b\x08".to_vec(),
                1 => b"\x28\xb5\x2f\xfd".to_vec(),
                2 => b"\xff\xfe".to_vec(),
                _ => Vec::new(),
            };
            bytes.extend((0..random.usize(..60)).map(|_| random.u8(..)));
            let torn = random.bool();
            decoded(DecodedReader::new(Cursor::new(bytes)).accept_torn_end(torn));
        }
    }
}
