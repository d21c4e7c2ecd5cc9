//! Figures of a run as a person reads them: progress, rate, time left, workers.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use haul::fleet::{AppendFile, HostAtRest, Run, RunPhase, RunStatus, WaitReason};

/// Number of readings over which the rate is taken.
const READINGS: usize = 10;

/// Most workers that are listed.
const WORKERS: usize = 12;

/// Most waiting hosts that are listed.
const HOSTS: usize = 5;

/// Width of the bar, in columns.
const BAR: u64 = 40;

/// Rate at which requests end, from the last readings.
#[derive(Default)]
pub(super) struct RunPace(VecDeque<(Instant, u64)>);

impl RunPace {
    pub(super) fn add(&mut self, at: Instant, status: &RunStatus) {
        self.0.push_back((at, status.settled()));
        if self.0.len() > READINGS {
            self.0.pop_front();
        }
    }

    /// Requests per second. `None`: there are less than two readings.
    pub(super) fn rate(&self) -> Option<f64> {
        let ((first, before), (last, after)) = (self.0.front()?, self.0.back()?);
        let time = last.duration_since(*first).as_secs_f64();
        (time > 0.0).then(|| after.saturating_sub(*before) as f64 / time)
    }

    /// Time after which all loaded requests have ended at this rate. `None`: it is not known.
    pub(super) fn left(&self, status: &RunStatus) -> Option<Duration> {
        let rate = self.rate().filter(|rate| *rate > 0.0)?;
        Duration::try_from_secs_f64(status.remaining() as f64 / rate).ok()
    }
}

/// Returns the figures as lines.
// Long because each line has a form of its own.
pub(super) fn screen(run: &Run, status: &RunStatus, pace: &RunPace) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{name:<10}{value}");
    };
    let state = match status.phase {
        RunPhase::Running => "running, the input is being loaded",
        RunPhase::Loaded => "running, all of the input is loaded",
        RunPhase::Paused => "paused (haul fleet resume goes on)",
        RunPhase::Cancelled => "cancelled",
        _ => "over",
    };
    line("run", format!("{}: {state}", run.name()));
    if !status.odd_lanes.is_empty() {
        let lanes: Vec<String> = status.odd_lanes.iter().map(u32::to_string).collect();
        let lanes = lanes.join(", ");
        line(
            "lanes",
            format!(
                "{lanes} in another state (haul fleet pause, resume or cancel sets that of all)"
            ),
        );
    }
    let (done, all) = (status.settled(), status.loaded);
    let share = done
        .saturating_mul(100)
        .checked_div(all)
        .unwrap_or_default();
    let full = done
        .saturating_mul(BAR)
        .checked_div(all)
        .unwrap_or_default()
        .min(BAR);
    let bar = "#".repeat(full as usize) + &"-".repeat((BAR - full) as usize);
    line("done", format!("[{bar}] {share} %, {done} of {all}"));
    let rate = pace
        .rate()
        .map_or_else(|| "?".to_owned(), |rate| format!("{rate:.1}"));
    let left = match (status.phase, pace.left(status)) {
        (RunPhase::Over, _) => "none left".to_owned(),
        (_, Some(left)) => format!("{} left at this rate", shown(left)),
        (_, None) => "time left not known".to_owned(),
    };
    line("rate", format!("{rate}/s, {left}"));
    line(
        "outcomes",
        format!(
            "{} success, {} rejected, {} failed ({} given up)",
            status.success, status.rejected, status.failed, status.given_up
        ),
    );
    line(
        "queue",
        format!(
            "{} queued, {} under way, {} wait for a time; {}",
            status.queued,
            status.leased,
            status.parked,
            bytes(status.queued_bytes)
        ),
    );
    let unread = match status.results_waiting {
        0 => String::new(),
        _ => ", to be collected by haul fleet collect".to_owned(),
    };
    line(
        "results",
        format!(
            "{} collected, {} wait ({}){unread}",
            status.collected,
            status.results_waiting,
            bytes(status.result_bytes)
        ),
    );
    if status.reclaimed + status.stale > 0 {
        line(
            "trouble",
            format!(
                "{} taken from dead workers, {} late outcomes left out",
                status.reclaimed, status.stale
            ),
        );
    }
    if !status.waiting_hosts.is_empty() {
        line("hosts", hosts(&status.waiting_hosts));
    }
    line("server", server(status));
    let silent = status.workers.iter().filter(|worker| worker.is_silent);
    let silent = match silent.count() {
        0 => String::new(),
        count => format!(", {count} of them silent"),
    };
    line("workers", format!("{}{silent}", status.workers.len()));
    let mut workers: Vec<_> = status.workers.iter().collect();
    workers.sort_by_key(|worker| std::cmp::Reverse(worker.last_beat));
    for worker in workers.iter().take(WORKERS) {
        let silent = if worker.is_silent { ": silent" } else { "" };
        let beat = shown(worker.last_beat);
        line("", format!("{}, last beat {beat} ago{silent}", worker.name));
    }
    if workers.len() > WORKERS {
        line("", format!("and {} more", workers.len() - WORKERS));
    }
    text
}

/// Returns the memory and the files of the server, as one line.
fn server(status: &RunStatus) -> String {
    let used = bytes(status.memory_used);
    let memory = match status.memory_limit {
        Some(limit) => {
            let share = status.memory_used as f64 * 100.0 / limit as f64;
            format!("{used} of {} in use ({share:.0} %)", bytes(limit))
        }
        None => format!("{used} in use, without a bound"),
    };
    format!("{memory}; {}", append_file(status.append_file))
}

fn append_file(file: Option<AppendFile>) -> String {
    let Some(file) = file else {
        return "AOF off (a restart of the server loses the run)".to_owned();
    };
    let mut faults = String::new();
    if file.write_failed {
        faults += ", its last write failed";
    }
    if file.rewrite_failed {
        faults += ", its last rewrite failed";
    }
    format!("AOF on ({}){faults}", bytes(file.bytes))
}

/// Returns the hosts that workers leave alone, as one line.
fn hosts(waiting: &[HostAtRest]) -> String {
    let shown = waiting.iter().take(HOSTS).map(|wait| {
        let reason = match wait.reason {
            WaitReason::Asked => "asked to",
            _ => "it fails",
        };
        format!("{} waits {} ({reason})", wait.host, shown(wait.left))
    });
    let mut shown: Vec<String> = shown.collect();
    if waiting.len() > HOSTS {
        shown.push(format!("and {} more", waiting.len() - HOSTS));
    }
    shown.join(", ")
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

fn bytes(number: u64) -> String {
    match number {
        0..10_240 => format!("{number} bytes"),
        10_240..10_485_760 => format!("{} KiB", number >> 10),
        _ => format!("{} MiB", number >> 20),
    }
}
