//! Ends the process when a round does not end, and says which.

use std::io::Write;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// Far more than a round takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Told of each round as it begins; dropped once all are over.
pub(crate) struct Watchdog(Sender<u64>);

impl Watchdog {
    pub(crate) fn start() -> Watchdog {
        let (begin, begun) = channel();
        thread::spawn(move || watch(&begun));
        Watchdog(begin)
    }

    pub(crate) fn begin(&self, seed: u64) {
        // It listens until this end goes.
        let _ = self.0.send(seed);
    }
}

fn watch(begun: &Receiver<u64>) {
    let mut current = 0;
    loop {
        match begun.recv_timeout(PATIENCE) {
            Ok(seed) => current = seed,
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                // A panic here would end nothing: the round holds the test's thread. And what is printed would go with
                // what the test has printed, which nobody sees of a process that exits.
                let words = format!("round {current} hangs: HAUL_SEED={current} plays it again\n");
                let _ = std::io::stderr().write_all(words.as_bytes());
                std::process::exit(101);
            }
        }
    }
}
