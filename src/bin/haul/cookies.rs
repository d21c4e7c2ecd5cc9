//! `-b` and `-c`: the jar of a run, read from files and written to one at the end.

use std::cell::Cell;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use haul::cookies::CookieJar;

use crate::arguments::{Arguments, name_of};
use crate::failure::{CommandError, Status};
use crate::files::results_path;
use crate::source::STDIN;
use crate::stdout::unwritten;

/// Jar of a run. `None` in it: the run keeps no cookies.
pub(crate) struct RunCookies {
    jar: Option<CookieJar>,
    /// File that the jar is written to, or `-`. `None`: it is not written.
    file: Option<PathBuf>,
    /// True from the moment at which requests are sent: the jar is written only then.
    is_used: Cell<bool>,
}

impl RunCookies {
    /// Reads the files of cookies. A file that is missing is an error, unless the run writes it.
    ///
    /// # Errors
    /// When a file cannot be read or is none of cookies, also one that would be replaced.
    pub(crate) fn open(arguments: &Arguments) -> Result<RunCookies, CommandError> {
        let given = &arguments.requests;
        let jar = CookieJar::new();
        for path in given.cookie_files() {
            match jar.add_netscape(path) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound && given.is_cookie_jar(path) => {}
                // The text is not shown, since it may be a secret and no path.
                Err(_) if !path.exists() => {
                    let reason = match path.as_os_str().is_empty() {
                        true => "it is empty".to_owned(),
                        false => "there is no such file".to_owned(),
                    };
                    return Err(CommandError::usage(format!(
                        "{}: NAME=VALUE is expected, or a file of cookies that exists ({reason})",
                        name_of("cookie")
                    )));
                }
                Err(e) => return Err(refused("cookie", &e)),
            }
        }
        if let Some(path) = &given.cookie_jar {
            check_jar(path, arguments)?;
        }
        let keeps = given.cookie_jar.is_some() || given.cookie_files().next().is_some();
        Ok(RunCookies {
            jar: keeps.then_some(jar),
            file: given.cookie_jar.clone(),
            is_used: Cell::new(false),
        })
    }

    pub(crate) fn jar(&self) -> Option<&CookieJar> {
        self.jar.as_ref()
    }

    /// Notes that requests are sent from now on.
    pub(crate) fn begin(&self) {
        self.is_used.set(true);
    }

    /// Writes the jar after a run that ended so, unless nothing was sent.
    ///
    /// # Errors
    /// The error of the run, or that of the file.
    pub(crate) fn save_after(
        &self,
        ended: Result<Status, CommandError>,
    ) -> Result<Status, CommandError> {
        let (Some(jar), Some(path)) = (&self.jar, &self.file) else {
            return ended;
        };
        if !self.is_used.get() {
            return ended;
        }
        let saved = match is_stdout(path) {
            true => {
                let mut out = io::stdout();
                let written = out.write_all(jar.to_netscape().as_bytes());
                written
                    .and_then(|()| out.flush())
                    .map_err(|e| unwritten(&e))
            }
            false => jar
                .save_netscape(path)
                .map_err(|e| CommandError::unwritten(format!("{}: {e}", name_of("cookie-jar")))),
        };
        match (ended, saved) {
            (Ok(_), Err(failure)) => Err(failure),
            (ended, _) => ended,
        }
    }
}

fn is_stdout(path: &Path) -> bool {
    path == Path::new(STDIN)
}

fn refused(option: &str, error: &io::Error) -> CommandError {
    CommandError::usage(format!("{}: {error}", name_of(option)))
}

/// Checks the file that the jar is to be written to.
fn check_jar(path: &Path, arguments: &Arguments) -> Result<(), CommandError> {
    let option = name_of("cookie-jar");
    if is_stdout(path) {
        let sums_up = arguments.results.summary_json.as_deref();
        if results_path(arguments).is_none() || sums_up.is_some_and(is_stdout) {
            return Err(CommandError::usage(format!(
                "{option}: a file is expected (standard output is for the results, or for --summary-json)"
            )));
        }
        return Ok(());
    }
    let text = path.to_string_lossy();
    // Other tools have a number of requests at once under -c.
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CommandError::usage(format!(
            "{option}: {text} is a number, and a file for cookies is expected (-j/--jobs {text} sends {text} requests at once; ./{text} is a file)"
        )));
    }
    // No other file is taken for an old jar and replaced.
    if path.is_file() {
        let read = CookieJar::new().add_netscape(path);
        read.map_err(|e| {
            CommandError::usage(format!(
                "{option}: {e} (it would be replaced, and only a file of cookies may be)"
            ))
        })?;
    }
    Ok(())
}
