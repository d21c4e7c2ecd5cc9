//! Runs a list in three parts, as three machines would, and merges their results. One machine is broken off: the merge
//! tells which lines are missing, and the machine goes on.

mod server;

use std::error::Error;
use std::path::{Path, PathBuf};

use haul::record::Shard;
use haul::sink::{Merge, MergeReport};
use haul::{Client, Journal, Sink};

const MACHINES: u32 = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let base = server::start()?;
    let folder = std::env::temp_dir().join(format!("haul-shards-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let results: Vec<PathBuf> = (0..MACHINES)
        .map(|number| folder.join(format!("r-{number}.jsonl")))
        .collect();

    for (number, results) in (0..MACHINES).zip(&results) {
        let most = if number == 1 { 5 } else { usize::MAX };
        let sent = run_shard(number, &base, results, most)?;
        println!("machine {number} sent {sent} of 60 requests");
    }
    let all = folder.join("all.jsonl");
    print_report(&Merge::new().verify(input(&base), &results, &all)?);

    let sent = run_shard(1, &base, &results[1], usize::MAX)?;
    println!("machine 1 goes on and sends {sent}");
    let merge = Merge::new().overwrite(true);
    print_report(&merge.verify(input(&base), &results, &all)?);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// List that all machines have.
fn input(base: &str) -> impl Iterator<Item = String> {
    (0..60).map(move |i| format!("{base}/items/{i}"))
}

/// Runs the part of one machine, and stops after `most` outcomes. Returns the number of them.
fn run_shard(
    number: u32,
    base: &str,
    results: &Path,
    most: usize,
) -> Result<usize, Box<dyn Error>> {
    let client = Client::builder().workers(8).build()?;
    let shard = Shard::new(number, MACHINES)?;
    let mut journal = Journal::open(results)?;
    let mut sent = 0;
    for outcome in client
        .as_completed(journal.remaining(shard.of(input(base))))
        .take(most)
    {
        journal.write(&outcome)?;
        sent += 1;
    }
    journal.flush()?;
    Ok(sent)
}

fn print_report(report: &MergeReport) {
    let (kept, missing) = (report.kept(), report.missing());
    println!("{kept} results merged, {missing} missing");
}
