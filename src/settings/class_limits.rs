//! Limits of retries per class of failure.

/// Upper bounds for the retries of a request after failures of one class.
///
/// As a bound, 0 is never, `None` is no limit for the class. `max_attempts` of the policy holds too, so the lower of
/// the two counts.
///
/// ```
/// use haul::RetryPolicy;
/// use haul::settings::ClassLimits;
///
/// // Two retries in all, but none after a time limit, and one after a lost connection.
/// let policy = RetryPolicy::default()
///     .max_attempts(3)
///     .class_limits(ClassLimits::new().timeout(0).body(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "Retry")]
#[must_use = "limits hold for the policy they are given to with `RetryPolicy::class_limits`"]
pub struct ClassLimits {
    pub(crate) dns: Option<u32>,
    pub(crate) connect: Option<u32>,
    pub(crate) tls: Option<u32>,
    pub(crate) timeout: Option<u32>,
    pub(crate) body: Option<u32>,
    pub(crate) status: Option<u32>,
    pub(crate) throttle: Option<u32>,
    pub(crate) other: Option<u32>,
}

impl Default for ClassLimits {
    fn default() -> Self {
        ClassLimits {
            dns: Some(1),
            connect: None,
            tls: None,
            timeout: None,
            body: None,
            status: None,
            throttle: None,
            other: None,
        }
    }
}

impl ClassLimits {
    /// Makes the default limits.
    pub fn new() -> ClassLimits {
        ClassLimits::default()
    }

    /// Retries after the name could not be resolved. Default 1: an unknown name mostly stays unknown.
    pub fn dns(mut self, retries: impl Into<Option<u32>>) -> ClassLimits {
        self.dns = retries.into();
        self
    }

    /// Retries after a connection could not be made. Default: no limit.
    pub fn connect(mut self, retries: impl Into<Option<u32>>) -> ClassLimits {
        self.connect = retries.into();
        self
    }

    /// Retries after a TLS handshake was cut off. Default: no limit.
    pub fn tls(mut self, retries: impl Into<Option<u32>>) -> ClassLimits {
        self.tls = retries.into();
        self
    }

    /// Retries after a time limit passed. Default: no limit.
    pub fn timeout(mut self, retries: impl Into<Option<u32>>) -> ClassLimits {
        self.timeout = retries.into();
        self
    }

    /// Retries after the connection was lost while the response was awaited, or the body was cut short.
    ///
    /// Default: no limit.
    pub fn body(mut self, retries: impl Into<Option<u32>>) -> ClassLimits {
        self.body = retries.into();
        self
    }

    /// Retries after statuses other than throttling ones. Default: no limit.
    pub fn status(mut self, retries: impl Into<Option<u32>>) -> ClassLimits {
        self.status = retries.into();
        self
    }

    /// Retries after 429, and 503 with `Retry-After`. Default: no limit.
    pub fn throttle(mut self, retries: impl Into<Option<u32>>) -> ClassLimits {
        self.throttle = retries.into();
        self
    }

    /// Retries after every other failure. Default: no limit.
    pub fn other(mut self, retries: impl Into<Option<u32>>) -> ClassLimits {
        self.other = retries.into();
        self
    }
}
