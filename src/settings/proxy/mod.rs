//! Proxies, and the requests that go through each.

mod environment;
mod except;

use std::fmt;
use std::sync::Arc;

use percent_encoding::percent_decode_str;

use self::except::{Exception, exceptions};
use super::basic;
use crate::redact::unreadable;
use crate::url;

/// Proxies for a client's requests.
///
/// The default is none, even if the environment names some; [`from_env`](ProxySettings::from_env) reads it.
///
/// A proxy is a URL, `http://user:password@proxy.example:3128`: its scheme `http`, `https` (TLS to the proxy) or, with
/// the feature `socks`, `socks5` (also written `socks5h`); without a scheme it is `http`. The port is by default 80,
/// 443 or 1080. User and password are percent-encoded, and are never shown.
///
/// Requests to `https` servers go through a tunnel (`CONNECT`, RFC 9110 §9.3.6), those to `http` servers are given to
/// the proxy in absolute form (RFC 9112 §3.2.2); SOCKS5 is a tunnel for both. In each case the proxy resolves the names
/// of servers; the client resolves only the proxy's. A failure at the proxy is of class
/// [`Proxy`](crate::ErrorType::Proxy): the request is tried again unless the proxy has refused it (a 407 or another
/// 4xx). The remote address of an outcome is then the proxy's.
///
/// ```no_run
/// use haul::{Client, ProxySettings};
///
/// let client = Client::builder().proxy("http://proxy.example:3128").build()?;
/// let client = Client::builder().proxy(ProxySettings::from_env()).build()?;
/// let client = Client::builder()
///     .proxy(ProxySettings::all("socks5://proxy.example").except("localhost, .internal, 10.0.0.0/8"))
///     .build()?;
/// # Ok::<(), haul::BuildError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[doc(alias = "proxies")]
#[must_use = "settings hold for the client they are given to with `ClientBuilder::proxy`"]
pub struct ProxySettings {
    http: Option<Arc<ProxyServer>>,
    https: Option<Arc<ProxyServer>>,
    except: Vec<Exception>,
    /// Error of a setting, which building the client returns. `None`: no error.
    first_error: Option<String>,
}

/// Proxy server.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ProxyServer {
    pub(crate) kind: ProxyKind,
    /// Host name or address; IPv6 without brackets.
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) credentials: Option<Credentials>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ProxyKind {
    Http,
    Https,
    Socks5,
}

/// User and password for a proxy. There is no `Debug`, so that no other `Debug` shows them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Credentials {
    pub(crate) user: Vec<u8>,
    pub(crate) password: Vec<u8>,
}

impl ProxySettings {
    /// Uses no proxy for any request.
    pub fn none() -> ProxySettings {
        ProxySettings::default()
    }

    /// Uses a single proxy for all requests (curl's `-x`).
    pub fn all(url: impl AsRef<str>) -> ProxySettings {
        ProxySettings::none().http(url.as_ref()).https(url.as_ref())
    }

    /// Sets the proxy of requests to `http` servers.
    pub fn http(mut self, url: impl AsRef<str>) -> ProxySettings {
        self.http = self.server(url.as_ref());
        self
    }

    /// Sets the proxy of requests to `https` servers.
    pub fn https(mut self, url: impl AsRef<str>) -> ProxySettings {
        self.https = self.server(url.as_ref());
        self
    }

    /// Adds servers that are reached without a proxy, as in curl's `--noproxy`.
    ///
    /// Entries are separated by commas or blanks: a name stands for itself and all names below it, with or without a
    /// dot in front; an address for itself; `10.0.0.0/8` for a network; `*` for all. With a port (`example.com:8443`,
    /// `[::1]:80`) an entry stands for that port alone. Several calls add up.
    #[doc(alias = "no_proxy")]
    #[doc(alias = "noproxy")]
    pub fn except(mut self, list: impl AsRef<str>) -> ProxySettings {
        match exceptions(list.as_ref()) {
            Ok(more) => self.except.extend(more),
            Err(reason) => self.keep_first_error(reason),
        }
        self
    }

    /// Reads the settings from the environment, once, in this call.
    ///
    /// The variables are `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` for the rest, `NO_PROXY` for
    /// [exceptions](ProxySettings::except). Each is also read in lower case, which counts first, even if it is empty.
    /// Under CGI (`REQUEST_METHOD` is set) the upper-case `HTTP_PROXY` is left out: there it is a header that any
    /// client can send.
    #[doc(alias = "trust_env")]
    pub fn from_env() -> ProxySettings {
        environment::read(|name| std::env::var_os(name))
    }

    fn server(&mut self, url: &str) -> Option<Arc<ProxyServer>> {
        match parse(url) {
            Ok(server) => Some(Arc::new(server)),
            Err(reason) => {
                self.keep_first_error(reason);
                None
            }
        }
    }

    fn keep_first_error(&mut self, reason: String) {
        self.first_error.get_or_insert(reason);
    }

    /// Returns the error of a setting, if there is one.
    pub(crate) fn check(&self) -> Result<(), String> {
        match &self.first_error {
            Some(reason) => Err(reason.clone()),
            None => Ok(()),
        }
    }

    /// Returns all proxies that are set.
    pub(crate) fn servers(&self) -> impl Iterator<Item = &ProxyServer> {
        [&self.http, &self.https]
            .into_iter()
            .flatten()
            .map(|s| &**s)
    }

    /// Returns the proxy of a server, whose name is as the URL has it, IPv6 without brackets. `None`: no proxy.
    pub(crate) fn of(&self, tls: bool, name: &str, port: u16) -> Option<&Arc<ProxyServer>> {
        let server = if tls { &self.https } else { &self.http };
        let server = server.as_ref()?;
        let except = self.except.iter().any(|e| e.holds(name, port));
        (!except).then_some(server)
    }
}

impl From<&str> for ProxySettings {
    fn from(url: &str) -> ProxySettings {
        ProxySettings::all(url)
    }
}

impl From<String> for ProxySettings {
    fn from(url: String) -> ProxySettings {
        ProxySettings::all(url)
    }
}

impl fmt::Display for ProxyServer {
    /// Writes name and port, and nothing secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}

impl fmt::Debug for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self})", self.kind)
    }
}

fn parse(text: &str) -> Result<ProxyServer, String> {
    let text = text.trim();
    let wrong = |why: &str| format!("{:?} is no proxy: {why}", unreadable(text));
    if text.contains(['\r', '\n', '\0']) {
        return Err(wrong("it holds a line break or a NUL"));
    }
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let (kind, default) = match &*scheme.to_ascii_lowercase() {
        "http" => (ProxyKind::Http, 80),
        "https" => (ProxyKind::Https, 443),
        "socks5" | "socks5h" => (ProxyKind::Socks5, 1080),
        _ => return Err(wrong("its scheme is none of http, https, socks5")),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (userinfo, place) = match authority.rsplit_once('@') {
        Some((userinfo, place)) => (Some(userinfo), place),
        None => (None, authority),
    };
    if !matches!(path, "" | "/") || place.contains('\\') {
        return Err(wrong("it has a path (a / in a password is written %2F)"));
    }
    let parsed = |scheme: &str| url::parse(&format!("{scheme}://{place}/"));
    let server = parsed("http").map_err(|why| wrong(&why.reason))?.host();
    let server = server.ok_or_else(|| wrong("the URL has no host"))?;
    // A parsed URL leaves out the default port of its scheme, but one of the two schemes has another default.
    let port = |scheme| parsed(scheme).ok()?.uri().port_u16();
    let credentials = userinfo.map(credentials).filter(|c| !c.is_empty());
    if let Some(credentials) = &credentials {
        credentials.check(kind).map_err(wrong)?;
    }
    Ok(ProxyServer {
        kind,
        name: server.bare_name().to_owned(),
        port: port("http").or(port("https")).unwrap_or(default),
        credentials,
    })
}

fn credentials(userinfo: &str) -> Credentials {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    Credentials {
        user: percent_decode_str(user).collect(),
        password: percent_decode_str(password).collect(),
    }
}

impl Credentials {
    fn is_empty(&self) -> bool {
        self.user.is_empty() && self.password.is_empty()
    }

    fn check(&self, kind: ProxyKind) -> Result<(), &'static str> {
        basic::check([&self.user, &self.password])?;
        let fits = |part: &[u8]| (1..=255).contains(&part.len());
        match kind {
            ProxyKind::Socks5 if !fits(&self.user) || !fits(&self.password) => {
                Err("SOCKS5 takes user and password of 1 to 255 bytes each (RFC 1929)")
            }
            ProxyKind::Http | ProxyKind::Https if self.user.contains(&b':') => {
                Err("a user with a colon cannot be sent (RFC 7617 §2)")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
