use super::*;

fn found(first: impl AsRef<[u8]>, options: &InputOptions) -> Result<InputFormat, UnreadFormat> {
    format_of(first.as_ref(), options).map(|found| found.format)
}

fn auto(first: impl AsRef<[u8]>) -> Result<InputFormat, UnreadFormat> {
    found(first, &InputOptions::new())
}

#[test]
fn compressed_files_archives_and_databases_are_known_by_their_signatures() {
    for (first, name) in [
        (&b"BZh91AY&SY"[..], "bzip2"),
        (b"BZh9\x17\x72\x45\x38\x50\x90", "bzip2"),
        (b"\xfd7zXZ\0\0", "xz"),
        (b"PK\x03\x04\x14\0", "zip"),
        (b"SQLite format 3\0\x10\0", "SQLite"),
        (b"\x89PNG\r\n\x1a\n\0\0", "PNG"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0", "binary"),
        (b"\0\0\0\0", "binary"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\xff\xfe\0\0h\0\0\0", "UTF-32LE"),
    ] {
        let advice = auto(first).unwrap_err().advice(Some("f"));
        assert!(advice.contains(name), "{advice}");
        let csv = InputOptions::new().format(InputFormat::Csv);
        assert!(found(first, &csv).is_err(), "{name}");
    }
    assert_eq!(auto("BZhang wrote this"), Ok(InputFormat::Lines));
}

#[test]
fn a_table_is_one_whose_header_has_a_field_url() {
    for (header, format) in [
        ("id,url", InputFormat::Csv),
        ("URL,name", InputFormat::Csv),
        ("url", InputFormat::Csv),
        ("Url\r", InputFormat::Csv),
        ("a\turl", InputFormat::Tsv),
        ("\"id\",\"url\"", InputFormat::Csv),
        ("url , title\r", InputFormat::Csv),
        ("# exported\n\nid,url", InputFormat::Csv),
        ("sep=;\r\nid;url", InputFormat::Csv),
    ] {
        let text = format!("{header}\n1,http://h/\n");
        assert_eq!(auto(text), Ok(format), "{header}");
    }
    for list in [
        "http://h/?fields=id,url,link\n",
        "http://h/1,http://h/2\nid,url\n",
        "/items,url,3\n",
        "a,b,c\n",
        "image_url,name\n",
        "{\"id\":1,\"url\":\"http://h/\"}\n",
        "\"http://h/1,url\"\n",
        "# only\n# comments\n",
        "",
    ] {
        assert_eq!(auto(list), Ok(InputFormat::Lines), "{list}");
    }
}

#[test]
fn a_word_alone_is_a_relative_url_where_there_is_a_base() {
    let relative = InputOptions::new().relative_urls(true);
    assert_eq!(found("url\na\n", &relative), Ok(InputFormat::Lines));
    assert_eq!(found("id,url\n1,a\n", &relative), Ok(InputFormat::Csv));
    assert_eq!(found("id,link\n1,a\n", &relative), Ok(InputFormat::Lines));
}

#[test]
fn other_delimiters_and_names_are_told_with_the_option() {
    for (header, option) in [
        ("id;url", "--csv-delimiter ';'"),
        ("url|id", "--csv-delimiter '|'"),
        ("a,Link,b", "--url-column 'Link'"),
        ("a;URI", "--csv-delimiter ';' --url-column 'URI'"),
    ] {
        let advice = auto(format!("{header}\n")).unwrap_err().advice(Some("f"));
        assert!(advice.contains(option), "{advice}");
    }
    let csv = InputOptions::new().format(InputFormat::Csv);
    assert!(found("id;url\n", &csv).is_err());
    let column = InputOptions::new().url_column("link");
    assert!(found("id;link\n", &column).is_err());
}

#[test]
fn options_decide_about_tables() {
    let semicolons = InputOptions::new().csv_delimiter(b';');
    let read = format_of(b"id;url\n", &semicolons).unwrap();
    assert_eq!((read.format, read.delimiter), (InputFormat::Csv, b';'));
    let column = InputOptions::new().url_column("page");
    for (first, format) in [
        ("id,page\n", InputFormat::Csv),
        ("id\tpage\n", InputFormat::Tsv),
        ("page\n", InputFormat::Csv),
        ("http://h/,page\n", InputFormat::Lines),
        ("{\"url\":\"page\"}\n", InputFormat::Lines),
        ("[\"page\"]\n", InputFormat::Json),
    ] {
        assert_eq!(found(first, &column), Ok(format), "{first}");
    }
}

#[test]
fn markup_is_known_by_its_first_element() {
    let sitemap = || Ok(InputFormat::Sitemap);
    for (first, kind) in [
        ("<?xml version=\"1.0\"?>\n<urlset xmlns=\"x\">", sitemap()),
        ("\n  <urlset>\n", sitemap()),
        ("<?xml?><sitemapindex>", sitemap()),
        ("<s:urlset xmlns:s='x'>\n", sitemap()),
        ("<?xml?>\n<!-- <html> -->\n<urlset>", sitemap()),
        ("<!DOCTYPE html>\n<html>", Err(UnreadFormat::Html)),
        ("<html lang=en>", Err(UnreadFormat::Html)),
        ("<?xml version=\"1.0\"?><rss>", Err(UnreadFormat::Feed)),
        ("<feed>", Err(UnreadFormat::Feed)),
        ("<?xml version=\"1.0\"?><svg>", Err(UnreadFormat::Xml)),
    ] {
        assert_eq!(auto(first), kind, "{first}");
    }
    for list in ["<http://h/1>\n", "<", "< a\n"] {
        assert_eq!(auto(list), Ok(InputFormat::Lines), "{list}");
    }
}

#[test]
fn json_over_several_lines_is_recognized() {
    for first in [
        "[{\"url\": \"http://h/\"}]",
        " \n\t[ \"http://h/1\",",
        "[\r\n\r\n\"http://h/1\"",
        "[]",
        "[",
        "{\n  \"url\": \"http://h/\"\n}",
    ] {
        assert_eq!(auto(first), Ok(InputFormat::Json), "{first}");
    }
    for list in [
        "[1, 2]\nhttp://h/\n",
        "[x]\n",
        "{\nhttp://h/\n",
        "{\n\"http://h/\"\n",
        "{\"url\": \"http://h/\"}\n{\"url\": \"http://h/2\"}",
        "{\"url\": \n",
    ] {
        assert_eq!(auto(list), Ok(InputFormat::Lines), "{list}");
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
        assert_eq!(auto(list), Ok(InputFormat::Lines), "{list:?}");
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
        "[",
        "[\n",
        "{\r\n",
        "{\n\n",
        "<?xml version='1.0'?>\n",
        "<!-- a\nb",
        "sep=;\n",
    ] {
        assert!(needs_more(first.as_bytes()), "{first:?}");
    }
    for first in [
        "http://h\n",
        "\nhttp://h\nhttp",
        "[\n{\n",
        "[{\n",
        "[\"http://h/1\",",
        "{\n\"a\": 1,\n",
        "<?xml version='1.0'?>\n<urlset>",
        "<urlset>\n",
        "sep=;\na;b\n",
    ] {
        assert!(!needs_more(first.as_bytes()), "{first:?}");
    }
    assert!(!needs_more(&[b'x'; LOOKED_AT]));
}

#[test]
fn the_advice_names_the_file_or_the_place_in_a_pipe() {
    let bzip2 = UnreadFormat::Compressed("bzip2", "bzip2 -dc");
    assert_eq!(
        bzip2.advice(Some("f.bz2")),
        "it is compressed with bzip2 (bzip2 -dc f.bz2 | haul)"
    );
    assert_eq!(
        bzip2.advice(None),
        "it is compressed with bzip2 (... | bzip2 -dc | haul)"
    );
}

#[test]
fn random_bytes_never_panic() {
    let mut random = fastrand::Rng::with_seed(30);
    for _ in 0..5000 {
        let length = random.usize(..24);
        let bytes =
            (0..length).map(|_| *random.choice(b"[{<?!->:/sep=;,|\turl\"\n\0\xff# ").unwrap());
        let bytes: Vec<u8> = bytes.collect();
        for options in [InputOptions::new(), InputOptions::new().table(true)] {
            let _ = (auto(&bytes).is_ok(), found(&bytes, &options).is_ok());
        }
        needs_more(&bytes);
    }
}
