//! Options that log in: a user, a bearer token, a command that prints one, or OAuth 2.

use haul::settings::OAuth2;
use haul::{ClientBuilder, HostRule};

use crate::arguments::{RequestArguments, name_of};
use crate::bearer_command;
use crate::failure::CommandError;
use crate::header_text::{self, bearer};
use crate::text_or_file::text_or_file;

/// A client that is being built, or a rule for hosts.
pub(crate) trait TakesCredentials: Sized {
    fn basic(self, user: &str, password: &str) -> Self;
    fn digest(self, user: &str, password: &str) -> Self;
    fn token(self, token: String) -> Self;
    fn command(self, command: String) -> Self;
    fn login(self, login: OAuth2) -> Self;
}

macro_rules! takes_credentials {
    ($taker:ty) => {
        impl TakesCredentials for $taker {
            fn basic(self, user: &str, password: &str) -> Self {
                self.basic_auth(user, password)
            }
            fn digest(self, user: &str, password: &str) -> Self {
                self.digest_auth(user, password)
            }
            fn token(self, token: String) -> Self {
                self.bearer(token)
            }
            fn command(self, command: String) -> Self {
                self.token_source(move |_| bearer_command::run(&command))
            }
            fn login(self, login: OAuth2) -> Self {
                self.oauth2(login)
            }
        }
    };
}

takes_credentials!(ClientBuilder);
takes_credentials!(HostRule);

/// Sets the credentials of every request. At most one of the options is given.
pub(crate) fn log_in<T: TakesCredentials>(
    mut builder: T,
    given: &RequestArguments,
) -> Result<T, CommandError> {
    if let Some(user) = &given.user {
        header_text::check("user", user)?;
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        builder = match given.digest {
            true => builder.digest(user, password),
            false => builder.basic(user, password),
        };
    } else if given.digest {
        return Err(CommandError::usage(format!(
            "{}: it needs -u/--user beside it",
            name_of("digest")
        )));
    }
    if let Some(token) = &given.bearer {
        builder = builder.token(bearer(token)?);
    }
    if let Some(command) = given.bearer_command.clone() {
        builder = builder.command(command);
    }
    if let Some(url) = &given.oauth2_url {
        builder = builder.login(oauth2(url, given)?);
    }
    Ok(builder)
}

/// True if options give the run credentials. Headers and parameters count if they are named secrets, and `Authorization`.
pub(crate) fn are_given(given: &RequestArguments) -> bool {
    let logs_in = [
        &given.user,
        &given.bearer,
        &given.bearer_command,
        &given.oauth2_url,
    ];
    let is_login = |header: &String| {
        let name = header.split(':').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case("authorization")
    };
    logs_in.iter().any(|option| option.is_some())
        || !given.cookie.is_empty()
        || !given.secrets.is_empty()
        || given.headers.iter().any(is_login)
}

fn oauth2(url: &str, given: &RequestArguments) -> Result<OAuth2, CommandError> {
    const SECRET: &str = "oauth2-secret";
    let id = given.oauth2_id.as_deref().unwrap_or_default();
    let secret = given.oauth2_secret.as_deref().unwrap_or_default();
    let text = text_or_file(SECRET, secret)?;
    // The last line of a file may have a line feed.
    let secret = match secret.starts_with('@') {
        true => text.trim_end_matches(['\r', '\n']),
        false => &*text,
    };
    header_text::check(SECRET, secret)?;
    if secret.is_empty() {
        let option = name_of(SECRET);
        return Err(CommandError::usage(format!(
            "{option}: it is empty (a secret is expected)"
        )));
    }
    let mut login = OAuth2::client_credentials(url, id, secret);
    for scope in &given.oauth2_scope {
        login = login.scope(scope);
    }
    for (name, value) in &given.oauth2_param {
        login = login.param(name, value);
    }
    Ok(login)
}
