//! Waits until changes are on the disk of the server.

use std::thread;
use std::time::Duration;

use super::super::engine::EngineError;
use super::RedisEngine;

/// Time for which a server is waited for that can tell when its disk has all changes.
const WAITS_FOR_DISK: Duration = Duration::from_secs(5);

/// Time in which a server with `appendfsync everysec` writes to its disk.
const BETWEEN_WRITES: Duration = Duration::from_secs(2);

impl RedisEngine {
    pub(super) fn waited_for_disk(&mut self) -> Result<(), EngineError> {
        match self.is_on_disk(WAITS_FOR_DISK)? {
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
            if !facts.appends_to_file {
                return Ok(());
            }
            if facts.can_wait_for_disk {
                return self.waited_for_disk();
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
