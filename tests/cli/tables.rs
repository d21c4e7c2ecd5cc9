//! Tables and templates as programs write them, and mistakes in them.

use serde_json::json;
use test_support::{Answer, Server};

use super::command::{Folder, haul};

#[test]
fn selected_rows_with_quotes_in_tsv_are_read_back() {
    let server = Server::always(
        Answer::text("[\"\\\"a\\\"\", \"\\\"b\\tc\"]").header("content-type", "application/json"),
    );
    let folder = Folder::new();
    let (out, url) = (folder.at("out.tsv"), server.url("/1"));
    let line = json!({"url": url, "id": "\"1\""}).to_string();
    haul(["--select", "id,url,/0,/1", "-o", &out, "-"])
        .input(line)
        .done()
        .exits(0);
    assert_eq!(
        std::fs::read_to_string(&out).unwrap(),
        format!("id\turl\t/0\t/1\n\"1\"\t{url}\t\"a\"\t\"b\\tc\n")
    );
    let done = haul([&*out]).done().exits(0);
    let result = &done.results()[0];
    assert_eq!(result["id"], "\"1\"");
    assert_eq!(result["tag"], json!({"/0": "\"a\"", "/1": "\"b\tc"}));
}

#[test]
fn lists_whose_lines_end_in_returns_alone_are_read() {
    let server = Server::always(Answer::text(""));
    let (a, b) = (server.url("/a"), server.url("/b"));
    for (list, lines) in [
        (format!("# list\r{a}\r\r{b}\r"), [2, 4]),
        (format!("{{\"url\":\"{a}\"}}\r{{\"url\":\"{b}\"}}"), [1, 2]),
        (format!("id,url\r1,{a}\r2,\"{b}\"\r"), [2, 3]),
        (format!("id\turl\r1\t{a}\r2\t{b}\r"), [2, 3]),
        (format!("[\r\"{a}\",\r\"{b}\"\r]\r"), [2, 3]),
    ] {
        let done = haul(["--ordered", "-"])
            .input(list.as_str())
            .done()
            .exits(0);
        let read: Vec<_> = done
            .results()
            .iter()
            .map(|r| (r["url"].clone(), r["line"].clone()))
            .collect();
        assert_eq!(
            read,
            [(json!(a), json!(lines[0])), (json!(b), json!(lines[1]))],
            "{list:?}"
        );
    }
}

#[test]
fn a_bad_row_is_told_with_file_format_line_and_column() {
    let folder = Folder::new();
    for (name, list, message) in [
        (
            "a.csv",
            &b"id,url\n1\n"[..],
            ":2: the row has 1 cell, and the header 2 (CSV, column 2)",
        ),
        (
            "b.tsv",
            b"id\turl\n1\tu\tx\n",
            ":2: the row has 3 cells, and the header 2 (TSV, column 3)",
        ),
        (
            "c.csv",
            b"id,url\n1,\xff\n",
            ":2: a cell is not UTF-8 (CSV, column 2): \"url\"",
        ),
        (
            "d.csv",
            b"id,url\n1,\"u\n",
            ":2: a quote is never closed (a quote within a cell is written twice) (CSV, column 2): \"url\"",
        ),
        (
            "e.json",
            b"[\n\"http://h\", 7]",
            ":2: a URL as text or a request as an object is expected, and no other value (JSON, column 13)",
        ),
        (
            "f.json",
            b"[\n {\"url\":",
            ":2: not JSON: the text ends in the middle of this value (JSON, column 2)",
        ),
        (
            "g.xml",
            b"<urlset>\n<url></url></urlset>",
            ":2: an entry has no <loc> (a sitemap, column 12)",
        ),
    ] {
        folder.file(name, list);
        let list = folder.at(name);
        haul([&*list, "--dry-run"])
            .done()
            .exits(1)
            .says(&format!("haul: {list}{message}"));
    }
}

#[test]
fn a_template_in_utf16_is_read() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let json = json!({"url": server.url("/{line}")}).to_string();
    let (le, be): (Vec<u8>, Vec<u8>) = (
        "\u{feff}"
            .encode_utf16()
            .chain(json.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect(),
        json.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    );
    for template in [le, be, format!("\u{feff}{json}").into_bytes()] {
        folder.file("request.json", template);
        haul(["--template", &folder.at("request.json"), "-"])
            .input("a\n")
            .done()
            .exits(0);
    }
    assert_eq!(server.paths(), ["/a"; 3]);
}

#[test]
fn an_empty_url_template_is_refused() {
    for (url, reason) in [
        ("", "a value is required for '--url-template <URL>'"),
        (" ", "--url-template: column 1: the URL is empty"),
    ] {
        haul(["--url-template", url, "-"])
            .input("a\n")
            .done()
            .exits(2)
            .says(reason);
    }
}

#[test]
fn an_unknown_form_of_a_placeholder_is_told_with_the_forms_and_columns() {
    haul(["--url-template", "http://h/{sku:foo}", "-"])
        .input("sku,n\n7,1\n")
        .done()
        .exits(2)
        .says("it has no column \"sku:foo\", which the template names (its columns are \"sku\", \"n\"; behind a colon stands raw, json or a width like 06");
    let done = haul(["--url-template", "http://h/{sku:foo}", "-"])
        .input("{\"sku\":7}\n")
        .done()
        .exits(1);
    let message = done.results()[0]["error_msg"].as_str().unwrap().to_owned();
    assert!(
        message.ends_with(
            "(behind a colon stands raw, json or a width like 06; other text is a part of the name)"
        ),
        "{message}"
    );
    assert_eq!(done.results()[0]["error_text"], "sku:foo");
}

#[test]
fn the_key_line_of_an_object_comes_before_the_whole_line() {
    let server = Server::always(Answer::text(""));
    haul(["--ordered", "--url-template", &server.url("/{line}"), "-"])
        .input("{\"line\":\"key\"}\n{\"l\":1}\ntext\n")
        .done()
        .exits(0);
    let mut paths = server.paths();
    paths.sort();
    assert_eq!(paths, ["/%7B%22l%22%3A1%7D", "/key", "/text"]);
}
