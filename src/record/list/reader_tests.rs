//! Tests of inputs of every format.

use super::*;
use crate::record::InputLines;
#[cfg(feature = "csv")]
use crate::record::RequestTemplate;

fn open(text: &str, options: &InputOptions) -> InputReader {
    InputReader::open(Cursor::new(text.to_owned()), options).unwrap()
}

/// Returns line and URL of each entry, or line and reason.
fn read(text: &str, options: &InputOptions) -> Vec<(u64, Result<String, String>)> {
    let (mut input, mut lines) = (open(text, options), InputLines::new());
    let mut all = Vec::new();
    while let Some(entry) = input.next_entry() {
        let read = entry.text().and_then(|text| lines.read(text));
        let read = read.map(|read| read.request.url().to_owned());
        let shown = |wrong: InvalidLine| {
            let at = wrong.position().map(|at| format!(" at {at}"));
            format!("{wrong}{}", at.unwrap_or_default())
        };
        let read = read.map_err(|wrong| shown(entry.placed(wrong)));
        all.push((entry.line(), read));
    }
    all
}

#[test]
fn all_formats_give_the_same_requests() {
    let texts: &[&str] = &[
        "# list\n\nhttp://h/1\r\n\"http://h/2\"\n",
        "{\"url\":\"http://h/1\"}\n{\"url\":\"http://h/2\"}\n",
        "[\"http://h/1\",\n{\"url\":\"http://h/2\"}]",
        "{\n\"url\":\"http://h/1\"\n}\n\"http://h/2\"",
    ];
    let tables: &[&str] = &[
        "url\nhttp://h/1\nhttp://h/2\n",
        "url\tid\nhttp://h/1\t1\nhttp://h/2\t2\n",
    ];
    let sitemaps: &[&str] =
        &["<urlset><url><loc>http://h/1</loc></url><url><loc>http://h/2</loc></url></urlset>"];
    let tables = tables.iter().filter(|_| cfg!(feature = "csv"));
    let sitemaps = sitemaps.iter().filter(|_| cfg!(feature = "sitemap"));
    for text in texts.iter().chain(tables).chain(sitemaps) {
        let read = read(text, &InputOptions::new());
        let urls: Vec<_> = read.into_iter().map(|(_, url)| url.unwrap()).collect();
        assert_eq!(urls, ["http://h/1", "http://h/2"], "{text}");
    }
}

#[test]
fn a_mistake_in_an_element_is_placed_in_the_input() {
    let text = "[{\"url\": \"http://h/\",\n  \"colour\": 1}, {\"url\": 5}]";
    let read = read(text, &InputOptions::new());
    assert_eq!(
        read[0].1.as_ref().unwrap_err(),
        "the request has an unknown key (JSON, line 2, column 13)"
    );
    let (line, wrong) = &read[1];
    assert_eq!(*line, 2);
    let wrong = wrong.as_ref().unwrap_err();
    assert!(wrong.ends_with("not a number at 25"), "{wrong}");
}

#[cfg(feature = "csv")]
#[test]
fn the_mistake_of_a_row_has_no_position() {
    let read = read("url,method\nhttp://h/,a b\n,GET\n", &InputOptions::new());
    assert_eq!(read[0], (2, Ok("http://h/".to_owned())));
    let expected = "url: it is missing (text is expected)".to_owned();
    assert_eq!(read[1], (3, Err(expected)));
}

#[cfg(feature = "csv")]
#[test]
fn rows_for_a_template_are_objects_and_need_no_column_of_urls() {
    let template = RequestTemplate::of_url("http://h/{sku}").unwrap();
    let options = InputOptions::new().template(&template);
    let mut input = open("sku,,id\n7,,a\n", &options);
    assert_eq!(input.columns().unwrap(), ["sku", "", "id"]);
    let entry = input.next_entry().unwrap();
    assert_eq!(
        entry.text().unwrap(),
        r#"{"sku":"7","column 2":"","id":"a"}"#
    );
    assert_eq!(entry.row_keys(), Some(r#"{"id":"a","tag":{"sku":"7"}}"#));
    let refused = InputReader::open("lang,id\n7,a\n".as_bytes(), &options).unwrap_err();
    assert!(
        refused.to_string().contains("no column \"sku\""),
        "{refused}"
    );
}

#[test]
fn a_format_that_is_named_refuses_other_lines() {
    for (format, text, reason) in [
        (InputFormat::Urls, "{}\n", "a URL is expected"),
        (InputFormat::JsonLines, "http://h/\n", "JSON is expected"),
        (
            InputFormat::Results,
            "{\"url\":\"u\"}\n",
            "a record of a results file is expected",
        ),
        (
            InputFormat::Failures,
            "{\"url\":\"u\"}\n",
            "a record of a failure log is expected",
        ),
    ] {
        let read = read(text, &InputOptions::new().format(format));
        let wrong = read[0].1.as_ref().unwrap_err();
        assert!(wrong.starts_with(reason), "{wrong}");
    }
    // The format that is named is read whatever the input looks like.
    let read = read("[\"u\"]\n", &InputOptions::new().format(InputFormat::Urls));
    assert_eq!(read, [(1, Ok("[\"u\"]".to_owned()))]);
}

#[test]
fn content_before_an_error_is_read() {
    struct Fails(bool);
    impl Read for Fails {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match std::mem::replace(&mut self.0, true) {
                true => Err(io::Error::other("the disk is gone")),
                false => (&b"http://h/1\nhttp"[..]).read(into),
            }
        }
    }
    let mut input = InputReader::open(Fails(false), &InputOptions::new()).unwrap();
    assert_eq!(input.next_entry().unwrap().text().unwrap(), "http://h/1");
    let entry = input.next_entry().unwrap();
    assert_eq!(
        entry.text().unwrap_err().to_string(),
        "cannot be read: the disk is gone"
    );
    assert_eq!(entry.line(), 2);
    assert!(input.next_entry().is_none());
}

#[cfg(feature = "sitemap")]
#[test]
fn the_links_of_an_index_are_known_as_sitemaps() {
    let text = "<sitemapindex><sitemap><loc>http://h/a</loc></sitemap></sitemapindex>";
    let mut input = open(text, &InputOptions::new());
    assert_eq!(input.format(), InputFormat::Sitemap);
    assert!(input.next_entry().unwrap().is_sitemap());
}
