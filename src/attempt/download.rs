//! Downloads over the attempts of a request: what is there already, what is asked for, and what the outcome says.

use std::fs;
use std::time::{Duration, SystemTime};

use http::header::{IF_MODIFIED_SINCE, IF_RANGE, LAST_MODIFIED, RANGE};
use http::{HeaderMap, HeaderValue, Method};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::request::DownloadOptions;
use crate::response::Headers;
use crate::retry::retry_after::http_date;
use crate::transport::{DownloadPart, PartialFile, Reply, Unsaved};

use super::context::AttemptContext;
use super::download_state::Download;
use super::next::AttemptEnd;
use super::settings::RequestSettings;
use super::stage::Stage;
use super::state::AttemptState;

impl<'a> RequestSettings<'a> {
    /// Returns the settings for a body that is saved. `None`: the body is not saved, or there are no such settings.
    pub(super) fn download(self) -> Option<&'a DownloadOptions> {
        self.save()?;
        self.own_download()
    }

    /// Returns a contradiction between the settings of a download and the other settings. `None`: there is none.
    pub(super) fn download_contradiction(self, headers: &HeaderMap) -> Option<String> {
        let own = self.own_download()?;
        let only_saved = own.resume || own.expects() || own.skip_existing || own.timestamping;
        if self.save().is_none() {
            let reason = "sha256, size, resume, skip_existing and timestamping hold for a body that is saved to a \
                          file (save_to, output_file, --output-dir)";
            return only_saved.then(|| reason.to_owned());
        }
        let looks = own.resume || own.skip_existing || own.timestamping;
        if looks && self.save().is_some_and(|to| to.namer.is_some()) {
            let reason = "resume, skip_existing and timestamping look for a file before the request is sent, and the \
                          response names the file (Content-Disposition, {ext})";
            return Some(reason.to_owned());
        }
        let has_range = headers.contains_key(RANGE) || headers.contains_key(IF_RANGE);
        (own.resume && has_range).then(|| {
            "a download that goes on (resume, --continue) sets Range and If-Range itself, and the request has its own"
                .to_owned()
        })
    }
}

impl AttemptState {
    /// Looks for the unfinished file of a download that goes on. `None`: the download does not go on.
    pub(super) fn look_for_part(
        &mut self,
        context: AttemptContext<'_>,
    ) -> Result<Option<Box<DownloadPart>>, Unsaved> {
        let settings = context.settings;
        let (Some(own), Some(to)) = (settings.download(), settings.save()) else {
            return Ok(None);
        };
        let shown = || self.prepared.redaction.uri(self.prepared.uri());
        let download = self
            .download
            .get_or_insert_with(|| Box::new(Download::of(shown())));
        (download.advanced, download.is_conditional) = (false, false);
        if !own.resume || self.prepared.method != Method::GET {
            return Ok(None);
        }
        let part = match std::mem::take(&mut download.anew) {
            true => DownloadPart::anew(to, &download.url),
            false => {
                let (left, is_logged) = (download.left.as_ref(), download.is_logged);
                // A request that has come to its end meanwhile is not sent: the transport finds that out.
                let goes_on = || context.goes_on(self.deadline);
                DownloadPart::look(to, &download.url, left, is_logged, &goes_on)
            }
        };
        let part = part?;
        // A redirect or a challenge comes back here, and must not have the file read again.
        if let Some(hashed) = part.hashed() {
            download.left = Some(hashed);
        }
        download.best = download.best.max(part.size());
        Ok(Some(Box::new(part)))
    }

    /// Adds the headers that a download needs to those of an exchange, if it needs any.
    pub(super) fn add_conditions(
        &mut self,
        context: AttemptContext<'_>,
        part: Option<&DownloadPart>,
        added: &mut Option<HeaderMap>,
    ) {
        let range = part.and_then(DownloadPart::range);
        let since = match &range {
            None => self.since(context),
            Some(_) => None,
        };
        let own = self.signed.as_deref().unwrap_or(&self.prepared.headers);
        if let Some((range, if_range)) = range {
            let headers = added.get_or_insert_with(|| own.clone());
            headers.insert(RANGE, range);
            headers.insert(IF_RANGE, if_range);
        } else if let Some(since) = since {
            let headers = added.get_or_insert_with(|| own.clone());
            headers.insert(IF_MODIFIED_SINCE, since);
            if let Some(download) = &mut self.download {
                download.is_conditional = true;
            }
        }
    }

    /// Returns the value for `If-Modified-Since`. `None`: the file is asked for without a condition.
    fn since(&mut self, context: AttemptContext<'_>) -> Option<HeaderValue> {
        let settings = context.settings;
        let own = settings.download().filter(|own| own.timestamping)?;
        let is_read = self.prepared.method == Method::GET || self.prepared.method == Method::HEAD;
        let path = &settings.save()?.path;
        if !is_read {
            return None;
        }
        let goes_on = || context.goes_on(self.deadline);
        // A redirect or a challenge comes back here, and must not have the file read again.
        let agrees = match self.download.as_ref().and_then(|download| download.agrees) {
            Some(agrees) => agrees,
            None => own.agree_with(path, &goes_on)?,
        };
        if let Some(download) = &mut self.download {
            download.agrees = Some(agrees);
        }
        if !agrees {
            return None;
        }
        let modified = fs::metadata(path).and_then(|about| about.modified()).ok()?;
        date_of(modified)?.parse().ok()
    }

    /// Returns the consequence of a response that does not continue the file. `None`: the response is of use.
    pub(super) fn ask_anew(&mut self, reply: &Reply) -> Option<AttemptEnd> {
        let download = self.download.as_mut().filter(|_| reply.anew)?;
        download.anew = true;
        let host = self.prepared.url.host()?;
        self.stage = Stage::NewAttempt;
        Some(AttemptEnd::Redirect {
            host,
            delay: Duration::ZERO,
        })
    }

    /// True if the response says that the file that is there is the newest.
    pub(super) fn is_unchanged(&self, reply: &Reply) -> bool {
        let download = self.download.as_ref();
        reply.status == 304 && download.is_some_and(|download| download.is_conditional)
    }

    /// Notes the file that a broken exchange leaves for the next attempt.
    pub(super) fn note_part(&mut self, partial: Option<&PartialFile>) {
        // An exchange without a body to save has not touched the file.
        if let (Some(download), Some(partial)) = (&mut self.download, partial) {
            download.note(partial.left());
        }
    }

    /// Forgets the file that earlier attempts left, since it is whole: it gets its name, or is removed.
    pub(super) fn forget_part(&mut self) {
        if let Some(download) = &mut self.download {
            download.forget();
        }
    }

    /// True if the last attempt has added so much to a file that it takes no retry.
    pub(super) fn has_advanced(&self) -> bool {
        let download = self.download.as_ref();
        download.is_some_and(|download| download.advanced)
    }
}

/// Returns the time that a saved file gets. `None`: that of its saving.
pub(super) fn time_of(settings: RequestSettings<'_>, headers: &Headers) -> Option<SystemTime> {
    settings.download().filter(|own| own.timestamping)?;
    let date = headers.first(&LAST_MODIFIED)?;
    http_date(std::str::from_utf8(date).ok()?)
}

/// Returns a time as a date of a header (RFC 9110 section 5.6.7), cut to the second. `None`: it is out of range.
fn date_of(time: SystemTime) -> Option<String> {
    let time = Timestamp::try_from(time).ok()?.to_zoned(TimeZone::UTC);
    Some(time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_it_is_read() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_900);
        let text = date_of(time).unwrap();
        assert_eq!(text, "Sun, 06 Nov 1994 08:49:37 GMT");
        let whole = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(http_date(&text), Some(whole));
    }
}
