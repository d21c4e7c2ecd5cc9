//! Cost that the library adds to its own transport: the same small GETs as a batch, and made by as many threads that
//! use the transport as it is, with no schedule, no retries and no outcomes between them. Both get their URLs as text.
//!
//! A third measurement shows the part of that cost that collecting the responses has alone: the same threads send what
//! the transport returned to one thread over a channel.
//!
//! The server is a process of its own, so that the CPU time shown is the client's. If `taskset` is there, the server is
//! kept on core 0 and the client on core 1: otherwise the rates mostly show where the system happened to put the
//! threads.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use haul::Client;
use haul::internals::BareTransport;
use haul::unversioned::ExchangeResult;

use super::support::{self, AnyError, Server, cpu_us};

/// Runs a batch and the bare transport in turn, in many short rounds, for a machine that is shared: a load that slows
/// one then mostly slows the other too. Prints the time and the CPU time that the library adds, and the time that
/// collecting adds.
pub(crate) fn compare(rounds: usize, count: usize, at_once: usize) -> Result<(), AnyError> {
    let server = Server::start()?;
    let own = std::process::id();
    let cores = thread::available_parallelism()?.get();
    let pinned = pin(server.process(), "0") && pin(own, "1");
    if !pinned {
        println!("  no taskset or no second core: nothing is pinned");
    }
    let url = format!("{}/items/1", server.base);
    let (mut times, mut costs, mut collecting) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let batch = || measure(count, || with_library(&url, count, at_once));
        let bare = || measure(count, || bare(&url, count, at_once));
        // The first way alternates: a machine that gets busier must not always slow the same way.
        let (batch, bare) = if round % 2 == 0 {
            let batch = batch()?;
            (batch, bare()?)
        } else {
            let bare = bare()?;
            (batch()?, bare)
        };
        let collected = measure(count, || collected(&url, count, at_once))?;
        times.push((batch.us / bare.us - 1.0) * 100.0);
        costs.push((batch.cpu_us / bare.cpu_us - 1.0) * 100.0);
        collecting.push((collected.us / bare.us - 1.0) * 100.0);
    }
    super::show(&format!("added, {at_once} at once"), "% of time", times);
    super::show("", "% of CPU", costs);
    super::show("by collecting alone", "% of time", collecting);
    if pinned {
        // The measurements that follow may use all cores again.
        pin(own, &format!("0-{}", cores - 1));
    }
    Ok(())
}

/// Keeps a process and its present threads on these cores.
fn pin(process: u32, cores: &str) -> bool {
    let mut taskset = Command::new("taskset");
    taskset.args(["-a", "-p", "-c", cores, &process.to_string()]);
    taskset.stdout(Stdio::null()).stderr(Stdio::null());
    taskset.status().is_ok_and(|status| status.success())
}

/// Figures for each request, in microseconds.
struct Figures {
    us: f64,
    /// CPU time of this process, all threads.
    cpu_us: f64,
}

fn measure(count: usize, run: impl FnOnce() -> usize) -> Result<Figures, AnyError> {
    let (started, cpu) = (Instant::now(), cpu_us());
    let ok = run();
    let figures = Figures {
        us: started.elapsed().as_secs_f64() * 1e6 / count as f64,
        cpu_us: (cpu_us() - cpu) / count as f64,
    };
    match ok == count {
        true => Ok(figures),
        false => Err(format!("only {ok} of {count} succeeded").into()),
    }
}

fn with_library(url: &str, count: usize, at_once: usize) -> usize {
    let client = Client::builder().workers(at_once).build();
    let client = client.expect("its settings are in order");
    let outcomes = client.as_completed((0..count).map(|_| url.to_owned()));
    outcomes.filter(|outcome| outcome.is_success()).count()
}

/// Makes the requests on the bare transport. Each response stays on the thread that received it.
fn bare(url: &str, count: usize, at_once: usize) -> usize {
    let ok = AtomicUsize::new(0);
    exchanges(url, count, at_once, |_, exchanged| {
        ok.fetch_add(usize::from(is_good(&exchanged)), Ordering::Relaxed);
    });
    ok.into_inner()
}

/// Makes the requests on the bare transport. Each response goes to the calling thread, with its request.
fn collected(url: &str, count: usize, at_once: usize) -> usize {
    let (to, results) = crossbeam_channel::bounded(1_000);
    thread::scope(|scope| {
        scope.spawn(move || {
            exchanges(url, count, at_once, |text, exchanged| {
                to.send((text, exchanged)).expect("it is received from");
            });
        });
        let good = results.iter().filter(|(_, exchanged)| is_good(exchanged));
        good.count()
    })
}

fn is_good(exchanged: &ExchangeResult) -> bool {
    exchanged.result().is_ok_and(|reply| reply.status() == 200)
}

fn exchanges(
    url: &str,
    count: usize,
    at_once: usize,
    take: impl Fn(String, ExchangeResult) + Sync,
) {
    let transport = BareTransport::new();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                let worker = transport.worker();
                while next.fetch_add(1, Ordering::Relaxed) < count {
                    let text = url.to_owned();
                    let exchanged = worker.get(&text);
                    take(text, exchanged);
                }
            });
        }
    });
}

/// Runs this process as the server.
pub(crate) fn serve() -> Result<(), AnyError> {
    support::serve(|_| ANSWER)
}

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Sat, 28 Nov 2026 10:00:00 GMT\r\n\
    Content-Type: application/json\r\nContent-Length: 59\r\nConnection: keep-alive\r\n\r\n\
    {\"id\":1,\"name\":\"pen\",\"price\":12.5,\"tags\":[\"a\",\"b\"],\"n\":123}";
