//! Options for the output of results.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::units::size;

#[derive(Debug, Args)]
#[command(next_help_heading = "Results")]
pub(crate) struct ResultArguments {
    /// Results, one JSON object a line [default: standard output]
    ///
    /// The file is one that --resume goes on from. While haul writes it, no other haul can. A name that promises another
    /// format (x.csv, x.gz, x.db) is refused. FILE.journal beside it, where there is one, belongs to it.
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Failed requests: .db, .sqlite or .sqlite3 = SQLite, else JSON Lines; haul reads both back
    ///
    /// A failure is in the log only if it is in the results. No line is longer than 16 MiB: the response is cut first. A
    /// request body that is too large by itself stands as the file it came from, or is cut and then not sent again.
    #[arg(long, value_name = "FILE")]
    pub(crate) failures: Option<PathBuf>,
    /// Keep lines of standard input that cannot be read in the failure log, secrets included
    ///
    /// When the failure log is an input, haul reads these lines again from it. Without this option, the log has only the
    /// number of such a line and what is wrong with it. A line of a file is not kept: it is read again from its file,
    /// by its number, so mend it there and insert or remove no lines before it.
    #[arg(long, requires = "failures")]
    pub(crate) keep_bad_lines: bool,
    /// Bodies in the results: auto (text, else base64) or none
    #[arg(
        long,
        value_name = "MODE",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) body: BodyForm,
    /// Size of a body up to which its result keeps it
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "1M")]
    pub(crate) body_limit: u64,
    /// Save each body to a file and record its path
    ///
    /// The directory is made. The output_file of a line names its file, else the last part of its URL does; if that name
    /// is taken, the number of the request is added (a-2.html). A file appears whole or not at all. --overwrite replaces
    /// files that were there before the run; without it, a line whose output_file exists fails.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["require", "expect_json"])]
    pub(crate) output_dir: Option<PathBuf>,
    /// Input order instead of as completed
    #[arg(long)]
    pub(crate) ordered: bool,
    /// Response headers in the results
    #[arg(long)]
    pub(crate) include_headers: bool,
    /// The summary as JSON
    ///
    /// A file that is there is replaced with --overwrite; the summary of an earlier run, with --resume too.
    #[arg(long, value_name = "FILE")]
    pub(crate) summary_json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BodyForm {
    Auto,
    None,
}
