//! `haul fleet work`: requests of a run, sent by this process until the run is over.

use std::time::Instant;

use clap::{Args, Command, FromArgMatches};
use haul::fleet::{FleetEnd, Worker};

use super::choices::OWN;
use super::helps::BODY_LIMIT;
use super::run_options::run_of;
use super::server::ServerArguments;
use super::{CommandEnd, failed};
use crate::arguments::{HostOptions, ProgramEnd, ProgressForm};
use crate::cookies::RunCookies;
use crate::failure::{CommandError, Status};
use crate::files;
use crate::messages::Messages;
use crate::outcome_reporter::OutcomeReporter;
use crate::output;
use crate::progress;
use crate::settings;

/// Send requests of a run until it is over
///
/// Requests, rates, times and retries are those that haul fleet load was given; rates are those of all workers together,
/// and --jobs-per-host is divided by them: a worker that joins others waits up to 1.5 s for its part. -j, the connection,
/// the directory of saved files and secrets are this worker's own. A worker that gets INT or TERM takes no further
/// requests, hands back what it has not begun, and ends after what is under way (--grace); so does one that cannot save
/// bodies (--output-dir), with status 3.
#[derive(Debug, Args)]
pub(super) struct WorkArguments {
    /// Name of the run
    #[arg(value_name = "RUN")]
    run: String,
    #[command(flatten)]
    server: ServerArguments,
}

impl WorkArguments {
    /// Returns the options of the command.
    pub(super) fn options() -> Command {
        OWN.add_to(WorkArguments::augment_args(super::command_of("work")))
    }

    /// Carries out the command with the typed arguments.
    pub(super) fn carry_out() -> CommandEnd {
        let command = WorkArguments::options();
        let (matches, hosts) = super::read_with_file("work", &command, &OWN)?;
        OWN.check(&command, &matches)?;
        if let Some(foreign) = hosts.iter().find_map(|table| OWN.foreign(table)) {
            return Err(ProgramEnd::Wrong(foreign + "\n"));
        }
        let own = WorkArguments::from_arg_matches(&matches)
            .map_err(|error| crate::arguments::told(&error, &command))?;
        let mut given = vec![format!("--body-limit={BODY_LIMIT}")];
        given.extend(OWN.given(&matches));
        // Mistakes in the worker's own options are told before the server is asked.
        let options = run_of(&given, &[])?.messages;
        let messages = Messages::new(&options);
        if options.verbose > 1 {
            crate::log_everything();
        }
        super::warnings::print(&messages);
        crate::limits::raise();
        super::end(&messages, work(&own, &given, hosts, &messages))
    }
}

fn work(
    own: &WorkArguments,
    given: &[String],
    hosts: Vec<HostOptions>,
    messages: &Messages,
) -> Result<Status, CommandError> {
    let fleet = own.server.connect_patiently()?;
    let run = fleet.run(&own.run).map_err(|error| failed(&error))?;
    let kept = run.settings().given_options().iter();
    let options: Vec<String> = kept.cloned().chain(given.iter().cloned()).collect();
    let mut arguments = run_of(&options, &[]).map_err(|told| {
        let text = match told {
            ProgramEnd::Wrong(text) | ProgramEnd::Asked(text) => text,
        };
        CommandError::usage(format!("{}: its options: {}", own.run, text.trim_end()))
    })?;
    arguments.hosts = hosts;
    crate::limits::tell(messages);
    let files = files::enter(&arguments)?;
    files.check_writable()?;
    files.make_folder()?;
    let cookies = RunCookies::open(&arguments)?;
    let limiter = run.limiter().map_err(|error| failed(&error))?;
    let share = |builder: haul::ClientBuilder| builder.limiter(limiter);
    let settings = settings::settings_with(&arguments, &cookies, messages, share)?;
    let worker = Worker::new(&run, settings.client)
        .lines(settings.lines)
        .records(output::record_options(&arguments))
        .grace(arguments.ending.grace);
    let signal = super::signals::watch(messages, super::signals::WRITES)?;
    let (limit, begun, stops) = (arguments.times.max_run_time, Instant::now(), signal.clone());
    let is_late = move || limit.is_some_and(|limit| begun.elapsed() >= limit);
    let mut lines = None;
    let shown = progress::shown_beside(&arguments.messages, true);
    let worker = match shown {
        ProgressForm::Bar => worker.with_bar(),
        _ => worker.on_begin(|handle| lines = progress::lines(handle, shown, messages)),
    };
    messages.set_bar(shown == ProgressForm::Bar);
    let mut look = OutcomeReporter::of_worker(&arguments, messages);
    let worker = worker.on_outcome(move |outcome| look.at(outcome));
    let ended = worker.run_until(move || stops.number().is_some() || is_late());
    messages.set_bar(false);
    drop(lines);
    let summary = ended.map_err(|error| failed(&error))?;
    if !messages.is_quiet() {
        messages.block(&summary.summary().to_string());
    }
    if summary.stale() > 0 {
        messages.note(&format!(
            "{} outcomes were left out, since other workers had taken the requests over",
            summary.stale()
        ));
    }
    let waits = run.status().map_or(0, |status| status.results_waiting);
    if waits > 0 && summary.end() != FleetEnd::Cancelled {
        messages.note(&format!(
            "{name}: {waits} results wait on the server: haul fleet collect {name} -o FILE writes them",
            name = own.run
        ));
    }
    Ok(match (signal.number(), summary.end()) {
        (Some(number), _) => Status::Signal(number),
        (None, FleetEnd::Stopped) => {
            messages.note("stopped early: --max-run-time is over; other workers go on");
            Status::Stopped
        }
        (None, FleetEnd::Cancelled) => {
            messages.note(&format!("{}: the run was cancelled", own.run));
            Status::Stopped
        }
        _ => Status::Fine,
    })
}
