//! Lists of every format that is read, and their faults.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use test_support::{Answer, Server};

use super::command::{Done, Folder, haul};

fn server() -> Server {
    Server::always(Answer::text(""))
}

fn gzip(content: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Returns one value of each record.
fn values(done: &Done, key: &str) -> Vec<Value> {
    let results = done.results();
    results.iter().map(|result| result[key].clone()).collect()
}

/// Two requests in each format: with ids where the format has them.
fn lists(server: &Server) -> Vec<(&'static str, String)> {
    let [one, two] = ["/1", "/2"].map(|path| server.url(path));
    vec![
        (
            "csv",
            format!("id,url,note\r\na,{one},\"x, \"\"y\"\"\"\r\nb,{two},\r\n"),
        ),
        ("tsv", format!("id\turl\na\t{one}\nb\t{two}\n")),
        (
            "jsonl",
            format!(
                "{}\n{}\n",
                json!({"id": "a", "url": one}),
                json!({"id": "b", "url": two})
            ),
        ),
        (
            "json",
            json!([{"id": "a", "url": one}, {"id": "b", "url": two}]).to_string(),
        ),
    ]
}

#[test]
fn every_format_is_known_by_its_content_and_read_under_its_name() {
    let (server, folder) = (server(), Folder::new());
    let mut keys = Vec::new();
    for (format, text) in lists(&server) {
        let file = folder.file("list", &text);
        let packed = folder.file("packed", gzip(&text));
        let zstd = folder.file("zstd", zstd::encode_all(text.as_bytes(), 1).unwrap());
        for (list, named) in [
            (&file, "auto"),
            (&packed, "auto"),
            (&zstd, format),
            (&file, format),
        ] {
            let done = haul(["--ordered", "--input-format", named, list])
                .done()
                .exits(0);
            assert_eq!(values(&done, "id"), ["a", "b"]);
            keys.push(values(&done, "key"));
        }
        let done = haul(["--ordered", "-"]).input(gzip(&text)).done().exits(0);
        assert_eq!(values(&done, "source"), ["-", "-"]);
    }
    // A request has one key, whatever the format of its list.
    assert!(keys.iter().all(|other| *other == keys[0]));
}

#[test]
fn columns_of_a_table_are_parts_of_requests_and_the_others_its_tag() {
    let server = server();
    let text = format!(
        "size,URL,Method,body,header:X-Key,param:q\n9,{},put,\"{{\"\"a\"\": 1}}\",k,x y\n",
        server.url("/")
    );
    let done = haul(["-"]).input(text).done().exits(0);
    let record = &done.results()[0];
    assert_eq!(record["tag"], json!({"size": "9"}));
    assert_eq!(
        (&record["method"], &record["line"]),
        (&json!("PUT"), &json!(2))
    );
    let request = &server.seen()[0];
    assert!(request.target.ends_with("/?q=x%20y"), "{}", request.target);
}

#[test]
fn the_rows_around_a_bad_one_are_sent() {
    let (server, folder) = (server(), Folder::new());
    let url = server.url("/");
    let text = format!("id,url\n1,{url}\n2\n3,\n\"4\n5\",{url}\n6,\"{url}\n7,{url}\n");
    let list = folder.file("list.csv", text);
    let done = haul(["--ordered", &list]).done().exits(1);
    assert_eq!(values(&done, "line"), [2, 3, 4, 5, 7]);
    let outcomes = ["success", "failed", "failed", "success", "failed"];
    assert_eq!(values(&done, "outcome"), outcomes);
    done.says(&format!(
        "haul: {list}:3: the row has 1 cell, and the header 2"
    ))
    .says(&format!("haul: {list}:4: url: it is missing"))
    .says(&format!("haul: {list}:7: a quote is never closed"));
}

#[test]
fn a_run_goes_on_from_a_list_of_any_format() {
    let (server, folder) = (server(), Folder::new());
    for (format, text) in lists(&server) {
        let out = folder.at(&format!("{format}.out"));
        let list = folder.file(format, gzip(&text));
        haul(["-o", &out, &list]).done().exits(0);
        let sent = server.requests();
        haul(["-o", &out, "--resume", &list]).done().exits(0);
        assert_eq!(server.requests(), sent, "{format}");
        let lines = folder.read(&format!("{format}.out"));
        assert_eq!(lines.lines().count(), 2);
    }
}

#[test]
fn content_before_a_torn_end_is_sent() {
    let (server, folder) = (server(), Folder::new());
    let url = server.url("/");
    let mut packed = gzip(&format!("{url}\n{url}\n"));
    packed.extend(&gzip(&format!("{url}\n"))[..15]);
    let list = folder.file("list.gz", &packed);
    let done = haul(["--ordered", &list]).done().exits(1);
    let outcomes = values(&done, "outcome");
    assert_eq!(outcomes[..2], ["success", "success"]);
    done.says("the gzip data is cut off at byte");
}

#[test]
fn an_array_that_is_never_closed_keeps_its_elements() {
    let server = server();
    let text = format!(
        "[\n {},\n {{\"url\": 5}},\n \"{}\"\n",
        json!(server.url("/1")),
        server.url("/2")
    );
    let done = haul(["--ordered", "-"]).input(text).done().exits(1);
    assert_eq!(values(&done, "line"), [2, 3, 4, 5]);
    done.says("haul: stdin:3: url: text is expected, not a number (JSON, column 10)")
        .says("the JSON array that opens in line 1, column 1 is never closed");
}

#[test]
fn a_body_that_is_no_text_is_json() {
    let server = server();
    let lines = [
        json!({"custom_id": "r1", "method": "POST", "url": "/v1/chat", "body": {"model": "m"}}),
        json!({"url": "/list", "body": [1, 2]}),
        json!({"url": "/text", "body": "[1, 2]"}),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let base = server.url("/");
    let done = haul(["--ordered", "-j1", "--base-url", &base, "-"])
        .input(lines)
        .done()
        .exits(0);
    assert_eq!(values(&done, "id")[0], "r1");
    let sent = server.seen();
    let types: Vec<_> = sent
        .iter()
        .map(|request| request.header("content-type"))
        .collect();
    assert_eq!(
        types,
        [Some("application/json"), Some("application/json"), None]
    );
}

#[test]
fn a_format_that_is_named_is_read_as_such() {
    let server = server();
    let base = server.url("/");
    let done = haul(["--ordered", "--base-url", &base, "-"])
        .input("url\na,url\n")
        .done()
        .exits(0);
    assert_eq!(done.results().len(), 2);
    let csv = [
        "--ordered",
        "--base-url",
        &base,
        "--input-format",
        "csv",
        "-",
    ];
    let done = haul(csv).input("url\na\n").done().exits(0);
    assert_eq!(values(&done, "url"), [server.url("/a")]);
    let columns = [
        "--url-column",
        "page",
        "--id-column",
        "n",
        "--csv-delimiter",
        ";",
        "-",
    ];
    let text = format!("n;page\n7;{base}\n");
    let done = haul(columns).input(text).done().exits(0);
    assert_eq!(values(&done, "id"), ["7"]);
    haul(["--url-column", "no", "-"])
        .input("n,page\n")
        .done()
        .exits(2)
        .says("no column \"no\" (--url-column;");
}
