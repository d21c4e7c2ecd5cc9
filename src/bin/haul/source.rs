//! Inputs of a run, each opened by its kind: lines, a database of failures, or a URL among the arguments.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::vec;

use haul::Request;

use crate::failure::CommandError;
use crate::messages::Messages;
use crate::reader::{RecognizedInput, look};
use crate::recognize::UnreadFormat;
use crate::recorded;
use crate::shell::quoted;

/// Name of standard input among the arguments and in records.
pub(crate) const STDIN: &str = "-";

/// An input: a file, standard input, or a URL among the arguments.
pub(crate) enum ListSource {
    /// A URL among the arguments, and its number there.
    Url(String, u64),
    /// Failures of the database with this name.
    Failures {
        name: Arc<str>,
        requests: vec::IntoIter<Request>,
        number: u64,
    },
    /// A pipe that was not examined yet, since its first line may be long in coming.
    Unseen(Arc<str>, Box<dyn Read + Send>),
    Lines {
        name: Arc<str>,
        from: Box<dyn BufRead + Send>,
        number: u64,
        /// True if a line that is neither blank nor a comment was read.
        begun: bool,
    },
}

/// True if an argument is a URL, and no file. `bare`: true if a URL may lack its scheme, so that an argument is a file
/// only if there is one of that name.
pub(crate) fn is_url(argument: &str, bare: bool) -> bool {
    let is_bare = || bare && argument != STDIN && Path::new(argument).symlink_metadata().is_err();
    argument.contains("://") || is_bare()
}

/// Opens all inputs. `bare`: as in [`is_url`]. `tables`: true if a first line with a column of URLs makes an input a table.
pub(crate) fn open_all(
    inputs: &[String],
    bare: bool,
    tables: bool,
    messages: &Messages,
) -> Result<VecDeque<ListSource>, CommandError> {
    if inputs.is_empty() && io::stdin().is_terminal() {
        return Err(CommandError::usage(
            "no input: give a file, a URL, or lines on standard input (see haul --help)",
        ));
    }
    if inputs.is_empty() {
        return Ok(VecDeque::from([stdin(tables)?]));
    }
    let open = |(number, input): (u64, &String)| {
        if input == STDIN {
            stdin(tables)
        } else if is_url(input, bare) {
            Ok(ListSource::Url(input.clone(), number))
        } else {
            open_path(input, tables, messages)
        }
    };
    (1..).zip(inputs).map(open).collect()
}

impl ListSource {
    /// Examines an input of lines. The inner error is the message about an input that is no list.
    pub(crate) fn of_lines(
        name: Arc<str>,
        from: Box<dyn Read + Send>,
        tables: bool,
    ) -> io::Result<Result<ListSource, String>> {
        Ok(match look(from, tables)? {
            RecognizedInput::Lines(from) => Ok(ListSource::Lines {
                name,
                from,
                number: 0,
                begun: false,
            }),
            RecognizedInput::Other(other) => Err(refused(&name, &other)),
        })
    }
}

/// Returns the name of an input in messages.
pub(crate) fn shown(name: &str) -> &str {
    match name {
        STDIN => "stdin",
        name => name,
    }
}

fn stdin(tables: bool) -> Result<ListSource, CommandError> {
    let is_file = std::fs::metadata("/dev/stdin").is_ok_and(|about| about.is_file());
    source(STDIN, Box::new(io::stdin()), is_file, tables)
}

fn open_path(path: &str, tables: bool, messages: &Messages) -> Result<ListSource, CommandError> {
    let mut file = open_file(path)?;
    let is_file = file.metadata().is_ok_and(|about| about.is_file());
    if is_file {
        let wrong = |e| unreadable(path, e);
        if recorded::is_database(&file).map_err(wrong)? {
            return Ok(ListSource::Failures {
                name: path.into(),
                requests: recorded::read_database(path, messages)?.into_iter(),
                number: 0,
            });
        }
        file.rewind().map_err(wrong)?;
        recorded::check_first_line(path, &file)?;
        file.rewind().map_err(wrong)?;
    }
    source(path, Box::new(file), is_file, tables)
}

/// Makes the source of a file, which is examined now, or of a pipe, which is examined when its turn comes.
fn source(
    name: &str,
    from: Box<dyn Read + Send>,
    is_file: bool,
    tables: bool,
) -> Result<ListSource, CommandError> {
    if !is_file {
        return Ok(ListSource::Unseen(name.into(), from));
    }
    let lines = ListSource::of_lines(name.into(), from, tables);
    lines
        .map_err(|e| unreadable(shown(name), e))?
        .map_err(CommandError::usage)
}

fn refused(name: &str, other: &UnreadFormat) -> String {
    let file = (name != STDIN).then(|| quoted(name));
    format!("{}: {}", shown(name), other.advice(file.as_deref()))
}

fn unreadable(name: &str, why: impl std::fmt::Display) -> CommandError {
    CommandError::usage(format!("{name}: cannot be read: {why}"))
}

fn open_file(path: &str) -> Result<File, CommandError> {
    let file = File::open(path).map_err(|e| {
        let looks_like_a_host = e.kind() == io::ErrorKind::NotFound && path.contains('.');
        let hint = if looks_like_a_host {
            " (a URL begins with https:// or http://); --scheme https adds it"
        } else {
            ""
        };
        unreadable(path, format!("{e}{hint}"))
    })?;
    if file.metadata().is_ok_and(|about| about.is_dir()) {
        return Err(unreadable(
            path,
            "it is a directory (a file of URLs or JSON requests is expected)",
        ));
    }
    Ok(file)
}
