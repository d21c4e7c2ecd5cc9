//! Signals INT and TERM: the first lets running requests finish, the second aborts them.

pub(crate) mod arrivals;

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use haul::{Client, Shutdown};

use crate::bearer_command;
use crate::cookies;
use crate::failure::CommandError;
use crate::messages::Messages;

/// Longest time for an orderly end after the second signal: results may go to a reader that does not read them.
const PATIENCE: Duration = Duration::from_secs(5);

/// The signal that arrived, if one did.
#[derive(Clone, Default)]
pub(crate) struct Signalled(Arc<AtomicU8>);

impl Signalled {
    pub(crate) fn number(&self) -> Option<u8> {
        Some(self.0.load(Ordering::Acquire)).filter(|number| *number != 0)
    }
}

pub(crate) fn watch(
    client: &Client,
    grace: Duration,
    messages: &Messages,
) -> Result<Signalled, CommandError> {
    let wrong = |e| CommandError::unwritten(format!("signals cannot be watched: {e}"));
    let arrivals = arrivals::arrivals().map_err(wrong)?;
    let signalled = Signalled::default();
    let (first, client, messages) = (signalled.clone(), client.clone(), messages.clone());
    let watching = move || {
        for (nth, number) in (1..).zip(arrivals) {
            let number = u8::try_from(number).unwrap_or_default();
            let (client, messages) = (client.clone(), messages.clone());
            match nth {
                1 => {
                    first.0.store(number, Ordering::Release);
                    let draining = client.clone();
                    // The shutdown waits for running requests, and must not keep the second signal waiting.
                    let begun = start("haul-drain", move || {
                        draining.shutdown(Shutdown::CancelQueued, Some(grace));
                    });
                    // The note is printed when the client is shut down, so that no queued request will run.
                    while begun && !client.is_shut_down() {
                        thread::yield_now();
                    }
                    // Only queued requests wait for a token, and they are cancelled.
                    bearer_command::end_all();
                    messages.note(&format!(
                        "interrupted: running requests may take another {grace:?}; a second signal ends them"
                    ));
                }
                2 => {
                    start("haul-abort", move || {
                        let until = Instant::now() + PATIENCE;
                        client.shutdown(Shutdown::Abort, Some(Duration::ZERO));
                        while let Some(left) = until.checked_duration_since(Instant::now()) {
                            thread::park_timeout(left);
                        }
                        exit(number, &messages);
                    });
                }
                _ => exit(number, &messages),
            }
        }
    };
    thread::Builder::new()
        .name("haul-signals".to_owned())
        .spawn(watching)
        .map_err(wrong)?;
    Ok(signalled)
}

/// Ends the process as by this signal.
fn exit(number: u8, messages: &Messages) -> ! {
    cookies::save_at_exit(messages);
    bearer_command::end_all();
    process::exit(128 + i32::from(number))
}

/// Runs a function on a new thread. Returns false if no thread could be made; then the next signal ends the process.
fn start(name: &str, run: impl FnOnce() + Send + 'static) -> bool {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .is_ok()
}
