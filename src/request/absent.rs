//! Placeholder for forms with files without the feature `multipart`.

use super::Request;

/// Body of a form, which several requests may share. There is none without the feature.
#[derive(Clone, Debug)]
pub(crate) enum FormBody {}

impl FormBody {
    pub(crate) fn is_sent_by(&self, _: &Request) -> bool {
        match *self {}
    }
}

impl Request {
    pub(crate) fn form_body(self, form: &FormBody) -> Request {
        match *form {}
    }
}
