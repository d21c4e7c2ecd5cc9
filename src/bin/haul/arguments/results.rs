//! Options for the output of results.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use haul::record::{Layout, RowFormat, Selection};

use super::SavedFileArguments;
use crate::units::{line, selection, size};

#[derive(Debug, Args)]
#[command(next_help_heading = "Results")]
pub(crate) struct ResultArguments {
    /// Results, one JSON object a line [default: standard output]
    ///
    /// A name with .csv or .tsv gets a table (--select), one with .gz or .zst (x.jsonl.gz, x.csv.zst) is compressed, one
    /// with .db, .sqlite or .sqlite3 is an SQLite database: table outcomes, with the whole record in the column record, and
    /// the views last, by_host and by_error. A name with the ending of another format (x.xlsx) is refused. --resume
    /// continues such a file. While haul writes it, no other haul can write it. A FILE.journal beside it belongs to it.
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
    /// Columns and keys that --secret names are masked; such a line is not read again.
    ///
    /// When the failure log is an input, haul reads these lines again from it. Without this option, the log has only
    /// the number of such a line and the mistake in it. A line of a file is not kept: it is read again from its file,
    /// by its number. Correct it there, and insert or remove no lines before it.
    #[arg(hide_short_help = true, long, requires = "failures")]
    pub(crate) keep_bad_lines: bool,
    /// Bodies in the results: auto (text, else base64), json, text, base64 or none
    ///
    /// With json, a body whose type is JSON, that parses and is not cut stands in the record as JSON, under json; others
    /// are as with auto. Digits and the order of keys stay as they are, white space between them is left out. With text,
    /// bytes that are no text are replaced.
    #[arg(
        long,
        value_name = "MODE",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) body: BodyForm,
    /// Values of each result, with commas: id,status,/data/name,header:etag
    ///
    /// A name is a field of the record, a pointer into the JSON body, or a header of the response. A missing value is an
    /// empty field. Titles are the names as given. Without --select, csv, tsv and text have
    /// id,index,url,method,status,outcome,error_type,error_msg,attempts,elapsed_ms,size_bytes,key. --resume needs the
    /// column key, --retry-failed also outcome, error_type, attempts or timestamp, and index or supersedes.
    #[arg(hide_short_help = true, long, value_name = "NAMES", value_parser = selection)]
    pub(crate) select: Option<Selection>,
    /// Form of the results: csv, tsv, jsonl or text [default: by the ending of -o, else jsonl]
    ///
    /// csv is quoted by RFC 4180; tsv writes tab, line feed and backslash in a value as \t, \n and \\; text is the
    /// values with tabs between them, without a title. Spreadsheets take a value that begins with =, +, - or @ for a
    /// formula, also one that a server chose: import such files with all columns as text.
    #[arg(hide_short_help = true, long, value_name = "FORMAT")]
    pub(crate) format: Option<RowFormat>,
    /// A line of text for each result on standard output: '{id} {status}'
    ///
    /// {NAME} is a value as in --select, {NAME:json} one as JSON, {index:06} a number with zeros in front, {{ a brace.
    /// The lines stand in place of the results; with -o FILE the results go to the file as always.
    #[arg(hide_short_help = true, long, value_name = "TEMPLATE", value_parser = line, conflicts_with = "write_out")]
    pub(crate) line: Option<Layout>,
    /// Text for each result on standard output, as in curl: '%{http_code} %{url}\n'
    ///
    /// Variables: http_code, response_code, url, url_effective, method, time_total, time_starttransfer, size_download,
    /// content_type, errormsg, num_redirects, remote_ip. %% is a percent sign; \n, \r, \t and \\ are those characters.
    /// Nothing is added, no line feed either. The text stands in place of the results; with -o FILE the results go to
    /// the file as always.
    #[arg(
        hide_short_help = true,
        short = 'w',
        long,
        value_name = "TEXT|@FILE",
        allow_hyphen_values = true
    )]
    pub(crate) write_out: Option<String>,
    /// Size up to which a result keeps its body; the rest is cut
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "1M")]
    pub(crate) body_limit: u64,
    #[command(flatten)]
    pub(crate) saved_files: SavedFileArguments,
    /// Keep the content codings of bodies
    ///
    /// Bodies are not decompressed: a .tar.gz that is served with Content-Encoding: gzip stays one, and its sha256 is
    /// that of the bytes as they came. A coded body stands in the results as base64, with its content_encoding.
    /// Accept-Encoding is sent as always. In a line: "keep_encoding": true.
    #[arg(hide_short_help = true, long, conflicts_with_all = ["require", "expect_json"])]
    pub(crate) keep_encoding: bool,
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
    Json,
    Text,
    Base64,
    None,
}
