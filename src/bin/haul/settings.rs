//! The client the arguments ask for.

use std::fs;

use haul::http::{HeaderName, Method};
use haul::{BreakerSettings, Client, RetryPolicy, Timeouts};
use serde_json::{Map, Value};

use crate::arguments::Arguments;
use crate::failure::Failure;

/// What every request begins with.
pub(crate) struct Settings {
    pub(crate) client: Client,
    /// Keys of input lines that say nothing else.
    pub(crate) defaults: Map<String, Value>,
    /// Headers every request leaves out.
    pub(crate) without: Vec<String>,
}

pub(crate) fn settings(arguments: &Arguments) -> Result<Settings, Failure> {
    let mut retry = RetryPolicy::default()
        .max_attempts(arguments.retry.saturating_add(1))
        .backoff(
            arguments.retry_delay,
            arguments.retry_max_delay.max(arguments.retry_delay),
        )
        .retry_after_max(arguments.retry_after_max)
        .respect_retry_after(!arguments.no_retry_after);
    if let Some(statuses) = &arguments.retry_on {
        retry = retry.retry_statuses(statuses.clone());
    }
    if arguments.retry_all_methods {
        retry = retry.retry_all_methods();
    }
    if let Some(limit) = arguments.retry_max_time {
        retry = retry.deadline(limit);
    }
    let connect = match arguments.max_time {
        limit if limit.is_zero() => arguments.connect_timeout,
        limit => arguments.connect_timeout.min(limit),
    };
    let mut builder = Client::builder()
        .workers(arguments.jobs)
        .timeouts(Timeouts::new().attempt(arguments.max_time).connect(connect))
        .retry(retry)
        .max_redirects(arguments.max_redirs)
        .body_limit(arguments.max_filesize)
        .expect_json(arguments.expect_json);
    if arguments.jobs_per_host > 0 {
        builder = builder.max_per_host(arguments.jobs_per_host);
    }
    if let Some(rate) = arguments.rate {
        builder = builder.rate(rate);
    }
    if let Some(rate) = arguments.rate_per_host {
        builder = builder.rate_per_host(rate);
    }
    if arguments.breaker {
        builder = builder.breaker(BreakerSettings::default());
    }
    if let Some(statuses) = &arguments.accept {
        builder = builder.accept(statuses.clone());
    }
    for (pointer, value) in &arguments.require {
        builder = builder.require(pointer, value.clone());
    }
    if let Some(url) = &arguments.base_url {
        builder = builder.base_url(url);
    }
    for (name, value) in &arguments.url_query {
        builder = builder.query(name, value);
    }
    if let Some(name) = &arguments.user_agent {
        builder = builder.user_agent(name);
    }
    if let Some(cookie) = &arguments.cookie {
        builder = builder.header("cookie", cookie);
    }
    if let Some(user) = &arguments.user {
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        builder = builder.basic_auth(user, password);
    }
    if let Some(token) = &arguments.bearer {
        builder = builder.bearer(text_or_file("--bearer", token)?.trim());
    }
    let mut without = Vec::new();
    for header in headers(&arguments.headers)? {
        match header.split_once(':') {
            Some((name, "")) => {
                HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| {
                    Failure::usage(format!("--header: the name {name:?} is not valid"))
                })?;
                without.push(name.trim().to_owned());
            }
            Some((name, value)) => builder = builder.header(name.trim(), value.trim()),
            // The value is not shown: it may be a secret.
            None => {
                return Err(Failure::usage(
                    "--header: 'NAME: VALUE' is expected, or 'NAME:' to remove one",
                ));
            }
        }
    }
    let client = builder.build().map_err(|e| Failure::usage(e.to_string()))?;
    Ok(Settings {
        client,
        defaults: defaults(arguments)?,
        without,
    })
}

/// The headers given, those in files too.
fn headers(given: &[String]) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for header in given {
        if header.starts_with('@') {
            let list = text_or_file("--header", header)?;
            let lines = list.lines().map(str::trim).filter(|line| !line.is_empty());
            all.extend(lines.map(str::to_owned));
        } else {
            all.push(header.clone());
        }
    }
    Ok(all)
}

fn defaults(arguments: &Arguments) -> Result<Map<String, Value>, Failure> {
    let mut defaults = Map::new();
    if let Some(method) = &arguments.request {
        Method::from_bytes(method.as_bytes()).map_err(|_| {
            Failure::usage(format!("--request: the method {method:?} is not valid"))
        })?;
        defaults.insert("method".to_owned(), method.as_str().into());
    }
    if let Some(data) = &arguments.data {
        defaults.insert("body".to_owned(), text_or_file("--data", data)?.into());
    }
    if let Some(json) = &arguments.json {
        let text = text_or_file("--json", json)?;
        let value = serde_json::from_str(&text)
            .map_err(|e| Failure::usage(format!("--json: not JSON: {e}")))?;
        defaults.insert("json".to_owned(), value);
    }
    Ok(defaults)
}

/// The text itself, or after `@` that of a file.
fn text_or_file(option: &str, text: &str) -> Result<String, Failure> {
    match text.strip_prefix('@') {
        None => Ok(text.to_owned()),
        Some(path) => {
            fs::read_to_string(path).map_err(|e| Failure::usage(format!("{option}: {path}: {e}")))
        }
    }
}
