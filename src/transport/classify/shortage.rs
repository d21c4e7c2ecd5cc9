//! Messages about resources that this machine has run out of: descriptors, ports, memory.

use std::fmt;
use std::io;

use super::Classification;
use crate::error::ErrorType;
use crate::transport::connection::platform;

impl Classification {
    /// Returns the verdict on a shortage of this machine.
    pub(super) fn short(message: impl fmt::Display, shortage: String) -> Classification {
        let message = format!("{message}: {shortage}");
        Classification {
            shortage: Some(shortage),
            ..Classification::new(ErrorType::Io, message)
        }
    }
}

/// Returns the limit that was met, in words.
pub(super) fn shortage(error: &io::Error) -> String {
    if platform::is_out_of_files(error) {
        match platform::file_limit() {
            Some(limit) => format!("too many open files (the limit of this process is {limit})"),
            None => "too many open files".to_owned(),
        }
    } else if platform::is_out_of_ports(error) {
        "no local port is free".to_owned()
    } else {
        error.to_string()
    }
}
