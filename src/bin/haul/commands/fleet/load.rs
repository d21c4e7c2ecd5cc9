//! `haul fleet load`: requests into the queue of a run.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Command, FromArgMatches};
use haul::Request;
use haul::fleet::{FleetError, FleetErrorKind, Loaded, Run, RunSettings};
use haul::record::FileRegister;

use super::choices::{KEPT, SECRET};
use super::run_options::run_of;
use super::same_options::differences;
use super::server::ServerArguments;
use super::{CommandEnd, MessageOptions, failed};
use crate::arguments::Arguments;
use crate::cookies::RunCookies;
use crate::failure::{CommandError, Status};
use crate::files;
use crate::input::{self, ListReader};
use crate::messages::Messages;
use crate::settings::{self, ClientAndLines};
use crate::source::is_url;
use crate::units::{JobsPerHost, above_zero, time, whole};

/// Create a run and load requests into its queue
///
/// Without a run of this name it is created; otherwise loading goes on where it ended, given the same input from its
/// first line on. The options under Requests, How fast, Time and retries and those for success are kept in the run, and
/// hold for all its workers; files that they name (@FILE) must be there for the workers too. Rates are those of all
/// workers together. Loading waits while the queue is full, so workers may be started before or meanwhile.
#[derive(Debug, Args)]
pub(super) struct LoadArguments {
    /// Name of the run: 1 to 64 letters, digits, _ and -
    #[arg(value_name = "RUN")]
    pub(super) run: String,
    /// URLs, and files of any format that a run reads; - is standard input
    #[arg(value_name = "FILE|URL")]
    inputs: Vec<String>,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    queue: QueueArguments,
    #[command(flatten)]
    messages: MessageOptions,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Queue")]
struct QueueArguments {
    /// Number of streams that the requests are divided into, for a cluster
    #[arg(long, value_name = "N", value_parser = above_zero, default_value_t = 1)]
    lanes: u32,
    /// Requests in the queue at which loading waits, for each lane
    #[arg(long, value_name = "N", value_parser = whole::<u64>, default_value_t = 100_000)]
    max_queued: u64,
    /// Time after which the requests of a silent worker go to others, 1s at least
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "30s")]
    lease: Duration,
    /// Workers that may die with a request before it ends as interrupted
    #[arg(long, value_name = "N", value_parser = above_zero, default_value_t = 3)]
    max_deliveries: u32,
    /// Wait until the server's disk has the note that a request which must not be repeated is about to be sent
    ///
    /// It needs Redis 7.2 or Valkey, with appendonly yes.
    #[arg(long)]
    durable: bool,
    /// Send requests again that must not be repeated, and that a worker had begun when it died
    #[arg(long)]
    resume_writes: bool,
    /// Load lines with an output_file too; each worker then needs an --output-dir
    ///
    /// A body is saved on the machine of the worker that sends its line.
    #[arg(long)]
    output_files: bool,
    /// Load only lines without an outcome in --results, once the run is over and its results are collected
    #[arg(long, requires = "results", conflicts_with = "retry_failed")]
    resume: bool,
    /// Load only lines without success in --results; their new outcomes take the place of the old ones
    #[arg(long, requires = "results")]
    retry_failed: bool,
    /// File of results of the run; may be given more than once
    #[arg(long, value_name = "FILE")]
    results: Vec<PathBuf>,
}

/// Options that only the reading of the input needs: the lines in the queue have what these give to them.
const OF_INPUT: [&str; 14] = [
    "template",
    "url-template",
    "input-format",
    "csv-delimiter",
    "url-column",
    "id-column",
    "follow-sitemaps",
    "lenient",
    "config",
    "discard-body",
    "form",
    "form-string",
    "data",
    "json",
];

impl LoadArguments {
    /// Returns the options of the command.
    pub(super) fn options() -> Command {
        let own = LoadArguments::augment_args(super::command_of("load"));
        KEPT.add_to(own)
    }

    /// Carries out the command with these typed arguments.
    pub(super) fn carry_out() -> CommandEnd {
        let command = LoadArguments::options();
        let (matches, hosts) = super::read_with_file("load", &command, &KEPT)?;
        KEPT.check(&command, &matches)?;
        let own = LoadArguments::from_arg_matches(&matches)
            .map_err(|error| crate::arguments::told(&error, &command))?;
        let given = KEPT.given(&matches);
        let mut run = run_of(&given, &own.inputs)?;
        run.hosts = hosts;
        let messages = own.messages.messages();
        super::warnings::print(&messages);
        super::end(&messages, load(&own, &run, given, &messages))
    }
}

// Long because it is the whole course of the command, in its order.
fn load(
    own: &LoadArguments,
    arguments: &Arguments,
    given: Vec<String>,
    messages: &Messages,
) -> Result<Status, CommandError> {
    let fleet = own.server.connect_patiently()?;
    if let Some(warning) = fleet.warning() {
        messages.warning(&format!("{}: {warning}", own.server.shown()));
    }
    let queue = &own.queue;
    if !queue.results.is_empty() && !queue.resume && !queue.retry_failed {
        return Err(CommandError::usage(
            "--results: it needs --resume or --retry-failed beside it",
        ));
    }
    // Mistakes in the options and the input are told before the run is created.
    let input = open(arguments, messages)?;
    let is_kept = |option: &String| {
        let name = option.trim_start_matches('-');
        let name = name.split('=').next().unwrap_or_default();
        !OF_INPUT.contains(&name)
    };
    let mut settings = RunSettings::new()
        .lanes(queue.lanes)
        .lease(queue.lease)
        .max_queued(queue.max_queued)
        .max_deliveries(queue.max_deliveries)
        .durable(queue.durable)
        .resume_writes(queue.resume_writes)
        .saves_files(queue.output_files)
        .input_files(files::read_paths(arguments))
        .options(given.into_iter().filter(is_kept));
    if let Some(base) = &arguments.requests.base_url {
        settings = settings.base_url(base);
    }
    match fleet.run(&own.run) {
        // Options of one meaning may be written in two ways.
        Ok(existing) => {
            let of_run = existing.settings().given_options();
            let different = differences(of_run, settings.given_options());
            if !different.is_empty() {
                return Err(other_options(&own.run, &different));
            }
            settings = settings.options(of_run.iter().cloned());
        }
        Err(error) if error.kind() == FleetErrorKind::NoRun => {}
        Err(error) => return Err(failed(&error)),
    }
    let run: Run = fleet
        .create(&own.run, settings)
        .map_err(|error| not_created(&error, own))?;
    let signalled = super::signals::watch(messages, super::signals::WRITES)?;
    let stops = signalled.clone();
    let refusal = RefCell::new(input.refusal());
    // An input that cannot be read on has not come to its end.
    let stop = || stops.number().is_some() || refusal.borrow().failure().is_some();
    let told = |input| ToldLines {
        input,
        messages: messages.clone(),
    };
    let input = told(input);
    let mut first = Some(input);
    let open_again = || {
        if let Some(first) = first.take() {
            return Some(first);
        }
        let again = is_read_twice(arguments).then(|| open(arguments, messages))?;
        let again = again.ok()?;
        refusal.replace(again.refusal());
        Some(told(again))
    };
    let loaded = match (queue.resume, queue.retry_failed) {
        (_, true) => run.load_unsuccessful(open_again, &queue.results, stop),
        (true, false) => run.load_missing(open_again, &queue.results, stop),
        (false, false) => run.load_with(open_again, stop),
    };
    if let Some(failure) = refusal.borrow().failure() {
        return Err(failure);
    }
    let loaded: Loaded = loaded.map_err(|error| not_loaded(&error, arguments))?;
    let total = loaded.read();
    let before = match loaded.found() {
        0 => String::new(),
        found => format!(", {found} of them were there before"),
    };
    if total == 0 && signalled.number().is_none() {
        messages.warning(&format!("{}: the input has no requests", own.run));
    }
    messages.note(&format!("{}: {total} requests loaded{before}", own.run));
    match signalled.number() {
        Some(number) => {
            messages.note(match queue.results.is_empty() {
                true => "interrupted: the same command goes on from there",
                false => "interrupted: the same command, with --results as they are now, goes on from there",
            });
            Ok(Status::Signal(number))
        }
        None => Ok(Status::Fine),
    }
}

/// Requests of an input, of which unreadable lines are told.
struct ToldLines {
    input: ListReader,
    messages: Messages,
}

impl Iterator for ToldLines {
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        let read = self.input.next_line()?;
        Some(read.unwrap_or_else(|bad| {
            self.messages.bad_line(&bad.message(self.messages.lists()));
            bad.stand_in
        }))
    }
}

fn other_options(run: &str, different: &[String]) -> CommandError {
    CommandError::usage(format!(
        "the run {run:?} was created with other options: {} (use the same ones, or a new name)",
        different.join("; ")
    ))
}

/// Makes the failure of an error of creating the run: settings are named by their options.
fn not_created(error: &FleetError, own: &LoadArguments) -> CommandError {
    let settings = error.settings();
    let settings: Vec<String> = settings
        .map(|(name, text)| own.queue.shown(name, text))
        .collect();
    match error.kind() {
        _ if settings.is_empty() => failed(error),
        FleetErrorKind::OtherSettings => other_options(&own.run, &settings),
        _ => CommandError::usage(settings.join("; ")),
    }
}

impl QueueArguments {
    /// Returns the message about a setting of a run, by the option that sets it.
    fn shown(&self, name: &str, text: &str) -> String {
        let (option, is_given) = match name {
            "durable" => ("durable", self.durable),
            "resume_writes" => ("resume-writes", self.resume_writes),
            "saves_files" => ("output-files", self.output_files),
            name => return format!("--{}: {text}", name.replace('_', "-")),
        };
        match is_given {
            true => format!("--{option}: given (the run does not have it)"),
            false => format!("--{option}: not given (the run has it)"),
        }
    }
}

/// Makes the failure of an error of loading, with the input if it is another one than before.
fn not_loaded(error: &FleetError, arguments: &Arguments) -> CommandError {
    if error.kind() != FleetErrorKind::OtherInput {
        return failed(error);
    }
    let inputs = match arguments.inputs.is_empty() {
        true => "standard input".to_owned(),
        false => arguments.inputs.join(", "),
    };
    CommandError::usage(format!("{inputs}: {error}"))
}

/// Opens the input. The options for its requests are checked.
fn open(arguments: &Arguments, messages: &Messages) -> Result<ListReader, CommandError> {
    if arguments.pace.jobs_per_host == JobsPerHost::Auto {
        return Err(CommandError::usage(
            "--jobs-per-host: auto: each worker would find a number of its own (a number is expected)",
        ));
    }
    let cookies = RunCookies::open(arguments)?;
    let ClientAndLines { client, lines } = settings::settings(arguments, &cookies, messages)?;
    check_secrets(arguments, &client)?;
    let register = FileRegister::new();
    let lines = lines.register(register.clone()).saved_elsewhere();
    input::open(arguments, lines, &client, &register, messages)
}

/// True if all of the input can be read a second time.
fn is_read_twice(arguments: &Arguments) -> bool {
    let bare = arguments.requests.scheme.is_some();
    let is_kept = |input: &String| is_url(input, bare) || Path::new(input).is_file();
    !arguments.inputs.is_empty() && arguments.inputs.iter().all(is_kept)
}

/// Refuses headers and parameters for all requests that are secret.
fn check_secrets(arguments: &Arguments, client: &haul::Client) -> Result<(), CommandError> {
    let refused = |option: &str, name: &str| {
        Err(CommandError::usage(format!("--{option}: {name}: {SECRET}")))
    };
    let redaction = client.redaction();
    for text in &arguments.requests.headers {
        let name = text.split([':', ';']).next().unwrap_or_default().trim();
        if redaction.is_secret_header(name) {
            return refused("header", name);
        }
    }
    for (name, _) in &arguments.requests.url_query {
        if redaction.is_secret_parameter(name) {
            return refused("url-query", name);
        }
    }
    if !arguments.hosts.is_empty() {
        return Err(CommandError::usage(format!(
            "{}: tables of hosts: the options of a run hold for all hosts alike (a file of haul fleet work may have them for credentials)",
            arguments.hosts[0].place
        )));
    }
    Ok(())
}
