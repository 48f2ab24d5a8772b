//! From CK_RV to what is to be done about it: the one place where PKCS#11 error codes are read.
//!
//! Every code stands in the table, whether we expect it or not, so that a new one is a decision and not an accident.
//! Rules: PKCS#11 v3.1 section 5.1 (function return values).

use crate::limits::RETRY_AFTER;
use cryptoki::error::{Error, RvError};
use holdfast_ports::root::RootError;

/// What a failed call into the module asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// This is the answer; trying again changes nothing.
    Answer(RootError),
    /// Heal this much, then try again.
    Heal(Remedy),
    /// While opening something wrapped: either it does not authenticate, or the token is broken. A proof of the key
    /// tells them apart.
    Ambiguous,
}

/// How much is begun anew. Each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Remedy {
    /// All sessions, and with them the login.
    Sessions,
    /// The token is looked for by its label.
    Token,
    /// C_Finalize, then C_Initialize.
    Module,
}

impl Remedy {
    /// The next stronger one, if this did not help.
    pub(crate) const fn stronger(self) -> Self {
        match self {
            Self::Sessions => Self::Token,
            Self::Token | Self::Module => Self::Module,
        }
    }
}

/// A failed call that opens nothing.
pub(crate) fn of_call(error: &Error) -> Failure {
    match meaning(error) {
        Meaning::SessionLost | Meaning::HandleStale => Failure::Heal(Remedy::Sessions),
        Meaning::TokenLost | Meaning::Broken => Failure::Heal(Remedy::Token),
        Meaning::ModuleLost => Failure::Heal(Remedy::Module),
        Meaning::Busy => Failure::Answer(RootError::RateLimited { retry_after: RETRY_AFTER }),
        Meaning::Refused | Meaning::PinRefused => Failure::Answer(RootError::Denied),
        Meaning::NotOpened => Failure::Answer(RootError::NotAuthentic),
        Meaning::CannotDo | Meaning::Unexpected => Failure::Answer(RootError::Unsupported),
    }
}

/// A failed C_UnwrapKey or C_Decrypt: tokens disagree on the word for a wrapped key that is not theirs.
pub(crate) fn of_opening(error: &Error) -> Failure {
    match error {
        Error::Pkcs11(
            RvError::GeneralError
            | RvError::FunctionFailed
            | RvError::DeviceError
            | RvError::DataInvalid
            | RvError::DataLenRange
            | RvError::AttributeValueInvalid
            | RvError::TemplateInconsistent
            | RvError::VendorDefined(_)
            | RvError::UnknownErrorCode(_),
            _,
        ) => Failure::Ambiguous,
        _ => of_call(error),
    }
}

/// Whether C_Login failed because of the PIN: it must not be tried again, or the token locks itself.
pub(crate) fn is_pin_refusal(error: &Error) -> bool {
    match meaning(error) {
        Meaning::PinRefused | Meaning::Refused => true,
        Meaning::SessionLost
        | Meaning::TokenLost
        | Meaning::ModuleLost
        | Meaning::Busy
        | Meaning::HandleStale
        | Meaning::NotOpened
        | Meaning::CannotDo
        | Meaning::Broken
        | Meaning::Unexpected => false,
    }
}

/// The few things that so many codes mean.
enum Meaning {
    /// The session or its login is gone.
    SessionLost,
    /// The token is gone or was changed for another.
    TokenLost,
    /// The module wants to be initialised.
    ModuleLost,
    /// Out of sessions or memory for now.
    Busy,
    /// No, and an operator must act.
    Refused,
    /// The PIN is wrong, locked or expired.
    PinRefused,
    /// An object that was there a moment ago.
    HandleStale,
    /// What was given to be opened is not authentic.
    NotOpened,
    /// Not this mechanism, parameter, template or function.
    CannotDo,
    /// Something failed inside, it does not say what.
    Broken,
    /// A code that the called functions do not return.
    Unexpected,
}

fn meaning(error: &Error) -> Meaning {
    match error {
        Error::Pkcs11(rv, _) => meaning_of_rv(*rv),
        Error::NotSupported | Error::NullFunctionPointer | Error::MissingSymbol(_) => Meaning::CannotDo,
        Error::LibraryLoading(_) => Meaning::ModuleLost,
        Error::TryFromInt(_)
        | Error::TryFromSlice(_)
        | Error::ParseInt(_)
        | Error::Utf8(_)
        | Error::NulError(_)
        | Error::InvalidValue
        | Error::PinNotSet => Meaning::Unexpected,
    }
}

fn meaning_of_rv(rv: RvError) -> Meaning {
    match rv {
        RvError::SessionHandleInvalid
        | RvError::SessionClosed
        | RvError::UserNotLoggedIn
        // A call before this one did not come to its end on this session.
        | RvError::OperationActive
        | RvError::OperationNotInitialized
        | RvError::Cancel
        | RvError::FunctionCanceled => Meaning::SessionLost,

        RvError::DeviceRemoved
        | RvError::DeviceError
        | RvError::TokenNotPresent
        | RvError::TokenNotRecognized
        | RvError::SlotIdInvalid => Meaning::TokenLost,

        RvError::CryptokiNotInitialized => Meaning::ModuleLost,

        RvError::SessionCount | RvError::DeviceMemory | RvError::HostMemory => Meaning::Busy,

        RvError::PinIncorrect
        | RvError::PinInvalid
        | RvError::PinLenRange
        | RvError::PinExpired
        | RvError::PinLocked
        | RvError::PinTooWeak
        | RvError::NewPinMode
        | RvError::NextOtp
        | RvError::ExceededMaxIterations
        | RvError::UserPinNotInitialized => Meaning::PinRefused,

        RvError::KeyFunctionNotPermitted
        | RvError::KeyNotWrappable
        | RvError::KeyUnextractable
        | RvError::ActionProhibited
        | RvError::FunctionRejected
        | RvError::TokenWriteProtected
        | RvError::SessionReadOnly
        | RvError::AttributeSensitive
        | RvError::InformationSensitive
        | RvError::FipsSelfTestFailed
        | RvError::UserAnotherAlreadyLoggedIn
        | RvError::UserTypeInvalid
        | RvError::UserTooManyTypes
        | RvError::SessionReadWriteSoExists => Meaning::Refused,

        RvError::KeyHandleInvalid
        | RvError::ObjectHandleInvalid
        | RvError::WrappingKeyHandleInvalid
        | RvError::UnwrappingKeyHandleInvalid
        | RvError::KeyChanged => Meaning::HandleStale,

        RvError::WrappedKeyInvalid
        | RvError::WrappedKeyLenRange
        | RvError::EncryptedDataInvalid
        | RvError::EncryptedDataLenRange => Meaning::NotOpened,

        RvError::MechanismInvalid
        | RvError::MechanismParamInvalid
        | RvError::FunctionNotSupported
        | RvError::FunctionNotParallel
        | RvError::ArgumentsBad
        | RvError::AttributeReadOnly
        | RvError::AttributeTypeInvalid
        | RvError::AttributeValueInvalid
        | RvError::TemplateIncomplete
        | RvError::TemplateInconsistent
        | RvError::KeySizeRange
        | RvError::KeyTypeInconsistent
        | RvError::KeyNotNeeded
        | RvError::KeyNeeded
        | RvError::KeyIndigestible
        | RvError::WrappingKeySizeRange
        | RvError::WrappingKeyTypeInconsistent
        | RvError::UnwrappingKeySizeRange
        | RvError::UnwrappingKeyTypeInconsistent
        | RvError::DataInvalid
        | RvError::DataLenRange
        | RvError::PublicKeyInvalid
        | RvError::DomainParamsInvalid
        | RvError::CurveNotSupported
        | RvError::RandomNoRng
        | RvError::RandomSeedNotSupported
        | RvError::BufferTooSmall
        | RvError::SessionParallelNotSupported => Meaning::CannotDo,

        RvError::GeneralError
        | RvError::FunctionFailed
        | RvError::CantLock
        | RvError::NeedToCreateThreads
        | RvError::MutexBad
        | RvError::MutexNotLocked
        | RvError::LibraryLoadFailed
        | RvError::VendorDefined(_)
        | RvError::UnknownErrorCode(_) => Meaning::Broken,

        RvError::CryptokiAlreadyInitialized
        | RvError::UserAlreadyLoggedIn
        | RvError::NoEvent
        | RvError::SessionExists
        | RvError::SessionReadOnlyExists
        | RvError::SignatureInvalid
        | RvError::SignatureLenRange
        | RvError::SavedStateInvalid
        | RvError::StateUnsaveable => Meaning::Unexpected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki::context::Function;

    fn call(rv: RvError) -> Failure {
        of_call(&Error::Pkcs11(rv, Function::WrapKey))
    }

    #[test]
    fn a_lost_session_token_or_module_is_healed_and_no_more_than_needed() {
        for rv in [RvError::SessionHandleInvalid, RvError::SessionClosed, RvError::UserNotLoggedIn] {
            assert_eq!(call(rv), Failure::Heal(Remedy::Sessions));
        }
        for rv in [RvError::DeviceRemoved, RvError::DeviceError, RvError::TokenNotPresent] {
            assert_eq!(call(rv), Failure::Heal(Remedy::Token));
        }
        assert_eq!(call(RvError::CryptokiNotInitialized), Failure::Heal(Remedy::Module));
    }

    #[test]
    fn a_refused_pin_is_told_apart_from_a_token_that_is_away() {
        for rv in [RvError::PinIncorrect, RvError::PinLocked, RvError::PinExpired, RvError::PinLenRange] {
            assert!(is_pin_refusal(&Error::Pkcs11(rv, Function::Login)));
        }
        for rv in [RvError::DeviceRemoved, RvError::SessionClosed, RvError::GeneralError] {
            assert!(!is_pin_refusal(&Error::Pkcs11(rv, Function::Login)));
        }
    }

    #[test]
    fn a_vague_no_is_ambiguous_only_while_something_is_opened() {
        let vague = Error::Pkcs11(RvError::GeneralError, Function::UnwrapKey);
        assert_eq!(of_opening(&vague), Failure::Ambiguous);
        assert_eq!(of_call(&vague), Failure::Heal(Remedy::Token));
        let clear = Error::Pkcs11(RvError::WrappedKeyInvalid, Function::UnwrapKey);
        assert_eq!(of_opening(&clear), Failure::Answer(RootError::NotAuthentic));
    }
}
