//! Bar on the terminal that shows the progress of a batch.

use std::fmt::Write as _;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::host::Host;
use crate::redact::escape::log_line;

use super::{Progress, ProgressHandle};

/// Time between two drawings of the bar.
const TICK: Duration = Duration::from_millis(100);

/// Progress bar, drawn by a thread of its own until it is dropped.
pub(in super::super) struct Bar {
    /// Channel whose drop stops the thread. `None`: the bar is being dropped.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Bar {
    /// Starts a bar on stderr. `None`: stderr is no terminal, or no thread could be started.
    pub(in super::super) fn on_stderr(progress: ProgressHandle) -> Option<Bar> {
        Bar::start(progress, ProgressDrawTarget::stderr())
    }

    /// Starts a bar. `None`: the target is hidden, or no thread could be started.
    fn start(progress: ProgressHandle, on: ProgressDrawTarget) -> Option<Bar> {
        if on.is_hidden() {
            return None;
        }
        let bar = ProgressBar::with_draw_target(None, on);
        let (stop, stopped) = channel();
        let thread = thread::Builder::new().name("haul-bar".to_owned());
        let drawing = thread.spawn(move || {
            let mut measured = false;
            let mut over = false;
            loop {
                let now = progress.snapshot();
                // Without a total there is no bar to fill.
                if now.total.is_some() && !std::mem::replace(&mut measured, true) {
                    bar.set_style(style("{wide_bar} {msg}"));
                } else if !measured {
                    bar.set_style(style("{spinner} {msg}"));
                }
                bar.update(|state| {
                    state.set_pos(now.done);
                    if let Some(total) = now.total {
                        state.set_len(total);
                    }
                });
                if over {
                    // The last line stays on the screen.
                    return bar.abandon_with_message(text(&now));
                }
                bar.set_message(text(&now));
                over = stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Disconnected);
            }
        });
        let thread = drawing
            .inspect_err(|e| log_line!(Warn, "no progress bar: {e}"))
            .ok()?;
        Some(Bar {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the drawing thread does not affect the batch.
            let _ = thread.join();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template);
    style
        .expect("a template of known keys")
        .progress_chars("=> ")
}

/// Returns the text beside the bar: `1,200/2,000 60%  1,190 ok  10 failed  32 in flight  256/s  0:03 left`.
fn text(now: &Progress) -> String {
    let mut text = HumanCount(now.done).to_string();
    if let Some(total) = now.total {
        let percent = match total {
            0 => 100,
            total => now.done.min(total) * 100 / total,
        };
        let _ = write!(text, "/{} {percent}%", HumanCount(total));
    }
    let _ = write!(text, "  {} ok", HumanCount(now.succeeded));
    for (count, what) in [
        (now.rejected, "rejected"),
        (now.cancelled, "cancelled"),
        (now.not_done, "not done"),
    ] {
        if count > 0 {
            let _ = write!(text, "  {} {what}", HumanCount(count));
        }
    }
    let _ = write!(
        text,
        "  {} failed  {} in flight  ",
        HumanCount(now.failed),
        HumanCount(now.in_flight)
    );
    let _ = match now.per_second {
        slow if slow < 10.0 => write!(text, "{slow:.1}/s"),
        fast => write!(text, "{}/s", HumanCount(fast as u64)),
    };
    if let Some(left) = now.eta.filter(|left| !left.is_zero()) {
        let _ = write!(text, "  {} left", clock(left));
    }
    if let Some(adaptive) = &now.adaptive {
        let _ = write!(text, "  limit {}", HumanCount(adaptive.limit));
    }
    if let Some(waiting) = &now.waiting {
        let (host, time) = (name(&waiting.host), clock(waiting.time));
        let _ = write!(
            text,
            "  {host} keeps {} waiting {time}",
            HumanCount(waiting.requests)
        );
    }
    if let Some(holding) = &now.holding {
        let (host, time) = (name(&holding.host), clock(holding.time));
        let places = places(holding.places);
        let _ = write!(text, "  {host} has held {places} for {time}");
    }
    if let (None, None, Some((host, time))) = (&now.waiting, &now.holding, &now.slowest) {
        let _ = write!(text, "  slowest {} {} ms", name(host), time.as_millis());
    }
    text
}

/// Returns the number with its noun: `1 place`, `1,200 places`.
fn places(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} place{plural}", HumanCount(count))
}

/// Returns the host in short form: without the scheme, and without the scheme's default port.
fn name(host: &Host) -> String {
    match (host.scheme(), host.port()) {
        ("http", 80) | ("https", 443) => host.name().to_owned(),
        (_, port) => format!("{}:{port}", host.name()),
    }
}

/// Returns a duration in whole seconds, rounded up: `0:07`, `12:34`, `3:00:00`.
fn clock(time: Duration) -> String {
    let all = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests;
