//! Buffer for outcomes that came before their turn.

use std::collections::VecDeque;

/// Buffer that holds values by their index until all values before them have been taken.
pub(super) struct Reorder<V> {
    /// Index of the value at the front of `early`, which is to be taken next.
    next: u64,
    /// Places of the values from index `next` on. `None`: the value has not come.
    early: VecDeque<Option<V>>,
}

impl<V> Default for Reorder<V> {
    fn default() -> Self {
        Reorder {
            next: 0,
            early: VecDeque::new(),
        }
    }
}

impl<V> Reorder<V> {
    /// Adds the value with this index. A value whose turn has passed is dropped.
    pub(super) fn put(&mut self, index: u64, value: V) {
        let Some(place) = index.checked_sub(self.next) else {
            return;
        };
        let place = place as usize;
        if place >= self.early.len() {
            self.early.resize_with(place + 1, || None);
        }
        self.early[place] = Some(value);
    }

    /// Takes the next value in order, if it has come.
    pub(super) fn take(&mut self) -> Option<V> {
        let value = self.early.front_mut()?.take()?;
        self.early.pop_front();
        self.next += 1;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_out_in_the_order_of_their_indices() {
        let mut reorder = Reorder::default();
        for index in [2, 0, 3] {
            reorder.put(index, index);
        }
        assert_eq!((reorder.take(), reorder.take()), (Some(0), None));
        reorder.put(1, 1);
        assert_eq!(
            (
                reorder.take(),
                reorder.take(),
                reorder.take(),
                reorder.take()
            ),
            (Some(1), Some(2), Some(3), None)
        );
    }
}
