//! Options for pace and time limits.

use std::time::Duration;

use clap::Args;
use haul::settings::StatusSet;

use crate::units::{JobsPerHost, Rate, above_zero, jobs, jobs_per_host, rate, time, whole};

#[derive(Debug, Args)]
#[command(next_help_heading = "How fast")]
pub(crate) struct PaceArguments {
    /// Requests at once
    ///
    /// Hosts share them: while some hosts answer, those that do not hold at most half.
    #[arg(
        short = 'j',
        long,
        visible_alias = "parallel-max",
        visible_short_alias = 'P',
        value_name = "N",
        value_parser = jobs,
        default_value_t = 16
    )]
    pub(crate) jobs: usize,
    /// At once to one scheme, host and port; 0 = no limit, auto = as many as the host takes
    ///
    /// With auto each host begins with 4 at once, never more than --jobs. One more is allowed after as many answers as
    /// the limit; a 429, a 503 or a timeout takes the limit to 0.7 of its value.
    #[arg(long, value_name = "N", value_parser = jobs_per_host, default_value = "0")]
    pub(crate) jobs_per_host: JobsPerHost,
    /// Start at most this many, retries included
    ///
    /// 0.5 is one in two seconds. May be given once for each window of time, or as a list with commas: with 10/s and
    /// 300/m both hold. The shortest window is paced evenly; the others are counted, and hold whole requests.
    #[arg(
        long,
        value_name = "N[/s|m|h]",
        value_parser = rate,
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub(crate) rate: Vec<Rate>,
    /// Upper bound for requests started each second, to each host
    #[arg(
        long,
        value_name = "N[/s|m|h]",
        value_parser = rate,
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub(crate) rate_per_host: Vec<Rate>,
    /// At once after a pause, within the rates [default: 1]
    ///
    /// For the shortest window of --rate, and of --rate-per-host: the longer ones are never exceeded.
    #[arg(long, value_name = "N", value_parser = above_zero)]
    pub(crate) burst: Option<u32>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Time and retries")]
pub(crate) struct TimeArguments {
    /// Limit for one attempt, body included; 0 = none [default: 30s; none with --output-dir]
    #[arg(short = 'm', long, value_name = "TIME", value_parser = time)]
    pub(crate) max_time: Option<Duration>,
    /// Limit for making a connection
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "10s")]
    pub(crate) connect_timeout: Duration,
    /// Stop the whole run after this
    ///
    /// Requests that are not done by then have no result: --resume sends them. A request whose next retry would come later
    /// fails at once. The time counts from the start of the command, and ends the run even while it waits for a pipe that
    /// nobody writes to, for the rest of a line, or for a reader of the results, who may then have half a line.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) max_run_time: Option<Duration>,
    /// Retries after the first attempt
    ///
    /// What never reached the server is repeated for every method; what may have reached it for GET, HEAD, PUT, DELETE
    /// and OPTIONS, and where the line says "idempotent": true or carries an Idempotency-Key.
    #[arg(long, value_name = "N", value_parser = whole::<u32>, default_value_t = 2)]
    pub(crate) retry: u32,
    /// Retry POST and PATCH too
    #[arg(long)]
    pub(crate) retry_all_methods: bool,
    /// First backoff, doubled with jitter up to --retry-max-delay
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "200ms")]
    pub(crate) retry_delay: Duration,
    /// Longest backoff
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "30s")]
    pub(crate) retry_max_delay: Duration,
    /// Statuses to retry, e.g. 429,500..=599 [default: 408, 429 and most 5xx]
    ///
    /// Successes too: with 202 a request is repeated while the answer is 202. When it may not be repeated any more, the
    /// last answer is the result.
    #[arg(long, value_name = "CODES")]
    pub(crate) retry_on: Option<StatusSet>,
    /// No new attempt of a request after this
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) retry_max_time: Option<Duration>,
    /// Longest wait a server may ask for (Retry-After)
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "120s")]
    pub(crate) retry_after_max: Duration,
    /// Do not wait as servers ask
    #[arg(long)]
    pub(crate) no_retry_after: bool,
    /// Ask a second time when an answer is slow to come
    ///
    /// Slow is longer than 95 % of the host's last answers. The first answer that is accepted is used, and the other
    /// request is ended. Only for what may be repeated, within the limits, and never with --output-dir.
    #[arg(long)]
    pub(crate) hedge: bool,
    /// Stop asking a host that keeps failing
    ///
    /// Requests to it fail at once, of class breaker_open, until a trial after a while succeeds. A request that has got
    /// no answer, and for 10 s no byte has gone or come, counts as failed meanwhile.
    #[arg(long)]
    pub(crate) breaker: bool,
}
