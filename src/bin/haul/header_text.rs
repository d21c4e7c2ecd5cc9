//! Options whose text goes into request headers: one header each, without a character that would end it.

use crate::arguments::{RequestArguments, name_of};
use crate::failure::CommandError;
use crate::text_or_file::text_or_file;

/// A header as `-H` gives it. `None` in place of a value: the header is left out.
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
}

impl Header {
    /// Reads `NAME: VALUE`, `NAME:` and, for a header without a value, `NAME;`.
    fn parse(text: &str) -> Result<Header, CommandError> {
        check("header", text)?;
        let text = text.trim();
        let (name, value) = match (text.split_once(':'), text.strip_suffix(';')) {
            (Some((name, value)), _) => (name, Some(value.trim()).filter(|v| !v.is_empty())),
            (None, Some(name)) => (name, Some("")),
            // The text is not shown, since it may be a secret.
            (None, None) => {
                return Err(refused(
                    "header",
                    "'NAME: VALUE' is expected, 'NAME:' to leave one out, or 'NAME;' for one without a value",
                ));
            }
        };
        Ok(Header {
            name: name.trim().to_owned(),
            value: value.map(str::to_owned),
        })
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Returns the given headers. A file and the environment variable have one header a line; an option has one header.
pub(crate) fn headers(given: &RequestArguments) -> Result<Vec<Header>, CommandError> {
    let mut all = Vec::new();
    for text in &given.headers {
        match given.headers_of_variable {
            true => lines(text).try_for_each(|line| add(&mut all, line))?,
            false => add(&mut all, text)?,
        }
    }
    Ok(all)
}

/// Adds a header, or the headers of a file.
fn add(all: &mut Vec<Header>, text: &str) -> Result<(), CommandError> {
    if !text.starts_with('@') {
        all.push(Header::parse(text)?);
        return Ok(());
    }
    for line in lines(&text_or_file("header", text)?) {
        all.push(Header::parse(line)?);
    }
    Ok(())
}

/// Returns the lines that are not blank, each without its end.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim().is_empty())
}

/// Returns the token of `--bearer`, or of the file that it names, whose last line may have a line feed.
pub(crate) fn bearer(given: &str) -> Result<String, CommandError> {
    const OPTION: &str = "bearer";
    let text = text_or_file(OPTION, given)?;
    let token = match given.starts_with('@') {
        true => text.trim(),
        false => {
            check(OPTION, &text)?;
            text.trim()
        }
    };
    check(OPTION, token)?;
    match token {
        "" => Err(refused(OPTION, "it is empty (a token is expected)")),
        token => Ok(token.to_owned()),
    }
}

/// Refuses CR, LF and NUL. The text is not shown, since it may be a secret.
pub(crate) fn check(option: &str, text: &str) -> Result<(), CommandError> {
    match text.contains(['\r', '\n', '\0']) {
        true => Err(refused(
            option,
            "it holds a line break or a NUL, which may not be sent",
        )),
        false => Ok(()),
    }
}

fn refused(option: &str, reason: &str) -> CommandError {
    CommandError::usage(format!("{}: {reason}", name_of(option)))
}
