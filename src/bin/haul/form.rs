//! `-F` and `--form-string`: a form with files, written as for curl.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use haul::request::{Multipart, Part};

use crate::arguments::{RequestArguments, name_of};
use crate::failure::CommandError;
use crate::text_or_file::bytes_or_file;

/// Long name of `-F`.
const OPTION: &str = "form";

/// Types of files that curl knows by their endings.
const TYPES: [(&str, &str); 10] = [
    ("gif", "image/gif"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("pdf", "application/pdf"),
    ("xml", "application/xml"),
];

/// Part of a form as the option gives it.
#[derive(Debug, PartialEq, Eq)]
struct FormPart {
    name: String,
    content: PartContent,
    content_type: Option<String>,
    file_name: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum PartContent {
    Text(String),
    /// File that is sent as one, under its name; `-` is standard input.
    File(String),
    /// File whose content is the value of a field; `-` is standard input.
    TextFile(String),
}

/// Returns the form that the options ask for. `None`: there is none.
///
/// # Errors
/// When a part cannot be understood, or its file cannot be read. Values are not shown, since they may be secret.
pub(crate) fn form(given: &RequestArguments) -> Result<Option<Multipart>, CommandError> {
    if given.form.is_empty() && given.form_string.is_empty() {
        return Ok(None);
    }
    let mut form = Multipart::new();
    for text in &given.form {
        let part = parse(text).map_err(|reason| refused(OPTION, &reason))?;
        let name = part.name.clone();
        form = form.part(name, made(part)?);
    }
    for text in &given.form_string {
        match text.split_once('=').filter(|(name, _)| !name.is_empty()) {
            Some((name, value)) => form = form.text(name, value),
            None => return Err(refused("form-string", "NAME=VALUE is expected")),
        }
    }
    Ok(Some(form))
}

/// Returns the paths of the files that the form is read from.
pub(crate) fn files(given: &RequestArguments) -> impl Iterator<Item = PathBuf> {
    let parts = given.form.iter().filter_map(|text| parse(text).ok());
    parts.filter_map(|part| match part.content {
        PartContent::File(path) | PartContent::TextFile(path) if path != "-" => Some(path.into()),
        _ => None,
    })
}

fn refused(option: &str, reason: &str) -> CommandError {
    CommandError::usage(format!("{}: {reason}", name_of(option)))
}

/// Makes the part, and checks that its file can be read.
fn made(part: FormPart) -> Result<Part, CommandError> {
    let is_file = matches!(part.content, PartContent::File(_));
    let mut made = match part.content {
        PartContent::Text(text) => Part::text(text),
        PartContent::File(path) if path == "-" => {
            Part::bytes(bytes_or_file(OPTION, "@-")?).file_name("-")
        }
        PartContent::TextFile(path) if path == "-" => {
            match String::from_utf8(bytes_or_file(OPTION, "@-")?) {
                Ok(text) => Part::text(text),
                Err(bytes) => Part::bytes(bytes.into_bytes()),
            }
        }
        PartContent::File(path) => {
            check_file(&part.name, &path)?;
            let ending = path.rsplit_once('.').map(|(_, ending)| ending);
            let known = TYPES
                .iter()
                .find(|(other, _)| ending.is_some_and(|e| e.eq_ignore_ascii_case(other)));
            let file = Part::file(path);
            match known {
                Some((_, content_type)) => file.content_type(*content_type),
                None => file,
            }
        }
        PartContent::TextFile(path) => {
            check_file(&part.name, &path)?;
            Part::text_file(path)
        }
    };
    if let Some(content_type) = part.content_type {
        made = made.content_type(content_type);
    }
    Ok(match part.file_name {
        Some(name) if is_file || !name.is_empty() => made.file_name(name),
        _ => made,
    })
}

fn check_file(name: &str, path: &str) -> Result<(), CommandError> {
    let about = fs::metadata(path).and_then(|about| match about.is_file() {
        true => File::open(path).map(drop),
        false => Err(io::Error::other("it is no regular file")),
    });
    about.map_err(|e| refused(OPTION, &format!("{name}: {path}: cannot be read: {e}")))
}

/// Reads `NAME=CONTENT`, with `;type=` and `;filename=` behind it.
fn parse(text: &str) -> Result<FormPart, String> {
    let (name, rest) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or("NAME=VALUE, NAME=@FILE or NAME=<FILE is expected")?;
    let wrong = |reason: &str| Err(format!("{name}: {reason}"));
    if rest.starts_with('(') {
        return wrong(
            "parts within a part are not sent (--form-string sends a value as it is, and double quotes around it do)",
        );
    }
    let mark = rest.chars().next().filter(|c| matches!(c, '@' | '<'));
    let rest = &rest[mark.map_or(0, char::len_utf8)..];
    let (value, mut rest) = word(rest).map_err(|reason| format!("{name}: {reason}"))?;
    let quoted_comma = value.contains(',') && !text.contains('"');
    let content = match mark {
        Some(_) if value.is_empty() => return wrong("a file is expected"),
        Some('@') if quoted_comma && fs::metadata(&value).is_err() => {
            return wrong(
                "several files of one part are not sent (an option -F for each file is expected)",
            );
        }
        Some('@') => PartContent::File(value),
        Some(_) => PartContent::TextFile(value),
        None => PartContent::Text(value),
    };
    let mut part = FormPart {
        name: name.to_owned(),
        content,
        content_type: None,
        file_name: None,
    };
    while let Some(more) = rest {
        let more = more.trim_start();
        let (key, value) = more.split_once('=').unwrap_or((more, ""));
        let (value, after) = word(value).map_err(|reason| format!("{name}: {reason}"))?;
        rest = after;
        match (
            key.trim().to_ascii_lowercase().as_str(),
            &mut part.content_type,
        ) {
            ("type", _) if !value.contains('/') => {
                return wrong("after type= a type such as text/plain is expected");
            }
            ("type", content_type) => *content_type = Some(value),
            ("filename", _) => part.file_name = Some(value),
            // A parameter of the type: ;type=text/plain;charset=utf-8.
            (key, Some(content_type))
                if !value.is_empty() && !["headers", "encoder"].contains(&key) =>
            {
                *content_type += &format!(";{key}={value}");
            }
            _ => {
                return wrong(
                    "after ; only type= and filename= are known (double quotes hold a value with a ; in it, and --form-string sends it as it is)",
                );
            }
        }
    }
    Ok(part)
}

/// Reads a word: to the next `;`, without blanks around it, or in double quotes, within which `\"` and `\\` stand for a quote and a backslash.
/// Returns it, and what follows the `;`, if there is one.
fn word(text: &str) -> Result<(String, Option<&str>), &'static str> {
    let plain = || match text.split_once(';') {
        Some((word, rest)) => (word.trim().to_owned(), Some(rest)),
        None => (text.trim().to_owned(), None),
    };
    let Some(inner) = text.trim_start().strip_prefix('"') else {
        return Ok(plain());
    };
    let mut word = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let rest = inner[at + 1..].trim_start();
                return match (rest, rest.strip_prefix(';')) {
                    ("", _) => Ok((word, None)),
                    (_, Some(rest)) => Ok((word, Some(rest))),
                    _ => {
                        Err("text follows the closing quote (a ; is expected, or \\\" for a quote)")
                    }
                };
            }
            '\\' if inner[at + 1..].starts_with(['"', '\\']) => {
                word.extend(chars.next().map(|(_, c)| c));
            }
            c => word.push(c),
        }
    }
    // As for curl, a quote without an end is a character of the value.
    Ok(plain())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str) -> (PartContent, Option<String>, Option<String>) {
        let part = parse(text).unwrap();
        assert_eq!(part.name, "n");
        (part.content, part.content_type, part.file_name)
    }

    #[test]
    fn parts_are_read_as_by_curl() {
        use PartContent::{File, Text, TextFile};
        let some = |text: &str| Some(text.to_owned());
        for (text, content, content_type, file_name) in [
            ("n=", Text("".into()), None, None),
            ("n=a=b", Text("a=b".into()), None, None),
            ("n= a ", Text("a".into()), None, None),
            ("n=\" a \"", Text(" a ".into()), None, None),
            (
                "n=x;type=text/csv",
                Text("x".into()),
                some("text/csv"),
                None,
            ),
            (
                "n=x;type=text/plain;charset=utf-8",
                Text("x".into()),
                some("text/plain;charset=utf-8"),
                None,
            ),
            ("n=x;filename=f", Text("x".into()), None, some("f")),
            ("n=@a.txt", File("a.txt".into()), None, None),
            (
                "n=@a b.txt ; filename=\"x;\\\"y\\\\\" ;type=a/b",
                File("a b.txt".into()),
                some("a/b"),
                some("x;\"y\\"),
            ),
            ("n=@\"a;b,c\"", File("a;b,c".into()), None, None),
            (
                "n=<a.txt;type=a/b",
                TextFile("a.txt".into()),
                some("a/b"),
                None,
            ),
            ("n=@-", File("-".into()), None, None),
            ("n=\"a;b\"", Text("a;b".into()), None, None),
            ("n=\"(a)\"", Text("(a)".into()), None, None),
            ("n=\"@a\"", Text("@a".into()), None, None),
            ("n=\"open", Text("\"open".into()), None, None),
        ] {
            assert_eq!(part(text), (content, content_type, file_name), "{text}");
        }
    }

    #[test]
    fn a_part_that_is_none_is_told_without_its_value() {
        for (text, reason) in [
            ("s3cret", "is expected"),
            ("=s3cret", "is expected"),
            ("n=@", "a file"),
            ("n=<;type=a/b", "a file"),
            ("n=(s3cret", "within a part"),
            ("n=a;s3cret", "double quotes"),
            ("n=a;headers=s3cret", "double quotes"),
            ("n=a;type=a/b;encoder=base64", "double quotes"),
            ("n=a;type=s3cret", "a type"),
            ("n=\"a\"s3cret", "closing quote"),
            ("n=@no/such,no/other", "an option -F for each"),
        ] {
            let wrong = parse(text).unwrap_err();
            assert!(wrong.contains(reason), "{text}: {wrong}");
            assert!(!wrong.contains("s3cret"), "{text}: {wrong}");
        }
    }
}
