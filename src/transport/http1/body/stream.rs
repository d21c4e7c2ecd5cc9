//! Response body that is handed on to the caller's closure as it comes.

use std::cell::{Cell, RefCell};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::collect::{BodyCut, CollectedBody, read_some};
use super::lines::LineSplitter;
use crate::request::{BodyReceiver, Chunk, PanicPayload, call_shared};
use crate::sse::Parser;
use crate::transport::Call;

/// Upper bound for the pieces in which a body is handed on, in bytes.
const PIECE: usize = 16 * 1024;

/// Handing on of one attempt's body.
#[derive(Debug)]
pub(crate) struct BodyStream<'a> {
    receiver: &'a BodyReceiver,
    plan: StreamPlan,
    form: RefCell<StreamForm>,
    progress: Cell<StreamProgress>,
}

/// Parameters of a body that is handed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamPlan {
    /// Number of the attempt, from 1.
    pub(crate) attempt: u32,
    /// Start of the attempt.
    pub(crate) start: Instant,
    /// Upper bound for one event or line, in bytes.
    pub(crate) limit: u64,
    /// End of the body's time. `None`: no end.
    pub(crate) until: Option<Instant>,
    /// Time limit for each wait for bytes of the body. `None`: no limit.
    pub(crate) read: Option<Duration>,
}

/// Progress of a body that is handed on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StreamProgress {
    /// True if the head of a response came whose body is handed on.
    pub(crate) begun: bool,
    /// Time from the start of the attempt to the first byte. `None`: no byte came.
    pub(crate) first_byte: Option<Duration>,
    /// Number of bytes that came, decoded.
    pub(crate) size: u64,
    /// True if the caller's closure was called.
    called: bool,
}

/// Form that a body is cut into.
#[derive(Debug)]
enum StreamForm {
    Chunks,
    Events(Parser),
    Lines(LineSplitter),
}

impl<'a> BodyStream<'a> {
    pub(crate) fn new(receiver: &'a BodyReceiver, plan: StreamPlan) -> BodyStream<'a> {
        let limit = usize::try_from(plan.limit).unwrap_or(usize::MAX);
        let form = match receiver {
            BodyReceiver::Chunks(_) => StreamForm::Chunks,
            BodyReceiver::Events(_) => StreamForm::Events(Parser::with_limit(limit)),
            BodyReceiver::Lines(_) => StreamForm::Lines(LineSplitter::new(limit)),
        };
        BodyStream {
            receiver,
            plan,
            form: RefCell::new(form),
            progress: Cell::default(),
        }
    }

    pub(crate) fn progress(&self) -> StreamProgress {
        self.progress.get()
    }

    /// Notes that the body begins, and that its own time limits hold from now on.
    pub(in crate::transport) fn begin(&self) {
        self.change(|progress| progress.begun = true);
    }

    /// Returns the time limits of the body. `None`: it has not begun.
    pub(in crate::transport) fn limits(&self) -> Option<(Option<Instant>, Option<Duration>)> {
        let begun = self.progress.get().begun;
        begun.then_some((self.plan.until, self.plan.read))
    }

    /// Returns true if the attempt must not be repeated: the closure has had events or lines, and cannot tell that
    /// they begin anew.
    pub(in crate::transport) fn is_final(&self) -> bool {
        self.progress.get().called && !matches!(self.receiver, BodyReceiver::Chunks(_))
    }

    /// Hands bytes on. Returns the closure's wish to go on.
    pub(in crate::transport) fn hand_on(
        &self,
        bytes: &[u8],
        now: Instant,
    ) -> Result<ControlFlow<()>, BodyCut> {
        if self.plan.until.is_some_and(|until| until <= now) {
            return Err(BodyCut::TimedOut);
        }
        let is_first = self.progress.get().first_byte.is_none();
        self.change(|progress| {
            let since_start = now.saturating_duration_since(self.plan.start);
            progress.first_byte.get_or_insert(since_start);
            progress.size += bytes.len() as u64;
        });
        let mut rest = bytes;
        match (&mut *self.form.borrow_mut(), self.receiver) {
            (StreamForm::Events(parser), BodyReceiver::Events(closure)) => {
                while let Some(event) = parser.next_event(&mut rest) {
                    if event.is_truncated() {
                        return Err(BodyCut::TooLong("an event"));
                    }
                    if self
                        .call(|| call_shared(closure, |f| f(&event)))?
                        .is_break()
                    {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                match parser.is_over_limit() {
                    true => Err(BodyCut::TooLong("an event")),
                    false => Ok(ControlFlow::Continue(())),
                }
            }
            (StreamForm::Lines(splitter), BodyReceiver::Lines(closure)) => {
                while let Some(line) = splitter.next_line(&mut rest) {
                    if self.call(|| call_shared(closure, |f| f(&line)))?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                match splitter.is_over_limit() {
                    true => Err(BodyCut::TooLong("a line")),
                    false => Ok(ControlFlow::Continue(())),
                }
            }
            (_, BodyReceiver::Chunks(closure)) => {
                let chunk = Chunk {
                    bytes,
                    attempt: self.plan.attempt,
                    is_first,
                };
                self.call(|| call_shared(closure, |f| f(chunk)))
            }
            _ => unreachable!("the form is that of the receiver"),
        }
    }

    /// Hands on a last line that has no end of its own. Called at the end of a body that is complete.
    pub(in crate::transport) fn end(&self) -> Result<ControlFlow<()>, BodyCut> {
        if let (StreamForm::Lines(splitter), BodyReceiver::Lines(closure)) =
            (&mut *self.form.borrow_mut(), self.receiver)
            && let Some(line) = splitter.end()
        {
            return self.call(|| call_shared(closure, |f| f(&line)));
        }
        Ok(ControlFlow::Continue(()))
    }

    fn call(
        &self,
        call: impl FnOnce() -> Result<ControlFlow<()>, PanicPayload>,
    ) -> Result<ControlFlow<()>, BodyCut> {
        self.change(|progress| progress.called = true);
        call().map_err(BodyCut::Panicked)
    }

    fn change(&self, change: impl FnOnce(&mut StreamProgress)) {
        let mut progress = self.progress.get();
        change(&mut progress);
        self.progress.set(progress);
    }
}

/// Hands a body on as it comes, and keeps its first `limit` bytes. On an error too, the bytes read so far stay in
/// `taken`.
#[inline(never)]
pub(in crate::transport) fn hand_on(
    mut body: impl Read,
    call: &Call<'_>,
    stream: &BodyStream<'_>,
    limit: u64,
    taken: &mut CollectedBody,
) -> Result<(), BodyCut> {
    let mut piece = vec![0; PIECE];
    loop {
        let n = read_some(&mut body, &mut piece).map_err(BodyCut::of)?;
        // A transport of the caller's own may not notice a cancel while bytes come.
        if call.is_cancelled() {
            return Err(BodyCut::Failed(io::ErrorKind::Interrupted.into()));
        }
        if n == 0 {
            taken.truncated |= stream.end()?.is_break();
            return Ok(());
        }
        let room = limit.saturating_sub(taken.bytes.len() as u64);
        let kept = usize::try_from(room).map_or(n, |room| room.min(n));
        taken.bytes.extend_from_slice(&piece[..kept]);
        taken.truncated |= kept < n;
        if stream.hand_on(&piece[..n], call.clock.now())?.is_break() {
            taken.truncated = true;
            return Ok(());
        }
    }
}
