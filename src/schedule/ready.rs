//! The hosts of a batch that have a job ready, in the order in which they are served: fewest places first, then served
//! longest ago.
//!
//! Most hosts of a long list hold no place and stand in a line: a host that gives its only place back was served after
//! all hosts that wait in the line, and goes to its end. All others are in a heap, with the position of every host
//! beside it, so that a host whose rank changes is moved and never searched for. The heap is small: at most as many
//! hosts as there are workers hold a place, and few come back to the line out of order. So an operation takes constant
//! time for hosts in the line, and log4(workers) steps for the others.

use std::cmp::Ordering;
use std::collections::VecDeque;

use crate::slab::Id;

/// Hosts that are served by different rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostTier {
    /// The last attempt of the host that ended had a response head.
    Answering,
    /// The host has not answered, or not lately.
    Unanswered,
    /// As [`Unanswered`](HostTier::Unanswered), but the host holds as many places as it may before its first connection: it
    /// is served only if no other host has a job ready.
    Unconnected,
}

/// Number of tiers.
pub(super) const TIERS: usize = 3;

impl HostTier {
    pub(super) const ALL: [HostTier; TIERS] = [
        HostTier::Answering,
        HostTier::Unanswered,
        HostTier::Unconnected,
    ];
}

/// Sort key of hosts and of batches: the lowest is served next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ServiceRank {
    /// Number of workers that are busy with jobs of the host or batch.
    pub(super) places: usize,
    /// Turn at which the host or batch was served last.
    pub(super) turn: Turn,
}

/// Point in the order of events. Hosts and batches that were never served come before all that were, in the order in
/// which they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn(u64);

impl Turn {
    #[cfg(test)]
    pub(super) fn is_served(self) -> bool {
        self.0 >= SERVED
    }
}

/// Source of turns.
#[derive(Debug, Default)]
pub(super) struct TurnCounter(u64);

const SERVED: u64 = 1 << 63;

impl TurnCounter {
    /// Returns the turn of a new host or batch: after those that came before it.
    pub(super) fn arrive(&mut self) -> Turn {
        self.0 += 1;
        Turn(self.0)
    }

    /// Returns the turn of a host or batch that is served now: after all others.
    pub(super) fn serve(&mut self) -> Turn {
        self.0 += 1;
        Turn(self.0 | SERVED)
    }
}

/// Number of hosts in a heap up to which no line is begun.
const FEW: usize = 4;

#[derive(Clone, Copy, Debug)]
struct RankedHost {
    rank: ServiceRank,
    host: Id,
}

#[derive(Debug, Default)]
pub(super) struct ReadyHosts {
    tiers: [TierHosts; TIERS],
    /// Position of each host, by its index in the slab of hosts.
    spots: Vec<HostPosition>,
}

/// The hosts of a tier.
#[derive(Debug, Default)]
struct TierHosts {
    /// Hosts without a place, served longest ago first. An entry whose host is elsewhere by now is stale; the first
    /// entry never is.
    line: VecDeque<(Turn, Id)>,
    stale: usize,
    heap: Vec<RankedHost>,
}

impl TierHosts {
    /// True if a host of this rank goes to the end of the line. If there are only a few hosts, they are in the heap,
    /// and stay there.
    fn lines_up(&self, rank: ServiceRank) -> bool {
        rank.places == 0
            && match self.line.back() {
                Some((last, _)) => *last <= rank.turn,
                None => self.heap.len() > FEW,
            }
    }
}

/// Position of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum HostPosition {
    #[default]
    Nowhere,
    /// In the line of a tier, with this turn.
    Line(u8, Turn),
    /// In the heap of a tier, at this position.
    Heap(u8, u32),
}

impl ReadyHosts {
    /// True if the tier has any host.
    pub(super) fn has(&self, tier: HostTier) -> bool {
        let waiting = &self.tiers[tier as usize];
        !waiting.heap.is_empty() || !waiting.line.is_empty()
    }

    /// Returns the host of a tier that is served next, and its rank.
    pub(super) fn first(&self, tier: HostTier) -> Option<(ServiceRank, Id)> {
        let waiting = &self.tiers[tier as usize];
        let root = waiting.heap.first().map(|entry| (entry.rank, entry.host));
        let front = waiting.line.front().map(|(turn, host)| {
            let rank = ServiceRank {
                places: 0,
                turn: *turn,
            };
            (rank, *host)
        });
        match (front, root) {
            (Some(front), Some(root)) if root.0 < front.0 => Some(root),
            (front, root) => front.or(root),
        }
    }

    /// Adds a host, or moves it to its present position.
    pub(super) fn put(&mut self, host: Id, tier: HostTier, rank: ServiceRank) {
        let (index, tier) = (host.index(), tier as u8);
        if self.spots.len() <= index {
            self.spots.resize(index + 1, HostPosition::default());
        }
        match self.spots[index] {
            HostPosition::Line(own, turn)
                if own == tier && rank.places == 0 && turn == rank.turn =>
            {
                return;
            }
            HostPosition::Heap(own, position)
                if own == tier && !self.tiers[tier as usize].lines_up(rank) =>
            {
                let position = position as usize;
                let heap = &mut self.tiers[tier as usize].heap;
                let before = std::mem::replace(&mut heap[position].rank, rank);
                match rank.cmp(&before) {
                    _ if heap.len() == 1 => {}
                    Ordering::Equal => {}
                    Ordering::Less => self.rise(tier, position),
                    Ordering::Greater => self.sink(tier, position),
                }
                return;
            }
            HostPosition::Nowhere => {}
            _ => self.remove(host),
        }
        let lines_up = self.tiers[tier as usize].lines_up(rank);
        let TierHosts { line, stale, heap } = &mut self.tiers[tier as usize];
        if lines_up {
            match line.back() == Some(&(rank.turn, host)) {
                // The host left from the end of the line, and comes back.
                true => *stale -= 1,
                false => line.push_back((rank.turn, host)),
            }
            self.spots[index] = HostPosition::Line(tier, rank.turn);
        } else {
            heap.push(RankedHost { rank, host });
            let last = heap.len() - 1;
            self.rise(tier, last);
        }
    }

    /// Removes a host if it is present.
    pub(super) fn remove(&mut self, host: Id) {
        let Some(spot) = self.spots.get_mut(host.index()) else {
            return;
        };
        match std::mem::take(spot) {
            HostPosition::Nowhere => {}
            HostPosition::Line(tier, _) => self.leave_line(tier, host),
            HostPosition::Heap(tier, position) => {
                let position = position as usize;
                let heap = &mut self.tiers[tier as usize].heap;
                let gone = heap.swap_remove(position);
                if let Some(moved) = heap.get(position) {
                    if moved.rank < gone.rank {
                        self.rise(tier, position);
                    } else {
                        self.sink(tier, position);
                    }
                }
            }
        }
    }

    /// Removes a host whose spot is cleared already from the line: from its front as a rule.
    fn leave_line(&mut self, tier: u8, host: Id) {
        let spots = &self.spots;
        let stands =
            |(turn, host): &(Turn, Id)| spots[host.index()] == HostPosition::Line(tier, *turn);
        let TierHosts { line, stale, .. } = &mut self.tiers[tier as usize];
        if line.front().is_some_and(|(_, first)| *first == host) {
            line.pop_front();
            while *stale > 0 && line.front().is_some_and(|first| !stands(first)) {
                line.pop_front();
                *stale -= 1;
            }
        } else {
            *stale += 1;
            if *stale > 64 && *stale * 2 > line.len() {
                line.retain(stands);
                *stale = 0;
            }
        }
    }

    /// Moves an entry of a heap towards the root as far as it belongs.
    fn rise(&mut self, tier: u8, mut position: usize) {
        let heap = &mut self.tiers[tier as usize].heap;
        let entry = heap[position];
        while position > 0 {
            let parent = (position - 1) / 4;
            if heap[parent].rank <= entry.rank {
                break;
            }
            heap[position] = heap[parent];
            self.spots[heap[position].host.index()] = HostPosition::Heap(tier, position as u32);
            position = parent;
        }
        heap[position] = entry;
        self.spots[entry.host.index()] = HostPosition::Heap(tier, position as u32);
    }

    /// Moves an entry of a heap away from the root as far as it belongs.
    fn sink(&mut self, tier: u8, mut position: usize) {
        let heap = &mut self.tiers[tier as usize].heap;
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
            self.spots[heap[position].host.index()] = HostPosition::Heap(tier, position as u32);
            position = least;
        }
        heap[position] = entry;
        self.spots[entry.host.index()] = HostPosition::Heap(tier, position as u32);
    }

    /// Returns all hosts, each with its tier and rank. Panics if an entry is out of place.
    #[cfg(test)]
    pub(super) fn all(&self) -> Vec<(Id, HostTier, ServiceRank)> {
        let mut all = Vec::new();
        for tier in HostTier::ALL {
            let TierHosts { line, stale, heap } = &self.tiers[tier as usize];
            for (position, entry) in heap.iter().enumerate() {
                let spot = self.spots[entry.host.index()];
                assert_eq!(spot, HostPosition::Heap(tier as u8, position as u32));
                assert!(position == 0 || heap[(position - 1) / 4].rank <= entry.rank);
                all.push((entry.host, tier, entry.rank));
            }
            assert!(line.iter().is_sorted_by_key(|(turn, _)| *turn));
            let stands = |(turn, host): &&(Turn, Id)| {
                self.spots[host.index()] == HostPosition::Line(tier as u8, *turn)
            };
            assert!(line.front().is_none_or(|first| stands(&first)));
            let standing: Vec<_> = line.iter().filter(stands).collect();
            assert_eq!(standing.len() + stale, line.len());
            assert!(
                line.len() <= 2 * standing.len() + 66,
                "stale entries pile up"
            );
            all.extend(standing.into_iter().map(|(turn, host)| {
                let rank = ServiceRank {
                    places: 0,
                    turn: *turn,
                };
                (*host, tier, rank)
            }));
        }
        let known = self
            .spots
            .iter()
            .filter(|spot| **spot != HostPosition::Nowhere);
        assert_eq!(known.count(), all.len());
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slab::Slab;

    #[test]
    fn the_first_of_a_tier_is_always_the_one_with_the_lowest_rank() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut turns = TurnCounter::default();
        let mut slots = Slab::default();
        let hosts: Vec<Id> = (0..40).map(|_| slots.insert(())).collect();
        let mut ready = ReadyHosts::default();
        let mut known = std::collections::HashMap::new();
        let mut last = std::collections::HashMap::new();
        for _ in 0..20_000 {
            let host = hosts[rng.usize(..hosts.len())];
            if rng.u8(..4) == 0 {
                ready.remove(host);
                known.remove(&host);
            } else {
                let tier = HostTier::ALL[rng.usize(..TIERS)];
                let turn = match rng.u8(..3) {
                    0 => turns.arrive(),
                    1 => turns.serve(),
                    _ => *last.entry(host).or_insert_with(|| turns.arrive()),
                };
                last.insert(host, turn);
                let places = rng.usize(..3);
                ready.put(host, tier, ServiceRank { places, turn });
                known.insert(host, (tier, ServiceRank { places, turn }));
            }
            assert_eq!(ready.all().len(), known.len());
            for tier in HostTier::ALL {
                let of_tier = known.iter().filter(|(_, (own, _))| *own == tier);
                let least = of_tier.map(|(host, (_, rank))| (*rank, *host)).min();
                assert_eq!(ready.first(tier), least);
            }
        }
    }

    #[test]
    fn a_newcomer_comes_before_all_that_were_served() {
        let mut turns = TurnCounter::default();
        let served = turns.serve();
        let (first, second) = (turns.arrive(), turns.arrive());
        assert!(first < second && second < served && served < turns.serve());
    }
}
