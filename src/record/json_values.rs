//! Replacement of values within JSON text. All other text stays as it is written.

/// Place of a value: the keys and indexes that lead to it.
pub(super) type ValuePath = [String];

/// Replaces values of a valid JSON text. Returns `None` if no value is replaced.
///
/// `replacement` gets the path of each value, and the text of one that is no object or list. It returns the JSON that
/// takes the place of the value; `None`: the value stays, and the values in it are looked at. Nesting may be of any
/// depth.
pub(super) fn replace(
    json: &str,
    replacement: impl FnMut(&ValuePath, Option<&str>) -> Option<String>,
) -> Option<String> {
    replace_all(json, replacement, |_| None)
}

/// Replaces values as [`replace`] does, and keys: `key` gets the text of each, and returns the JSON string that takes its
/// place, or `None`. Paths have the keys as they were written.
pub(super) fn replace_all(
    json: &str,
    mut replacement: impl FnMut(&ValuePath, Option<&str>) -> Option<String>,
    mut key: impl FnMut(&str) -> Option<String>,
) -> Option<String> {
    let bytes = json.as_bytes();
    let (mut replaced, mut copied) = (String::new(), 0);
    let mut walk = Walk::default();
    let mut at = 0;
    while at < bytes.len() {
        let from = at;
        let is_container = match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' | b':' => {
                at += 1;
                continue;
            }
            b',' => {
                walk.next();
                at += 1;
                continue;
            }
            b'}' | b']' => {
                walk.close();
                at += 1;
                continue;
            }
            b'"' => {
                at = end_of_string(bytes, at);
                if walk.expects_key {
                    let written = &json[from..at];
                    walk.set_key(written);
                    if let Some(shown) = key(written) {
                        replaced.push_str(&json[copied..from]);
                        replaced.push_str(&shown);
                        copied = at;
                    }
                    continue;
                }
                false
            }
            b'{' | b'[' => true,
            _ => {
                let ends = |b: &u8| b.is_ascii_whitespace() || b",]}".contains(b);
                let length = bytes[at..].iter().position(ends);
                at = length.map_or(bytes.len(), |length| from + length);
                false
            }
        };
        let text = (!is_container).then(|| &json[from..at]);
        match replacement(&walk.path, text) {
            Some(value) => {
                if is_container {
                    at = end_of_container(bytes, from);
                }
                replaced.push_str(&json[copied..from]);
                replaced.push_str(&value);
                copied = at;
            }
            None if is_container => {
                walk.open(bytes[from] == b'{');
                at += 1;
            }
            None => {}
        }
    }
    (copied > 0).then(|| replaced + &json[copied..])
}

/// Place in a JSON text.
#[derive(Default)]
struct Walk {
    path: Vec<String>,
    /// Index of the current value in each list that is open. `None`: an object is open.
    indexes: Vec<Option<u64>>,
    expects_key: bool,
}

impl Walk {
    fn open(&mut self, is_object: bool) {
        self.expects_key = is_object;
        self.indexes.push((!is_object).then_some(0));
        self.path.push(match is_object {
            true => String::new(),
            false => "0".to_owned(),
        });
    }

    fn close(&mut self) {
        self.indexes.pop();
        self.path.pop();
        self.expects_key = false;
    }

    fn next(&mut self) {
        match (self.indexes.last_mut(), self.path.last_mut()) {
            (Some(Some(index)), Some(last)) => {
                *index += 1;
                *last = index.to_string();
            }
            (Some(None), _) => self.expects_key = true,
            _ => {}
        }
    }

    fn set_key(&mut self, written: &str) {
        self.expects_key = false;
        if let Some(last) = self.path.last_mut() {
            *last = serde_json::from_str(written).unwrap_or_else(|_| written.to_owned());
        }
    }
}

/// Returns the end of the string that begins at `from`, behind its closing quote.
pub(super) fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// Returns the end of the object or list that begins at `from`.
fn end_of_container(bytes: &[u8], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0_usize);
    loop {
        match bytes[at] {
            b'"' => {
                at = end_of_string(bytes, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_comes_with_its_path() {
        let json = r#" {"a": [1, "x,]", {"b\n": null}], "c": {}, "d": -1.50e3 } "#;
        let mut seen = Vec::new();
        let replaced = replace(json, |path, text| {
            seen.push((path.join("/"), text.map(str::to_owned)));
            None
        });
        assert_eq!(replaced, None);
        let text = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
        let container = |path: &str| (path.to_owned(), None);
        assert_eq!(
            seen,
            [
                container(""),
                container("a"),
                text("a/0", "1"),
                text("a/1", "\"x,]\""),
                container("a/2"),
                text("a/2/b\n", "null"),
                container("c"),
                text("d", "-1.50e3"),
            ]
        );
    }

    #[test]
    fn values_are_replaced_and_all_else_stays() {
        let json = r#"{"a":{"b":[1,{"x":"}"}]}, "b" : 1.50,"c":"é"}"#;
        let replaced = replace(json, |path, _| {
            (path.last()? == "b").then(|| "\"***\"".to_owned())
        });
        assert_eq!(
            replaced.as_deref(),
            Some(r#"{"a":{"b":"***"}, "b" : "***","c":"é"}"#)
        );
        assert_eq!(
            replace("7", |_, _| Some("0".to_owned())).as_deref(),
            Some("0")
        );
    }

    #[test]
    fn deep_nesting_needs_no_stack() {
        let deep = format!("{}1{}", "[".repeat(1 << 17), "]".repeat(1 << 17));
        let replaced = replace(&deep, |_, text| text.map(|_| "2".to_owned()));
        assert_eq!(replaced, Some(deep.replace('1', "2")));
    }
}
