//! Sources of requests, and faults of lines.

use serde_json::json;
use test_support::{Answer, Server};

use super::command::{Folder, haul};

fn server() -> Server {
    Server::always(Answer::text(""))
}

#[test]
fn urls_files_and_standard_input_are_read_one_after_the_other() {
    let (server, folder) = (server(), Folder::new());
    let first = folder.file(
        "first",
        format!("\u{feff}# a comment\r\n\r\n{}\r\n", server.url("/1")),
    );
    let second = folder.file(
        "second.jsonl",
        format!(
            "  {}  \n{}",
            json!({"url": server.url("/2")}),
            json!(server.url("/3"))
        ),
    );
    let arguments = ["--ordered", "-j1", &server.url("/0"), &first, "-", &second];
    let done = haul(arguments)
        .input(server.url("/in") + "\n")
        .done()
        .exits(0);
    let urls: Vec<_> = done
        .results()
        .iter()
        .map(|r| r["url"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        urls,
        ["/0", "/1", "/in", "/2", "/3"].map(|path| server.url(path))
    );
}

#[test]
fn without_arguments_it_reads_standard_input() {
    let server = server();
    let none: [&str; 0] = [];
    let done = haul(none).input(server.url("/a")).done().exits(0);
    assert_eq!(done.results().len(), 1);
}

#[test]
fn a_bad_line_is_one_failed_result() {
    let (server, folder) = (server(), Folder::new());
    let mut text = Vec::new();
    let good = server.url("/good");
    for line in [
        good.as_bytes(),
        b"not a url",
        b"ftp://example.com/",
        b"{\"url\": ",
        b"{\"url\": \"http://h/\", \"colour\": 1}",
        b"http://h:99999/",
        b"broken \xff\xfe text",
        b"\x7fELF\x02\x01\x01\0\0\0",
        b"{\"url\": \"http://h/\", \"body\": \"a\", \"json\": 1}",
        b"[1, 2]",
        b"{\"url\": \"http://h/\", \"retry\": -1}",
        good.as_bytes(),
    ] {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    let list = folder.file("list", text);
    let done = haul(["--ordered", &list]).done().exits(1);
    let results = done.results();
    assert_eq!(results.len(), 12);
    for (at, result) in results.iter().enumerate() {
        if at == 0 || at == 11 {
            assert_eq!(result["outcome"], "success");
            continue;
        }
        assert_eq!(
            (&result["error_type"], &result["attempts"]),
            (&json!("invalid_request"), &json!(0))
        );
        let message = result["error_msg"].as_str().unwrap();
        assert_eq!(
            (&result["source"], &result["line"]),
            (&json!(list), &json!(at + 1))
        );
        let said = format!("haul: {list}:{}: {message}: \"", at + 1);
        assert!(
            done.stderr.contains(&said),
            "{said} is not in:\n{}",
            done.stderr
        );
    }
    assert!(
        results[4]["error_msg"]
            .as_str()
            .unwrap()
            .contains("unknown key")
    );
    assert_eq!(results[4]["error_text"], "colour");
    assert_eq!(server.requests(), 2);
    assert!(
        !done.stderr.contains('\x7f') && !done.stderr.contains('\0'),
        "{:?}",
        done.stderr
    );
}

#[test]
fn many_bad_lines_are_a_few_messages() {
    let done = haul(["-"]).input("nothing\n".repeat(500)).done().exits(1);
    assert_eq!(done.results().len(), 500);
    assert_eq!(
        done.stderr.matches("haul: stdin:").count(),
        10,
        "{}",
        done.stderr
    );
    done.says("haul: further bad lines are only in the results");
    haul(["-qq", "-"])
        .input("nothing\n")
        .done()
        .exits(1)
        .never_says("haul");
}

#[test]
fn unknown_keys_are_skipped_where_that_is_asked_for() {
    let server = server();
    let line = json!({"url": server.url("/a"), "colour": "red"}).to_string();
    let done = haul(["--lenient", "-"]).input(line).done().exits(0);
    done.says("haul: warning: stdin:1: unknown key skipped: \"colour\"");
}

#[test]
fn the_format_may_be_held_to_urls_or_json() {
    let server = server();
    let input = format!(
        "{}\n{}\n",
        server.url("/a"),
        json!({"url": server.url("/b")})
    );
    for (format, path, hint) in [
        ("urls", "/a", "a URL is expected"),
        ("jsonl", "/b", "JSON is expected"),
    ] {
        let before = server.requests();
        let done = haul(["--input-format", format, "-"])
            .input(input.clone())
            .done()
            .exits(1);
        assert_eq!(server.requests() - before, 1);
        assert_eq!(server.last(path).path(), path);
        done.says(hint);
    }
    haul(["--input-format", "auto", "-"])
        .input(input)
        .done()
        .exits(0);
}

#[test]
fn text_after_the_url_of_a_line_is_refused_unless_the_whole_line_is_the_url() {
    let server = server();
    let lines = [
        server.url("/b the second page"),
        server.url("/b\tsecond"),
        server.url("/b　第二页"),
        "relative/b # a remark".to_owned(),
    ];
    let base = server.url("/");
    let list = |format: &str| {
        haul([
            "--ordered",
            "-j1",
            "--base-url",
            &base,
            "--input-format",
            format,
            "-",
        ])
        .input(lines.join("\n") + "\n" + &server.url("/good") + "  \n")
        .done()
    };
    let done = list("auto").exits(1);
    let results = done.results();
    assert_eq!(
        (results.len(), server.paths()),
        (5, vec!["/good".to_owned()])
    );
    for refused in &results[..4] {
        assert_eq!(refused["error_type"], "invalid_request");
        let message = refused["error_msg"].as_str().unwrap();
        assert!(
            message.contains("%20") && message.contains("--input-format urls"),
            "{message}"
        );
    }
    list("urls").exits(0);
    let seen: Vec<_> = server
        .seen()
        .into_iter()
        .skip(1)
        .map(|seen| seen.target)
        .collect();
    assert_eq!(seen[0], "/b%20the%20second%20page");
    assert_eq!(seen[1], "/bsecond");
    assert_eq!(seen[2], "/b%E3%80%80%E7%AC%AC%E4%BA%8C%E9%A1%B5");
    assert_eq!(seen[3], "/relative/b%20");
}

#[test]
fn blanks_in_arguments_and_json_are_sent_as_20() {
    let server = server();
    let url = server.url("/a b?c d");
    let text = json!(url).to_string() + "\n" + &json!({"url": url}).to_string();
    let done = haul([&url, "-"]).input(text).done().exits(0);
    for result in done.results() {
        assert_eq!(result["url"], url);
        assert_eq!(result["final_url"], server.url("/a%20b?c%20d"));
    }
    assert!(
        server
            .seen()
            .iter()
            .all(|seen| seen.target == "/a%20b?c%20d")
    );
    assert_eq!(server.requests(), 3);
}

#[test]
fn a_result_keeps_the_url_of_its_line_resolved_against_the_base() {
    let server = server();
    let base = server.url("/api/v1");
    let host = server.url("");
    for (line, url, sent) in [
        ("a|b'", format!("{host}/api/a|b'"), None),
        (
            "../ü?q='",
            format!("{host}/api/../ü?q='"),
            Some(format!("{host}/%C3%BC?q=%27")),
        ),
        (
            "{\"url\": \"?x y\"}",
            format!("{base}?x y"),
            Some(format!("{base}?x%20y")),
        ),
    ] {
        let done = haul(["--base-url", &base, "-"]).input(line).done().exits(0);
        let result = &done.results()[0];
        assert_eq!(result["url"], url);
        assert_eq!(result["final_url"].as_str(), sent.as_deref(), "{line}");
    }
}

#[test]
fn a_line_of_a_hundred_mebibytes_takes_no_such_memory() {
    let (server, folder) = (server(), Folder::new());
    let mut text = vec![b'x'; 100 << 20];
    text.extend(format!("\n{}\n", server.url("/good")).bytes());
    let list = folder.file("list", text);
    let mut run = haul(["--ordered", &list]).start();
    let bad = run.next_result();
    assert_eq!(bad["error_type"], "invalid_request");
    let message = bad["error_msg"].as_str().unwrap();
    assert!(
        message.starts_with("the line is too long (at most 16777216 bytes"),
        "{message}"
    );
    assert!(bad["url"].as_str().unwrap().len() <= 100);
    assert_eq!(run.next_result()["outcome"], "success");
    run.finish().exits(1);
}

#[test]
fn a_file_that_cannot_be_read_is_a_usage_error() {
    let (server, folder) = (server(), Folder::new());
    let url = server.url("/a");
    let missing = folder.at("missing");
    haul([&url, &missing])
        .done()
        .exits(2)
        .says(&format!("haul: {missing}: cannot be read: "));
    haul([&url, folder.path().to_str().unwrap()])
        .done()
        .exits(2)
        .says("it is a directory");
    haul([&url, "example.com"])
        .done()
        .exits(2)
        .says("(a URL begins with https:// or http://)");
    assert_eq!(server.requests(), 0);
}
