//! `{shard}` in the names of files and directories that a run writes.

use std::path::{Path, PathBuf};

use haul::record::Shard;

use crate::arguments::{Arguments, name_of};
use crate::failure::CommandError;

/// Text that stands for the number of the shard.
const PLACEHOLDER: &str = "{shard}";

/// Sets the number of the shard in all names.
///
/// # Errors
/// When a name is no text.
pub(super) fn fill(arguments: &mut Arguments, shard: &Shard) -> Result<(), CommandError> {
    let digits = (shard.count() - 1).to_string().len();
    let number = format!("{:0digits$}", shard.number());
    let jar = arguments.requests.cookie_jar.clone();
    for (option, path) in written(arguments) {
        let Some(text) = path.to_str() else {
            refuse(option, path)?;
            continue;
        };
        *path = text.replace(PLACEHOLDER, &number).into();
    }
    // A file of cookies that is read and written has one name.
    let jar = jar.as_deref().and_then(|jar| jar.to_str());
    for cookie in &mut arguments.requests.cookie {
        if Some(cookie.as_str()) == jar {
            *cookie = cookie.replace(PLACEHOLDER, &number);
        }
    }
    if let Some(template) = &mut arguments.results.output_name {
        *template = in_template(template, &number);
    }
    Ok(())
}

/// Refuses `{shard}` in a name of a run without a shard: all machines would write to one file.
pub(super) fn refuse_placeholders(arguments: &mut Arguments) -> Result<(), CommandError> {
    for (option, path) in written(arguments) {
        refuse(option, path)?;
    }
    match &arguments.results.output_name {
        Some(template) if in_template(template, "") != *template => {
            refuse("output-name", Path::new(template))
        }
        _ => Ok(()),
    }
}

fn refuse(option: &str, path: &Path) -> Result<(), CommandError> {
    let text = path.to_string_lossy();
    let reason = match text.contains(PLACEHOLDER) {
        false => return Ok(()),
        true if path.to_str().is_none() => {
            "a name that is not UTF-8 cannot hold {shard}".to_owned()
        }
        true => format!("{{shard}} needs {}", name_of("shard")),
    };
    Err(CommandError::usage(format!(
        "{}: {text}: {reason}",
        name_of(option)
    )))
}

/// Returns all names of files and directories that are written, each with its option.
fn written(arguments: &mut Arguments) -> impl Iterator<Item = (&'static str, &mut PathBuf)> {
    let (to, forms) = (&mut arguments.results, &mut arguments.forms);
    let names = [
        ("output", &mut to.output),
        ("failures", &mut to.failures),
        ("summary-json", &mut to.summary_json),
        ("output-dir", &mut to.output_dir),
        ("html", &mut forms.html),
        ("junit", &mut forms.junit),
        ("capture", &mut arguments.connection.capture),
        ("cookie-jar", &mut arguments.requests.cookie_jar),
    ];
    let names = names.into_iter();
    names.filter_map(|(option, path)| Some((option, path.as_mut()?)))
}

/// Sets the number in a template of names, in which `{{` stands for a brace.
fn in_template(template: &str, number: &str) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        filled += before;
        let (taken, text) = match from {
            _ if from.starts_with("{{") => ("{{", "{{"),
            _ if from.starts_with(PLACEHOLDER) => (PLACEHOLDER, number),
            _ => ("{", "{"),
        };
        filled += text;
        rest = &from[taken.len()..];
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubled_brace_of_a_template_is_no_placeholder() {
        for (template, filled) in [
            ("{shard}/{index}", "03/{index}"),
            ("{{shard}}", "{{shard}}"),
            ("{{{shard}", "{{03"),
            ("{host}-{shard}-{shard}.x", "{host}-03-03.x"),
            ("{", "{"),
        ] {
            assert_eq!(in_template(template, "03"), filled);
        }
    }
}
