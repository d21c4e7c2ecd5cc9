//! Bodies that come no faster than a client allows. The clock is virtual, so that nothing is waited for.

use std::time::Duration;

use haul::testing::{self, Script};
use haul::{Client, ErrorType, Request, Timeouts};
use test_support::bytes;

use super::class;

#[test]
fn all_bodies_together_take_the_time_of_their_bytes() {
    let script = Script::new()
        .on(testing::any(), testing::bytes(200, bytes(100_000)))
        .virtual_clock();
    let client = Client::builder()
        .workers(4)
        .bandwidth(100_000)
        .transport(script.clone())
        .build()
        .unwrap();
    let requests = (0..10).map(|i| format!("http://h/{i}"));
    for outcome in client.as_completed(requests) {
        assert_eq!(outcome.success().unwrap().bytes(), bytes(100_000));
    }
    // A million bytes at 100,000 in a second, less the bytes that a full bucket holds.
    let took = script.elapsed();
    let (least, most) = (Duration::from_millis(9_800), Duration::from_millis(10_100));
    assert!(least <= took && took <= most, "{took:?}");
}

#[test]
fn a_limit_of_time_holds_while_a_body_waits_for_its_turn() {
    let script = Script::new()
        .on(testing::any(), testing::bytes(200, bytes(100_000)))
        .virtual_clock();
    let client = Client::builder()
        .bandwidth(1000)
        .transport(script.clone())
        .build()
        .unwrap();
    let limit = Timeouts::new().attempt(Duration::from_secs(5));
    let request = Request::get("http://h/").timeouts(limit).no_retry();
    assert_eq!(class(&client.send(request)), ErrorType::Timeout);
    assert!(script.elapsed() <= Duration::from_secs(6));
}

#[test]
fn a_bandwidth_of_zero_is_refused() {
    let refused = Client::builder().bandwidth(0).build().unwrap_err();
    assert!(refused.to_string().contains("bandwidth"), "{refused}");
}
