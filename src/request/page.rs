//! Facts of a page: its place in a chain of requests of which each answer leads to the next.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{Request, RequestContent, Tag};
use crate::host::Host;
use crate::url;

/// Place of a request in its chain of pages.
#[derive(Debug)]
pub(crate) struct PageFacts {
    /// Number of the page in its chain, from 1.
    pub(crate) number: u32,
    pub(crate) chain: Arc<PageChain>,
    /// Host of the chain's first request, to which the credentials of the request and the client belong. `None`: the
    /// page is the first.
    pub(crate) home: Option<Host>,
    /// True if the URL came whole from the page before, so that no parameter of the client is added to it.
    pub(crate) whole_url: bool,
    /// Link or cursor that the answer holds. Empty: it holds none, or the answer was not looked at yet.
    pub(crate) next: OnceLock<Tag>,
}

/// Chain of pages that begins with a request of the input.
#[derive(Debug)]
pub(crate) struct PageChain {
    /// Position of the first request in the input. `None`: the batch counts its requests itself.
    pub(crate) index: Option<u64>,
    /// The first request, as it was given.
    pub(crate) first: Request,
    /// Digests of the links and cursors that were followed.
    followed: Mutex<HashSet<[u8; 16]>>,
    /// True if a page was asked of another host than the first. Credentials stay away from all pages after it.
    left_home: AtomicBool,
    /// Number of pages that have a record of an earlier run and are asked for again, each in place of its record. 0:
    /// no page is asked for again.
    recorded: AtomicU32,
}

impl PageChain {
    pub(crate) fn new(first: Request, index: Option<u64>) -> PageChain {
        PageChain {
            index,
            first,
            followed: Mutex::default(),
            left_home: AtomicBool::new(false),
            recorded: AtomicU32::new(0),
        }
    }

    /// Notes that a link or cursor is followed. Returns false if it was followed before.
    pub(crate) fn follows(&self, digest: [u8; 16]) -> bool {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.insert(digest)
    }

    /// Forgets the links and cursors that were followed, since pages are asked for again.
    pub(crate) fn forget_followed(&self) {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.clear();
    }

    /// Notes that pages are asked for again of which this many have a record.
    pub(crate) fn asks_again(&self, recorded: u32) {
        self.recorded.store(recorded, Ordering::Relaxed);
    }

    /// Notes that a page is asked of another host than the first.
    pub(crate) fn leave_home(&self) {
        self.left_home.store(true, Ordering::Relaxed);
    }

    /// Sets if a page was asked of another host than the first.
    pub(crate) fn set_left_home(&self, left: bool) {
        self.left_home.store(left, Ordering::Relaxed);
    }

    /// True if a page was asked of another host than the first.
    pub(crate) fn has_left_home(&self) -> bool {
        self.left_home.load(Ordering::Relaxed)
    }
}

impl PageFacts {
    /// True if credentials of the request and the client must not be sent to this host.
    pub(crate) fn is_foreign(&self, host: Option<&Host>) -> bool {
        self.home.is_some() && (self.chain.has_left_home() || self.home.as_ref() != host)
    }
}

impl Request {
    /// Returns the place of the request in its chain of pages. `None`: the request is of no chain.
    pub(crate) fn page(&self) -> Option<&Arc<PageFacts>> {
        self.options()?.page.as_ref()
    }

    /// Keeps the credentials of the client and of the request from other origins than that of this URL.
    ///
    /// This is for a request whose URL a server named, as in a sitemap: no server has credentials sent to a host of its
    /// choice. Headers that are secret, cookies set by header, tokens and secret query parameters of the client are left
    /// out if the URL of the request has another scheme, host or port, and stay away after redirects. Default: they go
    /// to every origin.
    ///
    /// A URL that cannot be read makes the request one of class
    /// [`InvalidRequest`](crate::ErrorType::InvalidRequest).
    pub fn credentials_only_for(self, url: &str) -> Request {
        match url::parse(url).map(|url| url.host()) {
            Ok(Some(home)) => self.with_credentials_for(home),
            _ => self.spoiled("credentials_only_for: a URL with a host is expected".to_owned()),
        }
    }

    /// Keeps the credentials from other hosts than this one.
    pub(crate) fn with_credentials_for(mut self, home: Host) -> Request {
        self.options_mut().home = Some(home);
        self
    }

    /// Keeps the credentials of the client and of the request from every host.
    ///
    /// This is for a request whose URL came from a server that another server named: see
    /// [`credentials_only_for`](Request::credentials_only_for), which says what is left out. Default: they are sent.
    pub fn without_credentials(mut self) -> Request {
        self.options_mut().no_credentials = true;
        self
    }

    /// True if there are hosts to which no credentials go.
    pub(crate) fn has_bound_credentials(&self) -> bool {
        self.home().is_some() || self.options().is_some_and(|own| own.no_credentials)
    }

    /// Returns the host to which the credentials belong. `None`: they go to every host.
    pub(crate) fn home(&self) -> Option<&Host> {
        let of_page = self.page().and_then(|page| page.home.as_ref());
        of_page.or_else(|| self.options()?.home.as_ref())
    }

    /// True if credentials of the request and the client must not be sent to this host.
    pub(crate) fn is_away(&self, host: Option<&Host>) -> bool {
        let of_chain = self.page().is_some_and(|page| page.is_foreign(host));
        of_chain
            || self.options().is_some_and(|own| {
                own.no_credentials || own.home.is_some() && own.home.as_ref() != host
            })
    }

    /// True if credentials must not be sent to any host.
    pub(crate) fn is_away_from_all(&self) -> bool {
        let of_chain = self
            .page()
            .is_some_and(|page| page.home.is_some() && page.chain.has_left_home());
        of_chain || self.options().is_some_and(|own| own.no_credentials)
    }

    /// Makes the request a page of a chain.
    pub(crate) fn with_page(mut self, page: PageFacts) -> Request {
        self.options_mut().page = Some(Arc::new(page));
        self
    }

    /// Returns the request with another URL in place of its own.
    pub(crate) fn with_url(mut self, url: &str) -> Request {
        self.url = url.into();
        self
    }

    /// Removes the query parameters beside the URL for which `stays` is false.
    pub(crate) fn retain_query(mut self, stays: impl Fn(&str) -> bool) -> Request {
        if let Some(options) = &mut self.options {
            options.query.retain(|(name, _)| stays(name));
        }
        self
    }

    /// True if the body is in memory, so that a part of it can be replaced.
    pub(crate) fn has_body_in_memory(&self) -> bool {
        matches!(self.sends(), RequestContent::Bytes(_))
    }

    /// Takes over what a journal knows of the page before, apart from its outcome.
    pub(crate) fn with_facts_of(mut self, before: &Request) -> Request {
        (self.resumed, self.number) = (before.resumed.clone(), before.number);
        let again =
            |page: &Arc<PageFacts>| page.number <= page.chain.recorded.load(Ordering::Relaxed);
        let supersedes = self.page().is_some_and(again);
        if let Some(facts) = &mut self.resumed {
            (facts.supersedes, facts.interrupted) = (supersedes, false);
        }
        self
    }

    /// Returns the request as one of no chain.
    pub(crate) fn unpaged(mut self) -> Request {
        if let Some(options) = &mut self.options {
            options.page = None;
        }
        self
    }
}
