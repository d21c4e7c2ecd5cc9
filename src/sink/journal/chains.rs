//! Chains of pages that a results file holds, and the page at which a later run goes on.

use std::collections::{HashMap, VecDeque};

use serde_json::value::RawValue;

use super::scan::{ResultLine, ResultPage};
use crate::batch::Pages;
use crate::record::{Key, KeyMaker, Kind};
use crate::request::Request;

/// Chains of pages by the digests of the keys of their first pages, in the order of the file.
#[derive(Default)]
pub(super) struct EarlierChains(HashMap<[u8; 16], VecDeque<EarlierChain>>);

/// Pages of a chain that have an outcome.
pub(super) struct EarlierChain {
    index: u64,
    pages: Vec<EarlierPage>,
}

struct EarlierPage {
    key: Key,
    outcome: Kind,
    interrupted: bool,
    /// Link or cursor of the page after it, as it was recorded. `None`: it has none.
    next: Option<Box<RawValue>>,
}

/// Page at which a chain goes on.
pub(super) struct ContinuedChain {
    pub(super) request: Request,
    /// True if the page has an outcome, which the new one replaces.
    pub(super) supersedes: bool,
}

impl EarlierChains {
    /// Adds the record of a page. Returns true if it begins a chain.
    pub(super) fn add(&mut self, line: &ResultLine, page: &ResultPage) -> bool {
        let earlier = EarlierPage {
            key: line.key,
            outcome: line.outcome,
            interrupted: line.interrupted,
            next: page.next.clone(),
        };
        let before = page.number.saturating_sub(1) as usize;
        let chains = self.0.entry(page.seed.digest()).or_default();
        if before == 0 && !line.supersedes {
            chains.push_back(EarlierChain {
                index: page.index,
                pages: vec![earlier],
            });
            return true;
        }
        let own = |chain: &EarlierChain| chain.index == page.index && chain.pages.len() >= before;
        let at = chains.iter().position(own);
        // The line has another position than in the run before, if the input was edited.
        let at = at.or_else(|| chains.iter().position(|chain| chain.pages.len() == before));
        let at = at.or_else(|| chains.iter().position(|chain| chain.pages.len() > before));
        if let Some(chain) = at.and_then(|at| chains.get_mut(at)) {
            chain.index = page.index;
            chain.pages.truncate(before);
            chain.pages.push(earlier);
        }
        false
    }

    /// True if a chain is left to be taken.
    pub(super) fn is_any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Takes the chain that begins with the request of this key at this position of the input, or else the next one
    /// of this key. `None`: no outcome of its pages is there.
    pub(super) fn take(&mut self, key: Key, position: u64) -> Option<EarlierChain> {
        let chains = self.0.get_mut(&key.digest())?;
        let own = chains.iter().position(|chain| chain.index == position);
        chains.remove(own.unwrap_or(0))
    }
}

impl EarlierChain {
    /// Returns the page of the chain that failed or was rejected, which ended it. `None`: the last page succeeded.
    pub(super) fn failed(
        &self,
        pages: &Pages,
        keys: &KeyMaker,
        first: &Request,
    ) -> Option<Request> {
        let last = self.pages.last()?;
        (last.outcome != Kind::Success)
            .then(|| self.page(self.pages.len(), pages, keys, first))
            .flatten()
    }

    /// True if the last page failed or was rejected.
    pub(super) fn has_failed(&self) -> bool {
        let last = self.pages.last();
        last.is_some_and(|page| page.outcome != Kind::Success)
    }

    /// True if a later run would ask for a further page, or for the last one again.
    pub(super) fn goes_on(&self) -> bool {
        let last = self.pages.last();
        let goes_on = |page: &EarlierPage| match page.outcome {
            Kind::Success => page.next.is_some(),
            Kind::Rejected | Kind::Failed => self.pages.len() > 1,
        };
        last.is_some_and(goes_on)
    }

    /// True if the last page failed because its run was cut off, and the server may have acted.
    pub(super) fn is_interrupted(&self) -> bool {
        self.pages.last().is_some_and(|page| page.interrupted)
    }

    /// Returns the page that follows the last one that succeeded. `None`: the chain has its end.
    pub(super) fn next(
        &self,
        pages: &Pages,
        keys: &KeyMaker,
        first: &Request,
    ) -> Option<ContinuedChain> {
        let last = self
            .pages
            .last()
            .filter(|last| last.outcome == Kind::Success)?;
        let next = last.next.as_deref()?;
        let base = keys.base.as_ref();
        pages.begin_again(first, base);
        let mut is_new = true;
        for next in self.pages.iter().filter_map(|page| page.next.as_deref()) {
            is_new = Pages::is_masked(next) || pages.follow_again(first, next);
        }
        let number = u32::try_from(self.pages.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        if !is_new || !pages.allows(number) {
            return None;
        }
        let before = &self.pages[..self.pages.len() - 1];
        pages.note_hosts(
            first,
            base,
            before.iter().filter_map(|page| page.next.as_deref()),
        );
        if let Some(request) = pages.resume(first, base, number, next) {
            return Some(ContinuedChain {
                request,
                supersedes: false,
            });
        }
        self.again(pages, keys, first)
    }

    /// Returns the last page whose request is known, which is asked for its link once more, since links after it were
    /// masked.
    pub(super) fn again(
        &self,
        pages: &Pages,
        keys: &KeyMaker,
        first: &Request,
    ) -> Option<ContinuedChain> {
        let again = (1..=self.pages.len()).rev();
        let mut again = again.filter_map(|number| self.page(number, pages, keys, first));
        let request = again.next()?;
        if let Some(first) = first.page() {
            first.chain.forget_followed();
            let recorded = u32::try_from(self.pages.len()).unwrap_or(u32::MAX);
            first.chain.asks_again(recorded);
        }
        Some(ContinuedChain {
            request,
            supersedes: true,
        })
    }

    /// Makes the request of a page that has an outcome. `None`: a secret in its link was masked and is not known.
    pub(super) fn page(
        &self,
        number: usize,
        pages: &Pages,
        keys: &KeyMaker,
        first: &Request,
    ) -> Option<Request> {
        let (page, base) = (self.pages.get(number - 1)?, keys.base.as_ref());
        let Some(before) = number.checked_sub(2) else {
            return Some(first.clone());
        };
        let next = self.pages[before].next.as_deref()?;
        let next = pages.unmasked(next, first);
        let links = self.pages[..before]
            .iter()
            .filter_map(|page| page.next.as_deref());
        pages.note_hosts(first, base, links);
        let number = u32::try_from(number).ok()?;
        let request = pages.resume(first, base, number, &next)?;
        // The key tells if the secrets of the first page are those of this page too.
        (keys.of(&request) == page.key).then_some(request)
    }
}
