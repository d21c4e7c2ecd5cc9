//! Hosts that a batch has met, so that few of its URLs have to be parsed.

use std::collections::HashMap;
use std::sync::Arc;

use crate::host::Host;
use crate::url::{Url, UrlPrefix};

/// Upper bound for the number of remembered hosts: about four megabytes. Parsing a URL of a host that is not remembered takes
/// a third of the work of a request.
const MOST: usize = 16 * 1024;

/// Hosts of the URLs that were parsed, by the text that their URLs begin with.
#[derive(Default)]
pub(super) struct KnownHosts {
    /// Host met last, checked first, since lists are mostly sorted by host. `None`: no host was met.
    last: Option<(UrlPrefix, Host)>,
    all: HashMap<Arc<str>, (UrlPrefix, Host)>,
}

impl KnownHosts {
    /// Returns the URL of this text and its host, if the text begins as a URL that was parsed before and the rest needs
    /// no parser. `None`: the text has to be parsed.
    pub(super) fn find(&mut self, text: &Arc<str>) -> Option<(Url, Host)> {
        if let Some((front, host)) = &self.last
            && let Some(url) = front.known(text)
        {
            return Some((url, host.clone()));
        }
        let met = self.all.get(UrlPrefix::candidate(text)?)?;
        let (front, host) = self.last.insert(met.clone());
        Some((front.known(text)?, host.clone()))
    }

    /// Returns the host of a parsed URL, and remembers it. `None`: the URL has no host.
    pub(super) fn host_of(&mut self, url: &Url) -> Option<Host> {
        if let Some((front, host)) = &self.last
            && front.is_of(url)
        {
            return Some(host.clone());
        }
        let Some(front) = UrlPrefix::of(url) else {
            return url.host();
        };
        let met = match self.all.get(front.as_str()) {
            Some(met) => met.clone(),
            None => {
                let met = (front.clone(), url.host()?);
                if self.all.len() < MOST {
                    self.all.insert(front.shared(), met.clone());
                }
                met
            }
        };
        Some(self.last.insert(met).1.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::parse;

    fn find(known: &mut KnownHosts, text: &str) -> Option<String> {
        let (url, host) = known.find(&text.into())?;
        assert_eq!(
            (&url, Some(&host)),
            (&parse(text).unwrap(), url.host().as_ref())
        );
        Some(host.to_string())
    }

    #[test]
    fn a_host_is_known_once_a_url_of_it_was_parsed() {
        let mut known = KnownHosts::default();
        assert_eq!(find(&mut known, "http://a/1"), None);
        for url in [
            "http://a/1",
            "HTTPS://b:443/",
            "http://c:81",
            "http://u:p@d/",
        ] {
            let url = parse(url).unwrap();
            assert_eq!(known.host_of(&url), url.host());
        }
        for (text, expected) in [
            ("http://a/2", Some("http://a:80")),
            ("https://b/2", Some("https://b:443")),
            ("http://a/3", Some("http://a:80")),
            ("http://a/3 4", None),
            ("http://c:81/2", Some("http://c:81")),
            ("http://b/2", None),
            ("http://c/2", None),
            ("http://d/", None),
            ("http://a", None),
        ] {
            assert_eq!(find(&mut known, text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn known_hosts_are_bounded_in_number() {
        let mut known = KnownHosts::default();
        for n in 0..=MOST {
            known.host_of(&parse(&format!("http://h{n}/")).unwrap());
        }
        assert_eq!(known.all.len(), MOST);
        assert!(find(&mut known, &format!("http://h{MOST}/1")).is_some());
        assert!(find(&mut known, "http://h0/1").is_some());
        assert!(find(&mut known, &format!("http://h{MOST}/1")).is_none());
    }
}
