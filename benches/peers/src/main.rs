//! haul beside other clients: the same requests to the same server, each client in a process of its own, in turn.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml -- [--rounds N] [--only NAME,..] [--clients NAME,..]
//! [--cores SERVER,CLIENT]`
//!
//! Prints one row of a Markdown table for each workload and client: the median of the rounds, the slowest and fastest
//! of them, the largest resident set, and how many times as fast haul was in the same round (median again). All traffic
//! stays on loopback.

mod clients;
mod figures;
mod options;
mod process;
mod report;
mod server;
mod system;
mod workload;

use std::error::Error;

use clients::Peer;
use options::Options;
use process::{Pins, Served};
use workload::{WORKLOADS, Workload};

type AnyError = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), AnyError> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["serve"] => server::serve(),
        ["run", peer, workload, port] => {
            let (peer, workload) = (Peer::named(peer)?, Workload::named(workload)?);
            println!("{}", figures::measure(peer, workload, port.parse()?)?);
            Ok(())
        }
        args => compare(&Options::parse(args)?),
    }
}

fn compare(options: &Options) -> Result<(), AnyError> {
    let pins = Pins::choose(options.cores);
    let server = Served::start(&pins)?;
    report::head(&pins);
    for workload in WORKLOADS.iter().filter(|w| options.wants(w.name)) {
        if let Some(reason) = cannot(workload, &server) {
            report::left_out(workload, &reason);
            continue;
        }
        let peers: Vec<Peer> = options.peers().collect();
        let mut rounds = Vec::new();
        for round in 0..options.rounds {
            let mut figures = vec![None; peers.len()];
            // The first client changes: a machine that slows down over a round must not always slow the same client.
            for step in 0..peers.len() {
                let at = (round + step) % peers.len();
                let run = server.measured(|| process::run(peers[at], workload, &server, &pins));
                match run {
                    Ok(found) => figures[at] = Some(found),
                    Err(error) => eprintln!("{}, {}: {error}", workload.name, peers[at].name()),
                }
            }
            rounds.push(figures);
        }
        report::rows(workload, &peers, &rounds);
    }
    Ok(())
}

/// Reason why this machine cannot run the workload. `None`: it can.
fn cannot(workload: &Workload, server: &Served) -> Option<String> {
    if server.hosts < workload.hosts {
        return Some(format!(
            "only {} loopback addresses can be bound",
            server.hosts
        ));
    }
    let files = system::raise_file_limit()?;
    let needed = workload.at_once as u64 + 2 * server.hosts as u64;
    (files < needed).then(|| format!("{needed} open files are needed, and {files} allowed"))
}
