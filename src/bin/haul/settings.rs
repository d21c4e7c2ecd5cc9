//! Client and reader of lines, as the arguments ask for them.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use haul::http::{HeaderName, HeaderValue, Method};
use haul::record::InputLines;
use haul::redact::Redaction;
use haul::settings::BreakerSettings;
use haul::{Adaptive, Client, ClientBuilder};
use serde_json::Value;

use crate::arguments::{Arguments, FormatName, RequestArguments, SentFileArguments, name_of};
use crate::connection::{connected, taped};
use crate::cookies::RunCookies;
use crate::credentials::log_in;
use crate::downloads;
use crate::failure::CommandError;
use crate::form;
use crate::header_text::{self, Header, headers};
use crate::host_rules::with_host_rules;
use crate::messages::Messages;
use crate::outcome_reporter::tell_of_waits;
use crate::pace::{rates, retry, timeouts};
use crate::refused;
use crate::template;
use crate::text_or_file::{bytes_or_file, text_or_file};
use crate::units::{JobsPerHost, SecretName};

/// Client, and reader of the input's lines.
pub(crate) struct ClientAndLines {
    pub(crate) client: Client,
    /// Reader of the lines of input.
    pub(crate) lines: InputLines,
}

pub(crate) fn settings(
    arguments: &Arguments,
    cookies: &RunCookies,
    messages: &Messages,
) -> Result<ClientAndLines, CommandError> {
    settings_with(arguments, cookies, messages, |builder| builder)
}

/// Makes the client and the reader, the client with settings of the caller's own too.
pub(crate) fn settings_with(
    arguments: &Arguments,
    cookies: &RunCookies,
    messages: &Messages,
    own: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<ClientAndLines, CommandError> {
    let retry = retry(&arguments.times);
    let mut builder = Client::builder()
        .workers(arguments.pace.jobs)
        .timeouts(timeouts(&arguments.times))
        .retry(retry.clone())
        .on_retry(tell_of_waits(messages))
        .max_redirects(arguments.requests.max_redirs)
        .expect_json(arguments.ending.expect_json)
        .keep_encoding(arguments.results.keep_encoding);
    builder = limited(builder, arguments)?;
    builder = downloads::limited(builder, &arguments.downloads);
    builder = connected(builder, &arguments.connection, messages)?;
    // A dry run makes no exchange, and no directory.
    if !arguments.ending.dry_run {
        builder = taped(builder, &arguments.connection)?;
    }
    for (pointer, value) in &arguments.ending.require {
        builder = builder.require(pointer, value.clone());
    }
    let given = &arguments.requests;
    builder = secretive(builder, &given.secrets);
    if let Some(url) = &given.base_url {
        builder = builder.base_url(url);
    }
    for (name, value) in &given.url_query {
        builder = builder.query(name, value);
    }
    if let Some(name) = &given.user_agent {
        header_text::check("user-agent", name)?;
        builder = builder.user_agent(name);
    }
    builder = log_in(builder, given)?;
    builder = with_passwords(builder, given, messages);
    builder = with_host_rules(builder, arguments)?;
    let mut lines = defaults(given)?
        .whole_lines(given.input_format == FormatName::Urls)
        .lenient(given.lenient)
        .retry(retry);
    if let Some(schemes) = &given.scheme {
        lines = lines.scheme(schemes.first.clone(), schemes.or_other);
    }
    if let Some(template) = template::of_lines(given)? {
        lines = lines.template(template);
    }
    lines = saving(lines, arguments)?;
    lines = limited_to_files(lines, &arguments.connection.sent_files)?;
    let headers = headers(given)?;
    let named = |name| headers.iter().any(|header| header.is(name));
    if named("content-type") {
        lines = lines.content_type_of_client();
    }
    let pairs: Vec<&str> = given.cookie_pairs().collect();
    if !pairs.is_empty() {
        let cookie = pairs.join("; ");
        check_cookie(&cookie)?;
        if !named("cookie") {
            builder = builder.header("cookie", cookie);
        }
    }
    if let Some(jar) = cookies.jar() {
        builder = builder.cookies(jar.clone());
    }
    for Header { name, value } in &headers {
        builder = match value {
            Some(value) => builder.header(name, value),
            None => builder.without_header(name),
        };
    }
    let client = own(builder)
        .build()
        .map_err(|error| CommandError::usage(refused::in_words_of_options(&error, arguments)))?;
    let lines = shown(lines, given, client.redaction());
    Ok(ClientAndLines { client, lines })
}

/// Sets the names of what is secret in lines.
fn shown(lines: InputLines, given: &RequestArguments, redaction: &Redaction) -> InputLines {
    let lines = lines.redaction(redaction);
    match &given.id_column {
        Some(column) => lines.id_column(column),
        None => lines,
    }
}

/// Sets the directory that bodies are saved in, and the names of the files.
fn saving(mut lines: InputLines, arguments: &Arguments) -> Result<InputLines, CommandError> {
    let Some(folder) = &arguments.results.saved_files.output_dir else {
        return Ok(lines);
    };
    let ending = &arguments.ending;
    // A resumed run does not send requests that have their outcome again: a dry run of a resumed run cannot tell
    // which files are in the way.
    let resumes = ending.dry_run && (ending.resume || ending.retry_failed);
    lines = lines.save_in(folder, ending.overwrite || resumes, ending.durable);
    if let Some(names) = template::of_names(arguments)? {
        lines = lines.output_names(names);
    }
    if ending.dry_run {
        lines = lines.without_directories();
    }
    downloads::downloading(lines, &arguments.downloads)
}

/// Reads passwords by host from netrc files.
fn with_passwords(
    builder: ClientBuilder,
    given: &RequestArguments,
    messages: &Messages,
) -> ClientBuilder {
    match &given.netrc_file {
        Some(path) => {
            warn_if_open_to_all(path, messages);
            builder.netrc_file(path)
        }
        None if given.netrc => builder.netrc(),
        None => builder,
    }
}

/// Warns of a file of passwords that other users of this machine may read.
#[cfg(unix)]
fn warn_if_open_to_all(path: &Path, messages: &Messages) {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = path
        .metadata()
        .map_or(0, |about| about.permissions().mode());
    if mode & 0o044 != 0 {
        messages.warning(&format!(
            "{}: other users can read these passwords (chmod 600 prevents that)",
            path.display()
        ));
    }
}

#[cfg(not(unix))]
fn warn_if_open_to_all(_: &Path, _: &Messages) {}

/// Masks the values of headers and parameters with these names.
fn secretive(mut builder: ClientBuilder, names: &[SecretName]) -> ClientBuilder {
    for SecretName(name) in names {
        builder = builder.sensitive_query(name);
        // A parameter may have a name that no header has.
        if HeaderName::from_bytes(name.as_bytes()).is_ok() {
            builder = builder.sensitive_header(name);
        }
    }
    builder
}

/// Limits the files that lines may name, if lines may come from others.
fn limited_to_files(
    lines: InputLines,
    given: &SentFileArguments,
) -> Result<InputLines, CommandError> {
    match &given.allow_files_from {
        Some(folder) => lines.files_only_from(folder).map_err(|e| {
            let option = name_of("allow-files-from");
            CommandError::usage(format!(
                "{option}: {}: {e} (a directory is expected)",
                folder.display()
            ))
        }),
        None if given.public_only => Ok(lines.refuse_files()),
        None => Ok(lines),
    }
}

/// Refuses cookies that cannot be sent as they are. The text is not shown, since it may be a secret.
fn check_cookie(cookie: &str) -> Result<(), CommandError> {
    let wrong = |what: &str| {
        Err(CommandError::usage(format!(
            "{}: {what}",
            name_of("cookie")
        )))
    };
    header_text::check("cookie", cookie)?;
    match HeaderValue::from_str(cookie) {
        Ok(_) => Ok(()),
        Err(_) => wrong("it holds a character that may not be sent"),
    }
}

fn limited(
    mut builder: ClientBuilder,
    arguments: &Arguments,
) -> Result<ClientBuilder, CommandError> {
    let pace = &arguments.pace;
    builder = match pace.jobs_per_host {
        JobsPerHost::Any => builder,
        JobsPerHost::Fixed(most) => builder.max_per_host(most),
        JobsPerHost::Auto => builder.max_per_host(Adaptive::new(1, pace.jobs)),
    };
    for rate in rates("rate", &pace.rate, pace.burst)? {
        builder = builder.rate(rate);
    }
    for rate in rates("rate-per-host", &pace.rate_per_host, pace.burst)? {
        builder = builder.rate_per_host(rate);
    }
    for rate in rates("rate-cost", &pace.rate_cost, None)? {
        builder = builder.rate_cost(rate);
    }
    if pace.burst.is_some() && pace.rate.is_empty() && pace.rate_per_host.is_empty() {
        return Err(CommandError::usage(format!(
            "{}: it needs --rate or --rate-per-host beside it",
            name_of("burst")
        )));
    }
    if arguments.times.breaker {
        builder = builder.breaker(BreakerSettings::default());
    }
    if let Some(statuses) = &arguments.ending.accept {
        builder = builder.accept(statuses.clone());
    }
    Ok(builder)
}

/// Sets the keys for lines of input that do not have them: those of `-X`, `-I`, `-d` and `--json`.
fn defaults(given: &RequestArguments) -> Result<InputLines, CommandError> {
    let mut lines = InputLines::new();
    let set = |lines: InputLines, option: &str, key: &str, json: &str| {
        let set = lines.default_key(key, json);
        set.map_err(|wrong| {
            let at = wrong.position().map(|at| format!(", at byte {at}"));
            let option = name_of(option);
            CommandError::usage(format!("{option}: {wrong}{}", at.unwrap_or_default()))
        })
    };
    let text = |text: &str| Value::from(text).to_string();
    if given.head || given.head_or_get {
        lines = set(lines, "head", "method", &text("HEAD"))?;
    }
    if let Some(method) = &given.request {
        let option = || name_of("request");
        Method::from_bytes(method.as_bytes()).map_err(|_| {
            CommandError::usage(format!("{}: the method is not valid: {method:?}", option()))
        })?;
        if method.eq_ignore_ascii_case(Method::CONNECT.as_str()) {
            return Err(CommandError::usage(format!(
                "{}: {method} asks for a tunnel, which is no request (--proxy opens tunnels by itself)",
                option()
            )));
        }
        lines = set(lines, "request", "method", &text(method))?;
    }
    if let Some(data) = &given.data {
        lines = match String::from_utf8(bytes_or_file("data", data)?) {
            Ok(data) => set(lines, "data", "body", &text(&data))?,
            Err(e) => {
                let base64 = STANDARD.encode(e.as_bytes());
                set(lines, "data", "body_base64", &text(&base64))?
            }
        };
        lines = read_from_file(lines, data);
    }
    if let Some(data) = &given.json {
        let json = text_or_file("json", data)?;
        // Some editors begin a file with a byte order mark.
        let trimmed = json.trim_start_matches('\u{feff}');
        lines = set(lines, "json", "json", trimmed)?;
        if trimmed.len() == json.len() {
            lines = read_from_file(lines, data);
        }
    }
    if let Some(form) = form::form(given)? {
        let option = || name_of("form");
        lines = lines
            .multipart(form)
            .map_err(|wrong| CommandError::usage(format!("{}: {wrong}", option())))?;
    }
    Ok(lines)
}

/// Names the file that the body of all lines was read from, if there is one.
fn read_from_file(lines: InputLines, data: &str) -> InputLines {
    match data.strip_prefix('@').filter(|path| *path != "-") {
        Some(path) => lines.default_body_file(path),
        None => lines,
    }
}
