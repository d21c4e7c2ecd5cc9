//! Proxies from the environment, by the rules that curl and requests share.

use std::ffi::OsString;

use super::ProxySettings;

/// Reads the variables; `get` returns the value of one.
pub(super) fn read(get: impl Fn(&str) -> Option<OsString>) -> ProxySettings {
    let mut settings = ProxySettings::none();
    let mut found = |lower: &str, upper: Option<&str>| {
        // The lower-case variable counts first, even if it is empty: an empty value turns a proxy off.
        let names = [Some(lower), upper];
        let (name, value) = names
            .into_iter()
            .flatten()
            .find_map(|name| get(name).map(|value| (name.to_owned(), value)))?;
        match value.into_string() {
            Ok(value) => (!value.trim().is_empty()).then_some((name, value)),
            Err(_) => {
                settings.keep_first_error(format!("{name} in the environment is not Unicode"));
                None
            }
        }
    };
    // Under CGI a header `Proxy:` of the request arrives as HTTP_PROXY.
    let cgi = get("REQUEST_METHOD").is_some();
    let http = found("http_proxy", (!cgi).then_some("HTTP_PROXY"));
    let https = found("https_proxy", Some("HTTPS_PROXY"));
    let all = found("all_proxy", Some("ALL_PROXY"));
    let except = found("no_proxy", Some("NO_PROXY"));
    if let Some((name, url)) = http.or_else(|| all.clone()) {
        settings = settings.named(&name, |settings| settings.http(url));
    }
    if let Some((name, url)) = https.or(all) {
        settings = settings.named(&name, |settings| settings.https(url));
    }
    if let Some((name, list)) = except {
        settings = settings.named(&name, |settings| settings.except(list));
    }
    settings
}

impl ProxySettings {
    /// Applies `change`. An error in it is reported with the name of the variable.
    fn named(self, name: &str, change: impl FnOnce(ProxySettings) -> ProxySettings) -> Self {
        if self.first_error.is_some() {
            return self;
        }
        let mut changed = change(self);
        if let Some(reason) = &mut changed.first_error {
            *reason = format!("{name} in the environment: {reason}");
        }
        changed
    }
}
