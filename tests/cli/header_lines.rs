//! Header lines that are added, repeated and left out: the bytes on the wire.

use super::command::{Folder, haul};
use super::wire::Becomes::{Refused, Sent};
use super::wire::{Wire, sends, shown};

#[test]
fn each_header_option_changes_one_line() {
    let url = [("U/", Sent("GET /", &[][..], ""))];
    let with = |options: &[&str], head: &[&str]| {
        let [(line, _)] = url;
        sends(options, &[(line, Sent("GET /", head, ""))]);
    };
    with(
        &["-H", "X-Tag: one", "-H", "x-tag: two", "-H", "X-Tag:three"],
        &["x-tag: one", "x-tag: two", "x-tag: three"],
    );
    with(
        &["-H", "Accept: text/html", "-H", "Accept: text/plain"],
        &["accept: text/html", "accept: text/plain"],
    );
    with(&["-H", "User-Agent: a"], &["user-agent: a"]);
    with(&["-A", "a", "-H", "User-Agent: b"], &["user-agent: b"]);
    with(
        &["-u", "a:b", "-H", "Authorization: c"],
        &["authorization: c"],
    );
    with(&["-b", "a=1", "-H", "Cookie: b=2"], &["cookie: b=2"]);
    with(&["-H", "Accept:"], &["no accept"]);
    with(
        &["-H", "accept-encoding: ", "-H", "Accept:\t"],
        &["no accept", "no accept-encoding"],
    );
    with(
        &[
            "-H",
            "Accept:",
            "-H",
            "Accept-Encoding:",
            "-H",
            "User-Agent:",
        ],
        &["no user-agent", "no accept", "no accept-encoding"],
    );
    with(&["-A", ""], &["no user-agent"]);
    with(&["-A", "a", "-H", "User-Agent:"], &["no user-agent"]);
    with(
        &[
            "-u",
            "a:b",
            "-b",
            "c=d",
            "-H",
            "Authorization:",
            "-H",
            "Cookie:",
        ],
        &[],
    );
    with(&["-H", "X:", "-H", "X: 1"], &["x: 1"]);
    with(&["-H", "X-Empty;"], &["x-empty: "]);
    with(&["-H", "X-Not-There:"], &[]);
}

#[test]
fn null_under_a_headers_name_removes_it_from_every_hop() {
    let rows = |method: &str, body: &str| {
        let all = ["no user-agent", "no accept", "no accept-encoding"];
        for (headers, told) in [
            (r#"{"Accept":null}"#, &["no accept"][..]),
            (r#"{"accept-encoding":null}"#, &["no accept-encoding"]),
            (
                r#"{"User-Agent":null,"ACCEPT":null,"Accept-Encoding":null}"#,
                &all,
            ),
            (r#"{"X-Default":null,"x":1}"#, &["x: 1"]),
            (
                r#"{"Accept-Encoding":"identity","Accept":"a"}"#,
                &["accept-encoding: identity", "accept: a"],
            ),
        ] {
            for (path, targets) in [("/a", &["/a"][..]), ("/from", &["/from", "/to"])] {
                let wire = Wire::start();
                let line = format!(
                    r#"{{"url":"{}","method":"{method}","headers":{headers}{body}}}"#,
                    wire.url(path)
                );
                haul(["-"]).input(line).done().exits(0);
                let seen = wire.take();
                assert_eq!(seen.len(), targets.len());
                for (request, target) in seen.iter().zip(targets) {
                    let (start, head, _) = shown(request);
                    assert_eq!(start, format!("{method} {target}"));
                    let head: Vec<_> = head.lines().collect();
                    for line in told {
                        assert!(head.contains(line), "{headers}: {request}");
                    }
                    assert_eq!(head.len(), told.len(), "{headers}: {request}");
                }
            }
        }
    };
    rows("GET", "");
    rows("PUT", r#","body":"x""#);
}

#[test]
fn the_type_of_a_body_can_be_replaced_and_removed() {
    let url = "U/";
    let json = r#"{"url":"U/","json":1}"#;
    let form = r#"{"url":"U/","form":{"a":1}}"#;
    sends(
        &["-H", "Content-Type:"],
        &[
            (json, Sent("POST /", &[], "1")),
            (form, Sent("POST /", &[], "a=1")),
            (
                r#"{"url":"U/","json":1,"headers":{"Content-Type":"a/b"}}"#,
                Sent("POST /", &["content-type: a/b"], "1"),
            ),
        ],
    );
    sends(
        &["-H", "Content-Type: a/b", "--json", "[1.0]"],
        &[
            (url, Sent("POST /", &["content-type: a/b"], "[1.0]")),
            (json, Sent("POST /", &["content-type: a/b"], "1")),
        ],
    );
    sends(
        &["--json", "1"],
        &[(
            r#"{"url":"U/","headers":{"content-type":null}}"#,
            Sent("POST /", &[], "1"),
        )],
    );
}

#[test]
fn the_question_before_a_large_body_can_be_removed() {
    let folder = Folder::new();
    let large = folder.file("large", vec![b'x'; (1 << 20) + 1]);
    let line =
        |headers: &str| format!(r#"{{"url":"U/","body_file":{large:?},"headers":{headers}}}"#);
    let wire = Wire::start();
    let told = |options: &[&str], headers: &str| {
        let line = line(headers).replace("\"U/", &format!("\"{}", wire.url("/")));
        haul(options.iter().chain(&["-"]))
            .input(line)
            .done()
            .exits(0);
        shown(&wire.take()[0]).1
    };
    assert_eq!(told(&[], "{}"), "expect: 100-continue");
    assert_eq!(told(&[], r#"{"Expect":null}"#), "");
    assert_eq!(told(&["-H", "Expect:"], "{}"), "");
}

#[test]
fn a_header_that_frames_the_message_cannot_be_removed() {
    for name in ["Host", "content-length", "Transfer-Encoding", "CONNECTION"] {
        let option = format!("{name}:");
        let lower = name.to_lowercase();
        haul(["-H", &option, "http://127.0.0.1:9/"])
            .done()
            .exits(2)
            .says(&format!(
                "haul: -H/--header: the header {lower} frames the message and cannot be left out"
            ));
        let line = format!(r#"{{"url":"U/","headers":{{"{name}":null}}}}"#);
        let message = format!("the header {lower} frames the message and cannot be left out");
        sends(
            &[],
            &[
                (&line, Refused(&message)),
                ("U/good", Sent("GET /good", &[], "")),
            ],
        );
    }
}

#[test]
fn a_request_for_a_part_offers_no_coding() {
    const PART: &[&str] = &["range: bytes=0-99", "no accept-encoding"];
    sends(
        &["-H", "Range: bytes=0-99"],
        &[("U/", Sent("GET /", PART, ""))],
    );
    sends(
        &[],
        &[
            (
                r#"{"url":"U/","headers":{"range":"bytes=0-99"}}"#,
                Sent("GET /", PART, ""),
            ),
            (
                r#"{"url":"U/","method":"PUT","body":"x","headers":{"Range":"bytes=0-99"}}"#,
                Sent("PUT /", PART, "x"),
            ),
            (
                r#"{"url":"U/","headers":{"Range":"bytes=0-99","Accept-Encoding":"identity"}}"#,
                Sent(
                    "GET /",
                    &["range: bytes=0-99", "accept-encoding: identity"],
                    "",
                ),
            ),
            (
                r#"{"url":"U/","headers":{"Range":null}}"#,
                Sent("GET /", &[], ""),
            ),
        ],
    );
    let both = ["-H", "Range: bytes=0-99", "-H", "Accept-Encoding: identity"];
    let head = ["range: bytes=0-99", "accept-encoding: identity"];
    sends(&both, &[("U/", Sent("GET /", &head, ""))]);
}
