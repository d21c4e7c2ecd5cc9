//! Total number of requests, if it is cheap to count.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::thread;

use haul::batch::ProgressHandle;

use crate::reader::{RecognizedInput, look};
use crate::source::is_url;

/// Upper bound for the size of the inputs, in bytes: larger inputs are not read twice.
const MOST: u64 = 1 << 30;

/// Counts the requests of the inputs on a thread of its own, while the first requests are under way. `done`: number of
/// requests that have their outcome already. `known`: numbers of requests of inputs that are no lines. `bare`:
/// true if a URL among the inputs may lack its scheme.
pub(crate) fn count(
    inputs: &[String],
    bare: bool,
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
        let lines: Option<u64> = files.iter().map(|path| requests_in(path)).sum();
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

fn requests_in(path: &str) -> Option<u64> {
    let RecognizedInput::Lines(mut file) = look(Box::new(File::open(path).ok()?), false).ok()?
    else {
        return None;
    };
    let mut piece = vec![0; 256 << 10];
    let mut count = LineCounter::default();
    loop {
        match file.read(&mut piece).ok()? {
            0 => return Some(count.requests),
            n => count.add(&piece[..n]),
        }
    }
}

/// Counter of lines that are neither blank nor comments.
#[derive(Default)]
struct LineCounter {
    requests: u64,
    /// True if the kind of the current line is known.
    known: bool,
}

impl LineCounter {
    fn add(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while !rest.is_empty() {
            if !self.known {
                let Some(at) = rest
                    .iter()
                    .position(|b| *b == b'\n' || !b.is_ascii_whitespace())
                else {
                    return;
                };
                match rest[at] {
                    b'\n' => {}
                    first => {
                        self.known = true;
                        self.requests += u64::from(first != b'#');
                    }
                }
                rest = &rest[at + 1..];
            } else {
                let Some(at) = rest.iter().position(|b| *b == b'\n') else {
                    return;
                };
                self.known = false;
                rest = &rest[at + 1..];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_and_comments_are_no_requests_wherever_the_text_is_cut() {
        let text =
            b"http://h/1\n\n# no\n  # no\n \t\r\n  http://h/2\r\n{\"url\":\"#\"}\nhttp://h/4";
        for size in 1..text.len() {
            let mut count = LineCounter::default();
            text.chunks(size).for_each(|piece| count.add(piece));
            assert_eq!(count.requests, 4, "in pieces of {size}");
        }
    }
}
