//! Entries that are too many for the memory: divided by their keys, in a temporary file.

mod divide;
mod partitions;
mod temporary;

pub(crate) use divide::{LeafEntries, PartReceiver, each_leaf, each_part};
pub(crate) use partitions::{EntryFormat, Partitions};
pub(crate) use temporary::TemporaryFile;
