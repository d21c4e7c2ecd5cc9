//! Keys that a request may have as a line.

/// Keys of the body, in its different forms.
pub(super) const BODIES: [&str; 6] = [
    "body",
    "json",
    "form",
    "body_base64",
    "body_file",
    "body_pieces",
];

const OTHERS: [&str; 32] = [
    "url",
    "id",
    "custom_id",
    "method",
    "headers",
    "params",
    "auth",
    "max_time_ms",
    "connect_timeout_ms",
    "retry",
    "idempotent",
    "cost",
    "max_redirs",
    "accept",
    "expect_json",
    "keep_encoding",
    "require",
    "output_file",
    "output_durable",
    "sha256",
    "size",
    "tag",
    "sitemap",
    "credentials_for",
    "redacted",
    "body_truncated",
    "invalid",
    "invalid_at",
    "invalid_text",
    "raw_line",
    "raw_line_base64",
    "row",
];

/// True for a key that a request may have.
pub(super) fn is_known_key(key: &str) -> bool {
    BODIES.contains(&key) || OTHERS.contains(&key)
}
