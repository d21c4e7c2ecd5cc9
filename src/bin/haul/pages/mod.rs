//! Pages of lists: `--paginate` and the options beside it.

mod lists;
mod next;
mod queue;
mod sink;
mod turns;

use std::iter::Empty;

use haul::batch::{Intake, InvalidPages, Outcomes, Pages};
use haul::{Client, Request};

use crate::arguments::{Arguments, name_of};
use crate::failure::CommandError;
use crate::input::ListReader;
use crate::output::ResultsSink;

use crate::messages::Messages;
use lists::AheadBounds;
use next::NextPages;
use queue::HeldBack;
pub(crate) use queue::PageQueue;
pub(crate) use sink::PageSink;
use turns::ByLineAndPage;

/// Number of a list among the requests of the input, which its pages have too.
#[derive(Clone, Copy, Debug)]
struct ListNumber(u64);

/// Returns the rule for the next page that the arguments give. `None`: no pages are asked for.
///
/// # Errors
/// When the arguments are no rule, or contradict each other.
pub(crate) fn rule(arguments: &Arguments) -> Result<Option<Pages>, CommandError> {
    let given = &arguments.pages;
    let (option, rule) = match (&given.paginate, &given.paginate_cursor) {
        (Some(text), _) if text == "link" => ("paginate", Ok(Pages::link())),
        (Some(text), _) if text.starts_with('/') => ("paginate", Pages::pointer(text)),
        (Some(text), _) => {
            return Err(CommandError::usage(format!(
                "{}: {text:?} is no rule (link, or a pointer such as /next)",
                name_of("paginate")
            )));
        }
        (None, Some(text)) => {
            let pair = text.split_once('=').unwrap_or((text, ""));
            ("paginate-cursor", Pages::cursor(pair.0, pair.1))
        }
        (None, None) => return none(arguments),
    };
    let wrong =
        |option, wrong: InvalidPages| CommandError::usage(format!("{}: {wrong}", name_of(option)));
    let mut rule = rule.map_err(|e| wrong(option, e))?;
    if let Some(pointer) = &given.paginate_while {
        let with = rule.while_true(pointer);
        rule = with.map_err(|e| wrong("paginate-while", e))?;
    }
    if let Some(most) = given.max_pages {
        rule = rule.max_pages(most);
    }
    for (name, value) in &arguments.requests.url_query {
        rule = rule.client_query(name, value);
    }
    if arguments.ending.max_cost.is_some() {
        return Err(CommandError::usage(format!(
            "{} and {} exclude each other: the cost of a page is not known when its list is read",
            name_of(option),
            name_of("max-cost")
        )));
    }
    if arguments.results.saved_files.output_dir.is_some() {
        return Err(CommandError::usage(format!(
            "{} and {} exclude each other: all pages of a line would go to one file",
            name_of(option),
            name_of("output-dir")
        )));
    }
    let reads_bodies = given.paginate.as_deref() != Some("link") || given.paginate_while.is_some();
    let bodyless = match &arguments.requests.request {
        _ if arguments.requests.discard_body => Some(name_of("discard-body")),
        _ if arguments.requests.head_or_get => Some(name_of("head-or-get")),
        _ if arguments.requests.head => Some(name_of("head")),
        Some(method) if method.eq_ignore_ascii_case("HEAD") => Some("-X HEAD".to_owned()),
        _ => None,
    };
    match bodyless.filter(|_| reads_bodies) {
        Some(other) => Err(CommandError::usage(format!(
            "{} and {other} exclude each other: the next page is read from the body ({} link needs none)",
            name_of(option),
            name_of("paginate")
        ))),
        None => Ok(Some(rule)),
    }
}

/// Checks that no option is given that only holds for pages.
fn none(arguments: &Arguments) -> Result<Option<Pages>, CommandError> {
    let given = &arguments.pages;
    let option = match (&given.paginate_while, given.max_pages) {
        (Some(_), _) => "paginate-while",
        (None, Some(_)) => "max-pages",
        (None, None) => return Ok(None),
    };
    Err(CommandError::usage(format!(
        "{}: it needs {} or {}",
        name_of(option),
        name_of("paginate"),
        name_of("paginate-cursor")
    )))
}

/// Creates the queue of a run, which stays empty without a rule.
pub(crate) fn queue(
    arguments: &Arguments,
    pages: Option<&Pages>,
    messages: &Messages,
) -> PageQueue {
    let bounds = AheadBounds::of(arguments.pace.jobs);
    PageQueue::new(
        pages.map(|pages| NextPages::new(pages.clone(), messages)),
        arguments.results.ordered.then_some(bounds),
    )
}

/// Returns the requests that have no outcome yet.
pub(crate) fn remaining(
    requests: ListReader,
    results: &ResultsSink,
    pages: Option<&Pages>,
    queue: &PageQueue,
) -> Box<dyn Iterator<Item = Request> + Send> {
    // Only a results file may hold a failure that the success of a sitemap takes the place of.
    let to_be_written = |request: &Request| !request.has_succeeded();
    let Some(pages) = pages.cloned() else {
        return match results {
            ResultsSink::Journal(journal) => Box::new(journal.remaining(requests)),
            _ => Box::new(requests.filter(to_be_written)),
        };
    };
    let (rule, ordered) = (pages, queue.is_ordered());
    let firsts = (0..).zip(requests).map(move |(number, request)| {
        let request = match ordered {
            true => request.extension(ListNumber(number)),
            false => request,
        };
        match request.has_outcome() {
            true => request,
            false => {
                let index = request.index().unwrap_or(number);
                rule.first(request, index)
            }
        }
    });
    match results {
        ResultsSink::Journal(journal) => {
            Box::new(HeldBack::new(journal.remaining(firsts), queue.clone()))
        }
        _ => Box::new(HeldBack::new(firsts.filter(to_be_written), queue.clone())),
    }
}

/// Opens the batch of a run, with the order of its outcomes, and has the pages of its lists handed in.
pub(crate) fn open(
    client: &Client,
    ordered: bool,
    results: &ResultsSink,
    queue: &PageQueue,
) -> Result<(Intake, Outcomes<Empty<Request>>), CommandError> {
    let (intake, outcomes) = match ordered && !queue.has_rule() {
        true => client.ordered_channel(),
        false => client.channel(),
    };
    if !queue.has_rule() {
        return Ok((intake, outcomes));
    }
    queue.feed(intake.clone())?;
    let outcomes = match ordered {
        true => outcomes.in_turns(ByLineAndPage {
            queue: queue.clone(),
            writes_wait: matches!(results, ResultsSink::Journal(_)),
        }),
        false => outcomes,
    };
    Ok((intake, outcomes))
}
