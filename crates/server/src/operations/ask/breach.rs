//! What a client does that the rules of WebSockets do not allow, and how it is told (RFC 6455, 7.1.7
//! and 7.4.1).

use tokio_tungstenite::tungstenite::{Error, error::ProtocolError};

/// The code and the words with which the connection is closed. None where nobody is there any more to
/// hear them.
pub(super) fn of(error: axum::Error) -> Option<(u16, &'static str)> {
    let error = error.into_inner();
    match error.downcast_ref::<Error>()? {
        Error::Protocol(
            ProtocolError::ResetWithoutClosingHandshake
            | ProtocolError::SendAfterClosing
            | ProtocolError::ReceivedAfterClosing,
        ) => None,
        Error::Protocol(_) => Some((1002, "not a frame of a WebSocket")),
        Error::Utf8(_) => Some((1007, "not UTF-8")),
        Error::Capacity(_) => Some((1009, "a frame has at most 1 MB")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use rstest::rstest;
    use tokio_tungstenite::tungstenite::error::CapacityError;

    use super::*;

    #[rstest]
    #[case::a_rule(Error::Protocol(ProtocolError::NonZeroReservedBits), Some(1002))]
    #[case::letters_that_are_none(Error::Utf8("a byte".into()), Some(1007))]
    #[case::too_long(Error::Capacity(CapacityError::MessageTooLong { size: 2, max_size: 1 }), Some(1009))]
    #[case::hung_up(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake), None)]
    #[case::lost(Error::Io(io::Error::from(io::ErrorKind::BrokenPipe)), None)]
    fn who_is_still_there_is_told_what_was_wrong(#[case] error: Error, #[case] code: Option<u16>) {
        assert_eq!(of(axum::Error::new(error)).map(|it| it.0), code);
    }
}
