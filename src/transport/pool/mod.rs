//! Idle connections, kept for the next exchange with the same host.
//!
//! Borrowing and giving back take constant time, however many connections and hosts there are. Connections are dropped
//! outside the lock: closing a socket is a system call, and the close message of TLS another.

mod key;
mod shard;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(in crate::transport) use self::key::PoolKey;
use self::shard::PoolShard;

const SHARDS: usize = 16;

/// Bounds for the number and the age of idle connections.
#[derive(Clone, Copy, Debug)]
pub(in crate::transport) struct PoolSettings {
    /// Upper bound for the connections to all hosts together.
    pub(in crate::transport) max: usize,
    pub(in crate::transport) max_per_host: usize,
    /// Age at which a connection is dropped. Servers close idle connections too; if the client closes first, no request
    /// is lost to that.
    pub(in crate::transport) age: Duration,
}

/// Value that the pool can keep: a connection, or a stand-in in tests and benches.
pub(in crate::transport) trait Poolable {
    /// Returns the place that the connection leads to.
    fn key(&self) -> &PoolKey<'static>;
    /// Returns true if the connection still leads to its place.
    fn is_usable(&mut self) -> bool;
}

pub(in crate::transport) struct ConnectionPool<C> {
    settings: PoolSettings,
    shards: [Mutex<PoolShard<C>>; SHARDS],
    /// Number of connections in all shards.
    count: AtomicUsize,
}

impl<C: Poolable> ConnectionPool<C> {
    pub(in crate::transport) fn new(settings: PoolSettings) -> ConnectionPool<C> {
        ConnectionPool {
            settings,
            shards: std::array::from_fn(|_| Mutex::new(PoolShard::default())),
            count: AtomicUsize::new(0),
        }
    }

    /// Returns the most recently used connection to this place that still works. `None`: there is none.
    pub(in crate::transport) fn borrow(&self, key: &PoolKey<'_>, now: Instant) -> Option<Box<C>> {
        let shard = &self.shards[shard_of(key)];
        loop {
            let (mut connection, since) = lock(shard).pop(key)?;
            self.count.fetch_sub(1, Ordering::Relaxed);
            // The newest connection is too old, so all others are.
            if now.saturating_duration_since(since) > self.settings.age {
                drop(connection);
                self.drop_all_of(shard, key);
                return None;
            }
            // Called outside the lock, because it is a system call.
            if connection.is_usable() {
                return Some(connection);
            }
        }
    }

    fn drop_all_of(&self, shard: &Mutex<PoolShard<C>>, key: &PoolKey<'_>) {
        loop {
            // In two steps, so that the lock is not held while the connection is dropped.
            let popped = lock(shard).pop(key);
            if popped.is_none() {
                return;
            }
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Keeps a connection that can carry another exchange.
    pub(in crate::transport) fn give_back(&self, connection: Box<C>, now: Instant) {
        if self.settings.max == 0 || self.settings.max_per_host == 0 {
            return;
        }
        let at = shard_of(connection.key());
        let mut shard = lock(&self.shards[at]);
        let crowded = if shard.count(connection.key()) >= self.settings.max_per_host {
            shard.pop_oldest_of(connection.key())
        } else {
            None
        };
        let expired = shard.pop_expired(now, self.settings.age);
        shard.push(connection, now);
        let alone = shard.len() == 1;
        drop(shard);
        self.count.fetch_add(1, Ordering::Relaxed);
        for dropped in [crowded, expired].into_iter().flatten() {
            drop(dropped);
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
        if self.count.load(Ordering::Relaxed) > self.settings.max {
            // A shard's oldest connection is taken for the oldest of all, unless it is the one that has just come.
            self.drop_oldest(if alone { at + 1 } else { at });
        }
    }

    /// Opens a connection or a file. While this machine is short of the resource for it, closes one idle connection
    /// after the other and tries again.
    pub(in crate::transport) fn making_room<T, E>(
        &self,
        is_shortage: impl Fn(&E) -> bool,
        mut open: impl FnMut() -> Result<T, E>,
    ) -> Result<T, E> {
        loop {
            match open() {
                Err(error) if is_shortage(&error) && self.drop_oldest(0) => {}
                result => return result,
            }
        }
    }

    /// Drops the oldest connection of the first shard from `from` on that has any. Returns false if no shard has one.
    fn drop_oldest(&self, from: usize) -> bool {
        for step in 0..SHARDS {
            let oldest = lock(&self.shards[(from + step) % SHARDS]).pop_oldest();
            if oldest.is_some() {
                self.count.fetch_sub(1, Ordering::Relaxed);
                return true;
            }
        }
        false
    }

    /// Drops all connections.
    pub(in crate::transport) fn clear(&self) {
        for shard in &self.shards {
            let dropped = std::mem::take(&mut *lock(shard));
            self.count.fetch_sub(dropped.len(), Ordering::Relaxed);
        }
    }

    #[cfg(test)]
    pub(in crate::transport) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

fn lock<C>(shard: &Mutex<PoolShard<C>>) -> MutexGuard<'_, PoolShard<C>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn shard_of(key: &PoolKey<'_>) -> usize {
    key.spread() % SHARDS
}

#[cfg(test)]
mod tests;
