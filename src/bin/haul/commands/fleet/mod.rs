//! `haul fleet`: one batch on many machines, over a queue in Redis or Valkey.

mod choices;
mod collect;
mod helps;
mod load;
mod metrics;
mod run_options;
mod same_options;
mod screen;
mod server;
mod signals;
mod status;
mod warnings;
mod whole_run;
mod work;

use std::env;
use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, CommandFactory, Parser, Subcommand};
use haul::fleet::{FleetError, FleetErrorKind};

use self::run_options::RunOptions;
use crate::arguments::{self, Color, HostOptions, MessageArguments, ProgramEnd, ProgressForm};
use crate::failure::{self, CommandError, Status};
use crate::messages::Messages;

/// Run one batch on many machines, over a queue in Redis or Valkey
///
/// load fills the queue of a run, any number of work processes send its requests, and collect writes the results to a
/// file. Each request has exactly one outcome, also if workers, loaders and collectors are killed: what a dead worker
/// had goes to others. Options: haul fleet load --help, and so on.
#[derive(Debug, Parser)]
#[command(
    name = "haul fleet",
    bin_name = "haul fleet",
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = AFTER
)]
struct FleetArguments {
    #[command(subcommand)]
    command: FleetCommand,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
enum FleetCommand {
    /// Create a run and load requests into its queue
    Load,
    /// Send requests of a run until it is over
    Work,
    /// Write the results of a run to a file, as they come
    Collect,
    /// Show how far a run is
    Status,
    /// Hand out no further requests until the run is resumed
    Pause,
    /// Hand out requests again
    Resume,
    /// Hand out no requests any more
    Cancel,
    /// Cancel a run and delete all that the server has of it
    Remove,
}

const AFTER: &str = "Examples:
  haul fleet load r1 urls.txt --rate-per-host 50           on one machine
  haul fleet work r1 -j 64                                 on any number of machines
  haul fleet collect r1 -o results.jsonl                   on one machine
  haul fleet status r1 --watch 1s
  haul merge -o all.jsonl --verify urls.txt results.jsonl  is each request there once?

The server is named by --redis or HAUL_REDIS, its password by HAUL_REDIS_PASSWORD.

Exit status: 0 in order, whatever requests failed, 2 a usage error, a server that cannot be used,
or no such run, 3 the server was away for ten minutes, or results or bodies could not be written,
4 the run was cancelled or removed, or --max-run-time is over, 130 or 143 interrupted. A file with
the name fleet is ./fleet.";

/// Options about messages, which every command of the fleet has.
#[derive(Debug, Args)]
#[command(next_help_heading = "Messages")]
struct MessageOptions {
    /// No notes; -qq: no warnings and no errors either
    #[arg(short = 'q', long, action = ArgAction::Count)]
    quiet: u8,
    /// Colours in messages: auto, always or never
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    color: Color,
}

impl MessageOptions {
    fn messages(&self) -> Messages {
        Messages::new(&MessageArguments {
            quiet: self.quiet,
            verbose: 0,
            progress: ProgressForm::None,
            color: self.color,
            generate: None,
        })
    }
}

/// Exit status of a command, or the text that is printed instead.
type CommandEnd = Result<Status, ProgramEnd>;

/// Returns the options of the command and its own commands.
pub(crate) fn options() -> Command {
    let mut command = FleetArguments::command();
    for (name, options) in [
        ("load", load::LoadArguments::options()),
        ("work", work::WorkArguments::options()),
        ("collect", collect::CollectArguments::options()),
        ("status", status::StatusArguments::options()),
    ] {
        command = command.mut_subcommand(name, |_| options.name(name));
    }
    command
}

/// Carries out the command that the second argument names, prints its messages, and returns the exit status.
pub(crate) fn carry_out() -> Status {
    let typed: Vec<OsString> = env::args_os().skip(2).collect();
    let named = typed.first().and_then(|name| name.to_str());
    let end = match named {
        Some("load") => load::LoadArguments::carry_out(),
        Some("work") => work::WorkArguments::carry_out(),
        Some("collect") => collect::CollectArguments::carry_out(),
        Some("status") => status::StatusArguments::carry_out(),
        Some(name @ ("pause" | "resume" | "cancel" | "remove")) => whole_run::carry_out(name),
        _ => {
            let command = FleetArguments::command();
            let program = [OsString::from("haul fleet")];
            let asked = program.into_iter().chain(typed);
            match command.clone().try_get_matches_from(asked) {
                Err(error) => Err(arguments::told(&error, &command)),
                Ok(_) => Err(ProgramEnd::Wrong(
                    "not a command of haul fleet\n".to_owned(),
                )),
            }
        }
    };
    end.unwrap_or_else(|told| failure::of_usage(&told))
}

/// Returns what a command of the fleet does, as the help of `haul fleet` says it.
fn about(name: &str) -> StyledStr {
    let fleet = FleetArguments::command();
    let command = fleet.find_subcommand(name);
    command
        .and_then(Command::get_about)
        .cloned()
        .unwrap_or_default()
}

/// Makes the clap command of a command of the fleet, without its options.
fn command_of(name: &str) -> Command {
    let name = format!("haul fleet {name}");
    Command::new(name.clone())
        .bin_name(name)
        .args_override_self(true)
        .max_term_width(100)
}

/// Reads the arguments of this process behind the name of a command with options of a run, and the tables of hosts of
/// the file of `--config`. Options of the file that belong to another command of the fleet are passed over.
fn read_with_file(
    name: &str,
    command: &Command,
    options: &RunOptions,
) -> Result<(ArgMatches, Vec<HostOptions>), ProgramEnd> {
    let name = format!("haul fleet {name}");
    let passed_over = |option: &Arg| !options.has(option) && options.is_of_other(option);
    arguments::read_shared_behind(3, &name, command, &passed_over)
}

/// Reads the arguments of this process behind the name of the command.
fn read(name: &str, command: &Command) -> Result<ArgMatches, ProgramEnd> {
    let name = format!("haul fleet {name}");
    let typed = [OsString::from(name)]
        .into_iter()
        .chain(env::args_os().skip(3));
    let read = command.clone().try_get_matches_from(typed);
    read.map_err(|error| arguments::told(&error, command))
}

/// Prints the message of a command that could not be carried out, and returns the exit status.
fn end(messages: &Messages, ended: Result<Status, CommandError>) -> CommandEnd {
    Ok(ended.unwrap_or_else(|failure| {
        messages.error(failure.message());
        failure.status()
    }))
}

/// Makes the failure of a command of an error of the fleet.
fn failed(error: &FleetError) -> CommandError {
    match error.kind() {
        FleetErrorKind::Away | FleetErrorKind::Unwritten => {
            CommandError::unwritten(error.to_string())
        }
        FleetErrorKind::Cancelled => CommandError::stopped(error.to_string()),
        _ => CommandError::usage(error.to_string()),
    }
}
