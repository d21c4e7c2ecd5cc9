//! Options for the output of results.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::units::size;

#[derive(Debug, Args)]
#[command(next_help_heading = "Results")]
pub(crate) struct ResultArguments {
    /// Results, one JSON object a line [default: standard output]
    ///
    /// --resume continues such a file. While haul writes it, no other haul can write it. A name with the ending of
    /// another format (x.csv, x.gz, x.db) is refused. A FILE.journal beside it belongs to it.
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Failed requests: .db, .sqlite or .sqlite3 = SQLite, else JSON Lines; haul reads both back
    ///
    /// Rejected requests (--require) have not failed: they are in the results, and in no failure log. A failure is in
    /// the log only if it is in the results. No line is longer than 16 MiB: the response is cut first. If the request
    /// body is too large by itself, the log has the path of its file; a body from no file is cut, and not sent again.
    #[arg(long, value_name = "FILE")]
    pub(crate) failures: Option<PathBuf>,
    /// Keep lines of standard input that cannot be read in the failure log, secrets included
    ///
    /// When the failure log is an input, haul reads these lines again from it. Without this option, the log has only
    /// the number of such a line and the mistake in it. A line of a file is not kept: it is read again from its file,
    /// by its number. Correct it there, and insert or remove no lines before it.
    #[arg(hide_short_help = true, long, requires = "failures")]
    pub(crate) keep_bad_lines: bool,
    /// Bodies in the results: auto (text, else base64) or none
    #[arg(
        long,
        value_name = "MODE",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) body: BodyForm,
    /// Size up to which a result keeps its body; the rest is cut
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "1M")]
    pub(crate) body_limit: u64,
    /// Save each body to a file and record its path
    ///
    /// The directory is made if it does not exist. The output_file of a line names its file, else the last part of its
    /// URL does; if that name is taken, the number of the request is added (a-2.html). A file appears whole or not at
    /// all; --continue goes on with one that was cut. --overwrite replaces files that were there before the run; without it, a line whose output_file exists
    /// fails.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["require", "expect_json"])]
    pub(crate) output_dir: Option<PathBuf>,
    /// Results in the order of the input, not as requests complete
    #[arg(long)]
    pub(crate) ordered: bool,
    /// Keep response headers in the results
    #[arg(long)]
    pub(crate) include_headers: bool,
    /// Write the summary as JSON
    ///
    /// An existing file is replaced with --overwrite; the summary of an earlier run also with --resume.
    #[arg(long, value_name = "FILE")]
    pub(crate) summary_json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BodyForm {
    Auto,
    None,
}
