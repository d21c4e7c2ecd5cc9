//! Names of runs.

use std::path::Path;

use crate::digest::Sha256;

/// Makes the name of a run: its start time, digits of the results file that it writes, if there is one, and random
/// digits.
pub(in crate::sink) fn new(started: &str, results: Option<&Path>) -> String {
    let own = fastrand::u32(..);
    match results.and_then(digits_of) {
        Some(results) => format!("{started}-{results}-{own:08x}"),
        None => format!("{started}-{own:08x}"),
    }
}

/// True if the run with this name and start wrote to the results file at this path.
pub(in crate::sink) fn is_of(run_id: &str, started: &str, results: &Path) -> bool {
    let named = || {
        let rest = run_id.strip_prefix(started)?.strip_prefix('-')?;
        let (digits, _) = rest.split_once('-')?;
        Some(digits == digits_of(results)?)
    };
    named() == Some(true)
}

/// Eight hexadecimal digits of a file's path, with links followed. `None`: the file does not exist.
fn digits_of(results: &Path) -> Option<String> {
    let path = results.canonicalize().ok()?;
    let mut hash = Sha256::new();
    hash.update(path.as_os_str().as_encoded_bytes());
    let digits = hash.finish()[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Some(digits)
}
