//! Settings of a session beyond single requests: how bodies are sent, redirects, cookies, and credentials by host.

use std::path::Path;

use super::ClientBuilder;
use crate::settings::RedirectPolicy;
use crate::settings::netrc::Netrc;

impl ClientBuilder {
    /// Length of a streamed body, in bytes, from which the server is asked before it is sent.
    ///
    /// The body is then sent only after the server has said that it wants it (`Expect: 100-continue`), so a 401, a 413
    /// or a redirect costs no upload. For a body of unknown length the server is asked too. A server that does not
    /// answer gets the body after a second; a server that answers 417 gets it at once, without being asked. `None`:
    /// never. Default 1 MiB, as in curl.
    ///
    /// A request with an `Expect` header of its own is sent as it is, and after a 417 it is sent again without the
    /// header.
    #[doc(alias = "expect100-timeout")]
    pub fn expect_continue_from(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.defaults.expect_from = bytes.into();
        self
    }

    /// Policy for the redirects that are followed. Default: all are followed.
    ///
    /// The policy decides within the limits of [`max_redirects`](ClientBuilder::max_redirects) and
    /// [`allow_downgrade`](ClientBuilder::allow_downgrade).
    pub fn redirects(mut self, policy: RedirectPolicy) -> Self {
        self.defaults.redirects = policy;
        self
    }

    /// Sets a jar for the cookies of all requests that have [none of their own](crate::Request::cookies).
    ///
    /// Default none: cookies that are set are not kept. Feature `cookies`.
    ///
    /// A request's own `Cookie` header is sent too, before the cookies of the jar.
    #[cfg(feature = "cookies")]
    #[doc(alias = "cookie-jar")]
    pub fn cookies(mut self, jar: crate::cookies::CookieJar) -> Self {
        self.defaults.cookies = Some(jar);
        self
    }

    /// Reads credentials by host from the user's netrc file.
    ///
    /// The variable `NETRC` names it, else it is `.netrc` in the home directory (on Windows `_netrc`). Default none.
    /// See [`netrc_file`](ClientBuilder::netrc_file).
    ///
    /// # Errors
    /// [`build`](ClientBuilder::build) fails if there is no such file, or it cannot be read.
    #[doc(alias = "trust_env")]
    pub fn netrc(mut self) -> Self {
        match Netrc::usual_file() {
            Some(path) => self.read_netrc("netrc", &path),
            None => self.keep_first_error("netrc", "there is no home directory to find it in"),
        }
        self
    }

    /// Reads credentials by host from a netrc file, at once, by curl's rules.
    ///
    /// The rules know `machine`, `default`, `login`, `password`, `account`, `macdef` and quotes. The first entry that
    /// fits the host counts, and is sent as basic authentication if the request has no `Authorization`, neither its own
    /// nor the client's, the host rule's or that of its URL. A URL with a user and no password (`http://ada@host/`) gets
    /// the password of the first entry of its host with that login. A redirect to another origin does not take the credentials
    /// along, and gets none of its own.
    ///
    /// # Errors
    /// [`build`](ClientBuilder::build) fails if the file cannot be read or understood; the error names the path and the
    /// line.
    #[doc(alias = "netrc-file")]
    pub fn netrc_file(mut self, path: impl AsRef<Path>) -> Self {
        self.read_netrc("netrc_file", path.as_ref());
        self
    }

    fn read_netrc(&mut self, setting: &'static str, path: &Path) {
        match Netrc::read(path) {
            Ok(netrc) => self.defaults.netrc = Some(netrc),
            Err(reason) => self.keep_first_error(setting, reason),
        }
    }
}
