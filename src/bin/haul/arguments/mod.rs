//! Arguments as typed.

mod beside_runs;
mod config;
mod connection;
mod downloads;
mod ending;
mod foreign;
mod forms;
mod given_places;
mod line_files;
mod names;
mod pace;
mod pages;
mod requests;
mod results;
mod shard;
mod shared;

use std::any::TypeId;
use std::env;
use std::ffi::OsString;

use clap::builder::{BoolishValueParser, NonEmptyStringValueParser};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, Args, CommandFactory, FromArgMatches, Parser, ValueEnum};

pub(crate) use beside_runs::CommandArguments;
use config::Configured;
pub(crate) use config::HostOptions;
pub(crate) use connection::ConnectionArguments;
pub(crate) use downloads::DownloadArguments;
pub(crate) use ending::EndingArguments;
pub(crate) use forms::FormArguments;
pub(crate) use given_places::yielded;
pub(crate) use line_files::{SavedFileArguments, SentFileArguments};
pub(crate) use names::{is_secret, name_of};
pub(crate) use pace::{PaceArguments, TimeArguments};
pub(crate) use pages::PageArguments;
pub(crate) use requests::{FormatName, RequestArguments};
pub(crate) use results::{BodyForm, ResultArguments};
pub(crate) use shard::{ShardArguments, ShardBy};
pub(crate) use shared::{has_headers_of_variable, read_shared, with_shared_variables};
#[cfg(feature = "fleet")]
pub(crate) use shared::{read_given, read_shared_behind};

/// Text that `--generate` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GeneratedFile {
    Man,
    CompleteBash,
    CompleteZsh,
    CompleteFish,
}

/// Send many HTTP requests at once and keep every result
///
/// An argument with :// is a URL, any other is a file; without arguments, or with -, standard input is read. A file
/// holds one URL or one JSON request per line; blank lines and lines starting with # are skipped, CRLF is fine. CSV and
/// TSV with a column url, JSON arrays, sitemaps, earlier results and failure logs are read too, also compressed (gzip,
/// zstd) and in UTF-16; the format is found by the content. A failure log in SQLite is opened read-only, and the newest
/// failure of each request is sent. Results go to standard output or to -o, one JSON object a line, in the order
/// in which requests complete; everything else goes to standard error. A failed request does not end the run: it is one
/// result among the others.
///
/// Times are written 500ms, 2s, 5m, 1h or 1.5 (seconds), rates 50, 0.5/s, 3000/m or 10/h, sizes 64K, 10M or 2G.
///
/// Every option can be given as an environment variable too: --max-time as HAUL_MAX_TIME, --breaker as HAUL_BREAKER=1,
/// several headers as lines of HAUL_HEADER, several rates as HAUL_RATE=10/s,300/m. A typed option comes before its
/// variable, the variable before the file of --config, and the file before the default.
#[derive(Debug, Parser)]
#[command(name = "haul", version, args_override_self = true, max_term_width = 100, after_help = AFTER, after_long_help = AFTER_LONG)]
pub(crate) struct Arguments {
    /// URLs, and files of URLs or JSON requests; - is standard input
    #[arg(value_name = "FILE|URL")]
    pub(crate) inputs: Vec<String>,
    #[command(flatten)]
    pub(crate) requests: RequestArguments,
    #[command(flatten)]
    pub(crate) pages: PageArguments,
    #[command(flatten)]
    pub(crate) pace: PaceArguments,
    #[command(flatten)]
    pub(crate) times: TimeArguments,
    #[command(flatten)]
    pub(crate) results: ResultArguments,
    #[command(flatten)]
    pub(crate) downloads: DownloadArguments,
    #[command(flatten)]
    pub(crate) forms: FormArguments,
    #[command(flatten)]
    pub(crate) ending: EndingArguments,
    #[command(flatten)]
    pub(crate) shard: ShardArguments,
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
    #[command(flatten)]
    pub(crate) messages: MessageArguments,
    /// Options for some hosts, from the file of options.
    #[arg(skip)]
    pub(crate) hosts: Vec<HostOptions>,
}

const AFTER: &str = "\
Exit status: 0 all succeeded, 1 some failed or were rejected, 2 usage error, 3 an output could not
be written, 4 stopped early by a limit, 130 or 143 interrupted. More on each option: --help.
haul report sums up finished runs: haul report -h.";

const AFTER_LONG: &str = r#"A line of input:
  https://example.com/1                                    a URL
  {"url": "https://example.com/1", "id": "a", "retry": 5}  a request; or a line of a failure log

  Keys: url (required); id (custom_id), tag: echoed; method;
  headers {name: text, list, or null to leave it out}; params {name: value or list};
  one of body (text; an object or a list is json), json, form {name: value}, body_base64,
  body_file (a path from the working directory);
  auth {"user", "password"}, with "digest": true for digest auth, or {"bearer"};
  max_time_ms, connect_timeout_ms; retry; idempotent; cost; max_redirs; accept [codes and "ranges"];
  expect_json; keep_encoding; require {pointer: value};
  output_file (a path under --output-dir), sha256 and size that the saved file must have.
  Under any other key, null means that the key is absent. json, params and form are sent as they
  are written, and tag is returned so. A line may have up to 16 MiB. A line with a mistake is one
  failed result, of class invalid_request. Each result has the file and the number of its line
  (source, line).

First steps:
  haul urls.txt > out.jsonl                                a list of URLs, a bar on the terminal
  haul -j 32 --rate 50 --retry 3 -o run.jsonl --failures failures.db urls.txt
  haul --resume -o run.jsonl urls.txt                      after Ctrl-C, a limit or a crash
  haul failures.db -o again.jsonl                          send again just what failed
  haul report run.jsonl                                    sum up a finished run (haul report --help)
  haul merge -o all.jsonl --verify urls.txt r-*.jsonl      join the results of machines (haul merge --help)

-L, -Z, -f, -S and --compressed of curl are accepted and change nothing: haul always works that way.
-s is --progress none.

haul report sums up finished runs: haul report --help.

Signals: the first INT or TERM stops reading, cancels what is queued, lets running requests finish
(--grace), and prints the command that goes on from there. The second one ends the run at once.

Exit status:
  0    every request succeeded (also where there was none; --fail-empty makes that 1)
  1    finished, and at least one failed or was rejected (--exit-zero makes that 0)
  2    usage or configuration error: nothing was sent
  3    an output could not be written, or an internal error
  4    stopped early by --fail-early, --max-failures, --max-cost or --max-run-time
  130  interrupted by INT, 143 by TERM"#;

#[derive(Debug, Args)]
#[command(next_help_heading = "Messages")]
pub(crate) struct MessageArguments {
    /// No bar and no summary; -qq: no warnings and no errors either
    #[arg(short = 'q', long, action = ArgAction::Count)]
    pub(crate) quiet: u8,
    /// A line for each request; -vv: a debug log
    #[arg(short = 'v', long, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Progress of the run, on standard error
    ///
    /// auto shows a bar if standard error is a terminal and results go elsewhere, else nothing. plain prints a line
    /// every five seconds, json an object every second, for logs and programs; both print once more at the end.
    #[arg(
        long,
        value_name = "KIND",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) progress: ProgressForm,
    /// Colours in messages: auto, always or never
    ///
    /// auto uses colours if standard error is a terminal and NO_COLOR is not set.
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) color: Color,
    /// Print the man page (man) or completions (complete-bash, complete-zsh, complete-fish)
    #[arg(long, value_name = "WHAT", hide_possible_values = true)]
    pub(crate) generate: Option<GeneratedFile>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressForm {
    Auto,
    Bar,
    Plain,
    Json,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// Options of curl that ask for behaviour that haul always has.
const ANYWAY: [(&str, Option<char>); 5] = [
    ("location", Some('L')),
    ("parallel", Some('Z')),
    ("compressed", None),
    ("show-error", Some('S')),
    ("fail", Some('f')),
];

/// Options of text that take an empty value: `--data` and `--user-agent` give it a meaning, the others have messages of
/// their own about it.
const TAKES_EMPTY: [&str; 5] = ["data", "user-agent", "bearer", "cookie", "oauth2-id"];

/// Long name of curl's `-s`.
const SILENT: &str = "silent";

/// Makes the clap command, with an environment variable for every option.
pub(crate) fn command() -> clap::Command {
    without_environment().mut_args(|argument| {
        let Some(long) = argument.get_long() else {
            return argument;
        };
        let variable = names::variable(long);
        let is_plain = ANYWAY.iter().any(|(name, _)| *name == long) || long == SILENT;
        match is_plain {
            true => argument,
            false => argument.env(variable).hide_env(true),
        }
    })
}

/// Makes the clap command without the environment.
fn without_environment() -> clap::Command {
    let flag = |(long, short): (&'static str, Option<char>)| {
        let flag = Arg::new(long).long(long).hide(true);
        flag.short(short).action(ArgAction::SetTrue)
    };
    with_variables(Arguments::command())
        .args(ANYWAY.map(flag))
        .arg(flag((SILENT, Some('s'))))
}

/// Prepares every option of a clap command for its value from the environment, and refuses empty text. A parser of an
/// option's own must give a type of its own, since one that gives a `String` would be replaced.
pub(crate) fn with_variables(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| {
        let Some(long) = argument.get_long() else {
            return argument;
        };
        let is_text = argument.get_value_parser().type_id() == TypeId::of::<String>();
        let argument = match argument.get_action() {
            // An option without a value has one as an environment variable.
            ArgAction::SetTrue => argument.value_parser(BoolishValueParser::new()),
            _ if is_text && !TAKES_EMPTY.contains(&long) => {
                argument.value_parser(NonEmptyStringValueParser::new())
            }
            _ => argument,
        };
        // Allowed so that -1 is a bad value of its option, which the message names.
        let value = argument.get_value_names().and_then(|names| names.first());
        let is_number = value.is_some_and(|name| {
            let name = name.split(['[', '|']).next();
            matches!(name, Some("N" | "TIME" | "SIZE"))
        });
        argument.allow_negative_numbers(is_number)
    })
}

/// Returns the text about arguments that clap could not read, or help that was asked for.
pub(crate) fn told(error: &clap::Error, command: &clap::Command) -> ProgramEnd {
    match error.use_stderr() {
        true => ProgramEnd::Wrong(names::explained(error, command)),
        false => ProgramEnd::Asked(error.render().to_string()),
    }
}

/// Reads the arguments of this process. The error is the text that is printed instead of a run: help, the version, or a
/// message about wrong arguments.
pub(crate) fn read() -> Result<Arguments, ProgramEnd> {
    let typed: Vec<OsString> = env::args_os().collect();
    let mut built = command();
    built.build();
    let configured =
        config::configured(&typed, &built, &built, &|_| false).map_err(ProgramEnd::Wrong)?;
    let all = configured.as_ref().map_or(typed, Configured::arguments);
    let read = || {
        let matches = command().try_get_matches_from(all)?;
        let mut arguments = Arguments::from_arg_matches(&matches)?;
        arguments.requests.headers_of_variable = has_headers_of_variable(&matches);
        let typed = matches.value_source("progress") == Some(ValueSource::CommandLine);
        let is_last = || matches.index_of(SILENT) > matches.index_of("progress");
        if matches.get_flag(SILENT) && (!typed || is_last()) {
            arguments.messages.progress = ProgressForm::None;
        }
        Ok(arguments)
    };
    let mut arguments = read().map_err(|error: clap::Error| {
        let of_file = configured.as_ref();
        match of_file.and_then(|configured| configured.told(&error, &command())) {
            Some(message) => ProgramEnd::Wrong(message),
            None => told(&error, &command()),
        }
    })?;
    arguments.hosts = configured.map_or(Vec::new(), |configured| configured.hosts);
    Ok(arguments)
}

/// Text that is printed instead of a run.
pub(crate) enum ProgramEnd {
    /// Help or version, which was asked for.
    Asked(String),
    /// Message about wrong arguments.
    Wrong(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_is_refused_by_each_option_that_gives_it_no_meaning() {
        for options in [command(), crate::commands::Subcommand::Report.options()] {
            let with_value = options
                .get_arguments()
                .filter(|option| option.get_long().is_some() && option.get_action().takes_values());
            let longs: Vec<&str> = with_value.filter_map(Arg::get_long).collect();
            assert!(longs.len() > 5, "{longs:?}");
            for long in longs.iter().filter(|long| !TAKES_EMPTY.contains(long)) {
                let typed = ["haul".to_owned(), format!("--{long}=")];
                let wrong = options.clone().try_get_matches_from(typed).expect_err(long);
                let message = names::explained(&wrong, &options);
                let named = message.lines().next().unwrap_or_default();
                assert!(named.contains(&format!("--{long} <")), "{message}");
            }
        }
    }
}
