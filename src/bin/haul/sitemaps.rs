//! `--follow-sitemaps`: fetches the sitemaps of an index.

use std::sync::Arc;

use haul::batch::UniqueFilter;
use haul::record::{FetchedInput, InputEntry, InputFormat, InputOptions, RequestTemplate};
use haul::{Client, ErrorType, Outcome, Request};

use crate::messages::Messages;
use crate::unfit::shown_place;

/// Upper bound for the number of indexes that lead to a sitemap.
const DEEPEST: u32 = 5;

/// Upper bound for the size of an unpacked sitemap, in bytes: five times the 50 MB of the format.
const LARGEST: u64 = 250_000_000;

/// Upper bound for the number of links of a sitemap: five times the 50,000 of the format.
const MOST_LINKS: u64 = 250_000;

/// Upper bound for the warnings about sitemaps that cannot be read.
const WARNINGS: u32 = 10;

/// Fetches sitemaps, each one once.
pub(crate) struct SitemapFetcher {
    client: Client,
    fetched: UniqueFilter,
    options: InputOptions,
    messages: Messages,
    failed: u32,
}

/// Result of following a link to a sitemap.
pub(crate) enum FollowedLink {
    /// The sitemap was fetched before.
    Known,
    Open(Box<FetchedSitemap>),
    /// The sitemap is not to be had. The request has its failed outcome.
    Failed(Request),
    /// Too many indexes lead to the sitemap, for this reason it is not fetched.
    TooDeep(Request, String),
}

impl SitemapFetcher {
    /// Makes a fetcher. `template`: the template that links are values for; `None`: they are requests.
    pub(crate) fn new(
        client: &Client,
        template: Option<&RequestTemplate>,
        messages: &Messages,
    ) -> SitemapFetcher {
        let options = InputOptions::new()
            .format(InputFormat::Sitemap)
            .largest(LARGEST);
        SitemapFetcher {
            client: client.clone(),
            fetched: client.unique_filter(),
            options: match template {
                Some(template) => options.template(template),
                None => options,
            },
            messages: messages.clone(),
            failed: 0,
        }
    }

    /// Fetches a sitemap and opens it. `depth`: number of indexes that led to the index with this link. `index`: position
    /// of the line that led to it, if requests are of a shard.
    pub(crate) fn follow(
        &mut self,
        request: Request,
        depth: u32,
        index: Option<u64>,
    ) -> FollowedLink {
        if depth == DEEPEST {
            let reason =
                format!("the sitemap is not read: indexes are followed {DEEPEST} levels deep");
            return FollowedLink::TooDeep(request, reason);
        }
        if !self.fetched.is_new(&request) {
            return FollowedLink::Known;
        }
        let sent = request.clone().accept(200..=299);
        match self.client.fetch_input(sent, &self.options) {
            Ok(input) => FollowedLink::Open(Box::new(FetchedSitemap {
                name: self.name_of(&request),
                input,
                request,
                depth: depth + 1,
                index,
                links: 0,
                fault: None,
            })),
            Err(outcome) => FollowedLink::Failed(self.ended(request, *outcome)),
        }
    }

    /// Returns the name of a sitemap in messages and records, which then know its format.
    fn name_of(&self, request: &Request) -> Arc<str> {
        let name = self.client.redaction().url(request.url());
        self.messages.lists().add_sitemap(&name);
        name.into()
    }

    /// Returns the request of a sitemap that has ended, with its outcome.
    pub(crate) fn end(&mut self, sitemap: FetchedSitemap) -> Request {
        let outcome = match sitemap.fault {
            Some((class, reason)) => sitemap.input.into_failure(class, reason),
            None => sitemap.input.into_outcome(),
        };
        self.ended(sitemap.request, outcome)
    }

    /// Gives the request of a sitemap its outcome, and warns of a failure.
    fn ended(&mut self, request: Request, outcome: Outcome) -> Request {
        // A request that cannot be sent is told with its outcome.
        let is_told = |class| matches!(class, ErrorType::InvalidRequest | ErrorType::Cancelled);
        let error = outcome.error();
        if let Some(error) = error.filter(|error| !is_told(error.error_type())) {
            self.failed = self.failed.saturating_add(1);
            let more = match self.failed {
                ..WARNINGS => "",
                WARNINGS => " (further ones are not named)",
                _ => return request.with_outcome(outcome),
            };
            self.messages.warning(&format!(
                "{}{}: the sitemap cannot be read: {}{more}",
                shown_place(&request),
                outcome.url(),
                error.message()
            ));
        }
        request.with_outcome(outcome)
    }
}

/// Sitemap that was fetched, and is read link by link.
pub(crate) struct FetchedSitemap {
    /// URL of the sitemap, as messages and records show it.
    pub(crate) name: Arc<str>,
    input: FetchedInput,
    request: Request,
    /// Number of indexes that led to this sitemap.
    pub(crate) depth: u32,
    /// Position of the line that led to this sitemap, if requests are of a shard. `None`: the requests are counted.
    pub(crate) index: Option<u64>,
    links: u64,
    /// Fault at which the sitemap ends. `None`: there is none so far.
    fault: Option<(ErrorType, String)>,
}

impl FetchedSitemap {
    /// Reads the next link. `None`: the sitemap has ended.
    pub(crate) fn next_entry(&mut self) -> Option<InputEntry<'_>> {
        let FetchedSitemap {
            input,
            links,
            fault,
            ..
        } = self;
        if fault.is_some() {
            return None;
        }
        let entry = input.next_entry()?;
        *links += 1;
        if let (Some(class), Err(wrong)) = (entry.fault(), entry.text()) {
            let reason = format!("{wrong}, line {}", entry.line());
            *fault = Some((class, reason));
        } else if *links > MOST_LINKS {
            let reason = format!(
                "it has more than {MOST_LINKS} links (a sitemap has at most 50000); those behind are not read"
            );
            *fault = Some((ErrorType::BodyTooLarge, reason));
        }
        fault.is_none().then_some(entry)
    }

    /// Keeps credentials from hosts that the server of the sitemap names.
    pub(crate) fn bind(&self, request: Request) -> Request {
        self.input.bind(request)
    }
}
