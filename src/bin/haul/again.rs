//! Command that continues a run that was cut off.

use std::env;

use haul::redact::Redaction;

use crate::arguments::{self, Arguments};
use crate::files::results_path;
use crate::layout;
use crate::shell::quoted;

/// Returns the message with the command that continues the run. `None`: there is no results file to continue.
pub(crate) fn how_to_resume(arguments: &Arguments, redaction: &Redaction) -> Option<String> {
    let is_resumable = layout::of_results(arguments).is_ok_and(|layout| layout.is_resumable());
    if results_path(arguments).is_none() || arguments.ending.demo || !is_resumable {
        return None;
    }
    let again = match shown(redaction) {
        Some(given) => format!("to go on: haul --resume {given}"),
        // The arguments may hold secrets, and are not repeated.
        None => "to go on, give the same command with --resume".to_owned(),
    };
    let from_stdin = arguments.inputs.is_empty() || arguments.inputs.iter().any(|i| i == "-");
    Some(if from_stdin {
        format!("{again}   (and the same input)")
    } else {
        again
    })
}

/// Returns the arguments as a shell takes them. `None`: they hold secrets.
pub(crate) fn shown(redaction: &Redaction) -> Option<String> {
    let given = env::args_os().skip(1);
    let given: Vec<String> = given.map(|a| a.to_string_lossy().into_owned()).collect();
    if given.iter().any(|argument| is_secret(argument, redaction)) {
        return None;
    }
    let kept = given
        .iter()
        .filter(|argument| !["--resume", "--overwrite"].contains(&argument.as_str()));
    Some(
        kept.map(|argument| quoted(argument))
            .collect::<Vec<_>>()
            .join(" "),
    )
}

/// True if an argument gives a credential, or may give one.
fn is_secret(argument: &str, redaction: &Redaction) -> bool {
    // A base URL is looked at as any other URL below.
    let given_long = argument.strip_prefix("--").is_some_and(|rest| {
        let long = rest.split('=').next().unwrap_or_default();
        long != "base-url" && arguments::is_secret(long)
    });
    let letters = argument
        .strip_prefix('-')
        .filter(|rest| !rest.starts_with('-'));
    let given_short = letters.is_some_and(|rest| rest.contains(['H', 'u', 'b', 'x', 'd', 'F']));
    // With --scheme a URL may lack its scheme.
    let url = match argument.contains("://") {
        true => argument.to_owned(),
        false => format!("https://{argument}"),
    };
    let is_bare = !argument.contains("://") && argument.contains(['@', '?']);
    let may_be_url = argument.contains("://") || is_bare && !argument.starts_with('-');
    let of_url = may_be_url && redaction.url(&url) != url;
    given_long || given_short || of_url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_may_hold_a_credential_are_not_shown() {
        let usual = Redaction::default();
        for argument in [
            "-H",
            "-HX: y",
            "--bearer=t",
            "--user",
            "-u",
            "-qu",
            "http://u:p@h/",
            "u:p@h/",
            "h/?access_token=x",
            "http://u:p/w@h/",
            "http://h/?a=1&access_token=x",
            "--base-url=http://u:p@h/",
        ] {
            assert!(is_secret(argument, &usual), "{argument}");
        }
        for argument in [
            "-j",
            "--output",
            "-o",
            "http://h/a@b",
            "urls.txt",
            "--user-agent",
            "-",
        ] {
            assert!(!is_secret(argument, &usual), "{argument}");
        }
    }
}
