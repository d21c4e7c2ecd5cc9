//! `haul fleet status`: figures of a run, as text, JSON or in the format of Prometheus.

use std::io::{self, IsTerminal};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, Command, FromArgMatches};
use haul::fleet::{FleetErrorKind, Run, RunPhase, RunStatus};
use serde_json::json;

use super::metrics::prometheus;
use super::screen::{RunPace, screen};
use super::server::ServerArguments;
use super::{CommandEnd, MessageOptions, failed};
use crate::failure::{CommandError, Status};
use crate::messages::Messages;
use crate::stdout;
use crate::units::time;

/// Show how far a run is
///
/// Without --watch, the rate is that of the half second in which the figures are read twice.
#[derive(Debug, Args)]
pub(super) struct StatusArguments {
    /// Name of the run
    #[arg(value_name = "RUN")]
    run: String,
    /// Figures as a JSON object, with --watch one on each line
    #[arg(long, conflicts_with = "prom")]
    json: bool,
    /// Metrics in the text format of Prometheus
    #[arg(long, conflicts_with = "watch")]
    prom: bool,
    /// Show the figures anew each time, 100ms at least, until the run is over
    #[arg(long, value_name = "TIME", value_parser = watch_time)]
    watch: Option<Duration>,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    messages: MessageOptions,
}

/// Shortest time between two screens: more often, the watching would be work for the server.
const SHORTEST_WATCH: Duration = Duration::from_millis(100);

/// Reads the time between two screens.
fn watch_time(text: &str) -> Result<Duration, String> {
    match time(text)? {
        every if every < SHORTEST_WATCH => Err("at least 100ms is expected".to_owned()),
        every => Ok(every),
    }
}

/// Time between two readings, for the rate.
const BETWEEN: Duration = Duration::from_millis(500);

impl StatusArguments {
    /// Returns the options of the command.
    pub(super) fn options() -> Command {
        StatusArguments::augment_args(super::command_of("status"))
    }

    /// Carries out the command with the typed arguments.
    pub(super) fn carry_out() -> CommandEnd {
        let command = StatusArguments::options();
        let matches = super::read("status", &command)?;
        let own = StatusArguments::from_arg_matches(&matches)
            .map_err(|error| crate::arguments::told(&error, &command))?;
        let messages = own.messages.messages();
        super::warnings::print(&messages);
        super::end(&messages, show(&own, &messages))
    }
}

fn show(own: &StatusArguments, messages: &Messages) -> Result<Status, CommandError> {
    stdout::check()?;
    let run = own.server.connect()?.run(&own.run);
    let run = run.map_err(|error| failed(&error))?;
    match own.watch {
        Some(every) => watch(own, &run, every, messages),
        None => once(own, &run),
    }
}

fn once(own: &StatusArguments, run: &Run) -> Result<Status, CommandError> {
    let mut pace = RunPace::default();
    let status = read(run, &mut pace)?;
    let (status, pace) = match status.phase {
        RunPhase::Over => (status, pace),
        _ => {
            thread::park_timeout(BETWEEN);
            (read(run, &mut pace)?, pace)
        }
    };
    let text = match (own.json, own.prom) {
        (true, _) => as_json(run.name(), &status, &pace) + "\n",
        (_, true) => prometheus(run.name(), &status, &pace),
        _ => screen(run, &status, &pace),
    };
    stdout::print(text.as_bytes())?;
    Ok(Status::Fine)
}

fn read(run: &Run, pace: &mut RunPace) -> Result<RunStatus, CommandError> {
    let status = run.status().map_err(|error| failed(&error))?;
    pace.add(Instant::now(), &status);
    Ok(status)
}

/// Shows the figures until the run is over and its results are collected.
fn watch(
    own: &StatusArguments,
    run: &Run,
    every: Duration,
    messages: &Messages,
) -> Result<Status, CommandError> {
    let signal = super::signals::watch(messages, "")?;
    let is_screen = !own.json && io::stdout().is_terminal();
    let (mut pace, mut was_cancelled) = (RunPace::default(), false);
    let mut watched = run.watch();
    loop {
        let status = match watched.status() {
            Ok(status) => status,
            // A server that is away for a moment is no reason to end what a person looks at.
            Err(error) if error.kind() == FleetErrorKind::Away => {
                messages.warning(&error.to_string());
                if watched.wait(every, || signal.number().is_some()) {
                    return Ok(Status::Signal(signal.number().unwrap_or_default()));
                }
                continue;
            }
            Err(error) if was_cancelled && error.kind() == FleetErrorKind::NoRun => {
                messages.note(&format!("{}: removed", run.name()));
                return Ok(Status::Fine);
            }
            Err(error) => return Err(failed(&error)),
        };
        was_cancelled = status.phase == RunPhase::Cancelled;
        pace.add(Instant::now(), &status);
        let text = match own.json {
            true => as_json(run.name(), &status, &pace) + "\n",
            false => screen(run, &status, &pace),
        };
        // Each screen begins at the top left, and clears what is left of the one before.
        let text = match is_screen {
            true => format!("\x1b[H{}\x1b[J", text.replace('\n', "\x1b[K\n")),
            false if own.json => text,
            false => text + "\n",
        };
        stdout::print(text.as_bytes())?;
        if watched.has_ended() {
            return Ok(Status::Fine);
        }
        if watched.wait(every, || signal.number().is_some()) {
            return Ok(Status::Signal(signal.number().unwrap_or_default()));
        }
    }
}

fn as_json(name: &str, status: &RunStatus, pace: &RunPace) -> String {
    let workers: Vec<_> = status
        .workers
        .iter()
        .map(|worker| {
            let silent = worker.last_beat.as_millis() as u64;
            json!({"name": worker.name, "last_beat_ms": silent, "silent": worker.is_silent})
        })
        .collect();
    let hosts: Vec<_> = status
        .waiting_hosts
        .iter()
        .map(|wait| {
            let left = wait.left.as_millis() as u64;
            json!({"host": wait.host, "wait_ms": left, "reason": wait.reason.as_str()})
        })
        .collect();
    let file = status.append_file.unwrap_or_default();
    json!({
        "run": name,
        "state": status.phase.as_str(),
        "odd_lanes": status.odd_lanes,
        "loaded": status.loaded,
        "success": status.success,
        "rejected": status.rejected,
        "failed": status.failed,
        "given_up": status.given_up,
        "queued": status.queued,
        "leased": status.leased,
        "parked": status.parked,
        "results_waiting": status.results_waiting,
        "collected": status.collected,
        "stale": status.stale,
        "reclaimed": status.reclaimed,
        "queued_bytes": status.queued_bytes,
        "result_bytes": status.result_bytes,
        "rate": pace.rate().map(|rate| (rate * 10.0).round() / 10.0),
        "remaining_ms": pace.left(status).map(|left| left.as_millis() as u64),
        "workers": workers,
        "hosts_waiting": hosts,
        "memory_used_bytes": status.memory_used,
        "memory_limit_bytes": status.memory_limit.unwrap_or(0),
        "aof_enabled": status.append_file.is_some(),
        "aof_bytes": file.bytes,
        "aof_write_ok": !file.write_failed,
        "aof_rewrite_ok": !file.rewrite_failed,
    })
    .to_string()
}
