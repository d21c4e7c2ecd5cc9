use super::*;

fn other(first: impl AsRef<[u8]>) -> Option<UnreadFormat> {
    match format_of(first.as_ref(), true) {
        DetectedFormat::Lines => None,
        DetectedFormat::Utf16(_) => panic!("it is read"),
        DetectedFormat::Other(other) => Some(other),
    }
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn compressed_files_archives_and_databases_are_known_by_their_signatures() {
    for (first, name) in [
        (&b"\x1f\x8b\x08\0rest"[..], "gzip"),
        (b"\x28\xb5\x2f\xfdrest", "zstd"),
        (b"BZh91AY&SY", "bzip2"),
        (b"BZh9\x17\x72\x45\x38\x50\x90", "bzip2"),
        (b"\xfd7zXZ\0\0", "xz"),
        (b"PK\x03\x04\x14\0", "zip"),
        (b"SQLite format 3\0\x10\0", "SQLite"),
        (b"\x89PNG\r\n\x1a\n\0\0", "PNG"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0", "binary"),
        (b"\0\0\0\0", "binary"),
        (b"%PDF-1.7\n", "PDF"),
    ] {
        let advice = other(first).expect(name).advice(Some("f"));
        assert!(advice.contains(name), "{advice}");
    }
    assert_eq!(other("BZhang wrote this"), None);
}

#[test]
fn utf16_is_recognized_with_and_without_a_byte_order_mark() {
    let text = "http://h/1\nhttp://h/余额\n";
    for (bytes, endian, name) in [
        (
            u16::to_le_bytes as fn(u16) -> [u8; 2],
            Endian::Little,
            "UTF-16LE",
        ),
        (u16::to_be_bytes, Endian::Big, "UTF-16BE"),
    ] {
        let with_mark = utf16(&format!("\u{feff}{text}"), bytes);
        assert_eq!(format_of(&with_mark, true), DetectedFormat::Utf16(endian));
        assert_eq!(other(utf16(text, bytes)), Some(UnreadFormat::Encoded(name)));
        assert_eq!(
            other(utf16("h", bytes)),
            Some(UnreadFormat::Binary("a binary file"))
        );
    }
    let utf32: Vec<u8> = "\u{feff}http://h/"
        .chars()
        .flat_map(|c| u32::from(c).to_le_bytes())
        .collect();
    assert_eq!(other(utf32), Some(UnreadFormat::Encoded("UTF-32LE")));
}

#[test]
fn a_table_is_one_whose_header_names_a_column_of_urls() {
    for (header, separator, column, quoted) in [
        ("id,url", ',', 2, false),
        ("URL,name", ',', 1, false),
        ("a;Link;b", ';', 2, false),
        ("a\turi", '\t', 2, false),
        ("\"id\",\"url\"", ',', 2, true),
        ("\u{feff}url , title\r", ',', 1, false),
        ("# exported\n\nid,url", ',', 2, false),
        ("sep=;\r\nid;url", ';', 2, false),
    ] {
        let table = UnreadFormat::Table {
            separator,
            column,
            quoted,
        };
        assert_eq!(
            other(format!("{header}\n1,http://h/\n")),
            Some(table),
            "{header}"
        );
        assert_eq!(
            format_of(header.as_bytes(), false),
            DetectedFormat::Lines,
            "{header}"
        );
    }
    for list in [
        "url\nhttp://h/1\n",
        "http://h/?fields=id,url,link\n",
        "/items,url,3\n",
        "a,b,c\n",
        "image_url,name\n",
        "{\"id\":1,\"url\":\"http://h/\"}\n",
        "\"http://h/1,url\"\n",
        "",
    ] {
        assert_eq!(other(list), None, "{list}");
    }
}

#[test]
fn markup_is_known_by_its_first_tag() {
    for (first, kind) in [
        (
            "<?xml version=\"1.0\"?>\n<urlset xmlns=\"x\">",
            UnreadFormat::Sitemap,
        ),
        ("\n  <urlset>\n", UnreadFormat::Sitemap),
        ("\u{feff}<?xml?><sitemapindex>", UnreadFormat::Sitemap),
        ("<!DOCTYPE html>\n<html>", UnreadFormat::Html),
        ("<html lang=en>", UnreadFormat::Html),
        ("<?xml version=\"1.0\"?><rss>", UnreadFormat::Xml),
        ("<feed>", UnreadFormat::Xml),
    ] {
        assert_eq!(other(first), Some(kind), "{first}");
    }
    for list in ["<http://h/1>\n", "<", "< a\n"] {
        assert_eq!(other(list), None, "{list}");
    }
}

#[test]
fn json_over_several_lines_is_recognized() {
    for first in [
        "[{\"url\": \"http://h/\"}]",
        "\u{feff}[\n  {\n",
        " \n\t[ \"http://h/1\",",
        "[\r\n\r\n\"http://h/1\"",
        "[]",
        "[",
    ] {
        assert_eq!(other(first), Some(UnreadFormat::JsonArray), "{first}");
    }
    assert_eq!(
        other("{\n  \"url\": \"http://h/\"\n}"),
        Some(UnreadFormat::JsonObject)
    );
    for list in [
        "[1, 2]\nhttp://h/\n",
        "[x]\n",
        "{\nhttp://h/\n",
        "{\n\"http://h/\"\n",
        "{\"url\": \"http://h/\"}\n{\"url\": \"http://h/2\"}",
        "{\"url\": \n",
    ] {
        assert_eq!(other(list), None, "{list}");
    }
}

#[test]
fn recognition_looks_at_the_first_line_alone() {
    for list in [
        &b"http://h/1\n\x7fELF\0\0\n"[..],
        b"http://h/1\nid,url\n",
        b"http://h/1\n[\n{",
        b"\x1b[31mred\x07\n",
        b"a\xff\xfe\n",
    ] {
        assert_eq!(other(list), None, "{list:?}");
    }
}

#[test]
fn recognition_needs_one_whole_line() {
    for first in [
        "",
        "http://h",
        "# c\n",
        "\n\n",
        "# c\nhttp",
        "[\n",
        "{\r\n",
        "{\n\n",
    ] {
        assert!(needs_more(first.as_bytes()), "{first:?}");
    }
    for first in [
        "http://h\n",
        "\nhttp://h\nhttp",
        "[\n{\n",
        "[{\n",
        "{\n\"a\": 1,\n",
    ] {
        assert!(!needs_more(first.as_bytes()), "{first:?}");
    }
    assert!(!needs_more(&[b'x'; LOOKED_AT]));
}

#[test]
fn the_advice_names_the_file_or_the_place_in_a_pipe() {
    let gzip = UnreadFormat::Compressed("gzip", "gzip -dc");
    assert_eq!(
        gzip.advice(Some("f.gz")),
        "it is compressed with gzip (gzip -dc f.gz | haul)"
    );
    assert_eq!(
        gzip.advice(None),
        "it is compressed with gzip (... | gzip -dc | haul)"
    );
    let table = UnreadFormat::Table {
        separator: ';',
        column: 3,
        quoted: true,
    };
    let advice = table.advice(Some("f.csv"));
    assert!(
        advice.contains("(tail -n +2 f.csv | cut -d ';' -f 3 | tr -d '\"' | haul;"),
        "{advice}"
    );
}

#[test]
fn utf16_is_known_without_a_mark_whatever_its_language() {
    for text in [
        "http://h/余额余额余额余额余额\r\n",
        "\n\n# список\nhttp://h/é",
        "{\"url\":\"http://h/\",\"body\":\"余额不足余额不足余额不足\"}",
        "h/",
    ] {
        let (little, big) = (utf16(text, u16::to_le_bytes), utf16(text, u16::to_be_bytes));
        assert_eq!(
            other(little),
            Some(UnreadFormat::Encoded("UTF-16LE")),
            "{text}"
        );
        assert_eq!(
            other(big),
            Some(UnreadFormat::Encoded("UTF-16BE")),
            "{text}"
        );
    }
    for bytes in [
        &b"\x01\0\x02\0\x03\0\x04\0"[..],
        b"h\0\0\0t\0\0\0",
        b"a\0b\0\0\xd8\0\xd8c\0",
    ] {
        assert_ne!(
            other(bytes),
            Some(UnreadFormat::Encoded("UTF-16LE")),
            "{bytes:?}"
        );
    }
}
