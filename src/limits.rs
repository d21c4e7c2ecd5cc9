//! Time limits of an attempt.

use std::time::Duration;

/// Time limits of one attempt. `None` in a request means "as the client says"; [`Duration::ZERO`] means no limit.
///
/// Defaults of a client: 10 s to connect (name resolution, TCP and TLS together), 30 s for the whole attempt, body
/// included, and no limit for a single read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

    pub(crate) const CLIENT: Timeouts = Timeouts {
        connect: Some(Duration::from_secs(10)),
        attempt: Some(Duration::from_secs(30)),
        read: None,
    };
}
