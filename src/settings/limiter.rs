//! Rates that are granted from outside the process.

use std::time::Duration;

use super::RateLimit;
use crate::host::Host;

/// Source of starts for clients that share their rates, for example on many machines.
///
/// A client with a limiter starts a request only with a start that the limiter has permitted. It asks for several
/// starts of a host at once, as soon as requests wait for them, on a thread of its own, with one call at a time. So a
/// call may block on a server that all clients share. A start that is not used within a second of its time is void.
/// Retries and redirect hops are starts like any others.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use std::time::{Duration, Instant};
/// use haul::settings::{Limiter, PermittedStarts, WantedStarts};
/// use haul::{Client, RateLimit};
///
/// /// One pace for all clients of this process. Clients on many machines would ask a server.
/// struct Shared(Mutex<Instant>);
///
/// impl Limiter for Shared {
///     fn permit(&self, wanted: &WantedStarts) -> PermittedStarts {
///         let gap = Duration::from_millis(20);
///         let mut next = self.0.lock().unwrap();
///         let first = (*next).max(Instant::now());
///         *next = first + gap * wanted.count;
///         PermittedStarts::Granted {
///             after: first - Instant::now(),
///             count: wanted.count,
///         }
///     }
/// }
///
/// let client = Client::builder()
///     .rate_per_host(RateLimit::per_second(50))
///     .limiter(Arc::new(Shared(Mutex::new(Instant::now()))))
///     .build()?;
/// # Ok::<(), haul::BuildError>(())
/// ```
pub trait Limiter: Send + Sync {
    /// Permits starts of a host, or of all hosts together.
    ///
    /// A panic counts as [`PermittedStarts::Later`] by a second.
    fn permit(&self, wanted: &WantedStarts) -> PermittedStarts;

    /// Notes that a server asked for a pause, so that the other clients keep it too.
    ///
    /// Default: nothing is done. Called on the thread that also calls [`permit`](Limiter::permit).
    fn pause(&self, host: &Host, pause: Duration) {
        let _ = (host, pause);
    }

    /// True if hosts that fail are given a rest for all clients together. Default: false.
    ///
    /// Asked when the client is built. A client with a [`breaker`](crate::ClientBuilder::breaker) then tells how its calls
    /// fare ([`judge`](Limiter::judge)), and a limiter that has a host rest answers with a pause. Where the calls of one
    /// client fail and the limiter sees no reason for a rest, the client closes the host for itself. Requests that it
    /// cannot send meanwhile do not fail: they come back with the reason
    /// [`StopReason::GivenBack`](crate::StopReason::GivenBack), to be sent elsewhere or later.
    fn gives_rests(&self) -> bool {
        false
    }

    /// Notes how the calls of this client at a host fare: `failing` if its breaker opened.
    ///
    /// Told at each change, and every two seconds while calls end. `rest`: time for which the breaker's settings have a
    /// host rest first. Default: nothing is done. Called on the thread that also calls [`permit`](Limiter::permit).
    fn judge(&self, host: &Host, failing: bool, rest: Duration) {
        let _ = (host, failing, rest);
    }

    /// Notes the end of a start that was permitted as [`PermittedStarts::Trial`].
    ///
    /// It is not told of a start that was not used, or that was cut off on this side. Default: nothing is done. Called on
    /// the thread that also calls [`permit`](Limiter::permit).
    fn trial_ended(&self, host: &Host, succeeded: bool) {
        let _ = (host, succeeded);
    }
}

/// Starts that a client asks a [`Limiter`] for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WantedStarts {
    /// Host of the requests. `None`: the rate over all hosts.
    pub host: Option<Host>,
    /// Number of starts, at least 1: those of 50 milliseconds, or fewer if fewer requests wait.
    pub count: u32,
    /// Rate of all clients together. `None`: there is no rate.
    ///
    /// A grant of any count then opens the host for a quarter of a second.
    pub rate: Option<RateLimit>,
    /// Rates for longer windows, which hold for all clients together at the same time.
    ///
    /// The client does not count by itself what others start, so a limiter grants as many starts as all rates allow. A
    /// start that is not used within half a second is void then, or sooner where a window is shorter than 32 seconds. So
    /// not more of them are wanted than places are free.
    pub longer: Vec<RateLimit>,
}

/// Answer of a [`Limiter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "limiters give every answer there is"
)]
pub enum PermittedStarts {
    /// Starts that are permitted.
    Granted {
        /// Time from now to the first of them; each further one follows after the gap of the rate.
        after: Duration,
        /// Number of starts: not more than were wanted, and at least 1.
        count: u32,
    },
    /// Single start, at once, which shows if a host that rested answers again.
    ///
    /// See [`Limiter::trial_ended`].
    Trial,
    /// No start is permitted now.
    Later {
        /// Time after which the client asks again.
        after: Duration,
        /// True if the host is not to be sent to before, not even with starts that were permitted earlier.
        pause: bool,
    },
}
