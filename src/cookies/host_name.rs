//! Names of hosts in the form in which cookies compare them.

use std::net::Ipv6Addr;

use http::Uri;
use url::{Host, Url};

/// Returns the URL of a URI, whose host is in the form in which cookies compare it. `None`: it has no host.
///
/// Names are in lower case, international ones in their ASCII form, and addresses in their shortest form. A dot at the
/// end of a name is left out: `example.com.` is the same host.
pub(super) fn url_of(uri: &Uri) -> Option<Url> {
    let mut url: Url = uri.to_string().parse().ok()?;
    let host = url.host_str()?;
    if let Some(name) = host.strip_suffix('.') {
        let name = name.to_owned();
        url.set_host(Some(&name)).ok()?;
    }
    Some(url)
}

/// Returns a name, as a file of cookies has it, in the form in which cookies compare it.
pub(super) fn compared(name: &str) -> String {
    let bare = name.trim_matches(['[', ']']);
    if let Ok(address) = bare.parse::<Ipv6Addr>() {
        return format!("[{address}]");
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    match Host::parse(name) {
        Ok(host) => host.to_string(),
        Err(_) => name.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_and_of_urls_come_to_one_form() {
        for (name, url) in [
            ("::1", "http://[::1]:8080/"),
            ("[::1]", "http://[0:0:0:0:0:0:0:1]/"),
            ("[2001:DB8::1]", "http://[2001:db8:0::1]/"),
            ("127.0.0.1", "http://127.0.0.1:81/"),
            ("Example.COM", "http://eXample.com/"),
            ("example.com.", "http://example.com:80/"),
            ("example.com", "http://example.com./"),
            ("b\u{fc}cher.example", "http://xn--bcher-kva.example/"),
        ] {
            let uri: Uri = url.parse().unwrap();
            let url = url_of(&uri).unwrap();
            assert_eq!(Some(&*compared(name)), url.host_str(), "{name}");
        }
    }
}
