//! Credentials of a run over the results of an earlier one, and the hosts that servers had named in it.

use test_support::{Answer, Server};

use super::super::command::{Folder, haul};
use super::trusted::{SECRETS, has_credentials};
use super::{index, urlset};

/// A server of an index, a sitemap and a list, which name pages of their own and of this other server.
fn naming(other: &Server) -> Server {
    let (page, nested) = (other.url("/page"), other.url("/nested.xml"));
    let more = format!("<{}>; rel=next", other.url("/more"));
    Server::start(move |request| {
        let own = |path: &str| format!("http://{}{path}", request.header("host").unwrap());
        match request.path() {
            "/pages.xml" => Answer::text(urlset(&[own("/page"), page.clone()])),
            "/index.xml" => Answer::text(index(std::slice::from_ref(&nested))),
            "/list" => Answer::text("").header("Link", format!("<{}>; rel=next", own("/own"))),
            "/away" => Answer::text("").header("Link", &more),
            _ => Answer::text(""),
        }
    })
}

/// A server of a sitemap that names a page of its own.
fn named() -> Server {
    Server::start(|request| match request.path() {
        "/nested.xml" => {
            let host = request.header("host").unwrap();
            Answer::text(urlset(&[format!("http://{host}/below")]))
        }
        _ => Answer::text(""),
    })
}

const SELECTED: [&str; 2] = [
    "--select",
    "id,index,key,source,page,outcome,url,method,supersedes,credentials_for",
];

#[test]
fn results_keep_credentials_from_hosts_that_servers_named() {
    for (name, select) in [
        ("run.jsonl", &[][..]),
        ("run.jsonl.gz", &[]),
        ("run.db", &[]),
        ("run.csv", &SELECTED),
        ("run.tsv", &SELECTED),
    ] {
        let (folder, other) = (Folder::new(), named());
        let home = naming(&other);
        let list = folder.file(
            "index.xml",
            index(&[home.url("/index.xml"), home.url("/pages.xml")]),
        );
        let out = folder.at(name);
        let given = ["--follow-sitemaps", "-o", &out, &list];
        let lists = [home.url("/list"), home.url("/away")];
        // A table holds no pages.
        let paginate = [
            "--paginate".into(),
            "link".into(),
            lists[0].clone(),
            lists[1].clone(),
        ];
        let paged = if select.is_empty() {
            &paginate[..]
        } else {
            &[]
        };
        haul(given)
            .and(select)
            .and(SECRETS)
            .and(paged)
            .done()
            .exits(0);
        let (before, before_home) = (other.requests(), home.requests());
        let done = haul(SECRETS).and([&out]).done().exits(0);
        assert!(!done.stderr.contains("credentials"), "{}", done.stderr);
        // The sitemaps are no results: below, page and more are of one host; page, list, own and away of the other.
        let (away, own) = if paged.is_empty() { (2, 1) } else { (3, 4) };
        assert_eq!(
            (other.requests(), home.requests()),
            (before + away, before_home + own),
            "{name}"
        );
        assert!(!other.seen().iter().any(has_credentials), "{name}");
        assert!(home.seen().iter().all(has_credentials), "{name}");
    }
}

#[test]
fn results_that_do_not_tell_who_named_a_host_give_it_no_credentials() {
    let server = Server::always(Answer::text(""));
    let url = server.url("/");
    let folder = Folder::new();
    let key = "2-00000000000000000000000000000000";
    let record = |more: &str| {
        format!(
            r#"{{"v":1,"index":0,"key":"{key}","outcome":"success","method":"GET","url":"{url}"{more}}}"#
        )
    };
    let table = |more: &str| {
        format!(
            "id,url,method,outcome,key{more}\n1,{url},GET,success,{key}{}\n",
            more.replace(|c| c != ',', "")
        )
    };
    for (name, text, given, sent) in [
        ("plain.jsonl", record(""), &[][..], true),
        ("file.jsonl", record(r#","source":"urls""#), &[], true),
        (
            "map.jsonl",
            record(r#","source":"http://h/m.xml""#),
            &[],
            false,
        ),
        ("page.jsonl", record(r#","page":2"#), &[], false),
        ("first.jsonl", record(r#","page":1"#), &[], true),
        ("table.csv", table(""), &[], false),
        ("column.csv", table(",credentials_for"), &[], true),
        ("list.csv", table(""), &["--url-column", "url"], true),
    ] {
        let list = folder.file(name, text);
        let done = haul(SECRETS).and(given).and([&list]).done().exits(0);
        let told = done
            .stderr
            .contains("the credentials of the run are not sent to the hosts");
        assert_eq!(told, !sent, "{name}: {}", done.stderr);
        assert_eq!(
            has_credentials(server.seen().last().unwrap()),
            sent,
            "{name}"
        );
        let without = haul(given).and([&list]).done().exits(0);
        assert!(!without.stderr.contains("credentials of the run"), "{name}");
    }
}
