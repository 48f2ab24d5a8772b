//! The operations, and the table of those there are.
//!
//! One operation, one file. A row here is all that makes an operation known: to dispatch, to Query, and to what a client
//! must be allowed. An operation sees its `Call` alone, and keys through `permit` alone.
//! Rules: KMIP 1.4, section 4; KMIP 2.1, section 6.1.

mod activate;
mod add_attribute;
mod adjust_attribute;
mod alter;
mod archive;
mod authority;
mod birth;
mod call;
mod cancel;
mod certificate;
mod certify;
mod change;
mod check;
mod cipher;
mod container;
mod copy;
mod create;
mod create_key_pair;
mod create_split_key;
mod decrypt;
mod delegated_login;
mod delete_attribute;
mod derive_key;
mod destroy;
mod discover_versions;
mod encrypt;
mod export;
mod flow;
mod form;
mod get;
mod get_attribute_list;
mod get_attributes;
mod get_usage_allocation;
mod handing;
mod hash;
mod import;
mod interop;
mod join_split_key;
mod linked;
mod locate;
mod log;
mod login;
mod logout;
mod mac;
mod mac_verify;
mod message;
mod modify_attribute;
mod notify;
mod obtain_lease;
mod pair;
mod parts;
mod pending;
mod ping;
mod pkcs11;
mod poll;
mod practice;
mod process;
mod profiles;
mod protect;
mod put;
mod query;
mod query_asynchronous_requests;
mod re_certify;
mod re_key;
mod re_key_key_pair;
mod recover;
mod register;
mod replace;
mod revoke;
mod rng_retrieve;
mod rng_seed;
mod rules;
mod scheme;
mod set_attribute;
mod set_endpoint_role;
mod sign;
mod signature_verify;
mod streams;
mod template;
mod tickets;
mod told;
mod unwrapping;
mod usage;
mod validate;
mod view;
mod wrapping;

pub use call::{Answer, Call};
pub use pending::Pending;
pub(crate) use pending::{catch_up, may_wait, submit};
pub(crate) use streams::Correlation;
pub use streams::Streams;
pub(crate) use tickets::caller;
pub use tickets::{Caller, Tickets};

use crate::audited::Unaudited;
use crate::scope::Scope;
use holdfast_model::trust::Permission;
use kmip::enums::Operation;
use kmip::field::Field;
use kmip::result::Refusal;
use kmip::ttlv::Item;

/// One operation of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Which.
    pub operation: Operation,
    /// The least a client must be allowed.
    pub permission: Permission,
}

macro_rules! operations {
    ($( $code:ident $permission:ident $module:ident; )*) => {
        /// Every operation that is served, in the order of the standard's numbers.
        pub const TABLE: &[Row] = &[
            $( Row { operation: Operation::$code, permission: Permission::$permission }, )*
        ];

        async fn dispatch<S: Scope>(
            call: &Call<'_, S>,
            payload: Item<'_>,
        ) -> Result<Unaudited<Answer>, Refusal> {
            match call.operation {
                $( Operation::$code => $module::run(call, Field::decode(payload, call.version)?).await, )*
                _ => Err(Refusal::OperationNotSupported),
            }
        }
    };
}

operations! {
    CREATE Manage create;
    CREATE_KEY_PAIR Manage create_key_pair;
    REGISTER Manage register;
    RE_KEY Manage re_key;
    DERIVE_KEY Manage derive_key;
    CERTIFY Manage certify;
    RE_CERTIFY Manage re_certify;
    LOCATE Observe locate;
    CHECK Observe check;
    GET Manage get;
    GET_ATTRIBUTES Observe get_attributes;
    GET_ATTRIBUTE_LIST Observe get_attribute_list;
    ADD_ATTRIBUTE Manage add_attribute;
    MODIFY_ATTRIBUTE Manage modify_attribute;
    DELETE_ATTRIBUTE Manage delete_attribute;
    OBTAIN_LEASE Use obtain_lease;
    GET_USAGE_ALLOCATION Use get_usage_allocation;
    ACTIVATE Manage activate;
    REVOKE Manage revoke;
    DESTROY Manage destroy;
    ARCHIVE Manage archive;
    RECOVER Manage recover;
    VALIDATE Observe validate;
    QUERY Observe query;
    CANCEL Observe cancel;
    POLL Observe poll;
    NOTIFY Observe notify;
    PUT Observe put;
    DISCOVER_VERSIONS Observe discover_versions;
    ENCRYPT Use encrypt;
    DECRYPT Use decrypt;
    SIGN Use sign;
    SIGNATURE_VERIFY Use signature_verify;
    MAC Use mac;
    MAC_VERIFY Use mac_verify;
    RE_KEY_KEY_PAIR Manage re_key_key_pair;
    RNG_RETRIEVE Use rng_retrieve;
    RNG_SEED Use rng_seed;
    HASH Use hash;
    LOG Observe log;
    LOGIN Observe login;
    LOGOUT Observe logout;
    DELEGATED_LOGIN Observe delegated_login;
    INTEROP Observe interop;
    EXPORT Manage export;
    IMPORT Manage import;
    ADJUST_ATTRIBUTE Manage adjust_attribute;
    CREATE_SPLIT_KEY Manage create_split_key;
    JOIN_SPLIT_KEY Manage join_split_key;
    SET_ATTRIBUTE Manage set_attribute;
    QUERY_ASYNCHRONOUS_REQUESTS Observe query_asynchronous_requests;
    PROCESS Observe process;
    PING Observe ping;
    PKCS_11 Observe pkcs11;
    SET_ENDPOINT_ROLE Observe set_endpoint_role;
}

/// Runs the operation that `call` names, if there is one, the version has it, and the client may.
///
/// # Errors
/// The refusal; nothing was done.
pub async fn run<S: Scope>(call: &Call<'_, S>, payload: Item<'_>) -> Result<Unaudited<Answer>, Refusal> {
    permitted(call)?;
    dispatch(call, payload).await.map_err(|refusal| told::told(call.operation, call.version, refusal))
}

/// Is there the operation that `call` names, in its version, and may the client ask for it?
///
/// # Errors
/// [`Refusal::OperationNotSupported`], [`Refusal::PermissionDenied`], [`Refusal::InvalidTicket`].
fn permitted<S: Scope>(call: &Call<'_, S>) -> Result<(), Refusal> {
    let row = TABLE
        .iter()
        .find(|row| row.operation == call.operation && row.operation.exists_in(call.version))
        .ok_or(Refusal::OperationNotSupported)?;
    if call.scope.identity().permission < row.permission {
        return Err(Refusal::PermissionDenied);
    }
    call.caller().may_ask(call.operation)
}
