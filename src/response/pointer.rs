//! Values at JSON pointers (RFC 6901), found without a tree of the whole text.
//!
//! A tree takes some sixteen times as much memory as its text, and a server chooses the text. Values and errors are
//! those that `serde_json`'s `Value` and its `pointer` would give: the last of several equal keys counts, and text
//! after the value or nesting deeper than 128 is an error.

mod written;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::value::is_number;
use crate::url::Mistake;

pub(crate) use written::find_written;

/// Returns the text of the value at each of the pointers, in their order. `None`: no value is there.
///
/// # Errors
/// When the text is not JSON.
pub(crate) fn find<'j>(
    json: &'j str,
    pointers: &[&str],
) -> Result<Vec<Option<&'j RawValue>>, serde_json::Error> {
    find_by(json, pointers, false)
}

/// Finds as [`find`] does, and takes `-1` in a pointer as the last item of an array.
pub(crate) fn find_from_ends<'j>(
    json: &'j str,
    pointers: &[&str],
) -> Result<Vec<Option<&'j RawValue>>, serde_json::Error> {
    find_by(json, pointers, true)
}

fn find_by<'j>(
    json: &'j str,
    pointers: &[&str],
    from_ends: bool,
) -> Result<Vec<Option<&'j RawValue>>, serde_json::Error> {
    // The first pass reads all as a `Value` is read, and finds every error; the second goes quickly along the pointers,
    // since the values that it passes by are known to be valid.
    let mut reader = serde_json::Deserializer::from_str(json);
    CheckedValue.deserialize(&mut reader)?;
    reader.end()?;
    let paths: Vec<_> = pointers.iter().map(|pointer| tokens(pointer)).collect();
    let mut found = vec![None; pointers.len()];
    let all = (0..paths.len()).filter(|at| paths[*at].is_some()).collect();
    let along = AlongPaths {
        paths: &paths,
        from_ends,
        depth: 0,
        active: all,
        found: &mut found,
    };
    along.look(json)?;
    Ok(found)
}

/// Checks that a text is a JSON pointer (RFC 6901 §3), so that a mistake in it is not taken for a value that is absent.
///
/// # Errors
/// When the text is none: the reason, and the position in the text.
pub(crate) fn check(text: &str) -> Result<(), Mistake> {
    if !text.is_empty() && !text.starts_with('/') {
        return Err(Mistake::new("a pointer begins with / (/code), or is empty").at(0));
    }
    let escapes = text.match_indices('~');
    let wrong = escapes
        .map(|(at, _)| at)
        .find(|at| !matches!(text.as_bytes().get(at + 1), Some(b'0' | b'1')));
    match wrong {
        None => Ok(()),
        Some(at) => {
            Err(Mistake::new("a ~ in a pointer is written ~0, and a / in a name ~1").at(at))
        }
    }
}

/// Splits a pointer into tokens. `None`: it is not a pointer, and no value is there.
fn tokens(pointer: &str) -> Option<Vec<String>> {
    let token = |token: &str| token.replace("~1", "/").replace("~0", "~");
    match pointer.strip_prefix('/') {
        Some(rest) => Some(rest.split('/').map(token).collect()),
        None => pointer.is_empty().then(Vec::new),
    }
}

/// True if the token is the index of this element.
fn is_index(token: &str, index: usize) -> bool {
    let leads = token.starts_with('+') || token.starts_with('0') && token.len() > 1;
    !leads && token.parse() == Ok(index)
}

/// Reads a value as `Value` is read, and keeps no part of it.
struct CheckedValue;

impl<'de> DeserializeSeed<'de> for CheckedValue {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CheckedValue {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        while array.next_element_seed(CheckedValue)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while object.next_key_seed(CheckedValue)?.is_some() {
            object.next_value_seed(CheckedValue)?;
        }
        Ok(())
    }
}

/// Looks for values along the paths that lead through a value.
struct AlongPaths<'f, 'j> {
    paths: &'f [Option<Vec<String>>],
    /// True if `-1` is the last item of an array.
    from_ends: bool,
    /// Number of tokens that lead to the value.
    depth: usize,
    /// Numbers of the paths that begin with these tokens.
    active: Vec<usize>,
    found: &'f mut [Option<&'j RawValue>],
}

impl<'j> AlongPaths<'_, 'j> {
    fn look(mut self, json: &'j str) -> Result<(), serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(json);
        // The value around this value was read within the limit already.
        self.reborrow().deserialize(&mut reader)
    }

    /// Looks one token deeper, into a value that was read as text, along these paths.
    fn look_in<E: serde::de::Error>(
        &mut self,
        item: &'j RawValue,
        active: Vec<usize>,
    ) -> Result<(), E> {
        match active.is_empty() {
            true => Ok(()),
            false => self.deeper(active).look(item.get()).map_err(E::custom),
        }
    }

    fn reborrow(&mut self) -> AlongPaths<'_, 'j> {
        AlongPaths {
            paths: self.paths,
            from_ends: self.from_ends,
            depth: self.depth,
            active: std::mem::take(&mut self.active),
            found: self.found,
        }
    }

    /// Returns the next token of a path; `None` at its end.
    fn token(&self, path: usize) -> Option<&str> {
        let tokens = self.paths[path].as_ref()?;
        tokens.get(self.depth).map(String::as_str)
    }

    /// Returns the paths whose next token is wanted.
    fn through(&self, wanted: impl Fn(&str) -> bool) -> Vec<usize> {
        let on = |path: &usize| self.token(*path).is_some_and(&wanted);
        self.active.iter().copied().filter(on).collect()
    }

    /// Looks one token deeper, along these paths.
    fn deeper(&mut self, active: Vec<usize>) -> AlongPaths<'_, 'j> {
        AlongPaths {
            paths: self.paths,
            from_ends: self.from_ends,
            depth: self.depth + 1,
            active,
            found: self.found,
        }
    }
}

impl<'j> DeserializeSeed<'j> for AlongPaths<'_, 'j> {
    type Value = ();

    fn deserialize<D: Deserializer<'j>>(mut self, deserializer: D) -> Result<(), D::Error> {
        let (ends, on): (Vec<_>, Vec<_>) = std::mem::take(&mut self.active)
            .into_iter()
            .partition(|path| self.token(*path).is_none());
        self.active = on;
        if ends.is_empty() {
            return deserializer.deserialize_any(self);
        }
        let raw = <&RawValue as serde::Deserialize>::deserialize(deserializer)?;
        for path in ends {
            self.found[path] = Some(raw);
        }
        if self.active.is_empty() {
            return Ok(());
        }
        self.look(raw.get()).map_err(serde::de::Error::custom)
    }
}

impl<'j> Visitor<'j> for AlongPaths<'_, 'j> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'j>>(mut self, mut array: A) -> Result<(), A::Error> {
        let to_last = match self.from_ends {
            true => self.through(|token| token == "-1"),
            false => Vec::new(),
        };
        if !to_last.is_empty() {
            let (mut last, mut index) = (None, 0);
            while let Some(item) = array.next_element::<&RawValue>()? {
                let through = self.through(|token| is_index(token, index));
                self.look_in(item, through)?;
                (last, index) = (Some(item), index + 1);
            }
            return last.map_or(Ok(()), |item| self.look_in(item, to_last));
        }
        for index in 0.. {
            let through = self.through(|token| is_index(token, index));
            let more = match through.is_empty() {
                true => array.next_element::<IgnoredAny>()?.is_some(),
                false => array.next_element_seed(self.deeper(through))?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'j>>(mut self, mut object: A) -> Result<(), A::Error> {
        while let Some(through) = object.next_key_seed(PathsThrough(&self))? {
            let Some(through) = through else {
                // The object is a number, in a build where numbers come as maps.
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            if through.is_empty() {
                object.next_value::<IgnoredAny>()?;
                continue;
            }
            // This value replaces an earlier one of the key, with all that was found in the earlier one.
            for path in &through {
                self.found[*path] = None;
            }
            object.next_value_seed(self.deeper(through))?;
        }
        Ok(())
    }
}

/// Reads a key as the numbers of the paths that lead through it. `None`: it is the key of a number.
struct PathsThrough<'a, 'f, 'j>(&'a AlongPaths<'f, 'j>);

impl<'de> DeserializeSeed<'de> for PathsThrough<'_, '_, '_> {
    type Value = Option<Vec<usize>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for PathsThrough<'_, '_, '_> {
    type Value = Option<Vec<usize>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok((!is_number(key)).then(|| self.0.through(|token| token == key)))
    }
}

#[cfg(test)]
mod tests;
