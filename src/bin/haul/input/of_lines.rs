//! Requests that belong to lines: those of the shard, and those of the sitemaps that a line led to.

use std::sync::Arc;

use haul::Request;
use haul::record::InvalidLine;

use super::ListReader;
use crate::input_state::LinePlace;
use crate::unfit::{UnreadableLine, at_index};

impl ListReader {
    /// Returns what was read with its position in the whole input. `None`: it belongs to another shard, or is refused.
    pub(super) fn of_shard(
        &mut self,
        read: Result<Request, UnreadableLine>,
    ) -> Option<Result<Request, UnreadableLine>> {
        let Some(shard) = &mut self.shard else {
            return Some(read);
        };
        let kept = shard.keep(read, self.unique.is_some());
        kept.unwrap_or_else(|reason| {
            self.refuse(reason);
            None
        })
    }

    /// Goes on with the sitemap that a line of an index names, unless the line belongs to another shard: then all pages of
    /// the sitemap do. Returns the failed outcome of a sitemap that could not be read.
    pub(super) fn follow(
        &mut self,
        request: &Request,
        place: LinePlace,
        depth: u32,
        home: Option<Arc<str>>,
    ) -> Option<Result<Request, UnreadableLine>> {
        let index = match &mut self.shard {
            Some(shard) => Some(shard.place_of(request)?),
            None => None,
        };
        match self.sitemaps.as_mut()?.open(request, depth, home) {
            Ok(Some(list)) => {
                self.sources.push_front(list.of_line(index));
                None
            }
            Ok(None) => None,
            Err(reason) => {
                let failed = self.failed_sitemap(request, place, reason);
                Some(at_index(Err(failed), index))
            }
        }
    }

    /// Makes the failed outcome of a sitemap that could not be read.
    fn failed_sitemap(
        &self,
        request: &Request,
        place: LinePlace,
        reason: String,
    ) -> UnreadableLine {
        let wrong = InvalidLine::new(reason);
        self.bad_line(request.url().as_bytes(), place, false, wrong)
    }
}
