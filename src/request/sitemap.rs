//! Requests for sitemaps.

use super::Request;

impl Request {
    /// Marks the request as one for a sitemap, whose links are requests too.
    ///
    /// What the client checks of every response ([`require`](crate::ClientBuilder::require),
    /// [`reject_if`](crate::ClientBuilder::reject_if), [`expect_json`](crate::ClientBuilder::expect_json)) is about the
    /// pages, and not checked of it. It has another [key](crate::record::Key) than a request for a page under the same
    /// URL. A line of input says `"sitemap": true`, and a failure log keeps it.
    ///
    /// ```
    /// let line = haul::Request::get("https://example.com/sitemap.xml").of_sitemap().to_line();
    /// assert_eq!(line, r#"{"url":"https://example.com/sitemap.xml","method":"GET","sitemap":true}"#);
    /// ```
    pub fn of_sitemap(mut self) -> Request {
        self.options_mut().sitemap = true;
        self
    }

    /// True if the request is marked as one for a [sitemap](Request::of_sitemap).
    pub fn is_sitemap(&self) -> bool {
        self.options().is_some_and(|own| own.sitemap)
    }
}
