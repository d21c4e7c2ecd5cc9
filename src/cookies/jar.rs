//! The jar of cookies that requests share.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::redact::Redaction;
use crate::redact::escape::log_line;
use crate::url;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Uri};

use super::file;
use super::netscape;
use super::sites::Sites;

/// Cookies (RFC 6265), shared by all requests that are given the jar.
///
/// Cookies that a response sets go with later requests that they apply to, on every hop of a redirect.
///
/// Clones are the same jar; [`fork`](CookieJar::fork) makes a separate one. The jar's lock is held for moments, never
/// while anything is sent or read. A cookie for a public suffix (`Domain=co.uk`) is refused. The jar keeps at most 200
/// cookies of up to 4 KiB for one site, and at most 50,000 sites; cookies beyond that are not taken.
///
/// ```
/// use haul::cookies::CookieJar;
/// use haul::Client;
///
/// let jar = CookieJar::new();
/// jar.set("https://example.com/", "session=abc; Path=/; Secure")?;
/// let client = Client::builder().cookies(jar.clone()).build()?;
/// assert_eq!(jar.get("https://example.com/account", "session").as_deref(), Some("abc"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Feature `cookies`.
#[derive(Clone, Default)]
#[doc(alias = "cookiejar")]
#[doc(alias = "Session.cookies")]
pub struct CookieJar(Arc<Mutex<Sites>>);

/// Error for a cookie that the jar does not take. The cookie's value is not shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cookie for {url}: {reason}")]
pub struct InvalidCookie {
    url: String,
    reason: String,
}

impl CookieJar {
    /// Makes an empty jar.
    pub fn new() -> CookieJar {
        CookieJar::default()
    }

    /// Loads the cookies of a file that [`save`](CookieJar::save) wrote, without those that have expired.
    ///
    /// # Errors
    /// When the file cannot be read, or a line is no cookie; the error names the path and the line, and shows nothing
    /// of it.
    pub fn load(path: impl AsRef<Path>) -> io::Result<CookieJar> {
        let sites = file::load(path.as_ref())?;
        Ok(CookieJar(Arc::new(Mutex::new(sites))))
    }

    /// Writes all cookies that have not expired to a file, session cookies too: JSON, one on each line.
    ///
    /// The file is put in place whole, and only its owner may read it.
    ///
    /// # Errors
    /// When the file cannot be written; the error names the path.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        // The text is made under the lock and written without it.
        let text = file::text(&self.sites())?;
        file::save(path.as_ref(), text.as_bytes())
    }

    /// Adds the cookies of a file in Netscape's format, without those that have expired.
    ///
    /// That is the format of curl's `-b` and `-c`, of exports of browsers and of Python's `MozillaCookieJar`: seven
    /// fields with a tab between, `#HttpOnly_` before a cookie that scripts may not read, and 0 as the expiry of a
    /// cookie of the session. Cookies of the same name, domain and path are replaced.
    ///
    /// # Errors
    /// When the file cannot be read, or a line is no cookie; the error names the path and the line, and shows nothing
    /// of it. Then no cookie is added.
    pub fn add_netscape(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let cookies = netscape::load(path)?;
        let mut added = self.sites().clone();
        for cookie in cookies {
            let stored = added.store_of_file(&cookie.set_cookie, &cookie.uri);
            stored.map_err(|reason| netscape::bad_line(path, cookie.line, reason))?;
        }
        let before = std::mem::replace(&mut *self.sites(), added);
        drop(before);
        Ok(())
    }

    /// Writes all cookies that have not expired in Netscape's format, session cookies too.
    ///
    /// The file is put in place whole, and only its owner may read it. [`add_netscape`](CookieJar::add_netscape) reads
    /// it, and so does curl.
    ///
    /// ```
    /// use haul::cookies::CookieJar;
    ///
    /// # let path = std::env::temp_dir().join(format!("haul-doc-{}-cookies.txt", std::process::id()));
    /// let jar = CookieJar::new();
    /// jar.set("https://example.com/", "session=abc; Path=/; Secure")?;
    /// jar.save_netscape(&path)?;
    /// let again = CookieJar::new();
    /// again.add_netscape(&path)?;
    /// assert_eq!(again.to_netscape(), jar.to_netscape());
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the file cannot be written; the error names the path.
    pub fn save_netscape(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let text = self.to_netscape();
        file::save(path.as_ref(), text.as_bytes())
    }

    /// Returns all cookies that have not expired, as the text of a file in Netscape's format.
    #[must_use]
    pub fn to_netscape(&self) -> String {
        netscape::text(&self.sites())
    }

    /// True if the other jar is a clone of this one.
    pub(crate) fn is_same(&self, other: &CookieJar) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Makes a separate jar with the same cookies.
    #[must_use = "the jar itself stays as it is"]
    pub fn fork(&self) -> CookieJar {
        let copy = self.sites().clone();
        CookieJar(Arc::new(Mutex::new(copy)))
    }

    /// Adds a cookie, written as in a `Set-Cookie`, as if this URL had set it.
    ///
    /// # Errors
    /// When the URL or the cookie is not valid, or the cookie is for another domain or a public suffix.
    pub fn set(&self, url: &str, cookie: &str) -> Result<(), InvalidCookie> {
        let invalid = |reason: String| InvalidCookie {
            url: Redaction::USUAL.url(url),
            reason,
        };
        let url = url::parse(url).map_err(|mistake| invalid(mistake.to_string()))?;
        let stored = self.sites().store(cookie, url.uri());
        stored.map_err(|reason| invalid(reason.to_owned()))
    }

    /// Returns the value of the cookie of this name that a request to this URL would send.
    ///
    /// `None`: there is none.
    pub fn get(&self, url: &str, name: &str) -> Option<String> {
        let url = url::parse(url).ok()?;
        let mut found = self.sites().matching(url.uri()).into_iter();
        found.find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// Number of cookies that have not expired.
    pub fn len(&self) -> usize {
        self.sites().len()
    }

    /// True if there are no cookies but expired ones.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes all cookies.
    pub fn clear(&self) {
        let before = std::mem::take(&mut *self.sites());
        drop(before);
    }

    /// Returns the headers with the cookies for this URI added. `None`: there are none. The request's own cookies go
    /// first, and the jar's cookies of the same names are left out.
    pub(crate) fn added_to(&self, headers: &HeaderMap, uri: &Uri) -> Option<HeaderMap> {
        let cookies = self.sites().matching(uri);
        if cookies.is_empty() {
            return None;
        }
        let own = headers.get_all(COOKIE).iter();
        let mut parts: Vec<Vec<u8>> = own.map(|value| value.as_bytes().to_vec()).collect();
        let named = |name: &str| {
            let pairs = parts.iter().flat_map(|part| part.split(|b| *b == b';'));
            let mut names = pairs.map(|pair| {
                let end = pair.iter().position(|b| *b == b'=');
                pair[..end.unwrap_or(pair.len())].trim_ascii()
            });
            names.any(|own| own == name.as_bytes())
        };
        let added: Vec<_> = cookies
            .into_iter()
            .filter(|(name, _)| !named(name))
            .map(|(name, value)| format!("{name}={value}").into_bytes())
            .collect();
        if added.is_empty() {
            return None;
        }
        parts.extend(added);
        let mut value = HeaderValue::from_bytes(&parts.join(&b"; "[..])).ok()?;
        value.set_sensitive(true);
        let mut headers = headers.clone();
        headers.insert(COOKIE, value);
        Some(headers)
    }

    /// Keeps the cookies that a response sets.
    pub(crate) fn take_from(&self, headers: &HeaderMap, uri: &Uri) {
        if !headers.contains_key(SET_COOKIE) {
            return;
        }
        let mut refused = Vec::new();
        let mut sites = self.sites();
        for value in headers.get_all(SET_COOKIE) {
            let stored = match std::str::from_utf8(value.as_bytes()) {
                Ok(text) => sites.store(text, uri),
                Err(_) => Err("it is not UTF-8"),
            };
            refused.extend(stored.err());
        }
        drop(sites);
        for reason in refused {
            let host = uri.host().unwrap_or_default();
            log_line!(Debug, "{host}: a cookie is not kept: {reason}");
        }
    }

    fn sites(&self) -> MutexGuard<'_, Sites> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows the number of cookies, and none of them.
impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CookieJar({} cookies)", self.len())
    }
}
