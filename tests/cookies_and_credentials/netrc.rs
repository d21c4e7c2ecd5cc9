//! Credentials by host, from a netrc file.

use haul::{Client, Request};
use test_support::{Answer, Folder, Scenario, builder};

const FILE: &str = "machine 127.0.0.1 login user password pass\n";
/// Header value for `user:pass`.
const BASIC: &str = "Basic dXNlcjpwYXNz";

/// Builds a client that knows the credentials of [`FILE`].
fn client_with_netrc() -> Client {
    let folder = Folder::new();
    let file = folder.write("netrc", FILE);
    builder(4).netrc_file(file).build().unwrap()
}

#[test]
fn netrc_credentials_go_to_their_host_if_the_request_has_none() {
    let server = Scenario::new().hosts(2).on("*", Answer::text("ok")).start();
    let client = client_with_netrc();
    let sent = |request: Request| {
        assert!(client.send(request).is_success());
        let seen = server.seen().pop().unwrap();
        seen.header("authorization").map(str::to_owned)
    };
    let get = || Request::get(server.url("/"));
    assert_eq!(sent(get()).as_deref(), Some(BASIC));
    assert_eq!(sent(get().without_header("authorization")), None);
    assert_eq!(sent(Request::get(server.url_on(1, "/"))), None);
    assert_eq!(sent(get().bearer("own")).as_deref(), Some("Bearer own"));
    let named = server.url("/").replace("http://", "http://a:b@");
    assert_eq!(sent(Request::get(named)).as_deref(), Some("Basic YTpi"));
}

#[test]
fn a_redirect_to_another_host_drops_netrc_credentials() {
    let server = Scenario::new()
        .hosts(2)
        .when("/away", |seen| {
            let port = seen
                .header("host")
                .unwrap()
                .rsplit(':')
                .next()
                .unwrap()
                .to_owned();
            Answer::redirect(302, format!("http://127.0.0.2:{port}/there"))
        })
        .on("/near", Answer::redirect(302, "/here"))
        .on("*", Answer::text("ok"))
        .start();
    let client = client_with_netrc();
    assert!(client.get(server.url("/away")).is_success());
    assert_eq!(server.last("/away").header("authorization"), Some(BASIC));
    assert_eq!(server.last("/there").header("authorization"), None);
    assert!(client.get(server.url("/near")).is_success());
    assert_eq!(server.last("/here").header("authorization"), Some(BASIC));
}

#[test]
fn build_names_a_netrc_file_that_cannot_be_used() {
    let folder = Folder::new();
    let file = folder.file("wrong");
    let error = || builder(4).netrc_file(&file).build().unwrap_err();
    assert_eq!(error().setting(), "netrc_file");
    assert!(error().to_string().contains("No such file"), "{}", error());
    std::fs::write(&file, "machine h login u\npassword \"s3cret").unwrap();
    let text = error().to_string();
    assert!(text.contains(file.to_str().unwrap()), "{text}");
    assert!(
        text.contains("line 2") && !text.contains("s3cret"),
        "{text}"
    );
}
