//! Where a request goes first: its own URL, or what the client's settings make of it.

use std::num::NonZeroU16;
use std::sync::Arc;

use crate::request::Request;
use crate::response::Head;
use crate::url::{self, Front, Url};

use super::settings::Defaults;

/// The URL a request goes to: resolved against the base URL, query parameters added. The error says what is wrong.
pub(crate) fn target(defaults: &Defaults, request: &Request) -> Result<Target, String> {
    if let Some(reason) = request.invalid() {
        return Err(reason.to_owned());
    }
    let uri = match &defaults.base {
        Some(base) => url::resolve(base, request.url())?,
        None => url::parse(request.url())?,
    };
    let own = request.options().map_or(&[][..], |o| &o.query);
    if defaults.query.is_empty() && own.is_empty() {
        return Ok(match defaults.base {
            Some(_) => Target::Other(uri.into()),
            None => Target::Own(uri.into()),
        });
    }
    // Like its header of the same name, a request's parameter stands in place of the client's.
    let inherited = defaults
        .query
        .iter()
        .filter(|(name, _)| !own.iter().any(|(other, _)| other == name));
    url::with_query(
        &uri,
        inherited
            .chain(own)
            .map(|(name, value)| (name.as_str(), value.as_str())),
    )
    .map(|uri| Target::Other(uri.into()))
}

/// The same, quicker, for a request that goes to its own URL, where that differs from one read before in its path and
/// query alone. `None` says nothing about it.
pub(crate) fn target_beside(defaults: &Defaults, request: &Request, last: &Front) -> Option<Url> {
    let own = request.options().is_none_or(|own| own.query.is_empty())
        && defaults.query.is_empty()
        && defaults.base.is_none()
        && request.invalid().is_none();
    own.then(|| last.known(request.shared_url()))?
}

/// What a request is sent to first.
#[derive(Debug)]
pub(crate) enum Target {
    /// Its own URL as it stands.
    Own(Url),
    /// What the client's base or query parameters made of it.
    Other(Url),
}

/// What is kept of it beside the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    pub(super) head: Option<Arc<Head>>,
    /// Where the path begins in the request's own URL, if no more than that has to be known of it.
    pub(super) path: Option<NonZeroU16>,
}

impl Target {
    pub(crate) fn url(&self) -> &Url {
        let (Target::Own(url) | Target::Other(url)) = self;
        url
    }

    /// Where few wait, all of it; else what cannot be read from the request once more.
    pub(crate) fn kept(self, few: bool) -> Kept {
        match self {
            Target::Own(url) if !few => Kept {
                head: None,
                path: url.path().and_then(NonZeroU16::new),
            },
            Target::Own(url) | Target::Other(url) => Kept {
                head: Some(Head::before(url)),
                path: None,
            },
        }
    }
}

impl Kept {
    /// Has what the request is sent to first: what was kept beside it, or what it says.
    pub(super) fn head_of(&self, request: &Request) -> Arc<Head> {
        if let Some(head) = &self.head {
            return Arc::clone(head);
        }
        Head::before(match self.path {
            Some(path) => Url::known(request.shared_url(), path.get()),
            None => url::parse(request.url()).unwrap_or_default().into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_url_needs_a_base_and_query_parameters_join() {
        let mut defaults = Defaults::default();
        assert!(
            target(&defaults, &"/items".into())
                .unwrap_err()
                .contains("scheme")
        );
        defaults.base = Some(crate::http::Uri::from_static("http://h/api/v1/"));
        defaults.query = vec![("key".into(), "k".into()), ("page".into(), "1".into())];
        let request = Request::get("items?x=1").query("page", "2");
        assert_eq!(
            *target(&defaults, &request).unwrap().url().uri(),
            "http://h/api/v1/items?x=1&key=k&page=2"
        );
    }

    #[test]
    fn of_many_only_what_differs_from_the_request_is_kept_beside_it() {
        let kept = |defaults: &Defaults, request: Request| {
            let target = target(defaults, &request).unwrap();
            target
                .kept(false)
                .head
                .map(|head| head.url.uri().to_string())
        };
        let mut defaults = Defaults::default();
        assert_eq!(kept(&defaults, "http://h/a?b#c".into()), None);
        let few = target(&defaults, &"http://h/a".into()).unwrap().kept(true);
        assert_eq!(*few.head.unwrap().url.uri(), "http://h/a");
        let with_query = Request::get("http://h/a").query("b", "1");
        assert_eq!(kept(&defaults, with_query), Some("http://h/a?b=1".into()));
        defaults.base = Some(crate::http::Uri::from_static("http://h/api/"));
        assert_eq!(kept(&defaults, "a".into()), Some("http://h/api/a".into()));
    }
}
