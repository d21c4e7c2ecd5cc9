//! OAuth 2 client credentials (RFC 6749 section 4.4) as a source of tokens.

use std::fmt;

use super::basic;
use crate::redact::{MASK, Redaction, beginning};
use crate::url;

/// Parameters of a token request that the grant itself sets.
const OWN: [&str; 4] = ["grant_type", "scope", "client_id", "client_secret"];

/// Longest value in bytes that is shown of a refused parameter.
const LONGEST: usize = 200;

/// OAuth 2 with client credentials: a program logs in as itself, without a user (RFC 6749 §4.4).
///
/// The token is fetched when the first request needs it and renewed as
/// [`token_source`](crate::ClientBuilder::token_source) says, by a POST to the token endpoint over the same client.
///
/// ```
/// use haul::Client;
/// use haul::settings::OAuth2;
///
/// let login = OAuth2::client_credentials("https://login.example.com/token", "my-program", "sesame")
///     .scope("items.read")
///     .param("audience", "https://api.example.com/");
/// let client = Client::builder().base_url("https://api.example.com/v1/").oauth2(login).build()?;
/// # Ok::<(), haul::BuildError>(())
/// ```
///
/// The endpoint may leave out `token_type`; if it names one, that is `Bearer` in any case. `expires_in` is a number of
/// seconds, or a text with one; without it, or with one that is not above zero, the token is renewed after a 401 alone.
/// The endpoint's `error` and `error_description` are in the error of the requests that fail, with the secret masked.
#[derive(Clone, PartialEq, Eq)]
#[doc(alias = "BackendApplicationClient")]
#[must_use = "it does nothing until `ClientBuilder::oauth2` or `HostRule::oauth2` takes it"]
pub struct OAuth2 {
    pub(crate) token_url: String,
    pub(crate) id: String,
    pub(crate) secret: String,
    /// Scopes, separated by spaces. Empty: none is asked for.
    pub(crate) scope: String,
    pub(crate) params: Vec<(String, String)>,
    /// True if id and secret are parameters of the body.
    pub(crate) in_body: bool,
}

impl OAuth2 {
    /// Makes the login of a client at this token endpoint.
    pub fn client_credentials(
        token_url: impl Into<String>,
        id: impl Into<String>,
        secret: impl Into<String>,
    ) -> OAuth2 {
        OAuth2 {
            token_url: token_url.into(),
            id: id.into(),
            secret: secret.into(),
            scope: String::new(),
            params: Vec::new(),
            in_body: false,
        }
    }

    /// Asks for a scope, or for several separated by spaces.
    ///
    /// A second call adds to them. Default: none is asked for, and the endpoint chooses.
    pub fn scope(mut self, scope: impl AsRef<str>) -> OAuth2 {
        if !self.scope.is_empty() {
            self.scope.push(' ');
        }
        self.scope.push_str(scope.as_ref());
        self
    }

    /// Adds a parameter to the token request, such as `audience` or `resource`.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> OAuth2 {
        self.params.push((name.into(), value.into()));
        self
    }

    /// Sets if id and secret are sent in the body and not in the `Authorization` header.
    ///
    /// True: as `client_id` and `client_secret` in the body, for endpoints that do not read the header. Default false:
    /// basic authentication (RFC 6749 §2.3.1).
    pub fn credentials_in_body(mut self, in_body: bool) -> OAuth2 {
        self.in_body = in_body;
        self
    }

    /// Checks the settings. The error begins with the name of the setting, says what is wrong, and shows no secret.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Err(mistake) = url::parse(&self.token_url) {
            return Err(format!("token_url: the token URL is not valid: {mistake}"));
        }
        if self.id.is_empty() {
            return Err("id: the client id is empty".to_owned());
        }
        if !self.in_body {
            for (setting, text) in [("id", &self.id), ("secret", &self.secret)] {
                let checked = basic::check([text.as_bytes()]);
                checked.map_err(|reason| format!("{setting}: {reason}"))?;
            }
        }
        match self.params.iter().find(|(name, _)| OWN.contains(&&**name)) {
            Some((name, value)) => {
                let value = match Redaction::USUAL.is_secret_query(name) {
                    true => MASK,
                    false => beginning(value, LONGEST),
                };
                Err(format!(
                    "param: {name}={value}: the login sets {name} by itself (a parameter with another name is expected)"
                ))
            }
            None => Ok(()),
        }
    }
}

impl fmt::Debug for OAuth2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2")
            .field("token_url", &Redaction::USUAL.url(&self.token_url))
            .field("id", &self.id)
            .field("secret", &"***")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
