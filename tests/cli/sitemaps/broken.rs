//! Sitemaps that are none, or that do not end as they should.

use serde_json::Value;
use test_support::{Answer, Scenario, Server, refused};

use super::super::command::{Folder, haul};
use super::{gzip, index, urlset, values};

/// Follows one sitemap that answers so, and returns the records, in order.
fn followed(answer: Answer) -> (Vec<Value>, String) {
    let folder = Folder::new();
    let server = Server::always(answer);
    let list = folder.file("index.xml", index(&[server.url("/map.xml")]));
    let given = ["--ordered", "--follow-sitemaps", "--retry", "0", &list];
    let done = haul(given).done();
    (done.results(), done.stderr)
}

/// The one page of a sitemap, which is served by a server of its own.
fn page(server: &Server) -> String {
    urlset(&[server.url("/page")])
}

#[test]
fn a_sitemap_that_fails_has_the_class_of_its_failure() {
    let pages = Server::always(Answer::text(""));
    let packed = gzip(urlset(&[pages.url("/1")]).repeat(50));
    for (answer, class, layer, status) in [
        (Answer::status(503), "http_status", "http", Some(503)),
        (
            Answer::status(404).body("x".repeat(200_000)),
            "http_status",
            "http",
            Some(404),
        ),
        (Answer::hang_up(), "connection", "network", None),
        (
            Answer::text(page(&pages)).cut_after(20),
            "incomplete_body",
            "network",
            Some(200),
        ),
        (
            Answer::html("<!DOCTYPE html>\n<html><body>gone"),
            "decode",
            "parse",
            Some(200),
        ),
        (
            Answer::text("<rss><channel/></rss>"),
            "decode",
            "parse",
            Some(200),
        ),
        (Answer::text(""), "decode", "parse", Some(200)),
        (Answer::text("no URL"), "decode", "parse", Some(200)),
        (
            Answer::text([0x1f, 0x8b].map(char::from).iter().collect::<String>()),
            "decode",
            "parse",
            Some(200),
        ),
        (
            Answer::status(200).body(&packed[..packed.len() / 2]),
            "decode",
            "parse",
            Some(200),
        ),
        (
            Answer::text("<?xml version='1.0' encoding='rot13'?><urlset/>"),
            "decode",
            "parse",
            Some(200),
        ),
    ] {
        let (records, said) = followed(answer);
        let last = records.last().unwrap();
        assert_eq!(
            (&last["error_type"], &last["layer"]),
            (&class.into(), &layer.into()),
            "{last}"
        );
        assert_eq!(last["status"].as_u64(), status, "{last}");
        assert_eq!(last["attempts"], 1, "{last}");
        assert!(
            last["url"].as_str().unwrap().ends_with("/map.xml"),
            "{last}"
        );
        assert_eq!(last["line"], 3, "{last}");
        assert!(
            said.contains("/map.xml: the sitemap cannot be read: "),
            "{said}"
        );
    }
}

#[test]
fn a_sitemap_of_a_host_that_refuses_connections_fails_by_connect() {
    let (folder, refused) = (Folder::new(), refused());
    let list = folder.file("index.xml", index(&[format!("http://{refused}/map.xml")]));
    let given = [
        "--follow-sitemaps",
        "--retry",
        "1",
        "--retry-delay",
        "1ms",
        &list,
    ];
    let done = haul(given).done().exits(1);
    let record = &done.results()[0];
    assert_eq!(
        (&record["error_type"], &record["attempts"]),
        (&"connect".into(), &2.into())
    );
    assert_eq!(record["stop_reason"], "attempts_exhausted");
}

#[test]
fn the_links_before_a_fault_are_sent() {
    let pages = Server::always(Answer::text(""));
    let text = format!("{}<url><loc>", page(&pages).replace("</urlset>", ""));
    let (records, said) = followed(Answer::text(text));
    assert_eq!(values(&records, "outcome"), ["success", "failed"]);
    assert_eq!(records[1]["error_type"], "decode");
    let message = records[1]["error_msg"].as_str().unwrap();
    assert!(message.starts_with("the sitemap is broken: "), "{message}");
    assert!(message.ends_with(", line 4"), "{message}");
    assert!(said.contains("nothing behind it is read"), "{said}");
}

#[test]
fn a_small_file_that_unpacks_to_much_is_bounded() {
    let pages = Server::always(Answer::text(""));
    let mut bomb = page(&pages).replace("</urlset>", "").into_bytes();
    bomb.resize(bomb.len() + (20 << 20), b' ');
    let (records, _) = followed(Answer::status(200).body(gzip(bomb)));
    assert_eq!(values(&records, "outcome"), ["success", "failed"]);
    let message = records[1]["error_msg"].as_str().unwrap();
    assert!(
        message.contains("has more than 16777216 bytes"),
        "{message}"
    );
}

#[test]
fn other_forms_and_encodings_of_a_sitemap_are_read() {
    let pages = Server::always(Answer::text(""));
    let text = page(&pages);
    let utf16 = |text: &str| {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_be_bytes).collect::<Vec<u8>>()
    };
    let of_latin = text.replace("version='1.0'", "version='1.0' encoding='ISO-8859-1'");
    let of_latin = of_latin.replace("/page", "/p\u{e4}ge");
    let latin: Vec<u8> = of_latin.chars().map(|c| c as u8).collect();
    let declared = text.replace("version='1.0'", "version='1.0' encoding='UTF-16'");
    for body in [
        gzip(&text),
        gzip(gzip(&text)),
        utf16(&text),
        utf16(&declared),
        latin,
        format!("{}\n\n", pages.url("/page")).into_bytes(),
        gzip(pages.url("/page")),
        utf16(&pages.url("/page")),
        text.replace("<loc>", "<loc>\n  <![CDATA[")
            .replace("</loc>", "]]>\n </loc>")
            .into_bytes(),
        text.replace("/page", "/pa&#103;e").into_bytes(),
    ] {
        let (records, said) = followed(Answer::status(200).body(body));
        assert_eq!(values(&records, "outcome"), ["success"], "{said}");
        assert!(records[0]["source"].as_str().unwrap().ends_with("/map.xml"));
    }
    let expected = ["/page", "/p%C3%A4ge"];
    assert!(
        pages
            .paths()
            .iter()
            .all(|path| expected.contains(&path.as_str())),
        "{:?}",
        pages.paths()
    );
    assert_eq!(pages.requests_to("/p%C3%A4ge"), 1);
}

#[test]
fn links_that_are_no_urls_fail_alone() {
    let pages = Server::always(Answer::text(""));
    let links = [
        "/relative".to_owned(),
        String::new(),
        pages.url("/a b"),
        "ftp://h/x".to_owned(),
        pages.url("/&bomb;"),
        pages.url("/last"),
    ];
    let (records, _) = followed(Answer::text(urlset(&links)));
    let outcomes = ["failed", "failed", "success", "failed", "failed", "success"];
    assert_eq!(values(&records, "outcome"), outcomes);
    let failed = records
        .iter()
        .filter(|record| record["outcome"] == "failed");
    assert!(
        failed
            .clone()
            .all(|record| record["error_type"] == "invalid_request")
    );
    assert_eq!(values(&records, "line"), [3, 4, 5, 6, 7, 8]);
    assert_eq!(pages.requests_to("/a%20b"), 1);
    assert_eq!(pages.requests(), 2);
}

#[test]
fn an_index_that_names_itself_is_fetched_once() {
    let folder = Folder::new();
    let server = Server::start(|request| {
        let host = request.header("host").unwrap();
        match request.path() {
            "/page" => Answer::text(""),
            "/map.xml" => Answer::text(urlset(&[format!("http://{host}/page")])),
            _ => Answer::text(index(&[
                format!("http://{host}/index.xml"),
                format!(
                    "HTTP://{}:{}/index.xml",
                    "127.0.0.1",
                    host.rsplit(':').next().unwrap()
                ),
                format!("http://{host}/map.xml"),
            ])),
        }
    });
    let list = folder.file("index.xml", index(&[server.url("/index.xml")]));
    let done = haul(["--follow-sitemaps", &list]).done().exits(0);
    assert_eq!(done.results().len(), 1);
    assert_eq!(server.paths(), ["/index.xml", "/map.xml", "/page"]);
}

#[test]
fn a_feed_among_the_inputs_is_told() {
    let folder = Folder::new();
    for (name, text) in [
        ("rss", "<rss version='2.0'><channel/></rss>"),
        ("atom", "<?xml version='1.0'?>\n<feed/>"),
    ] {
        let list = folder.file(name, text);
        haul([&list])
            .done()
            .exits(2)
            .says("it is a feed, RSS or Atom");
        let named = ["--input-format", "sitemap", &list];
        haul(named)
            .done()
            .exits(2)
            .says("it is a feed, and its root is");
    }
}

#[test]
fn a_failed_sitemap_counts_among_the_failures_of_the_run() {
    let folder = Folder::new();
    let server = Scenario::new().on("/*", Answer::status(404)).start();
    let links = [server.url("/1.xml"), server.url("/2.xml")];
    let list = folder.file("index.xml", index(&links));
    let summary = folder.at("summary.json");
    let given = [
        "--follow-sitemaps",
        "--summary-json",
        &summary,
        "--fail-if",
        "status:404>1",
        &list,
    ];
    haul(given).done().exits(1).says("status:404");
    let summary: Value = serde_json::from_str(&folder.read("summary.json")).unwrap();
    assert_eq!(
        (&summary["total"], &summary["failed"]),
        (&2.into(), &2.into())
    );
}
