//! The counting rules of a merge, in memory and without regard to speed.

use std::collections::{BTreeMap, HashSet};

use super::history::Line;

/// Line of a history: a record, or text that is none.
#[derive(Clone, Debug)]
pub(crate) enum Row {
    Record(Line),
    Torn(&'static str),
}

impl Row {
    pub(crate) fn text(&self) -> String {
        match self {
            Row::Record(line) => line.text(),
            Row::Torn(text) => (*text).to_owned(),
        }
    }
}

/// Counts of a merge, and the lines that stand.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Expected {
    pub(crate) kept: Vec<String>,
    pub(crate) copies: u64,
    pub(crate) replaced: u64,
    pub(crate) torn: u64,
    pub(crate) missing: Vec<u64>,
    /// Numbers of rows.
    pub(crate) doubled: Vec<usize>,
    pub(crate) foreign: Vec<usize>,
}

/// Requests that share outcomes.
type Slot = (u64, Option<u32>, Option<u64>);

/// Merges the rows of all files.
pub(crate) fn merge(rows: &[Row], input: Option<&[u64]>) -> Expected {
    let mut expected = Expected::default();
    let mut texts = HashSet::new();
    let mut standing: Vec<(usize, Line)> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        match row {
            Row::Torn(_) => expected.torn += 1,
            Row::Record(line) if texts.insert(line.text()) => standing.push((at, line.clone())),
            Row::Record(_) => expected.copies += 1,
        }
    }
    replace(&mut standing, input.is_some(), &mut expected);
    let slots = slots(&standing, input.is_some());
    for ((n, ..), lines) in &slots {
        let capacity = match input {
            Some(input) => input.iter().filter(|other| *other == n).count(),
            None => 1,
        };
        let mut best: Vec<_> = lines.clone();
        best.sort_by_key(|(at, line)| (!line.is_success, *at));
        for (at, _) in best.iter().skip(capacity) {
            standing.retain(|(other, _)| other != at);
            match input.is_some() && capacity == 0 {
                true => expected.foreign.push(*at),
                false => expected.doubled.push(*at),
            }
        }
    }
    let mut left: BTreeMap<u64, usize> = BTreeMap::new();
    for (_, line) in &standing {
        if line.page.is_none_or(|page| page == 1) {
            *left.entry(line.n).or_default() += 1;
        }
    }
    for (position, n) in (0..).zip(input.unwrap_or_default()) {
        match left.get_mut(n) {
            Some(left) if *left > 0 => *left -= 1,
            _ => expected.missing.push(position),
        }
    }
    expected.doubled.sort_unstable();
    expected.foreign.sort_unstable();
    expected.kept = standing.iter().map(|(_, line)| line.text()).collect();
    expected
}

/// Divides lines into those that share outcomes.
fn slots(lines: &[(usize, Line)], verifies: bool) -> BTreeMap<Slot, Vec<(usize, Line)>> {
    let mut slots: BTreeMap<Slot, Vec<_>> = BTreeMap::new();
    for (at, line) in lines {
        let slot = match verifies {
            true => (line.n, Some(line.page.unwrap_or(1)), None),
            false => (line.n, line.page, Some(line.index)),
        };
        slots.entry(slot).or_default().push((*at, line.clone()));
    }
    slots
}

/// Removes the lines that others took the place of, one after the other.
fn replace(standing: &mut Vec<(usize, Line)>, verifies: bool, expected: &mut Expected) {
    let mut groups: BTreeMap<Slot, Vec<(usize, Line)>> = BTreeMap::new();
    for (slot, lines) in slots(standing, verifies) {
        let group = match (verifies, slot) {
            // Without an input, a line may take the place of one with another index.
            (false, (n, None, _)) => (n, None, None),
            (_, slot) => slot,
        };
        groups.entry(group).or_default().extend(lines);
    }
    for lines in groups.values_mut() {
        lines.sort_by_key(|(at, _)| *at);
        let replacing = lines.iter().filter(|(_, line)| line.supersedes).count();
        let can_be_replaced = |line: &Line| !line.is_success || line.page.is_some();
        let mut victims: Vec<_> = lines
            .iter()
            .filter(|(_, line)| can_be_replaced(line))
            .collect();
        victims.sort_by_key(|(at, line)| (line.is_success, line.supersedes, *at));
        let only_each_other = victims.iter().all(|(_, line)| line.supersedes)
            && lines
                .iter()
                .all(|(_, line)| !line.supersedes || can_be_replaced(line));
        let replaced =
            replacing.min(victims.len() - usize::from(only_each_other && !victims.is_empty()));
        for (at, _) in &victims[..replaced] {
            standing.retain(|(other, _)| other != at);
            expected.replaced += 1;
        }
    }
}
