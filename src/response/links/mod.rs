//! Links of a response, as its `Link` headers give them (RFC 8288).

mod field;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use http::header::LINK;

use super::Response;
use crate::redact::{Redaction, header_text};
use crate::url::{Base, Url};

use self::field::LinkValue;

/// Upper bound for the number of links of a response, since a head of 64 KiB can name tens of thousands.
const MOST_LINKS: usize = 1_000;

/// Link of a response to another resource, with one relation.
///
/// It comes from [`Response::links`].
#[derive(Clone)]
pub struct Link {
    relation: String,
    url: Arc<str>,
    params: Arc<[(String, String)]>,
    redaction: Redaction,
}

impl Link {
    /// Returns the relation in lower case, such as `next`, `prev` or `last`.
    ///
    /// A relation of the server's own is a URL. A link that names no relation has the empty one.
    pub fn rel(&self) -> &str {
        &self.relation
    }

    /// Returns the URL that the link leads to, resolved against the URL that answered.
    ///
    /// A target that is no `http` or `https` URL stays as it was written.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the value of a parameter, such as `title` or `type`. `None`: the link does not have it.
    ///
    /// The name may be in any case, and the first of a name counts. `title` is the value of `title*` if that is given in
    /// UTF-8 (RFC 8187).
    pub fn param(&self, name: &str) -> Option<&str> {
        let mut params = self.params.iter();
        let found = params.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| &**value)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("rel", &self.relation)
            .field("url", &self.redaction.shown(&self.url))
            .finish_non_exhaustive()
    }
}

impl Response {
    /// Returns the links that the `Link` headers give (RFC 8288), in their order.
    ///
    /// Each relation is a link: `rel="next last"` makes two. Targets are resolved against the [final
    /// URL](Response::final_url). Text that is no link is left out, and so are links beyond 1,000.
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// let outcome = client.get("https://api.github.com/repos/rust-lang/rust/issues");
    /// let response = outcome.success().expect("an answer");
    /// let links = response.links();
    /// let last = links.iter().find(|link| link.rel() == "last");
    /// println!("the last page is {:?}", last.map(|link| link.url()));
    /// ```
    #[doc(alias = "r.links")]
    pub fn links(&self) -> Vec<Link> {
        let Some(base) = self.base() else {
            return Vec::new();
        };
        let mut links = Vec::new();
        for value in self.link_values() {
            let url: Arc<str> = target(&base, &value.target).into();
            let relations: Vec<String> = value.relations().collect();
            let params: Arc<[_]> = value.params.into();
            for relation in relations {
                if links.len() == MOST_LINKS {
                    return links;
                }
                links.push(Link {
                    relation,
                    url: Arc::clone(&url),
                    params: Arc::clone(&params),
                    redaction: self.head().redaction.clone(),
                });
            }
        }
        links
    }

    /// Returns the URL of the next page, as the `Link` headers name it. `None`: there is no next page.
    ///
    /// It is the target of the first link with the relation `next`, resolved against the [final
    /// URL](Response::final_url). A link whose `anchor` is another resource is not of this page.
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// let pages = client.follow(["https://api.github.com/repos/rust-lang/rust/issues"], |outcome, next| {
    ///     if let Some(url) = outcome.success().and_then(|page| page.next_link()) {
    ///         next.push(url).expect("one page waits at a time");
    ///     }
    /// });
    /// ```
    #[doc(alias = "r.links")]
    pub fn next_link(&self) -> Option<String> {
        let base = self.base()?;
        let mut values = self.link_values();
        let is_of_page = |value: &LinkValue| match value.param("anchor") {
            None => true,
            Some(anchor) => base
                .resolve(anchor)
                .is_ok_and(|url| url == *self.head().url),
        };
        let next =
            values.find(|value| value.relations().any(|r| r == "next") && is_of_page(value))?;
        Some(target(&base, &next.target))
    }

    /// Returns the URL that answered, as a base of relative ones. `None`: there is none, as in a response that a test
    /// made.
    fn base(&self) -> Option<Base> {
        Base::of(&self.head().url).ok()
    }

    fn link_values(&self) -> impl Iterator<Item = LinkValue> {
        let fields = self.headers().get_all(LINK).into_iter();
        fields.flat_map(|field| field::parse(header_text(field.as_bytes()).into_owned()))
    }
}

/// Returns the text of the URL that a target leads to. A target that cannot be resolved stays as it is.
fn target(base: &Base, written: &str) -> String {
    match base.resolve(written) {
        Ok(url) => shown(&url, base, written),
        Err(_) => written.to_owned(),
    }
}

/// Returns the text of a resolved URL. The zone of an address is no part of the URI, and comes from the base.
fn shown(url: &Url, base: &Base, written: &str) -> String {
    match url.zone() {
        None => url.uri().to_string(),
        Some(_) => base.resolved_text(written).into_owned(),
    }
}
