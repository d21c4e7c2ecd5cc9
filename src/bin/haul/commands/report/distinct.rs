//! Inputs of a report that are the same results.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use haul::record::DecodedReader;

use super::ResultInput;
use crate::failure::CommandError;

/// Number of bytes by which a compressed file is known to hold the results of another one: times and keys differ.
const COMPARED: u64 = 4096;

/// Names of standard input as a file.
const STDIN_FILES: [&str; 3] = ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];

/// Checks that no results are read twice: requests that were sent once would count twice.
///
/// A run may be compared with itself, but not from standard input, which can be read once.
///
/// # Errors
/// When standard input is given twice, or a file, or a file and its compressed form.
pub(super) fn check(inputs: &[ResultInput], old: Option<&ResultInput>) -> Result<(), CommandError> {
    if inputs
        .iter()
        .chain(old)
        .filter(|input| is_stdin(input))
        .count()
        > 1
    {
        return Err(CommandError::usage(
            "standard input is given twice, and can be read once (a file is expected in one place)",
        ));
    }
    let mut seen: Vec<SeenFile<'_>> = Vec::new();
    for input in inputs {
        let ResultInput::File(name) = input else {
            continue;
        };
        let Some(file) = SeenFile::of(name) else {
            continue;
        };
        if let Some(reason) = seen.iter().find_map(|other| file.twice(other)) {
            return Err(CommandError::usage(format!("{name}: {reason}")));
        }
        seen.push(file);
    }
    Ok(())
}

fn is_stdin(input: &ResultInput) -> bool {
    match input {
        ResultInput::Stdin => true,
        ResultInput::File(name) => STDIN_FILES.contains(&name.as_str()),
    }
}

/// File among the inputs.
struct SeenFile<'a> {
    name: &'a str,
    path: PathBuf,
    #[cfg(unix)]
    id: (u64, u64),
}

impl SeenFile<'_> {
    /// Returns the file of this name. `None`: it is no regular file.
    fn of(name: &str) -> Option<SeenFile<'_>> {
        let about = fs::metadata(name).ok().filter(fs::Metadata::is_file)?;
        #[cfg(not(unix))]
        let _ = about;
        Some(SeenFile {
            name,
            path: fs::canonicalize(name).ok()?,
            #[cfg(unix)]
            id: {
                use std::os::unix::fs::MetadataExt;
                (about.dev(), about.ino())
            },
        })
    }

    /// Returns the reason why the two files hold the same results. `None`: they do not.
    fn twice(&self, other: &SeenFile<'_>) -> Option<String> {
        let name = other.name;
        #[cfg(unix)]
        let is_same = self.id == other.id;
        #[cfg(not(unix))]
        let is_same = self.path == other.path;
        if is_same {
            let also = match name == self.name {
                true => String::new(),
                false => format!(" (as {name} before)"),
            };
            return Some(format!(
                "it is given twice{also}, and its requests would count twice"
            ));
        }
        let is_compressed = uncompressed(&self.path) == uncompressed(&other.path);
        (is_compressed && begin_alike(&self.path, &other.path)).then(|| {
            format!("it begins as {name} does: give one of them, or their requests count twice")
        })
    }
}

/// Returns the path without the ending of a compressed file.
fn uncompressed(path: &Path) -> PathBuf {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("gz" | "zst") => path.with_extension(""),
        _ => path.to_owned(),
    }
}

/// True if the two files hold the same lines at their beginning. A file that cannot be read holds none: the report tells
/// the reason.
fn begin_alike(one: &Path, other: &Path) -> bool {
    let begin = |path: &Path| -> Vec<u8> {
        let mut begin = Vec::new();
        if let Ok(file) = File::open(path) {
            let reader = DecodedReader::new(file).accept_torn_end(true);
            // The bytes that were read before an error are enough.
            let _ = reader.take(COMPARED).read_to_end(&mut begin);
        }
        begin
    };
    let (one, other) = (begin(one), begin(other));
    let length = one.len().min(other.len());
    length > 0 && one[..length] == other[..length]
}
