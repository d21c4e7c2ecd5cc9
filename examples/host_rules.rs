//! Gives hosts limits and defaults of their own in one client: a token and two requests at once for one host, a rate for
//! another, and no rule for the third.

mod server;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use haul::{Client, HostRule, RateLimit, Request};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;
    let port: u16 = base.rsplit(':').next().unwrap_or_default().parse()?;
    let client = Client::builder()
        .workers(32)
        // All names lead to the server inside this program.
        .resolve("*", port, [Ipv4Addr::LOCALHOST.into()])
        .host_rule(
            "api.example",
            HostRule::new().max_in_flight(2).bearer("a-token"),
        )
        .host_rule(
            "*.shop.example",
            HostRule::new().rate(RateLimit::per_second(20)),
        )
        .build()?;

    let hosts = ["api.example", "eu.shop.example", "other.example"];
    let requests = hosts.iter().flat_map(|host| {
        (0..8).map(move |i| Request::get(format!("http://{host}:{port}/slow/{i}")).id(*host))
    });
    let started = Instant::now();
    let mut last = BTreeMap::<String, Duration>::new();
    for outcome in client.as_completed(requests) {
        let host = outcome.id().unwrap_or_default().to_owned();
        outcome.into_result()?;
        last.insert(host, started.elapsed());
    }
    println!("8 requests to each host, which responds after 300 ms; the last response came after");
    for (host, elapsed) in last {
        println!("{host:16} {:.1} s", elapsed.as_secs_f64());
    }

    println!("headers that each host received:");
    for host in hosts {
        let outcome = client.get(format!("http://{host}:{port}/echo"));
        let headers = outcome.into_result()?.value()?;
        println!("{host:16} authorization: {}", headers["authorization"]);
    }
    Ok(())
}
