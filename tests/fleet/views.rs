//! Views of a worker: its summary, its progress, and a line for each request.

use serde_json::Value;
use test_support::{Answer, Server};

use crate::world::World;

#[test]
fn a_request_that_was_parked_counts_once_in_the_summary() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    // The wait is longer than a lease, so that both requests are handed back and taken again.
    let server = Server::start(|seen| match seen.nth {
        1 => Answer::status(503).header("Retry-After", "2"),
        _ => Answer::text("hello"),
    });
    let list = world.list(&server, 2);
    world.load(&list, &[]);
    let worker = world.work(&["--progress", "json"]).finish().exits(0);
    let (headline, rest) = worker.stderr.split_once("Done in ").expect("a summary");
    assert!(
        rest.lines()
            .next()
            .is_some_and(|line| line.contains(" 2 requests")),
        "{rest}"
    );
    assert!(rest.contains("succeeded      2"), "{rest}");
    let last = headline
        .lines()
        .rfind(|line| line.starts_with('{'))
        .expect("progress");
    let last: Value = serde_json::from_str(last).expect("JSON");
    assert_eq!(
        (&last["done"], &last["not_done"]),
        (&Value::from(2), &Value::from(0))
    );
    assert_eq!(
        (&last["total"], &last["in_flight"]),
        (&Value::Null, &Value::from(0))
    );
}

#[test]
fn a_worker_prints_a_line_for_each_request_that_ends() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::start(|seen| match seen.last_number() {
        Some(1) => Answer::status(404),
        _ => Answer::text("hello"),
    });
    let mut lines: Vec<String> = (0..3).map(|n| server.url(&format!("/{n}"))).collect();
    lines.push("{\"url\": 5}".to_owned());
    let list = world.list_of(lines);
    let bad = format!("haul: {list}:4: ");
    world.load(&list, &[]).says(&bad);
    let worker = world.work(&["-v", "--progress", "plain"]).finish().exits(0);
    worker
        .says(&format!("200 GET {}", server.url("/0")))
        .says(&format!("404 GET {}", server.url("/1")))
        .says("4 done, 2 ok, 0 rejected, 2 failed, 0 in flight")
        .says(&bad)
        .never_says("not done");
    let quiet = world.fleet("work", &["-q"]).done().exits(0);
    assert_eq!(quiet.stderr, "");
}
