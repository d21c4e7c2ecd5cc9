//! Characters that steer a terminal: unchanged in records, and escaped everywhere else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use test_support::{Answer, Server};

use super::command::{Folder, haul};

#[test]
fn bodies_of_any_characters_come_back_exactly() {
    for body in [
        &b"\0\x07\x1b[31m\x7f\r\n\t"[..],
        "\u{feff}bom \u{9b}31m \u{202e}\u{2028}\u{e0041} 余 \u{1f600}".as_bytes(),
        b"\xff\xfe\xc3",
        b"\"\\\"",
    ] {
        let body = body.to_vec();
        let server = Server::always(Answer::text("").body(body.clone()));
        let result = &haul([server.url("/")]).done().exits(0).results()[0];
        let kept = match result["body_encoding"].as_str() {
            Some("utf8") => result["body"].as_str().unwrap().as_bytes().to_vec(),
            _ => STANDARD.decode(result["body"].as_str().unwrap()).unwrap(),
        };
        assert_eq!(kept, body, "{result}");
    }
}

#[test]
fn control_characters_reach_no_message_and_no_log_line() {
    let folder = Folder::new();
    let name = "bad\u{1b}[31m\u{9b}2J\u{202e}\nname";
    let list = folder.file(
        name,
        format!(
            "{}\n{}\n{}\n",
            json!({"url": "http://127.0.0.1:1/", "id": "a\u{1b}[31m\u{9b}\nforged: line", "retry": 0}),
            json!({"url": "x\u{1b}[31m\u{9b}\u{202e}"}),
            json!({"url": "http://h/", "col\u{1b}our\u{9b}\u{202e}": 1}),
        ),
    );
    let done = haul(["-vv", "--lenient", &list]).done().exits(1);
    let hidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!done.stderr.contains(hidden), "{:?}", done.stderr);
    assert!(!done.stderr.contains("\nforged"), "{:?}", done.stderr);
    assert!(!done.stderr.contains("\nname"), "{:?}", done.stderr);
    let id: Vec<_> = done.results().iter().map(|r| r["id"].clone()).collect();
    assert!(id.contains(&Value::from("a\u{1b}[31m\u{9b}\nforged: line")));
    let missing = haul(["no\u{1b}[31m\u{9b}\u{202e}\nfile"]).done().exits(2);
    assert!(
        !missing
            .stderr
            .trim_end()
            .contains(|c: char| hidden(c) || c == '\n')
    );
    let option = haul(["--rate", "\u{1b}[31m\u{9b}", "http://h/"])
        .done()
        .exits(2);
    assert!(!option.stderr.contains(hidden), "{:?}", option.stderr);
}
