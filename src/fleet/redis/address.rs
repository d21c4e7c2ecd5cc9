//! Address of a server, as a URL gives it.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use url::{Host as UrlHost, Url};

/// Port of a URL that names none.
const PORT: u16 = 6379;

/// Way to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Tcp { host: String, port: u16 },
    Tls { host: String, port: u16 },
    Unix(PathBuf),
}

/// Reason why a text is not the address of a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("not a URL of a server (redis://HOST:6379/0, rediss://HOST:6379/0 or unix:///PATH)")]
    NoUrl,
    #[error("it holds a password")]
    HoldsPassword,
    #[error("{0}: not encrypted, and not on this machine (use rediss://)")]
    NotEncrypted(String),
    #[error("{0}: not the number of a database: {1:?}")]
    NoDatabase(String, String),
    #[error("{0}: unknown parameter {1:?} (db and user are known)")]
    UnknownParameter(String, String),
}

/// Server that holds the state of runs, and how it is reached.
#[derive(Clone)]
pub(crate) struct ServerAddress {
    pub(super) route: Route,
    pub(super) user: Option<String>,
    pub(super) database: i64,
    pub(super) password: Option<String>,
    /// Certificates in PEM of the authorities that are trusted. `None`: those of the system.
    pub(super) authority: Option<Vec<u8>>,
    /// True once the server was found to be a node of a cluster, whose other nodes are found through it.
    pub(super) is_cluster: bool,
    /// Longest time for a connection to be made, name lookup apart.
    pub(super) connect_timeout: Duration,
    /// Longest time for a part of a reply to come.
    pub(super) reply_timeout: Duration,
}

impl ServerAddress {
    /// Reads a URL: `redis://[USER@]HOST[:PORT][/DATABASE]`, the same with `rediss://`, or
    /// `unix:///PATH[?db=DATABASE][&user=USER]`. A connection that is not encrypted is refused unless it leads to this
    /// machine, or `allow_plain` is given.
    ///
    /// # Errors
    /// [`AddressError`] if the URL is none of these, or holds a password: command lines and logs show it.
    pub(crate) fn parse(url: &str, allow_plain: bool) -> Result<ServerAddress, AddressError> {
        let url = Url::parse(url).map_err(|_| AddressError::NoUrl)?;
        if url.password().is_some() || url.query_pairs().any(|(name, _)| name == "pass") {
            return Err(AddressError::HoldsPassword);
        }
        let is_tls = url.scheme() == "rediss";
        let mut address = match url.scheme() {
            "redis" | "rediss" => ServerAddress::of_host(&url, is_tls)?,
            "unix" => ServerAddress::of_socket(&url)?,
            _ => return Err(AddressError::NoUrl),
        };
        if url.fragment().is_some() {
            return Err(AddressError::NoUrl);
        }
        for (name, value) in url.query_pairs() {
            match &*name {
                "db" => address.database = address.database_of(&value)?,
                "user" => address.user = Some(value.into_owned()),
                _ => {
                    let (shown, name) = (address.to_string(), name.into_owned());
                    return Err(AddressError::UnknownParameter(shown, name));
                }
            }
        }
        if !is_tls && !allow_plain && !is_local(&url) {
            return Err(AddressError::NotEncrypted(address.to_string()));
        }
        Ok(address)
    }

    fn of_host(url: &Url, is_tls: bool) -> Result<ServerAddress, AddressError> {
        let host = match url.host().ok_or(AddressError::NoUrl)? {
            UrlHost::Domain(name) => name.to_ascii_lowercase(),
            UrlHost::Ipv4(address) => address.to_string(),
            UrlHost::Ipv6(address) => address.to_string(),
        };
        if host.is_empty() {
            return Err(AddressError::NoUrl);
        }
        let port = url.port().unwrap_or(PORT);
        let mut address = ServerAddress::new(match is_tls {
            true => Route::Tls { host, port },
            false => Route::Tcp { host, port },
        });
        match url.path().trim_matches('/') {
            "" => {}
            number => address.database = address.database_of(number)?,
        }
        let user = percent_encoding::percent_decode_str(url.username());
        let user = user.decode_utf8().map_err(|_| AddressError::NoUrl)?;
        address.user = Some(user.into_owned()).filter(|user| !user.is_empty());
        Ok(address)
    }

    fn of_socket(url: &Url) -> Result<ServerAddress, AddressError> {
        let path = percent_encoding::percent_decode_str(url.path());
        let path = path.decode_utf8().map_err(|_| AddressError::NoUrl)?;
        if url.host_str().is_some_and(|host| !host.is_empty()) || path.len() < 2 {
            return Err(AddressError::NoUrl);
        }
        Ok(ServerAddress::new(Route::Unix(path.into_owned().into())))
    }

    fn new(route: Route) -> ServerAddress {
        ServerAddress {
            route,
            user: None,
            database: 0,
            password: None,
            authority: None,
            is_cluster: false,
            connect_timeout: Duration::from_secs(5),
            reply_timeout: Duration::from_secs(10),
        }
    }

    fn database_of(&self, text: &str) -> Result<i64, AddressError> {
        let number = text.parse::<u32>().map(i64::from);
        number.map_err(|_| AddressError::NoDatabase(self.to_string(), text.to_owned()))
    }

    /// Sets the password.
    #[must_use]
    pub(crate) fn with_password(mut self, password: &str) -> ServerAddress {
        self.password = Some(password.to_owned());
        self
    }

    /// Trusts the authorities whose certificates these are, in PEM, in place of those of the system.
    #[must_use]
    pub(crate) fn with_authority(mut self, pem: &[u8]) -> ServerAddress {
        self.authority = Some(pem.to_owned());
        self
    }

    /// Sets the longest times for a connection to be made and for a reply. Default: 5 s and 10 s.
    #[must_use]
    pub(crate) fn with_timeouts(mut self, connect: Duration, reply: Duration) -> ServerAddress {
        // The system takes a timeout of zero for none.
        let least = Duration::from_millis(1);
        (self.connect_timeout, self.reply_timeout) = (connect.max(least), reply.max(least));
        self
    }
}

/// Returns true if a URL leads to the machine that it is used on.
fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(UrlHost::Domain(name)) => match name.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => name.eq_ignore_ascii_case("localhost"),
        },
        Some(UrlHost::Ipv4(address)) => address.is_loopback(),
        Some(UrlHost::Ipv6(address)) => address.is_loopback(),
        None => true,
    }
}

/// Shows the URL without the user.
impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host, port) = match &self.route {
            Route::Tcp { host, port } => ("redis", host, port),
            Route::Tls { host, port } => ("rediss", host, port),
            Route::Unix(path) => {
                write!(f, "unix://{}", path.display())?;
                return match self.database {
                    0 => Ok(()),
                    database => write!(f, "?db={database}"),
                };
            }
        };
        let (open, close) = if host.contains(':') {
            ("[", "]")
        } else {
            ("", "")
        };
        write!(f, "{scheme}://{open}{host}{close}:{port}/{}", self.database)
    }
}

/// Shows no password.
impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerAddress({self})")
    }
}
