//! Templates of requests (`--template`, `--url-template`) and of names (`--output-name`).

use std::fs::File;
use std::io::Read;

use haul::record::{DecodedReader, OutputNames, RequestTemplate};

use crate::arguments::{Arguments, RequestArguments, name_of};
use crate::failure::CommandError;

/// Returns the template that lines are rows of values for. `None`: lines are requests.
pub(crate) fn of_lines(given: &RequestArguments) -> Result<Option<RequestTemplate>, CommandError> {
    if let Some(path) = &given.template {
        let option = name_of("template");
        let wrong =
            |what: String| CommandError::usage(format!("{option}: {}: {what}", path.display()));
        let json = File::open(path).and_then(|file| {
            let mut json = String::new();
            DecodedReader::new(file).read_to_string(&mut json)?;
            Ok(json)
        });
        let template = RequestTemplate::parse(&json.map_err(|e| wrong(e.to_string()))?);
        return template.map(Some).map_err(|e| wrong(e.to_string()));
    }
    let template = given.url_template.as_deref().map(RequestTemplate::of_url);
    template
        .transpose()
        .map_err(|wrong| CommandError::usage(format!("{}: {wrong}", name_of("url-template"))))
}

/// Returns the rule for the names of saved files. `None`: the last part of the URL is the name.
pub(crate) fn of_names(arguments: &Arguments) -> Result<Option<OutputNames>, CommandError> {
    let to = &arguments.results;
    let names = match &to.saved_files.output_name {
        Some(template) => OutputNames::parse(template)
            .map_err(|wrong| CommandError::usage(format!("{}: {wrong}", name_of("output-name"))))?,
        None if to.saved_files.content_disposition => OutputNames::of_url(),
        None => return Ok(None),
    };
    let names = names.content_disposition(to.saved_files.content_disposition);
    if names.depend_on_response()
        && let Some(option) = arguments.downloads.looks_for_files()
    {
        let by = match to.saved_files.content_disposition {
            true => name_of("content-disposition"),
            false => format!("{{ext}} in {}", name_of("output-name")),
        };
        return Err(CommandError::usage(format!(
            "{}: it looks for a file before the request is sent, and with {by} the response names the file",
            name_of(option)
        )));
    }
    Ok(Some(match &arguments.requests.base_url {
        Some(base) => names.base_url(base),
        None => names,
    }))
}
