//! Lists with a secret in their links, which a later run goes on with although records mask it.

use serde_json::json;

use super::super::command::{Folder, Haul, haul};
use super::asked;
use test_support::{Answer, Server};

/// Starts a server of four pages whose links repeat the token of the request.
fn server_of_one_token() -> Server {
    Server::start(|request| {
        let query = request.query().unwrap_or_default();
        let mut pairs = query.split('&');
        let token = pairs.find(|pair| pair.starts_with("access_token="));
        let (token, next) = (token.unwrap_or_default(), asked(request) + 1);
        let answer = Answer::text("");
        match next < 4 {
            true => answer.header("Link", format!("</l?{token}&page={next}>; rel=next")),
            false => answer,
        }
    })
}

/// Runs three pages of a list, and then the rest of it. Returns the pages that were asked for.
fn resumed(server: &Server, run: impl Fn() -> Haul, folder: &Folder) -> Vec<u64> {
    let out = folder.at("out.jsonl");
    let run = || run().and(["--paginate", "link", "-o", &out]);
    run().and(["--max-pages", "3"]).done().exits(0);
    run().and(["--resume"]).done().exits(0);
    assert!(!folder.read("out.jsonl").contains("t0k"));
    server.seen().iter().map(asked).collect()
}

/// The third page is asked for once more, since the link to the fourth was masked.
const LAST_ONCE_MORE: [u64; 5] = [0, 1, 2, 2, 3];

#[test]
fn the_last_page_is_asked_for_once_more_with_a_token_of_the_url() {
    let (server, folder) = (server_of_one_token(), Folder::new());
    let url = server.url("/l?access%5Ftoken=t0k&access_token=t0k");
    let asked = resumed(&server, || haul([&url]), &folder);
    assert_eq!(asked, LAST_ONCE_MORE);
}

#[test]
fn the_last_page_is_asked_for_once_more_with_a_token_of_the_lines_parameters() {
    let (server, folder) = (server_of_one_token(), Folder::new());
    let line = json!({"url": server.url("/l"), "params": {"access_token": "t0k/&"}});
    let asked = resumed(&server, || haul(["-"]).input(line.to_string()), &folder);
    assert_eq!(asked, LAST_ONCE_MORE);
}

#[test]
fn the_last_page_is_asked_for_once_more_with_a_token_of_the_command() {
    let (server, folder) = (server_of_one_token(), Folder::new());
    let url = server.url("/l");
    let run = || haul(["--url-query", "access_token=t0k", &url]);
    assert_eq!(resumed(&server, run, &folder), LAST_ONCE_MORE);
}

#[test]
fn the_last_page_is_asked_for_once_more_with_a_token_of_the_environment() {
    let (server, folder) = (server_of_one_token(), Folder::new());
    let url = server.url("/l");
    let run = || haul([&url]).env("HAUL_URL_QUERY", "access_token=t0k");
    assert_eq!(resumed(&server, run, &folder), LAST_ONCE_MORE);
}

#[test]
fn the_last_page_is_asked_for_once_more_with_the_userinfo_of_the_url() {
    let server = Server::start(|request| {
        let next = asked(request) + 1;
        let host = request.header("host").unwrap();
        let answer = Answer::text("");
        match next < 4 {
            true => answer.header("Link", format!("<//me:t0k@{host}/l?page={next}>; rel=next")),
            false => answer,
        }
    });
    let folder = Folder::new();
    let url = server.url("/l").replace("://", "://me:t0k@");
    assert_eq!(resumed(&server, || haul([&url]), &folder), LAST_ONCE_MORE);
}

#[test]
fn a_token_that_is_not_known_has_the_list_asked_for_from_the_last_page_that_is() {
    let server = Server::start(|request| {
        let next = asked(request) + 1;
        let token = if next == 1 {
            String::new()
        } else {
            format!("access_token=t0k{next}&")
        };
        let answer = Answer::text("");
        match next < 4 {
            true => answer.header("Link", format!("</l?{token}page={next}>; rel=next")),
            false => answer,
        }
    });
    let folder = Folder::new();
    let url = server.url("/l");
    // The token of the line is not that of the links.
    let run = || haul(["--url-query", "access_token=other", &url]);
    assert_eq!(resumed(&server, run, &folder), [0, 1, 2, 1, 2, 3]);
}

#[test]
fn a_post_whose_masked_link_is_lost_is_named_with_its_line() {
    let (server, folder) = (server_of_one_token(), Folder::new());
    let list: String = (0..12)
        .map(|n| server.url(&format!("/{n}?access_token=t0k\n")))
        .collect();
    let (out, list) = (folder.at("out.jsonl"), folder.file("lists.txt", list));
    let arguments = ["--paginate", "link", "-d", "x", "-o", &out, &list];
    haul(arguments).and(["--max-pages", "2"]).done().exits(0);
    let done = haul(arguments).and(["--resume", "-q"]).done();
    let done = done.says(&format!("{list}:1: the list does not go on after http"));
    let done =
        done.says("and a POST is not repeated to ask for it again, unless writes are resumed");
    assert_eq!(done.stderr.matches("does not go on").count(), 10);
    assert!(
        done.stderr
            .contains("(further lists that end so are not named)")
    );
    assert!(!done.stderr.contains("t0k"));
    assert_eq!(server.requests(), 24);
    haul(arguments).and(["--resume", "--resume-writes"]).done();
    assert_eq!(server.requests(), 24 + 12 * 3);
}
