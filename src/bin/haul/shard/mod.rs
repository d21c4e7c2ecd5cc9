//! `--shard`: the shard of this run, and the arguments that change with it.

mod auto;
mod lines;
mod paths;
mod share;

use std::env;

use haul::record::{InvalidShard, Shard};

use crate::arguments::{Arguments, ShardBy, name_of};
use crate::failure::CommandError;

pub(crate) use lines::ShardLines;
pub(crate) use paths::refuse_in;
pub(crate) use share::note;

/// Finds the shard of this run, sets `{shard}` in the names of the files that are written, and divides the limits.
///
/// # Errors
/// When the arguments or the environment name no shard; when `{shard}` has no meaning; when an option does not go with a
/// shard.
pub(crate) fn settle(arguments: &mut Arguments) -> Result<(), CommandError> {
    let Some(text) = &arguments.shard.shard else {
        return paths::refuse_placeholders(arguments);
    };
    let option = name_of("shard");
    let shard = named(text).map_err(|wrong| CommandError::usage(format!("{option}: {wrong}")))?;
    let by_host = arguments.shard.shard_by == Some(ShardBy::Host);
    let shard = match by_host {
        true => shard.by_host(),
        false => shard,
    };
    let shard = match &arguments.requests.base_url {
        Some(base) => shard.base_url(base),
        None => shard,
    };
    if by_host && arguments.requests.unique {
        return Err(CommandError::usage(format!(
            "{} and {} host exclude each other: with a shard, equal requests are told by their keys ({} key is expected)",
            name_of("unique"),
            name_of("shard-by"),
            name_of("shard-by")
        )));
    }
    let follows = arguments.requests.follow_sitemaps;
    if follows && arguments.requests.unique {
        return Err(CommandError::usage(format!(
            "{} and {} exclude each other with a shard: lines of several shards may lead to equal pages",
            name_of("unique"),
            name_of("follow-sitemaps")
        )));
    }
    paths::fill(arguments, &shard)?;
    // The pages of a sitemap are of any host.
    share::divide(arguments, &shard, by_host && !follows);
    arguments.shard.own = Some(shard);
    Ok(())
}

/// Reads `I/N` or `auto/N`. The error is the message, without the option.
fn named(text: &str) -> Result<Shard, String> {
    let wrong = |wrong: InvalidShard| {
        let told = wrong.to_string();
        format!("{}, or auto/N)", told.trim_end_matches(')'))
    };
    let Some(count) = text.strip_prefix("auto/") else {
        return text.parse().map_err(wrong);
    };
    // The number comes from the environment: any number tells if the other one is good.
    let first: Shard = format!("0/{count}")
        .parse()
        .map_err(|e| wrong(e).replacen("\"0/", "\"auto/", 1))?;
    let count = first.count();
    let variable = |name: &str| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let number = auto::number(count, variable).map_err(|reason| format!("{text}: {reason}"))?;
    Shard::new(number, count).map_err(wrong)
}
