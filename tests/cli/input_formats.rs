//! Lists of every format that is read, and their faults.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use test_support::{Answer, Scenario, Server};

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
    done.says("haul: stdin:3: url: text is expected, not a number (at byte 10)")
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

fn urlset(links: &[String]) -> String {
    let links = links
        .iter()
        .map(|link| format!("<url><loc>{link}</loc></url>\n"));
    format!(
        "<?xml version='1.0'?>\n<urlset>\n{}</urlset>",
        links.collect::<String>()
    )
}

fn index(links: &[String]) -> String {
    urlset(links)
        .replace("urlset", "sitemapindex")
        .replace("url>", "sitemap>")
}

#[test]
fn the_links_of_a_sitemap_are_requests() {
    let (server, folder) = (server(), Folder::new());
    let links = [server.url("/a?b=1&amp;c=2"), server.url("/b")];
    let list = folder.file("sitemap.xml.gz", gzip(&urlset(&links)));
    let done = haul(["--ordered", &list]).done().exits(0);
    assert_eq!(
        values(&done, "url"),
        [server.url("/a?b=1&c=2"), server.url("/b")]
    );
    assert_eq!(values(&done, "line"), [3, 4]);
}

#[test]
fn the_sitemaps_of_an_index_are_requests_and_are_followed_on_request() {
    let folder = Folder::new();
    let pages = Server::always(Answer::text(""));
    let inner = Scenario::new()
        .on("/a.xml", Answer::text(urlset(&[pages.url("/1")])))
        .on("/html", Answer::text("<html>"))
        .on("/*", Answer::status(404))
        .start();
    let nested = Scenario::new()
        .on("/*", Answer::text(index(&[inner.url("/a.xml")])))
        .start();
    let links = [
        nested.url("/"),
        inner.url("/html"),
        inner.url("/none"),
        inner.url("/a.xml"),
        "bad".to_owned(),
    ];
    let list = folder.file("index.xml", index(&links));
    let done = haul(["--ordered", &list]).done().exits(1);
    assert_eq!(
        values(&done, "url")[..2],
        [nested.url("/"), inner.url("/html")]
    );
    let done = haul(["--ordered", "--follow-sitemaps", "--retry", "0", &list])
        .done()
        .exits(1);
    let outcomes = values(&done, "outcome");
    // The page, and three sitemaps that could not be read. A sitemap is fetched once.
    assert_eq!(outcomes, ["success", "failed", "failed", "failed"]);
    assert_eq!(values(&done, "source")[0], inner.url("/a.xml"));
    done.says("its root is <html>")
        .says("the sitemap cannot be fetched")
        .says("404");
}

#[test]
fn hosts_that_a_followed_sitemap_names_get_no_credentials() {
    let folder = Folder::new();
    let other = Server::always(Answer::text(urlset(&["http://127.0.0.1:9/".to_owned()])));
    let (page, nested) = (other.url("/page"), other.url("/nested.xml"));
    let home = Server::start(move |request| {
        let own = |path: &str| format!("http://{}{path}", request.header("host").unwrap());
        match request.path() {
            "/pages.xml" => Answer::text(urlset(&[own("/page"), page.clone()])),
            "/index.xml" => Answer::text(index(std::slice::from_ref(&nested))),
            _ => Answer::text(""),
        }
    });
    let links = [home.url("/index.xml"), home.url("/pages.xml")];
    let list = folder.file("index.xml", index(&links));
    let given = ["--follow-sitemaps", "--retry", "0", "-u", "me:sesame"];
    let more = [
        "-H",
        "x-api-key: sesame",
        "--url-query",
        "api_key=sesame",
        &list,
    ];
    haul(given).and(more).done().exits(1);
    assert_eq!((home.requests(), other.requests()), (3, 2));
    for seen in home.seen() {
        assert!(seen.header("authorization").is_some(), "{}", seen.path());
        assert_eq!(seen.header("x-api-key"), Some("sesame"));
    }
    for seen in other.seen() {
        assert_eq!(seen.header("authorization"), None, "{}", seen.path());
        assert_eq!(seen.header("x-api-key"), None);
        assert!(!seen.path().contains("sesame"), "{}", seen.path());
    }
}

#[test]
fn sitemaps_that_lead_to_one_another_end() {
    let folder = Folder::new();
    let deep = Server::start(|request| {
        let host = request.header("host").unwrap_or_default();
        let level = request.last_number().unwrap_or(0);
        Answer::text(index(&[
            format!("http://{host}/{}", level + 1),
            format!("http://{host}/{level}"),
        ]))
    });
    let list = folder.file("index.xml", index(&[deep.url("/1")]));
    let done = haul(["--follow-sitemaps", &list]).done().exits(1);
    assert_eq!(deep.requests(), 5);
    done.says("indexes are followed 5 levels deep");
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
