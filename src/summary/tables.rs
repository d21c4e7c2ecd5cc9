//! Tables of the closing block: the worst hosts, and the most frequent errors.

use std::path::MAIN_SEPARATOR;

use crate::redact::escape::Escaped;

use super::layout::{GAP, columns, cut, padded, right_aligned, shortened, widest};
use super::numbers::{millis_shown, plural};
use super::{HostFigures, Summary, TopError};

/// Columns before the rows of a table.
pub(super) const TITLE: usize = 14;
/// Least number of columns of an example's URL that is worth a place beside the error.
pub(super) const SHORTEST_URL: usize = 40;
/// Rows shown of the bounded tables.
pub(super) const ROWS: usize = 5;
/// Words before the place of an example.
const EXAMPLE: &str = "e.g. ";
/// Columns of a rejection's code.
pub(super) const CODE: usize = 24;

impl Summary {
    pub(super) fn worst_hosts(&self, width: usize) -> Vec<String> {
        let mut hosts = self.hosts();
        if !self.shows_hosts(&hosts) {
            return Vec::new();
        }
        let failed = hosts.iter().any(|host| host.failed > 0);
        // If some hosts have failures, hosts without one are not among the worst.
        if failed {
            hosts.retain(|host| host.failed > 0);
        }
        hosts.truncate(ROWS);
        let texts = |text: fn(&HostFigures) -> String| hosts.iter().map(text).collect();
        let requests: Vec<String> = texts(|host| plural(host.requests, "request"));
        let failed: Vec<String> = texts(|host| format!("{} failed", host.failed));
        let p95: Vec<String> = texts(|host| {
            let p95 = host
                .p95
                .map(|p95| format!("   p95 {} ms", millis_shown(p95)));
            let limit = host.limit.map(|limit| format!("   limit {limit}"));
            [p95, limit].into_iter().flatten().collect()
        });
        let (of_requests, of_failed) = (widest(&requests), widest(&failed));
        let figures = 4 + of_requests + 3 + of_failed + widest(&p95);
        let room = width.saturating_sub(TITLE + figures);
        let names = hosts.iter().map(|host| shortened(&host_name(host), room));
        let names: Vec<String> = names.collect();
        let of_name = widest(&names);
        let rows = (0..hosts.len()).map(|at| {
            format!(
                "{}    {}   {}{}",
                padded(&names[at], of_name),
                right_aligned(&requests[at], of_requests),
                right_aligned(&failed[at], of_failed),
                p95[at]
            )
        });
        titled("Worst hosts", rows)
    }

    pub(super) fn errors_shown(&self, width: usize) -> Vec<String> {
        let mut errors = self.top_errors();
        errors.truncate(ROWS);
        let counts: Vec<String> = errors.iter().map(|error| error.count.to_string()).collect();
        let of_count = widest(&counts);
        let from = TITLE + of_count + 2;
        let room = width.saturating_sub(from);
        let texts = errors.iter().map(|error| cut(&error_shown(error), room));
        let texts: Vec<String> = texts.collect();
        let place = |error: &TopError| {
            let place = place_shown(error.place.as_deref(), error.index);
            format!("{EXAMPLE}{place}")
        };
        let urls: Vec<String> = errors
            .iter()
            .map(|error| Escaped(&error.url).to_string())
            .collect();
        let fitting = |(error, url): (&TopError, &String)| {
            without_folders_if_long(place(error), room.saturating_sub(columns(url) + 1))
        };
        let places: Vec<String> = errors.iter().zip(&urls).map(fitting).collect();
        let of_text = widest(&texts);
        // URLs stand beside the error or below it, but alike in all rows.
        let left = room.saturating_sub(of_text + 2 + widest(&places) + 1);
        let beside = left >= widest(&urls).min(SHORTEST_URL);
        let rows = (0..errors.len()).flat_map(|at| {
            let count = right_aligned(&counts[at], of_count);
            let (text, place) = (&texts[at], &places[at]);
            let room_of_url = match beside {
                true => left,
                false => room.saturating_sub(columns(place) + 1),
            };
            let url = shortened(&urls[at], room_of_url);
            match beside {
                true => vec![format!("{count}  {}  {place} {url}", padded(text, of_text))],
                false => vec![
                    format!("{count}  {text}"),
                    format!("{:of_count$}  {place} {url}", ""),
                ],
            }
        });
        titled("Top errors", rows)
    }
}

/// Makes the rows under a title, which stands before the first row.
pub(super) fn titled(title: &str, rows: impl Iterator<Item = String>) -> Vec<String> {
    rows.enumerate()
        .map(|(at, row)| format!("{:<TITLE$}{row}", if at == 0 { title } else { "" }))
        .collect()
}

/// Returns the place without the folders of its file if it takes more than `room` columns. Then more is left of the
/// URL, and the name of the file is mostly enough to find it.
pub(super) fn without_folders_if_long(place: String, room: usize) -> String {
    match place.rsplit_once(['/', MAIN_SEPARATOR]) {
        Some((folders, name)) if columns(&place) > room => {
            let begins = if folders.starts_with(EXAMPLE) {
                EXAMPLE
            } else {
                ""
            };
            format!("{begins}{GAP}/{name}")
        }
        _ => place,
    }
}

/// Returns the place that a request was read from, or its number among the requests.
pub(super) fn place_shown(place: Option<&str>, index: u64) -> String {
    match place {
        Some(place) => Escaped(place).to_string(),
        None => format!("line {}", index + 1),
    }
}

pub(super) fn error_shown(error: &TopError) -> String {
    let (class, message) = (error.error_type.as_str(), &*error.message);
    // Some messages begin with the class.
    match message.strip_prefix(class) {
        Some(rest) if rest.starts_with([':', ' ']) => Escaped(message).to_string(),
        _ => Escaped(format_args!("{class} {message}")).to_string(),
    }
}

/// Returns the host's name as people write it: without the scheme, and without the port if it is the scheme's default.
fn host_name(figures: &HostFigures) -> String {
    let host = &figures.host;
    match (host.scheme(), host.port()) {
        ("http", 80) | ("https", 443) => Escaped(host.name()).to_string(),
        (_, port) => Escaped(format_args!("{}:{port}", host.name())).to_string(),
    }
}
