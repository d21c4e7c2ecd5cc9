//! Figures of a run as metrics of Prometheus.

use std::fmt::Write as _;

use haul::fleet::RunStatus;

use super::screen::RunPace;

/// Metric: its name without the prefix, its type, its meaning, and its value.
type Metric = (&'static str, &'static str, &'static str, f64);

/// Writes the metrics in Prometheus' text format, version 0.0.4.
// Long because it is the list of metrics.
pub(super) fn prometheus(name: &str, status: &RunStatus, pace: &RunPace) -> String {
    let mut text = String::new();
    let mut add = |(metric, kind, help, value): Metric, labels: &str| {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "# HELP haul_fleet_{metric} {help}");
        let _ = writeln!(text, "# TYPE haul_fleet_{metric} {kind}");
        let _ = writeln!(
            text,
            "haul_fleet_{metric}{{run=\"{name}\"{labels}}} {value}"
        );
    };
    let slowest = status.workers.iter().map(|worker| worker.last_beat).max();
    let silent = slowest.map_or(0.0, |beat| beat.as_secs_f64());
    let silent_workers = status.workers.iter().filter(|worker| worker.is_silent);
    let silent_workers = silent_workers.count();
    let file = status.append_file.unwrap_or_default();
    let flag = |is_so: bool| f64::from(u8::from(is_so));
    let metrics: [Metric; 26] = [
        (
            "loaded_total",
            "counter",
            "Requests that were loaded.",
            status.loaded as f64,
        ),
        (
            "success_total",
            "counter",
            "Requests that succeeded.",
            status.success as f64,
        ),
        (
            "rejected_total",
            "counter",
            "Requests whose response was rejected.",
            status.rejected as f64,
        ),
        (
            "failed_total",
            "counter",
            "Requests that failed.",
            status.failed as f64,
        ),
        (
            "given_up_total",
            "counter",
            "Failed requests that too many workers died with.",
            status.given_up as f64,
        ),
        (
            "stale_total",
            "counter",
            "Outcomes of workers that did not hold the request any more.",
            status.stale as f64,
        ),
        (
            "reclaimed_total",
            "counter",
            "Requests that were taken from dead workers.",
            status.reclaimed as f64,
        ),
        (
            "collected_total",
            "counter",
            "Results that were collected.",
            status.collected as f64,
        ),
        (
            "queued",
            "gauge",
            "Requests that no worker has.",
            status.queued as f64,
        ),
        (
            "leased",
            "gauge",
            "Requests that workers have.",
            status.leased as f64,
        ),
        (
            "parked",
            "gauge",
            "Requests that wait for a time.",
            status.parked as f64,
        ),
        (
            "results_waiting",
            "gauge",
            "Results that wait to be collected.",
            status.results_waiting as f64,
        ),
        (
            "queued_bytes",
            "gauge",
            "Bytes of the queued requests.",
            status.queued_bytes as f64,
        ),
        (
            "result_bytes",
            "gauge",
            "Bytes of the results that wait.",
            status.result_bytes as f64,
        ),
        (
            "odd_lanes",
            "gauge",
            "Lanes in another state than the run.",
            status.odd_lanes.len() as f64,
        ),
        (
            "workers",
            "gauge",
            "Workers of the run.",
            status.workers.len() as f64,
        ),
        (
            "workers_silent",
            "gauge",
            "Workers whose last beat is older than two thirds of a lease.",
            silent_workers as f64,
        ),
        (
            "silent_seconds",
            "gauge",
            "Time since the last beat of the worker that is silent longest.",
            silent,
        ),
        (
            "hosts_waiting",
            "gauge",
            "Hosts that workers leave alone for a time.",
            status.waiting_hosts.len() as f64,
        ),
        (
            "rate",
            "gauge",
            "Requests per second that end.",
            pace.rate().unwrap_or_default(),
        ),
        (
            "memory_used_bytes",
            "gauge",
            "Memory that the server has in use.",
            status.memory_used as f64,
        ),
        (
            "memory_limit_bytes",
            "gauge",
            "Memory that the server may use (maxmemory), 0 without a bound.",
            status.memory_limit.unwrap_or(0) as f64,
        ),
        (
            "aof_enabled",
            "gauge",
            "1 if the server writes each change to a file (appendonly).",
            flag(status.append_file.is_some()),
        ),
        (
            "aof_size_bytes",
            "gauge",
            "Size of the file to which the server writes each change.",
            file.bytes as f64,
        ),
        (
            "aof_write_ok",
            "gauge",
            "0 if the last write to that file failed.",
            flag(!file.write_failed),
        ),
        (
            "aof_rewrite_ok",
            "gauge",
            "0 if the last attempt to write that file anew failed.",
            flag(!file.rewrite_failed),
        ),
    ];
    for metric in metrics {
        add(metric, "");
    }
    let state = format!(",state=\"{}\"", status.phase.as_str());
    add(
        ("state", "gauge", "State of the run, as a label.", 1.0),
        &state,
    );
    text
}
