//! Comparison with `Value::pointer`: values and errors are the same over random texts and pointers.

use super::*;
use crate::redact;
use crate::response::value;

/// Compares every value found with that of a tree.
#[track_caller]
fn agrees(json: &str, pointers: &[&str]) {
    match (value::parse(json), find(json, pointers)) {
        (Ok(tree), Ok(found)) => {
            for (pointer, found) in pointers.iter().zip(found) {
                let found = found.map(|raw| value::parse(raw.get()).unwrap());
                assert_eq!(
                    found.as_ref(),
                    tree.pointer(pointer),
                    "{pointer:?} in {json}"
                );
            }
        }
        (Err(expected), Err(error)) => {
            assert_eq!(error.to_string(), expected.to_string(), "{json}");
            assert_eq!(error.classify(), expected.classify(), "{json}");
        }
        (tree, found) => panic!("{tree:?} and {found:?} for {json}"),
    }
}

const POINTERS: [&str; 24] = [
    "",
    "/",
    "/a",
    "/a/b",
    "/a/b/c",
    "/b",
    "/0",
    "/1",
    "/01",
    "/+1",
    "/-",
    "/-1",
    "/00",
    "/a/0",
    "/a/1/b",
    "/a~1b",
    "/m~0n",
    "/~01",
    "/a~2",
    "a",
    "/\u{4f59}",
    "/ ",
    "//",
    "/18446744073709551616",
];

#[test]
fn keys_given_twice_count_the_last_time() {
    for json in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":{"b":1},"a":{}}"#,
        r#"{"a":{"b":1},"a":7}"#,
        r#"{"a":[1,{"b":2}],"a":[]}"#,
        r#"{"a":1,"\u0061":{"b":{"c":3}}}"#,
        r#"{"a":{"b":1,"b":{"c":2},"b":null}}"#,
    ] {
        agrees(json, &POINTERS);
    }
}

#[test]
fn escaped_keys_and_tokens_meet() {
    for json in [
        r#"{"a/b":1,"m~n":2,"~1":3,"a~2":4,"":5," ":6}"#,
        r#"{"\u4f59":{"":1},"":{"":2}}"#,
        r#"{"0":1,"1":2,"01":3,"+1":4,"-":5,"-1":6}"#,
        r#"[[1,2],{"0":3},4]"#,
        r#"{"$serde_json::private::RawValue":"1","a":{"$serde_json::private::RawValue":[2]}}"#,
    ] {
        agrees(json, &POINTERS);
        agrees(
            json,
            &[
                "/$serde_json::private::RawValue",
                "/a/$serde_json::private::RawValue/0",
            ],
        );
    }
}

#[test]
fn texts_that_are_not_json_fail_as_a_value_does() {
    let nested =
        |depth: usize, inner: &str| format!("{}{inner}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    for json in [
        "",
        " ",
        "nul",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "1 2",
        "{} x",
        "01",
        "1e999",
        "{\"a\":1e999}",
        "\"\\ud800\"",
        "{\"a\":\"\\udc00\"}",
        "{\"\\ud800\":1}",
        "\"\u{1}\"",
        "[\"\\x\"]",
        "{\"a\":{\"b\":}}",
        "-",
    ] {
        agrees(json, &POINTERS);
        agrees(json, &[]);
    }
    for depth in [1, 126, 127, 128, 129, 500] {
        agrees(&nested(depth, "1"), &POINTERS);
        agrees(&objects(depth), &POINTERS);
        agrees(
            &objects(depth),
            &[&"/a".repeat(depth), &"/a".repeat(depth + 1)],
        );
    }
}

/// Returns the text of a value, or of something near one.
fn made(random: &mut fastrand::Rng, depth: usize) -> String {
    const KEYS: [&str; 12] = [
        "a", "b", "c", "0", "1", "", " ", "a/b", "m~n", "\\u0061", "\u{4f59}", "-",
    ];
    const LEAVES: [&str; 16] = [
        "1",
        "-0",
        "1.50",
        "1e3",
        "1e400",
        "true",
        "null",
        "\"\"",
        "\"x\"",
        "\"\\n\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud800\"",
        "18446744073709551616",
        "\"\u{7f}\"",
        "[]",
        "{}",
    ];
    let blank = if random.u8(..8) == 0 { " \n" } else { "" };
    let many = random.usize(..4);
    match random.u8(..6) {
        0 | 1 if depth > 0 => {
            let members: Vec<_> = (0..many)
                .map(|_| {
                    format!(
                        "\"{}\":{blank}{}",
                        KEYS[random.usize(..KEYS.len())],
                        made(random, depth - 1)
                    )
                })
                .collect();
            format!("{{{blank}{}}}", members.join(","))
        }
        2 | 3 if depth > 0 => {
            let elements: Vec<_> = (0..many).map(|_| made(random, depth - 1)).collect();
            format!("[{}{blank}]", elements.join(","))
        }
        // Values that fail are rare, so that most texts are whole.
        _ => match LEAVES[random.usize(..LEAVES.len())] {
            "1e400" | "\"\\ud800\"" if random.u8(..8) > 0 => "7".to_owned(),
            leaf => leaf.to_owned(),
        },
    }
}

fn pointer(random: &mut fastrand::Rng) -> String {
    const TOKENS: [&str; 12] = [
        "/a",
        "/b",
        "/c",
        "/0",
        "/1",
        "/2",
        "/",
        "/a~1b",
        "/m~0n",
        "/\u{4f59}",
        "/-",
        "/ ",
    ];
    (0..random.usize(..5))
        .map(|_| TOKENS[random.usize(..TOKENS.len())])
        .collect()
}

#[test]
fn texts_and_pointers_made_by_chance_agree_with_a_tree() {
    let scale = std::env::var("HAUL_SCALE")
        .ok()
        .and_then(|text| text.parse().ok());
    for seed in 0..20_000 * scale.unwrap_or(1) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut json = made(&mut random, 5);
        if random.u8(..10) == 0 {
            let end = random.usize(..=json.len());
            json.truncate(redact::beginning(&json, end).len());
        }
        if random.u8(..10) == 0 {
            json.push_str(["]", "}", ",", "x", " ", "\n"][random.usize(..6)]);
        }
        let pointers: Vec<_> = (0..5).map(|_| pointer(&mut random)).collect();
        let pointers: Vec<_> = pointers.iter().map(String::as_str).collect();
        agrees(&json, &pointers);
    }
}

#[test]
fn the_text_of_a_value_is_found_as_it_is_written() {
    let found = find(r#" {"n": 1.500, "o": { "x" : 1 }} "#, &["/n", "/o", "/x"]).unwrap();
    let text = |at: usize| found[at].map(RawValue::get);
    assert_eq!(
        (text(0), text(1), text(2)),
        (Some("1.500"), Some("{ \"x\" : 1 }"), None)
    );
}

#[test]
fn the_last_item_of_an_array_is_found_from_its_end() {
    let json = r#"{"a": [{"b": 1}, {"b": [2, 3]}], "-1": 4, "e": []}"#;
    let pointers = ["/a/-1/b/-1", "/-1", "/e/-1", "/a/0/b", "/a/-1/b/0"];
    let found = find_from_ends(json, &pointers).unwrap();
    let found: Vec<_> = found.iter().map(|raw| raw.map(|raw| raw.get())).collect();
    assert_eq!(found, [Some("3"), Some("4"), None, Some("1"), Some("2")]);
    assert!(find(json, &["/a/-1"]).unwrap()[0].is_none());
}

#[test]
fn a_text_is_checked_before_it_is_taken_for_a_pointer() {
    for pointer in ["", "/", "/a", "/a~0b~1c", "//", "/-1", "/~0~1"] {
        assert_eq!(check(pointer), Ok(()), "{pointer}");
    }
    for (text, position) in [
        ("a", 1),
        ("~0", 1),
        ("/~", 2),
        ("/a~2", 3),
        ("/~0/~", 5),
        ("/~~1", 2),
        ("/a~\u{e9}", 3),
    ] {
        assert_eq!(check(text).unwrap_err().position, Some(position), "{text}");
    }
}
