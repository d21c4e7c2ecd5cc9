//! Errors of the server and of the way to it, sorted into the errors of an engine.
//!
//! | an engine's error | reported for |
//! |---|---|
//! | `NoRun` | a script that finds no run, a group that is gone |
//! | `OtherRun` | a script that finds another run of the name |
//! | `Away` | a connection that fails, a reply that does not come or cannot be read |
//! | `Busy` | `LOADING`, `MISCONF`, `OOM`, `BUSY`, `TRYAGAIN`, `READONLY`, `MASTERDOWN`, `NOREPLICAS`, `CLUSTERDOWN`, `MOVED`, `ASK`, `NOSCRIPT`, too many clients |
//! | `Refused` | a wrong password, a right that the user lacks, keys of others, an untrusted certificate, all else |

use std::error::Error;
use std::io;
use std::sync::Arc;

use redis::RedisError;

use super::super::engine::EngineError;

/// Codes of errors after which the server may accept the step later: it did not carry it out.
const BUSY: &[&str] = &[
    "LOADING",
    "MISCONF",
    "OOM",
    "BUSY",
    "TRYAGAIN",
    // After a failover the address may lead to the new primary.
    "READONLY",
    "MASTERDOWN",
    "NOREPLICAS",
    "CLUSTERDOWN",
    "MOVED",
    "ASK",
    "NOSCRIPT",
];

/// Returns true if the server answered, so that the next reply on the connection is that of the next command.
pub(super) fn is_answer(error: &RedisError) -> bool {
    error.code().is_some()
}

/// Returns the error if it is one of the way to the server. Others may repeat the server's words, and these the password
/// that it was sent.
pub(super) fn of_way(error: RedisError) -> Option<RedisError> {
    error.is_io_error().then_some(error)
}

/// Returns true if the error calls for a new connection: there was no answer, or the server is about to close it, or is
/// no longer the one to ask.
pub(super) fn ends_connection(error: &RedisError) -> bool {
    let leads_elsewhere = matches!(error.code(), Some("READONLY" | "MASTERDOWN" | "MOVED"));
    !is_answer(error) || leads_elsewhere || is_too_many_clients(error)
}

fn is_too_many_clients(error: &RedisError) -> bool {
    let detail = error.detail().unwrap_or_default();
    error.code() == Some("ERR") && detail.starts_with("max number of clients")
}

/// Sorts an error. `step`: what the command was for. `script`: text of the script that the server ran.
pub(super) fn sort(
    error: &RedisError,
    place: &str,
    step: &str,
    script: Option<&str>,
) -> EngineError {
    let detail = error.detail().unwrap_or_default();
    let Some(code) = error.code() else {
        return match untrusted(error) {
            Some(reason) => EngineError::Refused(format!("{place}: {reason}")),
            None => EngineError::Away(format!("{place}: {}", io_reason(error))),
        };
    };
    match code {
        "NORUN" | "NOGROUP" => EngineError::NoRun,
        "OTHERRUN" => EngineError::OtherRun,
        code if BUSY.contains(&code) || is_too_many_clients(error) => {
            EngineError::Busy(format!("{place}: {step}: {code} {}", shortened(detail)))
        }
        "WRONGTYPE" | "FOREIGN" => EngineError::Refused(format!(
            "{place}: {step}: keys of this name are there that are no run of haul (use a new name)"
        )),
        // A long command of a client that has not logged in is not even read.
        "ERR" if detail.starts_with("Protocol error: unauthenticated") => {
            EngineError::Refused(format!("{place}: the server asks for a password"))
        }
        "NOAUTH" => EngineError::Refused(format!("{place}: the server asks for a password")),
        "WRONGPASS" => EngineError::Refused(format!(
            "{place}: the password is wrong, or there is no such user"
        )),
        _ if lacks_right(code, detail) => EngineError::Refused(format!(
            "{place}: {step}: the user may not run {} (the ACL needs ~haul:* and the commands of the guide)",
            command(detail, script).unwrap_or_else(|| "it on this key".into())
        )),
        "CROSSSLOT" => EngineError::Refused(format!("{place}: {step}: keys in several slots")),
        _ => EngineError::Refused(format!("{place}: {step}: {code} {}", shortened(detail))),
    }
}

/// Reason of an error for which the server did not answer.
fn io_reason(error: &RedisError) -> String {
    if error.is_timeout() {
        "no answer in time".into()
    } else {
        error.to_string()
    }
}

/// Sorts an error of connecting with TLS. A server without TLS does not answer, or answers with something else.
pub(super) fn of_tls(error: &RedisError, place: &str) -> EngineError {
    let is_other_answer =
        matches!(error.kind(), redis::ErrorKind::Io) && !error.is_connection_refusal();
    match sort(error, place, "connect", None) {
        EngineError::Away(reason) if is_other_answer => EngineError::Away(format!(
            "{reason} (rediss:// needs TLS, redis:// is without it)"
        )),
        error => error,
    }
}

/// Returns the reason if the server's certificate was refused: another attempt would end in the same way.
fn untrusted(error: &RedisError) -> Option<String> {
    // The crate's source is a shared pointer to the error.
    let shared = error
        .source()?
        .downcast_ref::<Arc<dyn Error + Send + Sync>>()?;
    let source = shared.downcast_ref::<io::Error>()?;
    let inner = source.get_ref()?.downcast_ref::<rustls::Error>()?;
    matches!(inner, rustls::Error::InvalidCertificate(_)).then(|| inner.to_string())
}

/// Detail without the place in the script that a server appends.
fn shortened(detail: &str) -> &str {
    let cut = detail.rsplit_once(" script: ");
    cut.map_or(detail, |(front, _)| front)
}

fn lacks_right(code: &str, detail: &str) -> bool {
    // A command in a script is reported under the code ERR: first by Redis 7.0, second by later ones.
    let in_script = [
        "The user executing the script can't",
        "ACL failure in script",
    ];
    code == "NOPERM" || (code == "ERR" && in_script.iter().any(|text| detail.starts_with(text)))
}

/// Returns the command that a user may not run: the server names it, or the line of the script in which it stands.
fn command(detail: &str, script: Option<&str>) -> Option<String> {
    if let Some((_, named)) = detail.split_once("run the '") {
        return Some(named.split('\'').next()?.to_ascii_uppercase());
    }
    let line: usize = detail
        .split_once("user_script:")?
        .1
        .trim_end_matches('.')
        .parse()
        .ok()?;
    let line = script?.lines().nth(line.checked_sub(1)?)?;
    let named = line.split_once("redis.call('")?.1;
    Some(named.split('\'').next()?.to_owned())
}
