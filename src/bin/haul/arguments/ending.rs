//! Options for success, for the end of a run, and for resuming it.

use std::time::Duration;

use clap::Args;
use haul::settings::StatusSet;
use haul::summary::Threshold;
use serde_json::Value;

use crate::units::{FailureLimit, most, requirement, time, whole};

#[derive(Debug, Args)]
#[command(next_help_heading = "Success, stopping, resuming")]
pub(crate) struct EndingArguments {
    /// Success statuses, e.g. 200..=299,404 [default: 100..=399]
    #[arg(long, value_name = "CODES")]
    pub(crate) accept: Option<StatusSet>,
    /// Fail a request whose body is not JSON, with class decode
    #[arg(long)]
    pub(crate) expect_json: bool,
    /// JSON body must hold VALUE at POINTER (e.g. /code=0), else the outcome is rejected
    ///
    /// May be given more than once. VALUE is JSON, or else text.
    #[arg(long, value_name = "POINTER=VALUE", value_parser = requirement)]
    pub(crate) require: Vec<(String, Value)>,
    /// Stop at the first failure
    #[arg(long, conflicts_with = "max_failures")]
    pub(crate) fail_early: bool,
    /// Stop after N failures, or once N% of the finished requests failed
    ///
    /// A share counts from 100 finished requests on.
    #[arg(long, value_name = "N|N%", value_parser = most)]
    pub(crate) max_failures: Option<FailureLimit>,
    /// Stop before the request that would bring the cost of all above N
    ///
    /// A line costs what its key "cost" says, and 1 without it; retries cost nothing more here, and lines that cannot
    /// be sent nothing at all. What was read before it is sent and ends by itself; the exit status is 4.
    #[arg(hide_short_help = true, long, value_name = "N", value_parser = whole::<u64>)]
    pub(crate) max_cost: Option<u64>,
    /// Exit with 1 only if a figure is beyond a bound: p95>500ms, failed>1%, status:5xx>0
    ///
    /// A figure (failed, rejected, not_done, retried, status:404, status:5xx, error:timeout, mean, p50, p90, p95, p99,
    /// max, rate), then >, >=, < or <=, and a number, a share (of the finished requests) or a time. failed does not
    /// count rejected requests. May be given more than once. Single failures then no longer make the exit status 1.
    #[arg(
        hide_short_help = true,
        long,
        value_name = "CONDITION",
        value_delimiter = ',',
        conflicts_with = "exit_zero"
    )]
    pub(crate) fail_if: Vec<Threshold>,
    /// Exit with 0 even if requests failed or were rejected
    #[arg(long)]
    pub(crate) exit_zero: bool,
    /// Exit with 1 if there was no request
    #[arg(long)]
    pub(crate) fail_empty: bool,
    /// Skip requests that have an outcome in -o FILE, append the rest
    ///
    /// Requests are matched by everything that is sent because of them (id, method, URL, headers and body of the line),
    /// not by position: the input may be edited. If a kill cut off the last line, it is removed. A POST or PATCH that
    /// was in flight when the earlier run was killed is not sent again, but recorded as failed, with class interrupted.
    /// Files that a kill left unfinished in --output-dir are removed. Failures that --failures FILE lacks, after a kill
    /// or a full disk, are written to it again.
    #[arg(long, requires = "output")]
    pub(crate) resume: bool,
    /// Resume, and send again requests whose last outcome is no success
    ///
    /// The old line stays in the file: of several lines with one key, the last one counts. A POST or PATCH that is
    /// recorded as interrupted is sent again only with --resume-writes.
    #[arg(long, requires = "output")]
    pub(crate) retry_failed: bool,
    /// Have results on the disk (fsync) at most 200 ms after they are written
    #[arg(long, requires = "output")]
    pub(crate) durable: bool,
    /// Replace existing output files: -o, --failures, --summary-json, --output-dir
    ///
    /// A failure log in SQLite is not replaced: each run adds to it. Without this option, no file that was there before
    /// the run is replaced. A file that the run reads, or would write twice, is refused even with it, by whatever name
    /// or link it is given.
    #[arg(long, conflicts_with_all = ["resume", "retry_failed"])]
    pub(crate) overwrite: bool,
    /// On resume, send again the POST and PATCH requests that were in flight
    ///
    /// With --retry-failed, also those that an earlier --resume recorded as interrupted.
    #[arg(hide_short_help = true, long)]
    pub(crate) resume_writes: bool,
    /// Print the requests as JSON lines; send nothing
    ///
    /// No file is made or changed, and outputs that could not be written are refused. Each line is read, and each file
    /// is checked, as in a run. A request is shown with its method, resolved URL, all headers (secrets masked) and the
    /// size of its body. The exit status is 1 if a line could not be sent. Requests that --resume would skip are shown
    /// like the others.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Start a small local server and run a batch against it
    #[arg(long, conflicts_with = "inputs")]
    pub(crate) demo: bool,
    /// Time that running requests may take after a first INT or TERM
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "10s")]
    pub(crate) grace: Duration,
}
