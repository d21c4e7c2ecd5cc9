//! A member of a JSON text that is set, while the rest of the text stays as it is written.

use serde_json::value::{RawValue, to_raw_value};

use crate::response::find_from_ends;

/// Sets the member at `pointer` to a value, which is JSON: replaces it, or adds it with the objects around it. An empty
/// text is an empty object.
///
/// # Errors
/// When the text is not JSON, or the pointer leads into a value that is no object; the reason.
pub(super) fn set(json: &[u8], pointer: &str, value: &str) -> Result<Vec<u8>, String> {
    let json = match json {
        [] => "{}",
        json => std::str::from_utf8(json).map_err(|_| not_json())?,
    };
    let at = |pointer: &str| -> Result<Option<(usize, &str)>, String> {
        let found = find_from_ends(json, &[pointer]).map_err(|_| not_json())?;
        let found: Option<&RawValue> = found.into_iter().next().flatten();
        let start = |raw: &RawValue| raw.get().as_ptr() as usize - json.as_ptr() as usize;
        Ok(found.map(|raw| (start(raw), raw.get())))
    };
    if let Some((start, old)) = at(pointer)? {
        let end = start + old.len();
        return Ok([&json[..start], value, &json[end..]].concat().into_bytes());
    }
    let (mut around, mut added) = (pointer, value.to_owned());
    while let Some((parent, name)) = around.rsplit_once('/') {
        let name = to_raw_value(&name.replace("~1", "/").replace("~0", "~"));
        let name = name.expect("every text can be written as JSON");
        added = format!("{}:{added}", name.get());
        if let Some((start, object)) = at(parent)? {
            let inner = object.strip_prefix('{').and_then(|o| o.strip_suffix('}'));
            let Some(inner) = inner else {
                return Err(format!(
                    "the body of the request has no object at {parent:?} to hold the cursor"
                ));
            };
            let comma = if inner.trim().is_empty() { "" } else { "," };
            let end = start + object.len() - 1;
            let text = [&json[..end], comma, &added, &json[end..]].concat();
            return Ok(text.into_bytes());
        }
        added = format!("{{{added}}}");
        around = parent;
    }
    Err(not_json())
}

fn not_json() -> String {
    "the body of the request is not JSON, so that the cursor has no place in it".to_owned()
}
