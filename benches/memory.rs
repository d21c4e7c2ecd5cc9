//! Memory that waiting takes: for a request in the queue, beside the request itself, and for ten million hosts that are
//! asked one after another.
//!
//! `cargo bench --features internals --bench memory -- [COUNT]`
//!
//! Each figure is the growth of the resident memory of a process of its own, so that no figure depends on the memory
//! that another left behind. Without cargo's `--bench`, as `cargo test --benches` runs it, the bench makes a few
//! requests to check that it works.

use std::error::Error;
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;

use haul::{Client, Request, internals};

type AnyError = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), AnyError> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [what, count] = &args[..]
        && what.starts_with("only-")
    {
        return measure(what, count.parse()?);
    }
    let asked = args.iter().find_map(|arg| arg.parse().ok());
    let usual = match args.iter().any(|arg| arg == "--bench") {
        true => 1_000_000,
        false => 1_000,
    };
    let count: usize = asked.unwrap_or(usual);
    let alone = of_a_process("only-requests", count)?;
    println!("{count} requests alone: {alone} bytes each");
    for (name, what) in [
        ("in a batch", "only-batch"),
        ("submitted, with their handles", "only-submitted"),
    ] {
        let queued = of_a_process(what, count)?;
        println!("queued {name}: {} bytes more each", queued - alone);
    }
    for (name, what) in [
        ("by default", "only-hosts"),
        ("with a breaker", "only-breakers"),
    ] {
        for hosts in [count / 10, count, 10 * count] {
            let all = of_a_process(what, hosts)? * hosts as i64;
            println!("{hosts} hosts one after another, {name}: {} KiB", all >> 10);
        }
    }
    Ok(())
}

/// Starts a process that measures `what`, and returns its bytes for each of `count`.
fn of_a_process(what: &str, count: usize) -> Result<i64, AnyError> {
    let own = std::env::current_exe()?;
    let output = Command::new(own)
        .args([what, &count.to_string()])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let bytes: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(bytes.round() as i64)
}

/// Measures in this process: prints the growth of its memory by `count` of `what`, divided by `count`.
fn measure(what: &str, count: usize) -> Result<(), AnyError> {
    // The system accepts the connections; no thread responds.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let address = silent.local_addr()?;
    let request = |i: usize| Request::get(format!("http://{address}/items/{i}"));
    let client = Client::builder()
        .workers(1)
        .window(2 * count + 1)
        .max_pending(2 * count + 1)
        .build()?;
    let before = resident()?;
    let after = match what {
        "only-requests" => {
            let all: Vec<Arc<Request>> = (0..count).map(|i| Arc::new(request(i))).collect();
            let after = resident()?;
            drop(all);
            after
        }
        "only-batch" => {
            let (intake, _outcomes) = client.channel();
            for i in 0..count {
                intake.send(request(i)).map_err(|_| "refused")?;
            }
            resident()?
        }
        "only-submitted" => {
            let handles: Result<Vec<_>, _> =
                (0..count).map(|i| client.submit(request(i))).collect();
            let after = resident()?;
            drop(handles?);
            after
        }
        "only-hosts" => internals::pass_through(count, false, resident)?,
        "only-breakers" => internals::pass_through(count, true, resident)?,
        _ => return Err(format!("{what} is not known").into()),
    };
    println!("{}", (after - before) as f64 / count as f64);
    // Exits without dropping the client: no queued request needs to be answered any more.
    std::process::exit(0);
}

/// Resident memory of this process, in bytes.
fn resident() -> Result<i64, AnyError> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib.ok_or("no VmRSS")?.trim().parse::<i64>()? << 10)
}
