//! Cost of recording a batch: the same small GETs with their outcomes only counted, and with every outcome written as
//! JSON Lines and every failure as a row of an SQLite database.
//!
//! `cargo bench --features sqlite --bench records -- [--rounds N] [--count N] [--at-once N] [--failing N]`
//!
//! Every `--failing`-th request is answered with a 404. The server is a process of its own, so that the CPU time shown
//! is the client's. Both ways run in turn; on a busy machine the CPU times say more than the rates. Without cargo's
//! `--bench`, as `cargo test --benches` runs it, the bench makes a few requests to check that it works.

mod support;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use haul::sink::{JsonLines, Sqlite};
use haul::{Client, Sink, Summary};
use support::{AnyError, Server, cpu_us};

fn main() -> Result<(), AnyError> {
    if support::is_server() {
        return support::serve(answer);
    }
    let plan = Plan::from_args(std::env::args().skip(1))?;
    let server = Server::start()?;
    let folder = Folder::new()?;
    println!(
        "{} small GETs, {} at once, one in {} fails",
        plan.count, plan.at_once, plan.failing
    );
    let (mut rates, mut costs) = (Vec::new(), Vec::new());
    for round in 1..=plan.rounds {
        // The first way alternates: a machine that gets busier must not always slow the same way.
        let (counted, recorded) = if round % 2 == 1 {
            let counted = plan.run(&server, &mut Vec::<JsonLines>::new())?;
            (counted, plan.run(&server, &mut folder.sinks(round)?)?)
        } else {
            let recorded = plan.run(&server, &mut folder.sinks(round)?)?;
            (plan.run(&server, &mut Vec::<JsonLines>::new())?, recorded)
        };
        println!(
            "  round {round}: counted {:8.0}/s {:6.2} us of CPU   recorded {:8.0}/s {:6.2} us of CPU   {:+6.1} % time",
            counted.rate,
            counted.cpu_us,
            recorded.rate,
            recorded.cpu_us,
            (counted.rate / recorded.rate - 1.0) * 100.0
        );
        rates.push(counted.rate / recorded.rate - 1.0);
        costs.push(recorded.cpu_us / counted.cpu_us - 1.0);
    }
    println!(
        "  recording takes {:+.1} % of the time and {:+.1} % of the CPU time (medians)",
        median(&mut rates) * 100.0,
        median(&mut costs) * 100.0
    );
    Ok(())
}

fn median(ratios: &mut [f64]) -> f64 {
    ratios.sort_by(f64::total_cmp);
    (ratios[(ratios.len() - 1) / 2] + ratios[ratios.len() / 2]) / 2.0
}

struct Plan {
    rounds: usize,
    count: usize,
    at_once: usize,
    failing: usize,
}

/// Figures of one batch.
struct Figures {
    rate: f64,
    /// CPU time of this process for each request, in microseconds. 0 if it cannot be told.
    cpu_us: f64,
}

impl Plan {
    fn from_args(args: impl Iterator<Item = String>) -> Result<Plan, AnyError> {
        let args: Vec<String> = args.collect();
        let real = args.iter().any(|arg| arg == "--bench");
        let mut plan = Plan {
            rounds: if real { 7 } else { 2 },
            count: if real { 60_000 } else { 200 },
            at_once: 8,
            failing: 100,
        };
        // Without `--bench`, the arguments are meant for other tests.
        let mut args = args.into_iter().filter(|arg| real && arg != "--bench");
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| format!("{name}: no value"))?;
            let number = value.parse().map_err(|e| format!("{name} {value}: {e}"))?;
            match name.as_str() {
                _ if number == 0 => return Err(format!("{name}: at least 1").into()),
                "--rounds" => plan.rounds = number,
                "--count" => plan.count = number,
                "--at-once" => plan.at_once = number,
                "--failing" => plan.failing = number,
                _ => return Err(format!("{name}: not known").into()),
            }
        }
        Ok(plan)
    }

    fn run(&self, server: &Server, sink: &mut impl Sink) -> Result<Figures, AnyError> {
        let client = Client::builder().workers(self.at_once).build()?;
        let urls = (0..self.count).map(|i| match i % self.failing {
            0 => format!("{}/missing/{i}", server.base),
            _ => format!("{}/items/{i}", server.base),
        });
        let (started, cpu) = (Instant::now(), cpu_us());
        let summary: Summary = client.run(urls, sink)?;
        let (seconds, cpu) = (started.elapsed().as_secs_f64(), cpu_us() - cpu);
        if summary.failed() != self.count.div_ceil(self.failing) as u64 {
            return Err(format!("not the failures that were asked for:\n{summary}").into());
        }
        Ok(Figures {
            rate: self.count as f64 / seconds,
            cpu_us: cpu / self.count as f64,
        })
    }
}

/// Folder for the output files, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Folder> {
        let path = std::env::temp_dir().join(format!("haul-bench-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }

    fn sinks(&self, round: usize) -> Result<(JsonLines, Sqlite), AnyError> {
        let file = |ending: &str| Path::new(&self.0).join(format!("{round}.{ending}"));
        Ok((JsonLines::create(file("jsonl"))?, Sqlite::open(file("db"))?))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn answer(head: &[u8]) -> &'static [u8] {
    let found = head.starts_with(b"GET /items/");
    if found { FOUND } else { MISSING }
}

const FOUND: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 59\r\n\r\n\
    {\"id\":1,\"name\":\"pen\",\"price\":12.5,\"tags\":[\"a\",\"b\"],\"n\":123}";
const MISSING: &[u8] =
    b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nno such item";
