//! Time limits of an attempt.

use std::time::Duration;

/// Time limits of one attempt.
///
/// `None` in a request: the client's limit holds; [`Duration::ZERO`]: no limit.
///
/// Defaults of a client: 10 s to connect (name resolution, TCP and TLS together), 30 s for the whole attempt, body
/// included, and no limit for a single read. An attempt whose body is saved
/// ([`Request::save_to`](crate::Request::save_to)) has no limit for the whole, and 30 s for a single read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "limits hold for what they are given to: `ClientBuilder::timeouts`, `HostRule::timeouts` or `Request::timeouts`"]
pub struct Timeouts {
    pub(crate) connect: Option<Duration>,
    pub(crate) attempt: Option<Duration>,
    pub(crate) read: Option<Duration>,
}

impl Timeouts {
    /// Sets no limit: the client's limits hold.
    pub fn new() -> Timeouts {
        Timeouts::default()
    }

    /// Limit for resolving the name, opening the connection and the TLS handshake together.
    pub fn connect(mut self, limit: Duration) -> Timeouts {
        self.connect = Some(limit);
        self
    }

    /// Limit for the whole attempt, from its start to the last byte of the body.
    #[doc(alias = "timeout")]
    pub fn attempt(mut self, limit: Duration) -> Timeouts {
        self.attempt = Some(limit);
        self
    }

    /// Limit for each wait for bytes: an idle limit, for long downloads.
    pub fn read(mut self, limit: Duration) -> Timeouts {
        self.read = Some(limit);
        self
    }

    /// Takes each limit that is not set from `defaults`.
    pub(crate) fn or(self, defaults: Timeouts) -> Timeouts {
        Timeouts {
            connect: self.connect.or(defaults.connect),
            attempt: self.attempt.or(defaults.attempt),
            read: self.read.or(defaults.read),
        }
    }

    /// Returns the limit. `None`: it is zero or not set.
    pub(crate) fn bound(limit: Option<Duration>) -> Option<Duration> {
        limit.filter(|l| !l.is_zero())
    }

    /// Checks the limits for contradictions.
    pub(crate) fn check(&self) -> Result<(), String> {
        match (Timeouts::bound(self.connect), Timeouts::bound(self.attempt)) {
            (Some(connect), Some(attempt)) if connect > attempt => {
                Err("the connect limit is longer than the limit of the whole attempt".into())
            }
            _ => Ok(()),
        }
    }

    /// Checks a client's limits as [`check`](Timeouts::check) does. A short limit for the whole attempt does not
    /// contradict a connect limit that was left at its default.
    pub(crate) fn check_for_client(&self) -> Result<(), String> {
        let own = self.or(Timeouts::CLIENT);
        match own.connect == Timeouts::CLIENT.connect {
            true => Ok(()),
            false => own.check(),
        }
    }

    /// No limit set.
    pub(crate) const NONE: Timeouts = Timeouts {
        connect: None,
        attempt: None,
        read: None,
    };

    pub(crate) const CLIENT: Timeouts = Timeouts {
        connect: Some(Duration::from_secs(10)),
        attempt: Some(Duration::from_secs(30)),
        read: None,
    };

    /// Limits for an attempt whose body comes from or goes to a file, which may take any time as a whole.
    pub(crate) const STREAMED: Timeouts = Timeouts {
        connect: Timeouts::CLIENT.connect,
        attempt: None,
        read: Some(Duration::from_secs(30)),
    };
}
