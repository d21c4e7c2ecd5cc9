//! `-b` and `-c`: the jar of a run, read from files and written to one at the end.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use haul::cookies::CookieJar;

use crate::arguments::{Arguments, name_of};
use crate::failure::{CommandError, Status};
use crate::files::results_path;
use crate::messages::Messages;
use crate::source::STDIN;
use crate::stdout::unwritten;

/// Upper bound for the time in which a process that is ended writes its jar: the disk may not answer.
const LAST_WRITE: Duration = Duration::from_secs(1);

/// The jar that is to be written when the run ends. `None`: nothing was sent yet, or the jar is written. One for the
/// process, since its end can come from any thread.
static UNWRITTEN: Mutex<Option<JarFile>> = Mutex::new(None);

/// A jar and the file that it is written to, or `-`.
struct JarFile {
    jar: CookieJar,
    path: PathBuf,
}

/// Jar of a run. `None` in it: the run keeps no cookies.
pub(crate) struct RunCookies {
    jar: Option<CookieJar>,
    /// File that the jar is written to, or `-`. `None`: it is not written.
    file: Option<PathBuf>,
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
                    return Err(CommandError::usage(format!(
                        "{}: NAME=VALUE is expected, or a file of cookies that exists (there is no such file)",
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
        })
    }

    pub(crate) fn jar(&self) -> Option<&CookieJar> {
        self.jar.as_ref()
    }

    /// Notes that requests are sent from now on, so that the jar is written at the end.
    pub(crate) fn begin(&self) {
        if let (Some(jar), Some(path)) = (self.jar.clone(), self.file.clone()) {
            *UNWRITTEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(JarFile { jar, path });
        }
    }

    /// Writes the jar after a run that ended so, unless nothing was sent.
    ///
    /// # Errors
    /// The error of the run, or that of the file.
    pub(crate) fn save_after(
        &self,
        ended: Result<Status, CommandError>,
    ) -> Result<Status, CommandError> {
        match (ended, save_unwritten()) {
            (Ok(_), Err(failure)) => Err(failure),
            (ended, _) => ended,
        }
    }
}

impl Drop for RunCookies {
    /// Writes the jar of a run that panicked.
    fn drop(&mut self) {
        let _ = save_unwritten();
    }
}

/// Writes the jar before the process is ended.
pub(crate) fn save_at_exit(messages: &Messages) {
    let messages = messages.clone();
    let (done, is_done) = channel::<()>();
    let save = move || {
        let _done = done;
        if let Err(failure) = save_unwritten() {
            messages.error(failure.message());
        }
    };
    if thread::Builder::new().spawn(save).is_ok() {
        let _ = is_done.recv_timeout(LAST_WRITE);
    }
}

/// Writes the jar if that is still to be done. Waits while another thread does it.
fn save_unwritten() -> Result<(), CommandError> {
    let mut unwritten = UNWRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    match unwritten.take() {
        Some(file) => file.save(),
        None => Ok(()),
    }
}

impl JarFile {
    fn save(&self) -> Result<(), CommandError> {
        if is_stdout(&self.path) {
            let mut out = io::stdout();
            let written = out.write_all(self.jar.to_netscape().as_bytes());
            return written
                .and_then(|()| out.flush())
                .map_err(|e| unwritten(&e));
        }
        let saved = self.jar.save_netscape(&self.path);
        saved.map_err(|e| CommandError::unwritten(format!("{}: {e}", name_of("cookie-jar"))))
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
