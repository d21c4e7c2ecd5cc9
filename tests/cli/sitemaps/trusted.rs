//! Credentials of a run, and the hosts that sitemaps name.

use serde_json::Value;
use test_support::{Answer, Seen, Server};

use super::super::command::{Folder, haul};
use super::{index, urlset};

pub(super) const SECRETS: [&str; 6] = [
    "-u",
    "me:sesame",
    "-H",
    "x-api-key: sesame",
    "--url-query",
    "api_key=sesame",
];

#[track_caller]
pub(super) fn has_credentials(seen: &Seen) -> bool {
    let all = [
        seen.header("authorization").is_some(),
        seen.header("x-api-key").is_some(),
        seen.query().is_some_and(|query| query.contains("sesame")),
    ];
    assert!(
        all.iter().all(|one| *one == all[0]),
        "{} {all:?}",
        seen.path()
    );
    all[0]
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
fn a_retry_from_the_failure_log_keeps_credentials_from_hosts_that_a_sitemap_named() {
    for name in ["failed.jsonl", "failed.db"] {
        let folder = Folder::new();
        let other = Server::always(Answer::status(404));
        let (page, nested) = (other.url("/page"), other.url("/nested.xml"));
        let home = Server::start(move |request| match request.path() {
            "/pages.xml" => Answer::text(urlset(std::slice::from_ref(&page))),
            "/index.xml" => Answer::text(index(std::slice::from_ref(&nested))),
            _ => Answer::status(404),
        });
        let links = [
            home.url("/index.xml"),
            home.url("/pages.xml"),
            home.url("/own"),
        ];
        let list = folder.file("index.xml", index(&links));
        let log = folder.at(name);
        let given = ["--follow-sitemaps", "--retry", "0"];
        haul(given)
            .and(SECRETS)
            .and(["--failures", &log, &list])
            .done()
            .exits(1);
        let (before, before_home) = (other.requests(), home.requests());
        for follow in [&given[..], &given[1..]] {
            haul(follow).and(SECRETS).and([&log]).done().exits(1);
        }
        assert_eq!(
            (other.requests(), home.requests()),
            (before + 4, before_home + 2)
        );
        assert!(!other.seen().iter().any(has_credentials), "{name}");
        assert!(home.seen().iter().all(has_credentials), "{name}");
    }
}

#[test]
fn what_another_host_names_after_a_redirect_gets_no_credentials() {
    let folder = Folder::new();
    let home = Server::start(|request| match request.query() {
        _ if request.path() == "/page" => Answer::text(""),
        query => {
            let query = query.unwrap_or_default();
            let to = query.split('&').find_map(|pair| pair.strip_prefix("to="));
            Answer::redirect(302, to.unwrap_or_default())
        }
    });
    let page = home.url("/page");
    let other = Server::start(move |request| {
        let own = format!("http://{}/page", request.header("host").unwrap());
        Answer::text(urlset(&[page.clone(), own]))
    });
    let link = home.url(&format!("/map.xml?to={}", other.url("/map.xml")));
    let list = folder.file("index.xml", index(&[link]));
    let given = ["--follow-sitemaps"];
    haul(given).and(SECRETS).and([&list]).done().exits(0);
    assert!(has_credentials(&home.last("/map.xml")));
    assert!(!has_credentials(&home.last("/page")));
    assert!(!other.seen().iter().any(has_credentials));
}

#[test]
fn a_line_may_bind_its_credentials_to_an_origin() {
    let server = Server::always(Answer::text(""));
    let origin = server.url("");
    for (bound, sent) in [
        (&*origin, true),
        ("http://127.0.0.1:1", false),
        ("none", false),
    ] {
        let line = serde_json::json!({"url": server.url("/"), "credentials_for": bound});
        let done = haul(SECRETS)
            .and(["-"])
            .input(line.to_string())
            .done()
            .exits(0);
        assert_eq!(
            has_credentials(server.seen().last().unwrap()),
            sent,
            "{bound}"
        );
        assert_eq!(done.results()[0]["outcome"], Value::from("success"));
    }
}
