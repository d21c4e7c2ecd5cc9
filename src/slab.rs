//! Slab with generations: values in one vector, whose places are used again. Ids are cheap to keep in heaps and lists,
//! and a stale id is recognised.

/// Place of a value in a [`Slab`], valid until the value is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id {
    at: u32,
    generation: u32,
}

impl Id {
    /// Index of the place. The index is used again once the value is removed.
    pub(crate) fn index(self) -> usize {
        self.at as usize
    }
}

#[derive(Debug)]
pub(crate) struct Slab<T> {
    entries: Vec<SlabEntry<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct SlabEntry<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Slab {
            entries: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    pub(crate) fn insert(&mut self, value: T) -> Id {
        if let Some(at) = self.free.pop() {
            let entry = &mut self.entries[at as usize];
            entry.value = Some(value);
            return Id {
                at,
                generation: entry.generation,
            };
        }
        let at = self.entries.len() as u32;
        self.entries.push(SlabEntry {
            generation: 0,
            value: Some(value),
        });
        Id { at, generation: 0 }
    }

    pub(crate) fn remove(&mut self, id: Id) -> Option<T> {
        let entry = self
            .entries
            .get_mut(id.at as usize)
            .filter(|e| e.generation == id.generation)?;
        let value = entry.value.take()?;
        entry.generation = entry.generation.wrapping_add(1);
        self.free.push(id.at);
        Some(value)
    }

    pub(crate) fn get(&self, id: Id) -> Option<&T> {
        self.entries
            .get(id.at as usize)
            .filter(|e| e.generation == id.generation)?
            .value
            .as_ref()
    }

    pub(crate) fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        self.entries
            .get_mut(id.at as usize)
            .filter(|e| e.generation == id.generation)?
            .value
            .as_mut()
    }

    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Number of places, free ones included.
    pub(crate) fn places(&self) -> usize {
        self.entries.len()
    }

    #[cfg(test)]
    pub(crate) fn capacity_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<SlabEntry<T>>()
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().filter_map(|e| e.value.as_ref())
    }

    /// Returns the first value from place `from` on for which `is` returns true, and its place.
    pub(crate) fn find_from(&self, from: usize, is: impl Fn(&T) -> bool) -> Option<(usize, Id)> {
        let rest = self.entries.iter().enumerate().skip(from);
        rest.filter(|(_, e)| e.value.as_ref().is_some_and(&is))
            .map(|(at, e)| {
                let id = Id {
                    at: at as u32,
                    generation: e.generation,
                };
                (at, id)
            })
            .next()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = Id> + '_ {
        let live = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, e)| e.value.is_some());
        live.map(|(at, e)| Id {
            at: at as u32,
            generation: e.generation,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_a_removed_value_finds_nothing_even_when_its_place_is_used_again() {
        let mut slab = Slab::default();
        let a = slab.insert("a");
        assert_eq!(slab.remove(a), Some("a"));
        let b = slab.insert("b");
        assert_eq!(
            (slab.get(a), slab.get(b), slab.len()),
            (None, Some(&"b"), 1)
        );
        assert_ne!(a, b);
        assert_eq!(slab.remove(a), None);
        assert_eq!(slab.ids().collect::<Vec<_>>(), [b]);
    }
}
