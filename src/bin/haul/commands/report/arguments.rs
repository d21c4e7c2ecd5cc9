//! Arguments of `haul report`, as typed.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser};
use haul::report::Grouping;
use haul::summary::Threshold;

use crate::arguments::{self, CommandArguments, FormArguments, ProgramEnd};

/// Sum up the results of finished runs
///
/// FILE holds results as haul writes them: JSON Lines, also compressed by gzip or zstd, or a database of -o run.db. The
/// format is recognised by the content. The results of several files count as those of one run. Without a file, or with
/// -, standard input is read. A line that is marked "supersedes" takes the place of an earlier line of its request;
/// equal requests that were sent twice count twice. Lines that are no results are told and left out.
///
/// Nothing is sent. The report goes to standard output.
#[derive(Debug, Parser)]
#[command(
    name = "haul report",
    bin_name = "haul report",
    args_override_self = true,
    max_term_width = 100,
    after_help = AFTER
)]
pub(crate) struct ReportArguments {
    /// Files of results; - is standard input
    #[arg(value_name = "FILE")]
    pub(crate) inputs: Vec<String>,
    /// Group the requests: host, status, error, tag:/POINTER or minute (UTC)
    ///
    /// tag:/POINTER is the value in the tag of the request at this JSON pointer. Groups beyond the first 100,000 are
    /// summed up as others.
    #[arg(long, value_name = "PROPERTY")]
    pub(crate) by: Option<Grouping>,
    /// Compare with the results of an earlier run: what failed newly, was mended, got slower
    ///
    /// Equal requests are joined in their order, whatever their place in the files. Failed and rejected ones fail.
    /// Latencies of hosts are compared where the number of responses suffices, bodies where both files hold them.
    #[arg(long, value_name = "OLD", conflicts_with = "by")]
    pub(crate) against: Option<String>,
    /// Exit with 1 if requests failed that had not failed in the results of --against
    #[arg(long, value_name = "WHAT", requires = "against")]
    pub(crate) fail_on: Option<FailOn>,
    /// Exit with 1 if a figure is beyond a bound, such as p95>500ms, failed>1% or status:5xx>0
    ///
    /// A figure (failed, rejected, not_done, retried, status:404, status:5xx, error:timeout, mean, p50, p90, p95, p99,
    /// max, rate), then >, >=, < or <=, and a number, a share or a time. May be given more than once.
    #[arg(long, value_name = "CONDITION", value_delimiter = ',')]
    pub(crate) fail_if: Vec<Threshold>,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) summary_json: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) command: CommandArguments,
    // Last, since its heading holds for the options after it too.
    #[command(flatten)]
    pub(crate) forms: FormArguments,
}

/// Difference between two runs that makes the exit status 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FailOn {
    NewlyFailed,
}

const AFTER: &str = "\
Exit status: 0 the report was made (failed requests change nothing), 1 a condition of --fail-if or
--fail-on holds, 2 a usage error or an input that cannot be read to its end, 3 an output could not
be written.

  haul report run.jsonl                                    the summary of a run
  haul report --by host --summary-json report.json run.jsonl.zst
  haul report --fail-if 'p95>500ms' --fail-if 'failed>1%' run.jsonl
  haul report --html report.html run.jsonl                 a page with plots and tables
  haul report --against yesterday.jsonl --fail-on newly-failed today.jsonl

A file with the name report is given as ./report.";

impl ReportArguments {
    /// Reads the arguments of this process behind the name of the command. The error is the text that is printed
    /// instead.
    pub(crate) fn read() -> Result<ReportArguments, ProgramEnd> {
        let typed = env::args_os().skip(2);
        let typed = [OsString::from("haul report")].into_iter().chain(typed);
        let read = ReportArguments::options()
            .try_get_matches_from(typed)
            .and_then(|matches| ReportArguments::from_arg_matches(&matches));
        read.map_err(|error| arguments::told(&error, &ReportArguments::options()))
    }

    /// Makes the clap command.
    pub(crate) fn options() -> clap::Command {
        let command = arguments::with_variables(ReportArguments::command());
        // The forms are what this command is for; in a run they are rare.
        command.mut_args(|argument| argument.hide_short_help(false))
    }
}
