//! Names and sources of errors.

use super::*;

#[test]
fn names_on_the_wire_are_the_names_in_the_log() {
    for class in [
        ErrorType::Dns,
        ErrorType::HttpStatus,
        ErrorType::BodyTooLarge,
    ] {
        assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
    }
    assert_eq!(
        serde_json::to_value(StopReason::RetryAfterOverCap).unwrap(),
        "retry_after_over_cap"
    );
}

#[test]
fn an_error_keeps_its_source() {
    let error = Error::new(ErrorType::Connect, "connect to x:1: refused").because(Some(Box::new(
        std::io::Error::from(std::io::ErrorKind::ConnectionRefused),
    )));
    let source = error
        .source()
        .unwrap()
        .downcast_ref::<std::io::Error>()
        .unwrap();
    assert_eq!(source.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(error.layer(), Layer::Network);
}
