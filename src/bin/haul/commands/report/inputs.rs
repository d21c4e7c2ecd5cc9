//! Inputs of a report.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, IsTerminal, Read};
use std::path::Path;

use haul::record::DecodedReader;
use haul::report::{ReportError, ReportReader};

use crate::failure::CommandError;
use crate::files::INPUT;
use crate::messages::Messages;
use crate::recorded::DATABASE;
use crate::source::STDIN;

/// File of results, or standard input.
#[derive(Clone, Debug)]
pub(super) enum ResultInput {
    Stdin,
    File(String),
}

impl fmt::Display for ResultInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResultInput::Stdin => f.write_str("stdin"),
            ResultInput::File(name) => f.write_str(name),
        }
    }
}

/// Returns the inputs that the arguments name, each of which is there.
pub(super) fn of(arguments: &[String]) -> Result<Vec<ResultInput>, CommandError> {
    if arguments.is_empty() && io::stdin().is_terminal() {
        return Err(CommandError::usage(
            "no input: give a file of results, or results on standard input (see haul report --help)",
        ));
    }
    if arguments.is_empty() {
        return Ok(vec![ResultInput::Stdin]);
    }
    arguments.iter().map(|name| ResultInput::of(name)).collect()
}

impl ResultInput {
    pub(super) fn of(name: &str) -> Result<ResultInput, CommandError> {
        if name == STDIN {
            return Ok(ResultInput::Stdin);
        }
        let unread = |reason: &str| CommandError::usage(format!("{name}: {reason}"));
        if name.contains("://") {
            return Err(unread("a file of results is expected, not a URL"));
        }
        match Path::new(name).metadata() {
            Ok(about) if about.is_dir() => Err(unread("it is a directory (a file is expected)")),
            Ok(_) => Ok(ResultInput::File(name.to_owned())),
            Err(error) => Err(unread(&format!("cannot be opened: {error}"))),
        }
    }

    /// Returns the name of the input in messages about files, and its path.
    pub(super) fn used(&self) -> (&'static str, &Path) {
        match self {
            ResultInput::Stdin => ("standard input", Path::new("/dev/stdin")),
            ResultInput::File(name) => (INPUT, Path::new(name)),
        }
    }

    /// Reads the results, also of a compressed file whose last part a kill cut off, which is told.
    ///
    /// # Errors
    /// When the input cannot be read to its end.
    pub(super) fn read(
        &self,
        results: &mut ReportReader,
        messages: &Messages,
    ) -> Result<(), ReportError> {
        let name = self.to_string();
        let mut read = |from: Box<dyn Read + Send>| {
            let mut decoded = DecodedReader::new(from).accept_torn_end(true);
            let read = results.read(&name, &mut decoded);
            if let (Ok(()), Some(torn)) = (&read, decoded.torn_end()) {
                let at = torn.file_position;
                messages.warning(&format!(
                    "{name}: it is torn: the compressed part from byte {at} on has no end"
                ));
            }
            read
        };
        let ResultInput::File(path) = self else {
            return read(Box::new(io::stdin()));
        };
        match begin(path) {
            Ok((begin, _)) if begin == DATABASE => results.read_database(path),
            Ok((begin, rest)) => read(Box::new(Cursor::new(begin).chain(rest))),
            Err(error) => results.read(&name, Unopened(Some(error))),
        }
    }
}

/// Opens a file and reads its first bytes, as many as tell a database.
fn begin(path: &str) -> io::Result<(Vec<u8>, File)> {
    let mut file = File::open(path)?;
    let mut begin = Vec::new();
    file.by_ref()
        .take(DATABASE.len() as u64)
        .read_to_end(&mut begin)?;
    Ok((begin, file))
}

/// Reader of a file that could not be opened.
struct Unopened(Option<io::Error>);

impl Read for Unopened {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
