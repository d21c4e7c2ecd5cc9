//! Lines that cannot be read: the part of them that is shown, and ways to send them again.

use serde_json::{Value, json};
use test_support::{Answer, Server};

use super::command::{Done, Folder, haul};

/// Secret that stands in lines wherever a secret may stand.
const SECRET: &str = "sesame";

/// Bad lines of all kinds.
const LINES: &[&[u8]] = &[
    br#"{"url":"http://u:sesame@h/?q=sesame","colour":"sesame"}"#,
    br#"{"url":"http://h/#sesame","headers":{"X-Api-Key":["sesame",["sesame"]]}}"#,
    br#"{"url":"http://h/","headers":{"A b":"sesame"},"body":"sesame"}"#,
    br#"{"url":"http://h/","headers":{"A":"sesame\n"},"json":{"a":"sesame"}}"#,
    br#"{"url":"http://h/","auth":{"user":"u","passwort":"sesame"}}"#,
    br#"{"url":"http://h/","auth":{"user":"sesame:","password":"sesame"}}"#,
    br#"{"url":"http://h/","method":"GET sesame"}"#,
    br#"{"url":"http://h/","retry":"sesame"}"#,
    br#"{"url":"http://h/","accept":["sesame"]}"#,
    br#"{"url":"http://h/","body_base64":"sesame?"}"#,
    br#"{"url":"http://h/","output_file":"../sesame"}"#,
    br#"{"url":"http://h/","output_file":"sesame"}"#,
    br#"{"url":"http://h/?a=sesame","body":"sesame","json":"sesame"}"#,
    br#"{"url":"http://h/?a=sesame","params":{"a":"sesame"},}"#,
    br#"{"url":"http://h/","headers":{"Authorization":"Bearer sesame"#,
    br#"{"url":"http://h/","body":sesame}"#,
    br#"{"url":"http://h/" "sesame":1}"#,
    br#"{"url":{"password":"sesame"}}"#,
    br#"{"url":"http://u:sesame@h:99999/","body":"sesame"}"#,
    br#"{"url":"http://sesame:sesame@h:x/?q=sesame#sesame"}"#,
    br#"{"v":1,"request":{"url":"http://h/?a=sesame","colour":"sesame"}}"#,
    br#""http://u:sesame@h h/""#,
    br#""http://u:sesame"#,
    br#"["sesame"]"#,
    b"http://u:sesame@h:99999/",
    b"http://u:sesame/sesame@h/",
    b"http://u:sesame?sesame#@h/",
    b"http:u:sesame@h:99999/?sesame",
    b"\\\\u:sesame@h/",
    b"u:sesame@h/",
    b"ftp://u:sesame@h/?sesame",
    b"sesame://h/",
    b"http://u:sesame",
    b"http://h:sesame/",
    b"http://h:99999/?mail=a@sesame",
    b"http://h/a Authorization: sesame",
    b"http://h/a mail to me@sesame",
    b"password=sesame",
    b"http://u:sesame\xff@h/",
    b"{\"url\":\"http://h/\",\"body\":\"sesame\xff\"}",
    br#"{"url":"http://sesame"@h/"}"#,
    br#"{"url":"sesame"], "body":"sesame"}"#,
    b"//u:a@sesame}/p?sesame",
    b"\xffhttp://u:12345678sesame@h/",
];

fn bad_list(folder: &Folder) -> String {
    let mut text = LINES.join(&b'\n');
    text.push(b'\n');
    folder.file("list", text)
}

#[test]
fn only_harmless_parts_of_a_bad_line_are_shown() {
    let folder = Folder::new();
    let list = bad_list(&folder);
    for (number, failures) in ["log.jsonl", "log.db"].into_iter().enumerate() {
        let results = folder.at(&format!("results{number}"));
        let done = haul(["-vv", "--ordered", "-o", &results])
            .and(["--failures", &folder.at(failures)])
            .and(["--summary-json", &folder.at(&format!("summary{number}"))])
            .and([&list])
            .done()
            .exits(1);
        assert_eq!(done.stdout, "");
        assert!(!done.stderr.contains(SECRET), "{}", done.stderr);
    }
    let records = folder.records("results0");
    assert_eq!(records.len(), LINES.len());
    for (number, record) in records.iter().enumerate() {
        assert_eq!(record["error_type"], "invalid_request", "{record}");
        assert_eq!(
            (&record["source"], &record["line"]),
            (&json!(list), &json!(number + 1))
        );
    }
    let mut files = 0;
    for path in folder
        .paths()
        .into_iter()
        .filter(|path| !path.ends_with("list"))
    {
        let bytes = std::fs::read(&path).unwrap();
        let shown = bytes
            .windows(SECRET.len())
            .any(|part| part == SECRET.as_bytes());
        assert!(!shown, "{}", path.display());
        files += 1;
    }
    assert!(files >= 5, "{files} files");
}

#[test]
fn a_dry_run_shows_no_more_of_them() {
    let folder = Folder::new();
    let list = bad_list(&folder);
    let done = haul(["--dry-run", &list]).done().exits(1);
    assert_eq!(done.stdout, "");
    assert!(!done.stderr.contains(SECRET), "{}", done.stderr);
    assert_eq!(done.stderr.lines().count(), LINES.len());
}

#[test]
fn place_position_and_shown_text_are_fields_of_their_own() {
    for (line, message, position, text, url, format) in [
        (
            r#"{"url":"http://h/a?b=1","colour":"red"}"#,
            "the request has an unknown key",
            34,
            "colour",
            "http://h/a***",
            "JSON Lines",
        ),
        (
            r#"  {"url":"http://h/","retry":x}"#,
            "not JSON: expected value",
            30,
            "retry",
            "http://h/",
            "JSON Lines",
        ),
        (
            "http://u:p@h:0/a",
            "the port is no number between 1 and 65535",
            14,
            "http://***@h:0/a",
            "http://***@h:0/a",
            "URLs",
        ),
        (
            "example.com/a?b",
            "the URL has no scheme (http:// or https://)",
            1,
            "example.com/a***",
            "example.com/a***",
            "URLs",
        ),
    ] {
        let done = haul(["-"]).input(line).done().exits(1);
        let result = &done.results()[0];
        assert_eq!(result["error_msg"], message);
        assert_eq!(result["error_position"], position, "{result}");
        assert_eq!(
            (&result["error_text"], &result["url"]),
            (&json!(text), &json!(url))
        );
        done.says(&format!(
            "haul: stdin:1: {message}: \"{text}\" ({format}, column {position})"
        ));
    }
}

#[test]
fn equal_mistakes_are_one_row_whatever_the_lines_hold() {
    let folder = Folder::new();
    let mut text = String::new();
    for n in 0..20 {
        text += &format!("http://host-{n}:x{n}/{n}\n");
        text += &format!(
            "{}{{\"url\":\"http://h/{n}\",\"key{n}\":{n}}}\n",
            " ".repeat(n)
        );
        text += &format!("{{\"url\":\"http://h/{n}\",\"headers\":{{\"bad {n}\":\"{n}\"}}}}\n");
        text += &format!("{{\"url\":\"http://h/{n}\",\"retry\":-{}}}\n", n + 1);
        text += &format!("scheme{n}://h/\n");
        text += &format!("{{\"url\":\"http://h/{n}\",\"require\":{{\"code{n}\":0}}}}\n");
    }
    let list = folder.file("list", text);
    haul(["--summary-json", &folder.at("summary"), &list])
        .done()
        .exits(1);
    let summary: Value = serde_json::from_str(&folder.read("summary")).unwrap();
    let top = summary["top_errors"].as_array().unwrap();
    let counts: Vec<_> = top
        .iter()
        .map(|error| error["count"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [20; 6], "{top:#?}");
}

fn targets(server: &Server) -> Vec<String> {
    server
        .seen()
        .iter()
        .map(|seen| seen.target.clone())
        .collect()
}

#[test]
fn a_line_of_a_file_is_sent_again_from_its_file_once_that_is_mended() {
    for log in ["log.jsonl", "log.db"] {
        let (server, folder) = (Server::always(Answer::text("")), Folder::new());
        let bad = format!(
            "# a list\n{}\n\nnowhere?secret\n{}\n",
            json!({"url": server.url("/2?q=a"), "colour": 1}),
            json!({"url": "http://h:x/", "body": "b"}),
        );
        folder.file("list", bad);
        let first = haul(["list", "--failures", log])
            .current_dir(&folder)
            .done();
        assert_eq!(first.exits(1).results().len(), 3);
        let again = |options: &[&str]| {
            haul(options.iter().chain(&["--ordered", log]))
                .current_dir(&folder)
                .done()
        };
        let still = again(&[]).exits(1);
        let mut lines: Vec<_> = still.results().iter().map(|r| r["line"].as_u64()).collect();
        lines.sort_unstable();
        assert_eq!(lines, [Some(2), Some(4), Some(5)], "{log}");
        assert!(
            still
                .results()
                .iter()
                .all(|result| result["source"] == "list")
        );
        // The fault may have been a setting.
        again(&["--lenient", "--base-url", &server.url("/base/")]).exits(1);
        let mut seen = targets(&server);
        seen.sort();
        assert_eq!(seen, ["/2?q=a", "/base/nowhere?secret"], "{log}");
        let mended = format!("\n{0}\n\n{0}\n{0}\n", server.url("/mended?q"));
        folder.file("list", mended);
        again(&[]).exits(0);
        assert_eq!(targets(&server)[2..], ["/mended?q"; 3], "{log}");
    }
}

#[test]
fn a_line_whose_file_is_gone_is_never_sent_in_part() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let line = json!({"url": server.url("/a"), "metod": "DELETE"}).to_string();
    folder.file("list", &line);
    haul(["list", "--failures", "log.jsonl"])
        .current_dir(&folder)
        .done()
        .exits(1);
    std::fs::remove_file(folder.at("list")).unwrap();
    let again = || haul(["log.jsonl"]).current_dir(&folder).done().exits(1);
    let message = again().results()[0]["error_msg"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        message.starts_with("the line that the failure log names cannot be read again: "),
        "{message}"
    );
    std::fs::create_dir(folder.at("list")).unwrap();
    again().says("it is no file");
    assert_eq!(server.requests(), 0);
}

#[test]
fn lines_of_standard_input_are_kept_where_that_is_asked_for() {
    for log in ["log.jsonl", "log.db"] {
        let (server, folder) = (Server::always(Answer::text("")), Folder::new());
        let mut input = format!(
            "{}\n/relative?key=sesame\n",
            json!({"url": server.url("/1"), "colour": "sesame", "body": "sesame"})
        )
        .into_bytes();
        input.extend(b"{\"url\":\"sesame\xff\"}\n");
        let run = |options: &[&str]| -> Done {
            let log = folder.at(log);
            haul(options.iter().copied().chain(["--failures", &log, "-"]))
                .input(input.clone())
                .done()
        };
        run(&["--overwrite"]).exits(1);
        let lenient = |folder: &Folder| {
            haul(["--lenient", "--ordered", "--base-url", &server.url("/")])
                .and(["-X", "PUT", &folder.at(log)])
                .done()
        };
        lenient(&folder).exits(1);
        assert_eq!(server.requests(), 0, "{log}");
        let folder = Folder::new();
        let log_file = folder.at(log);
        haul(["--keep-bad-lines", "--failures", &log_file, "-"])
            .input(input.clone())
            .done()
            .exits(1);
        let done = lenient(&folder).exits(1);
        let mut seen: Vec<_> = server
            .seen()
            .iter()
            .map(|seen| {
                (
                    seen.target.clone(),
                    String::from_utf8_lossy(&seen.body).into_owned(),
                )
            })
            .collect();
        seen.sort();
        let expected = [("/1", "sesame"), ("/relative?key=sesame", "")];
        assert_eq!(
            seen,
            expected.map(|(a, b)| (a.to_owned(), b.to_owned())),
            "{log}"
        );
        let bad: Vec<_> = done
            .results()
            .into_iter()
            .filter(|r| r["outcome"] == "failed")
            .collect();
        assert_eq!(bad.len(), 1);
        assert_eq!(
            (&bad[0]["error_msg"], &bad[0]["error_position"]),
            (&json!("not UTF-8"), &json!(15))
        );
    }
}

#[test]
fn a_kept_line_is_in_the_failure_log_alone() {
    let folder = Folder::new();
    let line = r#"{"url":"http://h/","colour":"sesame"}"#;
    let (log, results) = (folder.at("log.jsonl"), folder.at("results"));
    let done = haul([
        "-vv",
        "--keep-bad-lines",
        "--failures",
        &log,
        "-o",
        &results,
        "-",
    ])
    .input(format!("{line}\n"))
    .done()
    .exits(1);
    let request = &folder.records("log.jsonl")[0]["request"];
    assert_eq!(request["raw_line"], line);
    assert_eq!(request["invalid"], "the request has an unknown key");
    assert!(!folder.read("results").contains(SECRET));
    assert!(!done.stderr.contains(SECRET));
    haul(["--keep-bad-lines", "-"])
        .done()
        .exits(2)
        .says("--failures");
}
