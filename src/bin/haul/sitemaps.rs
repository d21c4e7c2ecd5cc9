//! `--follow-sitemaps`: fetches the sitemaps of an index.

use std::io::Cursor;
use std::sync::Arc;

use haul::batch::UniqueFilter;
use haul::record::{InputFormat, InputOptions};
use haul::{Client, ErrorType, Request, State};

use crate::source::ListSource;

/// Upper bound for the number of indexes that lead to a sitemap.
const DEEPEST: u32 = 5;

/// Upper bound for the size of a sitemap, in bytes: more than the 50 MiB of the format.
const LARGEST: u64 = 64 << 20;

/// Keeps credentials from hosts that the server of the first fetched sitemap names, whose URL is `home`. `None`: the
/// input names the host.
pub(crate) fn bound_to(home: Option<&str>, request: Request) -> Request {
    match home {
        Some(home) => request.credentials_only_for(home),
        None => request,
    }
}

/// Fetches sitemaps, each one once.
pub(crate) struct SitemapFetcher {
    client: Client,
    fetched: UniqueFilter,
}

impl SitemapFetcher {
    pub(crate) fn new(client: &Client) -> SitemapFetcher {
        SitemapFetcher {
            client: client.clone(),
            fetched: client.unique_filter(),
        }
    }

    /// Fetches a sitemap and opens it. `depth`: number of indexes that led to the index with this link. `home`: URL of
    /// the first of them that was fetched, whose server named this one. `None`: the sitemap was fetched before.
    ///
    /// # Errors
    /// When the sitemap cannot be fetched, or is none.
    pub(crate) fn open(
        &mut self,
        request: &Request,
        depth: u32,
        home: Option<Arc<str>>,
    ) -> Result<Option<ListSource>, String> {
        if depth == DEEPEST {
            return Err(format!(
                "the sitemap is not read: indexes are followed {DEEPEST} levels deep"
            ));
        }
        if !self.fetched.is_new(request) {
            return Ok(None);
        }
        let get = Request::get(request.url())
            .accept(200..=299)
            .expect_json(false)
            .body_limit(LARGEST);
        let outcome = self.client.send(bound_to(home.as_deref(), get));
        let home = home.unwrap_or_else(|| outcome.url().into());
        let response = match outcome.into_state() {
            State::Success(response) => response,
            State::Rejected(rejection) => {
                return Err(format!("the sitemap cannot be fetched: {rejection}"));
            }
            // --require and the like expect JSON of every response.
            State::Failed(error) if error.error_type() == ErrorType::Decode => {
                let reason = format!("the sitemap cannot be fetched: {error}");
                error.into_response().ok_or(reason)?
            }
            State::Failed(error) => return Err(format!("the sitemap cannot be fetched: {error}")),
        };
        let name = self.client.redaction().url(request.url());
        let options = InputOptions::new().format(InputFormat::Sitemap);
        let from = Cursor::new(response.into_bytes());
        match ListSource::of_list(name.into(), Box::new(from), &options) {
            Ok(list) => Ok(Some(list.led_to_by(depth + 1, home))),
            Err(reason) => Err(reason),
        }
    }
}
