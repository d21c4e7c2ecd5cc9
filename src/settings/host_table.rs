//! Rules that hold for some hosts only, and the order in which they are asked.

use std::cmp::Reverse;

use super::host_pattern::HostPattern;
use crate::host::Host;

/// Rules by host pattern.
#[derive(Clone, Debug)]
pub(crate) struct HostTable<T> {
    /// Patterns and their rules, the most specific pattern first.
    rules: Vec<(HostPattern, T)>,
}

impl<T> Default for HostTable<T> {
    fn default() -> Self {
        HostTable { rules: Vec::new() }
    }
}

impl<T> HostTable<T> {
    /// Adds a rule. Returns the rule that the same pattern had before. `None`: the pattern is new.
    pub(crate) fn insert(&mut self, pattern: HostPattern, rule: T) -> Option<T> {
        if let Some((_, old)) = self.rules.iter_mut().find(|(known, _)| *known == pattern) {
            return Some(std::mem::replace(old, rule));
        }
        self.rules.push((pattern, rule));
        // A stable sort: if two patterns are equally specific, the earlier one is asked first.
        self.rules
            .sort_by_key(|(pattern, _)| Reverse(pattern.specificity()));
        None
    }

    /// Returns the rules for a host, the most specific first: the first that has a setting decides it.
    pub(crate) fn matching(&self, host: &Host) -> impl Iterator<Item = &T> {
        self.rules
            .iter()
            .filter(move |(pattern, _)| pattern.matches(host))
            .map(|(_, rule)| rule)
    }

    /// Returns all rules, the most specific first.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.rules.iter().map(|(_, rule)| rule)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Makes a table with the same patterns and, for each, what `f` makes of its rule.
    pub(crate) fn map<U>(&self, f: impl Fn(&T) -> U) -> HostTable<U> {
        let rules = self.rules.iter();
        HostTable {
            rules: rules
                .map(|(pattern, rule)| (pattern.clone(), f(rule)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url;

    fn pattern(text: &str) -> HostPattern {
        text.parse().unwrap()
    }

    fn found<T: Copy>(table: &HostTable<T>, url: &str) -> Vec<T> {
        let host = url::parse(url).unwrap().host().unwrap();
        table.matching(&host).copied().collect()
    }

    #[test]
    fn the_most_specific_rule_is_asked_first_whatever_the_order_they_were_given_in() {
        let ordered = [
            "https://a.b.example.com:443",
            "a.b.example.com:443",
            "https://a.b.example.com",
            "a.b.example.com",
            "*.b.example.com",
            "https://*.example.com",
            "*.example.com",
            "https://*",
            "*",
        ];
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..50 {
            let mut shuffled = ordered;
            rng.shuffle(&mut shuffled);
            let mut table = HostTable::default();
            for text in shuffled {
                assert!(table.insert(pattern(text), text).is_none());
            }
            assert_eq!(found(&table, "https://a.b.example.com"), ordered);
            assert_eq!(
                found(&table, "http://x.example.com"),
                ["*.example.com", "*"]
            );
        }
    }

    #[test]
    fn a_rule_replaces_the_one_under_the_same_pattern() {
        let mut table = HostTable::default();
        assert!(table.is_empty());
        assert_eq!(table.insert(pattern("example.com"), 1), None);
        assert_eq!(table.insert(pattern("EXAMPLE.com"), 2), Some(1));
        assert_eq!(found(&table, "http://example.com"), [2]);
    }
}
