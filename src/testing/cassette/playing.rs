//! Playing back: exchanges are found by their requests.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use http::StatusCode;
use serde_json::Value;

use super::CassetteError;
use super::file::{ExchangeFile, MARK, ResponsePart, VERSION, headers};
use super::masking::comparable;
use super::recording::number_of;
use crate::error::ErrorType;
use crate::record::shown_fault;
use crate::redact::Redaction;
use crate::testing::calls::RecordedCall;
use crate::timing::Phase;
use crate::transport::{Call, ExchangeResult, Fault, Reply, WireFacts};

/// RecordedExchanges exchanges of a directory.
pub(super) struct RecordedExchanges {
    directory: PathBuf,
    /// Exchanges by the names of their files.
    exchanges: Vec<(String, ExchangeFile)>,
    /// Positions in `exchanges` by what they answer, made at the first call, which brings the names of secrets.
    found: OnceLock<HashMap<RequestKey, Vec<usize>>>,
    played: Mutex<HashMap<RequestKey, usize>>,
}

/// Properties by which a request is found again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct RequestKey {
    method: String,
    url: String,
    body: Vec<u8>,
}

impl RecordedExchanges {
    pub(super) fn read(directory: PathBuf) -> Result<RecordedExchanges, CassetteError> {
        let failed = |error| CassetteError::io(&directory, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&directory).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            names.extend(
                name.into_string()
                    .ok()
                    .filter(|name| name.ends_with(".json")),
            );
        }
        names.sort_by_cached_key(|name| (number_of(name).unwrap_or(u64::MAX), name.clone()));
        let mut exchanges = Vec::new();
        for name in names {
            let path = directory.join(&name);
            let text = fs::read(&path).map_err(|error| CassetteError::io(&path, error))?;
            if name == MARK {
                check_version(&path, &text)?;
                continue;
            }
            let exchange = serde_json::from_slice(&text);
            let exchange = exchange.map_err(|error| {
                CassetteError::new(
                    &path,
                    format!("it is no recorded exchange: {}", shown_fault(&error)),
                )
            })?;
            check(&path, &exchange)?;
            exchanges.push((name, exchange));
        }
        if exchanges.is_empty() {
            let reason = "there is no recorded exchange in it";
            return Err(CassetteError::new(&directory, reason));
        }
        Ok(RecordedExchanges {
            directory,
            exchanges,
            found: OnceLock::new(),
            played: Mutex::default(),
        })
    }

    pub(super) fn exchange(&self, call: &Call<'_>) -> ExchangeResult {
        let recorded = match RecordedCall::of(call) {
            Ok(recorded) => recorded,
            Err(fault) => return fault.into(),
        };
        let key = RequestKey {
            method: recorded.method.to_string(),
            url: call.redaction.url(&recorded.url),
            body: comparable(call.redaction, &recorded.headers, &recorded.body),
        };
        let found = self.found.get_or_init(|| self.keys(call.redaction));
        let places = found.get(&key).map_or(&[][..], Vec::as_slice);
        let nth = {
            let mut played = self.played();
            let nth = played.entry(key.clone()).or_default();
            *nth += 1;
            *nth - 1
        };
        match places.get(nth) {
            Some(place) => {
                let (name, exchange) = &self.exchanges[*place];
                self.play(call, exchange).unwrap_or_else(|error| {
                    let message = format!("{}: {error}", self.directory.join(name).display());
                    missing(message).into()
                })
            }
            None => missing(self.nearest(&key, places.len(), found)).into(),
        }
    }

    /// Returns the names of the files that were not played.
    pub(super) fn unused(&self) -> Vec<String> {
        let played = self.played();
        let used: Vec<usize> = match self.found.get() {
            Some(found) => found
                .iter()
                .flat_map(|(key, places)| {
                    let count = played.get(key).copied().unwrap_or(0);
                    places.iter().copied().take(count)
                })
                .collect(),
            None => Vec::new(),
        };
        let left = (0..self.exchanges.len()).filter(|place| !used.contains(place));
        left.map(|place| self.exchanges[place].0.clone()).collect()
    }

    fn played(&self) -> MutexGuard<'_, HashMap<RequestKey, usize>> {
        self.played.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the positions of all exchanges by what they answer. An exchange whose body cannot be read is left out.
    fn keys(&self, redaction: &Redaction) -> HashMap<RequestKey, Vec<usize>> {
        let mut keys: HashMap<RequestKey, Vec<usize>> = HashMap::new();
        for (place, (_, exchange)) in self.exchanges.iter().enumerate() {
            let request = &exchange.request;
            let body = request
                .body
                .as_ref()
                .map(|body| body.bytes(&self.directory));
            let (Ok(body), Ok(headers)) = (body.transpose(), headers(&request.headers)) else {
                continue;
            };
            let key = RequestKey {
                method: request.method.clone(),
                url: redaction.url(&request.url),
                body: comparable(redaction, &headers, &body.unwrap_or_default()),
            };
            keys.entry(key).or_default().push(place);
        }
        keys
    }

    fn play(&self, call: &Call<'_>, exchange: &ExchangeFile) -> Result<ExchangeResult, String> {
        let reply = match &exchange.response {
            Some(response) => Some(self.receive(call, response)?),
            None => None,
        };
        let Some(failure) = &exchange.failure else {
            return match reply {
                Some(reply) => Ok(reply.into()),
                None => Err("it has neither a response nor a failure".to_owned()),
            };
        };
        let fault = Fault::new(failure.class, failure.phase, failure.message.clone());
        let fault = Fault {
            permanent: failure.permanent,
            reply: reply.and_then(Result::ok),
            ..fault
        };
        let trace = match failure.sent_bytes {
            0 => WireFacts::new(),
            sent => WireFacts::new().connected(false).sent(sent),
        };
        Ok(ExchangeResult::from(fault).with_trace(trace))
    }

    /// Takes the recorded response as the client takes one from a socket.
    fn receive(
        &self,
        call: &Call<'_>,
        response: &ResponsePart,
    ) -> Result<Result<Reply, Box<Fault>>, String> {
        let body = match &response.body {
            Some(body) => body
                .bytes(&self.directory)
                .map_err(|error| error.to_string())?,
            None => Vec::new(),
        };
        let mut answer = http::Response::new(Cursor::new(body));
        *answer.status_mut() =
            StatusCode::from_u16(response.status).map_err(|error| error.to_string())?;
        *answer.headers_mut() = headers(&response.headers)?;
        call.connected();
        let mut received = call.receive(answer);
        if let Ok(reply) = &mut received {
            reply.truncated |= response.truncated && !call.leaves_out_body(reply.status);
        }
        Ok(received)
    }

    /// Returns the error of a request that has no exchange, or none any more after `recorded` of them.
    fn nearest(
        &self,
        key: &RequestKey,
        recorded: usize,
        found: &HashMap<RequestKey, Vec<usize>>,
    ) -> String {
        let asked = format!("{} {}", key.method, key.url);
        let directory = self.directory.display();
        if recorded > 0 {
            let times = match recorded {
                1 => "once".to_owned(),
                _ => format!("{recorded} times"),
            };
            return format!(
                "{directory} has {asked} recorded {times}, and it was asked for once more"
            );
        }
        let path = |url: &str| url.split(['?', '#']).next().unwrap_or_default().to_owned();
        let likeness = |other: &RequestKey| {
            8 * usize::from(other.url == key.url)
                + 4 * usize::from(path(&other.url) == path(&key.url))
                + 2 * usize::from(other.method == key.method)
                + usize::from(other.body == key.body)
        };
        let nearest = found.iter().max_by_key(|(other, places)| {
            (likeness(other), std::cmp::Reverse(places.first().copied()))
        });
        let Some((other, place)) =
            nearest.and_then(|(other, places)| Some((other, places.first()?)))
        else {
            return format!("{directory} has no recorded exchange for {asked}");
        };
        let name = &self.exchanges[*place].0;
        let how = match (&other.method, &other.url) == (&key.method, &key.url) {
            true => "has another body".to_owned(),
            false => format!("is for {} {}", other.method, other.url),
        };
        format!("{directory} has no recorded exchange for {asked}; the nearest, {name}, {how}")
    }
}

fn missing(message: String) -> Fault {
    Fault::new(ErrorType::InvalidRequest, Phase::Send, message).permanent()
}

fn check_version(path: &Path, text: &[u8]) -> Result<(), CassetteError> {
    let mark: Option<Value> = serde_json::from_slice(text).ok();
    let version = mark.and_then(|mark| mark.get("version")?.as_u64());
    match version {
        Some(version) if version <= VERSION => Ok(()),
        Some(version) => Err(CassetteError::new(
            path,
            format!("its version is {version}, and this haul reads up to {VERSION}"),
        )),
        None => Err(CassetteError::new(path, "it has no version")),
    }
}

/// Finds mistakes of an edited file before the first request.
fn check(path: &Path, exchange: &ExchangeFile) -> Result<(), CassetteError> {
    let wrong = |reason: String| CassetteError::new(path, reason);
    headers(&exchange.request.headers).map_err(wrong)?;
    if let Some(response) = &exchange.response {
        headers(&response.headers).map_err(wrong)?;
        if StatusCode::from_u16(response.status).is_err() {
            return Err(wrong(format!("{} is no status", response.status)));
        }
    }
    match exchange.response.is_none() && exchange.failure.is_none() {
        true => Err(wrong("it has neither a response nor a failure".to_owned())),
        false => Ok(()),
    }
}

impl fmt::Debug for RecordedExchanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.exchanges.len();
        write!(f, "{}, {count} exchanges", self.directory.display())
    }
}
