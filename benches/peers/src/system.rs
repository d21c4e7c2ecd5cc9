//! Limits and figures of this process from the system. The figures are `None` if it is not Linux.

use std::fs;

/// Raises the limit of open files as far as possible.
#[cfg(unix)]
pub(crate) fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If the change is refused, the present limit has to do.
    let _ = setrlimit(Resource::Nofile, limit);
}

#[cfg(not(unix))]
pub(crate) fn raise_file_limit() {}

/// The largest resident set so far, in KiB.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Processor time so far, in user and system mode, in seconds.
pub(crate) fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is a name in parentheses, which may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let counts: Result<Vec<u64>, _> = fields.get(11..13)?.iter().map(|n| n.parse()).collect();
    // Linux reports 100 ticks a second to all programs, however many it has.
    Some(counts.ok()?.iter().sum::<u64>() as f64 / 100.0)
}
