//! Lists that a later run goes on with.

use std::collections::{BTreeMap, HashSet};
use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::super::command::{Folder, haul, records};
use super::{asked, page_of, server, shown};
use test_support::{Answer, Server};

const LISTS: u64 = 6;
const PAGES: u64 = 25;

/// Returns the pages of each line, in the order of the records.
fn pages_by_line(records: &[Value]) -> BTreeMap<u64, Vec<u64>> {
    let mut found = BTreeMap::<u64, Vec<u64>>::new();
    for (index, page, _) in shown(records) {
        found.entry(index).or_default().push(page);
    }
    found
}

#[test]
fn a_list_goes_on_after_its_last_page() {
    for name in ["out.jsonl", "out.db"] {
        let (server, folder) = (server(5), Folder::new());
        let (out, url) = (folder.at(name), server.url("/l"));
        let run = |more: &[&str]| {
            let arguments = ["--paginate", "link", "-o", &out, &url];
            haul(arguments).and(more).done().exits(0);
        };
        run(&["--max-pages", "2"]);
        run(&["--resume", "--max-pages", "4"]);
        run(&["--resume"]);
        run(&["--resume"]);
        let pages = pages_by_line(&folder.records(name));
        assert_eq!(pages[&0], [1, 2, 3, 4, 5], "{name}");
        assert_eq!(server.requests(), 5, "{name}");
    }
}

#[test]
fn a_failed_page_is_left_unless_failures_are_retried() {
    let fails = Arc::new(AtomicBool::new(true));
    let down = Arc::clone(&fails);
    let server = Server::start(move |request| match asked(request) {
        2 if down.load(Ordering::Relaxed) => Answer::status(404),
        _ => page_of(4, request),
    });
    let folder = Folder::new();
    let (out, url) = (folder.at("out.jsonl"), server.url("/l"));
    let arguments = ["--paginate", "/next", "-o", &out, &url];
    haul(arguments).done().exits(1);
    fails.store(false, Ordering::Relaxed);
    haul(arguments).and(["--resume"]).done().exits(0);
    assert_eq!(server.requests(), 3);
    haul(arguments).and(["--retry-failed"]).done().exits(0);
    let records = folder.records("out.jsonl");
    assert_eq!(pages_by_line(&records)[&0], [1, 2, 3, 3, 4]);
    assert_eq!(records[3]["supersedes"], true);
    assert_eq!(server.requests(), 5);
}

#[test]
fn only_a_masked_link_has_its_page_asked_for_once_more() {
    let server = Server::start(|request| {
        let next = asked(request) + 1;
        let answer = Answer::text("");
        match next < 4 {
            true => answer.header("Link", format!("</l?access_token=t&page={next}>; rel=next")),
            false => answer,
        }
    });
    let folder = Folder::new();
    let (out, url) = (folder.at("out.jsonl"), server.url("/l?access_token=t"));
    let arguments = ["--paginate", "link", "-o", &out, &url];
    haul(arguments).and(["--max-pages", "2"]).done().exits(0);
    haul(arguments).and(["--resume"]).done().exits(0);
    let asked: Vec<u64> = server.seen().iter().map(asked).collect();
    assert_eq!(asked, [0, 1, 1, 2, 3]);
    assert!(!folder.read("out.jsonl").contains("access_token=t"));
}

/// Starts a server whose link to each page has a token that no earlier request had. The page `failing` fails once.
fn server_of_tokens(failing: u64) -> Server {
    let failed = std::sync::atomic::AtomicBool::new(false);
    Server::start(move |request| {
        let page = asked(request);
        if page == failing && !failed.swap(true, std::sync::atomic::Ordering::Relaxed) {
            return Answer::status(404);
        }
        let next = page + 1;
        let answer = Answer::text("");
        match next < 4 {
            true => answer.header(
                "Link",
                format!("</l?access_token=t{next}&page={next}>; rel=next"),
            ),
            false => answer,
        }
    })
}

#[test]
fn a_failed_page_whose_link_was_masked_is_reached_again_from_the_last_known_page() {
    let (server, folder) = (server_of_tokens(2), Folder::new());
    let (out, url) = (folder.at("out.jsonl"), server.url("/l"));
    let arguments = ["--paginate", "link", "-o", &out, &url];
    haul(arguments).done().exits(1);
    haul(arguments).and(["--retry-failed"]).done().exits(0);
    let asked: Vec<u64> = server.seen().iter().map(asked).collect();
    assert_eq!(asked, [0, 1, 2, 0, 1, 2, 3]);
    let records = folder.records("out.jsonl");
    let again: Vec<bool> = records.iter().map(|r| r["supersedes"] == true).collect();
    assert_eq!(again, [false, false, false, true, true, true, false]);
}

#[test]
fn a_post_whose_masked_link_is_lost_is_not_sent_again() {
    let (server, folder) = (server_of_tokens(9), Folder::new());
    let (out, url) = (folder.at("out.jsonl"), server.url("/l"));
    let arguments = ["--paginate", "link", "-d", "x", "-o", &out, &url];
    haul(arguments).and(["--max-pages", "2"]).done().exits(0);
    haul(arguments).and(["--resume"]).done();
    let asked: Vec<u64> = server.seen().iter().map(asked).collect();
    assert_eq!(asked, [0, 1]);
}

#[test]
fn equal_lines_are_lists_of_their_own() {
    let (server, folder) = (server(3), Folder::new());
    let (out, url) = (folder.at("out.jsonl"), server.url("/l"));
    let arguments = ["--paginate", "link", "-o", &out, &url, &url];
    haul(arguments).and(["--max-pages", "2"]).done().exits(0);
    haul(arguments).and(["--resume"]).done().exits(0);
    let found = pages_by_line(&folder.records("out.jsonl"));
    assert_eq!((&found[&0], &found[&1]), (&vec![1, 2, 3], &vec![1, 2, 3]));
}

#[test]
fn results_without_pages_are_told_of_when_pages_are_asked_for() {
    let (server, folder) = (server(3), Folder::new());
    let out = folder.at("out.jsonl");
    let urls = ["/a", "/b"].map(|path| server.url(path));
    haul(["-o", &out]).and(&urls).done().exits(0);
    let arguments = ["--resume", "-q", "--paginate", "link", "-o", &out];
    let done = haul(arguments).and(&urls).and([server.url("/c")]).done();
    let done = done
        .exits(0)
        .says("2 requests of the input have their results from a run without pages");
    assert_eq!(done.stderr.lines().count(), 1);
    assert_eq!(server.requests(), 5);
}

#[test]
fn lists_with_further_pages_are_told_of_when_no_pages_are_asked_for() {
    let (server, folder) = (server(3), Folder::new());
    let out = folder.at("out.jsonl");
    let urls = ["/a", "/b"].map(|path| server.url(path));
    let arguments = ["--paginate", "link", "-o", &out];
    haul(arguments).and([&urls[0]]).done().exits(0);
    haul(arguments)
        .and(["--resume", "--max-pages", "2"])
        .and(&urls)
        .done();
    let done = haul(["--resume", "-q", "-o", &out]).and(&urls).done();
    let done = done
        .exits(0)
        .says("1 request of the input has further pages that this run does not ask for");
    assert_eq!(done.stderr.lines().count(), 1);
    assert_eq!(server.requests(), 5);
    // The list goes on as soon as pages are asked for again.
    let done = haul(arguments).and(["--resume"]).and(&urls).done();
    done.never_says("further pages that");
    assert_eq!(server.requests(), 6);
}

/// Number of kills: 8, or 50 with `HAUL_SCALE`.
fn kills() -> usize {
    match env::var_os("HAUL_SCALE") {
        Some(_) => 50,
        None => 8,
    }
}

#[test]
fn lists_that_are_killed_and_resumed_have_each_page_once() {
    kill_and_resume(&[]);
}

#[test]
fn lists_in_order_that_are_killed_and_resumed_have_each_page_once() {
    kill_and_resume(&["--ordered"]);
}

/// Kills runs with these arguments at any time and resumes them, until their results are whole.
fn kill_and_resume(with: &[&str]) {
    let mut killed = 0;
    while killed < kills() {
        let server = Server::start(|request| match (request.path(), asked(request)) {
            // The last list fails at its page 20.
            ("/5", 19) => Answer::status(404),
            _ => page_of(PAGES, request),
        });
        let folder = Folder::new();
        let (out, log) = (folder.at("out.jsonl"), folder.at("failures.jsonl"));
        let list: String = (0..LISTS).map(|n| server.url(&format!("/{n}\n"))).collect();
        let list = folder.file("list", list);
        let mut arguments = vec!["-q", "--resume", "--paginate", "link", "-j", "3"];
        arguments.extend(["-o", &out, "--failures", &log, &list]);
        arguments.extend(with);
        let total = (LISTS * PAGES) as usize;
        loop {
            let (before, recorded) = (server.requests(), recorded(&folder));
            let next = before + fastrand::usize(1..total / 4);
            let mut run = haul(arguments.iter()).start();
            while server.requests() < next && !run.is_over() {
                std::thread::yield_now();
            }
            let over = run.is_over();
            killed += usize::from(!over);
            run.kill();
            run.finish();
            let seen = server.seen();
            let again = seen[before..]
                .iter()
                .find(|seen| recorded.contains(&seen.target));
            assert!(
                again.is_none(),
                "asked again: {:?}",
                again.map(|seen| &seen.target)
            );
            if over {
                break;
            }
        }
        let found = pages_by_line(&folder.records("out.jsonl"));
        assert_eq!(found.len() as u64, LISTS);
        for (index, pages) in found {
            let last = if index == 5 { 20 } else { PAGES };
            assert_eq!(pages, (1..=last).collect::<Vec<u64>>(), "list {index}");
        }
        let failures = folder.records("failures.jsonl");
        assert_eq!(failures.len(), 1);
        assert_eq!(
            (&failures[0]["index"], &failures[0]["page"]),
            (&5.into(), &20.into())
        );
    }
}

/// Returns the paths and queries of the pages in the whole lines of the results.
fn recorded(folder: &Folder) -> HashSet<String> {
    if !folder.has("out.jsonl") {
        return HashSet::new();
    }
    let text = folder.read("out.jsonl");
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let target = |record: &Value| {
        let url = record["url"].as_str().unwrap().to_owned();
        let path = url.match_indices('/').nth(2).unwrap().0;
        url[path..].to_owned()
    };
    records(whole).iter().map(target).collect()
}
