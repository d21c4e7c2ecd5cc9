//! Pages that a later run asks for, made from the records of an earlier run.

use serde_json::value::RawValue;

use super::Pages;
use super::rule::{self, MASK, digest};
use crate::host::Host;
use crate::request::Request;
use crate::url::{self, Base, Url};

impl Pages {
    /// Makes the request of a page that an earlier run came to. `first` is the first page, `next` the link or cursor that
    /// led to the page, from its record.
    ///
    /// `None`: the record does not tell, since a secret was masked; or the request cannot be made.
    pub(crate) fn resume(
        &self,
        first: &Request,
        base: Option<&Base>,
        number: u32,
        next: &RawValue,
    ) -> Option<Request> {
        let page = first.page()?;
        if Pages::is_masked(next) {
            return None;
        }
        let home: Option<Host> = sent(first, base).and_then(|url| url.host());
        self.page(&page.chain, number, home, next).ok()
    }

    /// Notes if pages before the one to be asked for were asked of another host than the first page. `links`: the
    /// recorded links to those pages.
    pub(crate) fn note_hosts<'a>(
        &self,
        first: &Request,
        base: Option<&Base>,
        mut links: impl Iterator<Item = &'a RawValue>,
    ) {
        let Some(page) = first.page() else {
            return;
        };
        let home = sent(first, base).and_then(|url| url.host());
        // A mask never hides the host. A link that cannot be read counts as one to another host.
        let is_foreign = |link: &RawValue| {
            let url = url::parse(&rule::text_of(link)).ok();
            url.and_then(|url| url.host()) != home
        };
        page.chain
            .set_left_home(self.rule.names_urls() && links.any(is_foreign));
    }

    /// Notes that the first page was asked for.
    pub(crate) fn begin_again(&self, first: &Request, base: Option<&Base>) {
        if let (Some(page), Some(sent)) = (first.page(), sent(first, base)) {
            page.chain.follows(digest(&url::same_spelling(&sent)));
        }
    }

    /// Notes a link or cursor that an earlier run found. Returns false if the chain had followed it before.
    pub(crate) fn follow_again(&self, first: &Request, next: &RawValue) -> bool {
        let page = first.page();
        page.is_none_or(|page| page.chain.follows(self.rule.mark(next)))
    }

    /// True if a secret was masked in a recorded link or cursor.
    pub(crate) fn is_masked(next: &RawValue) -> bool {
        next.get().contains(MASK)
    }

    /// Returns a recorded link with the secrets that are known in place of masks: those of the first page's URL and
    /// parameters, and the client's parameters.
    pub(crate) fn unmasked(&self, next: &RawValue, first: &Request) -> Box<RawValue> {
        if !Pages::is_masked(next) {
            return next.to_owned();
        }
        let query = first
            .url()
            .split('#')
            .next()
            .and_then(|url| url.split_once('?'));
        let own = first.options().map_or(&[][..], |options| &options.query);
        let beside = own.iter().chain(&self.client_query);
        let known: Vec<String> = query
            .into_iter()
            .flat_map(|(_, query)| query.split('&').map(ToOwned::to_owned))
            .chain(beside.map(|(name, value)| url::form([(&**name, &**value)])))
            .collect();
        let text = url::with_values_of(&known, &rule::text_of(next), MASK);
        rule::raw(&url::with_userinfo_for(first.url(), &text, MASK))
    }

    /// True if a chain may have this many pages.
    pub(crate) fn allows(&self, number: u32) -> bool {
        number <= self.max_pages
    }
}

/// Returns the URL that a first page is sent to, without the parameters of the client.
fn sent(first: &Request, base: Option<&Base>) -> Option<Url> {
    let sent = match base {
        Some(base) => base.resolve(first.url()),
        None => url::parse(first.url()),
    };
    sent.ok()
}
