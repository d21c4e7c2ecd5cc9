//! Cookies by the site they belong to, so that finding a host's cookies is quick however many hosts there are.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;

use cookie_store::{Cookie, CookieDomain, CookieError, CookieStore, RawCookie};

use http::Uri;
use url::Url;

use super::host_name::{compared, url_of};

/// Upper bound for a cookie in bytes, attributes included (RFC 6265 §6.1 asks for at least that).
const LONGEST: usize = 4096;
const MOST_PER_SITE: usize = 200;
const MOST_SITES: usize = 50_000;

#[derive(Clone, Default)]
pub(super) struct Sites(HashMap<String, CookieStore>);

impl Sites {
    /// Keeps a cookie that this URI has set, or removes the cookie that it says has expired. The error is the reason
    /// why not.
    pub(super) fn store(&mut self, text: &str, uri: &Uri) -> Result<(), &'static str> {
        if text.len() > LONGEST {
            return Err("it is longer than 4096 bytes");
        }
        self.store_of_any_length(text, uri)
    }

    /// Keeps a cookie of a file, whose attributes do not count.
    pub(super) fn store_of_file(&mut self, text: &str, uri: &Uri) -> Result<(), &'static str> {
        match text.split(';').next() {
            Some(pair) if pair.len() > LONGEST => Err("it is longer than 4096 bytes"),
            _ => self.store_of_any_length(text, uri),
        }
    }

    fn store_of_any_length(&mut self, text: &str, uri: &Uri) -> Result<(), &'static str> {
        let url = url_of(uri).ok_or("the URL has no host")?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut cookie = parse(text, uri, &url).map_err(|e| said(&e))?;
        if let CookieDomain::Suffix(domain) = &cookie.domain
            && is_public(domain)
        {
            if *domain != host {
                return Err("it is for a public suffix");
            }
            cookie.domain = CookieDomain::HostOnly(host.clone());
        }
        let site = site(&host);
        if self.0.len() >= MOST_SITES && !self.0.contains_key(&site) {
            return Err("the jar is full");
        }
        let store = self.0.entry(site).or_default();
        let known = store.iter_any().any(|old| {
            (old.name(), &old.domain, &old.path) == (cookie.name(), &cookie.domain, &cookie.path)
        });
        if !known && store.iter_any().count() >= MOST_PER_SITE {
            return Err("there are 200 of its site");
        }
        let (name, path) = (cookie.name().to_owned(), String::from(&cookie.path));
        let domain = String::from(&cookie.domain);
        match store.insert(cookie, &url) {
            Ok(cookie_store::StoreAction::ExpiredExisting) => {
                store.remove(&domain, &path, &name);
                Ok(())
            }
            // The cookie has expired, and was not in the store.
            Ok(_) | Err(CookieError::Expired) => Ok(()),
            Err(e) => Err(said(&e)),
        }
    }

    /// Returns names and values of the cookies for a URI, those with the longest paths first (RFC 6265 §5.4).
    pub(super) fn matching(&self, uri: &Uri) -> Vec<(String, String)> {
        let found = || {
            let url = url_of(uri)?;
            let store = self.0.get(&site(url.host_str()?))?;
            let mut cookies = store.matches(&url);
            cookies.sort_by_key(|c| (Reverse(String::from(&c.path).len()), c.name().to_owned()));
            let pair = |c: &Cookie<'_>| (c.name().to_owned(), c.value().to_owned());
            Some(cookies.into_iter().map(pair).collect())
        };
        found().unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.iter().count()
    }

    /// Returns all cookies that have not expired.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Cookie<'static>> {
        self.0.values().flat_map(CookieStore::iter_unexpired)
    }

    /// Makes the sites of the cookies of a file.
    pub(super) fn of(cookies: Vec<Cookie<'static>>) -> Sites {
        let mut by_site: HashMap<String, Vec<_>> = HashMap::new();
        for mut cookie in cookies {
            if let CookieDomain::HostOnly(name) | CookieDomain::Suffix(name) = &mut cookie.domain {
                *name = compared(name);
            }
            let site = site(&String::from(&cookie.domain));
            by_site.entry(site).or_default().push(Ok(cookie));
        }
        let store = |cookies| match CookieStore::from_cookies::<_, std::convert::Infallible>(
            cookies, false,
        ) {
            Ok(store) => store,
            Err(never) => match never {},
        };
        let stores = by_site.into_iter().map(|(site, all)| (site, store(all)));
        Sites(stores.collect())
    }
}

/// Reads a cookie that this URI sets. `url`: the URI with its host in the form in which cookies compare it.
///
/// A dot at the end of a `Domain` makes it another name than that of a host without one, so that the cookie is refused
/// (RFC 6265 §5.1.3). For a host with a dot at its end it is left out on both sides.
fn parse(text: &str, uri: &Uri, url: &Url) -> Result<Cookie<'static>, CookieError> {
    let mut cookie = RawCookie::parse(text.to_owned())?;
    let has_dot = uri.host().is_some_and(|host| host.ends_with('.'));
    let domain = cookie.domain().filter(|_| has_dot);
    if let Some(name) = domain.and_then(|domain| domain.strip_suffix('.')) {
        let name = name.to_owned();
        cookie.set_domain(name);
    }
    Cookie::try_from_raw_cookie(&cookie, url).map(Cookie::into_owned)
}

fn said(error: &CookieError) -> &'static str {
    match error {
        CookieError::DomainMismatch => "its domain is another one",
        CookieError::UnspecifiedDomain => "its domain is empty",
        _ => "it is not valid",
    }
}

/// Returns the site of a host, the largest domain within which it may share cookies: the registered domain, or the host
/// alone if it is an address.
fn site(host: &str) -> String {
    let alone = is_address(host);
    let domain = psl::domain_str(host).filter(|_| !alone);
    domain.unwrap_or(host).to_owned()
}

/// True if the whole domain is a public suffix: `com`, `co.uk`, `github.io`.
fn is_public(domain: &str) -> bool {
    !is_address(domain) && psl::suffix_str(domain) == Some(domain)
}

/// True if the host is an IP address. One of version 6 is in brackets.
fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<IpAddr>().is_ok()
}
