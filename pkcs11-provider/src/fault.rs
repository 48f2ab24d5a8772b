//! Why a call did not work, and the one table from that to `CK_RV`.
//!
//! Rules: PKCS#11 3.2, section 5.1 (function return values).

use cryptoki_sys as ck;
use cryptoki_sys::CK_RV;

macro_rules! faults {
    ($( $(#[$about:meta])* $name:ident = $code:ident; )*) => {
        /// What a caller is told. A variant is a decision that it can take.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Fault { $( $(#[$about])* $name, )* }

        impl Fault {
            /// The return value of this fault.
            pub(crate) const fn code(self) -> CK_RV {
                match self { $( Fault::$name => ck::$code, )* }
            }

            /// Its name, for the log.
            pub(crate) const fn name(self) -> &'static str {
                match self { $( Fault::$name => stringify!($code), )* }
            }
        }
    };
}

faults! {
    /// Ours; the log says more.
    General = CKR_GENERAL_ERROR;
    FunctionFailed = CKR_FUNCTION_FAILED;
    SlotIdInvalid = CKR_SLOT_ID_INVALID;
    ArgumentsBad = CKR_ARGUMENTS_BAD;
    NoEvent = CKR_NO_EVENT;
    CantLock = CKR_CANT_LOCK;
    AttributeReadOnly = CKR_ATTRIBUTE_READ_ONLY;
    AttributeSensitive = CKR_ATTRIBUTE_SENSITIVE;
    AttributeTypeInvalid = CKR_ATTRIBUTE_TYPE_INVALID;
    AttributeValueInvalid = CKR_ATTRIBUTE_VALUE_INVALID;
    ActionProhibited = CKR_ACTION_PROHIBITED;
    DataLenRange = CKR_DATA_LEN_RANGE;
    /// The appliance did not answer, or not in time; the next call may work.
    DeviceError = CKR_DEVICE_ERROR;
    DeviceMemory = CKR_DEVICE_MEMORY;
    EncryptedDataInvalid = CKR_ENCRYPTED_DATA_INVALID;
    EncryptedDataLenRange = CKR_ENCRYPTED_DATA_LEN_RANGE;
    AeadDecryptFailed = CKR_AEAD_DECRYPT_FAILED;
    FunctionNotParallel = CKR_FUNCTION_NOT_PARALLEL;
    FunctionNotSupported = CKR_FUNCTION_NOT_SUPPORTED;
    FunctionRejected = CKR_FUNCTION_REJECTED;
    KeyHandleInvalid = CKR_KEY_HANDLE_INVALID;
    KeySizeRange = CKR_KEY_SIZE_RANGE;
    KeyTypeInconsistent = CKR_KEY_TYPE_INCONSISTENT;
    KeyIndigestible = CKR_KEY_INDIGESTIBLE;
    KeyFunctionNotPermitted = CKR_KEY_FUNCTION_NOT_PERMITTED;
    KeyNotWrappable = CKR_KEY_NOT_WRAPPABLE;
    KeyUnextractable = CKR_KEY_UNEXTRACTABLE;
    KeyExhausted = CKR_KEY_EXHAUSTED;
    MechanismInvalid = CKR_MECHANISM_INVALID;
    MechanismParamInvalid = CKR_MECHANISM_PARAM_INVALID;
    ObjectHandleInvalid = CKR_OBJECT_HANDLE_INVALID;
    OperationActive = CKR_OPERATION_ACTIVE;
    OperationNotInitialized = CKR_OPERATION_NOT_INITIALIZED;
    PinIncorrect = CKR_PIN_INCORRECT;
    PinLenRange = CKR_PIN_LEN_RANGE;
    SessionHandleInvalid = CKR_SESSION_HANDLE_INVALID;
    SessionCount = CKR_SESSION_COUNT;
    SessionParallelNotSupported = CKR_SESSION_PARALLEL_NOT_SUPPORTED;
    SessionReadOnly = CKR_SESSION_READ_ONLY;
    SessionExists = CKR_SESSION_EXISTS;
    SessionReadOnlyExists = CKR_SESSION_READ_ONLY_EXISTS;
    SessionReadWriteSoExists = CKR_SESSION_READ_WRITE_SO_EXISTS;
    SessionAsyncNotSupported = CKR_SESSION_ASYNC_NOT_SUPPORTED;
    SignatureInvalid = CKR_SIGNATURE_INVALID;
    SignatureLenRange = CKR_SIGNATURE_LEN_RANGE;
    TemplateIncomplete = CKR_TEMPLATE_INCOMPLETE;
    TemplateInconsistent = CKR_TEMPLATE_INCONSISTENT;
    UnwrappingKeyHandleInvalid = CKR_UNWRAPPING_KEY_HANDLE_INVALID;
    UnwrappingKeyTypeInconsistent = CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
    UserAlreadyLoggedIn = CKR_USER_ALREADY_LOGGED_IN;
    UserNotLoggedIn = CKR_USER_NOT_LOGGED_IN;
    UserPinNotInitialized = CKR_USER_PIN_NOT_INITIALIZED;
    UserTypeInvalid = CKR_USER_TYPE_INVALID;
    UserAnotherAlreadyLoggedIn = CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    WrappedKeyInvalid = CKR_WRAPPED_KEY_INVALID;
    WrappedKeyLenRange = CKR_WRAPPED_KEY_LEN_RANGE;
    WrappingKeyHandleInvalid = CKR_WRAPPING_KEY_HANDLE_INVALID;
    WrappingKeyTypeInconsistent = CKR_WRAPPING_KEY_TYPE_INCONSISTENT;
    RandomSeedNotSupported = CKR_RANDOM_SEED_NOT_SUPPORTED;
    CurveNotSupported = CKR_CURVE_NOT_SUPPORTED;
    ParameterSetNotSupported = CKR_PARAMETER_SET_NOT_SUPPORTED;
    BufferTooSmall = CKR_BUFFER_TOO_SMALL;
    StateUnsaveable = CKR_STATE_UNSAVEABLE;
    SavedStateInvalid = CKR_SAVED_STATE_INVALID;
    NotInitialized = CKR_CRYPTOKI_NOT_INITIALIZED;
    AlreadyInitialized = CKR_CRYPTOKI_ALREADY_INITIALIZED;
}

/// What every function of this crate yields.
pub(crate) type Done<T> = Result<T, Fault>;
