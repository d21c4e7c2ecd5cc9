//! Placeholder for the jar without the feature `cookies`.

use http::{HeaderMap, Uri};

/// Jar of cookies. There is none without the feature.
#[derive(Clone)]
pub(crate) enum CookieJar {}

impl CookieJar {
    pub(crate) fn is_same(&self, _: &CookieJar) -> bool {
        match *self {}
    }

    pub(crate) fn added_to(&self, _: &HeaderMap, _: &Uri) -> Option<HeaderMap> {
        match *self {}
    }

    pub(crate) fn take_from(&self, _: &HeaderMap, _: &Uri) {
        match *self {}
    }
}
