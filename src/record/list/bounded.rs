//! Content up to a largest size, and the classes of faults that end an input.

use std::io::{self, Read};

use crate::error::ErrorType;

/// Reader that ends with an error behind a number of bytes.
pub(super) struct BoundedContent<R> {
    from: R,
    /// `None`: no bound.
    most: Option<u64>,
    read: u64,
}

impl<R> BoundedContent<R> {
    pub(super) fn new(from: R, most: Option<u64>) -> BoundedContent<R> {
        BoundedContent {
            from,
            most,
            read: 0,
        }
    }
}

impl<R: Read> Read for BoundedContent<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(into)?;
        self.read += n as u64;
        match self.most {
            Some(most) if self.read > most => Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("it has more than {most} bytes"),
            )),
            _ => Ok(n),
        }
    }
}

/// Returns the class of a fault in the content of an input.
pub(super) fn class_of(error: &io::Error) -> ErrorType {
    match error.kind() {
        io::ErrorKind::FileTooLarge => ErrorType::BodyTooLarge,
        _ if error.raw_os_error().is_some() => ErrorType::Io,
        _ => ErrorType::Decode,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_up_to_the_bound_is_whole() {
        for (most, is_whole) in [
            (None, true),
            (Some(4), true),
            (Some(5), true),
            (Some(3), false),
        ] {
            let mut text = String::new();
            let read = BoundedContent::new(&b"abcd"[..], most).read_to_string(&mut text);
            assert_eq!(read.is_ok(), is_whole, "{most:?}");
            if let Err(error) = read {
                assert_eq!(class_of(&error), ErrorType::BodyTooLarge);
                assert_eq!(error.to_string(), "it has more than 3 bytes");
            }
        }
    }
}
