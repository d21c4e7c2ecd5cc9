//! Rules for the next page that are refused.

use super::super::command::{Folder, haul};

#[test]
fn a_wrong_rule_is_refused_before_anything_is_sent() {
    let folder = Folder::new();
    let saved = folder.at("saved");
    for (arguments, told) in [
        (
            vec!["--paginate", "next"],
            "\"next\" is no rule (link, or a pointer such as /next)",
        ),
        (
            vec!["--paginate-cursor", "/next"],
            "needs a parameter or a member",
        ),
        (
            vec!["--paginate-cursor", "next=page"],
            "a pointer begins with /",
        ),
        (
            vec!["--paginate", "link", "--paginate-while", "more"],
            "a pointer begins with /",
        ),
        (
            vec!["--paginate-while", "/more"],
            "--paginate-while: it needs --paginate",
        ),
        (vec!["--max-pages", "3"], "--max-pages: it needs --paginate"),
        (
            vec!["--paginate", "/next", "--output-dir", &saved],
            "--output-dir exclude each other",
        ),
        (
            vec!["--paginate", "/next", "-X", "head"],
            "-X HEAD exclude each other",
        ),
        (
            vec!["--paginate", "/next", "--max-cost", "5"],
            "--paginate and --max-cost exclude each other: the cost of a page is not known when its list is read",
        ),
        (
            vec!["--paginate-cursor", "=page"],
            "--paginate-cursor: the pointer is empty",
        ),
    ] {
        let done = haul(arguments).and(["http://127.0.0.1:9/"]).done();
        done.exits(2).says(told);
    }
}

#[test]
fn a_pointer_that_is_none_is_refused_by_each_option_that_takes_one() {
    let escape = "a ~ in a pointer is written ~0, and a / in a name ~1: \"/a~3\" (at byte 3)";
    for (option, value) in [
        ("--paginate", "/a~3"),
        ("--paginate-cursor", "/a~3=page"),
        ("--paginate-cursor", "/next=/a~3"),
        ("--paginate-while", "/a~3"),
        ("--require", "/a~3=1"),
    ] {
        let rule = match option {
            "--paginate-while" => &["--paginate", "link"][..],
            _ => &[],
        };
        let done = haul(rule)
            .and([option, value, "http://127.0.0.1:9/"])
            .done();
        done.exits(2).says(&format!("haul: {option}: {escape}"));
    }
    let named = haul(["http://127.0.0.1:9/"]).env("HAUL_PAGINATE", "/a~3");
    named
        .done()
        .exits(2)
        .says(&format!("haul: HAUL_PAGINATE: {escape}"));
    let line = r#"{"url": "http://127.0.0.1:9/", "require": {"/a~": 1}}"#;
    let done = haul(["-"]).input(line).done().exits(1);
    done.says("stdin:1: require: a ~ in a pointer is written ~0, and a / in a name ~1: \"/a~\"");
}
