//! Sitemaps, in builds that read them.

#[cfg(not(feature = "sitemap"))]
mod absent;
#[cfg(feature = "sitemap")]
mod encoding;
#[cfg(feature = "sitemap")]
mod links;
#[cfg(feature = "sitemap")]
mod requests;
#[cfg(feature = "sitemap")]
mod text;

#[cfg(not(feature = "sitemap"))]
pub(super) use absent::Sitemap;
#[cfg(feature = "sitemap")]
pub(super) use requests::Sitemap;
