//! Batches on many machines, over a queue that they share in Redis or Valkey.
//!
//! A run is a queue of requests on a server. One program [loads](Run::load) it, any number of [workers](Worker) send its
//! requests, and [collectors](Collector) write the results to files. Each request that was loaded has exactly one outcome
//! in the results, whatever is killed meanwhile; sending is at least once, and at most once for requests that must not be
//! repeated. [The guide](crate::guide::many_machines_redis) has it with commands.
//!
//! ```no_run
//! use haul::Client;
//! use haul::fleet::{Collector, Fleet, RunSettings, Worker};
//!
//! let fleet = Fleet::connect("redis://127.0.0.1:6379/0")?;
//! let run = fleet.create("r1", RunSettings::new())?;
//! run.load((0..1000).map(|number| format!("https://example.com/{number}")))?;
//!
//! // On each of the machines:
//! let limiter = run.limiter()?;
//! let client = Client::builder().workers(64).limiter(limiter).build()?;
//! let summary = Worker::new(&run, client).run()?;
//! println!("{}", summary.summary());
//!
//! // On one of them:
//! Collector::new(&run).write_to("results.jsonl")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod append_file;
mod collector;
mod connect;
mod dial;
mod end;
mod engine;
mod error;
mod gone;
mod limiter_link;
mod loader;
#[cfg(test)]
mod memory;
mod patient;
mod redis;
mod run;
mod run_name;
mod settings;
mod status;
mod stored_line;
#[cfg(test)]
mod tests;
mod watch;
mod worker;

pub use append_file::AppendFile;
pub use collector::{Collected, Collector};
pub use connect::{Fleet, FleetBuilder};
pub use end::FleetEnd;
pub use error::{FleetError, FleetErrorKind};
pub use loader::Loaded;
pub use run::Run;
pub use settings::RunSettings;
pub use status::{FleetWorker, HostAtRest, RunPhase, RunStatus, WaitReason};
pub use watch::RunWatch;
pub use worker::{FleetLimiter, Worker, WorkerSummary};
