//! Lines of the input that belong to the shard of this run.

use haul::Request;
use haul::record::Shard;

use crate::arguments::name_of;
use crate::unfit::{UnreadableLine, at_index, shown_place};

/// Picks the requests of a shard out of all requests of the input.
pub(crate) struct ShardLines {
    shard: Shard,
    /// Position of the next request in the whole input.
    position: u64,
}

impl ShardLines {
    pub(crate) fn new(shard: Shard) -> ShardLines {
        ShardLines { shard, position: 0 }
    }

    /// Counts the next request. Returns its position in the whole input, if it belongs to the shard. A request that has a
    /// position is of a sitemap that a line of the shard led to: it belongs to the shard and has the position of the
    /// line.
    pub(crate) fn place_of(&mut self, request: &Request) -> Option<u64> {
        if let Some(index) = request.index() {
            return Some(index);
        }
        let position = self.position;
        self.position += 1;
        self.shard.owns_request(request).then_some(position)
    }

    /// Returns what was read with its position in the whole input. `None`: it belongs to another shard. `is_unique`: true
    /// if equal requests are left out.
    ///
    /// # Errors
    /// When equal requests could be in several shards; the reason.
    pub(crate) fn keep(
        &mut self,
        read: Result<Request, UnreadableLine>,
        is_unique: bool,
    ) -> Result<Option<Result<Request, UnreadableLine>>, String> {
        if let (Ok(request), true) = (&read, is_unique)
            && request.request_id().is_some()
        {
            return Err(format!(
                "{}it has an id, so that equal requests may be in several shards ({} with {} takes lines without ids)",
                shown_place(request),
                name_of("unique"),
                name_of("shard")
            ));
        }
        let request = read.as_ref().unwrap_or_else(|bad| &bad.stand_in);
        let index = self.place_of(request);
        Ok(index.map(|index| at_index(read, Some(index))))
    }
}
