//! Pages of lists and of sitemaps, which belong to the shard of their line.

use std::collections::BTreeMap;

use serde_json::Value;
use test_support::{Answer, Scenario, Server};

use super::super::command::{Folder, haul};
use super::{records, run, run_all};

/// Starts a server whose lists have four pages each.
fn lists() -> Server {
    Server::start(|seen| {
        let page: u64 = seen.query().map_or(0, |query| query[5..].parse().unwrap());
        let answer = Answer::text("");
        match page < 3 {
            true => answer.header(
                "Link",
                format!("<{}?page={}>; rel=\"next\"", seen.path(), page + 1),
            ),
            false => answer,
        }
    })
}

fn list(folder: &Folder, server: &Server) -> String {
    let urls = (0..12).map(|n| server.url(&format!("/list{n}\n")));
    folder.file("list", urls.collect::<String>())
}

/// Numbers of the pages of each list.
fn pages(records: &[Value]) -> BTreeMap<u64, Vec<u64>> {
    let mut found = BTreeMap::<u64, Vec<u64>>::new();
    for record in records {
        let index = record["index"].as_u64().unwrap();
        found
            .entry(index)
            .or_default()
            .push(record["page"].as_u64().unwrap());
    }
    found
}

#[test]
fn all_pages_of_a_line_are_in_its_shard() {
    let (server, folder) = (lists(), Folder::new());
    let list = list(&folder, &server);
    for more in [
        &["--paginate", "link"][..],
        &["--paginate", "link", "--ordered"],
    ] {
        let folder = Folder::new();
        run_all(&folder, 3, &list, more);
        let found = records(&folder, 3)
            .iter()
            .map(|shard| pages(shard))
            .collect::<Vec<_>>();
        assert_eq!(found.iter().map(BTreeMap::len).sum::<usize>(), 12);
        for shard in &found {
            assert!(
                shard.values().all(|pages| pages == &[1, 2, 3, 4]),
                "{shard:?}"
            );
        }
    }
}

#[test]
fn a_shard_goes_on_with_its_own_pages_and_refuses_those_of_another() {
    let (server, folder) = (lists(), Folder::new());
    let list = list(&folder, &server);
    for by in ["key", "host"] {
        let folder = Folder::new();
        let more = ["--shard-by", by, "--paginate", "link"];
        run_all(
            &folder,
            3,
            &list,
            &[&more[..], &["--max-pages", "2"]].concat(),
        );
        run_all(&folder, 3, &list, &more);
        let all = records(&folder, 3);
        let own = pages(&all.concat());
        assert_eq!(own.len(), 12);
        assert!(own.values().all(|pages| pages.len() == 4), "{own:?}");
        let full = all.iter().position(|records| !records.is_empty()).unwrap();
        let out = folder.at(&format!("r-{full}.jsonl"));
        let shard = format!("{}/3", (full + 1) % 3);
        let run = haul(["--shard", &shard, "--resume", "-o", &out, &list]).and(more);
        let told = format!("{out}:1: belongs to shard {full}/3 (--shard {shard} was given)");
        run.done().exits(2).says(&told);
    }
}

#[test]
fn each_sitemap_is_fetched_by_one_shard() {
    let pages = Server::always(Answer::text(""));
    let urlset = |seen: &test_support::Seen| {
        let links = (0..5).map(|n| pages_url(seen.path(), n));
        links.collect::<String>()
    };
    let base = pages.url("");
    let maps = Scenario::new()
        .when("*", move |seen| {
            let links = urlset(seen).replace("BASE", &base);
            Answer::text(format!("<?xml version='1.0'?>\n<urlset>\n{links}</urlset>"))
        })
        .start();
    let folder = Folder::new();
    let links = (0..9).map(|n| {
        format!(
            "<sitemap><loc>{}</loc></sitemap>\n",
            maps.url(&format!("/m{n}"))
        )
    });
    let index = format!(
        "<?xml version='1.0'?>\n<sitemapindex>\n{}</sitemapindex>",
        links.collect::<String>()
    );
    let index = folder.file("index.xml", index);
    for _ in 0..2 {
        let start = |number| {
            let run = run(&folder, &format!("{number}/3"), &index);
            run.and(["--follow-sitemaps"]).start()
        };
        let running: Vec<_> = (0..3).map(start).collect();
        running
            .into_iter()
            .for_each(|run| drop(run.finish().exits(0)));
    }
    // The second run of a shard fetches its sitemaps again, and none of the pages.
    assert_eq!((maps.requests(), pages.requests()), (18, 45));
    assert_eq!(records(&folder, 3).concat().len(), 45);
    for map in 0..9 {
        assert_eq!(maps.requests_to(&format!("/m{map}")), 2);
    }
}

fn pages_url(map: &str, number: usize) -> String {
    format!("<url><loc>BASE{map}/{number}</loc></url>\n")
}
