//! Memory and files of an engine's server.

use super::super::append_file::AppendFile;

/// Memory of a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MemoryUse {
    /// Bytes in use.
    pub(crate) used: u64,
    /// Largest number of bytes. 0: there is no bound.
    pub(crate) most: u64,
}

impl MemoryUse {
    /// Part of the memory that is in use. 0 if there is no bound.
    pub(crate) fn share(self) -> f64 {
        match self.most {
            0 => 0.0,
            most => self.used as f64 / most as f64,
        }
    }
}

/// Memory and files of an engine's server, or of all primaries of a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerUse {
    /// Memory of the node that has the largest part of its own in use.
    pub(crate) fullest: MemoryUse,
    /// Memory of all nodes together. It has no bound if one of them has none.
    pub(crate) memory: MemoryUse,
    /// File to which each change is written. `None`: one of the nodes writes none.
    pub(crate) append_file: Option<AppendFile>,
}

impl ServerUse {
    /// Makes the use of one node.
    pub(crate) fn new(memory: MemoryUse, append_file: Option<AppendFile>) -> ServerUse {
        ServerUse {
            fullest: memory,
            memory,
            append_file,
        }
    }

    /// Makes the use of two sets of nodes together.
    pub(crate) fn join(self, other: ServerUse) -> ServerUse {
        let has_bound = self.memory.most > 0 && other.memory.most > 0;
        let both = self.append_file.zip(other.append_file);
        ServerUse {
            fullest: match other.fullest.share() > self.fullest.share() {
                true => other.fullest,
                false => self.fullest,
            },
            memory: MemoryUse {
                used: self.memory.used + other.memory.used,
                most: match has_bound {
                    true => self.memory.most.saturating_add(other.memory.most),
                    false => 0,
                },
            },
            append_file: both.map(|(own, other)| own.join(other)),
        }
    }
}
