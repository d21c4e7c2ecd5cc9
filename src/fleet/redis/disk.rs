//! Waits until changes are on the disk of the server.

use std::thread;
use std::time::Duration;

use redis::Value;

use super::super::engine::EngineError;
use super::{RedisEngine, reply};

/// Time for which a server is waited for that can tell when its disk has all changes.
const WAITS_FOR_DISK: Duration = Duration::from_secs(5);

/// Time in which a server with `appendfsync everysec` writes to its disk.
const BETWEEN_WRITES: Duration = Duration::from_secs(2);

/// Nodes of a cluster whose disks are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitedNodes {
    /// Node that carried out the last step.
    Last,
    /// All nodes that have a part of the run.
    All,
}

impl RedisEngine {
    /// Waits until all that this connection wrote to the nodes is on their disks, up to this time. Returns false if it is
    /// not. See [`ServerFacts::can_wait_for_disk`](super::ServerFacts::can_wait_for_disk).
    pub(crate) fn is_on_disk(
        &mut self,
        nodes: WaitedNodes,
        most: Duration,
    ) -> Result<bool, EngineError> {
        // A reply that takes longer would end the connection, and what it wrote could be waited for no more.
        let most = most.min(self.address().reply_timeout / 2);
        let mut command = redis::cmd("WAITAOF");
        command
            .arg(1)
            .arg(0)
            .arg(u64::try_from(most.as_millis()).unwrap_or(u64::MAX).max(1));
        let reply = match nodes {
            WaitedNodes::Last => self.link.command_of_same_node(&command, "WAITAOF")?,
            WaitedNodes::All => self.link.command(&command, "WAITAOF")?,
        };
        let replies = match reply {
            Value::Map(replies) => replies.into_iter().map(|(_, reply)| reply).collect(),
            reply => vec![reply],
        };
        let on_disk = |reply| {
            let [local, _] = reply::exactly(reply)?;
            reply::number(local).map(|count| count > 0)
        };
        let on_disk: Option<Vec<bool>> = replies.into_iter().map(on_disk).collect();
        let on_disk = on_disk.ok_or_else(|| self.unexpected("WAITAOF"))?;
        Ok(on_disk.into_iter().all(|on_disk| on_disk))
    }

    pub(super) fn waited_for_disk(&mut self, nodes: WaitedNodes) -> Result<(), EngineError> {
        match self.is_on_disk(nodes, WAITS_FOR_DISK)? {
            true => Ok(()),
            false => Err(EngineError::Busy(format!(
                "{}: its disk does not keep up",
                self.address()
            ))),
        }
    }

    pub(super) fn secured(&mut self) -> Result<(), EngineError> {
        let mut facts = self.server(false)?;
        loop {
            if !facts.appends_to_file() {
                return Ok(());
            }
            if facts.can_wait_for_disk {
                self.waited_for_disk(WaitedNodes::All)?;
                if !self.link.has_earlier_changes() {
                    return Ok(());
                }
            }
            // The server writes to its disk each second, unless it was started anew meanwhile.
            thread::park_timeout(BETWEEN_WRITES);
            let later = self.server(false)?;
            if later.start == facts.start {
                return Ok(());
            }
            facts = later;
        }
    }
}
