//! The hosts of a batch that have a job ready, in the order in which they are served: fewest places first, then served
//! longest ago.
//!
//! A heap for each [`Tier`], with the position of every host beside it, so that a host whose rank changes is moved and
//! never searched for. With one host each operation takes a few nanoseconds, with n hosts at most log4(n) steps. Buckets
//! of queues, one for each number of places, were not simpler: a host that gives a place back has to be put between those
//! that were served before and after it, which a queue cannot do in constant time.

use super::slots::Id;

/// Hosts that are served by different rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tier {
    /// The last attempt of the host that ended had a response head.
    Answering,
    /// The host has not answered, or not lately.
    Unanswered,
    /// As [`Unanswered`](Tier::Unanswered), and the host holds as many places as it may before its first connection: it
    /// is served only where no other host has a job ready.
    Unconnected,
}

/// Number of tiers.
pub(super) const TIERS: usize = 3;

impl Tier {
    pub(super) const ALL: [Tier; TIERS] = [Tier::Answering, Tier::Unanswered, Tier::Unconnected];
}

/// Sort key of hosts and of batches: the lowest is served next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// Workers that are busy with it.
    pub(super) places: usize,
    /// When it was served last, in [turns](Turn).
    pub(super) turn: Turn,
}

/// A point in the order of events. One that was never served comes before all that were, in the order they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn(u64);

impl Turn {
    #[cfg(test)]
    pub(super) fn is_served(self) -> bool {
        self.0 >= SERVED
    }
}

/// Gives turns out.
#[derive(Debug, Default)]
pub(super) struct Turns(u64);

const SERVED: u64 = 1 << 63;

impl Turns {
    /// For a newcomer: after those that came before it.
    pub(super) fn arrive(&mut self) -> Turn {
        self.0 += 1;
        Turn(self.0)
    }

    /// For one that is served now: after all others.
    pub(super) fn serve(&mut self) -> Turn {
        self.0 += 1;
        Turn(self.0 | SERVED)
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    rank: Rank,
    host: Id,
}

#[derive(Debug, Default)]
pub(super) struct Ready {
    heaps: [Vec<Entry>; TIERS],
    /// Where each host is, by its index in the slab of hosts.
    places: Vec<Spot>,
}

/// Tier and position of a host: `position << 2 | tier + 1`. Zero: the host is in no heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Spot(u32);

impl Spot {
    fn new(tier: usize, position: usize) -> Spot {
        Spot((position as u32) << 2 | (tier as u32 + 1))
    }

    fn get(self) -> Option<(usize, usize)> {
        let tier = (self.0 & 3).checked_sub(1)?;
        Some((tier as usize, (self.0 >> 2) as usize))
    }
}

impl Ready {
    /// The host that is served next among those of a tier.
    pub(super) fn first(&self, tier: Tier) -> Option<(Rank, Id)> {
        let entry = self.heaps[tier as usize].first()?;
        Some((entry.rank, entry.host))
    }

    /// Adds a host, or moves it to where it belongs now.
    pub(super) fn put(&mut self, host: Id, tier: Tier, rank: Rank) {
        let (index, tier) = (host.index(), tier as usize);
        if self.places.len() <= index {
            self.places.resize(index + 1, Spot::default());
        }
        let position = match self.places[index].get() {
            Some((own, position)) if own == tier => {
                let before = std::mem::replace(&mut self.heaps[tier][position].rank, rank);
                if before == rank {
                    return;
                }
                if rank > before {
                    return self.sink(tier, position);
                }
                position
            }
            found => {
                if found.is_some() {
                    self.remove(host);
                }
                self.heaps[tier].push(Entry { rank, host });
                self.heaps[tier].len() - 1
            }
        };
        self.rise(tier, position);
    }

    /// Takes a host out, if it is in.
    pub(super) fn remove(&mut self, host: Id) {
        let Some(spot) = self.places.get_mut(host.index()) else {
            return;
        };
        let Some((tier, position)) = std::mem::take(spot).get() else {
            return;
        };
        let heap = &mut self.heaps[tier];
        let gone = heap.swap_remove(position);
        if let Some(moved) = heap.get(position) {
            if moved.rank < gone.rank {
                self.rise(tier, position);
            } else {
                self.sink(tier, position);
            }
        }
    }

    /// Moves an entry towards the root as far as it belongs.
    fn rise(&mut self, tier: usize, mut position: usize) {
        let heap = &mut self.heaps[tier];
        let entry = heap[position];
        while position > 0 {
            let parent = (position - 1) / 4;
            if heap[parent].rank <= entry.rank {
                break;
            }
            heap[position] = heap[parent];
            self.places[heap[position].host.index()] = Spot::new(tier, position);
            position = parent;
        }
        heap[position] = entry;
        self.places[entry.host.index()] = Spot::new(tier, position);
    }

    /// Moves an entry away from the root as far as it belongs.
    fn sink(&mut self, tier: usize, mut position: usize) {
        let heap = &mut self.heaps[tier];
        let entry = heap[position];
        loop {
            let first = 4 * position + 1;
            let children = first..heap.len().min(first + 4);
            let Some(least) = children.min_by_key(|child| heap[*child].rank) else {
                break;
            };
            if heap[least].rank >= entry.rank {
                break;
            }
            heap[position] = heap[least];
            self.places[heap[position].host.index()] = Spot::new(tier, position);
            position = least;
        }
        heap[position] = entry;
        self.places[entry.host.index()] = Spot::new(tier, position);
    }

    /// All hosts that are in, each with its tier and rank. Panics where the positions do not match.
    #[cfg(test)]
    pub(super) fn all(&self) -> Vec<(Id, Tier, Rank)> {
        let mut all = Vec::new();
        for tier in Tier::ALL {
            let heap = &self.heaps[tier as usize];
            for (position, entry) in heap.iter().enumerate() {
                let spot = self.places[entry.host.index()];
                assert_eq!(spot.get(), Some((tier as usize, position)));
                assert!(position == 0 || heap[(position - 1) / 4].rank <= entry.rank);
                all.push((entry.host, tier, entry.rank));
            }
        }
        let known = self.places.iter().filter(|spot| spot.get().is_some());
        assert_eq!(known.count(), all.len());
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::slots::Slots;
    use super::*;

    #[test]
    fn the_first_of_a_tier_is_always_the_one_with_the_lowest_rank() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut turns = Turns::default();
        let mut slots = Slots::default();
        let hosts: Vec<Id> = (0..40).map(|_| slots.insert(())).collect();
        let mut ready = Ready::default();
        let mut known = std::collections::HashMap::new();
        for _ in 0..20_000 {
            let host = hosts[rng.usize(..hosts.len())];
            if rng.u8(..4) == 0 {
                ready.remove(host);
                known.remove(&host);
            } else {
                let tier = Tier::ALL[rng.usize(..TIERS)];
                let turn = if rng.bool() {
                    turns.serve()
                } else {
                    turns.arrive()
                };
                let places = rng.usize(..5);
                ready.put(host, tier, Rank { places, turn });
                known.insert(host, (tier, Rank { places, turn }));
            }
            assert_eq!(ready.all().len(), known.len());
            for tier in Tier::ALL {
                let of_tier = known.iter().filter(|(_, (own, _))| *own == tier);
                let least = of_tier.map(|(host, (_, rank))| (*rank, *host)).min();
                assert_eq!(ready.first(tier), least);
            }
        }
    }

    #[test]
    fn a_newcomer_comes_before_all_that_were_served() {
        let mut turns = Turns::default();
        let served = turns.serve();
        let (first, second) = (turns.arrive(), turns.arrive());
        assert!(first < second && second < served && served < turns.serve());
    }
}
