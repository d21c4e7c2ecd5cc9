//! Watchdog that ends the process when a round does not end, and names the round.

use std::io::Write;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// Time limit of a round: far more than a round takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Watchdog that is told of each round as it begins, and dropped when all are over.
pub(crate) struct Watchdog(Sender<u64>);

impl Watchdog {
    pub(crate) fn start() -> Watchdog {
        let (begin, begun) = channel();
        thread::spawn(move || watch(&begun));
        Watchdog(begin)
    }

    pub(crate) fn begin(&self, seed: u64) {
        // The thread listens until this sender is dropped.
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
                // A panic on this thread would end nothing, because the round holds the test's thread. And text printed
                // with `print!` would go to the captured output of the test, which is lost when the process exits.
                let words = format!("round {current} hangs: HAUL_SEED={current} plays it again\n");
                let _ = std::io::stderr().write_all(words.as_bytes());
                std::process::exit(101);
            }
        }
    }
}
