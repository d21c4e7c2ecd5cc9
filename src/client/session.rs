//! What a session beyond single requests needs: how bodies are sent.

use super::ClientBuilder;

impl ClientBuilder {
    /// From which length, in bytes, a streamed body is sent only once the server has said that it wants it
    /// (`Expect: 100-continue`): so a 401, a 413 or a redirect costs no upload. A body of unknown length asks too. A
    /// server that says nothing gets the body after a second; one that answers 417 gets it at once, without being
    /// asked. `None`: never. Default 1 MiB, as in curl.
    ///
    /// A request with an `Expect` header of its own is sent as it is.
    #[doc(alias = "expect100-timeout")]
    pub fn expect_continue_from(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.defaults.expect_from = bytes.into();
        self
    }
}
