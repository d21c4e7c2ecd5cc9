//! `{shard}` in the names of files and directories that a run writes.

use std::path::{Path, PathBuf};

use haul::record::{Shard, Template, ValueEscaping};

use crate::arguments::{Arguments, name_of};
use crate::failure::CommandError;

/// Name of the number of the shard in a template.
const SHARD: &str = "shard";

/// Sets the number of the shard in all names.
///
/// # Errors
/// When a name is no template, has a placeholder of another name, or is no text.
pub(super) fn fill(arguments: &mut Arguments, shard: &Shard) -> Result<(), CommandError> {
    let digits = (shard.count() - 1).to_string().len();
    let number = format!("{:0digits$}", shard.number());
    let jar = arguments.requests.cookie_jar.clone();
    for (option, path) in written(arguments) {
        *path = match path.to_str() {
            Some(text) => {
                let name = filled(text, &number);
                name.map_err(|reason| wrong(option, text, &reason))?.into()
            }
            None if has_shard(path) => {
                let reason = "a name that is not UTF-8 cannot hold {shard}";
                return Err(wrong(option, &path.to_string_lossy(), reason));
            }
            None => continue,
        };
    }
    // A file of cookies that is read and written has one name.
    for cookie in &mut arguments.requests.cookie {
        if jar.as_deref() == Some(Path::new(cookie))
            && let Some(jar) = &arguments.requests.cookie_jar
        {
            *cookie = jar.to_string_lossy().into_owned();
        }
    }
    if let Some(template) = &mut arguments.results.saved_files.output_name {
        *template = in_template(template, &number);
    }
    Ok(())
}

/// Refuses `{shard}` in a name of a run without a shard: all machines would write to one file.
pub(super) fn refuse_placeholders(arguments: &mut Arguments) -> Result<(), CommandError> {
    let reason = format!("{{shard}} needs {}", name_of("shard"));
    for (option, path) in written(arguments) {
        if has_shard(path) {
            return Err(wrong(option, &path.to_string_lossy(), &reason));
        }
    }
    match &arguments.results.saved_files.output_name {
        Some(template) if in_template(template, "") != *template => {
            Err(wrong("output-name", template, &reason))
        }
        _ => Ok(()),
    }
}

/// Refuses `{shard}` in the name of a file that another command writes, each with the option that names it.
///
/// # Errors
/// When a name has the placeholder.
pub(crate) fn refuse_in(outputs: &[(&str, &Path)]) -> Result<(), CommandError> {
    let with_shard = outputs.iter().find(|(_, path)| has_shard(path));
    with_shard.map_or(Ok(()), |(option, path)| {
        Err(CommandError::usage(format!(
            "{option}: {}: {{shard}} stands for a number only in the names that a run with --shard writes",
            path.display()
        )))
    })
}

fn wrong(option: &str, text: &str, reason: &str) -> CommandError {
    CommandError::usage(format!("{}: {text}: {reason}", name_of(option)))
}

/// True if a name has the placeholder, in any form and case.
fn has_shard(path: &Path) -> bool {
    let text = path.to_string_lossy().to_ascii_lowercase();
    text.contains("{shard}") || text.contains("{shard:")
}

/// Sets the number in a name. The error is the reason why the name is none.
fn filled(text: &str, number: &str) -> Result<String, String> {
    let expected = "in the names that a run with --shard writes, {shard} and {shard:06} stand for its number, and {{ for a brace";
    let template = Template::parse(text).map_err(|mistake| format!("{mistake} ({expected})"))?;
    if let Some(name) = template.names().find(|name| *name != SHARD) {
        return Err(format!("unknown name {name:?} ({expected})"));
    }
    let name = template.fill(ValueEscaping::None, |_| Some(number.into()));
    name.map_err(|reason| reason.to_string())
}

/// Returns all names of files and directories that are written, each with its option.
fn written(arguments: &mut Arguments) -> impl Iterator<Item = (&'static str, &mut PathBuf)> {
    let (to, forms) = (&mut arguments.results, &mut arguments.forms);
    let names = [
        ("output", &mut to.output),
        ("failures", &mut to.failures),
        ("summary-json", &mut to.summary_json),
        ("output-dir", &mut to.saved_files.output_dir),
        ("html", &mut forms.html),
        ("junit", &mut forms.junit),
        ("capture", &mut arguments.connection.capture),
        ("cookie-jar", &mut arguments.requests.cookie_jar),
    ];
    let names = names.into_iter();
    names.filter_map(|(option, path)| Some((option, path.as_mut()?)))
}

/// Sets the number in a template of names, and leaves its other placeholders and doubled braces.
fn in_template(template: &str, number: &str) -> String {
    let mut done = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        done += before;
        let length = match from.find('}') {
            _ if from.starts_with("{{") => 2,
            Some(end) => end + 1,
            None => 1,
        };
        let (place, behind) = from.split_at(length);
        let is_shard = Template::parse(place).is_ok_and(|place| place.names().eq([SHARD]));
        let value = is_shard.then(|| filled(place, number).ok()).flatten();
        done += value.as_deref().unwrap_or(place);
        rest = behind;
    }
    done + rest
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
            ("{shard:04}-{Shard}", "0003-{Shard}"),
            ("{index:02}{shard", "{index:02}{shard"),
        ] {
            assert_eq!(in_template(template, "03"), filled);
        }
    }

    #[test]
    fn a_name_has_the_number_in_the_form_that_it_asks_for() {
        for (name, expected) in [
            ("r-{shard}.jsonl", "r-03.jsonl"),
            ("{shard:06}/{shard:01}", "000003/03"),
            ("{{shard}}}", "{shard}}}"),
            ("plain", "plain"),
        ] {
            assert_eq!(filled(name, "03").as_deref(), Ok(expected));
        }
        for name in ["{Shard}", "{index}-{shard}", "{shard", "{}", "{ shard }"] {
            let reason = filled(name, "03").unwrap_err();
            assert!(reason.contains("{shard:06}"), "{name}: {reason}");
        }
    }
}
