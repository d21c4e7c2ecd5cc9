//! Input of a merge: the requests of the runs, which are read once to be compared, and once more if some are missing.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use haul::Client;
use haul::record::FileRegister;
use haul::sink::MergeReport;

use crate::arguments::{
    Arguments, RequestArguments, SavedFileArguments, SentFileArguments, name_of,
};
use crate::cookies::RunCookies;
use crate::failure::CommandError;
use crate::files::WholeFile;
use crate::input::{self, ListReader};
use crate::messages::Messages;
use crate::settings::{self, ClientAndLines};
use crate::source::{STDIN, is_url};
use crate::unfit::{LineAgain, shown_place};

/// Number of lines that are shown.
const SHOWN: usize = 10;

/// Returns the arguments of a run with the input and the options for requests. Nothing of it is sent.
///
/// # Errors
/// When an input cannot be read twice, or its requests are not known without sending some.
pub(super) fn of_runs(
    mut requests: RequestArguments,
    inputs: &[String],
    (sent_files, saved_files): (SentFileArguments, SavedFileArguments),
) -> Result<Arguments, CommandError> {
    let wrong = |what: String| Err(CommandError::usage(what));
    if requests.follow_sitemaps {
        return wrong(format!(
            "{}: the requests of a run are known only when sitemaps are fetched, and merge sends nothing",
            name_of("follow-sitemaps")
        ));
    }
    if let Some(name) = option_of_stdin(&requests) {
        return wrong(format!(
            "{}: standard input cannot be read twice (a file is expected)",
            name_of(name)
        ));
    }
    let bare = requests.scheme.is_some();
    for input in inputs {
        let about = Path::new(input).metadata();
        let is_pipe = about.is_ok_and(|about| !about.is_file() && !about.is_dir());
        if input == STDIN || !is_url(input, bare) && is_pipe {
            return wrong(format!(
                "--verify: {input}: it is read twice if lines are missing (a file is expected)"
            ));
        }
    }
    // The cookies of servers are written after a run.
    requests.cookie_jar = None;
    let mut run = Arguments::of_requests(requests, inputs.to_vec());
    run.connection.sent_files = sent_files;
    run.results.saved_files = saved_files;
    run.ending.dry_run = true;
    Ok(run)
}

/// Returns the option whose value is read from standard input. `None`: there is none.
fn option_of_stdin(requests: &RequestArguments) -> Option<&'static str> {
    let given = [
        ("data", &requests.data),
        ("json", &requests.json),
        ("bearer", &requests.bearer),
        ("oauth2-secret", &requests.oauth2_secret),
    ];
    let given = given
        .into_iter()
        .filter_map(|(name, text)| Some((name, text.as_ref()?)));
    let headers = requests.headers.iter().map(|text| ("header", text));
    let forms = requests.form.iter().map(|text| ("form", text));
    let of_stdin = |text: &str| text == "@-" || text.contains("=@-") || text.contains("=<-");
    let mut all = given.chain(headers).chain(forms);
    all.find(|(_, text)| of_stdin(text)).map(|(name, _)| name)
}

/// Opens the input. The lines are read as a run reads them.
pub(super) fn open(
    run: &Arguments,
    register: &FileRegister,
    messages: &Messages,
) -> Result<(ListReader, Client), CommandError> {
    let cookies = RunCookies::open(run)?;
    let ClientAndLines { client, lines } = settings::settings(run, &cookies, messages)?;
    let lines = lines.register(register.clone()).saved_elsewhere();
    let requests = input::open(run, lines, &client, register, messages)?;
    Ok((requests, client))
}

/// Reads the input once more, and returns the first missing lines as they are shown. All of them are written to the file
/// of `--missing`, if there is one.
pub(super) fn missing_lines(
    (mut requests, client): (ListReader, Client),
    report: &MergeReport,
    to: Option<&Path>,
) -> Result<Vec<String>, CommandError> {
    let unwritten = |path: &Path, error: io::Error| {
        CommandError::unwritten(format!("{}: cannot be written: {error}", path.display()))
    };
    let file = to.map(|path| WholeFile::open(path).map_err(|e| unwritten(path, e)));
    let mut file = file.transpose()?.map(BufWriter::new);
    requests.keeps_lines = true;
    let (mut shown, mut position) = (Vec::new(), 0);
    let (mut found, missing) = (0, report.missing());
    while found < missing
        && let Some(request) = requests.next()
    {
        let own = position;
        position += 1;
        if !report.is_missing(own) {
            continue;
        }
        found += 1;
        if shown.len() < SHOWN {
            let url = client.redaction().url(&request.shown_url());
            shown.push(shown_place(&request) + &url);
        }
        match (&mut file, to) {
            (Some(file), Some(path)) => {
                let mut write = || {
                    if let Some(LineAgain(line)) = request.extension_value() {
                        file.write_all(line)?;
                    }
                    file.write_all(b"\n")
                };
                write().map_err(|e| unwritten(path, e))?;
            }
            _ if shown.len() == SHOWN => break,
            _ => {}
        }
    }
    if let (Some(file), Some(path)) = (file, to) {
        let file = file.into_inner().map_err(io::IntoInnerError::into_error);
        let written = file.and_then(WholeFile::finish);
        written.map_err(|e| unwritten(path, e))?;
    }
    Ok(shown)
}
