//! Templates of requests: `--template` and `--url-template`.

use haul::record::RequestTemplate;

use crate::arguments::{RequestArguments, name_of};
use crate::failure::CommandError;

/// Returns the template that lines are rows of values for. `None`: lines are requests.
pub(crate) fn of_lines(given: &RequestArguments) -> Result<Option<RequestTemplate>, CommandError> {
    if let Some(path) = &given.template {
        let option = name_of("template");
        let wrong =
            |what: String| CommandError::usage(format!("{option}: {}: {what}", path.display()));
        let json = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
        // Some editors begin a file with a byte order mark.
        let template = RequestTemplate::parse(json.trim_start_matches('\u{feff}'));
        return template.map(Some).map_err(|e| wrong(e.to_string()));
    }
    let template = given.url_template.as_deref().map(RequestTemplate::of_url);
    template
        .transpose()
        .map_err(|wrong| CommandError::usage(format!("{}: {wrong}", name_of("url-template"))))
}
