//! Arriving signals, one after the other.

use std::io;
use std::iter;

use signal_hook::consts::{SIGINT, SIGTERM};

/// Returns the numbers of INT and TERM as they arrive; `next` waits for a signal.
///
/// # Errors
/// When the system does not let signals be watched.
#[cfg(unix)]
pub(crate) fn arrivals() -> io::Result<impl Iterator<Item = i32> + Send> {
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    Ok(iter::from_fn(move || signals.forever().next()))
}

#[cfg(not(unix))]
pub(crate) use by_flag::arrivals;

/// Implementation for systems on which a signal can be noted, but not waited for: Windows. Ctrl-C is INT there.
// Compiled for tests too, so that its behaviour is tested on systems that do not use it.
#[cfg(any(not(unix), test))]
mod by_flag {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// Time between two checks of the flag: short enough that a person notices no delay.
    const LOOK: Duration = Duration::from_millis(50);

    /// Returns the numbers of INT and TERM as they arrive. If several arrive between two checks, the last counts.
    ///
    /// # Errors
    /// When the system does not let signals be watched.
    pub(crate) fn arrivals() -> io::Result<impl Iterator<Item = i32> + Send> {
        let arrived = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register_usize(signal, Arc::clone(&arrived), signal as usize)?;
        }
        Ok(iter::from_fn(move || {
            loop {
                match arrived.swap(0, Ordering::AcqRel) {
                    0 => thread::park_timeout(LOOK),
                    signal => return i32::try_from(signal).ok(),
                }
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use signal_hook::low_level::raise;

    use super::*;

    #[test]
    fn int_and_term_are_told_apart_by_the_flag() {
        let mut arrivals = by_flag::arrivals().unwrap();
        for signal in [SIGINT, SIGTERM, SIGTERM, SIGINT] {
            raise(signal).unwrap();
            assert_eq!(arrivals.next(), Some(signal));
        }
    }
}
