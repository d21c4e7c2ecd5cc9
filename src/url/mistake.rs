//! Mistakes in a text: the reason, and apart from it the position and the part that may be shown.

use std::borrow::Cow;
use std::fmt;

/// Mistake in a URL, a request or a line of input.
///
/// The reason is the same for equal mistakes, so that these can be counted together, and holds no part of the text. The
/// text may be a secret, so only a part of it that is known to be harmless is kept here, such as the name of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) reason: Cow<'static, str>,
    /// Position in the text, in bytes from 1. `None`: it is not known, or the mistake has none.
    pub(crate) position: Option<u64>,
    /// Part of the text that may be shown. `None`: no part.
    pub(crate) shown: Option<Box<str>>,
}

impl Mistake {
    pub(crate) fn new(reason: impl Into<Cow<'static, str>>) -> Mistake {
        Mistake {
            reason: reason.into(),
            position: None,
            shown: None,
        }
    }

    /// Adds the position of a byte, counted from 0. A position that is known already stays: it is the better one.
    pub(crate) fn at(mut self, byte: usize) -> Mistake {
        self.position.get_or_insert(byte as u64 + 1);
        self
    }

    /// Adds a part of the text that may be shown.
    pub(crate) fn showing(mut self, shown: impl Into<Box<str>>) -> Mistake {
        self.shown = Some(shown.into());
        self
    }
}

/// Shows the reason alone.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl From<&'static str> for Mistake {
    fn from(reason: &'static str) -> Mistake {
        Mistake::new(reason)
    }
}

impl From<String> for Mistake {
    fn from(reason: String) -> Mistake {
        Mistake::new(reason)
    }
}
