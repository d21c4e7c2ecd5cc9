//! Requests of a shard, with their positions in the whole input.

use std::iter::FusedIterator;

use super::Shard;
use crate::request::Request;

/// Iterator over the requests of a shard, each with its position in the whole input.
///
/// Made by [`Shard::of`].
#[derive(Clone, Debug)]
#[must_use = "requests are read when the iterator is asked for them"]
pub struct ShardRequests<I> {
    shard: Shard,
    input: I,
    /// Position of the next request in the whole input.
    position: u64,
}

impl<I> ShardRequests<I> {
    pub(super) fn new(shard: Shard, input: I) -> ShardRequests<I> {
        ShardRequests {
            shard,
            input,
            position: 0,
        }
    }
}

impl<I> Iterator for ShardRequests<I>
where
    I: Iterator,
    I::Item: Into<Request>,
{
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        loop {
            let request: Request = self.input.next()?.into();
            let position = self.position;
            self.position += 1;
            if self.shard.owns_request(&request) {
                let index = request.index().unwrap_or(position);
                return Some(request.at_index(index));
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.input.size_hint();
        let is_whole = self.shard.count() == 1;
        (if is_whole { least } else { 0 }, most)
    }
}

impl<I> FusedIterator for ShardRequests<I>
where
    I: FusedIterator,
    I::Item: Into<Request>,
{
}
