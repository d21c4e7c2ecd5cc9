//! Use that a request makes of tokens.

use crate::schedule::TokenNeed;

/// Token of a request.
#[derive(Debug)]
pub(super) struct TokenUse {
    /// Number of the token's source.
    pub(super) source: usize,
    /// Number of the token that the present attempt has. `None`: it has none, or the caller's hook replaced it.
    pub(super) sent: Option<u64>,
    /// True if the request was repeated after a 401. Another 401 stands.
    pub(super) repeated: bool,
    /// True if the token was refused and the request is not repeated, since its body was read and can be read only once.
    pub(super) body_lost: bool,
    /// True if the request waits for its repetition after a 401: the attempt has gone out, and is not counted yet.
    pub(super) repeats: bool,
}

impl TokenUse {
    /// Returns the use of tokens by a request that was not sent yet.
    pub(super) fn of(need: &TokenNeed) -> TokenUse {
        TokenUse {
            source: need.source,
            sent: None,
            repeated: false,
            body_lost: false,
            repeats: false,
        }
    }

    /// Returns the use by another request for the same outcome, to which no token was given yet.
    pub(super) fn anew(&self) -> TokenUse {
        TokenUse {
            source: self.source,
            sent: None,
            repeated: self.repeated,
            body_lost: false,
            repeats: false,
        }
    }
}
