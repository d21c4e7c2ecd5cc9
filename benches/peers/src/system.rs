//! Limits and figures of processes from the system. The figures are `None` if it is not Linux.

use std::fs;

/// Raises the limit of open files as far as possible, and returns the limit.
#[cfg(unix)]
pub(crate) fn raise_file_limit() -> Option<u64> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If the change is refused, the present limit has to do.
    let _ = setrlimit(Resource::Nofile, limit);
    Some(getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX))
}

#[cfg(not(unix))]
pub(crate) fn raise_file_limit() -> Option<u64> {
    None
}

/// The largest resident set of this process so far, in KiB.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Processor time a process has taken, in user and system mode.
pub(crate) fn cpu_seconds(process: &str) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is a name in parentheses, which may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    ticks(&[fields.get(11)?, fields.get(12)?])
}

/// Processor time that the whole machine has been at work: user, nice and system. Interrupts are left out: those of
/// loopback belong to the runs.
pub(crate) fn busy_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let fields: Vec<&str> = stat.lines().next()?.split_whitespace().collect();
    ticks(fields.get(1..4)?)
}

/// Converts ticks to seconds. Linux reports 100 ticks a second to all programs, however many it has.
fn ticks(fields: &[&str]) -> Option<f64> {
    let counts: Result<Vec<u64>, _> = fields.iter().map(|field| field.parse()).collect();
    Some(counts.ok()?.iter().sum::<u64>() as f64 / 100.0)
}

/// Load of the last minute.
pub(crate) fn load() -> Option<String> {
    let load = fs::read_to_string("/proc/loadavg").ok()?;
    Some(load.split(' ').next()?.to_owned())
}
