//! Part of the pool behind one lock: a stack for each place, and the order of age over all stacks.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::time::{Duration, Instant};

use super::{PoolKey, Poolable};
use crate::slab::{Id, Slab};

pub(super) struct PoolShard<C> {
    /// Stacks by their place. A place without a connection has no entry.
    stacks: HashMap<PoolKey<'static>, ShardStack>,
    entries: Slab<PooledConnection<C>>,
    oldest: Option<Id>,
    newest: Option<Id>,
}

struct ShardStack {
    top: Id,
    bottom: Id,
    count: usize,
}

/// A connection with two links: to the other connections to its place, and to all of the shard.
struct PooledConnection<C> {
    connection: Box<C>,
    since: Instant,
    below: Option<Id>,
    above: Option<Id>,
    older: Option<Id>,
    newer: Option<Id>,
}

impl<C> Default for PoolShard<C> {
    fn default() -> Self {
        PoolShard {
            stacks: HashMap::new(),
            entries: Slab::default(),
            oldest: None,
            newest: None,
        }
    }
}

impl<C: Poolable> PoolShard<C> {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the number of connections to a place.
    pub(super) fn count(&self, key: &PoolKey<'_>) -> usize {
        self.stacks.get(key).map_or(0, |stack| stack.count)
    }

    pub(super) fn push(&mut self, connection: Box<C>, now: Instant) {
        let key = connection.key().clone();
        let older = self.newest;
        let id = self.entries.insert(PooledConnection {
            connection,
            since: now,
            below: None,
            above: None,
            older,
            newer: None,
        });
        let below = match self.stacks.entry(key) {
            Occupied(mut stack) => {
                let stack = stack.get_mut();
                stack.count += 1;
                Some(std::mem::replace(&mut stack.top, id))
            }
            Vacant(place) => {
                place.insert(ShardStack {
                    top: id,
                    bottom: id,
                    count: 1,
                });
                None
            }
        };
        if below.is_some() {
            if let Some(below) = self.entry(below) {
                below.above = Some(id);
            }
            if let Some(entry) = self.entries.get_mut(id) {
                entry.below = below;
            }
        }
        match self.entry(older) {
            Some(older) => older.newer = Some(id),
            None => self.oldest = Some(id),
        }
        self.newest = Some(id);
    }

    /// Takes the newest connection to a place, with the time since which it is idle.
    pub(super) fn pop(&mut self, key: &PoolKey<'_>) -> Option<(Box<C>, Instant)> {
        let id = self.stacks.get(key)?.top;
        self.remove(id)
    }

    /// Takes the oldest connection to a place.
    pub(super) fn pop_oldest_of(&mut self, key: &PoolKey<'_>) -> Option<Box<C>> {
        let id = self.stacks.get(key)?.bottom;
        self.remove(id).map(|(connection, _)| connection)
    }

    /// Takes the oldest connection of all.
    pub(super) fn pop_oldest(&mut self) -> Option<Box<C>> {
        let id = self.oldest?;
        self.remove(id).map(|(connection, _)| connection)
    }

    /// Takes the oldest connection if it is too old. A single one per call keeps up with the connections that come in.
    pub(super) fn pop_expired(&mut self, now: Instant, age: Duration) -> Option<Box<C>> {
        let oldest = self.entries.get(self.oldest?)?;
        if now.saturating_duration_since(oldest.since) <= age {
            return None;
        }
        self.pop_oldest()
    }

    fn entry(&mut self, id: Option<Id>) -> Option<&mut PooledConnection<C>> {
        self.entries.get_mut(id?)
    }

    fn remove(&mut self, id: Id) -> Option<(Box<C>, Instant)> {
        let entry = self.entries.remove(id)?;
        let key = entry.connection.key();
        if entry.below.is_none() && entry.above.is_none() {
            self.stacks.remove(key);
        } else if let Some(stack) = self.stacks.get_mut(key) {
            stack.count -= 1;
            match (entry.below, entry.above) {
                (Some(below), None) => stack.top = below,
                (None, Some(above)) => stack.bottom = above,
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
        if let Some(below) = self.entry(entry.below) {
            below.above = entry.above;
        }
        if let Some(above) = self.entry(entry.above) {
            above.below = entry.below;
        }
        match self.entry(entry.older) {
            Some(older) => older.newer = entry.newer,
            None => self.oldest = entry.newer,
        }
        match self.entry(entry.newer) {
            Some(newer) => newer.older = entry.older,
            None => self.newest = entry.older,
        }
        // After connections to many hosts, an empty shard must not keep the memory that they took.
        if self.len() == 0 && self.entries.places() > 64 {
            *self = PoolShard::default();
        }
        Some((entry.connection, entry.since))
    }
}
