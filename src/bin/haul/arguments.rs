//! The arguments as typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, ValueEnum};
use haul::{RateLimit, StatusSet};
use serde_json::Value;

use crate::generate::What;
use crate::units::{Most, most, pair, rate, requirement, size, time};

/// Send many HTTP requests at once and keep every result
///
/// An argument with :// is a URL, else a file; without one, or with -, standard input is read. A file holds one URL or
/// one JSON request per line; blank lines and lines starting with # are skipped. Results go to standard output or to
/// -o, one JSON object a line; everything else goes to standard error.
///
/// Every option can be given as an environment variable too: --max-time as HAUL_MAX_TIME.
#[derive(Debug, Parser)]
#[command(
    name = "haul",
    version,
    max_term_width = 100,
    after_help = "Exit status: 0 all succeeded, 1 some failed or were rejected, 2 usage error, 3 results could not be \
                  written, 4 stopped early by a limit, 130 or 143 interrupted."
)]
pub(crate) struct Arguments {
    /// URLs, and files of URLs or JSON requests
    #[arg(value_name = "FILE|URL")]
    pub(crate) inputs: Vec<String>,

    /// Method [default: GET, or POST with -d or --json]
    #[arg(short = 'X', long, value_name = "METHOD", help_heading = "Requests")]
    pub(crate) request: Option<String>,
    /// Add a header; 'NAME:' removes it, @FILE reads a list
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME: VALUE",
        help_heading = "Requests"
    )]
    pub(crate) headers: Vec<String>,
    /// Body, sent as given
    #[arg(
        short = 'd',
        long,
        value_name = "DATA|@FILE",
        conflicts_with = "json",
        help_heading = "Requests"
    )]
    pub(crate) data: Option<String>,
    /// Body and JSON content type
    #[arg(long, value_name = "DATA|@FILE", help_heading = "Requests")]
    pub(crate) json: Option<String>,
    /// Basic auth
    #[arg(
        short = 'u',
        long,
        value_name = "USER:PASS",
        hide_env_values = true,
        help_heading = "Requests"
    )]
    pub(crate) user: Option<String>,
    /// Bearer token
    #[arg(
        long,
        value_name = "TOKEN|@FILE",
        conflicts_with = "user",
        hide_env_values = true,
        help_heading = "Requests"
    )]
    pub(crate) bearer: Option<String>,
    /// The User-Agent header
    #[arg(short = 'A', long, value_name = "NAME", help_heading = "Requests")]
    pub(crate) user_agent: Option<String>,
    /// The Cookie header
    #[arg(
        short = 'b',
        long,
        value_name = "COOKIES",
        hide_env_values = true,
        help_heading = "Requests"
    )]
    pub(crate) cookie: Option<String>,
    /// Add to every query
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair, help_heading = "Requests")]
    pub(crate) url_query: Vec<(String, String)>,
    /// Resolve relative lines
    #[arg(long, value_name = "URL", help_heading = "Requests")]
    pub(crate) base_url: Option<String>,
    /// Redirects followed; 0 = none
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        help_heading = "Requests"
    )]
    pub(crate) max_redirs: u32,
    /// What a line of input is
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "auto",
        help_heading = "Requests"
    )]
    pub(crate) input_format: Format,

    /// Requests at once
    #[arg(
        short = 'j',
        long,
        visible_alias = "parallel-max",
        short_alias = 'P',
        value_name = "N",
        default_value_t = 16,
        help_heading = "How fast"
    )]
    pub(crate) jobs: usize,
    /// At once to one scheme, host and port; 0 = no limit
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "How fast")]
    pub(crate) jobs_per_host: usize,
    /// Start at most this many, retries included
    #[arg(long, value_name = "N[/s|m|h]", value_parser = rate, help_heading = "How fast")]
    pub(crate) rate: Option<RateLimit>,
    /// The same for each host
    #[arg(long, value_name = "N[/s|m|h]", value_parser = rate, help_heading = "How fast")]
    pub(crate) rate_per_host: Option<RateLimit>,

    /// Limit for one attempt, body included; 0 = none
    #[arg(short = 'm', long, value_name = "TIME", value_parser = time, default_value = "30s", help_heading = "Time and retries")]
    pub(crate) max_time: Duration,
    /// Limit for a connection
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "10s", help_heading = "Time and retries")]
    pub(crate) connect_timeout: Duration,
    /// Stop the whole run
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Time and retries")]
    pub(crate) max_run_time: Option<Duration>,
    /// Retries after the first attempt
    #[arg(
        long,
        value_name = "N",
        default_value_t = 2,
        help_heading = "Time and retries"
    )]
    pub(crate) retry: u32,
    /// Retry POST and PATCH too
    #[arg(long, help_heading = "Time and retries")]
    pub(crate) retry_all_methods: bool,
    /// First backoff, doubled with jitter
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "200ms", help_heading = "Time and retries")]
    pub(crate) retry_delay: Duration,
    /// Longest backoff
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "30s", help_heading = "Time and retries")]
    pub(crate) retry_max_delay: Duration,
    /// Statuses to retry
    #[arg(long, value_name = "CODES", help_heading = "Time and retries")]
    pub(crate) retry_on: Option<StatusSet>,
    /// No new attempt of a request after this
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Time and retries")]
    pub(crate) retry_max_time: Option<Duration>,
    /// Longest wait a server may ask for
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "120s", help_heading = "Time and retries")]
    pub(crate) retry_after_max: Duration,
    /// Do not wait as servers ask
    #[arg(long, help_heading = "Time and retries")]
    pub(crate) no_retry_after: bool,
    /// Stop asking a host that keeps failing
    #[arg(long, help_heading = "Time and retries")]
    pub(crate) breaker: bool,

    /// Results, one JSON object a line [default: standard output]
    #[arg(short = 'o', long, value_name = "FILE", help_heading = "Results")]
    pub(crate) output: Option<PathBuf>,
    /// Failed requests: .db, .sqlite, .sqlite3 = SQLite, else JSON Lines that haul reads back
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub(crate) failures: Option<PathBuf>,
    /// Bodies in the results: text, else base64; or none
    #[arg(
        long,
        value_name = "MODE",
        default_value = "auto",
        help_heading = "Results"
    )]
    pub(crate) body: Body,
    /// How much of a body is kept
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "1M", help_heading = "Results")]
    pub(crate) body_limit: u64,
    /// Input order instead of as completed
    #[arg(long, help_heading = "Results")]
    pub(crate) ordered: bool,
    /// Response headers in the results
    #[arg(long, help_heading = "Results")]
    pub(crate) include_headers: bool,
    /// The summary as JSON
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub(crate) summary_json: Option<PathBuf>,

    /// Success statuses, e.g. 200..=299,404 [default: 100..=399]
    #[arg(
        long,
        value_name = "CODES",
        help_heading = "Success, stopping, resuming"
    )]
    pub(crate) accept: Option<StatusSet>,
    /// A body that is not JSON is a decode failure
    #[arg(long, help_heading = "Success, stopping, resuming")]
    pub(crate) expect_json: bool,
    /// The JSON body must hold VALUE at POINTER (/code=0), else the outcome is rejected
    #[arg(long, value_name = "POINTER=VALUE", value_parser = requirement, help_heading = "Success, stopping, resuming")]
    pub(crate) require: Vec<(String, Value)>,
    /// Stop at the first failure
    #[arg(long, help_heading = "Success, stopping, resuming")]
    pub(crate) fail_early: bool,
    /// Stop after so many failures; a share counts from 100 finished on
    #[arg(long, value_name = "N|N%", value_parser = most, help_heading = "Success, stopping, resuming")]
    pub(crate) max_failures: Option<Most>,
    /// Exit with 0 where requests failed
    #[arg(long, help_heading = "Success, stopping, resuming")]
    pub(crate) exit_zero: bool,
    /// Exit with 1 where there was no request
    #[arg(long, help_heading = "Success, stopping, resuming")]
    pub(crate) fail_empty: bool,
    /// Skip requests that have an outcome in -o FILE, append the rest
    #[arg(
        long,
        requires = "output",
        help_heading = "Success, stopping, resuming"
    )]
    pub(crate) resume: bool,
    /// Resume, and send those again whose last outcome is no success
    #[arg(
        long,
        requires = "output",
        help_heading = "Success, stopping, resuming"
    )]
    pub(crate) retry_failed: bool,
    /// Bring results to the disk as they come
    #[arg(
        long,
        requires = "output",
        help_heading = "Success, stopping, resuming"
    )]
    pub(crate) durable: bool,
    /// Replace an existing -o FILE
    #[arg(long, conflicts_with_all = ["resume", "retry_failed"], help_heading = "Success, stopping, resuming")]
    pub(crate) overwrite: bool,
    /// On resume, send again the POST and PATCH that were in flight
    #[arg(long, help_heading = "Success, stopping, resuming")]
    pub(crate) resume_writes: bool,
    /// Print the requests as JSON lines; send nothing
    #[arg(long, help_heading = "Success, stopping, resuming")]
    pub(crate) dry_run: bool,
    /// Start a small local server and run a batch against it
    #[arg(
        long,
        conflicts_with = "inputs",
        help_heading = "Success, stopping, resuming"
    )]
    pub(crate) demo: bool,
    /// After a first INT or TERM, how long running requests may take
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "10s", help_heading = "Success, stopping, resuming")]
    pub(crate) grace: Duration,

    /// A larger body fails
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "10M", help_heading = "Connection")]
    pub(crate) max_filesize: u64,

    /// No bar, no summary; -qq no errors either
    #[arg(short = 'q', long, action = ArgAction::Count, help_heading = "Messages")]
    pub(crate) quiet: u8,
    /// One line per request; -vv debug log
    #[arg(short = 'v', long, action = ArgAction::Count, help_heading = "Messages")]
    pub(crate) verbose: u8,
    /// How far it is, on standard error
    #[arg(
        long,
        value_name = "KIND",
        default_value = "auto",
        help_heading = "Messages"
    )]
    pub(crate) progress: Shown,
    /// Print the man page or a shell's completions
    #[arg(long, value_name = "WHAT", help_heading = "Messages")]
    pub(crate) generate: Option<What>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// By line: JSON where it begins with { or a quote
    Auto,
    /// URLs only
    Urls,
    /// JSON only
    Jsonl,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Body {
    /// Text, else base64
    Auto,
    /// No bodies
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shown {
    /// A bar on a terminal, else nothing
    Auto,
    /// A bar
    Bar,
    /// A line every few seconds
    Plain,
    /// The same as JSON
    Json,
    /// Nothing
    None,
}

/// The command, with an environment variable for every option.
pub(crate) fn command() -> clap::Command {
    Arguments::command().mut_args(|argument| {
        let variable = argument
            .get_long()
            .map(|long| format!("HAUL_{}", long.replace('-', "_").to_uppercase()));
        let set = argument.get_id() != "demo" && argument.get_id() != "generate";
        match variable.filter(|_| set && !matches!(argument.get_action(), ArgAction::Count)) {
            Some(variable) => argument.env(variable).hide_env(true),
            None => argument,
        }
    })
}

pub(crate) fn read() -> Result<Arguments, clap::Error> {
    Arguments::from_arg_matches(&command().try_get_matches()?)
}
