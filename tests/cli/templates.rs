//! `--template` and `--url-template`: requests made of rows.

use serde_json::{Value, json};
use test_support::{Answer, Server};

use super::command::{Done, Folder, haul};

fn server() -> Server {
    Server::always(Answer::text("body"))
}

fn run(arguments: &[&str], lines: &str, status: i32) -> Done {
    let run = haul(arguments).and(["--ordered", "-"]).input(lines);
    run.done().exits(status)
}

/// Returns class, message and text of each result.
fn told(done: &Done) -> Vec<[Value; 3]> {
    let told =
        |result: &Value| ["error_type", "error_msg", "error_text"].map(|key| result[key].clone());
    done.results().iter().map(told).collect()
}

#[test]
fn a_url_is_made_of_the_keys_of_each_line() {
    let server = server();
    let template = server.url("/items/{sku}?lang={lang}&n={n}");
    let lines = r#"{"sku":"a/b c","lang":"de&fr","n":1.50,"id":"first","tag":[1]}
{"sku":"余","lang":"","n":12345678901234567890}"#;
    let done = run(&["--url-template", &template], lines, 0);
    let urls: Vec<_> = done.results().iter().map(|r| r["url"].clone()).collect();
    assert_eq!(
        urls,
        [
            json!(server.url("/items/a%2Fb%20c?lang=de%26fr&n=1.50")),
            json!(server.url("/items/%E4%BD%99?lang=&n=12345678901234567890")),
        ]
    );
    assert_eq!(done.results()[0]["id"], "first");
    assert_eq!(done.results()[0]["tag"], json!([1]));
    assert_eq!(done.results()[1]["line"], 2);
}

#[test]
fn a_plain_line_fills_its_own_name_and_so_does_an_argument() {
    let server = server();
    let template = server.url("/?q={line}");
    let done = run(
        &["--url-template", &template],
        "two words\n# a comment\n\n\"quoted\"\n",
        0,
    );
    let urls: Vec<_> = done.results().iter().map(|r| r["url"].clone()).collect();
    assert_eq!(
        urls,
        [
            json!(server.url("/?q=two%20words")),
            json!(server.url("/?q=quoted"))
        ]
    );
    let done = haul(["--url-template", &template, "http://h/a?b"])
        .done()
        .exits(0);
    assert_eq!(
        done.results()[0]["url"],
        server.url("/?q=http%3A%2F%2Fh%2Fa%3Fb")
    );
    let done = run(
        &["--input-format", "urls", "--url-template", &template],
        "{\"a\":1}",
        0,
    );
    assert_eq!(
        done.results()[0]["url"],
        server.url("/?q=%7B%22a%22%3A1%7D")
    );
}

#[test]
fn a_request_is_made_of_a_file() {
    let (server, folder) = (server(), Folder::new());
    let template = json!({
        "url": server.url("/{/user/name}"),
        "method": "PUT",
        "headers": {"x-name": "{/user/name}"},
        "json": {"n": "{n:json}", "t": "say \"{t}\" {{x}", "deep": [{"all": "{line:json}"}]},
        "id": "row-{n}",
    });
    let file = folder.file("req.json", format!("\u{feff}{template:#}"));
    let line = r#"{"user": {"name": "ada"}, "n": 1.0, "t": "a\"b"}"#;
    let done = run(&["--template", &file], line, 0);
    assert_eq!(done.results()[0]["id"], "row-1.0");
    let seen = server.last("/ada");
    assert_eq!((&*seen.method, seen.header("x-name")), ("PUT", Some("ada")));
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    let expected = json!({"n": 1.0, "t": "say \"a\"b\" {x}", "deep": [{"all": serde_json::from_str::<Value>(line).unwrap()}]});
    assert_eq!(body, expected);
    assert!(String::from_utf8_lossy(&seen.body).contains("1.0"));
}

#[test]
fn a_bad_row_is_one_failed_result_and_the_others_are_done() {
    let server = server();
    let template = server.url("/items/{sku}");
    let lines = "{\"sku\":\"a\"}\n{\"SKU\":\"b\"}\n{\"sku\":\"..\"}\n{\"sku\":[1]}\n{\"sku\":null}\n{\"sku\":\nplain\n{\"sku\":\"z\"}\n";
    let done = run(&["--url-template", &template], lines, 1);
    let told = told(&done);
    assert_eq!(told.len(), 8);
    assert_eq!((&told[0][0], &told[7][0]), (&Value::Null, &Value::Null));
    for (at, reason) in [
        (1, "no value"),
        (2, "dot segment"),
        (3, "{NAME:json}"),
        (4, "no value"),
        (5, "not JSON"),
        (6, "no value"),
    ] {
        assert_eq!(told[at][0], "invalid_request", "{at}");
        assert!(
            told[at][1].as_str().unwrap().contains(reason),
            "{:?}",
            told[at]
        );
        if at != 5 {
            assert_eq!(told[at][2], "sku");
        }
    }
    let mut paths = server.paths();
    paths.sort();
    assert_eq!(paths, ["/items/a", "/items/z"]);
}

#[test]
fn a_table_fills_a_template_and_its_other_columns_are_used_as_always() {
    let (server, folder) = (server(), Folder::new());
    let table = "sku,Lang,id,price,header:x-a\n\"a/b, c\",de,i1,1.50,v\nd,,i2,no,\n";
    let list = folder.file("rows.csv", table);
    let template =
        json!({"url": server.url("/{sku}?l={lang}"), "method": "PUT", "json": "{price:json}"});
    let file = folder.file("req.json", template.to_string());
    let done = haul(["--ordered", "--template", &file, &list])
        .done()
        .exits(1);
    let results = done.results();
    assert_eq!(results[0]["url"], server.url("/a%2Fb%2C%20c?l=de"));
    assert_eq!(results[0]["id"], "i1");
    assert_eq!(
        results[0]["tag"],
        json!({"sku": "a/b, c", "Lang": "de", "price": "1.50"})
    );
    let seen = server.last("/a%2Fb%2C%20c");
    assert_eq!((seen.header("x-a"), &*seen.body), (Some("v"), &b"1.50"[..]));
    assert_eq!(
        (&results[1]["error_type"], &results[1]["error_text"]),
        (&json!("invalid_request"), &json!("price"))
    );
    let url = server.url("/{colour}");
    let done = haul(["--url-template", &url, &list]).done().exits(2);
    done.says("rows.csv: ")
        .says("no column \"colour\"")
        .says("\"sku\", \"Lang\"");
    haul(["--url-template", &url, "-"])
        .input(table)
        .done()
        .exits(2)
        .says("no column");
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_mistake_in_a_template_is_told_before_anything_is_sent() {
    let (server, folder) = (server(), Folder::new());
    let list = folder.file("list", "a\n");
    for (text, place) in [
        ("http://h/{", "column 10"),
        ("http://h/{}", "column 10"),
        ("http://h/{a", "{a"),
    ] {
        let done = haul(["--url-template", text, &list]).done().exits(2);
        done.says("--url-template: column 10").says(place);
    }
    for (json, told) in [
        ("{\"url\": \"http://h/{\"}", "line 1, column 19"),
        ("{\"url\":\n 1,}", "line 2, column "),
        ("[]", "JSON object"),
        ("{\"uri\": \"http://h/\"}", "uri"),
        ("{\"method\": \"GET\"}", "\"url\""),
    ] {
        let file = folder.file("t.json", json);
        let done = haul(["--template", &file, &list]).done().exits(2);
        done.says("--template: ").says("t.json: ").says(told);
    }
    haul(["--template", "no-such-file", &list])
        .done()
        .exits(2)
        .says("no-such-file");
    let both = haul(["--template", &list, "--url-template", "http://h/", &list]);
    both.done().exits(2).says("cannot be used with");
    assert_eq!(server.requests(), 0);
    // The template is no file to write to.
    let file = folder.file("t.json", json!({"url": server.url("/")}).to_string());
    haul(["--template", &file, "--overwrite", "-o", &file, &list])
        .done()
        .exits(2)
        .says("--template");
}

#[test]
fn a_run_with_a_template_is_resumed_and_its_failures_sent_again() {
    let folder = Folder::new();
    let server = Server::start(|seen| match seen.path() {
        "/b" => Answer::status(404),
        _ => Answer::text("body"),
    });
    let list = folder.file("list", "a\nb\nc\n");
    let (results, log) = (folder.at("run.jsonl"), folder.at("failed.jsonl"));
    let template = server.url("/{line}");
    let arguments = [
        "--url-template",
        &template,
        "-o",
        &results,
        "--failures",
        &log,
        &list,
    ];
    haul(arguments).done().exits(1);
    haul(arguments).and(["--resume"]).done().exits(0);
    assert_eq!(server.requests(), 3);
    let done = haul(["--url-template", &template, &log]).done().exits(1);
    assert_eq!(done.results()[0]["url"], server.url("/b"));
    assert_eq!(
        haul([&log]).done().exits(1).results()[0]["url"],
        server.url("/b")
    );
}
