//! Files of a run: every path that an option or an argument names, its use, and the checks that come before a file is
//! opened.

mod formats;
mod report;
mod summary;
#[cfg(test)]
mod tests;
mod whole;
mod writable;

use std::ffi::{OsStr, OsString};
use std::path::{Display, Path, PathBuf};

use haul::record::{FileClash, FileRegister};
use haul::sink::Journal;

use crate::arguments::{Arguments, RequestArguments, name_of};
use crate::failure::CommandError;
use crate::form;
use crate::source::{STDIN, is_url};

pub(crate) use report::enter_report;
pub(crate) use summary::SummaryFile;
pub(crate) use whole::{check as check_whole, write as write_whole};
pub(crate) use writable::NewOutputs;

/// Name in messages of a file among the arguments.
pub(crate) const INPUT: &str = "an input";

/// Name in messages of a file that holds a part of an input that is a database.
const BESIDE_INPUT: &str = "a file that SQLite keeps beside an input";

/// Name in messages of the lock of a results database, which a kill leaves behind.
const LOCK: &str = "the lock of --output";

/// Endings of the files that SQLite keeps beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A path that the run uses.
#[derive(Debug)]
pub(crate) struct Use {
    /// Name of the use in messages: an option (`--output`), or words.
    name: String,
    path: PathBuf,
    access: Access,
}

/// Use that a run makes of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// Reads the file.
    Read,
    /// Writes the file that an option names.
    Write,
    /// Writes a file beside one that an option names.
    Beside,
    /// Makes files in the directory.
    Fill,
    /// Writes to a stream that is open already.
    Open,
}

impl Use {
    fn new(access: Access, name: impl Into<String>, path: impl Into<PathBuf>) -> Use {
        Use {
            name: name.into(),
            path: path.into(),
            access,
        }
    }

    /// Returns the name as the user knows it.
    fn shown(&self) -> String {
        shown(&self.name)
    }
}

fn shown(name: &str) -> String {
    match name.rsplit_once("--") {
        Some((before, long)) => format!("{before}{}", name_of(long)),
        None => name.to_owned(),
    }
}

/// Returns every path that the arguments name; paths that are read come first.
pub(crate) fn uses(arguments: &Arguments) -> Vec<Use> {
    let mut uses = read(arguments);
    uses.extend(written(arguments));
    uses
}

fn read(arguments: &Arguments) -> Vec<Use> {
    let (given, connection) = (&arguments.requests, &arguments.connection);
    let files = arguments.inputs.iter();
    let bare = given.scheme.is_some();
    let files = files.filter(|input| *input != STDIN && !is_url(input, bare));
    let mut uses = Vec::new();
    for path in files {
        uses.push(Use::new(Access::Read, INPUT, path));
        // A database is recognised by its content, whatever its name is.
        let beside = BESIDE.map(|end| with_end(path.as_ref(), end));
        let beside = beside.into_iter().filter(|path| path.exists());
        uses.extend(beside.map(|path| Use::new(Access::Read, BESIDE_INPUT, path)));
    }
    uses.push(Use::new(Access::Read, "standard input", "/dev/stdin"));
    let of_hosts = arguments
        .hosts
        .iter()
        .map(|table| &table.arguments.requests);
    for given in of_hosts.chain([given]) {
        read_texts(&mut uses, given);
    }
    let forms = form::files(given).map(|path| Use::new(Access::Read, "--form", path));
    uses.extend(forms);
    // A file of cookies that is written too is read before.
    let cookies = given
        .cookie_files()
        .filter(|path| !given.is_cookie_jar(path));
    let cookies = cookies.filter(|path| !path.as_os_str().is_empty());
    uses.extend(cookies.map(|path| Use::new(Access::Read, "--cookie", path)));
    let paths = [
        ("--config", &given.config),
        ("--netrc-file", &given.netrc_file),
        ("--cacert", &connection.cacert),
        ("--cert", &connection.cert),
        ("--key", &connection.key),
        ("--allow-files-from", &connection.allow_files_from),
        ("--replay", &connection.replay),
        ("--template", &given.template),
        ("--checksums", &arguments.downloads.checksums),
    ];
    let paths = paths
        .into_iter()
        .filter_map(|(name, path)| Some((name, path.as_ref()?)));
    uses.extend(paths.map(|(name, path)| Use::new(Access::Read, name, path)));
    if let Some(text) = &arguments.results.write_out {
        read_text(&mut uses, "--write-out", text);
    }
    uses
}

/// Adds the files that options name after `@`.
fn read_texts(uses: &mut Vec<Use>, given: &RequestArguments) {
    let headers = given.headers.iter().map(|text| ("--header", text));
    let texts = [
        ("--data", &given.data),
        ("--json", &given.json),
        ("--bearer", &given.bearer),
        ("--oauth2-secret", &given.oauth2_secret),
    ];
    let texts = texts
        .into_iter()
        .filter_map(|(name, text)| Some((name, text.as_ref()?)));
    for (name, text) in headers.chain(texts) {
        read_text(uses, name, text);
    }
}

/// Adds the file that a text names after `@`. `@-` is standard input.
fn read_text(uses: &mut Vec<Use>, name: &str, text: &str) {
    if let Some(path) = text.strip_prefix('@').filter(|path| *path != STDIN) {
        uses.push(Use::new(Access::Read, name, path));
    }
}

fn written(arguments: &Arguments) -> Vec<Use> {
    let to = &arguments.results;
    let mut uses = vec![Use::new(Access::Open, "standard output", "/dev/stdout")];
    if let Some(folder) = &to.output_dir {
        uses.push(Use::new(Access::Fill, "--output-dir", folder));
    }
    if let Some(folder) = &arguments.connection.capture {
        uses.push(Use::new(Access::Fill, "--capture", folder));
    }
    if let Some(path) = results_path(arguments) {
        uses.push(Use::new(Access::Write, "--output", path));
        if !is_stream(path) {
            let journal = Journal::journal_path(path);
            uses.push(Use::new(Access::Beside, "the journal of --output", journal));
        }
        if is_database(path) {
            uses.extend(beside(path, "a file that SQLite keeps beside --output"));
            uses.push(Use::new(Access::Beside, LOCK, with_end(path, ".lock")));
        }
    }
    if let Some(path) = &to.failures {
        uses.push(Use::new(Access::Write, "--failures", path));
        if is_database(path) {
            uses.extend(beside(path, "a file that SQLite keeps beside --failures"));
        }
    }
    let jar = &arguments.requests.cookie_jar;
    if let Some(path) = jar.as_ref().filter(|path| is_file_name(path)) {
        uses.push(Use::new(Access::Write, "--cookie-jar", path));
    }
    if let Some(path) = to.summary_json.as_ref().filter(|path| is_file_name(path)) {
        uses.push(Use::new(Access::Write, "--summary-json", path));
    }
    let forms = arguments.forms.paths().into_iter();
    let forms = forms.filter(|(_, path)| is_file_name(path));
    uses.extend(forms.map(|(name, path)| Use::new(Access::Write, name, path)));
    uses
}

/// Returns the files that SQLite keeps beside a database that is written.
fn beside(database: &Path, name: &'static str) -> impl Iterator<Item = Use> {
    let paths = BESIDE.map(|end| with_end(database, end));
    paths
        .into_iter()
        .map(move |path| Use::new(Access::Beside, name, path))
}

/// False for `-`, which is standard output.
fn is_file_name(path: &Path) -> bool {
    path != Path::new(STDIN)
}

/// Returns the path of the results file. `None`: results go to standard output.
pub(crate) fn results_path(arguments: &Arguments) -> Option<&Path> {
    let path = arguments.results.output.as_deref();
    path.filter(|path| is_file_name(path))
}

/// True for an existing path that is neither a regular file nor a directory, like a pipe.
pub(crate) fn is_stream(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// True if results or failures are written to the file as a database.
pub(crate) fn is_database(path: &Path) -> bool {
    Journal::is_database(path)
}

/// Returns the part of a name after its last dot, also of a name like `.csv`. Empty if there is no dot.
fn ending(path: &Path) -> &OsStr {
    let name = path.file_name().unwrap_or_default();
    let whole = || name.to_str()?.strip_prefix('.').map(OsStr::new);
    path.extension().or_else(whole).unwrap_or_default()
}

/// Path of a file that SQLite keeps beside a database: links are followed, as SQLite does, also to a file that does not
/// exist yet.
fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(FileRegister::place_of(path));
    name.push(end);
    name.into()
}

/// Files of a run, each checked to be used once.
pub(crate) struct RunFiles {
    register: FileRegister,
    uses: Vec<Use>,
}

/// Enters all files of the run. No file is opened.
///
/// # Errors
/// When a file that is to be written is read too, or written twice; when its name promises another format; when it
/// exists and is not to be replaced.
pub(crate) fn enter(arguments: &Arguments) -> Result<RunFiles, CommandError> {
    let (register, uses) = (FileRegister::new(), uses(arguments));
    let failures = arguments.results.failures.as_deref();
    let adds_to_database = failures.is_some_and(is_database);
    for used in &uses {
        let (path, name) = (&used.path, used.name.as_str());
        let entered = match used.access {
            Access::Read => register.enter_read(path, name),
            Access::Write | Access::Beside | Access::Fill | Access::Open => {
                register.enter_written(path, name)
            }
        };
        let Err(clash) = entered else {
            continue;
        };
        // A database that is an input is read to its end before the first row is added to it.
        let may_add = adds_to_database && name.ends_with("--failures");
        match (used.access, clash.other()) {
            (Access::Write, INPUT) | (Access::Beside, BESIDE_INPUT) if may_add => {}
            _ => return Err(refusal(used, &clash)),
        }
    }
    let files = RunFiles { register, uses };
    for used in files.of(Access::Write) {
        formats::check(used)?;
    }
    files.refuse_existing(arguments)?;
    Ok(files)
}

/// Returns the path as messages show it: standard streams have names of their own.
fn shown_path(path: &Path) -> Display<'_> {
    match path.to_str() {
        Some("/dev/stdin") => Path::new("stdin").display(),
        Some("/dev/stdout") => Path::new("stdout").display(),
        _ => path.display(),
    }
}

/// Makes the message that a file is used already. It does not mention --overwrite, with which the file would be lost.
fn refusal(used: &Use, clash: &FileClash) -> CommandError {
    let (own, other) = (used.shown(), shown(clash.other()));
    let what = match clash.is_read() {
        true => format!("it would be written by {own}, and is read: {other}"),
        false => format!("it is to be written twice, by {other} and by {own}"),
    };
    let link = match clash.other_path() == used.path {
        true => String::new(),
        false => format!(
            "; it is the same file as {}",
            shown_path(clash.other_path())
        ),
    };
    let path = shown_path(&used.path);
    CommandError::usage(format!(
        "{path}: {what} (a file for each is expected{link})"
    ))
}

impl RunFiles {
    pub(crate) fn register(&self) -> &FileRegister {
        &self.register
    }

    fn of(&self, access: Access) -> impl Iterator<Item = &Use> {
        self.uses.iter().filter(move |used| used.access == access)
    }

    /// Returns the files with content that `--overwrite` empties when the run begins, each with the option that writes
    /// it.
    pub(crate) fn replaced(&self, arguments: &Arguments) -> Vec<(&Path, String)> {
        let is_emptied = |used: &&Use| {
            let (path, name) = (used.path.as_path(), used.name.as_str());
            let is_kept =
                name.ends_with("--failures") && is_database(path) || name.ends_with("--cookie-jar");
            let about = path.metadata();
            !is_kept && about.is_ok_and(|about| about.is_file() && about.len() > 0)
        };
        let outputs = match arguments.ending.overwrite {
            true => self.uses.as_slice(),
            false => &[],
        };
        let written = outputs.iter().filter(|used| used.access == Access::Write);
        let emptied = written.filter(is_emptied);
        emptied
            .map(|used| (used.path.as_path(), used.shown()))
            .collect()
    }

    /// Refuses files that existed before the run and are not to be replaced.
    fn refuse_existing(&self, arguments: &Arguments) -> Result<(), CommandError> {
        let ending = &arguments.ending;
        let resumes = ending.resume || ending.retry_failed;
        if ending.overwrite {
            return Ok(());
        }
        let mut main_is_new = true;
        for used in &self.uses {
            let path = used.path.as_path();
            let is_there = path.symlink_metadata().is_ok();
            let is_file = is_there && !is_stream(path) && !path.is_dir();
            let refused = match used.access {
                Access::Write => {
                    main_is_new = !is_there;
                    match &*used.name {
                        // Only a file of cookies is replaced.
                        "--cookie-jar" => false,
                        "--summary-json" if resumes => is_file && !summary::is_summary(path),
                        "--html" | "--junit" if resumes => is_file && !whole::is_report(path),
                        // Each run has its own rows in a database.
                        "--failures" if is_database(path) => false,
                        _ => is_file && !resumes,
                    }
                }
                Access::Beside if used.name == LOCK => false,
                Access::Beside => is_there && main_is_new && !resumes,
                Access::Read | Access::Fill | Access::Open => false,
            };
            if refused {
                return Err(exists(used, resumes));
            }
        }
        Ok(())
    }
}

fn exists(used: &Use, resumes: bool) -> CommandError {
    let path = used.path.display();
    CommandError::usage(match (&*used.name, used.access) {
        ("--summary-json", _) if resumes => {
            format!(
                "{path}: it exists, and is no summary of an earlier run (another name is expected)"
            )
        }
        ("--html" | "--junit", _) if resumes => {
            format!("{path}: it exists, and is no report of haul (another name is expected)")
        }
        ("--summary-json" | "--html" | "--junit", _) => {
            format!("{path}: it exists (--overwrite replaces it)")
        }
        (_, Access::Beside) => {
            format!(
                "{path}: it exists, and would be {} (--overwrite replaces it)",
                used.shown()
            )
        }
        _ => format!("{path}: it exists (--resume goes on from it, --overwrite replaces it)"),
    })
}
