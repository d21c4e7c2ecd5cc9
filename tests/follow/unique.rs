//! Requests that are left out because an equal one came before.

use std::collections::BTreeSet;

use haul::Summary;

use super::*;

/// Returns the number of outcomes, and the summary.
fn of_unique<R: Into<Request>>(requests: impl IntoIterator<Item = R>) -> (usize, Summary) {
    let server = pages(0);
    let builder = Client::builder().base_url(server.url("/"));
    let client = builder.workers(4).build().unwrap();
    let mut outcomes = client.as_completed(requests).unique(true);
    let count = outcomes.by_ref().count();
    assert_eq!(outcomes.end(), Some(End::Completed));
    (count, outcomes.summary().snapshot())
}

#[test]
fn a_page_that_links_to_itself_is_asked_once() {
    let server = Server::start(|_| Answer::text("").header("Link", "<>; rel=next"));
    let client = client(4, 16);
    let mut pushed = None;
    let mut pages = client
        .follow([server.url("/1")], |outcome, next| {
            let url = outcome.success().unwrap().next_link().unwrap();
            pushed = Some(next.push(url).unwrap());
        })
        .unique(true);
    assert_eq!(pages.by_ref().count(), 1);
    assert_eq!(pages.summary().snapshot().duplicates(), 1);
    drop(pages);
    assert_eq!(pushed, Some(Pushed::Duplicate));
}

#[test]
fn a_crawl_of_pages_that_link_to_each_other_asks_each_once() {
    let server = Server::start(|seen| {
        let number = seen.last_number().unwrap();
        let links = [(number * 7 + 1) % 500, (number + 1) % 500, number];
        let links = links.map(|n| format!("</{n}>; rel=item"));
        Answer::text("").header("Link", links.join(", "))
    });
    let client = client(64, 100);
    let mut links = 0;
    let mut pages = client
        .follow(
            [server.url("/0"), server.url("/0#again")],
            |outcome, next| {
                for link in outcome.success().unwrap().links() {
                    links += 1;
                    next.push(link.url()).unwrap();
                }
            },
        )
        .unique(true);
    let seen: BTreeSet<_> = pages.by_ref().map(|page| path(&page)).collect();
    let summary = pages.summary().snapshot();
    drop(pages);
    assert_eq!((seen.len(), server.requests()), (500, 500));
    assert_eq!(summary.duplicates(), links + 2 - 500);
}

#[test]
fn requests_that_send_the_same_are_equal() {
    let get = || Request::get("a/1").header("x", "1");
    let (count, summary) = of_unique([
        get(),
        get().id("other"),
        get().tag(7),
        Request::get("/a/1#part").header("X", "1"),
        Request::get("/a/../a/1").header("x", "1"),
        get().no_retry(),
    ]);
    assert_eq!((count, summary.duplicates(), summary.total()), (1, 5, 1));
}

#[test]
fn requests_that_send_something_else_are_not_equal() {
    let put = || Request::put("1");
    let requests = [
        Request::get("1"),
        put(),
        Request::get("2"),
        Request::get("1?"),
        Request::get("1?a=1"),
        Request::get("1").query("a", "2"),
        Request::get("1").header("x", "1"),
        Request::get("1").header("x", "2"),
        Request::get("1").without_header("accept"),
        Request::get("1").bearer("one"),
        Request::get("1").bearer("two"),
        Request::get("1").basic_auth("u", "p"),
        put().body("a"),
        put().body("b"),
        put().body_reader(std::io::Cursor::new("a")),
        put().body_reader(std::io::Cursor::new("a")),
    ];
    let number = requests.len();
    let (count, summary) = of_unique(requests);
    assert_eq!((count, summary.duplicates()), (number, 0));
}

#[test]
fn requests_that_cannot_be_sent_each_have_their_outcome() {
    let wrong = || Request::get("http://");
    let (count, summary) = of_unique([wrong(), wrong(), Request::get("1").header("a b", "")]);
    assert_eq!((count, summary.failed(), summary.duplicates()), (3, 3, 0));
}

#[cfg(feature = "cookies")]
#[test]
fn requests_of_two_jars_are_not_equal() {
    use haul::cookies::CookieJar;

    let (one, other) = (CookieJar::new(), CookieJar::new());
    let jars = [&one, &other, &one, &other];
    let requests = jars.map(|jar| Request::get("1").cookies(jar.clone()));
    let (count, summary) = of_unique(requests);
    assert_eq!((count, summary.duplicates()), (2, 2));
}

#[test]
fn requests_of_a_channel_are_compared_too() {
    let server = pages(0);
    let client = client(2, 1);
    let (intake, outcomes) = client.channel();
    let mut outcomes = outcomes.unique(true);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for n in 0..100 {
                intake.send(server.url(&format!("/{}", n % 10))).unwrap();
            }
        });
        assert_eq!(outcomes.by_ref().count(), 10);
    });
    let summary = outcomes.summary().snapshot();
    assert_eq!((summary.total(), summary.duplicates()), (10, 90));
}

#[test]
fn a_request_that_a_channel_refused_is_no_duplicate() {
    let held = Gate::closed();
    let server = {
        let held = held.clone();
        Server::start(move |_| Answer::text("").behind(&held))
    };
    let client = client(1, 1);
    let (intake, outcomes) = client.channel();
    let mut outcomes = outcomes.unique(true);
    intake.try_send(server.url("/1")).unwrap();
    let refused = intake.try_send(server.url("/2")).unwrap_err();
    intake.try_send(server.url("/1")).unwrap();
    held.open();
    assert_eq!(path(&outcomes.next().unwrap()), "/1");
    intake.try_send(refused.into_request()).unwrap();
    drop(intake);
    assert_eq!(path(&outcomes.next().unwrap()), "/2");
    assert!(outcomes.next().is_none());
    assert_eq!(outcomes.summary().snapshot().duplicates(), 1);
}

#[test]
fn a_filter_compares_as_a_batch_does() {
    let builder = Client::builder().base_url("http://host/a/");
    let client = builder.query("key", "1").build().unwrap();
    let mut filter = client.unique_filter();
    let urls = ["1", "http://host/a/1#top", "/a/./1", "2", "no\turl:"];
    let new = urls.map(|url| filter.is_new(&url.into()));
    assert_eq!(new, [true, false, false, true, true]);
}

#[test]
fn an_endless_input_of_duplicates_ends_at_the_deadline() {
    let server = pages(0);
    let client = client(2, 4);
    let urls = std::iter::repeat_with(|| server.url("/1"));
    let outcomes = client.as_completed(urls).unique(true);
    let mut outcomes = outcomes.deadline(Duration::from_millis(100));
    assert_eq!(outcomes.by_ref().count(), 1);
    assert_eq!(outcomes.end(), Some(End::Deadline));
}

#[test]
fn without_unique_equal_requests_are_sent() {
    let server = pages(0);
    let client = client(2, 4);
    let urls = || [server.url("/1"), server.url("/1")];
    assert_eq!(client.as_completed(urls()).count(), 2);
    assert_eq!(
        client
            .as_completed(urls())
            .unique(true)
            .unique(false)
            .count(),
        2
    );
}
