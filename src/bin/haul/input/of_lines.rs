//! Requests that belong to lines: those of the shard, and those of the sitemaps that a line led to.

use std::sync::Arc;

use haul::Request;
use haul::record::InvalidLine;

use super::ListReader;
use crate::input_state::LinePlace;
use crate::sitemaps::{FetchedSitemap, FollowedLink};
use crate::source::ListSource;
use crate::unfit::{self, UnreadableLine, at_index};

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

    /// Reads the next link of a sitemap, or ends it. `None`: the link is no request of its own.
    pub(super) fn of_sitemap(
        &mut self,
        mut sitemap: Box<FetchedSitemap>,
    ) -> Option<Result<Request, UnreadableLine>> {
        let (name, depth) = (Arc::clone(&sitemap.name), sitemap.depth);
        let index = sitemap.index;
        let Some(entry) = sitemap.next_entry() else {
            let ended = self.sitemaps.as_mut()?.end(*sitemap);
            return Some(at_index(Ok(ended), index));
        };
        let place = LinePlace::Line(name, entry.line());
        let read = self.entry(&entry, place.clone(), None);
        let read = read.map(|read| at_index(read.map(|r| sitemap.bind(r)), index));
        self.sources.push_front(ListSource::Sitemap(sitemap));
        self.followed(read?, place, depth)
    }

    /// Fetches the sitemap that a request is for, if sitemaps are followed. `None`: its links are next, or it belongs to
    /// another shard, as then all of its pages do. Other requests are returned.
    pub(super) fn followed(
        &mut self,
        read: Result<Request, UnreadableLine>,
        place: LinePlace,
        depth: u32,
    ) -> Option<Result<Request, UnreadableLine>> {
        let request = match read {
            Ok(request) if request.is_sitemap() && self.sitemaps.is_some() => request,
            read => return Some(read),
        };
        let index = match &mut self.shard {
            Some(shard) => Some(shard.place_of(&request)?),
            None => None,
        };
        let read = match self.sitemaps.as_mut()?.follow(request, depth, index) {
            FollowedLink::Known => return None,
            FollowedLink::Open(sitemap) => {
                self.sources.push_front(ListSource::Sitemap(sitemap));
                return None;
            }
            FollowedLink::Failed(request) => Ok(request),
            FollowedLink::TooDeep(request, reason) => {
                let (text, wrong) = (request.url().as_bytes(), InvalidLine::new(reason));
                Err(self.bad_line(text, place, None, wrong))
            }
        };
        Some(at_index(read, index))
    }

    /// Tells once of results that do not hold all of their requests, and once of those that do not tell where the
    /// credentials of the run may go.
    pub(super) fn tell_of_lacking(
        &mut self,
        is_incomplete: bool,
        lacks_origin: bool,
        request: &Request,
    ) {
        if is_incomplete && !std::mem::replace(&mut self.told_of_lacking, true) {
            self.messages.warning(&format!(
                "{}a results file does not hold the headers, credentials, bodies and some parameters that its requests had of their own; these are sent without (a failure log, which --failures writes, holds them)",
                unfit::shown_place(request)
            ));
        }
        if lacks_origin && std::mem::take(&mut self.has_credentials) {
            self.messages.warning(&format!(
                "{}the credentials of the run are not sent to the hosts of these results, which do not tell whether a server named them (--select with credentials_for writes it; --url-column url reads a table as a list, whose hosts get them)",
                unfit::shown_place(request)
            ));
        }
    }

    /// Reads a line again that an earlier run could not read, and that this entry of its failure log stands for. `None`:
    /// the entry is of another kind.
    pub(super) fn reread(&mut self, request: &Request) -> Option<Result<Request, UnreadableLine>> {
        if request.needs_template() && !self.has_template {
            return None;
        }
        let (source, number) = request.unread_line()?;
        // The files are taken for the time of the reading, so that a line that leads to another line is not followed
        // further.
        let mut files = self.reread.take()?;
        let place = LinePlace::Line(source.into(), number);
        let read = match files.line(source, number) {
            Ok(text) => match self.lines.read(&text) {
                Ok(line) => self.request(line, place, None),
                Err(wrong) => Err(self.bad_line(text.as_bytes(), place, None, wrong)),
            },
            Err(wrong) => Err(self.bad_line(b"", place, None, wrong)),
        };
        self.reread = Some(files);
        Some(read)
    }
}
