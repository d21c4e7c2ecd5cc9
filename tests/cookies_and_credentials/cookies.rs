//! Cookies: set by responses, sent to the hosts they are for, shared and isolated, kept in files.

use haul::cookies::CookieJar;
use haul::{Client, Request};
use test_support::{Answer, Folder, Scenario, Server, builder, client};

fn with(jar: &CookieJar) -> Client {
    builder(4).cookies(jar.clone()).build().unwrap()
}

/// Returns the cookies of a request, in order.
fn sent(server: &Server, path: &str) -> Option<String> {
    let seen = server.last(path);
    assert!(seen.all_headers("cookie").count() <= 1);
    seen.header("cookie").map(str::to_owned)
}

/// Starts a server that sets cookies at `/in`, and says `ok` on every other path.
fn site() -> Server {
    let set = Answer::text("in")
        .header("Set-Cookie", "session=abc; HttpOnly")
        .header("Set-Cookie", "deep=1; Path=/a/b");
    Scenario::new()
        .hosts(2)
        .on("/in", set)
        .on(
            "/out",
            Answer::text("out").header("Set-Cookie", "session=; Max-Age=0"),
        )
        .on("/fails", Answer::status(403).header("Set-Cookie", "seen=1"))
        .on("*", Answer::text("ok"))
        .start()
}

#[test]
fn without_a_jar_nothing_is_kept() {
    let server = site();
    let client = client(4);
    assert!(client.get(server.url("/in")).is_success());
    assert!(client.get(server.url("/")).is_success());
    assert_eq!(sent(&server, "/"), None);
}

#[test]
fn without_header_cookie_leaves_out_the_cookies_of_the_jar() {
    let (server, jar) = (site(), CookieJar::new());
    let client = with(&jar);
    assert!(client.get(server.url("/in")).is_success());
    client.send(Request::get(server.url("/request")).without_header("Cookie"));
    assert_eq!(sent(&server, "/request"), None);
    let leaving_out = builder(4).cookies(jar).without_header("cookie");
    leaving_out.build().unwrap().get(server.url("/client"));
    assert_eq!(sent(&server, "/client"), None);
}

#[test]
fn cookies_of_a_response_are_sent_by_later_requests() {
    let (server, jar) = (site(), CookieJar::new());
    let client = with(&jar);
    assert!(client.get(server.url("/in")).is_success());
    assert_eq!(sent(&server, "/in"), None);
    assert!(client.get(server.url("/a/b/c")).is_success());
    assert_eq!(
        sent(&server, "/a/b/c").as_deref(),
        Some("deep=1; session=abc")
    );
    assert!(client.get(server.url("/a")).is_success());
    assert_eq!(sent(&server, "/a").as_deref(), Some("session=abc"));
    assert!(client.get(server.url_on(1, "/other")).is_success());
    assert_eq!(sent(&server, "/other"), None);
    assert_eq!(jar.get(&server.url("/"), "session").as_deref(), Some("abc"));

    assert!(client.get(server.url("/out")).is_success());
    assert!(client.get(server.url("/after")).is_success());
    assert_eq!(sent(&server, "/after"), None);
    // A failure sets cookies too.
    assert!(client.get(server.url("/fails")).is_failed());
    assert_eq!(jar.get(&server.url("/"), "seen").as_deref(), Some("1"));
}

#[test]
fn a_cookie_header_of_the_request_is_sent_before_those_of_the_jar() {
    let (server, jar) = (site(), CookieJar::new());
    jar.set(&server.url("/"), "a=jar").unwrap();
    jar.set(&server.url("/"), "b=jar").unwrap();
    let request = Request::get(server.url("/")).header("Cookie", "x=own; b=own");
    assert!(with(&jar).send(request).is_success());
    assert_eq!(sent(&server, "/").as_deref(), Some("x=own; b=own; a=jar"));
}

#[test]
fn every_hop_of_a_redirect_sets_and_gets_its_own_cookies() {
    let login = |seen: &test_support::Seen| {
        let port = seen
            .header("host")
            .unwrap()
            .rsplit(':')
            .next()
            .unwrap()
            .to_owned();
        Answer::redirect(302, format!("http://127.0.0.2:{port}/middle"))
            .header("Set-Cookie", "first=1; Path=/")
    };
    let middle = |seen: &test_support::Seen| {
        let port = seen
            .header("host")
            .unwrap()
            .rsplit(':')
            .next()
            .unwrap()
            .to_owned();
        Answer::redirect(302, format!("http://127.0.0.1:{port}/last"))
            .header("Set-Cookie", "second=2; Path=/")
    };
    let server = Scenario::new()
        .hosts(2)
        .when("/login", login)
        .when("/middle", middle)
        .on("*", Answer::text("ok"))
        .start();
    let jar = CookieJar::new();
    let outcome = with(&jar).get(server.url("/login"));
    assert_eq!(outcome.history().len(), 2, "{outcome:?}");
    assert_eq!(sent(&server, "/middle"), None);
    assert_eq!(sent(&server, "/last").as_deref(), Some("first=1"));
    assert_eq!(
        jar.get(&server.url_on(1, "/"), "second").as_deref(),
        Some("2")
    );
    assert_eq!(jar.len(), 2);
}

#[test]
fn a_batch_can_have_a_jar_of_its_own() {
    let server = Scenario::new()
        .when("/set/*", |seen| {
            let n = seen.last_number().unwrap();
            Answer::text("ok").header("Set-Cookie", format!("c{n}={n}; Path=/"))
        })
        .on("*", Answer::text("ok"))
        .start();
    let shared = CookieJar::new();
    let client = with(&shared);
    let urls = || (0..100).map(|i| server.url(&format!("/set/{i}")));
    assert!(
        client
            .as_completed(urls())
            .all(|outcome| outcome.is_success())
    );
    assert_eq!(shared.len(), 100);

    let own = CookieJar::new();
    let requests = urls()
        .take(10)
        .map(|url| Request::get(url).cookies(own.clone()));
    assert!(
        client
            .as_completed(requests)
            .all(|outcome| outcome.is_success())
    );
    assert_eq!((own.len(), shared.len()), (10, 100));
    let copy = own.fork();
    own.clear();
    assert_eq!((copy.len(), own.is_empty()), (10, true));
}

#[test]
fn cookies_for_another_site_are_refused() {
    let jar = CookieJar::new();
    for (url, cookie, reason) in [
        (
            "https://shop.example.co.uk/",
            "a=1; Domain=co.uk",
            "public suffix",
        ),
        (
            "https://user.github.io/",
            "a=1; Domain=github.io",
            "public suffix",
        ),
        (
            "https://a.example.com/",
            "a=1; Domain=b.example.com",
            "another one",
        ),
        ("https://a.example.com/", "a=1; Domain=com", "public suffix"),
        ("http://127.0.0.1/", "a=1; Domain=0.0.1", ""),
        ("https://a.example.com/", "s3cret", "not valid"),
        ("nonsense", "a=s3cret", "scheme"),
    ] {
        let error = jar.set(url, cookie).unwrap_err().to_string();
        assert!(error.contains(reason), "{url} {cookie}: {error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
    let large = format!("a={}", "x".repeat(5000));
    assert!(jar.set("https://a.example.com/", &large).is_err());
    assert!(jar.is_empty());
    // A domain that a site owns is shared by its hosts; a suffix that is the host itself belongs to the host alone.
    jar.set("https://a.example.com/", "a=1; Domain=.example.com")
        .unwrap();
    assert!(jar.get("https://b.example.com/", "a").is_some());
    assert!(jar.get("https://example.com/", "a").is_some());
    jar.set("https://github.io/", "b=1; Domain=github.io")
        .unwrap();
    assert!(jar.get("https://github.io/", "b").is_some());
    assert!(jar.get("https://user.github.io/", "b").is_none());
}

#[test]
fn one_site_does_not_fill_the_jar() {
    let jar = CookieJar::new();
    for i in 0..200 {
        jar.set("https://a.example.com/", &format!("c{i}=1"))
            .unwrap();
    }
    let error = jar.set("https://b.example.com/", "more=1").unwrap_err();
    assert!(error.to_string().contains("200"), "{error}");
    jar.set("https://a.example.com/", "c7=2").unwrap();
    jar.set("https://another.org/", "c=1").unwrap();
    jar.set("https://a.example.com/", "c8=; Max-Age=0").unwrap();
    jar.set("https://b.example.com/", "more=1").unwrap();
    assert_eq!(jar.len(), 201);
}

#[test]
fn a_saved_cookie_is_found_under_each_spelling_of_its_host() {
    for (set, get) in [
        ("http://[::1]:8080/", "http://[::1]/"),
        ("http://[0:0::1]/", "http://[::1]:81/"),
        ("http://[2001:DB8::1]/", "http://[2001:db8::0:1]/"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1/"),
        ("http://Example.COM/", "http://example.com:81/"),
        ("http://example.com./", "http://example.com/"),
        ("http://a.example.com/", "http://A.example.com./"),
        (
            "http://b\u{fc}cher.example/",
            "http://xn--bcher-kva.example/",
        ),
        ("http://localhost/", "http://LOCALHOST:1/"),
    ] {
        let jar = CookieJar::new();
        jar.set(set, "a=1").unwrap();
        assert_eq!(jar.get(get, "a").as_deref(), Some("1"), "{set} {get}");
        let folder = Folder::new();
        let file = folder.file("jar.jsonl");
        jar.save(&file).unwrap();
        let again = CookieJar::load(&file).unwrap();
        assert_eq!(again.get(get, "a").as_deref(), Some("1"), "{set} {get}");
        assert_eq!(again.get(set, "a").as_deref(), Some("1"), "{set}");
        let file = folder.file("jar.txt");
        jar.save_netscape(&file).unwrap();
        let again = CookieJar::new();
        again.add_netscape(&file).unwrap();
        assert_eq!(again.get(get, "a").as_deref(), Some("1"), "{set} {get}");
    }
}

#[test]
fn a_saved_jar_reads_back() {
    let jar = CookieJar::new();
    let url = "https://a.example.com/deep/page";
    jar.set(url, "session=s3cret; HttpOnly; Secure").unwrap();
    jar.set(url, "kept=1; Max-Age=1000; Path=/; Domain=example.com")
        .unwrap();
    let folder = Folder::new();
    let file = folder.file("jar.jsonl");
    jar.save(&file).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = CookieJar::load(&file).unwrap();
    assert_eq!(again.get(url, "session").as_deref(), Some("s3cret"));
    assert_eq!(
        again.get("https://example.com/", "kept").as_deref(),
        Some("1")
    );
    assert_eq!(again.get("http://a.example.com/deep/page", "session"), None);
    assert_eq!(format!("{again:?}"), "CookieJar(2 cookies)");
    // The file is there already and is saved over.
    again.save(&file).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);

    std::fs::write(&file, format!("{text}s3cret\n")).unwrap();
    let error = CookieJar::load(&file).unwrap_err().to_string();
    assert!(
        error.contains("jar.jsonl:3") && !error.contains("s3cret"),
        "{error}"
    );
    std::fs::remove_file(&file).unwrap();
    let missing = CookieJar::load(&file).unwrap_err().to_string();
    assert!(missing.contains("jar.jsonl"), "{missing}");
    let nowhere = jar
        .save(folder.file("missing").join("jar"))
        .unwrap_err()
        .to_string();
    assert!(nowhere.contains("missing"), "{nowhere}");
}

#[test]
fn a_redirect_to_another_port_drops_the_cookie_header_of_the_request() {
    let other = site();
    let server = Scenario::new()
        .on("/", Answer::redirect(302, other.url("/there")))
        .start();
    let jar = CookieJar::new();
    jar.set(&server.url("/"), "kept=1").unwrap();
    let request = Request::get(server.url("/")).header("Cookie", "own=1");
    assert!(with(&jar).send(request).is_success());
    assert_eq!(sent(&server, "/").as_deref(), Some("own=1; kept=1"));
    assert_eq!(sent(&other, "/there").as_deref(), Some("kept=1"));
}

#[test]
fn a_domain_with_a_dot_at_its_end_is_for_hosts_that_have_one() {
    let set = |host: &str, domain: &str| {
        let jar = CookieJar::new();
        let set = jar.set(&format!("http://{host}/"), &format!("a=1; Domain={domain}"));
        set.map(|()| jar).map_err(|wrong| wrong.to_string())
    };
    // The names are compared as they are (RFC 6265, 5.1.3), and only the dot in front is taken away (5.2.3). So do
    // browsers and curl: they refuse the cookie.
    for (host, domain) in [
        ("example.com", "example.com."),
        ("www.example.com", ".example.com."),
        ("www.example.com.", "example.com.."),
        ("www.example.com.", "other.com."),
    ] {
        let refused = set(host, domain).unwrap_err();
        assert!(refused.contains("another one"), "{host} {refused}");
    }
    for (host, domain) in [
        ("example.com.", "example.com."),
        ("www.example.com.", ".Example.com."),
        ("www.example.com.", "example.com"),
    ] {
        let jar = set(host, domain).unwrap();
        let sent = jar.get("http://example.com./", "a");
        assert_eq!(sent.as_deref(), Some("1"), "{host} {domain}");
    }
    // A public suffix is one with the dot too.
    for domain in ["co.uk.", "com.", "github.io."] {
        let refused = set(&format!("a.{domain}"), domain).unwrap_err();
        assert!(refused.contains("public suffix"), "{refused}");
    }
}
