//! Which operations may be sent again when the answer did not come.
//!
//! Only what changes nothing, or changes to the same: reading, cryptography in one piece, setting an attribute. The price of
//! sending such an operation twice is one more charge against usage limits, which errs to the side of using a key less.
//! Nothing that makes, moves or ends an object is ever sent twice, and no piece of a stream.

use crate::enums::Operation;

/// Whether a request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Yes: doing it twice is as doing it once.
    Harmless,
    /// No, once the whole of it was sent.
    Never,
}

impl Repeat {
    /// What holds for an operation. `streamed`: it is a piece of a stream (it has a correlation value or an init indicator).
    #[must_use]
    pub fn of(operation: Operation, streamed: bool) -> Repeat {
        let harmless = matches!(
            operation,
            Operation::LOCATE
                | Operation::GET
                | Operation::GET_ATTRIBUTES
                | Operation::GET_ATTRIBUTE_LIST
                | Operation::GET_CONSTRAINTS
                | Operation::CHECK
                | Operation::QUERY
                | Operation::DISCOVER_VERSIONS
                | Operation::VALIDATE
                | Operation::EXPORT
                | Operation::OBTAIN_LEASE
                | Operation::RNG_RETRIEVE
                | Operation::PING
                | Operation::SET_ATTRIBUTE
                | Operation::QUERY_ASYNCHRONOUS_REQUESTS
        );
        let harmless_whole = matches!(
            operation,
            Operation::ENCRYPT
                | Operation::DECRYPT
                | Operation::SIGN
                | Operation::SIGNATURE_VERIFY
                | Operation::MAC
                | Operation::MAC_VERIFY
                | Operation::HASH
        );
        if harmless || (harmless_whole && !streamed) { Repeat::Harmless } else { Repeat::Never }
    }

    /// What holds for both together.
    #[must_use]
    pub fn and(self, other: Repeat) -> Repeat {
        match (self, other) {
            (Repeat::Harmless, Repeat::Harmless) => Repeat::Harmless,
            _ => Repeat::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_may_be_repeated_and_making_may_not() {
        assert_eq!(Repeat::of(Operation::GET, false), Repeat::Harmless);
        for operation in [
            Operation::CREATE,
            Operation::REGISTER,
            Operation::DESTROY,
            Operation::REVOKE,
            Operation::RE_KEY,
            Operation::ADD_ATTRIBUTE,
            Operation::GET_USAGE_ALLOCATION,
            Operation::POLL,
        ] {
            assert_eq!(Repeat::of(operation, false), Repeat::Never, "{operation:?}");
        }
    }

    #[test]
    fn a_piece_of_a_stream_is_never_repeated() {
        assert_eq!(Repeat::of(Operation::ENCRYPT, false), Repeat::Harmless);
        assert_eq!(Repeat::of(Operation::ENCRYPT, true), Repeat::Never);
    }

    #[test]
    fn a_batch_may_be_repeated_if_all_of_it_may() {
        assert_eq!(Repeat::Harmless.and(Repeat::Never), Repeat::Never);
        assert_eq!(Repeat::Harmless.and(Repeat::Harmless), Repeat::Harmless);
    }
}
