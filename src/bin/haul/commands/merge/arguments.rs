//! Arguments of `haul merge`, as typed.

use std::path::PathBuf;

use clap::{ArgGroup, Command, CommandFactory, FromArgMatches, Parser};

use crate::arguments::{
    self, CommandArguments, ProgramEnd, RequestArguments, SavedFileArguments, SentFileArguments,
    has_headers_of_variable,
};
use crate::units::size;

/// Merge the results of several runs, and tell if each request has exactly one outcome
///
/// RESULTS are files of -o, as the machines of --shard write them: JSON Lines, also compressed by gzip or zstd, and
/// found so by the content. A database, CSV and TSV are refused. Each file is read twice. A file that a run is still
/// writing is refused; a run that was killed is best ended by --resume before.
///
/// Requests are told by all that is sent (id, method, URL, headers, body), pages of a list by their first page. A line
/// that is marked "supersedes" takes the place of one of its request without success, in whichever file that is.
/// Byte-identical lines count once, as copies. Of two outcomes the later one is doubled, and is left out; a success
/// comes before others. Lines that are no records, as a kill leaves them, are left out and told.
///
/// The options under "Requests", "Connection" and "Results" must be those of the runs, since they change the requests, or
/// decide which lines are none. Nothing is sent or saved. The counts, and the first ten lines of each kind, go to standard
/// output.
#[derive(Debug, Parser)]
#[command(
    name = "haul merge",
    bin_name = "haul merge",
    args_override_self = true,
    max_term_width = 100,
    after_help = AFTER
)]
pub(crate) struct MergeArguments {
    /// Files of results
    #[arg(value_name = "RESULTS", required = true)]
    pub(crate) results: Vec<PathBuf>,
    /// File of all results, whole or not at all; .gz and .zst compress it
    #[arg(short = 'o', long, value_name = "ALL")]
    pub(crate) output: PathBuf,
    /// Compare with the input of the runs: find missing, doubled and foreign outcomes
    ///
    /// A file or URL as the runs were given, of any format that they read; it may be given more than once. Without it,
    /// outcomes are doubled that have the same request and index, and nothing is known to be missing.
    #[arg(long, value_name = "INPUT")]
    pub(crate) verify: Vec<String>,
    /// Write the lines of the input without an outcome, to be run again with the same options
    ///
    /// URLs and requests of a list stand as they are. Rows of a table, values of a JSON array, links of a sitemap, and
    /// lines that would not be recognised alone, are lines of JSON with the key "haul_entry", which are read as they were
    /// in the input under every --input-format.
    #[arg(long, value_name = "FILE", requires = "verify")]
    pub(crate) missing: Option<PathBuf>,
    /// Memory in which lines are sorted; what is more goes to temporary files
    ///
    /// These take 32 bytes for each line of results, and 24 for each of the input.
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "512M")]
    pub(crate) memory: u64,
    /// Directory of the temporary files [default: TMPDIR, else /tmp]
    #[arg(long, value_name = "DIR")]
    pub(crate) temp_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) command: CommandArguments,
    #[command(flatten)]
    pub(crate) sent_files: SentFileArguments,
    #[command(flatten)]
    pub(crate) saved_files: SavedFileArguments,
    #[command(flatten)]
    pub(crate) requests: RequestArguments,
}

const AFTER: &str = "\
Exit status: 0 each request has exactly one outcome (torn lines change nothing), 1 some are missing,
doubled or foreign (ALL is written all the same), 2 a usage error, results that cannot be merged, or
no record in them, 3 an output or a temporary file could not be written.

  haul merge -o all.jsonl r-*.jsonl                        join, and find doubled outcomes
  haul merge -o all.jsonl --verify urls.txt --missing missing.txt r-*.jsonl
  haul -o r-more.jsonl missing.txt                         run the missing lines

A file with the name merge is given as ./merge.";

/// Options of a run that exclude some of the shared ones, and that this command does not have.
const OF_RUNS: [&str; 2] = ["require", "expect_json"];

impl MergeArguments {
    /// Returns the options of the command.
    pub(crate) fn options() -> Command {
        let command = MergeArguments::command().groups(OF_RUNS.map(ArgGroup::new));
        arguments::with_shared_variables(command)
    }

    /// Reads the arguments of this process behind the name of the command. The error is the text that is printed
    /// instead.
    pub(crate) fn read() -> Result<MergeArguments, ProgramEnd> {
        let command = MergeArguments::options();
        let matches = arguments::read_shared("haul merge", &command)?;
        let read = MergeArguments::from_arg_matches(&matches);
        let mut read = read.map_err(|error| arguments::told(&error, &command))?;
        read.requests.headers_of_variable = has_headers_of_variable(&matches);
        Ok(read)
    }
}
