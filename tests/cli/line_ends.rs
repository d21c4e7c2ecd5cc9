//! CR, LF and NUL in parts of a request: none of them ends a line of the message on the wire.

use serde_json::{Value, json};
use test_support::{Answer, Scenario};

use super::command::haul;

#[test]
fn a_line_end_in_a_method_a_header_or_a_credential_is_an_invalid_request() {
    let server = Scenario::new().on("/*", Answer::text("fine")).start();
    let url = server.url("/");
    let mut lines: Vec<Value> = Vec::new();
    for end in ["\r\n", "\n", "\r", "\0"] {
        let bad = format!("a{end}X-Injected: 1");
        lines.extend([
            json!({"url": url, "method": format!("GET{end}")}),
            json!({"url": url, "method": bad}),
            json!({"url": url, "headers": {"X-One": bad}}),
            json!({"url": url, "headers": {"X-One": ["fine", bad]}}),
            json!({"url": url, "headers": {bad.clone(): "x"}}),
            json!({"url": url, "auth": {"user": bad, "password": "p"}}),
            json!({"url": url, "auth": {"user": "u", "password": bad}}),
            json!({"url": url, "auth": {"bearer": bad}}),
            json!({"v": 1, "request": {"url": url, "headers": {"Cookie": bad}}}),
        ]);
    }
    for escaped in ["%0d%0a", "%0A", "%00"] {
        let with_user = url.replace("://", &format!("://u{escaped}:p@"));
        lines.push(json!({"url": with_user}));
    }
    for method in ["CONNECT", "connect", "Connect"] {
        lines.push(json!({"url": url, "method": method}));
    }
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let done = haul(["--ordered", "-"]).input(input).done().exits(1);
    let results = done.results();
    assert_eq!(results.len(), lines.len());
    for (result, line) in results.iter().zip(&lines) {
        assert_eq!(result["error_type"], "invalid_request", "{line}");
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_line_end_in_a_url_does_not_reach_the_server() {
    let server = Scenario::new().on("/*", Answer::text("fine")).start();
    let url = server.url("/a");
    let ends = [
        "\r\nX-Injected: 1\r\n\r\n",
        "\nX-Injected: 1",
        "\r",
        "\0",
        "?q=\r\nX-Injected: 1",
        "#\r\nX-Injected: 1",
    ];
    let lines = ends.map(|end| json!({"url": format!("{url}{end}")}));
    let params = json!({"url": url, "params": {"a\r\nX-Injected: 1": "b\r\nX-Injected: 1\0"}});
    let input: String = lines
        .iter()
        .chain([&params])
        .map(|line| format!("{line}\n"))
        .collect();
    let done = haul(["-"]).input(input).done().exits(0);
    assert_eq!(done.results().len(), ends.len() + 1);
    for seen in server.seen() {
        assert_eq!(seen.header("x-injected"), None, "{}", seen.path());
        assert!(!seen.path().contains(['\r', '\n', '\0']));
    }
    assert_eq!(server.requests(), ends.len() + 1);
}
