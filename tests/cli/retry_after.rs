//! Waits that servers ask for.

use test_support::{Answer, Scenario, Server};

use super::command::haul;

#[test]
fn waits_that_a_server_asks_for_are_one_warning() {
    let server = Scenario::new()
        .on(
            "/soon/*",
            Answer::status(503)
                .header("Retry-After", "0")
                .times(1)
                .then(Answer::text("")),
        )
        .start();
    let soon: String = (0..5)
        .map(|i| server.url(&format!("/soon/{i}")) + "\n")
        .collect();
    let done = haul(["-j1", "--retry-delay", "1ms", "-"])
        .input(soon)
        .done()
        .exits(0);
    let told = done
        .stderr
        .matches("it asks for a wait (Retry-After: 0)")
        .count();
    assert_eq!(told, 1, "{}", done.stderr);
}

#[test]
fn a_wait_over_the_limit_ends_the_request() {
    let server = Server::always(Answer::status(503).header("Retry-After", "60"));
    let done = haul(["--retry-after-max", "1s", &server.url("/late")])
        .done()
        .exits(1);
    assert_eq!(done.results()[0]["stop_reason"], "retry_after_over_cap");
}

#[test]
fn no_retry_after_ignores_the_wait_that_a_server_asks_for() {
    let server = Server::always(Answer::status(503).header("Retry-After", "60"));
    let arguments = [
        "--no-retry-after",
        "--retry-delay",
        "1ms",
        &server.url("/late"),
    ];
    let done = haul(arguments).done().exits(1);
    assert_eq!(done.results()[0]["attempts"], 3);
}
