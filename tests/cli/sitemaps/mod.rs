//! Sitemaps as lists: their links, the sitemaps of an index, and what becomes of those that cannot be read.

mod broken;
mod from_results;
mod resumed;
mod trusted;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use test_support::{Answer, Scenario, Server};

use super::command::{Done, Folder, haul};

pub(super) fn urlset(links: &[String]) -> String {
    let links = links
        .iter()
        .map(|link| format!("<url><loc>{link}</loc></url>\n"));
    format!(
        "<?xml version='1.0'?>\n<urlset>\n{}</urlset>",
        links.collect::<String>()
    )
}

pub(super) fn index(links: &[String]) -> String {
    urlset(links)
        .replace("urlset", "sitemapindex")
        .replace("url>", "sitemap>")
}

pub(super) fn gzip(content: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// Returns one value of each record.
pub(super) fn values(records: &[Value], key: &str) -> Vec<Value> {
    records.iter().map(|record| record[key].clone()).collect()
}

fn of_results(done: &Done, key: &str) -> Vec<Value> {
    values(&done.results(), key)
}

#[test]
fn the_links_of_a_sitemap_are_requests() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let links = [server.url("/a?b=1&amp;c=2"), server.url("/b")];
    let list = folder.file("sitemap.xml.gz", gzip(urlset(&links)));
    let done = haul(["--ordered", &list]).done().exits(0);
    assert_eq!(
        of_results(&done, "url"),
        [server.url("/a?b=1&c=2"), server.url("/b")]
    );
    assert_eq!(of_results(&done, "line"), [3, 4]);
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
        of_results(&done, "url")[..2],
        [nested.url("/"), inner.url("/html")]
    );
    let done = haul(["--ordered", "--follow-sitemaps", "--retry", "0", &list])
        .done()
        .exits(1);
    let outcomes = of_results(&done, "outcome");
    // The page, and three sitemaps that could not be read. A sitemap is fetched once.
    assert_eq!(outcomes, ["success", "failed", "failed", "failed"]);
    assert_eq!(of_results(&done, "source")[0], inner.url("/a.xml"));
    done.says("its root is <html>")
        .says("the sitemap cannot be read: 404");
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
fn a_template_makes_requests_of_pages_and_not_of_sitemaps() {
    let folder = Folder::new();
    let entry = "<url><lastmod>2024-05-01</lastmod><loc>https://example.com/a/b?c=1&amp;d</loc>\
                 <changefreq>daily</changefreq><priority>0.8</priority></url>";
    let bare = "<url><loc>https://example.com/bare</loc></url>";
    let server = Scenario::new()
        .on(
            "/pages.xml",
            Answer::text(format!("<urlset>{entry}{bare}</urlset>")),
        )
        .on("/lines.txt", Answer::text("https://example.com/line\n"))
        .on("/*", Answer::text(""))
        .start();
    let links = [server.url("/pages.xml"), server.url("/lines.txt")];
    let list = folder.file("index.xml", index(&links));
    let check = server.url("/check?of={url}&at={lastmod}&every={changefreq}&rank={priority}");
    let given = ["--ordered", "--follow-sitemaps", "--url-template"];
    let done = haul(given).and([&check, &list]).done().exits(1);
    let of = "https%3A%2F%2Fexample.com%2Fa%2Fb%3Fc%3D1%26d";
    let url = format!("/check?of={of}&at=2024-05-01&every=daily&rank=0.8");
    let [first, second, third] = &done.results()[..] else {
        panic!("{}", done.stdout)
    };
    assert_eq!(first["url"], server.url(&url));
    assert_eq!(
        (&second["error_type"], &second["error_msg"]),
        (&"invalid_request".into(), &third["error_msg"])
    );
    assert!(done.stderr.contains("lastmod"), "{}", done.stderr);
    let fetched = ["/pages.xml", "/lines.txt", "/check"].map(|path| server.requests_to(path));
    assert_eq!(fetched, [1, 1, 1]);
    // A whole link and a template file.
    let template = r#"{"method": "POST", "url": "CHECK", "json": {"page": "{url}", "same": "{line}", "n": "{priority:json}"}}"#;
    let template = template.replace("CHECK", &server.url("/post"));
    let template = folder.file("template.json", template);
    let given = ["--follow-sitemaps", "--template", &template, &list];
    haul(given).done().exits(1);
    let seen = server.last("/post").text();
    let page = "https://example.com/a/b?c=1&d";
    let expected = format!("{{\"page\":\"{page}\",\"same\":\"{page}\",\"n\":0.8}}");
    assert!(
        seen.replace(": ", ":")
            .replace(", ", ",")
            .ends_with(&expected),
        "{seen}"
    );
}

#[test]
fn a_sitemap_among_json_lines_is_followed() {
    let server = Scenario::new()
        .on("/map.xml", Answer::text(urlset(&["/page".to_owned()])))
        .on("/*", Answer::text(""))
        .start();
    let line = r#"{"url": "/map.xml", "sitemap": true}"#;
    let base = server.url("/");
    let given = ["--base-url", &base, "--input-format", "jsonl", "-"];
    let done = haul(given).input(line).done().exits(0);
    assert_eq!(of_results(&done, "url"), [server.url("/map.xml")]);
    let done = haul(["--follow-sitemaps"]).and(given).input(line).done();
    assert_eq!(of_results(&done.exits(0), "url"), [server.url("/page")]);
}

#[test]
fn the_rules_for_pages_are_not_for_sitemaps() {
    let folder = Folder::new();
    let page = Server::always(Answer::json(r#"{"code": 0}"#));
    let map = Server::always(Answer::text(urlset(&[page.url("/")])).gzip());
    let list = folder.file("index.xml", index(&[map.url("/")]));
    let given = ["--follow-sitemaps", "--require", "/code=0", "--expect-json"];
    let done = haul(given)
        .and(["--body-limit", "1", &list])
        .done()
        .exits(0);
    assert_eq!(of_results(&done, "outcome"), ["success"]);
}

#[test]
fn links_of_a_slow_pipe_are_sent_as_they_come() {
    let server = Server::always(Answer::text(""));
    for head in [
        "<?xml version='1.0'?><url",
        "<!-- a map --><url",
        "<url",
        "<?xml version='1.0'?>\n<url",
    ] {
        let mut run = haul(["-"]).start();
        run.write(head);
        run.write(&format!(
            "set><url><loc>{}</loc></url><ur",
            server.url("/1")
        ));
        assert_eq!(run.next_result()["url"], server.url("/1"), "{head}");
        run.write(&format!("l><loc>{}</loc></url></urlset>", server.url("/2")));
        run.close_input();
        assert_eq!(run.next_result()["url"], server.url("/2"), "{head}");
        run.finish().exits(0);
    }
}

#[test]
fn links_without_a_scheme_get_that_of_the_option() {
    let folder = Folder::new();
    let server = Server::start(|request| {
        let host = request.header("host").unwrap();
        match request.path() {
            "/index.xml" => Answer::text(index(&[format!("{host}/map.xml")])),
            "/map.xml" => Answer::text(urlset(&[format!("{host}/a"), format!("//{host}/b")])),
            _ => Answer::text(""),
        }
    });
    let bare = |path: &str| server.url(path).replace("http://", "");
    let list = folder.file("index.xml", index(&[bare("/index.xml")]));
    let given = ["--follow-sitemaps", "--scheme", "http", "--ordered"];
    let done = haul(given).and([&list]).done().exits(0);
    assert_eq!(
        of_results(&done, "url"),
        [server.url("/a"), server.url("/b")]
    );
    haul(["--follow-sitemaps", &list])
        .done()
        .exits(1)
        .says("the URL has no scheme");
}
