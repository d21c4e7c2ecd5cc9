//! Results that others took the place of.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use super::result_line::BorrowedResult;
use crate::record::{Key, Kind};

/// Page of a list: the key of its first page, and its number.
type ListPage = (Key, u32);

/// Keys and pages of which a result took the place of another one.
#[derive(Debug, Default)]
pub(super) struct SupersededKeys {
    keys: HashSet<Key>,
    pages: HashSet<ListPage>,
}

impl SupersededKeys {
    /// Enters the key and the page of a result that takes the place of another one.
    pub(super) fn enter(&mut self, result: &BorrowedResult<'_>) {
        if result.supersedes {
            self.keys.extend(result.key);
            self.pages.extend(page_of(result));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.pages.is_empty()
    }

    /// True if the result may have taken the place of another one, or another one its place.
    fn has(&self, result: &BorrowedResult<'_>) -> bool {
        let page = page_of(result);
        result.key.is_some_and(|key| self.keys.contains(&key))
            || page.is_some_and(|page| self.pages.contains(&page))
    }
}

fn page_of(result: &BorrowedResult<'_>) -> Option<ListPage> {
    Some((result.seed?, result.page?))
}

/// Results of which some took the place of others: those of the keys and pages in question.
///
/// A result that is marked `supersedes` takes the place of the first of these, by position in the input and then by age:
/// 1. an earlier result of its key without success,
/// 2. an earlier result of the same page of the same list,
/// 3. such a result that was read later, since files may be given in any order,
/// 4. a success of its key, an earlier one or one that was read later.
#[derive(Debug)]
pub(super) struct ContestedResults {
    superseded: SupersededKeys,
    results: Vec<ContestedResult>,
    pages: Vec<ListPage>,
}

#[derive(Clone, Copy, Debug)]
struct ContestedResult {
    /// Number of the result, in the order in which the results were read.
    number: u64,
    index: u64,
    key: Option<Key>,
    /// Index in the pages. `None`: it is no page.
    page: Option<u32>,
    is_success: bool,
    supersedes: bool,
}

impl ContestedResults {
    pub(super) fn new(superseded: SupersededKeys) -> ContestedResults {
        ContestedResults {
            superseded,
            results: Vec::new(),
            pages: Vec::new(),
        }
    }

    /// Adds a result, unless it has nothing to do with those in question.
    pub(super) fn add(&mut self, number: u64, result: &BorrowedResult<'_>) {
        if !self.superseded.has(result) {
            return;
        }
        let page = page_of(result).and_then(|page| {
            self.pages.push(page);
            u32::try_from(self.pages.len() - 1).ok()
        });
        self.results.push(ContestedResult {
            number,
            index: result.index,
            key: result.key,
            page,
            is_success: result.outcome == Kind::Success,
            supersedes: result.supersedes,
        });
    }

    /// Returns the numbers of the results that others took the place of, lowest first.
    pub(super) fn replaced(mut self) -> Vec<u64> {
        self.superseded = SupersededKeys::default();
        let mut replaced = Vec::new();
        for group in self.groups() {
            let mut group = ContestedGroup::new(&group, &self.pages);
            group.settle();
            replaced.extend(group.replaced);
        }
        replaced.sort_unstable();
        replaced
    }

    /// Divides the results into groups that have no key and no page in common. The results of each are in their order.
    fn groups(&self) -> Vec<Vec<ContestedResult>> {
        let mut roots: Vec<u32> = (0..).take(self.results.len()).collect();
        let (mut of_keys, mut of_pages) = (HashMap::new(), HashMap::new());
        for (at, result) in (0..).zip(&self.results) {
            let first = |at: u32, other: Option<u32>| other.unwrap_or(at);
            let of_key = result.key.map(|key| *of_keys.entry(key).or_insert(at));
            let page = result.page.map(|page| self.pages[page as usize]);
            let of_page = page.map(|page| *of_pages.entry(page).or_insert(at));
            for other in [first(at, of_key), first(at, of_page)] {
                let (a, b) = (root(&mut roots, at), root(&mut roots, other));
                roots[a.max(b) as usize] = a.min(b);
            }
        }
        drop((of_keys, of_pages));
        let mut order: Vec<(u32, u32)> = (0..)
            .take(self.results.len())
            .map(|at| (root(&mut roots, at), at))
            .collect();
        order.sort_unstable();
        let groups = order.chunk_by(|(a, _), (b, _)| a == b);
        let of = |group: &[(u32, u32)]| {
            let results = group.iter().map(|(_, at)| self.results[*at as usize]);
            results.collect()
        };
        groups.map(of).collect()
    }
}

/// Returns the first result of the group that this one belongs to.
fn root(roots: &mut [u32], mut at: u32) -> u32 {
    while roots[at as usize] != at {
        let above = roots[roots[at as usize] as usize];
        roots[at as usize] = above;
        at = above;
    }
    at
}

/// Property by which a result is found whose place another one takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    Unsuccessful(Key),
    Page(ListPage),
    Success(Key),
}

/// Place of a result among those of one rule: of any position in the input, or of one.
type RulePlace = (Rule, Option<u64>, usize);

/// Results that have keys or pages in common.
struct ContestedGroup<'a> {
    results: &'a [ContestedResult],
    pages: &'a [ListPage],
    /// Results that were read and still stand.
    standing: BTreeSet<RulePlace>,
    /// Numbers of the results that do not.
    replaced: Vec<u64>,
}

impl<'a> ContestedGroup<'a> {
    fn new(results: &'a [ContestedResult], pages: &'a [ListPage]) -> ContestedGroup<'a> {
        ContestedGroup {
            results,
            pages,
            standing: BTreeSet::new(),
            replaced: Vec::new(),
        }
    }

    /// Finds the results that others took the place of.
    fn settle(&mut self) {
        let mut left = Vec::new();
        for at in 0..self.results.len() {
            if self.results[at].supersedes && !self.take_earlier(at, Rule::is_usual) {
                left.push(at);
            }
            self.places(at).for_each(|place| {
                self.standing.insert(place);
            });
        }
        left.retain(|at| !self.take_later(*at, Rule::is_usual));
        left.retain(|at| !self.take_earlier(*at, Rule::is_rare));
        left.retain(|at| !self.take_later(*at, Rule::is_rare));
    }

    /// Places of a result.
    fn places(&self, at: usize) -> impl Iterator<Item = RulePlace> + use<> {
        let result = &self.results[at];
        let index = result.index;
        let by_key = result.key.map(|key| match result.is_success {
            true => Rule::Success(key),
            false => Rule::Unsuccessful(key),
        });
        let page = result.page.map(|page| self.pages[page as usize]);
        let rules = by_key.into_iter().chain(page.map(Rule::Page));
        rules.flat_map(move |rule| [(rule, None, at), (rule, Some(index), at)])
    }

    /// Rules by which the result takes the place of another one, in their order.
    fn rules(&self, at: usize) -> impl Iterator<Item = Rule> + use<> {
        let result = &self.results[at];
        let page = result.page.map(|page| self.pages[page as usize]);
        let by_key = result.key.into_iter();
        let usual = by_key.clone().map(Rule::Unsuccessful);
        let usual = usual.chain(page.map(Rule::Page));
        usual.chain(by_key.map(Rule::Success))
    }

    /// Takes the place of a result that was read before this one. Returns false if there is none.
    fn take_earlier(&mut self, at: usize, allows: fn(&Rule) -> bool) -> bool {
        self.take(at, allows, 0..at)
    }

    /// Takes the place of a result that was read after this one. Returns false if there is none.
    fn take_later(&mut self, at: usize, allows: fn(&Rule) -> bool) -> bool {
        self.take(at, allows, at + 1..self.results.len())
    }

    fn take(&mut self, at: usize, allows: fn(&Rule) -> bool, among: Range<usize>) -> bool {
        let index = self.results[at].index;
        let mut rules = self.rules(at).filter(allows);
        let found = rules.find_map(|rule| {
            [Some(index), None].into_iter().find_map(|index| {
                let places = (rule, index, among.start)..(rule, index, among.end);
                self.standing.range(places).next().copied()
            })
        });
        let Some((.., other)) = found else {
            return false;
        };
        for place in self.places(other) {
            self.standing.remove(&place);
        }
        self.replaced.push(self.results[other].number);
        true
    }
}

impl Rule {
    /// True for results that a run takes the place of.
    fn is_usual(&self) -> bool {
        !self.is_rare()
    }

    /// True for results that a run leaves as they are, unless the one that it took the place of is missing.
    fn is_rare(&self) -> bool {
        matches!(self, Rule::Success(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Result of one key: its position in the input, its outcome, and whether it takes the place of another one.
    type Short = (u64, Kind, bool);

    const F: Kind = Kind::Failed;
    const S: Kind = Kind::Success;

    fn replaced(results: &[Short]) -> Vec<u64> {
        let key: Key = "2-528540e82974ac2984fc2b5f2594fe2f".parse().unwrap();
        let lines: Vec<_> = results
            .iter()
            .map(|(index, outcome, supersedes)| {
                let mut line = BorrowedResult::new(*outcome);
                line.key = Some(key);
                (line.index, line.supersedes) = (*index, *supersedes);
                line
            })
            .collect();
        let mut superseded = SupersededKeys::default();
        lines.iter().for_each(|line| superseded.enter(line));
        let mut contested = ContestedResults::new(superseded);
        for (number, line) in (0..).zip(&lines) {
            contested.add(number, line);
        }
        contested.replaced()
    }

    #[test]
    fn a_result_takes_the_place_of_the_one_at_its_position() {
        let both = [(0, F, false), (1, F, false)];
        assert_eq!(replaced(&[both[0], both[1], (1, S, true)]), [1]);
        assert_eq!(replaced(&[both[0], both[1], (9, S, true)]), [0]);
    }

    #[test]
    fn a_result_without_success_comes_before_a_success() {
        let results = [(0, S, false), (1, F, false), (0, S, true)];
        assert_eq!(replaced(&results), [1]);
        assert_eq!(replaced(&[results[0], results[2]]), [0]);
    }

    #[test]
    fn files_may_come_in_any_order() {
        let later = [(0, S, true), (0, F, false), (0, F, true)];
        assert_eq!(replaced(&later), [1, 2]);
        assert_eq!(replaced(&[(0, S, true), (0, S, false)]), [1]);
    }

    #[test]
    fn many_equal_results_take_little_time() {
        let failed = (0..20_000).map(|n| (n, F, false));
        let again = (0..20_000).map(|n| (40_000 - n, S, true));
        let results: Vec<_> = failed.chain(again).collect();
        assert_eq!(replaced(&results).len(), 20_000);
    }
}
