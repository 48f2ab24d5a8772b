//! What an operation's own error table calls a refusal, where that differs from what the others call it.
//!
//! One place for these, so that the code that finds something out need not know which operation and version asked.
//! Rules: KMIP 1.4, sections 11.2 to 11.42; KMIP 2.1, the tables of errors in section 6.1.

use kmip::enums::Operation;
use kmip::result::Refusal;
use kmip::version::Version;

/// The refusal in the words of the operation's table.
pub(super) fn told(operation: Operation, version: Version, refusal: Refusal) -> Refusal {
    if version.tags_attributes() { told_in_2x(operation, refusal) } else { told_in_1x(operation, refusal) }
}

fn told_in_1x(operation: Operation, refusal: Refusal) -> Refusal {
    use Refusal as R;
    match (operation, refusal) {
        // "Object specified is not able to be used for" this.
        (
            Operation::ENCRYPT
            | Operation::DECRYPT
            | Operation::SIGN
            | Operation::SIGNATURE_VERIFY
            | Operation::MAC
            | Operation::MAC_VERIFY
            | Operation::RE_KEY
            | Operation::RE_KEY_KEY_PAIR
            | Operation::CERTIFY
            | Operation::RE_CERTIFY,
            R::WrongObjectType,
        ) => R::NotAble,
        // "Not of the correct type", "not able to be used to derive a new key".
        (Operation::DERIVE_KEY, R::WrongObjectType | R::WrongUsage | R::WrongState) => R::InvalidField,
        // "Exists, but has already been destroyed."
        (Operation::DESTROY, R::Destroyed) => R::PermissionDenied,
        // "Not able to be used for applying cryptographic protection."
        (Operation::GET_USAGE_ALLOCATION, R::WrongUsage | R::WrongState) => R::WrongObjectType,
        _ => refusal,
    }
}

fn told_in_2x(operation: Operation, refusal: Refusal) -> Refusal {
    use Refusal as R;
    match (operation, refusal) {
        (Operation::ADJUST_ATTRIBUTE | Operation::CERTIFY | Operation::CREATE_SPLIT_KEY, R::NotFound) => {
            R::NotFound
        }
        (_, R::NotFound) => R::ObjectNotFound,
        (
            Operation::ADD_ATTRIBUTE | Operation::ADJUST_ATTRIBUTE | Operation::SET_ATTRIBUTE,
            R::AttributeReadOnly,
        ) => R::ReadOnlyAttribute,
        (Operation::CHECK, R::WrongObjectType) => R::IllegalObjectType,
        (Operation::GET_USAGE_ALLOCATION, R::WrongObjectType) => R::AttributeNotFound,
        _ => refusal,
    }
}
