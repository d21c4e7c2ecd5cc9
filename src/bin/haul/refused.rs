//! Settings that the library refuses, told in the words of the options that they come from.

use haul::{BuildError, Client, ProxySettings};

use crate::arguments::{Arguments, name_of};

/// Message about a refused setting that names the option in place of the library's setting.
pub(crate) fn in_words_of_options(error: &BuildError, arguments: &Arguments) -> String {
    let reason = error.reason();
    let (option, reason) = match error.setting() {
        "tls" => return of_tls(reason),
        "address_policy" => (
            "public-only",
            "it cannot be held behind a proxy (--proxy), which chooses the addresses by itself"
                .to_owned(),
        ),
        "timeouts" => (
            "connect-timeout",
            format!(
                "it is longer than the limit of an attempt ({}, 30s unless given)",
                name_of("max-time")
            ),
        ),
        "retry" => (
            "retry-max-time",
            "zero leaves no time for an attempt".to_owned(),
        ),
        setting => (option_of(setting), reason.to_owned()),
    };
    let option = match (option, &arguments.connection.noproxy) {
        ("proxy", Some(list)) if is_refused(list) => "noproxy",
        (option, _) => option,
    };
    format!("{}: {reason}", name_of(option))
}

/// True if a list of exceptions is refused, whatever the proxy: the library has one setting for both.
fn is_refused(exceptions: &str) -> bool {
    let proxy = ProxySettings::none().except(exceptions);
    Client::builder().proxy(proxy).build().is_err()
}

/// The option that sets this and nothing else.
fn option_of(setting: &str) -> &str {
    match setting {
        "workers" => "jobs",
        "max_per_host" => "jobs-per-host",
        "rate_per_host" => "rate-per-host",
        "basic_auth" => "user",
        "base_url" => "base-url",
        "user_agent" => "user-agent",
        "without_header" => "header",
        same => same,
    }
}

/// Each file of a TLS setting stands behind the name of its method.
fn of_tls(reason: &str) -> String {
    let (setting, rest) = reason.split_once(": ").unwrap_or(("", reason));
    let option = match setting {
        "ca_file" => "cacert",
        "client_cert" => "cert",
        "client_key" => "key",
        _ => return reason.to_owned(),
    };
    format!("{}: {rest}", name_of(option))
}
