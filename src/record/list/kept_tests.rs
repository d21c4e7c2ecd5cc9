//! Tests of entries as lines.

use std::io::Cursor;

use super::super::InputReader;
use super::*;
use crate::record::LONGEST_LINE;

/// Bytes, text or mistake, and row keys of an entry.
type Shown = (Vec<u8>, Result<String, String>, Option<String>);

fn entries(text: &[u8], options: &InputOptions) -> Vec<(Shown, Vec<u8>)> {
    let mut input = InputReader::open(Cursor::new(text.to_vec()), options).unwrap();
    let mut all = Vec::new();
    while let Some(entry) = input.next_entry() {
        let text = entry.text().map(str::to_owned).map_err(|e| e.to_string());
        let keys = entry.row_keys().map(str::to_owned);
        all.push((
            (entry.bytes().to_vec(), text, keys),
            entry.to_line().into_owned(),
        ));
    }
    all
}

/// Checks that each entry is read again from its line: alone, in all orders of two, and written down once more.
fn check(text: &[u8], options: &InputOptions) {
    let all = entries(text, options);
    assert!(!all.is_empty());
    for (one, line) in &all {
        for (other, before) in &all {
            let list = [before.as_slice(), line].join(&b'\n');
            let again = entries(&list, options);
            let shown: Vec<_> = again.iter().map(|(shown, _)| shown).collect();
            assert_eq!(shown, [other, one], "{}", String::from_utf8_lossy(&list));
            assert_eq!(&again[1].1, line);
        }
    }
}

#[test]
fn entries_of_every_format_are_read_again_from_their_lines() {
    let named = |format| InputOptions::new().format(format);
    let list = b"https://h/1\n/relative\nurl,id\n[\n a\n<x/>\nPAR1://h\nhttps://h/\xff\r\n\xff\xfea\n\xef\xbb\xbfb\nsep=;\n{\"url\": 1}\n{\nhttps://h/\rx";
    let list = [b"https://first/\n".as_slice(), list].concat();
    check(&list, &InputOptions::new());
    check(&list, &named(InputFormat::Urls));
    check(&list, &named(InputFormat::JsonLines));
    let array =
        b"[\"https://h/\", 42, [1], null, {\"url\": \"u\",\n \"json\": {\n\"a\": 1}}, \"\xff\"";
    check(array, &InputOptions::new());
    check(array, &named(InputFormat::Json));
    #[cfg(feature = "csv")]
    for table in [
        &b"url,id\nhttps://h/,1\nshort\n\"a\nb\",2\nhttps://h/\xff,3\n\"open,1"[..],
        b"url\nx",
    ] {
        check(table, &InputOptions::new());
        check(table, &named(InputFormat::Csv));
        let template = crate::record::RequestTemplate::of_url("https://h/{url}").unwrap();
        check(table, &named(InputFormat::Csv).template(&template));
    }
    #[cfg(feature = "sitemap")]
    {
        let sitemap =
            b"<urlset><url><loc>https://h/?a=1&amp;b</loc></url><url><loc> </loc></url></urlset>";
        check(sitemap, &InputOptions::new());
        check(sitemap, &named(InputFormat::Sitemap));
    }
}

#[test]
fn a_line_of_a_list_stands_as_it_is() {
    for line in ["https://h/a", "{\"url\": \"https://h/a\"}", "ftp://h,url"] {
        let read = entries(line.as_bytes(), &InputOptions::new());
        assert_eq!(read[0].1, line.as_bytes());
    }
}

#[test]
fn a_long_entry_is_read_again() {
    let long = "\u{1}".repeat(LONGEST_LINE);
    let list = format!("https://h/\n{long}\nhttps://h/");
    let all = entries(list.as_bytes(), &InputOptions::new());
    let again = entries(&all[1].1, &InputOptions::new());
    assert!(again[0].0 == all[1].0);
    let list = [&all[1].1[..], b"\nhttps://h/"].concat();
    assert_eq!(entries(&list, &InputOptions::new()).len(), 2);
}

#[test]
fn a_line_that_only_begins_so_is_a_line() {
    for line in [
        "{\"haul_entry\": 1}",
        "{\"haul_entry\":",
        "{\"haul_entry\":\"a\",\"x\":1}",
    ] {
        let list = format!("{line}\nhttps://h/");
        let read = entries(list.as_bytes(), &InputOptions::new());
        assert_eq!(read[0].0.1.as_deref(), Ok(line));
        check(list.as_bytes(), &InputOptions::new());
    }
}
