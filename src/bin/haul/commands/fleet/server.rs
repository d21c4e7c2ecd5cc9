//! The server of a fleet, as the arguments name it.

use std::env;
use std::error::Error as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use haul::fleet::{Fleet, FleetError, FleetErrorKind};

use crate::failure::CommandError;

/// Variable that holds the password of the server.
const PASSWORD: &str = "HAUL_REDIS_PASSWORD";

#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub(super) struct ServerArguments {
    /// Redis 7.0 or Valkey 7.2 and later: redis://HOST:PORT/DB, rediss:// (TLS) or unix:///PATH
    ///
    /// A user may stand in the URL, a password may not: it is read from HAUL_REDIS_PASSWORD or --redis-password-file.
    #[arg(
        long,
        value_name = "URL",
        env = "HAUL_REDIS",
        hide_env = true,
        default_value = "redis://127.0.0.1:6379/0"
    )]
    redis: String,
    /// File whose first line is the password
    #[arg(
        long,
        value_name = "FILE",
        env = "HAUL_REDIS_PASSWORD_FILE",
        hide_env = true
    )]
    redis_password_file: Option<PathBuf>,
    /// Certificates that the server's is checked against, in place of those of the system (PEM)
    #[arg(long, value_name = "FILE", env = "HAUL_REDIS_CACERT", hide_env = true)]
    redis_cacert: Option<PathBuf>,
    /// Allow a server on another machine without TLS
    #[arg(long)]
    insecure_redis: bool,
}

impl ServerArguments {
    /// Name of the server in messages.
    pub(super) fn shown(&self) -> &str {
        &self.redis
    }

    /// Files that the options name, each with its option.
    pub(super) fn files(&self) -> Vec<(&'static str, &Path)> {
        let files = [
            ("--redis-password-file", &self.redis_password_file),
            ("--redis-cacert", &self.redis_cacert),
        ];
        let files = files.into_iter();
        files
            .filter_map(|(name, path)| Some((name, path.as_deref()?)))
            .collect()
    }

    /// Connects to the server and checks that it can hold runs.
    pub(super) fn connect(&self) -> Result<Fleet, CommandError> {
        self.connect_by(false)
    }

    /// Connects to the server like `connect`, for a command that waits for a server that is not ready.
    pub(super) fn connect_patiently(&self) -> Result<Fleet, CommandError> {
        self.connect_by(true)
    }

    fn connect_by(&self, waits: bool) -> Result<Fleet, CommandError> {
        let mut builder = Fleet::builder(&self.redis)
            .allow_plaintext(self.insecure_redis)
            .wait_until_ready(waits);
        if let Some(password) = self.password()? {
            builder = builder.password(password);
        }
        if let Some(path) = &self.redis_cacert {
            let pem = fs::read(path).map_err(|e| {
                CommandError::usage(format!("--redis-cacert: {}: {e}", path.display()))
            })?;
            builder = builder.root_certificates(pem);
        }
        // Which provider a process uses is decided by its program. A second call changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        builder.connect().map_err(|error| match error.kind() {
            FleetErrorKind::Usage => {
                CommandError::usage(format!("--redis: {error}{}", self.hint()))
            }
            FleetErrorKind::Away if is_nobody(&error) => CommandError::unwritten(format!(
                "{error} (no server is there; --redis or HAUL_REDIS names another one)"
            )),
            _ => super::failed(&error),
        })
    }

    /// Place for a password that stands in the URL.
    fn hint(&self) -> String {
        let is_secret = |url: &url::Url| {
            let mut parameters = url.query_pairs();
            url.password().is_some() || parameters.any(|(name, _)| name == "pass")
        };
        match url::Url::parse(&self.redis).is_ok_and(|url| is_secret(&url)) {
            true => format!(" ({PASSWORD})"),
            false => String::new(),
        }
    }

    fn password(&self) -> Result<Option<String>, CommandError> {
        let Some(path) = &self.redis_password_file else {
            return Ok(env::var(PASSWORD).ok().filter(|text| !text.is_empty()));
        };
        let wrong = |what: &str| {
            CommandError::usage(format!("--redis-password-file: {}: {what}", path.display()))
        };
        let text = fs::read_to_string(path).map_err(|e| wrong(&e.to_string()))?;
        let line = text.lines().next().unwrap_or_default();
        match line.is_empty() {
            true => Err(wrong("its first line is empty (a password is expected)")),
            false => Ok(Some(line.to_owned())),
        }
    }
}

/// True if no server listens at the address.
fn is_nobody(error: &FleetError) -> bool {
    let cause = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| {
        matches!(
            cause.kind(),
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
        )
    })
}
