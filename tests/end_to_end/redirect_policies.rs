//! Choice of the redirects that are followed.

use std::sync::Mutex;

use haul::settings::RedirectPolicy;
use haul::{ErrorType, Request, StopReason};
use test_support::{Answer, Scenario, Server, builder, error};

fn redirecting_server() -> Server {
    Scenario::new()
        .hosts(2)
        .on("/near", Answer::redirect(302, "/here"))
        .when("/away", |seen| {
            let port = seen
                .header("host")
                .unwrap()
                .rsplit(':')
                .next()
                .unwrap()
                .to_owned();
            Answer::redirect(307, format!("http://127.0.0.2:{port}/there"))
        })
        .on("*", Answer::text("ok"))
        .start()
}

#[test]
fn a_redirect_that_leaves_the_allowed_origin_fails() {
    let server = redirecting_server();
    for policy in [RedirectPolicy::same_host(), RedirectPolicy::same_origin()] {
        let client = builder(4).redirects(policy).build().unwrap();
        assert!(client.get(server.url("/near")).is_success());
        let outcome = client.get(server.url("/away"));
        let error = error(&outcome);
        assert_eq!(error.error_type(), ErrorType::Redirect);
        assert_eq!(error.stop_reason(), Some(StopReason::NotRetryable));
        assert_eq!(error.status(), Some(307));
        assert!(error.message().contains("127.0.0.2"), "{error}");
        assert_eq!((outcome.attempts(), outcome.history().len()), (1, 1));
        // A request may have a policy of its own.
        let request = Request::get(server.url("/away")).redirects(RedirectPolicy::all());
        assert!(client.send(request).is_success());
    }
    assert_eq!(server.requests_to("/there"), 2);
}

#[test]
fn a_custom_policy_sees_the_target_of_the_redirect() {
    let server = redirecting_server();
    let asked = std::sync::Arc::new(Mutex::new(Vec::new()));
    let log = std::sync::Arc::clone(&asked);
    let policy = RedirectPolicy::when(move |redirect| {
        let said = format!(
            "{} {} {} {}",
            redirect.status,
            redirect.method,
            redirect.to.path(),
            redirect.hops
        );
        log.lock().unwrap().push(said);
        redirect.to.path() == "/here"
    });
    let client = builder(4).redirects(policy).build().unwrap();
    assert!(client.send(Request::post(server.url("/near"))).is_success());
    assert!(client.send(Request::post(server.url("/away"))).is_failed());
    assert_eq!(
        *asked.lock().unwrap(),
        ["302 GET /here 0", "307 POST /there 0"]
    );
}

#[test]
fn a_policy_that_panics_fails_its_request_alone() {
    let server = redirecting_server();
    let policy = RedirectPolicy::when(|_| panic!("the policy panics on purpose"));
    let client = builder(4).redirects(policy).build().unwrap();
    let outcome = client.get(server.url("/near"));
    assert_eq!(error(&outcome).error_type(), ErrorType::Panic);
    assert!(client.get(server.url("/")).is_success());
}
