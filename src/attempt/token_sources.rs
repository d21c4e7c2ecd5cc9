//! Token sources of a client, by number.

use std::sync::Arc;

use crate::settings::{FetchToken, HostRule, TokenSource};

/// Token sources of a client, and the source for all hosts without a rule.
#[derive(Clone, Default)]
pub(crate) struct TokenSources {
    /// Source of the client. `None`: only rules for hosts have sources.
    pub(crate) client: Option<TokenSource>,
    /// Every source once with the code that fetches its tokens: the client's source and those of the rules. The schedule
    /// numbers sources by their place here.
    pub(super) all: Vec<NumberedSource>,
}

/// Token source with all that is made of it once.
#[derive(Clone)]
pub(super) struct NumberedSource {
    source: TokenSource,
    /// Code that fetches the tokens.
    pub(super) fetch: Arc<FetchToken>,
    /// Name in messages.
    name: Arc<str>,
}

impl TokenSources {
    /// Numbers the sources of the client and of the rules. `fetcher` returns the code that fetches the tokens of one.
    pub(crate) fn number<'a>(
        &mut self,
        rules: impl Iterator<Item = &'a HostRule>,
        fetcher: impl Fn(&TokenSource) -> Arc<FetchToken>,
    ) {
        let of_rules = rules.filter_map(|rule| rule.token.as_ref());
        for source in self.client.iter().chain(of_rules) {
            if self.number_of(source).is_none() {
                self.all.push(NumberedSource {
                    source: source.clone(),
                    fetch: fetcher(source),
                    name: source.name().into(),
                });
            }
        }
    }

    /// True if there is no source.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns the name of a source in messages.
    pub(super) fn name_of(&self, source: usize) -> Arc<str> {
        Arc::clone(&self.all[source].name)
    }

    /// Returns the number of a source. `None`: the client does not have it.
    pub(super) fn number_of(&self, source: &TokenSource) -> Option<usize> {
        self.all.iter().position(|known| known.source.is(source))
    }
}
