//! Progress of a run: the choice of a bar, and the lines for logs and programs, for which a bar is of no use.

use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use haul::batch::{Progress, ProgressHandle};
use serde_json::json;

use crate::arguments::{Arguments, MessageArguments, ProgressForm};
use crate::files::results_path;
use crate::messages::Messages;

/// Returns the form of progress to show, with `auto` resolved.
pub(crate) fn shown(arguments: &Arguments) -> ProgressForm {
    // A bar among results, or among lines about each request, would not be readable.
    let to = &arguments.results;
    let has_lines = to.line.is_some() || to.write_out.is_some();
    let results_elsewhere = match results_path(arguments) {
        Some(_) if !has_lines => true,
        _ => !std::io::stdout().is_terminal(),
    };
    shown_beside(&arguments.messages, results_elsewhere)
}

/// Returns the form of progress to show. `results_elsewhere`: true if no results come on the terminal.
pub(crate) fn shown_beside(messages: &MessageArguments, results_elsewhere: bool) -> ProgressForm {
    match messages.progress {
        ProgressForm::Auto if messages.quiet > 0 || messages.verbose > 1 => ProgressForm::None,
        ProgressForm::Auto if results_elsewhere && std::io::stderr().is_terminal() => {
            ProgressForm::Bar
        }
        ProgressForm::Auto => ProgressForm::None,
        shown => shown,
    }
}

/// Thread that prints lines until this is dropped, and then a last line.
pub(crate) struct ProgressLines {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

pub(crate) fn lines(
    progress: ProgressHandle,
    kind: ProgressForm,
    messages: &Messages,
) -> Option<ProgressLines> {
    let (line, every): (fn(&Progress) -> String, _) = match kind {
        ProgressForm::Plain => (plain, Duration::from_secs(5)),
        ProgressForm::Json => (as_json, Duration::from_secs(1)),
        _ => return None,
    };
    let messages = messages.clone();
    let (stop, stopped) = channel::<()>();
    let printing = move || {
        while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
            messages.block(&line(&progress.snapshot()));
        }
        messages.block(&line(&progress.snapshot()));
    };
    let thread = thread::Builder::new().name("haul-progress".to_owned());
    Some(ProgressLines {
        thread: Some(thread.spawn(printing).ok()?),
        stop: Some(stop),
    })
}

impl Drop for ProgressLines {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// `haul: 1200 of 2000 done, 1190 ok, 0 rejected, 10 failed, 32 in flight, 256/s`
fn plain(now: &Progress) -> String {
    let of = now
        .total
        .map_or(String::new(), |total| format!(" of {total}"));
    let mut line = format!(
        "haul: {}{of} done, {} ok, {} rejected, {} failed, {} in flight, {:.0}/s",
        now.done, now.succeeded, now.rejected, now.failed, now.in_flight, now.per_second
    );
    if now.not_done > 0 {
        line += &format!(", {} not done", now.not_done);
    }
    if let Some(left) = now.eta.filter(|left| !left.is_zero()) {
        line += &format!(", {} s left", left.as_secs());
    }
    if let Some(adaptive) = &now.adaptive {
        line += &format!(", limit {} to {}", adaptive.limit, adaptive.host);
    }
    if let Some(waiting) = &now.waiting {
        let (host, seconds) = (&waiting.host, waiting.time.as_secs_f64());
        line += &format!(", {} wait for {host} ({seconds:.1} s)", waiting.requests);
    }
    if let Some(holding) = &now.holding {
        let (host, places) = (&holding.host, holding.places);
        let plural = if places == 1 { "" } else { "s" };
        let seconds = holding.time.as_secs();
        line += &format!(", {host} has held {places} place{plural} for {seconds} s");
    }
    if let (None, None, Some((host, time))) = (&now.waiting, &now.holding, &now.slowest) {
        line += &format!(", slowest {host} ({} ms)", time.as_millis());
    }
    line
}

fn as_json(now: &Progress) -> String {
    let waiting = now.waiting.as_ref().map(|waiting| {
        json!({
            "host": waiting.host.to_string(), "requests": waiting.requests,
            "time_ms": waiting.time.as_millis() as u64,
        })
    });
    let holding = now.holding.as_ref().map(|holding| {
        json!({
            "host": holding.host.to_string(), "places": holding.places,
            "time_ms": holding.time.as_millis() as u64,
        })
    });
    let adaptive = now.adaptive.as_ref().map(|adaptive| {
        json!({
            "host": adaptive.host.to_string(), "places": adaptive.places,
            "limit": adaptive.limit,
        })
    });
    let slowest = now
        .slowest
        .as_ref()
        .map(|(host, p95)| json!({"host": host.to_string(), "p95_ms": p95.as_secs_f64() * 1e3}));
    json!({
        "done": now.done, "total": now.total, "succeeded": now.succeeded, "rejected": now.rejected,
        "failed": now.failed, "cancelled": now.cancelled, "not_done": now.not_done, "in_flight": now.in_flight,
        "delayed": now.delayed, "queued": now.queued, "per_second": now.per_second,
        "eta_ms": now.eta.map(|left| left.as_millis() as u64), "waiting": waiting,
        "holding": holding, "slowest": slowest, "adaptive": adaptive,
    })
    .to_string()
}
