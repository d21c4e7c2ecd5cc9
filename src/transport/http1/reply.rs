//! Body of a response, read to its destination: memory, a file, or none.

use std::io::Read;
use std::time::Instant;

use super::ResponseStart;
use super::body::CountedBody;
use super::body::bandwidth::PacedBody;
use super::body::collect::{self, BodyCut, BodyWanted, CollectedBody};
use super::body::stream;
use super::decode::{self, BodyRead, Codings, ContentCoding, SLACK};
use super::head::framing::Framing;
use super::save::{ContinuableHead, DownloadPart, PartialFile, RangeStep, Unsaved};
use super::wanted::{is_bodiless, is_saved, wanted};
use crate::request::SaveTo;
use crate::transport::connection::wire::Limits;
use crate::transport::{Call, Reply, SpareDescriptor};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

/// Reads the body as far as it is wanted, and determines if the connection can serve again.
#[inline(never)]
pub(in crate::transport) fn receive(
    call: &Call<'_>,
    answer: &mut ResponseStart,
) -> (Reply, Option<BodyCut>) {
    let framed = answer.head.framed;
    let coded = answer.head.coded || framed.framing == Framing::GzipChunked;
    let mut taking = BodyReading::of(
        call,
        Reply {
            status: answer.head.status.as_u16(),
            version: answer.head.version,
            headers: std::mem::take(&mut answer.head.headers),
            body: Vec::new(),
            truncated: false,
            received: 0,
            undecoded: false,
            partial: None,
            anew: false,
        },
    );
    taking.begin(answer);
    let mut body = answer.body();
    let result = match framed.framing {
        Framing::Bodiless => taking.take_nothing(),
        framing => {
            let (want, length) = (taking.want, length_of(framing));
            let result = match (want, length) {
                (BodyWanted::Nothing | BodyWanted::Discarded, _) => taking.take_unread(),
                (BodyWanted::Whole(limit), Some(length)) if length > limit && !coded => {
                    taking.reply.body = body.at_hand(limit.min(collect::SAMPLE as u64) as usize);
                    Err(BodyCut::Declared(length))
                }
                _ => taking.take_in_pace(&mut body, coded, framing),
            };
            let drained = !matches!(want, BodyWanted::Whole(_) | BodyWanted::Streamed(_));
            if result.is_ok() && drained && !framed.closes {
                let taken = taking.reply.body.len() as u64;
                let left = length.map(|length| length.saturating_sub(taken));
                collect::drain(
                    &mut body,
                    left.filter(|_| !coded || want == BodyWanted::Discarded),
                    want,
                );
            }
            result
        }
    };
    taking.reply.received = body.received();
    let clean = body.leaves_clean();
    answer.connection.attempt.reusable = clean && !framed.closes && !answer.unsent;
    (taking.reply, result.err())
}

/// Reads the body of a response that did not come over a connection of this transport, as far as it is wanted.
/// `length`: its size, coded or not. `None`: not known.
pub(in crate::transport) fn receive_from(
    call: &Call<'_>,
    reply: Reply,
    body: impl BodyRead,
    length: Option<u64>,
) -> (Reply, Option<BodyCut>) {
    let bodiless = is_bodiless(call, reply.status);
    let coded = reply.headers.first(&CONTENT_ENCODING).is_some();
    let mut taking = BodyReading::of(call, reply);
    taking.begin_stream();
    let mut body = CountedBody::new(body);
    let result = match (bodiless, taking.want) {
        (true, _) => taking.take_nothing(),
        (false, BodyWanted::Nothing | BodyWanted::Discarded) => taking.take_unread(),
        (false, _) => {
            let framing = length.filter(|_| !coded);
            let framing = framing.map_or(Framing::Close, Framing::Length);
            taking.take_in_pace(&mut body, coded, framing)
        }
    };
    taking.reply.received = body.received;
    (taking.reply, result.err())
}

/// Returns the number of bytes on the wire that the head of a response announces. `None`: it announces no number.
fn length_of(framing: Framing) -> Option<u64> {
    match framing {
        Framing::Length(length) => Some(length),
        _ => None,
    }
}

/// Response while its body is read.
struct BodyReading<'c> {
    call: &'c Call<'c>,
    want: BodyWanted,
    /// File that the body goes to. `None`: the body stays in memory.
    save: Option<&'c SaveTo>,
    /// Continuing of a download. `None`: the file begins with this body, and ends with it.
    going_on: Option<GoingOn<'c>>,
    reply: Reply,
}

/// Response of a download that goes on.
struct GoingOn<'c> {
    part: &'c DownloadPart,
    step: RangeStep,
    head: ContinuableHead,
}

impl<'c> BodyReading<'c> {
    fn of(call: &'c Call<'c>, reply: Reply) -> BodyReading<'c> {
        let reading = BodyReading {
            call,
            want: wanted(call, &reply),
            save: call.save.filter(|_| is_saved(call, &reply)),
            going_on: None,
            reply,
        };
        match call.part {
            Some(part) => reading.going_on(part),
            None => reading,
        }
    }

    /// Decides how the body continues the unfinished file.
    #[inline(never)]
    fn going_on(mut self, part: &'c DownloadPart) -> BodyReading<'c> {
        let (status, headers) = (self.reply.status, &self.reply.headers);
        let step = part.step(status, headers);
        let head = ContinuableHead::of(status, headers);
        match step {
            // A 206 stands for the 200 that the request is about.
            RangeStep::Append { .. } if self.call.accept.contains(200) => {
                self.want = BodyWanted::Whole(self.call.body_limit);
                self.save = self.call.save;
            }
            RangeStep::Whole | RangeStep::Append { .. } => {}
            RangeStep::Complete | RangeStep::Anew | RangeStep::Unusable => {
                self.want = BodyWanted::Nothing;
                self.save = self.call.save.filter(|_| step == RangeStep::Complete);
                self.reply.anew = step == RangeStep::Anew;
            }
        }
        self.going_on = Some(GoingOn { part, step, head });
        self
    }

    /// Ends the reading of a body that is not read.
    fn take_unread(&mut self) -> Result<(), BodyCut> {
        match (&self.going_on, self.save) {
            (Some(GoingOn { part, step, .. }), Some(to)) if *step == RangeStep::Complete => {
                let mut partial = part.go_on(to).map_err(BodyCut::Unsaved)?;
                partial.complete(None).map_err(BodyCut::WrongLength)?;
                self.reply.partial = Some(Box::new(partial));
                Ok(())
            }
            (Some(going_on), _) if going_on.step == RangeStep::Unusable => Err(BodyCut::Unasked),
            _ => Ok(()),
        }
    }

    /// Sets the time limits of the body, if they are not those of the rest of the attempt.
    fn begin(&self, answer: &mut ResponseStart) {
        let limits = match (self.want, self.begin_stream()) {
            (BodyWanted::Discarded, _) => {
                let within = Instant::now().checked_add(collect::DISCARD_WITHIN);
                let until = [within, self.call.until].into_iter().flatten().min();
                Limits::attempt(until, self.call.read)
            }
            (_, Some(limits)) => limits,
            (_, None) => return,
        };
        // After an overrun nothing is waited for.
        if answer.overrun.is_none() {
            answer.connection.limit(limits);
        }
    }

    /// Begins to hand the body on, if it is handed on. Returns its time limits.
    fn begin_stream(&self) -> Option<Limits> {
        let stream = self.call.stream?;
        matches!(self.want, BodyWanted::Streamed(_)).then(|| {
            stream.begin();
            let (until, read) = self.call.limits();
            Limits::attempt(until, read)
        })
    }

    /// Takes the body of a response that has none.
    fn take_nothing(&mut self) -> Result<(), BodyCut> {
        match self.save {
            _ if self.want == BodyWanted::Nothing => self.take_unread(),
            Some(to) => {
                let partial = self.open(to, Some(0))?;
                partial.complete(None).map_err(BodyCut::WrongLength)
            }
            None => Ok(()),
        }
    }

    /// Reads a body of `length` bytes, if that is known, to its destination.
    fn take(&mut self, body: impl Read, length: Option<u64>) -> Result<(), BodyCut> {
        if let Some(to) = self.save {
            let limit = self.call.body_limit;
            let expected = self.going_on.as_ref().and_then(GoingOn::length);
            let partial = self.open(to, length)?;
            collect::save(body, length, limit, partial)?;
            return partial.complete(expected).map_err(BodyCut::WrongLength);
        }
        let mut taken = CollectedBody::default();
        let result = match (self.want, self.call.stream) {
            (BodyWanted::Streamed(limit), Some(to)) => {
                stream::hand_on(body, self.call, to, limit, &mut taken)
            }
            _ => collect::read(body, length, self.want, &mut taken),
        };
        self.reply.body = taken.bytes;
        self.reply.truncated = taken.truncated;
        result
    }

    /// Reads a body like [`take_any`](Self::take_any), no faster than all bodies together may come.
    fn take_in_pace(
        &mut self,
        body: &mut impl BodyRead,
        coded: bool,
        framing: Framing,
    ) -> Result<(), BodyCut> {
        match self.call.bandwidth {
            None => self.take_any(body, coded, framing),
            Some(most) => self.take_any(PacedBody::new(body, self.call, most), coded, framing),
        }
    }

    /// Reads a body to its destination, without its codings if it is `coded`.
    fn take_any(
        &mut self,
        body: impl BodyRead,
        coded: bool,
        framing: Framing,
    ) -> Result<(), BodyCut> {
        match coded {
            true => self.take_coded(body, framing),
            false => self.take(body, length_of(framing)),
        }
    }

    /// Reads a body without its codings. If a coding is not known, the body stays as it came and the reply says so.
    #[inline(never)]
    fn take_coded(&mut self, body: impl BodyRead, framing: Framing) -> Result<(), BodyCut> {
        let mut codings = match Codings::of(&self.reply.headers) {
            named if self.call.keep_encoding => {
                self.reply.undecoded = !named.is_none();
                Vec::new()
            }
            Codings::Known(codings) => {
                // Headers that describe the body as it was sent are removed with its codings (RFC 9110 section 8.7).
                if !codings.is_empty() {
                    self.reply.headers.change(|headers| {
                        headers.remove(CONTENT_ENCODING);
                        headers.remove(CONTENT_LENGTH);
                    });
                }
                codings
            }
            Codings::Unknown => {
                self.reply.undecoded = true;
                Vec::new()
            }
            Codings::TooMany => return Err(BodyCut::TooManyCodings),
        };
        if framing == Framing::GzipChunked {
            codings.extend(ContentCoding::named(b"gzip"));
        }
        let length = length_of(framing);
        let slack = if codings.is_empty() { 0 } else { SLACK };
        if let (BodyWanted::Whole(limit), Some(length)) = (self.want, length)
            && length > limit.saturating_add(slack)
        {
            return Err(BodyCut::Declared(length));
        }
        match codings.is_empty() {
            true => self.take(body, length),
            false => {
                let limit = match self.want {
                    BodyWanted::Streamed(_) => u64::MAX,
                    _ => self.call.body_limit,
                };
                let decoded = decode::decode(&codings, body, limit);
                self.take(decoded, None)
            }
        }
    }

    /// Opens the file for a body of `length` bytes, if that is known.
    fn open(&mut self, to: &SaveTo, length: Option<u64>) -> Result<&mut PartialFile, BodyCut> {
        let spare = &self.call.spare;
        let opened = match &mut self.going_on {
            Some(going_on) => going_on.open(to, spare, length),
            None => PartialFile::create(to, spare),
        };
        let partial = opened.map_err(BodyCut::Unsaved)?;
        Ok(self.reply.partial.insert(Box::new(partial)))
    }
}

impl GoingOn<'_> {
    fn open(
        &mut self,
        to: &SaveTo,
        spare: &SpareDescriptor,
        length: Option<u64>,
    ) -> Result<PartialFile, Unsaved> {
        match self.step {
            RangeStep::Append { .. } => self.part.go_on(to),
            _ => {
                self.head.length = length;
                self.part.begin(to, spare, &self.head)
            }
        }
    }

    /// Returns the length that the file must have in the end. `None`: the body decides.
    fn length(&self) -> Option<u64> {
        match self.step {
            RangeStep::Append { length } => Some(length),
            _ => None,
        }
    }
}

/// Cuts the body to the part that a fault keeps. A body that was handed on keeps what came.
pub(in crate::transport) fn sampled(call: &Call<'_>, mut reply: Reply) -> Reply {
    let handed_on = call.stream.is_some_and(|stream| stream.limits().is_some());
    if !handed_on && reply.body.len() > collect::SAMPLE {
        reply.body.truncate(collect::SAMPLE);
        reply.body.shrink_to_fit();
        reply.truncated = true;
    }
    reply
}
