//! Engine in a Redis or Valkey server: each step is a script, which the server runs as a whole.
//!
//! Keys that belong to one script share a slot of a cluster: those of a lane, and those of a host. A script reads the
//! server's time. It checks its arguments and the user's rights before its first write, since the server does not undo
//! the writes of a script that fails.

mod address;
#[cfg(feature = "fleet-cluster")]
mod cluster;
mod connect;
mod convert;
mod disk;
mod failure;
mod host_limits;
mod keys;
mod lanes;
mod reply;
mod scripts;
mod server_checks;
mod slow_dial;
mod steps;
mod stored_run;
#[cfg(test)]
mod tests;
mod waits;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind, Value};

pub(crate) use self::address::ServerAddress;
use self::connect::ServerLink;
use self::keys::{HostKey, LaneKey};
use self::scripts::{Scripts, StepScript};
pub(crate) use self::server_checks::ServerFacts;
#[cfg(test)]
pub(super) use self::waits::SHORTEST as SHORTEST_LISTED_WAIT;
use super::engine::{EngineError, ServerUse};
use super::run_name;
use crate::host::Host;

/// Commands that a user of the server may need, as its ACL names them: all that this module calls, itself or in scripts.
pub(crate) const COMMANDS: &[&str] = &[
    "asking",
    "auth",
    "cluster|slots",
    "del",
    "eval",
    "evalsha",
    "exists",
    "get",
    "hdel",
    "hget",
    "hgetall",
    "hincrby",
    "hmget",
    "hset",
    "info",
    "pexpire",
    "ping",
    "select",
    "set",
    "time",
    "unlink",
    "xack",
    "xadd",
    "xclaim",
    "xdel",
    "xgroup",
    "xinfo",
    "xlen",
    "xpending",
    "xrange",
    "xreadgroup",
    "zadd",
    "zcard",
    "zrange",
    "zrem",
    "zremrangebyrank",
    "zremrangebyscore",
    "zscore",
];

/// Commands that a user needs in addition for a run that is to outlast a loss of power.
pub(crate) const DURABLE_COMMANDS: &[&str] = &["waitaof"];

/// Shared state of a run in a server, over one connection.
///
/// The connection is made by the first step that needs it. After an [`EngineError::Away`] it is closed, and the next step
/// makes another one: a reply that comes late is never taken for that of another step. A step is sent once. Whether and
/// when it is repeated is up to the caller.
pub(crate) struct RedisEngine {
    link: ServerLink,
    run: String,
    /// Text by which the run differs from others of its name. Empty: the engine serves whatever run has the name.
    id: String,
    scripts: Arc<Scripts>,
}

impl RedisEngine {
    /// Makes an engine. Its first step connects to the server.
    pub(crate) fn to(address: ServerAddress, run: &str) -> Result<RedisEngine, EngineError> {
        RedisEngine::new(address, run, Scripts::shared())
    }

    /// Connects to a server and looks at it.
    #[cfg(test)]
    pub(crate) fn connect(
        address: ServerAddress,
        run: &str,
        durable: bool,
    ) -> Result<(RedisEngine, ServerFacts), EngineError> {
        let mut engine = RedisEngine::to(address, run)?;
        let facts = engine.server(durable)?;
        Ok((engine, facts))
    }

    fn new(
        address: ServerAddress,
        run: &str,
        scripts: Arc<Scripts>,
    ) -> Result<RedisEngine, EngineError> {
        // Braces in a name would move its keys to other slots of a cluster.
        run_name::check(run).map_err(EngineError::Refused)?;
        Ok(RedisEngine {
            link: ServerLink::new(address),
            run: run.to_owned(),
            id: String::new(),
            scripts,
        })
    }

    /// Returns another engine for the same run, with a connection of its own.
    #[cfg(test)]
    pub(crate) fn another(&self) -> RedisEngine {
        RedisEngine {
            link: self.link.another(),
            run: self.run.clone(),
            id: self.id.clone(),
            scripts: Arc::clone(&self.scripts),
        }
    }

    /// Returns an engine for a run of the same server, with a connection of its own. `id`: the run that it is bound to;
    /// empty: the run that has the name. `longest`: upper bound for the times until it is connected and until a reply
    /// comes.
    pub(crate) fn for_run(
        &self,
        run: &str,
        id: &str,
        longest: Option<Duration>,
    ) -> Result<RedisEngine, EngineError> {
        let mut address = self.link.address.clone();
        if let Some(longest) = longest {
            let (connect, reply) = (address.connect_timeout, address.reply_timeout);
            address = address.with_timeouts(connect.min(longest), reply.min(longest));
        }
        let mut engine = RedisEngine::new(address, run, Arc::clone(&self.scripts))?;
        id.clone_into(&mut engine.id);
        Ok(engine)
    }

    /// Returns the address of the server.
    pub(crate) fn address(&self) -> &ServerAddress {
        &self.link.address
    }

    /// Looks at the server, or at each primary of a cluster: its version, its role, its memory. `durable`: the run is to
    /// outlast a loss of power.
    ///
    /// # Errors
    /// [`EngineError::Refused`] if the server is not fit for a run, or does not let the user in; [`EngineError::Away`] if
    /// it does not answer; [`EngineError::Busy`] while it starts.
    pub(crate) fn server(&mut self, durable: bool) -> Result<ServerFacts, EngineError> {
        let reply = match self.link.request(&redis::cmd("INFO"))? {
            Err(error) if ServerLink::is_other_protocol(&error) => {
                let reason = "what answers there is no Redis server";
                return Err(self.refused(reason));
            }
            reply => reply.map_err(|error| self.sorted(&error, "INFO", None))?,
        };
        let place = self.link.address.to_string();
        let Value::Map(nodes) = reply else {
            let info = reply::text(reply).ok_or_else(|| self.unexpected("INFO"))?;
            if cfg!(feature = "fleet-cluster") && server_checks::is_cluster(&info) {
                // The node of the address may be a replica: it leads to the others.
                if !self.link.address.is_cluster {
                    self.link.address.is_cluster = true;
                    self.link.close();
                    return self.server(durable);
                }
            }
            return ServerFacts::of(&info, &place, durable);
        };
        let mut facts = Vec::with_capacity(nodes.len());
        for (node, reply) in nodes {
            let node = reply::text(node).ok_or_else(|| self.unexpected("INFO"))?;
            let info = reply::text(reply).ok_or_else(|| self.unexpected("INFO"))?;
            facts.push(ServerFacts::of(
                &info,
                &format!("{place}: node {node}"),
                durable,
            )?);
        }
        let facts = ServerFacts::of_cluster(facts);
        facts.ok_or_else(|| self.refused("a cluster in which no node has slots"))
    }

    /// Memory and files of the server, or of all primaries of a cluster.
    fn use_of_server(&mut self) -> Result<ServerUse, EngineError> {
        let mut info = redis::cmd("INFO");
        let reply = self
            .link
            .command(info.arg("memory").arg("persistence"), "INFO")?;
        let replies = match reply {
            Value::Map(replies) => replies.into_iter().map(|(_, reply)| reply).collect(),
            reply => vec![reply],
        };
        let texts: Option<Vec<String>> = replies.into_iter().map(reply::text).collect();
        let texts = texts.ok_or_else(|| self.unexpected("INFO"))?;
        let uses = texts.iter().map(|text| server_checks::use_of(text));
        Ok(uses.reduce(ServerUse::join).unwrap_or_default())
    }

    /// Runs a script. `fill`: appends the arguments.
    fn run(
        &mut self,
        script: StepScript,
        keys: &[String],
        fill: impl FnOnce(&mut Cmd),
    ) -> Result<Value, EngineError> {
        let scripts = Arc::clone(&self.scripts);
        let ready = scripts.get(script);
        let mut command = redis::cmd("EVALSHA");
        command.arg(ready.hash()).arg(keys.len()).arg(keys);
        fill(&mut command);
        let mut reply = self.link.request(&command)?;
        let missing = ErrorKind::Server(ServerErrorKind::NoScript);
        if reply.as_ref().is_err_and(|error| error.kind() == missing) {
            // With its text, since the script may be flushed again before a second call.
            let mut whole = redis::cmd("EVAL");
            whole.arg(&*ready.text);
            for argument in command.args_iter().skip(2) {
                if let redis::Arg::Simple(bytes) = argument {
                    whole.arg(bytes);
                }
            }
            reply = self.link.request(&whole)?;
        }
        reply.map_err(|error| self.sorted(&error, script.name(), Some(&ready.text)))
    }

    fn sorted(&self, error: &RedisError, step: &str, script: Option<&str>) -> EngineError {
        failure::sort(error, &self.link.address.to_string(), step, script)
    }

    fn refused(&self, reason: &str) -> EngineError {
        EngineError::Refused(format!("{}: {reason}", self.link.address))
    }

    fn unexpected(&self, step: &str) -> EngineError {
        self.refused(&format!("{step}: unexpected reply"))
    }

    fn lane_keys(&self, lane: u32, keys: &[LaneKey]) -> Vec<String> {
        keys.iter().map(|key| key.of(&self.run, lane)).collect()
    }

    fn host_keys(&self, host: &Host, keys: &[HostKey]) -> Vec<String> {
        keys.iter().map(|key| key.of(&self.run, host)).collect()
    }
}

impl fmt::Debug for RedisEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisEngine")
            .field("server", &self.link.address)
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}
