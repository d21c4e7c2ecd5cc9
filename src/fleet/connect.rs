//! The server of a fleet, and the runs on it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::dial::{Dial, RunPlace};
use super::engine::{EngineError, FleetEngine};
use super::error::{FleetError, FleetErrorKind};
use super::patient::FirstSteps;
use super::redis::{COMMANDS, DURABLE_COMMANDS, RedisEngine, ServerAddress};
use super::run::Run;
use super::settings::RunSettings;

/// Server that holds the queues of runs: Redis 7.0, Valkey 7.2, or later ones.
///
/// ```no_run
/// use haul::fleet::{Fleet, RunSettings};
///
/// let fleet = Fleet::connect("redis://127.0.0.1:6379/0")?;
/// let run = fleet.create("r1", RunSettings::new())?;
/// run.load(["https://example.com/1", "https://example.com/2"])?;
/// # Ok::<(), haul::fleet::FleetError>(())
/// ```
#[derive(Clone)]
pub struct Fleet {
    server: Arc<RedisServer>,
    first: FirstSteps,
    warning: Option<&'static str>,
}

/// Settings of the connections to a server.
#[must_use = "nothing is connected before `connect` is called"]
pub struct FleetBuilder {
    url: String,
    password: Option<String>,
    authority: Option<Vec<u8>>,
    allows_plaintext: bool,
    timeouts: Option<(Duration, Duration)>,
    waits: bool,
}

/// Server that was looked at. Its engines are made after one that is never used for a run.
struct RedisServer(Mutex<RedisEngine>);

/// Name under which a server is looked at.
const NO_RUN: &str = "-";

impl Dial for RedisServer {
    fn engine(
        &self,
        run: &str,
        id: &str,
        longest: Option<Duration>,
    ) -> Result<Box<dyn FleetEngine>, EngineError> {
        let first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Box::new(first.for_run(run, id, longest)?))
    }

    fn check(&self, durable: bool) -> Result<(), EngineError> {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        first.server(durable).map(drop)
    }

    fn shown(&self) -> String {
        let first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        first.address().to_string()
    }
}

impl Fleet {
    /// Connects to a server: `redis://HOST:PORT/DATABASE`, `rediss://` (TLS) or `unix:///PATH`.
    ///
    /// # Errors
    /// [`Usage`](super::FleetErrorKind::Usage) if the URL is none of these, holds a password, or leads to another machine
    /// without TLS; [`Refused`](super::FleetErrorKind::Refused) if the server is not fit to hold runs;
    /// [`Away`](super::FleetErrorKind::Away) if it does not answer.
    pub fn connect(url: impl AsRef<str>) -> Result<Fleet, FleetError> {
        Fleet::builder(url).connect()
    }

    /// Settings of the connections to the server with this URL.
    pub fn builder(url: impl AsRef<str>) -> FleetBuilder {
        FleetBuilder {
            url: url.as_ref().to_owned(),
            password: None,
            authority: None,
            allows_plaintext: false,
            timeouts: None,
            waits: false,
        }
    }

    /// Creates a run, or opens the one of this name if it has these settings.
    ///
    /// # Errors
    /// [`Usage`](super::FleetErrorKind::Usage) if the name or a setting is not valid;
    /// [`OtherSettings`](super::FleetErrorKind::OtherSettings) if a run of this name has others; [`Refused`](super::FleetErrorKind::Refused) if the server cannot do what the settings ask for, or
    /// another program has keys of these names.
    pub fn create(&self, name: impl AsRef<str>, settings: RunSettings) -> Result<Run, FleetError> {
        let place = self.place(name.as_ref())?;
        settings.check()?;
        if settings.stored.durable {
            let checked = self.first.take(|| self.server.check(true));
            checked.map_err(|error| place.error(error))?;
        }
        let mut engine = place.engine()?;
        let new = settings.to_new_run();
        let is_new = self.first.take(|| engine.create(&new));
        if is_new.map_err(|error| place.error_by(&mut *engine, error))? {
            return Ok(Run::new(place.of_run(&new.id), settings));
        }
        let facts = self.first.take(|| engine.facts());
        let facts = facts.map_err(|error| place.error_by(&mut *engine, error))?;
        let existing = place.settings(&facts)?;
        if !settings.is_same_run(&existing) {
            let differences = settings.differences(&existing);
            return Err(FleetError::other_settings(&place.run, differences));
        }
        Ok(Run::new(place.of_run(&facts.id), settings))
    }

    /// Opens a run that exists.
    ///
    /// # Errors
    /// [`NoRun`](super::FleetErrorKind::NoRun) if there is none of this name; as [`create`](Fleet::create).
    pub fn run(&self, name: impl AsRef<str>) -> Result<Run, FleetError> {
        let place = self.place(name.as_ref())?;
        let mut engine = place.engine()?;
        let facts = self.first.take(|| engine.facts());
        let facts = facts.map_err(|error| place.error_by(&mut *engine, error))?;
        let settings = place.settings(&facts)?;
        Ok(Run::new(place.of_run(&facts.id), settings))
    }

    /// Cancels a run and deletes all that the server has of it, as [`Run::remove`] does.
    ///
    /// It also deletes a run that cannot be opened, since the server lost a part of it, or it was changed by hand: at once
    /// then, without waiting for its workers.
    ///
    /// # Errors
    /// [`NoRun`](super::FleetErrorKind::NoRun) if the server has no part of it; as [`create`](Fleet::create).
    pub fn remove(&self, name: impl AsRef<str>) -> Result<(), FleetError> {
        let place = self.place(name.as_ref())?;
        match self.run(name.as_ref()) {
            Ok(run) => run.remove(),
            Err(error)
                if matches!(
                    error.kind(),
                    FleetErrorKind::NoRun | FleetErrorKind::Refused | FleetErrorKind::Usage
                ) =>
            {
                let mut engine = place.engine()?;
                let removed = engine.remove();
                removed.map_err(|error| place.error_by(&mut *engine, error))
            }
            Err(error) => Err(error),
        }
    }

    /// Commands that a user of the server needs, by their names in rules of access (`+xadd`).
    ///
    /// Keys are named `haul:*`.
    ///
    /// ```
    /// use haul::fleet::Fleet;
    ///
    /// let rules: Vec<String> = Fleet::needed_commands().map(|name| format!("+{name}")).collect();
    /// println!("ACL SETUSER worker on >PASSWORD ~haul:* -@all {}", rules.join(" "));
    /// ```
    pub fn needed_commands() -> impl Iterator<Item = &'static str> {
        COMMANDS.iter().chain(DURABLE_COMMANDS).copied()
    }

    /// Reason why runs on this server may be lost. `None`: there is none.
    pub fn warning(&self) -> Option<&'static str> {
        self.warning
    }

    fn place(&self, name: &str) -> Result<RunPlace, FleetError> {
        RunPlace::new(Arc::clone(&self.server) as Arc<dyn Dial>, name)
    }
}

impl FleetBuilder {
    /// Sets the password of the server, or of the user in the URL.
    pub fn password(mut self, password: impl Into<String>) -> FleetBuilder {
        self.password = Some(password.into());
        self
    }

    /// Trusts the authorities whose certificates these are, in PEM. Default: those of the system.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> FleetBuilder {
        self.authority = Some(pem.into());
        self
    }

    /// Allows a server on another machine without TLS. Default: false.
    pub fn allow_plaintext(mut self, allow: bool) -> FleetBuilder {
        self.allows_plaintext = allow;
        self
    }

    /// Longest times for a connection to be made and for a reply to come. Default: 5 and 10 seconds.
    pub fn timeouts(mut self, connect: Duration, reply: Duration) -> FleetBuilder {
        self.timeouts = Some((connect, reply));
        self
    }

    /// Sets whether a server that is not ready is asked again, for ten minutes. Default: false.
    ///
    /// It holds for `connect`, and for [`create`](Fleet::create) and [`run`](Fleet::run) of the fleet, so that workers,
    /// loaders and collectors can be started while the server reads its files, or is busy. A warning is logged meanwhile.
    /// A server that does not answer at all is an error at once, since the URL may be wrong.
    pub fn wait_until_ready(mut self, waits: bool) -> FleetBuilder {
        self.waits = waits;
        self
    }

    /// Connects to the server and looks if it is fit to hold runs.
    ///
    /// # Errors
    /// As [`Fleet::connect`]. With `rediss://` it is also refused if the process has no
    /// [provider of cryptography](https://docs.rs/rustls/latest/rustls/crypto/struct.CryptoProvider.html).
    pub fn connect(self) -> Result<Fleet, FleetError> {
        let address = ServerAddress::parse(&self.url, self.allows_plaintext);
        let mut address = address.map_err(|error| FleetError::usage(error.to_string()))?;
        if let Some(password) = &self.password {
            address = address.with_password(password);
        }
        if let Some(pem) = &self.authority {
            address = address.with_authority(pem);
        }
        if let Some((connect, reply)) = self.timeouts {
            address = address.with_timeouts(connect, reply);
        }
        let shown = address.to_string();
        let mut first = FirstSteps {
            waits: self.waits,
            has_answered: false,
        };
        let wrong = |error| FleetError::of(error, NO_RUN, &shown);
        let mut engine = RedisEngine::to(address, NO_RUN).map_err(wrong)?;
        let facts = first.take(|| engine.server(false));
        let facts = facts.map_err(|error| wrong(error).caused_by(engine.take_cause()))?;
        first.has_answered = true;
        Ok(Fleet {
            first,
            server: Arc::new(RedisServer(Mutex::new(engine))),
            warning: facts.warning(),
        })
    }
}

/// Shows no password.
impl fmt::Debug for FleetBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetBuilder").finish_non_exhaustive()
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("server", &self.server.shown())
            .finish_non_exhaustive()
    }
}
