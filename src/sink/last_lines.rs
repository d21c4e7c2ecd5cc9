//! Lines at the end of a file, known by their digests.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::packing::Packing;
use crate::digest::Sha256;
use crate::record::DecodedReader;

type LineDigest = [u8; 32];

/// Numbers of lines with the same bytes, among the last lines of a file.
#[derive(Debug, Default)]
pub(super) struct LastLines(HashMap<LineDigest, usize>);

impl LastLines {
    /// Reads the last lines of a file, at most this number. A compressed file is read from its begin. A last line without
    /// its line feed does not count.
    pub(super) fn of(path: &Path, packing: Packing, most: usize) -> io::Result<LastLines> {
        let mut file = File::open(path)?;
        let last = match packing.coder() {
            Some(_) => {
                let content = DecodedReader::new(BufReader::new(file));
                last_digests(BufReader::new(content), most)?
            }
            None => {
                let begin = begin_of_last(&mut file, most)?;
                file.seek(SeekFrom::Start(begin))?;
                last_digests(BufReader::new(file), most)?
            }
        };
        let mut lines = LastLines::default();
        for digest in last {
            *lines.0.entry(digest).or_default() += 1;
        }
        Ok(lines)
    }

    /// Takes a line out. Returns false if it is not among them.
    pub(super) fn take(&mut self, line: &[u8]) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let mut digest = Sha256::new();
        digest.update(line);
        let digest = digest.finish();
        match self.0.get_mut(&digest) {
            Some(1) => self.0.remove(&digest).is_some(),
            Some(count) => {
                *count -= 1;
                true
            }
            None => false,
        }
    }
}

/// Position at which the last lines begin, or a place before it.
fn begin_of_last(file: &mut File, most: usize) -> io::Result<u64> {
    let (mut begin, mut found) = (file.metadata()?.len(), 0);
    let mut part = vec![0; 64 * 1024];
    // The line feed before them is one more.
    while begin > 0 && found <= most {
        let start = begin.saturating_sub(part.len() as u64);
        let part = &mut part[..(begin - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)?;
        found += part.iter().filter(|byte| **byte == b'\n').count();
        begin = start;
    }
    Ok(begin)
}

/// Digests of the last lines that end with a line feed, in flat memory.
fn last_digests(mut lines: impl BufRead, most: usize) -> io::Result<VecDeque<LineDigest>> {
    let mut last = VecDeque::with_capacity(most);
    let mut digest = Sha256::new();
    loop {
        let part = lines.fill_buf()?;
        if part.is_empty() {
            return Ok(last);
        }
        let end = part.iter().position(|byte| *byte == b'\n');
        digest.update(&part[..end.unwrap_or(part.len())]);
        let read = end.map_or(part.len(), |end| end + 1);
        if end.is_some() {
            if last.len() == most {
                last.pop_front();
            }
            last.push_back(std::mem::replace(&mut digest, Sha256::new()).finish());
        }
        lines.consume(read);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use test_support::Folder;

    use super::*;

    #[test]
    fn only_the_last_whole_lines_are_known_and_each_of_them_once() {
        let folder = Folder::new();
        let path = folder.file("a.jsonl");
        let long = "x".repeat(200_000);
        for begin in ["", "first\n"] {
            fs::write(&path, format!("{begin}a\n{long}\nb\nb\ntorn")).expect("a file");
            let plain = Packing::by_ending(&path).expect("no packing");
            let mut lines = LastLines::of(&path, plain, 4).expect("lines");
            for (line, known) in [
                ("first", false),
                ("torn", false),
                ("b", true),
                ("b", true),
                ("b", false),
                (&long, true),
                ("a", true),
                ("a", false),
            ] {
                assert_eq!(lines.take(line.as_bytes()), known, "{:.9}", line);
            }
        }
    }
}
