//! Two sets of entries, taken part by part, each with the entries of some keys.

use std::io;

use super::partitions::{EntryFormat, KeyPrefix, Partitions};

/// Receiver of the parts of two sets of entries.
pub(crate) trait PartReceiver<A, B> {
    /// Takes all entries of some keys. The order of entries is that in which they were added.
    fn take_loaded(&mut self, first: Vec<u8>, second: Vec<u8>) -> io::Result<()>;

    /// Takes the entries of a single key, which are too many for the memory.
    fn take_single_key(
        &mut self,
        first: &mut Partitions<A>,
        second: &mut Partitions<B>,
        part: u8,
    ) -> io::Result<()>;
}

/// Hands on the parts of two sets of entries with equal keys. A part of more than `largest` bytes is divided again.
pub(crate) fn each_part<A: EntryFormat, B: EntryFormat>(
    first: &mut Partitions<A>,
    second: &mut Partitions<B>,
    largest: u64,
    to: &mut impl PartReceiver<A, B>,
) -> io::Result<()> {
    for part in 0..=u8::MAX {
        match first.size(part) + second.size(part) {
            0 => continue,
            size if size <= largest => {
                to.take_loaded(first.load(part)?, second.load(part)?)?;
                continue;
            }
            _ => {}
        }
        let mut prefix = KeyPrefix::default();
        first.narrow(part, &mut prefix)?;
        second.narrow(part, &mut prefix)?;
        if prefix.length() >= A::KEY.min(B::KEY) {
            to.take_single_key(first, second, part)?;
            continue;
        }
        let mut first = first.divided(part, prefix.length())?;
        let mut second = second.divided(part, prefix.length())?;
        each_part(&mut first, &mut second, largest, to)?;
    }
    Ok(())
}

/// Entries of one leaf of a partition that was divided.
pub(crate) enum LeafEntries<'a, F> {
    /// The entries, in the order in which they were added.
    Loaded(Vec<u8>),
    /// Partition whose entries have the bytes in common that were asked for, and are too many for the memory.
    Stored(&'a mut Partitions<F>, u8),
}

/// Divides a partition until each part has at most `largest` bytes, or its entries have their first `common` bytes in
/// common. All entries with equal bytes there come together.
pub(crate) fn each_leaf<F: EntryFormat>(
    parts: &mut Partitions<F>,
    part: u8,
    largest: u64,
    common: usize,
    to: &mut dyn FnMut(LeafEntries<'_, F>) -> io::Result<()>,
) -> io::Result<()> {
    if parts.size(part) <= largest {
        return to(LeafEntries::Loaded(parts.load(part)?));
    }
    let length = parts.common_length(part)?;
    if length >= common {
        return to(LeafEntries::Stored(parts, part));
    }
    let mut divided = parts.divided(part, length)?;
    for part in 0..=u8::MAX {
        if divided.size(part) > 0 {
            each_leaf(&mut divided, part, largest, common, to)?;
        }
    }
    Ok(())
}
