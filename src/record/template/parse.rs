//! Reads the placeholders of a text.

use super::{InvalidTemplate, Placeholder, TemplatePiece, ValueForm};

/// Most digits that a number can be filled up to.
const MOST_DIGITS: usize = 99;

/// Splits a text into its texts and placeholders.
pub(super) fn pieces(text: &str) -> Result<Vec<TemplatePiece>, InvalidTemplate> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        plain.push_str(&rest[..open]);
        let behind = &rest[open + 1..];
        if let Some(after) = behind.strip_prefix('{') {
            plain.push('{');
            rest = after;
            continue;
        }
        let at = text.len() - rest.len() + open;
        let wrong = |end: usize, reason: &'static str| InvalidTemplate {
            line: None,
            column: text[..at].chars().count() + 1,
            placeholder: text[at..at + end].to_owned(),
            reason: reason.into(),
        };
        let end = behind.find(|c: char| c == '{' || c == '}' || c.is_control());
        let Some(end) = end.filter(|end| behind[*end..].starts_with('}')) else {
            let end = end.map_or(behind.len(), |end| end);
            let reason = "a placeholder is not closed by } ({{ is a { that begins none)";
            return Err(wrong(end + 1, reason));
        };
        let place = placeholder(&behind[..end]).map_err(|reason| wrong(end + 2, reason))?;
        if !plain.is_empty() {
            pieces.push(TemplatePiece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(TemplatePiece::Place(place));
        rest = &behind[end + 1..];
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(TemplatePiece::Text(plain));
    }
    Ok(pieces)
}

/// Reads the inner part of a placeholder.
fn placeholder(inner: &str) -> Result<Placeholder, &'static str> {
    let (name, form) = match inner.rsplit_once(':') {
        Some((name, form)) => match form_of(form)? {
            Some(form) => (name, form),
            None => (inner, ValueForm::Escaped),
        },
        None => (inner, ValueForm::Escaped),
    };
    if name.is_empty() {
        return Err("a placeholder has no name ({{ is a { that begins none)");
    }
    Ok(Placeholder {
        name: name.to_owned(),
        form,
    })
}

/// Reads the text behind the last colon. `None`: it is a part of the name.
fn form_of(form: &str) -> Result<Option<ValueForm>, &'static str> {
    let is_number = !form.is_empty() && form.bytes().all(|b| b.is_ascii_digit());
    Ok(match form {
        "raw" => Some(ValueForm::Raw),
        "json" => Some(ValueForm::Json),
        "" => return Err("nothing follows the colon (raw, json or a width like 06 is expected)"),
        _ if is_number => {
            let digits = form.strip_prefix('0').and_then(|rest| rest.parse().ok());
            match digits {
                Some(digits @ 1..=MOST_DIGITS) => Some(ValueForm::Padded(digits)),
                _ => return Err("a width is written with a 0 in front, from 01 to 099"),
            }
        }
        _ => None,
    })
}
