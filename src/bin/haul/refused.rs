//! Messages about settings that the library refuses, with the names of the options that they come from.

use haul::{BuildError, Client, ProxySettings};

use crate::arguments::{Arguments, name_of};

/// Message about a refused setting that names the option in place of the library's setting.
pub(crate) fn in_words_of_options(error: &BuildError, arguments: &Arguments) -> String {
    let reason = error.reason();
    let (option, reason) = match error.setting() {
        "tls" => return of_tls(reason),
        "oauth2" => return of_oauth2(reason),
        "address_policy" => (
            "public-only",
            "it cannot be held behind a proxy (--proxy, --proxy-from-env), which chooses the addresses by itself"
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
        ("proxy", _) if arguments.connection.proxy_from_env => "proxy-from-env",
        (option, _) => option,
    };
    format!("{}: {reason}", name_of(option))
}

/// True if a list of exceptions is refused, whatever the proxy: the library has one setting for both.
fn is_refused(exceptions: &str) -> bool {
    let proxy = ProxySettings::none().except(exceptions);
    Client::builder().proxy(proxy).build().is_err()
}

/// Returns the option that sets only this setting.
fn option_of(setting: &str) -> &str {
    match setting {
        "workers" => "jobs",
        "max_per_host" => "jobs-per-host",
        "rate_per_host" => "rate-per-host",
        "basic_auth" | "digest_auth" => "user",
        "rate_cost" => "rate-cost",
        "base_url" => "base-url",
        "user_agent" => "user-agent",
        "without_header" => "header",
        "netrc_file" => "netrc-file",
        "local_address" => "interface",
        same => same,
    }
}

/// Makes the message about an OAuth 2 login. The library's reason begins with the name of the setting.
fn of_oauth2(reason: &str) -> String {
    let (setting, rest) = reason.split_once(": ").unwrap_or(("", reason));
    let option = match setting {
        "token_url" => "oauth2-url",
        "id" => "oauth2-id",
        "secret" => "oauth2-secret",
        "param" => "oauth2-param",
        _ => return reason.to_owned(),
    };
    format!("{}: {rest}", name_of(option))
}

/// Makes the message about a TLS setting. The library's reason begins with the name of the method that sets the file.
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
