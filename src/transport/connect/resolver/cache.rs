//! Cache of answers that are still valid.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use super::ResolverSettings;
use super::lookup::{Lookup, LookupResult};
use crate::transport::connection::platform;

/// Cached state of a name.
pub(super) enum Cached {
    /// Addresses of the name, and the number of connections that began with them before.
    Addresses(Arc<[IpAddr]>, usize),
    Failed(Arc<io::Error>),
    /// A lookup of the name is under way.
    Asking(Arc<Lookup>),
}

#[derive(Default)]
pub(super) struct Cache {
    names: HashMap<Arc<str>, CacheEntry>,
    /// Names in the order of their answers, for forgetting the oldest. A name that was forgotten and looked up again
    /// may be in the queue twice, and is then forgotten a little early.
    answered: VecDeque<Arc<str>>,
}

enum CacheEntry {
    Asking(Arc<Lookup>),
    Answered {
        answer: LookupResult,
        until: Instant,
        turn: usize,
    },
}

impl Cache {
    pub(super) fn find(&mut self, name: &str, now: Instant) -> Option<Cached> {
        match self.names.get_mut(name)? {
            CacheEntry::Asking(lookup) => Some(Cached::Asking(Arc::clone(lookup))),
            CacheEntry::Answered { until, .. } if *until <= now => None,
            CacheEntry::Answered { answer, turn, .. } => Some(match answer {
                Ok(addresses) => {
                    *turn += 1;
                    Cached::Addresses(Arc::clone(addresses), *turn)
                }
                Err(error) => Cached::Failed(Arc::clone(error)),
            }),
        }
    }

    pub(super) fn ask(&mut self, lookup: &Arc<Lookup>) {
        self.names.insert(
            Arc::clone(lookup.name()),
            CacheEntry::Asking(Arc::clone(lookup)),
        );
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.names.remove(name);
    }

    pub(super) fn answer(
        &mut self,
        name: &Arc<str>,
        answer: &LookupResult,
        now: Instant,
        settings: &ResolverSettings,
    ) {
        let keep = match answer {
            Ok(_) => settings.keep,
            // A shortage of this machine says nothing about the name.
            Err(error) if platform::is_out_of_files(error) => return self.forget(name),
            Err(_) => settings.keep_failure,
        };
        let entry = CacheEntry::Answered {
            answer: answer.clone(),
            until: now + keep,
            turn: 0,
        };
        self.names.insert(Arc::clone(name), entry);
        self.answered.push_back(Arc::clone(name));
        while self.answered.len() > settings.names {
            if let Some(oldest) = self.answered.pop_front()
                && matches!(self.names.get(&oldest), Some(CacheEntry::Answered { .. }))
            {
                self.names.remove(&oldest);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
}
