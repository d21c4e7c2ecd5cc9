//! What can go wrong at a proxy.

use std::io;
use std::sync::Arc;

use crate::transport::connection::wire::Broken;

/// Why a proxy leads nowhere.
#[derive(Debug)]
pub(in crate::transport) struct Unproxied {
    /// Its name and port.
    pub(in crate::transport) proxy: String,
    pub(in crate::transport) stage: Stage,
    pub(in crate::transport) why: Why,
}

/// What was under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) enum Stage {
    Resolve,
    Connect,
    Tls,
    /// It was asked to connect to the server.
    Ask,
}

#[derive(Debug)]
pub(in crate::transport) enum Why {
    /// Its name has no address.
    Unresolved(Arc<io::Error>),
    Broken(Broken),
    /// It said no, in a way that goes on after its name.
    Refused {
        permanent: bool,
        how: String,
    },
}

impl Unproxied {
    /// Whether it will be the same next time.
    pub(in crate::transport) fn is_permanent(&self) -> bool {
        match &self.why {
            Why::Unresolved(_) => false,
            Why::Broken(Broken::Tls { permanent, .. }) | Why::Refused { permanent, .. } => {
                *permanent
            }
            Why::Broken(_) => false,
        }
    }
}
