//! Pages of a list: the request that each answer leads to.

mod member;
mod resume;
mod rule;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use serde_json::value::RawValue;

use crate::host::Host;
use crate::outcome::Outcome;
use crate::redact::Redaction;
use crate::request::{PageChain, PageFacts, Request, Tag};
use crate::url;

pub use rule::InvalidPages;
use rule::{Found, PageRule, digest};

/// Rule that says which request asks for the next page of a list.
///
/// Each answer names the next page: by a link of its head, or by a URL or a cursor in its JSON body. [`Pages::after`]
/// makes the request for it.
///
/// ```no_run
/// use haul::batch::{NextPage, Pages};
///
/// # let client = haul::Client::new();
/// let pages = Pages::cursor("/next_cursor", "cursor")?.max_pages(100);
/// let outcomes = client.follow(["https://api.example.com/items"], |outcome, next| {
///     match pages.after(outcome) {
///         NextPage::Request(request) => {
///             next.push(*request).expect("one page waits at a time");
///         }
///         NextPage::Stopped(reason) => eprintln!("{}: {reason}", outcome.url()),
///         _ => {}
///     }
/// });
/// for page in outcomes {
///     println!("page {:?}: {:?}", page.page(), page.status());
/// }
/// # Ok::<(), haul::batch::InvalidPages>(())
/// ```
///
/// In a pointer (RFC 6901), `~0` stands for `~` and `~1` for `/` in a name, and `-1` is the last item of an array.
///
/// A page of another origin (scheme, host or port) than the first page gets no credentials of the request or the client,
/// as after a redirect, and neither do the pages after it. Method and body go along, as after a 307: a secret in a body
/// goes where the list leads.
///
/// A link to a page that was asked for before ends the chain. Its URL is known in any spelling: the case of the host, the
/// default port, dot segments, escapes that are not needed and the fragment make no difference.
#[derive(Clone, Debug)]
#[must_use = "it only says which page is next: see `after`"]
pub struct Pages {
    rule: PageRule,
    /// Pointer to a value that is true while there are further pages. `None`: not asked for.
    while_true: Option<String>,
    max_pages: u32,
    /// Query parameters of the client.
    client_query: Vec<(String, String)>,
}

/// Default upper bound for the pages of a chain.
const MAX_PAGES: u32 = 10_000;

/// Continuation of a chain of pages after an outcome.
#[derive(Debug)]
#[non_exhaustive]
pub enum NextPage {
    /// The request for the next page.
    Request(Box<Request>),
    /// The page was the last: its link or cursor is absent, null, false or empty, or the request failed.
    End,
    /// The first page has no link or cursor at all.
    ///
    /// The list has one page, or the rule is of another server.
    Absent,
    /// The chain ends although the answer names another page; the reason, without secrets.
    Stopped(String),
}

impl Pages {
    /// Next page is the target of the link `next` in the `Link` headers (RFC 8288).
    pub fn link() -> Pages {
        Pages::of(PageRule::Link)
    }

    /// Next page is the URL at this pointer in the JSON body.
    ///
    /// A relative one is resolved against the URL that answered.
    ///
    /// # Errors
    /// When the text is not a JSON pointer.
    pub fn pointer(pointer: impl Into<String>) -> Result<Pages, InvalidPages> {
        Ok(Pages::of(PageRule::Url(rule::pointer(pointer.into())?)))
    }

    /// Next page is asked for with the cursor at this pointer in the JSON body.
    ///
    /// `target` is the name of a query parameter, or a pointer: the member of the request's own JSON body that the cursor
    /// replaces or adds.
    ///
    /// # Errors
    /// When `pointer` is not a JSON pointer, or `target` is empty or begins with `/` and is none.
    pub fn cursor(
        pointer: impl Into<String>,
        target: impl Into<String>,
    ) -> Result<Pages, InvalidPages> {
        let from = rule::pointer(pointer.into())?;
        Ok(Pages::of(rule::cursor(from, target.into())?))
    }

    fn of(rule: PageRule) -> Pages {
        Pages {
            rule,
            while_true: None,
            max_pages: MAX_PAGES,
            client_query: Vec::new(),
        }
    }

    /// Asks on only while the value at this pointer in the JSON body is true.
    ///
    /// # Errors
    /// When the text is not a JSON pointer.
    pub fn while_true(mut self, pointer: impl Into<String>) -> Result<Pages, InvalidPages> {
        self.while_true = Some(rule::pointer(pointer.into())?);
        Ok(self)
    }

    /// Upper bound for the pages of a chain, the first included. Default 10,000.
    pub fn max_pages(mut self, most: u32) -> Pages {
        self.max_pages = most;
        self
    }

    /// Names a query parameter of the client, by which a journal reads masked links.
    ///
    /// It is one of [`ClientBuilder::query`](crate::ClientBuilder::query). Records mask secret parameters in `next`. [`Journal::pages`](crate::sink::Journal::pages) puts the values that are
    /// known in their place: those of the first page's URL and [`query`](Request::query), and these.
    pub fn client_query(mut self, name: impl Into<String>, value: impl Into<String>) -> Pages {
        self.client_query.push((name.into(), value.into()));
        self
    }

    /// Makes a request the first page of a chain.
    ///
    /// `index` is the position of the request in the input, which all pages of the chain carry. A request that is not
    /// given to this method begins a chain too, and counts as the batch counts.
    pub fn first(&self, request: impl Into<Request>, index: u64) -> Request {
        let request = request.into();
        let chain = Arc::new(PageChain::new(request.clone(), Some(index)));
        request.with_page(PageFacts {
            number: 1,
            chain,
            home: None,
            whole_url: false,
            next: OnceLock::new(),
        })
    }

    /// Returns the request for the page that follows an outcome, or says why the chain ends.
    ///
    /// To be called once for each outcome.
    pub fn after(&self, outcome: &Outcome) -> NextPage {
        let Some(response) = outcome.success() else {
            return NextPage::End;
        };
        let request = outcome.request();
        let number = request.page().map_or(1, |page| page.number);
        let found = match self.rule.read(response, self.while_true.as_deref()) {
            Found::Next(found) => found,
            Found::Absent if number == 1 => return NextPage::Absent,
            Found::Absent | Found::Last => return NextPage::End,
            Found::Wrong(reason) => return NextPage::Stopped(reason),
        };
        let sent = url::parse(outcome.written_url());
        let chain = match request.page() {
            Some(page) => Arc::clone(&page.chain),
            None => Arc::new(PageChain::new(Request::clone(request).unpaged(), None)),
        };
        if self.rule.names_urls() {
            // A link to the page itself may name it as it was written, or as it answered.
            let written = sent.as_ref().ok().filter(|_| number == 1);
            for url in written.into_iter().chain([&*response.head().url]) {
                chain.follows(digest(&url::same_spelling(url)));
            }
        }
        let home = match request.page() {
            Some(page) if page.number > 1 => page.home.clone(),
            _ => sent.ok().and_then(|url| url.host()),
        };
        // An answer of another host than the first page's, after a redirect, says where the next page is.
        if self.rule.names_urls() && response.head().url.host() != home {
            chain.leave_home();
        }
        if let Some(page) = request.page() {
            let shown = self.rule.shown(&found, request.redaction());
            let _ = page.next.set(shown);
        }
        if !chain.follows(self.rule.mark(&found)) {
            return NextPage::Stopped("the next page was asked for already".to_owned());
        }
        if number >= self.max_pages {
            let pages = if self.max_pages == 1 { "page" } else { "pages" };
            return NextPage::Stopped(format!("it has more than {} {pages}", self.max_pages));
        }
        let next = self.page(&chain, number + 1, home, &found);
        match next {
            Ok(next) => NextPage::Request(Box::new(next.with_facts_of(request))),
            Err(reason) => NextPage::Stopped(reason),
        }
    }

    /// Makes the request of a page. The error says why there is none.
    fn page(
        &self,
        chain: &Arc<PageChain>,
        number: u32,
        home: Option<Host>,
        found: &RawValue,
    ) -> Result<Request, String> {
        let (first, text) = (&chain.first, rule::text_of(found));
        let request = match &self.rule {
            PageRule::Link | PageRule::Url(_) => whole_url(first, &text, home.as_ref(), chain)?,
            PageRule::Param { param, .. } => {
                let url = url::without_parameter(first.url(), param);
                let request = first.clone().with_url(&url);
                let request = request.retain_query(|name| name != param);
                request.query(param, text)
            }
            PageRule::Member { member, .. } => {
                if !first.has_body_in_memory() {
                    return Err(
                        "the body of the request is no text, so that the cursor has no place in it"
                            .to_owned(),
                    );
                }
                let body = member::set(first.body_bytes(), member, found.get())?;
                first.clone().body(body)
            }
        };
        Ok(request.with_page(PageFacts {
            number,
            chain: Arc::clone(chain),
            home,
            whole_url: matches!(self.rule, PageRule::Link | PageRule::Url(_)),
            next: OnceLock::new(),
        }))
    }
}

/// Makes the request of a page whose URL the page before named.
fn whole_url(
    first: &Request,
    text: &str,
    home: Option<&Host>,
    chain: &PageChain,
) -> Result<Request, String> {
    let url = url::parse(text).map_err(|mistake| format!("the next page has no URL: {mistake}"))?;
    let at_home = url.host().as_ref() == home;
    if !at_home {
        chain.leave_home();
    }
    let at_home = at_home && !chain.has_left_home();
    let redaction: &Redaction = first.redaction();
    let lacks = |name: &str| !url::has_parameter(url.uri(), name);
    let stays = |name: &str| at_home && redaction.is_secret_query(name) && lacks(name);
    let text = match at_home {
        true => url::with_userinfo_of(first.url(), text),
        false => text.to_owned(),
    };
    Ok(first.clone().with_url(&text).retain_query(stays))
}

impl Outcome {
    /// Returns the number of the page in its chain, from 1.
    ///
    /// `None`: the request is of no chain of [`Pages`].
    pub fn page(&self) -> Option<u32> {
        self.request().page().map(|page| page.number)
    }
}

/// Returns the link or cursor of an outcome, as its record shows it. `None`: it has none.
pub(crate) fn next_of(request: &Request) -> Option<&Tag> {
    request.page()?.next.get()
}
