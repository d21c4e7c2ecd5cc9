//! Lines of input that are sent, and come back, as they are written.

use super::command::{Folder, haul};
use super::wire::Becomes::{Refused, Sent};
use super::wire::{Wire, sends};

const JSON: &[&str] = &["content-type: application/json"];
const FORM: &[&str] = &["content-type: application/x-www-form-urlencoded"];

#[test]
fn json_is_sent_as_it_is_written() {
    sends(
        &[],
        &[
            (
                r#"{"url":"U/digits","json":{"id":12345678901234567890123,"price":0.1000000000000000055511151231257827,"tax":19.00,"big":1e999,"neg":-0.0,"exp":1E+5}}"#,
                Sent(
                    "POST /digits",
                    JSON,
                    r#"{"id":12345678901234567890123,"price":0.1000000000000000055511151231257827,"tax":19.00,"big":1e999,"neg":-0.0,"exp":1E+5}"#,
                ),
            ),
            (
                r#"{"json":{"z":1,"a":{"y":2,"b":3},"m":[]},"url":"U/order"}"#,
                Sent("POST /order", JSON, r#"{"z":1,"a":{"y":2,"b":3},"m":[]}"#),
            ),
            (
                r#"{"url":"U/repeated","json":{"a":1,"a":2,"a":1}}"#,
                Sent("POST /repeated", JSON, r#"{"a":1,"a":2,"a":1}"#),
            ),
            (
                r#"{"url":"U/escapes","json":["\u00e9\/\ud83d\ude00","é","\ud800"]}"#,
                Sent(
                    "POST /escapes",
                    JSON,
                    r#"["\u00e9\/\ud83d\ude00","é","\ud800"]"#,
                ),
            ),
            (
                r#"{"url":"U/blanks","json":  { "a" : [ 1 ,2 ] }  }"#,
                Sent("POST /blanks", JSON, r#"{ "a" : [ 1 ,2 ] }"#),
            ),
            (
                r#"{"url":"U/raw","json":{"$serde_json::private::RawValue":"1"}}"#,
                Sent(
                    "POST /raw",
                    JSON,
                    r#"{"$serde_json::private::RawValue":"1"}"#,
                ),
            ),
            (
                r#"{"url":"U/scalar","json":"text","method":"PUT"}"#,
                Sent("PUT /scalar", JSON, r#""text""#),
            ),
            (
                r#"{"url":"U/null","json":[null,{"a":null}]}"#,
                Sent("POST /null", JSON, r#"[null,{"a":null}]"#),
            ),
            (
                r#"{"url":"U/typed","json":1.0,"headers":{"Content-Type":"application/vnd.api+json"}}"#,
                Sent(
                    "POST /typed",
                    &["content-type: application/vnd.api+json"],
                    "1.0",
                ),
            ),
            (
                r#"{"url":"U/torn","json":{"a":1}"#,
                Refused("not JSON: it ends too early"),
            ),
            (
                r#"{"url":"U/bad","json":{"a":01}}"#,
                Refused("not JSON: invalid number"),
            ),
            (
                r#"{"url":"U/two","json":1,"form":{}}"#,
                Refused("only one of json and form can be given"),
            ),
        ],
    );
}

#[test]
fn json_of_the_option_is_sent_as_it_is_written() {
    let given = r#"{"b": 19.00, "a": 12345678901234567890123, "b": "\u00e9\/"}"#;
    sends(
        &["--json", given],
        &[
            ("U/url", Sent("POST /url", JSON, given)),
            (
                r#"{"url":"U/line","id":1}"#,
                Sent("POST /line", JSON, given),
            ),
            (
                r#"{"url":"U/null","json":null}"#,
                Sent("POST /null", JSON, given),
            ),
            (
                r#"{"url":"U/own","json":1.50}"#,
                Sent("POST /own", JSON, "1.50"),
            ),
            (
                r#"{"url":"U/other","body":"x"}"#,
                Sent("POST /other", &[], "x"),
            ),
        ],
    );
    let folder = Folder::new();
    let lines = "\u{feff}{\n  \"a\": 1.0\n}\n";
    let file = folder.file("body.json", lines);
    let body = lines.trim_start_matches('\u{feff}').trim();
    sends(
        &["--json", &format!("@{file}")],
        &[("U/file", Sent("POST /file", JSON, body))],
    );
    sends(&["--json", "null"], &[("U/", Sent("POST /", JSON, "null"))]);
    let said = haul(["--json", "{a:1}", "http://127.0.0.1:9/"])
        .done()
        .exits(2);
    said.says("haul: --json: not JSON: key must be a string, at byte 2");
}

#[test]
fn parameters_and_forms_keep_the_order_of_the_input() {
    sends(
        &[],
        &[
            (
                r#"{"url":"U/p","params":{"z":"1","a":"2","m":"3"}}"#,
                Sent("GET /p?z=1&a=2&m=3", &[], ""),
            ),
            (
                r#"{"url":"U/p?q=0","params":{"b":[3,1,2],"a":"x y&"}}"#,
                Sent("GET /p?q=0&b=3&b=1&b=2&a=x%20y%26", &[], ""),
            ),
            (
                r#"{"url":"U/p","params":{"b":1.50,"a":true,"b":"é","c":12345678901234567890}}"#,
                Sent(
                    "GET /p?b=1.50&a=true&b=%C3%A9&c=12345678901234567890",
                    &[],
                    "",
                ),
            ),
            (
                r#"{"url":"U/p","params":{"a":null,"b":[null,1,null],"c":[]}}"#,
                Sent("GET /p?b=1", &[], ""),
            ),
            (
                r#"{"url":"U/f","form":{"z":1,"a":[false,"x y"],"m":null,"z":2.0}}"#,
                Sent("POST /f", FORM, "z=1&a=false&a=x%20y&z=2.0"),
            ),
            (r#"{"url":"U/f","form":{}}"#, Sent("POST /f", FORM, "")),
            (
                r#"{"url":"U/p","params":{"a":{"b":1}}}"#,
                Refused(
                    r#"params: text, a number, true or false, or a list of these is expected, not an object"#,
                ),
            ),
            (
                r#"{"url":"U/f","form":[["a",1]]}"#,
                Refused("form: an object of names and values is expected, not a list"),
            ),
        ],
    );
}

#[test]
fn a_method_keeps_its_case_unless_it_is_a_standard_one() {
    let mut rows = Vec::new();
    for (given, sent) in [
        ("get", "GET"),
        ("head", "HEAD"),
        ("post", "POST"),
        ("put", "PUT"),
        ("patch", "PATCH"),
        ("delete", "DELETE"),
        ("options", "OPTIONS"),
        ("trace", "TRACE"),
        ("Patch", "PATCH"),
        ("purge", "purge"),
        ("PURGE", "PURGE"),
        ("PropFind", "PropFind"),
    ] {
        let line = format!(r#"{{"url":"U/","method":"{given}"}}"#);
        rows.push((line, format!("{sent} /")));
        sends(
            &["-X", given],
            &[("U/", Sent(&format!("{sent} /"), &[], ""))],
        );
    }
    let rows: Vec<_> = rows
        .iter()
        .map(|(line, start)| (line.as_str(), Sent(start, &[], "")))
        .collect();
    sends(&[], &rows);
    sends(
        &[],
        &[
            (
                r#"{"url":"U/","method":"GE T"}"#,
                Refused("the method is not valid"),
            ),
            (
                r#"{"url":"U/","method":""}"#,
                Refused("the method is not valid"),
            ),
            (
                r#"{"url":"U/","method":["GET"]}"#,
                Refused("method: text is expected, not a list"),
            ),
        ],
    );
}

#[test]
fn ids_and_tags_come_back_to_the_last_digit() {
    let wire = Wire::start();
    let url = wire.url("/");
    for (id, back) in [
        ("12345678901234567890123", "12345678901234567890123"),
        ("1.50", "1.50"),
        ("-7", "-7"),
        (r#""00\u0007\u001b[31m\u202e""#, "00\u{7}\u{1b}[31m\u{202e}"),
        ("\"\u{7f}\u{9b}余\u{1f600}\"", "\u{7f}\u{9b}余\u{1f600}"),
    ] {
        let tag = format!(r#"{{"b":{id},"a":[1.0,0.10,1E5,"\u00e9\/"],"b":null}}"#);
        for line in [
            format!(r#"{{"url":"{url}","id":{id},"tag":{tag}}}"#),
            // This line is refused for another reason.
            format!(r#"{{"url":"{url}","custom_id":{id},"tag":{tag},"colour":1}}"#),
        ] {
            let done = haul(["-"]).input(line.clone()).done();
            assert_eq!(done.results()[0]["id"], back, "{line}");
            let kept = done.stdout.contains(&format!(r#""tag":{tag}"#));
            assert_eq!(kept, !line.contains("colour"), "{}", done.stdout);
        }
    }
}

#[test]
fn a_dry_run_shows_tags_as_they_are_written() {
    let tag = r#"{"b":1.50,"a":12345678901234567890123}"#;
    let line = format!(r#"{{"url":"http://127.0.0.1:9/","tag":{tag}}}"#);
    let done = haul(["--dry-run", "-"]).input(line).done().exits(0);
    assert!(
        done.stdout.contains(&format!(r#""tag":{tag}"#)),
        "{}",
        done.stdout
    );
}

#[test]
fn a_failed_request_is_sent_again_byte_for_byte() {
    let folder = Folder::new();
    let wire = Wire::start();
    let json = r#"{"b":19.00,"a":12345678901234567890123,"b":"\u00e9\/"}"#;
    let lines = [
        format!(
            r#"{{"url":"{}","id":12345678901234567890123,"tag":{json},"json":{json},"params":{{"b":1,"a":[2,3],"b":4.0}},"headers":{{"Accept":null,"X":[1.0,"b"],"user-agent":null}}}}"#,
            wire.url("/a")
        ),
        format!(
            r#"{{"url":"{}","form":{{"b":1,"a":2,"b":3}},"headers":{{"Content-Type":null}},"method":"patch"}}"#,
            wire.url("/b")
        ),
        format!(
            r#"{{"url":"{}","headers":{{"Range":"bytes=0-9"}}}}"#,
            wire.url("/c")
        ),
    ];
    let log = folder.at("failures.jsonl");
    let arguments = [
        "--accept",
        "500",
        "--failures",
        &log,
        "-j1",
        "--ordered",
        "-",
    ];
    haul(arguments).input(lines.join("\n")).done().exits(1);
    let first = wire.take();
    assert_eq!(first.len(), 3);
    let done = haul(["-j1", "--ordered", &log]).done().exits(0);
    assert_eq!(wire.take(), first);
    let result = &done.results()[0];
    assert_eq!(result["id"], "12345678901234567890123");
    assert!(done.stdout.contains(&format!(r#""tag":{json}"#)));
}
