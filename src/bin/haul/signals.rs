//! INT and TERM: the first lets what runs finish, the second does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::Duration;

use haul::{Client, Shutdown};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::failure::Failure;

/// The signal that came, if one came.
#[derive(Clone, Default)]
pub(crate) struct Signalled(Arc<AtomicU8>);

impl Signalled {
    pub(crate) fn number(&self) -> Option<u8> {
        Some(self.0.load(Ordering::Acquire)).filter(|number| *number != 0)
    }
}

pub(crate) fn watch(client: &Client, grace: Duration, quiet: bool) -> Result<Signalled, Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM])
        .map_err(|e| Failure::unwritten(format!("signals cannot be watched: {e}")))?;
    let signalled = Signalled::default();
    let (told, client) = (signalled.clone(), client.clone());
    let watching = move || {
        for number in &mut signals {
            let number = u8::try_from(number).unwrap_or_default();
            let client = client.clone();
            if told.0.swap(number, Ordering::AcqRel) == 0 {
                if !quiet {
                    eprintln!(
                        "haul: interrupted: running requests may take another {grace:?}; again ends them"
                    );
                }
                // Waits for what runs, and must not keep the second signal waiting.
                let draining = move || drop(client.shutdown(Shutdown::CancelQueued, Some(grace)));
                let _ = thread::Builder::new()
                    .name("haul-drain".to_owned())
                    .spawn(draining);
            } else {
                client.shutdown(Shutdown::Abort, Some(Duration::ZERO));
            }
        }
    };
    thread::Builder::new()
        .name("haul-signals".to_owned())
        .spawn(watching)
        .map_err(|e| Failure::unwritten(format!("signals cannot be watched: {e}")))?;
    Ok(signalled)
}
