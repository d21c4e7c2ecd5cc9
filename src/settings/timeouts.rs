//! Time limits of an attempt.

use std::time::Duration;

/// Time limits of one attempt. `None` in a request means "as the client says"; [`Duration::ZERO`] means no limit.
///
/// Defaults of a client: 10 s to connect (name resolution, TCP and TLS together), 30 s for the whole attempt, body
/// included, and no limit for a single read. A body that is saved ([`Request::save_to`](crate::Request::save_to)) has no
/// limit for the whole, and 30 s for a single read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "limits hold for what they are given to: `ClientBuilder::timeouts`, `HostRule::timeouts` or `Request::timeouts`"]
pub struct Timeouts {
    pub(crate) connect: Option<Duration>,
    pub(crate) attempt: Option<Duration>,
    pub(crate) read: Option<Duration>,
}

impl Timeouts {
    /// Nothing set: everything as the client says.
    pub fn new() -> Timeouts {
        Timeouts::default()
    }

    /// To resolve the name, open the connection and shake hands.
    pub fn connect(mut self, limit: Duration) -> Timeouts {
        self.connect = Some(limit);
        self
    }

    /// For the whole attempt, from its start to the last byte of the body.
    #[doc(alias = "timeout")]
    pub fn attempt(mut self, limit: Duration) -> Timeouts {
        self.attempt = Some(limit);
        self
    }

    /// For each wait for bytes: an idle limit, for long downloads.
    pub fn read(mut self, limit: Duration) -> Timeouts {
        self.read = Some(limit);
        self
    }

    /// These, and where they are silent, `defaults`.
    pub(crate) fn or(self, defaults: Timeouts) -> Timeouts {
        Timeouts {
            connect: self.connect.or(defaults.connect),
            attempt: self.attempt.or(defaults.attempt),
            read: self.read.or(defaults.read),
        }
    }

    /// The limit, or none where it is zero.
    pub(crate) fn bound(limit: Option<Duration>) -> Option<Duration> {
        limit.filter(|l| !l.is_zero())
    }

    /// What is contradictory in them.
    pub(crate) fn check(&self) -> Result<(), String> {
        match (Timeouts::bound(self.connect), Timeouts::bound(self.attempt)) {
            (Some(connect), Some(attempt)) if connect > attempt => {
                Err("the connect limit is longer than the limit of the whole attempt".into())
            }
            _ => Ok(()),
        }
    }

    /// As [`check`](Timeouts::check), for those of a client. A short limit of the whole contradicts no connect limit
    /// that was left at its default.
    pub(crate) fn check_for_client(&self) -> Result<(), String> {
        let own = self.or(Timeouts::CLIENT);
        match own.connect == Timeouts::CLIENT.connect {
            true => Ok(()),
            false => own.check(),
        }
    }

    /// Nothing set.
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

    /// Where a body goes from or to a file: how long that takes as a whole nobody can say.
    pub(crate) const STREAMED: Timeouts = Timeouts {
        connect: Timeouts::CLIENT.connect,
        attempt: None,
        read: Some(Duration::from_secs(30)),
    };
}
