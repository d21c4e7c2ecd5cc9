//! A part of the pool, behind one lock: for each host a stack, and over all of them the order of age.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Keep;

/// A place in `slots`.
type At = usize;

pub(super) struct Shard<C> {
    /// The top and bottom of each host's stack. Hosts without a connection are not in it.
    hosts: HashMap<Arc<str>, Stack>,
    slots: Vec<Slot<C>>,
    free: Vec<At>,
    oldest: Option<At>,
    newest: Option<At>,
}

struct Stack {
    top: At,
    bottom: At,
    count: usize,
}

/// A connection, linked twice: with those of its host, and with all of the shard.
struct Slot<C> {
    connection: Option<(Box<C>, Instant)>,
    below: Option<At>,
    above: Option<At>,
    older: Option<At>,
    newer: Option<At>,
}

impl<C> Default for Shard<C> {
    fn default() -> Self {
        Shard {
            hosts: HashMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            oldest: None,
            newest: None,
        }
    }
}

impl<C: Keep> Shard<C> {
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn count(&self, host: &str) -> usize {
        self.hosts.get(host).map_or(0, |stack| stack.count)
    }

    pub(super) fn push(&mut self, connection: Box<C>, now: Instant) {
        let host = Arc::clone(connection.host());
        let at = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::empty());
            self.slots.len() - 1
        });
        let below = match self.hosts.get_mut(&host) {
            Some(stack) => {
                stack.count += 1;
                Some(std::mem::replace(&mut stack.top, at))
            }
            None => {
                let stack = Stack {
                    top: at,
                    bottom: at,
                    count: 1,
                };
                self.hosts.insert(host, stack);
                None
            }
        };
        if let Some(below) = below {
            self.slots[below].above = Some(at);
        }
        let older = self.newest.replace(at);
        match older {
            Some(older) => self.slots[older].newer = Some(at),
            None => self.oldest = Some(at),
        }
        self.slots[at] = Slot {
            connection: Some((connection, now)),
            below,
            above: None,
            older,
            newer: None,
        };
    }

    /// The newest of a host, and since when it is here.
    pub(super) fn pop(&mut self, host: &str) -> Option<(Box<C>, Instant)> {
        let at = self.hosts.get(host)?.top;
        self.remove(at)
    }

    pub(super) fn pop_oldest_of(&mut self, host: &str) -> Option<Box<C>> {
        let at = self.hosts.get(host)?.bottom;
        self.remove(at).map(|(connection, _)| connection)
    }

    pub(super) fn pop_oldest(&mut self) -> Option<Box<C>> {
        let at = self.oldest?;
        self.remove(at).map(|(connection, _)| connection)
    }

    /// The oldest, if it is too old. One at a time keeps up with those that come in.
    pub(super) fn pop_expired(&mut self, now: Instant, age: Duration) -> Option<Box<C>> {
        let (_, since) = self.slots[self.oldest?].connection.as_ref()?;
        if now.saturating_duration_since(*since) <= age {
            return None;
        }
        self.pop_oldest()
    }

    fn remove(&mut self, at: At) -> Option<(Box<C>, Instant)> {
        let slot = std::mem::replace(&mut self.slots[at], Slot::empty());
        self.free.push(at);
        let kept = slot.connection?;
        let host = kept.0.host();
        if let Some(stack) = self.hosts.get_mut(host) {
            stack.count -= 1;
            match (slot.below, slot.above) {
                (None, None) => drop(self.hosts.remove(host)),
                (Some(below), None) => stack.top = below,
                (None, Some(above)) => stack.bottom = above,
                (Some(_), Some(_)) => {}
            }
        }
        if let Some(below) = slot.below {
            self.slots[below].above = slot.above;
        }
        if let Some(above) = slot.above {
            self.slots[above].below = slot.below;
        }
        match slot.older {
            Some(older) => self.slots[older].newer = slot.newer,
            None => self.oldest = slot.newer,
        }
        match slot.newer {
            Some(newer) => self.slots[newer].older = slot.older,
            None => self.newest = slot.older,
        }
        // After a crowd of hosts an empty shard must not keep the room they took.
        if self.len() == 0 && self.slots.len() > 64 {
            *self = Shard::default();
        }
        Some(kept)
    }
}

impl<C> Slot<C> {
    fn empty() -> Slot<C> {
        Slot {
            connection: None,
            below: None,
            above: None,
            older: None,
            newer: None,
        }
    }
}
