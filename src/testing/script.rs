//! Transport that answers as a test says.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::answer::{Answer, fail};
use super::calls::RecordedCall;
use super::matcher::Matcher;
use crate::error::ErrorType;
use crate::timing::Phase;
use crate::transport::{Call, ExchangeResult, Fault, Transport, VirtualClock};

/// Transport that answers as a test says.
///
/// Clones are one script: give one to the client, and ask the other for the [`calls`](Script::calls).
///
/// [`on`](Script::on) says what a request is answered with, and [`then`](Script::then) what the next one is; the last
/// answer repeats. If several matchers match a request, the one with the most conditions decides, and among equals the
/// first. A request that none matches fails with class [`InvalidRequest`](ErrorType::InvalidRequest), and its message
/// lists the matchers.
///
/// ```
/// use haul::testing::{Script, json, post, status};
/// use haul::{Client, Request};
///
/// let script = Script::new()
///     .on(post("/orders"), status(202))
///     .then(json(409, serde_json::json!({"code": "duplicate"})));
/// let client = Client::builder().transport(script.clone()).build()?;
/// let order = || Request::post("http://shop.example/orders").body("one pen");
/// assert_eq!(client.send(order()).status(), Some(202));
/// assert_eq!(client.send(order()).status(), Some(409));
/// assert_eq!(script.calls()[0].body(), b"one pen");
/// assert!(script.unused().is_empty());
/// # Ok::<(), haul::BuildError>(())
/// ```
#[derive(Clone, Default)]
pub struct Script(Arc<ScriptState>);

#[derive(Default)]
struct ScriptState {
    rules: Mutex<Vec<Arc<ScriptRule>>>,
    calls: Mutex<Vec<RecordedCall>>,
    clock: OnceLock<VirtualClock>,
}

/// Requests and their answers.
struct ScriptRule {
    matcher: Matcher,
    answers: Mutex<Answers>,
}

#[derive(Default)]
struct Answers {
    /// Answers in their order. Never empty.
    list: Vec<Answer>,
    /// Number of calls that were answered.
    given: usize,
}

impl Script {
    /// Makes a script without answers: it fails every request.
    pub fn new() -> Script {
        Script::default()
    }

    /// Answers every request that matches.
    #[must_use]
    pub fn on(self, matcher: impl Into<Matcher>, answer: impl Into<Answer>) -> Script {
        let answers = Answers {
            list: vec![answer.into()],
            given: 0,
        };
        lock(&self.0.rules).push(Arc::new(ScriptRule {
            matcher: matcher.into(),
            answers: Mutex::new(answers),
        }));
        self
    }

    /// Answers the next request that the last matcher matches.
    ///
    /// Requests after it too, unless another answer follows.
    ///
    /// # Panics
    /// If [`on`](Script::on) was not called before.
    #[must_use]
    #[track_caller]
    pub fn then(self, answer: impl Into<Answer>) -> Script {
        lock(&self.last_rule().answers).list.push(answer.into());
        self
    }

    /// Fails the next request that the last matcher matches with this class.
    ///
    /// Short for [`then`](Script::then) with [`fail`].
    ///
    /// # Panics
    /// If [`on`](Script::on) was not called before, or no transport fails with this class: see [`fail`].
    #[must_use]
    #[track_caller]
    pub fn fail(self, class: ErrorType) -> Script {
        self.then(fail(class))
    }

    /// Lets this time pass before the last answer, within the time limits of the request.
    ///
    /// See [`Answer::delay`].
    ///
    /// # Panics
    /// If [`on`](Script::on) was not called before.
    #[must_use]
    #[track_caller]
    pub fn delay(self, time: Duration) -> Script {
        if let Some(last) = lock(&self.last_rule().answers).list.last_mut() {
            *last = last.clone().delay(time);
        }
        self
    }

    /// Gives the client a clock of its own, so that waits take no time.
    ///
    /// The clock stands still while a worker has anything to do, and otherwise moves at once to the next time at which
    /// something is to happen: the end of a backoff, a `Retry-After`, a rate, a delay, a deadline. So a test of three
    /// retries takes no time, and with one worker gives the same in every run;
    /// [`Outcome::elapsed`](crate::Outcome::elapsed) and the others are in this time. See [`VirtualClock`].
    ///
    /// While the program itself works between two outcomes the clock stands still as well, for up to 250 ms.
    #[must_use]
    pub fn virtual_clock(self) -> Script {
        self.0.clock.get_or_init(VirtualClock::new);
        self
    }

    /// Returns the time that has passed on the [`virtual_clock`](Script::virtual_clock). Zero without one.
    pub fn elapsed(&self) -> Duration {
        self.0
            .clock
            .get()
            .map_or(Duration::ZERO, VirtualClock::elapsed)
    }

    /// Returns the requests that the client has sent so far, in their order.
    ///
    /// Also those that no matcher matched. Each attempt and each redirect is one.
    pub fn calls(&self) -> Vec<RecordedCall> {
        lock(&self.0.calls).clone()
    }

    /// Returns a line for each answer that was not given, with its matcher.
    ///
    /// Empty if each was given at least once.
    pub fn unused(&self) -> Vec<String> {
        let mut unused = Vec::new();
        for rule in lock(&self.0.rules).iter() {
            let answers = lock(&rule.answers);
            let count = answers.list.len();
            for (number, answer) in (1..).zip(&answers.list).skip(answers.given) {
                unused.push(format!(
                    "{}: {answer:?}, number {number} of {count}",
                    rule.matcher
                ));
            }
        }
        unused
    }

    #[track_caller]
    fn last_rule(&self) -> Arc<ScriptRule> {
        match lock(&self.0.rules).last() {
            Some(rule) => Arc::clone(rule),
            None => panic!("an answer belongs to a matcher: call `on` first"),
        }
    }

    /// Returns the answer to a call, and counts it as given. `None`: no matcher matches.
    fn answer(&self, call: &RecordedCall) -> Option<Answer> {
        // The closures of matchers run without the lock: they may look at the script.
        let rules = lock(&self.0.rules).clone();
        let matching = rules.iter().filter(|rule| rule.matcher.matches(call));
        let rule = matching.reduce(|best, other| {
            match other.matcher.weight() > best.matcher.weight() {
                true => other,
                false => best,
            }
        })?;
        let mut answers = lock(&rule.answers);
        let at = answers.given.min(answers.list.len() - 1);
        answers.given += 1;
        Some(answers.list[at].clone())
    }

    fn unexpected(&self, call: &RecordedCall) -> Fault {
        let rules = lock(&self.0.rules);
        let known: Vec<String> = rules.iter().map(|rule| rule.matcher.to_string()).collect();
        let known = match known.is_empty() {
            true => "it answers no request".to_owned(),
            false => format!("it answers {}", known.join("; ")),
        };
        let message = format!("the script does not answer {}: {known}", call.shown());
        Fault::new(ErrorType::InvalidRequest, Phase::Send, message).permanent()
    }
}

impl Transport for Script {
    fn exchange(&self, call: &Call<'_>) -> ExchangeResult {
        let recorded = match RecordedCall::of(call) {
            Ok(recorded) => recorded,
            Err(fault) => return fault.into(),
        };
        lock(&self.0.calls).push(recorded.clone());
        match self.answer(&recorded) {
            Some(answer) => answer.give(call, &recorded),
            None => self.unexpected(&recorded).into(),
        }
    }

    fn clock(&self) -> Option<VirtualClock> {
        self.0.clock.get().cloned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("matchers", &lock(&self.0.rules).len())
            .field("calls", &lock(&self.0.calls).len())
            .finish_non_exhaustive()
    }
}
