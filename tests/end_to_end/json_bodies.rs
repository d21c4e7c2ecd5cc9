//! Bodies that are to be JSON: the charset in which they are read, and the part of them that is checked.

use haul::{ErrorType, Rejection, Request};
use serde_json::{Value, json};
use test_support::{Answer, Server, client, error};

/// Starts a server that sends these bytes with this content type.
fn serving(content_type: &str, body: impl Into<Vec<u8>>) -> Server {
    let answer = Answer::status(200).header("Content-Type", content_type);
    Server::always(answer.body(body))
}

/// Checks the response in each way that there is: `expect_json`, `require`, and the three methods of a response. True
/// if it is JSON.
#[track_caller]
fn is_json(content_type: &str, body: &[u8]) -> bool {
    let server = serving(content_type, body);
    let get = || Request::get(server.url("/"));
    let client = client(1);
    let response = client.send(get()).into_result().unwrap();
    let expected = client.send(get().expect_json(true));
    let required = client.send(get().require("", json!("no such value")));
    let ways = [
        expected.is_success(),
        required.is_rejected(),
        response.json::<Value>().is_ok(),
        response.value().is_ok(),
        response.pointer("").is_ok(),
    ];
    for outcome in [&expected, &required]
        .into_iter()
        .filter(|outcome| outcome.is_failed())
    {
        assert_eq!(error(outcome).error_type(), ErrorType::Decode);
    }
    assert!(
        ways.iter().all(|way| *way == ways[0]),
        "{ways:?} for {body:?}"
    );
    ways[0]
}

#[test]
fn json_that_is_not_utf8_is_a_decode_failure() {
    for body in [
        &b"{\"name\":\"caf\xe9\"}"[..],
        b"{\"caf\xe9\":1}",
        b"[\"\xc0\xaf\"]",
        b"[\"\xed\xa0\x80\"]",
        b"[\"\xf5\x80\x80\x80\"]",
        b"[\"a\xe4\xb8\"]",
        b"\xff\xfe[\0]\0",
    ] {
        for kind in [
            "application/json",
            "text/plain; charset=utf-8",
            "",
            "application/json; charset=nonsense",
        ] {
            assert!(!is_json(kind, body), "{kind}");
        }
    }
}

#[test]
fn a_byte_order_mark_is_skipped_only_before_json() {
    assert!(is_json(
        "application/json",
        b"\xef\xbb\xbf{\"a\":\"\xe4\xbd\x99\"}"
    ));
    assert!(is_json(
        "application/json; charset=UTF-8",
        b"\xef\xbb\xbf[]"
    ));
    assert!(!is_json("application/json", b"\xef\xbb\xbf\xef\xbb\xbf[]"));
    assert!(!is_json("application/json", b"[\xef\xbb\xbf]"));
}

#[cfg(feature = "charset")]
#[test]
fn json_in_a_charset_that_the_header_names_is_decoded_first() {
    for (charset, body, name) in [
        ("gbk", &b"{\"name\":\"\xd3\xe0\xb6\xee\"}"[..], "余额"),
        ("\"ISO-8859-1\"", b"{\"name\":\"caf\xe9\"}", "café"),
        ("Shift_JIS", b"{\"name\":\"\x8e\x9a\"}", "字"),
        ("windows-1251", b"{\"name\":\"\xe4\xe0\"}", "да"),
    ] {
        let kind = format!("application/json; charset={charset}");
        assert!(is_json(&kind, body), "{charset}");
        let server = serving(&kind, body);
        let request = Request::get(server.url("/")).require("/name", name);
        let outcome = client(1).send(request);
        let response = outcome.success().expect(charset);
        assert_eq!(response.value().unwrap()["name"], name);
        assert_eq!(response.pointer("/name").unwrap().unwrap(), name);
    }
    let utf16: Vec<u8> = "\u{feff}{\"a\":1}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(is_json("application/json; charset=utf-16", &utf16));
    assert!(!is_json("application/json; charset=gbk", b"[\"\xff\xff\"]"));
    assert!(!is_json(
        "application/json; charset=Shift_JIS",
        b"[\"\x81\"]"
    ));
}

#[cfg(not(feature = "charset"))]
#[test]
fn without_the_feature_json_is_utf8_whatever_the_header_names() {
    assert!(!is_json("application/json; charset=gbk", b"[\"\xd3\xe0\"]"));
    assert!(is_json("application/json; charset=gbk", b"[1]"));
}

/// Returns the rejection of this body by a requirement that it does not meet.
fn rejected(body: &str, pointer: &str, wanted: Value) -> Option<Rejection> {
    let server = serving("application/json", body);
    let outcome = client(1).send(Request::get(server.url("/")).require(pointer, wanted));
    outcome.rejection().cloned()
}

#[test]
fn a_required_value_is_found_along_its_pointer() {
    for (body, pointer, wanted) in [
        (r#"{"a":{"b":[0,{"c":7}]}}"#, "/a/b/1/c", json!(7)),
        (r#"{"a/b":1,"m~n":{"":2}}"#, "/m~0n/", json!(2)),
        (r#"{"a":1,"a":{"b":2}}"#, "/a/b", json!(2)),
        (
            r#"{"a":{"x":[1,{"y":null}]}}"#,
            "/a",
            json!({"x": [1, {"y": null}]}),
        ),
        ("[[],[],[1]]", "/2/0", json!(1)),
    ] {
        assert_eq!(rejected(body, pointer, wanted), None, "{body}");
    }
    for (body, pointer, code, message) in [
        (
            r#"{"code":4001,"msg":"no money"}"#,
            "/code",
            json!(4001),
            "no money",
        ),
        (
            r#"{"code":0,"code":"x","error":{"a":[1]}}"#,
            "/code",
            json!("x"),
            r#"{"a":[1]}"#,
        ),
        (r#"{"message":null}"#, "/code", Value::Null, "null"),
        ("[[],[]]", "/2", Value::Null, "nothing at /2"),
        (r#"{"code":[1, 2]}"#, "/code", json!([1, 2]), ""),
    ] {
        let rejection = rejected(body, pointer, json!(0)).expect(body);
        assert_eq!(
            (rejection.code(), rejection.message()),
            (&code, message),
            "{body}"
        );
    }
}

#[test]
fn a_value_too_large_for_a_code_is_left_out() {
    let many = format!("[{}]", vec!["[]"; 40_000].join(","));
    for (body, bytes) in [
        (format!(r#"{{"code":{many}}}"#), many.len()),
        (format!(r#"{{"code":{{"a":{many}}}}}"#), many.len() + 6),
    ] {
        let rejection = rejected(&body, "/code", json!(0)).unwrap();
        assert_eq!(rejection.code(), &Value::Null);
        let expected = format!("{bytes} bytes at /code, which are too many for a code");
        assert_eq!(rejection.message(), expected);
    }
    let told = rejected(
        &format!(r#"{{"code":{many},"msg":"why"}}"#),
        "/code",
        json!(0),
    );
    assert_eq!(told.unwrap().message(), "why");
    let long = format!(r#"{{"code":1,"msg":"{}"}}"#, "é".repeat(40_000));
    let message = rejected(&long, "/code", json!(0)).unwrap().message().len();
    assert_eq!(message, 64 * 1024);
    // A wanted value is found, however large it is.
    let wanted: Value = serde_json::from_str(&many).unwrap();
    assert_eq!(
        rejected(&format!(r#"{{"code":{many}}}"#), "/code", wanted),
        None
    );
    let text = "x".repeat(100_000);
    assert_eq!(
        rejected(&format!(r#"{{"code":"{text}"}}"#), "/code", json!(text)),
        None
    );
}
