//! Lists that a resumed run does not go on with although they may have further pages, and the warnings about them.

use crate::redact::escape::log_line;
use crate::request::Request;

/// Target of the warnings.
const TARGET: &str = "haul::lists";

/// Upper bound for the lists that are named one by one.
const NAMED: u64 = 10;

/// Lists that are not gone on with.
#[derive(Default)]
pub(super) struct CutLists {
    /// Number of lists whose next link was masked, and whose last page must not be repeated.
    lost: u64,
    /// Number of requests that have an outcome which was made without pages, in a run with pages.
    pub(super) found_unpaged: u64,
    /// Number of lists that have further pages, in a run without pages.
    pub(super) left_unpaged: u64,
}

impl CutLists {
    /// Warns of a list whose next link was masked. `last`: its last page.
    pub(super) fn warn_of_lost_link(&mut self, last: &Request) {
        self.lost += 1;
        let more = match self.lost {
            ..NAMED => "",
            NAMED => " (further lists that end so are not named)",
            _ => return,
        };
        let place = last.place().map(|place| format!("{place}: "));
        log_line!(
            target: TARGET,
            Warn,
            "{}the list does not go on after {}: the link to the next page was masked, and a {} is not repeated to ask for it again, unless writes are resumed{more}",
            place.unwrap_or_default(),
            last.shown_url(),
            last.method(),
        );
    }

    /// Warns of the lists that were counted, once.
    pub(super) fn warn_of_counts(&mut self) {
        let CutLists {
            found_unpaged,
            left_unpaged,
            ..
        } = std::mem::take(self);
        if found_unpaged > 0 {
            let (requests, have) = requests(found_unpaged, "has its result", "have their results");
            log_line!(
                target: TARGET,
                Warn,
                "{found_unpaged} {requests} of the input {have} from a run without pages, and no further page is asked for (a new results file gets them)"
            );
        }
        if left_unpaged > 0 {
            let (requests, have) =
                requests(left_unpaged, "has further pages", "have further pages");
            log_line!(
                target: TARGET,
                Warn,
                "{left_unpaged} {requests} of the input {have} that this run does not ask for: the results are of a run that asked for pages, and this one has no rule for them"
            );
        }
    }
}

/// Returns the word for this number of requests, and the verb that follows it.
fn requests<'t>(count: u64, one: &'t str, many: &'t str) -> (&'static str, &'t str) {
    match count {
        1 => ("request", one),
        _ => ("requests", many),
    }
}
