//! Paths that the arguments name.

use std::path::Path;

use haul::sink::Journal;

use super::{
    Access, BESIDE, INPUT, Use, is_database, is_file_name, is_stream, results_path, with_end,
};
use crate::arguments::{Arguments, RequestArguments};
use crate::form;
use crate::source::{STDIN, is_url};

/// Name in messages of a file that holds a part of an input that is a database.
pub(super) const BESIDE_INPUT: &str = "a file that SQLite keeps beside an input";

/// Name in messages of the lock of a results database, which a kill leaves behind.
pub(super) const LOCK: &str = "the lock of --output";
/// Returns the paths that are read.
pub(super) fn read(arguments: &Arguments) -> Vec<Use> {
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
        (
            "--allow-files-from",
            &connection.sent_files.allow_files_from,
        ),
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

/// Returns the paths that are written.
pub(super) fn written(arguments: &Arguments) -> Vec<Use> {
    let to = &arguments.results;
    let mut uses = vec![Use::new(Access::Open, "standard output", "/dev/stdout")];
    if let Some(folder) = &to.saved_files.output_dir {
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
