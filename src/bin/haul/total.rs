//! Total number of requests, if it is cheap to count.

use std::collections::HashMap;
use std::fs::File;
use std::thread;

use haul::batch::ProgressHandle;
use haul::record::{InputOptions, InputReader};

use crate::source::is_url;

/// Upper bound for the size of the inputs, in bytes: larger inputs are not read twice.
const MOST: u64 = 1 << 30;

/// Counts the requests of the inputs on a thread of its own, while the first requests are under way. `done`: number of
/// requests that have their outcome already. `known`: numbers of requests of inputs that are no lines. `bare`:
/// true if a URL among the inputs may lack its scheme.
pub(crate) fn count(
    inputs: &[String],
    bare: bool,
    options: InputOptions,
    known: HashMap<String, u64>,
    done: u64,
    progress: ProgressHandle,
) {
    let mut urls = 0;
    let mut files = Vec::new();
    for input in inputs {
        if input == "-" {
            return;
        }
        if let Some(requests) = known.get(input) {
            urls += requests;
        } else if is_url(input, bare) {
            urls += 1;
        } else {
            files.push(input.clone());
        }
    }
    let size = |path: &String| match std::fs::metadata(path) {
        Ok(about) if about.is_file() => Some(about.len()),
        // A pipe is read once.
        _ => None,
    };
    let sizes: Option<u64> = files.iter().map(size).sum();
    if inputs.is_empty() || sizes.is_none_or(|all| all > MOST) {
        return;
    }
    let counting = move || {
        let lines: Option<u64> = files.iter().map(|path| requests_in(path, &options)).sum();
        if let Some(total) = lines.and_then(|lines| (lines + urls).checked_sub(done)) {
            progress.expect(total);
        }
    };
    // Without the thread the bar has no total, which does no other harm.
    drop(
        thread::Builder::new()
            .name("haul-count".to_owned())
            .spawn(counting),
    );
}

fn requests_in(path: &str, options: &InputOptions) -> Option<u64> {
    let mut input = InputReader::open(File::open(path).ok()?, options).ok()?;
    let mut requests = 0;
    while input.next_entry().is_some() {
        requests += 1;
    }
    Some(requests)
}
