//! File descriptors when few are left: connections leave some of them to the rest of the process, and a file takes the
//! place of the descriptor that was held for it.

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use super::platform::{self, Descriptor};

/// Lock that is held exclusively while a descriptor is closed and another takes its place, and shared while a
/// descriptor is opened, so that no other request gets the closed descriptor.
static HAND_OVER: RwLock<()> = RwLock::new(());

/// Number of times that no descriptor was free.
static REFUSALS: AtomicU64 = AtomicU64::new(0);

/// Opens a descriptor for a request that has not been sent. Fails as the system does without a free descriptor while
/// the last few are still free: files of the program and name lookups need some too.
pub(in crate::transport) fn open<T: Descriptor>(
    open: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let opened = {
        let _shared = HAND_OVER.read().unwrap_or_else(PoisonError::into_inner);
        open()
    };
    let opened = opened.and_then(|opened| platform::leaves_some(&opened).map(|()| opened));
    if opened.as_ref().is_err_and(platform::is_out_of_files) {
        REFUSALS.fetch_add(1, Ordering::Relaxed);
    }
    opened
}

/// Closes `old` and opens another descriptor in its place.
pub(in crate::transport) fn replace<O, T>(
    old: O,
    open: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let _alone = HAND_OVER.write().unwrap_or_else(PoisonError::into_inner);
    drop(old);
    open()
}

/// Returns the number of refusals so far, for [`were_short_since`].
pub(in crate::transport) fn refusals() -> u64 {
    REFUSALS.load(Ordering::Relaxed)
}

/// Returns true if descriptors have run out since [`refusals`] gave this number, or are running out now.
pub(in crate::transport) fn were_short_since(refusals: u64) -> bool {
    REFUSALS.load(Ordering::Relaxed) != refusals
        || open(platform::spare).is_err_and(|error| platform::is_out_of_files(&error))
}

/// Descriptor held while a request is under way, for the file that its response will be saved to: after the server has
/// acted, it is too late to wait for a descriptor.
#[derive(Default)]
pub(crate) struct SpareDescriptor(Cell<Option<platform::Spare>>);

impl SpareDescriptor {
    /// Takes a descriptor.
    pub(in crate::transport) fn hold(&self) -> io::Result<()> {
        if let Some(held) = self.0.take() {
            self.0.set(Some(held));
            return Ok(());
        }
        self.0.set(Some(open(platform::spare)?));
        Ok(())
    }

    /// Opens a file, in place of the descriptor if no other is free.
    pub(in crate::transport) fn give_way<T>(
        &self,
        open: impl Fn() -> io::Result<T>,
    ) -> io::Result<T> {
        let held = self.0.take();
        // Mostly others are free. Then no other worker has to wait while the system makes the file.
        match open() {
            Err(error) if platform::is_out_of_files(&error) => replace(held, open),
            opened => opened,
        }
    }
}
