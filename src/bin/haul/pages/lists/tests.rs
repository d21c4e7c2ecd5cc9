//! Random histories: answers come in any order, within any bounds.

use super::*;

type Lists = ListsInOrder<(u64, u64), (u64, u64)>;

/// Random history of lists with these numbers of pages. A list of every third number is asked for only page by recorded
/// page.
struct History {
    random: fastrand::Rng,
    lengths: Vec<u64>,
    lists: Lists,
    begun: usize,
    /// Pages that were asked for and are not answered.
    under_way: Vec<(u64, u64)>,
    out: Vec<(u64, u64)>,
    /// Lists whose records are not written out yet.
    unwritten: Vec<u64>,
}

impl History {
    fn new(seed: u64) -> History {
        let mut random = fastrand::Rng::with_seed(seed);
        let bounds = AheadBounds {
            asked: random.usize(0..8),
            outcomes: random.usize(0..20),
            bytes: random.u64(0..50),
        };
        let lengths = (0..random.usize(0..12)).map(|_| random.u64(1..9)).collect();
        History {
            random,
            lengths,
            lists: Lists::new(bounds),
            begun: 0,
            under_way: Vec::new(),
            out: Vec::new(),
            unwritten: Vec::new(),
        }
    }

    /// Numbers of lists have gaps, since a resumed run leaves out those that are done.
    fn number(at: usize) -> u64 {
        at as u64 * 3
    }

    fn ask(&mut self) {
        while self.begun < self.lengths.len() && self.lists.may_begin() {
            let list = History::number(self.begun);
            self.lists.begin(list);
            self.under_way.push((list, 1));
            self.begun += 1;
            if self.random.bool() {
                break;
            }
        }
        while self.lists.has_page() {
            self.under_way.push(self.lists.next_page().unwrap());
        }
    }

    fn answer(&mut self) {
        let at = self.random.usize(0..self.under_way.len());
        let (list, page) = self.under_way.swap_remove(at);
        let next = match page < self.lengths[(list / 3) as usize] {
            false => ListStep::End,
            true if list % 9 == 0 => ListStep::PageOnceRecorded((list, page + 1)),
            true => ListStep::Page((list, page + 1)),
        };
        self.lists
            .take(list, (list, page), self.random.u64(0..30), next);
    }

    fn hand_out(&mut self) {
        while let Some((list, page)) = self.lists.next_outcome(false) {
            self.out.push((list, page));
            self.unwritten.push(list);
        }
    }

    fn write(&mut self) {
        for list in self.unwritten.drain(..) {
            self.lists.is_recorded(list);
        }
    }

    /// Makes a step. Returns false if nothing is left to be done.
    fn step(&mut self) -> bool {
        self.ask();
        if self.under_way.is_empty() {
            self.write();
            self.ask();
        }
        if self.under_way.is_empty() {
            return false;
        }
        let bounds = self.lists.bounds;
        assert!(self.under_way.len() <= bounds.asked.max(1) + 1);
        self.answer();
        self.hand_out();
        assert!(self.lists.held <= bounds.outcomes + 1, "{bounds:?}");
        if self.random.bool() {
            self.write();
        }
        true
    }

    fn all(&self) -> Vec<(u64, u64)> {
        let pages = |(at, length): (usize, &u64)| {
            let list = History::number(at);
            (1..=*length).map(move |page| (list, page))
        };
        self.lengths.iter().enumerate().flat_map(pages).collect()
    }
}

#[test]
fn pages_come_out_by_list_and_then_by_page_within_any_bounds() {
    for seed in 0..20_000 {
        let mut history = History::new(seed);
        while history.step() {}
        assert_eq!(history.out, history.all(), "seed {seed}");
        assert_eq!((history.lists.asked, history.lists.held), (0, 0));
        assert_eq!(history.lists.bytes, 0);
    }
}

#[test]
fn what_is_held_comes_out_in_order_when_a_run_is_stopped() {
    for seed in 0..5_000 {
        let mut history = History::new(seed);
        let steps = history.random.usize(0..30);
        let mut answered = 0;
        for _ in 0..steps {
            answered += usize::from(history.step());
        }
        while let Some(page) = history.lists.next_outcome(true) {
            history.out.push(page);
        }
        assert_eq!(history.out.len(), answered, "seed {seed}");
        assert!(history.out.is_sorted(), "seed {seed}: {:?}", history.out);
    }
}

#[test]
fn lists_are_asked_for_side_by_side() {
    let mut lists = Lists::new(AheadBounds::of(4));
    let begun = (0..).take_while(|list| {
        let may = lists.may_begin();
        if may {
            lists.begin(*list);
        }
        may
    });
    assert_eq!(begun.count(), 8);
}

#[test]
fn a_long_list_behind_a_slow_one_stops_at_the_bound() {
    let mut lists = Lists::new(AheadBounds::of(1));
    lists.begin(0);
    lists.begin(1);
    let mut page = 1;
    loop {
        lists.take(1, (1, page), 0, ListStep::Page((1, page + 1)));
        page += 1;
        if lists.next_page().is_none() {
            break;
        }
    }
    assert_eq!(lists.held, 999);
    assert!(!lists.may_begin());
    lists.take(0, (0, 1), 0, ListStep::Page((0, 2)));
    assert_eq!(lists.next_page(), Some((0, 2)));
}
