//! Limits that the system sets for this process: raised as far as possible, and named when they are met.

use log::{LevelFilter, Log, Metadata, Record};

use crate::messages::Messages;

/// Log target under which the library reports that requests wait for descriptors, ports or threads.
const SHORTAGE: &str = "haul::shortage";

/// Log target under which the library reports lists that it does not go on with.
const LISTS: &str = "haul::lists";

/// Raises the soft limit of open files to the hard one: each connection is an open file.
#[cfg(unix)]
pub(crate) fn raise() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// `OPEN_MAX` of macOS, beyond which the limit cannot be raised although the hard one is infinite.
    const OPEN_MAX: u64 = 10_240;

    let limit = getrlimit(Resource::Nofile);
    let Some(current) = limit.current else {
        return;
    };
    for to in [limit.maximum, Some(OPEN_MAX)] {
        let higher = to.is_none_or(|to| to > current);
        let raised = Rlimit {
            current: to,
            maximum: limit.maximum,
        };
        // If the system refuses, the run goes on within the present limit.
        if higher && setrlimit(Resource::Nofile, raised).is_ok() {
            return;
        }
    }
}

/// Does nothing: this system has no such limit of files.
#[cfg(not(unix))]
pub(crate) fn raise() {}

/// Has a write beyond the size that files may have (`ulimit -f`) fail as on a full disk, so that the run ends in order
/// and names the file. Unhandled, the signal ends the process.
#[cfg(unix)]
pub(crate) fn survive_full_files() {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    // The flag is not read: the write that met the limit fails by itself. If the system refuses, the signal keeps its
    // old effect.
    let _ = signal_hook::flag::register(
        signal_hook::consts::SIGXFSZ,
        Arc::new(AtomicBool::new(false)),
    );
}

/// Does nothing: this system has no such signal.
#[cfg(not(unix))]
pub(crate) fn survive_full_files() {}

/// Warns on standard error when requests wait for resources that the system does not give, and of lists that a resumed
/// run does not go on with.
pub(crate) fn tell(messages: &Messages) {
    // There is no other logger: `-vv` has its own.
    if log::set_boxed_logger(Box::new(WarningsOfTargets(messages.clone()))).is_ok() {
        log::set_max_level(LevelFilter::Warn);
    }
}

/// Logger that passes on only messages about shortages and lists.
struct WarningsOfTargets(Messages);

impl Log for WarningsOfTargets {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        matches!(metadata.target(), SHORTAGE | LISTS)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.warning(&record.args().to_string());
        }
    }

    fn flush(&self) {}
}
