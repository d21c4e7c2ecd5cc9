//! Facts about a server, and the reasons for which it is refused.

use std::collections::HashMap;

use super::super::append_file::AppendFile;
use super::super::engine::{EngineError, MemoryUse, ServerUse};

/// Oldest version of Redis with all that the scripts need.
const OLDEST_REDIS: (u32, u32) = (7, 0);

/// Oldest version of Valkey that was looked at.
const OLDEST_VALKEY: (u32, u32) = (7, 2);

/// Oldest version with `WAITAOF`.
const OLDEST_DURABLE: (u32, u32) = (7, 2);

/// Facts about a server that matter for a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerFacts {
    /// Name that a server takes at its start: another one means that it was started anew, or is another server.
    pub(crate) start: String,
    pub(crate) in_use: ServerUse,
    /// True if the server can wait until changes are on its disk.
    pub(crate) can_wait_for_disk: bool,
    pub(crate) is_cluster: bool,
}

impl ServerFacts {
    /// Reads the reply to `INFO`, and refuses a server that is not fit for a run. `place`: name of the server in messages.
    /// `durable`: the run is to outlast a loss of power.
    pub(super) fn of(info: &str, place: &str, durable: bool) -> Result<ServerFacts, EngineError> {
        let in_use = use_of(info);
        let info = lines_of(info);
        let fact = |name: &str| info.get(name).copied().unwrap_or_default();
        let refuse = |reason: String| Err(EngineError::Refused(format!("{place}: {reason}")));
        let (name, version, oldest) = match fact("valkey_version") {
            "" => ("Redis", fact("redis_version"), OLDEST_REDIS),
            version => ("Valkey", version, OLDEST_VALKEY),
        };
        let Some(release) = release_of(version) else {
            return refuse("it does not tell its version".into());
        };
        if release < oldest {
            return refuse(format!(
                "{name} {version} ({}.{} is needed)",
                oldest.0, oldest.1
            ));
        }
        if fact("role") != "master" {
            return refuse("a replica (the primary is needed)".into());
        }
        let policy = fact("maxmemory_policy");
        if policy != "noeviction" {
            return refuse(format!(
                "maxmemory-policy is {policy} (noeviction is needed)"
            ));
        }
        let facts = ServerFacts {
            start: fact("run_id").to_owned(),
            in_use,
            can_wait_for_disk: release >= OLDEST_DURABLE,
            is_cluster: is_cluster_of(&info),
        };
        if durable && !facts.appends_to_file() {
            return refuse("appendonly is no (--durable needs yes)".into());
        }
        if durable && !facts.can_wait_for_disk {
            let (major, minor) = OLDEST_DURABLE;
            return refuse(format!(
                "{name} {version} (--durable needs {major}.{minor})"
            ));
        }
        if facts.is_cluster && !cfg!(feature = "fleet-cluster") {
            return refuse("a Redis Cluster (this build has no feature fleet-cluster)".into());
        }
        Ok(facts)
    }

    /// Facts that hold for all nodes of a cluster. `None`: there are no nodes.
    pub(super) fn of_cluster(mut nodes: Vec<ServerFacts>) -> Option<ServerFacts> {
        // The nodes answer in any order.
        nodes.sort_by(|one, other| one.start.cmp(&other.start));
        nodes.into_iter().reduce(|all, node| ServerFacts {
            start: format!("{} {}", all.start, node.start),
            in_use: all.in_use.join(node.in_use),
            can_wait_for_disk: all.can_wait_for_disk && node.can_wait_for_disk,
            is_cluster: true,
        })
    }

    /// True if the server writes each change to a file.
    pub(crate) fn appends_to_file(&self) -> bool {
        self.in_use.append_file.is_some()
    }

    /// Warning about a server that is fit for a run, but loses it in some cases.
    pub(crate) fn warning(&self) -> Option<&'static str> {
        let warning = "appendonly is no: a run is lost when the server stops";
        (!self.appends_to_file()).then_some(warning)
    }
}

/// Returns the facts of a reply to `INFO` by their names.
fn lines_of(info: &str) -> HashMap<&str, &str> {
    let lines = info.lines();
    lines.filter_map(|line| line.split_once(':')).collect()
}

/// True if a reply to `INFO` is that of a node of a cluster.
pub(super) fn is_cluster(info: &str) -> bool {
    is_cluster_of(&lines_of(info))
}

fn is_cluster_of(info: &HashMap<&str, &str>) -> bool {
    let modes = ["redis_mode", "server_mode"];
    modes.iter().any(|mode| info.get(mode) == Some(&"cluster"))
}

/// Reads memory and files from a reply to `INFO`.
pub(super) fn use_of(info: &str) -> ServerUse {
    let info = lines_of(info);
    let number = |name: &str| info.get(name).and_then(|number| number.parse().ok());
    let failed = |name: &str| info.get(name).is_some_and(|state| *state != "ok");
    let memory = MemoryUse {
        used: number("used_memory").unwrap_or(0),
        most: number("maxmemory").unwrap_or(0),
    };
    let append_file = AppendFile {
        bytes: number("aof_current_size").unwrap_or(0),
        write_failed: failed("aof_last_write_status"),
        rewrite_failed: failed("aof_last_bgrewrite_status"),
    };
    let appends = info.get("aof_enabled") == Some(&"1");
    ServerUse::new(memory, appends.then_some(append_file))
}

/// Returns the first two numbers of a version.
fn release_of(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
