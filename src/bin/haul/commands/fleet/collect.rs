//! `haul fleet collect`: results of a run into a file.

use std::path::{Path, PathBuf};

use clap::{Args, Command, FromArgMatches};
use haul::fleet::{Collector, FleetEnd};
use haul::record::Layout;

use super::server::ServerArguments;
use super::signals::WRITES;
use super::{CommandEnd, MessageOptions, failed};
use crate::failure::{CommandError, Status};
use crate::files;
use crate::messages::Messages;

/// Write the results of a run to a file, as they come
///
/// It ends when the run is over and all its results are in files. Any number of collectors may run at once, each with a
/// file of its own, which haul merge joins. A result is taken off the server when it is on the disk of this machine. After
/// a kill in between, the same command with --resume does not write it twice; if another collector takes it over, both
/// files have it, and haul merge drops the copy.
#[derive(Debug, Args)]
pub(super) struct CollectArguments {
    /// Name of the run
    #[arg(value_name = "RUN")]
    run: String,
    /// File of the results: JSON Lines, compressed if its name ends with .gz or .zst
    #[arg(short = 'o', long, value_name = "FILE")]
    output: PathBuf,
    /// File of the failures with their requests, as --failures of a run writes it (JSON Lines)
    #[arg(long, value_name = "FILE")]
    failures: Option<PathBuf>,
    /// Go on with the files of a collector that was ended
    #[arg(long)]
    resume: bool,
    /// Replace existing files
    #[arg(long, conflicts_with = "resume")]
    overwrite: bool,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    messages: MessageOptions,
}

impl CollectArguments {
    /// Returns the options of the command.
    pub(super) fn options() -> Command {
        CollectArguments::augment_args(super::command_of("collect"))
    }

    /// Carries out the command with the typed arguments.
    pub(super) fn carry_out() -> CommandEnd {
        let command = CollectArguments::options();
        let matches = super::read("collect", &command)?;
        let own = CollectArguments::from_arg_matches(&matches)
            .map_err(|error| crate::arguments::told(&error, &command))?;
        let messages = own.messages.messages();
        super::warnings::print(&messages);
        super::end(&messages, collect(&own, &messages))
    }
}

/// Refuses what is no file on a disk, and files of other forms than JSON Lines.
fn check(own: &CollectArguments) -> Result<(), CommandError> {
    let outputs = [Some(&own.output), own.failures.as_ref()];
    for path in outputs.into_iter().flatten() {
        if path == Path::new("-") || path.metadata().is_ok_and(|about| !about.is_file()) {
            return Err(CommandError::usage(format!(
                "{}: a file is expected, since a result is taken off the server when it is on the disk",
                path.display()
            )));
        }
        let is_table = Layout::by_ending(path).columns().is_some();
        if files::is_database(path) || is_table {
            return Err(CommandError::usage(format!(
                "{}: haul fleet collect writes JSON Lines, which haul merge joins (a name like all.jsonl or all.jsonl.zst is expected)",
                path.display()
            )));
        }
    }
    Ok(())
}

fn collect(own: &CollectArguments, messages: &Messages) -> Result<Status, CommandError> {
    check(own)?;
    let exist = own.overwrite || own.resume;
    let failures = own.failures.as_deref();
    let mut reads = own.server.files();
    files::enter_collected(&own.output, failures, &reads, exist)?;
    let run = own.server.connect_patiently()?.run(&own.run);
    let run = run.map_err(|error| failed(&error))?;
    let inputs = run.settings().given_input_files();
    reads.extend(inputs.iter().map(|path| (files::INPUT, path.as_path())));
    files::enter_collected(&own.output, failures, &reads, exist)?;
    let mut collector = Collector::new(&run)
        .resume(own.resume)
        .overwrite(own.overwrite);
    if let Some(path) = &own.failures {
        collector = collector.failures(path);
    }
    let signal = super::signals::watch(messages, WRITES)?;
    let stops = signal.clone();
    let collected = collector
        .write_until(&own.output, move || stops.number().is_some())
        .map_err(|error| failed(&error))?;
    messages.note(&format!(
        "{}: {} results in {}",
        own.run,
        collected.results(),
        own.output.display()
    ));
    match signal.number() {
        Some(number) => {
            messages.note("interrupted: the same command with --resume goes on from there");
            Ok(Status::Signal(number))
        }
        None if collected.end() == FleetEnd::Cancelled => {
            messages.note(&format!("{}: the run was cancelled", own.run));
            Ok(Status::Stopped)
        }
        None => Ok(Status::Fine),
    }
}
