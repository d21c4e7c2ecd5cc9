//! haul beside a client written by hand: ureq, shared by as many threads, over crossbeam channels. Both fetch from a
//! server in this process, in turn, parse each body on the thread that received it, and keep the number of its rows.
//!
//! `cargo bench --bench throughput -- [--rounds N] [--count N] [--at-once N,N,..]`
//!
//! The server works on the same cores, so the ratio is smaller than with a server elsewhere; `benches/peers` keeps them
//! apart and has more clients. Without cargo's `--bench`, as `cargo test --benches` runs it, the bench makes a few
//! requests to check that it works.

mod support;

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use haul::{Client, Response};
use serde_json::{Value, json};
use support::AnyError;
use ureq::Agent;

fn main() -> Result<(), AnyError> {
    let plan = Plan::from_args(std::env::args().skip(1))?;
    let base = serve()?;
    for at_once in plan.at_once {
        let work = Work::new(&base, "/small", plan.count, at_once);
        compare(&work, plan.rounds)?;
    }
    let work = Work::new(&base, "/large", (plan.count / 10).max(1), 16);
    compare(&work, plan.rounds)
}

struct Plan {
    rounds: usize,
    count: usize,
    at_once: Vec<usize>,
}

impl Plan {
    fn from_args(args: impl Iterator<Item = String>) -> Result<Plan, AnyError> {
        let args: Vec<String> = args.collect();
        if !args.iter().any(|arg| arg == "--bench") {
            // The other arguments are meant for other tests.
            return Ok(Plan {
                rounds: 1,
                count: 200,
                at_once: vec![8],
            });
        }
        let mut plan = Plan {
            rounds: 5,
            count: 30_000,
            at_once: vec![8, 64],
        };
        let mut args = args.into_iter().filter(|arg| arg != "--bench");
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| format!("{name}: no value"))?;
            let numbers: Result<Vec<usize>, _> = value.split(',').map(str::parse).collect();
            let numbers = numbers.map_err(|e| format!("{name} {value}: {e}"))?;
            match (name.as_str(), numbers.as_slice()) {
                _ if numbers.contains(&0) => return Err(format!("{name}: at least 1").into()),
                ("--rounds", [rounds]) => plan.rounds = *rounds,
                ("--count", [count]) => plan.count = *count,
                ("--at-once", [_, ..]) => plan.at_once = numbers,
                _ => return Err(format!("{name} {value}: not known").into()),
            }
        }
        Ok(plan)
    }
}

struct Work {
    url: String,
    count: usize,
    at_once: usize,
}

impl Work {
    fn new(base: &str, path: &str, count: usize, at_once: usize) -> Work {
        Work {
            url: format!("{base}{path}"),
            count,
            at_once,
        }
    }

    /// Runs one client and returns its requests per second.
    fn rate(&self, name: &str, run: fn(&Work) -> Result<usize, AnyError>) -> Result<f64, AnyError> {
        let started = Instant::now();
        let ok = run(self)?;
        let seconds = started.elapsed().as_secs_f64();
        if ok != self.count {
            return Err(format!("{name}: only {ok} of {} succeeded", self.count).into());
        }
        Ok(self.count as f64 / seconds)
    }
}

/// Compares the clients. The first client changes from round to round: a machine that gets slower, or busier, must not
/// always slow the same client.
fn compare(work: &Work, rounds: usize) -> Result<(), AnyError> {
    println!(
        "{}, {} at once, {} requests",
        work.url, work.at_once, work.count
    );
    let mut ratios = Vec::new();
    for round in 1..=rounds {
        let (haul, hand) = if round % 2 == 1 {
            let haul = work.rate("haul", with_haul)?;
            (haul, work.rate("by hand", by_hand)?)
        } else {
            let hand = work.rate("by hand", by_hand)?;
            (work.rate("haul", with_haul)?, hand)
        };
        let ratio = haul / hand;
        println!("  round {round}: haul {haul:8.0}/s   by hand {hand:8.0}/s   {ratio:6.2}x");
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    let median = (ratios[(rounds - 1) / 2] + ratios[rounds / 2]) / 2.0;
    println!("  median {median:.2}x");
    Ok(())
}

fn with_haul(work: &Work) -> Result<usize, AnyError> {
    let client = Client::builder().workers(work.at_once).build()?;
    let urls = std::iter::repeat_n(work.url.as_str(), work.count);
    let outcomes = client.process(urls, |response: &Response| {
        response.value().map(|value| rows(&value))
    });
    Ok(outcomes.filter(|outcome| outcome.is_success()).count())
}

fn by_hand(work: &Work) -> Result<usize, AnyError> {
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(30)))
        .max_idle_connections(work.at_once)
        .max_idle_connections_per_host(work.at_once)
        .build()
        .into();
    let (feed, urls) = crossbeam_channel::bounded::<String>(work.at_once * 2);
    let (done, results) = crossbeam_channel::bounded(work.at_once * 2);
    Ok(thread::scope(|scope| {
        for _ in 0..work.at_once {
            let (agent, urls, done) = (agent.clone(), urls.clone(), done.clone());
            scope.spawn(move || {
                for url in urls {
                    let rows = fetch(&agent, &url);
                    if done.send((url, rows)).is_err() {
                        break;
                    }
                }
            });
        }
        drop((urls, done));
        scope.spawn(move || {
            for _ in 0..work.count {
                if feed.send(work.url.clone()).is_err() {
                    break;
                }
            }
        });
        results.iter().filter(|(_, rows)| rows.is_ok()).count()
    }))
}

fn fetch(agent: &Agent, url: &str) -> Result<usize, AnyError> {
    let body = agent.get(url).call()?.body_mut().read_to_vec()?;
    Ok(rows(&serde_json::from_slice(&body)?))
}

fn rows(value: &Value) -> usize {
    value.as_array().map_or(1, Vec::len)
}

/// Starts a server with two prepared responses and returns its base URL.
fn serve() -> io::Result<String> {
    let row = json!({"id": 1, "name": "pen", "price": 12.5, "tags": ["a", "b"]});
    let rows = (64 << 10) / row.to_string().len();
    let small: &'static [u8] = answer(&row).leak();
    let large: &'static [u8] = answer(&Value::from(vec![row; rows])).leak();
    support::listen(move |head| {
        let is_large = head.starts_with(b"GET /large ");
        if is_large { large } else { small }
    })
}

fn answer(body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
