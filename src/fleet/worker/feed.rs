//! Requests made of leased entries, and handed to the client.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::stored_line;
use super::core::{EntryAction, HandedEntry, UndoneEntry};
use super::gate::ClientEntry;
use super::shared::SharedCore;
use crate::batch::Intake;
use crate::client::Client;
use crate::record::InputLines;
use crate::redact::IDEMPOTENCY_KEYS;
use crate::request::{IntentLog, JournalFacts, Request};

/// Time between two looks at entries that wait for something else than a change.
const LOOK: Duration = Duration::from_millis(50);

/// Request that was not handed to the client.
const UNSENT: UndoneEntry = UndoneEntry {
    delay: Duration::ZERO,
    attempts: 0,
    is_repeatable: true,
};

/// Hands requests to the client until the worker is over.
pub(super) fn feed(
    core: &Arc<SharedCore>,
    client: &Client,
    intake: &Intake,
    lines: &mut InputLines,
) {
    loop {
        let handed = core.wait(|core, now| {
            let handed = core.take_handed(now);
            match handed.is_empty() {
                true if core.is_over().is_some() => Ok(None),
                true => Err(Some(now + LOOK)),
                false => Ok(Some(handed)),
            }
        });
        let Some(handed) = handed else {
            return;
        };
        for entry in handed {
            hand_in(core, client, intake, lines, &entry);
        }
    }
}

fn hand_in(
    core: &Arc<SharedCore>,
    client: &Client,
    intake: &Intake,
    lines: &mut InputLines,
    handed: &HandedEntry,
) {
    let entry = &handed.leased.entry;
    lines.set_index(entry.index);
    let request = stored_line::read(&entry.line, entry.fault.as_deref(), lines);
    if handed.action == EntryAction::Send
        && let Some(why) = lines.file_register().take_unmade()
    {
        core.change(|core, now| {
            core.cannot_save(why, now);
            // A request that was not handed in was not sent either, and needs no other outcome.
            let _ = core.undone(handed.key, UNSENT, now);
        });
        return;
    }
    let file = request.saves_to().map(Path::to_owned);
    let give_back_file = || {
        if let Some(path) = &file {
            lines.file_register().give_back_saved(path);
        }
    };
    let once = must_not_be_repeated(&request);
    let host = client.host_of(&request);
    let in_client = Arc::new(ClientEntry::new(handed, core, once));
    // A request without a host is not sent: its outcome says why.
    if let (EntryAction::Send, Some(host)) = (handed.action, &host) {
        let goes = core.change(|core, now| core.request_was_read(handed.key, host, once, now));
        if !goes {
            give_back_file();
            return;
        }
    }
    let facts = JournalFacts {
        supersedes: entry.supersedes,
        interrupted: handed.action == EntryAction::Interrupted,
        given_up: handed.action == EntryAction::GivenUp,
        attempts: handed.attempts,
        intents: Some(Arc::clone(&in_client) as Arc<dyn IntentLog>),
    };
    let request = request
        .with_resumed(facts)
        .at_index(entry.index)
        .extension(in_client);
    if intake.send(request).is_err() {
        give_back_file();
        // A request that was not handed in was not sent either, and needs no other outcome.
        let _ = core.change(|core, now: Instant| core.undone(handed.key, UNSENT, now));
    }
}

/// True if a request must not be repeated (RFC 9110 section 9.2.2), unless the client says otherwise.
fn must_not_be_repeated(request: &Request) -> bool {
    let is_marked = request.options().is_some_and(|options| options.idempotent);
    let has_key = |name: &http::HeaderName| IDEMPOTENCY_KEYS.contains(name);
    let mut edits = request.header_edits().iter();
    let is_keyed = edits.any(|(name, value)| value.is_some() && has_key(name));
    !request.method().is_idempotent() && !is_marked && !is_keyed
}
