//! How far the run is, in lines: for logs, where a bar is of no use.

use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use haul::{Progress, ProgressHandle};
use serde_json::json;

use crate::arguments::{Arguments, Shown};

/// How often a line comes.
const EVERY: Duration = Duration::from_secs(5);

/// What to show, `auto` decided.
pub(crate) fn shown(arguments: &Arguments) -> Shown {
    // A bar among results on one terminal would be neither.
    let results_elsewhere = arguments.output.is_some() || !std::io::stdout().is_terminal();
    match arguments.progress {
        _ if arguments.quiet > 0 => Shown::None,
        Shown::Auto if results_elsewhere && std::io::stderr().is_terminal() => Shown::Bar,
        Shown::Auto => Shown::None,
        shown => shown,
    }
}

/// Prints lines until what it gives is dropped.
pub(crate) fn lines(progress: ProgressHandle, kind: Shown) -> Option<Sender<()>> {
    let line = match kind {
        Shown::Plain => plain,
        Shown::Json => as_json,
        _ => return None,
    };
    let (stop, stopped) = channel::<()>();
    let printing = move || {
        while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{}", line(&progress.snapshot()));
        }
        eprintln!("{}", line(&progress.snapshot()));
    };
    thread::Builder::new()
        .name("haul-progress".to_owned())
        .spawn(printing)
        .ok()?;
    Some(stop)
}

fn plain(now: &Progress) -> String {
    let of = now
        .total
        .map_or(String::new(), |total| format!(" of {total}"));
    format!(
        "haul: {}{of} done, {} ok, {} rejected, {} failed, {} in flight, {:.0}/s",
        now.done, now.succeeded, now.rejected, now.failed, now.in_flight, now.per_second
    )
}

fn as_json(now: &Progress) -> String {
    json!({
        "done": now.done, "total": now.total, "succeeded": now.succeeded, "rejected": now.rejected,
        "failed": now.failed, "cancelled": now.cancelled, "in_flight": now.in_flight,
        "delayed": now.delayed, "queued": now.queued, "per_second": now.per_second,
        "eta_ms": now.eta.map(|left| left.as_millis() as u64),
    })
    .to_string()
}
