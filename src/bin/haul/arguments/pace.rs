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
    /// Hosts share them: while some hosts answer, the hosts that do not answer get at most half of them.
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
    /// Requests at once per host; 0 = no limit, auto = adapts to the host
    ///
    /// A host is a scheme, a name and a port. With auto each host begins with 4 at once, never more than --jobs. One
    /// more is allowed after as many successes as the limit; a 429, a 503 or a timeout takes the limit to 0.7 of its
    /// value.
    #[arg(long, value_name = "N|auto", value_parser = jobs_per_host, default_value = "0")]
    pub(crate) jobs_per_host: JobsPerHost,
    /// Upper bound for requests started in a time, retries included
    ///
    /// 0.5 is one request in two seconds. May be given once for each window of time, or as a list with commas: with
    /// 10/s and 300/m both hold. Requests are spread evenly over the shortest window; in longer windows whole requests
    /// are counted.
    #[arg(
        long,
        value_name = "N[/s|m|h]",
        value_parser = rate,
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub(crate) rate: Vec<Rate>,
    /// Upper bound for requests started in a time to each host
    #[arg(
        long,
        value_name = "N[/s|m|h]",
        value_parser = rate,
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub(crate) rate_per_host: Vec<Rate>,
    /// Upper bound for the cost of requests started in a time, retries included
    ///
    /// A line costs what its key "cost" says, such as tokens, and 1 without it; each attempt pays. The cost is counted in
    /// each window, and requests are not spread over it. Holds beside every --rate, and may be given once for each window.
    /// A line that costs more than the number is invalid.
    #[arg(
        hide_short_help = true,
        long,
        value_name = "N[/s|m|h]",
        value_parser = rate,
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub(crate) rate_cost: Vec<Rate>,
    /// Requests that may start at once after a pause [default: 1]
    ///
    /// Holds for the shortest window of --rate and of --rate-per-host. The longer windows are never exceeded.
    #[arg(long, value_name = "N", value_parser = above_zero)]
    pub(crate) burst: Option<u32>,
}

#[derive(Clone, Debug, Args)]
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
    /// Requests that are not done by then have no result: --resume sends them. A request whose next retry would come
    /// later fails at once. The time counts from the start of the command. It ends the run even while haul waits for a
    /// pipe without data, for the rest of a line, or for the reader of the results, which may then have got half a
    /// line.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) max_run_time: Option<Duration>,
    /// Retries after the first attempt
    ///
    /// A request that did not reach the server is sent again whatever its method. A request that may have reached it is
    /// sent again if its method is GET, HEAD, PUT, DELETE, OPTIONS or TRACE, if its line says "idempotent": true, or if
    /// it has an Idempotency-Key header.
    #[arg(long, value_name = "N", value_parser = whole::<u32>, default_value_t = 2)]
    pub(crate) retry: u32,
    /// Retry POST and PATCH too
    #[arg(long)]
    pub(crate) retry_all_methods: bool,
    /// First backoff, doubled with jitter each time
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "200ms")]
    pub(crate) retry_delay: Duration,
    /// Longest backoff between two attempts
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "30s")]
    pub(crate) retry_max_delay: Duration,
    /// Statuses to retry, e.g. 429,500..=599 [default: 408, 429 and most 5xx]
    ///
    /// Success statuses too: with 202, a request is sent again while the response is 202. When no retry is left, the
    /// last response is the result.
    #[arg(long, value_name = "CODES")]
    pub(crate) retry_on: Option<StatusSet>,
    /// Limit for all attempts of a request together, waits included
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) retry_max_time: Option<Duration>,
    /// Longest wait a server may ask for (Retry-After, resets of rate limits)
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "120s")]
    pub(crate) retry_after_max: Duration,
    /// Ignore Retry-After and retry-after-ms, and wait only for the backoff
    #[arg(long)]
    pub(crate) no_retry_after: bool,
    /// Do not wait for the resets of rate limits that servers announce
    ///
    /// By default, a 429, a 503, or a 403 with x-ratelimit-remaining: 0 or the like, that has no Retry-After, is retried
    /// after the reset that the server announces (x-ratelimit-reset, ratelimit-reset, RateLimit: ..;t=,
    /// x-ratelimit-reset-requests or -tokens), and no other request goes to that host until then. Such a 403, and one
    /// with Retry-After, is retried like a 429; with this option it is final.
    #[arg(hide_short_help = true, long)]
    pub(crate) no_rate_limit_headers: bool,
    /// Leave a host alone until the reset when a success says that nothing remains
    ///
    /// For example x-ratelimit-remaining: 0. At most for --retry-after-max.
    #[arg(hide_short_help = true, long)]
    pub(crate) pace_by_headers: bool,
    /// Send a second request when a response is slow to come
    ///
    /// Slow is longer than 95 % of the host's last responses. The first response that is accepted is used, and the other
    /// request is ended. Only for requests that may be repeated, within the limits, and never with --output-dir.
    #[arg(long)]
    pub(crate) hedge: bool,
    /// Stop asking a host that keeps failing
    ///
    /// For a while requests to the host fail at once, with class breaker_open. Then a few are sent on trial, and the
    /// host is asked again if they succeed. A request that waits for a response counts as failed if for 10 s no byte
    /// was sent or received.
    #[arg(long)]
    pub(crate) breaker: bool,
}
