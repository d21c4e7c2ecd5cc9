//! Requests of failure logs that are databases.

use haul::Request;

use super::ListReader;
use crate::input_state::LinePlace;
use crate::unfit::{LineAgain, UnreadableLine};

impl ListReader {
    /// Gives a request of a failure log what the run has for it. `None`: other requests
    /// come in its place, or none.
    pub(super) fn failure(
        &mut self,
        request: Request,
        place: LinePlace,
    ) -> Option<Result<Request, UnreadableLine>> {
        let again = self.keeps_lines.then(|| request.to_logged_line());
        let kept = |read| match &again {
            Some(line) => LineAgain::add(read, line.as_str()),
            None => read,
        };
        if let Some(read) = self.reread(&request) {
            return Some(kept(read));
        }
        // The place that the request was read from in the failed run is preferred.
        let is_placed = request.place().is_some();
        let request = match is_placed {
            true => request,
            false => place.clone().of(request),
        };
        let request = self.lines.take(request);
        self.followed(kept(Ok(request)), place, 0)
    }
}
