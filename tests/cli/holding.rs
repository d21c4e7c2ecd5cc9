//! A run in which nothing finishes says which host holds its places.

use rustix::process::Signal;
use test_support::{Answer, Gate, Scenario, Server};

use super::command::haul;

fn server(gate: &Gate) -> Server {
    Scenario::new()
        .hosts(2)
        .on("/held/*", Answer::text("").behind(gate))
        .on("/*", Answer::text(""))
        .start()
}

/// A request that is answered, then three that hang: two at one host, one at another.
fn urls(server: &Server) -> [String; 4] {
    [
        server.url_on(1, "/ok"),
        server.url_on(0, "/held/1"),
        server.url_on(0, "/held/2"),
        server.url_on(1, "/held/3"),
    ]
}

#[test]
fn plain_progress_names_the_host_that_holds_workers() {
    let gate = Gate::closed();
    let server = server(&gate);
    let mut arguments = vec!["-j".to_owned(), "3".to_owned()];
    arguments.extend(["--progress", "plain"].map(str::to_owned));
    arguments.extend(urls(&server));
    let run = haul(arguments).start();
    gate.wait_for(3);
    run.wait_until_said("has held ");
    run.signal(Signal::INT);
    run.signal(Signal::INT);
    gate.open();
    let done = run.finish();
    let host = server.url_on(0, "");
    let named: Vec<_> = done
        .stderr
        .lines()
        .filter(|line| line.contains(" has held "))
        .collect();
    let expected = format!(", {host} has held 2 places for ");
    assert!(
        named.iter().all(|line| line.contains(&expected)),
        "{named:?}"
    );
}

#[test]
fn progress_for_programs_has_it_as_an_object() {
    let gate = Gate::closed();
    let server = server(&gate);
    let mut arguments = vec!["-j".to_owned(), "3".to_owned()];
    arguments.extend(["--progress", "json"].map(str::to_owned));
    arguments.extend(urls(&server));
    let run = haul(arguments).start();
    gate.wait_for(3);
    run.wait_until_said("\"places\":2");
    run.signal(Signal::INT);
    gate.open();
    let done = run.finish();
    let lines = done.stderr.lines().filter(|line| line.starts_with('{'));
    let lines: Vec<serde_json::Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["holding"], serde_json::Value::Null);
    let named = lines.iter().map(|line| &line["holding"]);
    let named = named.filter(|holding| !holding.is_null());
    for holding in named {
        assert_eq!(holding["host"], server.url_on(0, ""), "{holding}");
        assert!(holding["time_ms"].as_u64().is_some(), "{holding}");
    }
}
