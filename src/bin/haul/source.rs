//! Inputs of a run, each opened by its kind: lines, a database, or a URL among the arguments.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Cursor, IsTerminal, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::vec;

use haul::Request;
use haul::record::{InputFormat, InputOptions, InputReader, InvalidInput};

use crate::failure::CommandError;
use crate::messages::Messages;
use crate::recorded::{self, StoredRequests};
use crate::shell::quoted;
use crate::sitemaps::FetchedSitemap;

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
    List {
        name: Arc<str>,
        from: Box<InputReader>,
        /// Number of requests. `None`: not known.
        requests: Option<u64>,
        /// True if messages know the format of the list.
        told: bool,
    },
    /// A sitemap that another one led to.
    Sitemap(Box<FetchedSitemap>),
}

/// True if an argument is a URL, and no file. `bare`: true if a URL may lack its scheme, so that an argument is a file
/// only if there is one of that name.
pub(crate) fn is_url(argument: &str, bare: bool) -> bool {
    let is_bare = || bare && argument != STDIN && Path::new(argument).symlink_metadata().is_err();
    argument.contains("://") || is_bare()
}

/// Opens all inputs. `bare`: as in [`is_url`].
pub(crate) fn open_all(
    inputs: &[String],
    bare: bool,
    options: &InputOptions,
    messages: &Messages,
) -> Result<VecDeque<ListSource>, CommandError> {
    if inputs.is_empty() && io::stdin().is_terminal() {
        return Err(CommandError::usage(
            "no input: give a file, a URL, or lines on standard input (see haul --help)",
        ));
    }
    if inputs.is_empty() {
        return Ok(VecDeque::from([stdin(options)?]));
    }
    let open = |(number, input): (u64, &String)| {
        if input == STDIN {
            stdin(options)
        } else if is_url(input, bare) {
            Ok(ListSource::Url(input.clone(), number))
        } else {
            open_path(input, options, messages)
        }
    };
    (1..).zip(inputs).map(open).collect()
}

impl ListSource {
    /// Opens a list. The error is the message about an input that is not read.
    pub(crate) fn of_list(
        name: Arc<str>,
        from: Box<dyn Read + Send>,
        options: &InputOptions,
    ) -> Result<ListSource, String> {
        match InputReader::open(from, options) {
            Ok(list) => Ok(ListSource::List {
                name,
                from: Box::new(list),
                requests: None,
                told: false,
            }),
            Err(invalid) => Err(refused(&name, &invalid)),
        }
    }

    /// Sets the number of requests of a list.
    fn of_known_length(mut self, count: u64) -> ListSource {
        if let ListSource::List { requests, .. } = &mut self {
            *requests = Some(count);
        }
        self
    }
}

/// Returns the name of an input in messages.
pub(crate) fn shown(name: &str) -> &str {
    match name {
        STDIN => "stdin",
        name => name,
    }
}

fn stdin(options: &InputOptions) -> Result<ListSource, CommandError> {
    let is_file = std::fs::metadata("/dev/stdin").is_ok_and(|about| about.is_file());
    source(STDIN, Box::new(io::stdin()), is_file, options)
}

fn open_path(
    path: &str,
    options: &InputOptions,
    messages: &Messages,
) -> Result<ListSource, CommandError> {
    let mut file = open_file(path)?;
    let is_file = file.metadata().is_ok_and(|about| about.is_file());
    if is_file {
        let wrong = |e| unreadable(path, e);
        if recorded::is_database(&file).map_err(wrong)? {
            return match recorded::read_database(path, messages)? {
                StoredRequests::Failures(requests) => Ok(ListSource::Failures {
                    name: path.into(),
                    requests: requests.into_iter(),
                    number: 0,
                }),
                StoredRequests::Results(lines, count) => {
                    let options = options.clone().format(InputFormat::Results);
                    let lines = source(path, Box::new(Cursor::new(lines)), true, &options);
                    lines.map(|lines| lines.of_known_length(count))
                }
            };
        }
        file.rewind().map_err(wrong)?;
    }
    source(path, Box::new(file), is_file, options)
}

/// Makes the source of a file, which is examined now, or of a pipe, which is examined when its turn comes.
fn source(
    name: &str,
    from: Box<dyn Read + Send>,
    is_file: bool,
    options: &InputOptions,
) -> Result<ListSource, CommandError> {
    if !is_file {
        return Ok(ListSource::Unseen(name.into(), from));
    }
    ListSource::of_list(name.into(), from, options).map_err(CommandError::usage)
}

fn refused(name: &str, invalid: &InvalidInput) -> String {
    let reason = match name {
        STDIN => invalid.to_string(),
        name => invalid.for_file(&quoted(name)),
    };
    format!("{}: {reason}", shown(name))
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
