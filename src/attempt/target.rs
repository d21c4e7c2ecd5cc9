//! Target of a request's first attempt: its own URL, or the URL that the client's settings make of it.

use std::borrow::Cow;
use std::num::NonZeroU16;
use std::sync::Arc;

use crate::request::Request;
use crate::schedule::TokenNeed;
use crate::url::{self, Mistake, Url};
use http::Uri;

use super::settings::ClientDefaults;

/// Resolves the URL of a request against the base URL, and adds query parameters. `known` finds the URL of a text that
/// need not be parsed. The error says what is wrong.
pub(crate) fn resolve<H>(
    defaults: &ClientDefaults,
    request: &Request,
    known: impl FnOnce(&Arc<str>) -> Option<(Url, H)>,
) -> Result<(ResolvedUrl, Option<H>), Mistake> {
    if let Some(mistake) = request.invalid() {
        return Err(shown(mistake.clone(), request));
    }
    let written = defaults.written(request);
    let text = written.as_ref().unwrap_or(request.shared_url());
    let own = request.options().map_or(&[][..], |o| &o.query);
    if defaults.query.is_empty() && own.is_empty() {
        let (url, host) = match known(text) {
            Some((url, host)) => (url, Some(host)),
            None => (defaults.parsed(request, text)?, None),
        };
        let resolved = ResolvedUrl {
            url,
            written,
            is_written: true,
        };
        return Ok((resolved, host));
    }
    // A request's parameter replaces the client's parameter of the same name, as with headers.
    let parsed = defaults.parsed(request, text)?;
    let inherited = defaults
        .query
        .iter()
        .filter(|(name, _)| !own.iter().any(|(other, _)| other == name))
        .filter(|(name, _)| takes(request, &parsed, name));
    let all = inherited.chain(own);
    let added = url::form(all.map(|(name, value)| (name.as_str(), value.as_str())));
    let resolved = ResolvedUrl {
        url: url::with_query(&parsed, &added).map_err(|mistake| shown(mistake, request))?,
        written: match added.is_empty() {
            true => written,
            false => written.map(|text| url::written_with_query(&text, &added).into()),
        },
        is_written: false,
    };
    Ok((resolved, None))
}

/// True if a query parameter of the client is added to the URL. A URL that came whole from another page takes only the
/// secret parameters that it lacks, and none if it leads elsewhere.
fn takes(request: &Request, url: &Url, name: &str) -> bool {
    let is_secret = || request.redaction().is_secret_query(name);
    let is_away = || request.is_away(url.host().as_ref());
    match request.page().is_some_and(|page| page.whole_url) {
        true => is_secret() && !url::has_parameter(url.uri(), name) && !is_away(),
        false => !request.has_bound_credentials() || !is_secret() || !is_away(),
    }
}

impl ClientDefaults {
    /// Returns the request's URL as written, resolved against the base URL. `None`: nothing has to be added to it.
    pub(crate) fn written(&self, request: &Request) -> Option<Arc<str>> {
        match self.base.as_ref()?.written(request.url()) {
            Cow::Owned(text) => Some(text.into()),
            Cow::Borrowed(_) => None,
        }
    }

    /// Parses a URL text from the request; if the URL as written is absolute, it is the text itself.
    fn parsed(&self, request: &Request, text: &Arc<str>) -> Result<Url, Mistake> {
        let parsed = match &self.base {
            Some(base) if !Arc::ptr_eq(text, request.shared_url()) => base.resolve(request.url()),
            _ => url::parse(text),
        };
        parsed.map_err(|mistake| shown(mistake, request))
    }

    /// True if these defaults alone determine a request that says nothing but its URL, whatever its host.
    fn suffice(&self) -> bool {
        self.hosts.is_empty() && self.netrc.is_none() && self.digest.is_none()
    }
}

/// Adds the part of the URL that may be shown to a mistake in a request, unless a better part of the text is known.
#[cold]
fn shown(mistake: Mistake, request: &Request) -> Mistake {
    match (
        &mistake.shown,
        request.redaction().unreadable(request.url()),
    ) {
        (None, url) if !url.is_empty() => mistake.showing(url),
        _ => mistake,
    }
}

/// URL that a request is sent to first.
#[derive(Debug)]
pub(crate) struct ResolvedUrl {
    pub(crate) url: Url,
    /// The request's URL as it was written, resolved against the base URL, and the query parameters added to it.
    /// `None`: the request's URL is absolute.
    written: Option<Arc<str>>,
    /// True if no query parameters were added to the URL as written.
    is_written: bool,
}

/// Form in which a waiting job keeps its URL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum KeptUrl {
    /// The parsed URL, used if few jobs wait.
    Parsed,
    /// The text of the request, used if many jobs wait: it is parsed again when the turn of the job comes. A URL that
    /// is not sent as it is written is kept parsed.
    #[default]
    Text,
}

/// Target of the first attempt, beside the request. The target is decided once, when the request is handed in.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestTarget {
    /// True if the request says nothing but its URL, which has no userinfo, and the client has no settings for hosts:
    /// it is a GET with the client's headers.
    pub(super) plain: bool,
    /// The parsed URL. `None`: the URL is parsed from the text.
    url: Option<Arc<Url>>,
    /// Position of the path in the text of the URL. `None`: the URL is not sent as it is written.
    path: Option<NonZeroU16>,
    /// The request's URL as it was written, resolved against the base URL, and the query parameters added to it.
    /// `None`: the request's URL is absolute.
    pub(super) written: Option<Arc<str>>,
    /// Need for a token. `None`: the request needs none.
    pub(super) token: Option<Arc<TokenNeed>>,
    /// True if a token source sends the request.
    pub(super) for_source: bool,
    /// True if the request looks at its file before it is sent, and has not done so yet.
    pub(super) checks_file: bool,
}

impl ResolvedUrl {
    /// Returns the target of the request, which has this URL.
    pub(crate) fn into_target(
        self,
        defaults: &ClientDefaults,
        request: &Request,
        kept: KeptUrl,
    ) -> RequestTarget {
        let plain = request.is_simple() && defaults.suffice() && !self.url.has_userinfo();
        let token = defaults.token_need(request, &self.url);
        let text = self.written.as_ref().unwrap_or(request.shared_url());
        let (url, path) = match kept {
            KeptUrl::Text if self.is_written => {
                (None, self.url.path_in(text).and_then(NonZeroU16::new))
            }
            KeptUrl::Text | KeptUrl::Parsed => (Some(Arc::new(self.url)), None),
        };
        RequestTarget {
            plain,
            url,
            path,
            written: self.written,
            token,
            for_source: false,
            checks_file: !plain && request.skips_existing(),
        }
    }
}

impl RequestTarget {
    /// Returns the URL that the request is sent to first.
    pub(super) fn url_of(&self, request: &Request) -> Arc<Url> {
        if let Some(url) = &self.url {
            return Arc::clone(url);
        }
        let text = self.written.as_ref().unwrap_or(request.shared_url());
        Arc::new(match self.path {
            Some(path) => Url::known(text, path.get()),
            None => url::parse(text).unwrap_or_else(|_| Uri::default().into()),
        })
    }

    /// Drops the parsed URL, which the prepared request holds now.
    pub(super) fn forget_url(&mut self) {
        self.url = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::{Base, UrlPrefix};

    fn found(defaults: &ClientDefaults, request: &Request) -> Result<ResolvedUrl, Mistake> {
        resolve(defaults, request, |_| None::<(Url, ())>).map(|(resolved, _)| resolved)
    }

    #[test]
    fn a_relative_url_needs_a_base() {
        let defaults = ClientDefaults::default();
        assert!(
            found(&defaults, &"/items".into())
                .unwrap_err()
                .reason
                .contains("scheme")
        );
    }

    #[test]
    fn parameters_of_client_and_request_join_those_of_the_url() {
        let defaults = ClientDefaults {
            base: Some(Base::parse("http://h/api/v1/").unwrap()),
            query: vec![("key".into(), "k".into()), ("page".into(), "1".into())],
            ..ClientDefaults::default()
        };
        let request = Request::get("items?x=1").query("page", "2");
        assert_eq!(
            *found(&defaults, &request).unwrap().url.uri(),
            "http://h/api/v1/items?x=1&key=k&page=2"
        );
    }

    #[test]
    fn only_targets_that_differ_from_their_requests_are_kept() {
        let mut defaults = ClientDefaults::default();
        let kept = |defaults: &ClientDefaults, request: &Request| {
            let resolved = found(defaults, request).unwrap();
            let kept = resolved.into_target(defaults, request, KeptUrl::Text);
            let url = kept.url.as_ref().map(|url| url.uri().to_string());
            (
                kept.url_of(request).uri().to_string(),
                url,
                kept.path.map(NonZeroU16::get),
            )
        };
        let sent = |url: &str, path| (url.to_owned(), None, path);
        assert_eq!(
            kept(&defaults, &"http://h/a?b#c".into()),
            sent("http://h/a?b", None)
        );
        assert_eq!(
            kept(&defaults, &"http://h/a b".into()),
            sent("http://h/a%20b", None)
        );
        assert_eq!(
            kept(&defaults, &"http://h:81/a".into()),
            sent("http://h:81/a", Some(11))
        );
        let request = Request::from("http://h/a");
        let resolved = found(&defaults, &request).unwrap();
        let few = resolved.into_target(&defaults, &request, KeptUrl::Parsed);
        assert_eq!(*few.url.unwrap().uri(), "http://h/a");
        let with_query = Request::get("http://h/a").query("b", "1");
        assert_eq!(
            kept(&defaults, &with_query).1.as_deref(),
            Some("http://h/a?b=1")
        );
        defaults.base = Some(Base::parse("http://h/api/").unwrap());
        assert_eq!(
            kept(&defaults, &"a".into()),
            sent("http://h/api/a", Some(8))
        );
        assert_eq!(
            kept(&defaults, &"a b".into()),
            sent("http://h/api/a%20b", None)
        );
    }

    #[test]
    fn a_url_behind_a_known_prefix_is_not_parsed() {
        let defaults = ClientDefaults {
            base: Some(Base::parse("http://h/api/").unwrap()),
            ..ClientDefaults::default()
        };
        let known = |request: Request| {
            let front = UrlPrefix::of(&url::parse("http://h/").unwrap()).unwrap();
            let known = |text: &Arc<str>| Some((front.known(text)?, ()));
            let (target, host) = resolve(&defaults, &request, known).unwrap();
            (target.url.uri().to_string(), host.is_some())
        };
        assert_eq!(known("a/1".into()), ("http://h/api/a/1".into(), true));
        assert_eq!(known("http://h/b".into()), ("http://h/b".into(), true));
        assert_eq!(known("a 1".into()), ("http://h/api/a%201".into(), false));
        let with_query = Request::get("a").query("b", "1");
        assert_eq!(known(with_query), ("http://h/api/a?b=1".into(), false));
    }
}
