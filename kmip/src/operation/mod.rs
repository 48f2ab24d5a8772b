//! Operations: what each is given and what it yields, one file each.
//!
//! [`Request`] reads the payload of a batch item; [`Response`] writes and reads what it yields. Each payload type can also be used
//! alone: all read with [`Field::decode`] and write with [`Field::encode`], as a server and as a client.
//! Rules: KMIP 1.4, sections 4 and 5; KMIP 2.1, section 6.

mod activate;
mod add_attribute;
mod adjust_attribute;
mod archive;
mod ask;
mod cancel;
mod certify;
mod check;
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
mod get;
mod get_attribute_list;
mod get_attributes;
mod get_constraints;
mod get_usage_allocation;
mod hash;
mod import;
mod interop;
mod join_split_key;
mod locate;
mod log;
mod login;
mod logout;
mod mac;
mod mac_verify;
mod modify_attribute;
mod notify;
mod obtain_lease;
mod ping;
mod pkcs11;
mod poll;
mod process;
mod put;
mod query;
mod query_asynchronous_requests;
mod re_certify;
mod re_key;
mod re_key_key_pair;
mod re_provision;
mod recover;
mod register;
mod revoke;
mod rng_retrieve;
mod rng_seed;
mod set_attribute;
mod set_constraints;
mod set_defaults;
mod set_endpoint_role;
mod sign;
mod signature_verify;
mod validate;

#[cfg(test)]
mod tests;

pub use activate::{ActivateRequest, ActivateResponse};
pub use add_attribute::{AddAttributeRequest, AddAttributeResponse};
pub use adjust_attribute::{AdjustAttributeRequest, AdjustAttributeResponse};
pub use archive::{ArchiveRequest, ArchiveResponse};
pub use ask::Ask;
pub use cancel::{CancelRequest, CancelResponse};
pub use certify::{CertifyRequest, CertifyResponse};
pub use check::{CheckRequest, CheckResponse};
pub use create::{CreateRequest, CreateResponse};
pub use create_key_pair::{CreateKeyPairRequest, CreateKeyPairResponse};
pub use create_split_key::{CreateSplitKeyRequest, CreateSplitKeyResponse};
pub use decrypt::{DecryptRequest, DecryptResponse};
pub use delegated_login::{DelegatedLoginRequest, DelegatedLoginResponse};
pub use delete_attribute::{DeleteAttributeRequest, DeleteAttributeResponse};
pub use derive_key::{DerivationParameters, DeriveKeyRequest, DeriveKeyResponse};
pub use destroy::{DestroyRequest, DestroyResponse};
pub use discover_versions::{DiscoverVersionsRequest, DiscoverVersionsResponse};
pub use encrypt::{EncryptRequest, EncryptResponse};
pub use export::{ExportRequest, ExportResponse};
pub use get::{GetRequest, GetResponse};
pub use get_attribute_list::{GetAttributeListRequest, GetAttributeListResponse};
pub use get_attributes::{GetAttributesRequest, GetAttributesResponse};
pub use get_constraints::{GetConstraintsRequest, GetConstraintsResponse};
pub use get_usage_allocation::{GetUsageAllocationRequest, GetUsageAllocationResponse};
pub use hash::{HashRequest, HashResponse};
pub use import::{ImportRequest, ImportResponse};
pub use interop::{InteropRequest, InteropResponse};
pub use join_split_key::{JoinSplitKeyRequest, JoinSplitKeyResponse};
pub use locate::{LocateRequest, LocateResponse};
pub use log::{LogRequest, LogResponse};
pub use login::{LoginRequest, LoginResponse};
pub use logout::{LogoutRequest, LogoutResponse};
pub use mac::{MacRequest, MacResponse};
pub use mac_verify::{MacVerifyRequest, MacVerifyResponse};
pub use modify_attribute::{ModifyAttributeRequest, ModifyAttributeResponse};
pub use notify::{NotifyRequest, NotifyResponse};
pub use obtain_lease::{ObtainLeaseRequest, ObtainLeaseResponse};
pub use ping::{PingRequest, PingResponse};
pub use pkcs11::{Pkcs11Request, Pkcs11Response};
pub use poll::PollRequest;
pub use process::{ProcessRequest, ProcessResponse};
pub use put::{PutRequest, PutResponse};
pub use query::{
    CapabilityInformation, ExtensionInformation, ExtensionType, ProfileInformation, ProfileVersion,
    QueryRequest, QueryResponse, ServerInformation, ValidationInformation, listed_in,
};
pub use query_asynchronous_requests::{
    AsynchronousCorrelationValues, AsynchronousRequest, Operations, QueryAsynchronousRequestsRequest,
    QueryAsynchronousRequestsResponse,
};
pub use re_certify::{ReCertifyRequest, ReCertifyResponse};
pub use re_key::{ReKeyRequest, ReKeyResponse};
pub use re_key_key_pair::{ReKeyKeyPairRequest, ReKeyKeyPairResponse};
pub use re_provision::{ReProvisionRequest, ReProvisionResponse};
pub use recover::{RecoverRequest, RecoverResponse};
pub use register::{RegisterRequest, RegisterResponse};
pub use revoke::{RevokeRequest, RevokeResponse};
pub use rng_retrieve::{RngRetrieveRequest, RngRetrieveResponse};
pub use rng_seed::{RngSeedRequest, RngSeedResponse};
pub use set_attribute::{SetAttributeRequest, SetAttributeResponse};
pub use set_constraints::{SetConstraintsRequest, SetConstraintsResponse};
pub use set_defaults::{SetDefaultsRequest, SetDefaultsResponse};
pub use set_endpoint_role::{SetEndpointRoleRequest, SetEndpointRoleResponse};
pub use sign::{SignRequest, SignResponse};
pub use signature_verify::{SignatureVerifyRequest, SignatureVerifyResponse};
pub use validate::{ValidateRequest, ValidateResponse};

use crate::enums::Operation;
use crate::field::Field;
use crate::message::RequestBatchItem;
use crate::tag::Tag;
use crate::ttlv::{DecodeError, Item, Writer};
use crate::version::Version;

macro_rules! payloads {
    ($(#[$meta:meta])* $all:ident { $( $code:ident $variant:ident($ty:ty), )* }) => {
        $(#[$meta])*
        #[derive(Clone)]
        pub enum $all<'a> {
            $( #[doc = concat!("Of `", stringify!($variant), "`.")] $variant($ty), )*
        }

        impl<'a> $all<'a> {
            /// Reads the payload of `operation`; `None` if this crate has no such operation. Who knows which operation it is
            /// reads the payload's own type: this is as large as the largest of them.
            #[inline]
            pub fn decode(
                operation: Operation,
                payload: Item<'a>,
                version: Version,
            ) -> Option<Result<Self, DecodeError>> {
                Some(match operation {
                    $( Operation::$code => <$ty as Field<'_>>::decode(payload, version).map($all::$variant), )*
                    _ => return None,
                })
            }

            /// The operation it belongs to.
            #[must_use]
            pub fn operation(&self) -> Operation {
                match self {
                    $( $all::$variant(_) => Operation::$code, )*
                }
            }

            /// Writes the payload.
            pub fn encode(&self, tag: Tag, version: Version, out: &mut Writer<'_>) {
                match self {
                    $( $all::$variant(payload) => payload.encode(tag, version, out), )*
                }
            }
        }

        $( impl<'a> From<$ty> for $all<'a> {
            fn from(payload: $ty) -> Self {
                $all::$variant(payload)
            }
        } )*
    };
}

payloads! {
    /// What an operation is given. No `Debug`: it may hold key material.
    Request {
        ACTIVATE Activate(ActivateRequest<'a>),
        ADD_ATTRIBUTE AddAttribute(AddAttributeRequest<'a>),
        ADJUST_ATTRIBUTE AdjustAttribute(AdjustAttributeRequest<'a>),
        ARCHIVE Archive(ArchiveRequest<'a>),
        CANCEL Cancel(CancelRequest<'a>),
        CERTIFY Certify(CertifyRequest<'a>),
        CHECK Check(CheckRequest<'a>),
        CREATE Create(CreateRequest<'a>),
        CREATE_KEY_PAIR CreateKeyPair(CreateKeyPairRequest<'a>),
        CREATE_SPLIT_KEY CreateSplitKey(CreateSplitKeyRequest<'a>),
        DECRYPT Decrypt(DecryptRequest<'a>),
        DELEGATED_LOGIN DelegatedLogin(DelegatedLoginRequest<'a>),
        DELETE_ATTRIBUTE DeleteAttribute(DeleteAttributeRequest<'a>),
        DERIVE_KEY DeriveKey(DeriveKeyRequest<'a>),
        DESTROY Destroy(DestroyRequest<'a>),
        DISCOVER_VERSIONS DiscoverVersions(DiscoverVersionsRequest<'a>),
        ENCRYPT Encrypt(EncryptRequest<'a>),
        EXPORT Export(ExportRequest<'a>),
        GET Get(GetRequest<'a>),
        GET_ATTRIBUTE_LIST GetAttributeList(GetAttributeListRequest<'a>),
        GET_ATTRIBUTES GetAttributes(GetAttributesRequest<'a>),
        GET_CONSTRAINTS GetConstraints(GetConstraintsRequest),
        GET_USAGE_ALLOCATION GetUsageAllocation(GetUsageAllocationRequest<'a>),
        HASH Hash(HashRequest<'a>),
        IMPORT Import(ImportRequest<'a>),
        INTEROP Interop(InteropRequest<'a>),
        JOIN_SPLIT_KEY JoinSplitKey(JoinSplitKeyRequest<'a>),
        LOCATE Locate(LocateRequest<'a>),
        LOG Log(LogRequest<'a>),
        LOGIN Login(LoginRequest),
        LOGOUT Logout(LogoutRequest<'a>),
        MAC Mac(MacRequest<'a>),
        MAC_VERIFY MacVerify(MacVerifyRequest<'a>),
        MODIFY_ATTRIBUTE ModifyAttribute(ModifyAttributeRequest<'a>),
        NOTIFY Notify(NotifyRequest<'a>),
        OBTAIN_LEASE ObtainLease(ObtainLeaseRequest<'a>),
        PING Ping(PingRequest),
        PKCS_11 Pkcs11(Pkcs11Request<'a>),
        POLL Poll(PollRequest<'a>),
        PROCESS Process(ProcessRequest<'a>),
        PUT Put(PutRequest<'a>),
        QUERY Query(QueryRequest<'a>),
        QUERY_ASYNCHRONOUS_REQUESTS QueryAsynchronousRequests(QueryAsynchronousRequestsRequest<'a>),
        RE_CERTIFY ReCertify(ReCertifyRequest<'a>),
        RE_KEY ReKey(ReKeyRequest<'a>),
        RE_KEY_KEY_PAIR ReKeyKeyPair(ReKeyKeyPairRequest<'a>),
        RE_PROVISION ReProvision(ReProvisionRequest<'a>),
        RECOVER Recover(RecoverRequest<'a>),
        REGISTER Register(RegisterRequest<'a>),
        REVOKE Revoke(RevokeRequest<'a>),
        RNG_RETRIEVE RngRetrieve(RngRetrieveRequest),
        RNG_SEED RngSeed(RngSeedRequest<'a>),
        SET_ATTRIBUTE SetAttribute(SetAttributeRequest<'a>),
        SET_CONSTRAINTS SetConstraints(SetConstraintsRequest<'a>),
        SET_DEFAULTS SetDefaults(SetDefaultsRequest<'a>),
        SET_ENDPOINT_ROLE SetEndpointRole(SetEndpointRoleRequest),
        SIGN Sign(SignRequest<'a>),
        SIGNATURE_VERIFY SignatureVerify(SignatureVerifyRequest<'a>),
        VALIDATE Validate(ValidateRequest<'a>),
    }
}

payloads! {
    /// What an operation yields. Poll has none of its own: its answer is that of the polled request. No `Debug`.
    Response {
        ACTIVATE Activate(ActivateResponse<'a>),
        ADD_ATTRIBUTE AddAttribute(AddAttributeResponse<'a>),
        ADJUST_ATTRIBUTE AdjustAttribute(AdjustAttributeResponse<'a>),
        ARCHIVE Archive(ArchiveResponse<'a>),
        CANCEL Cancel(CancelResponse<'a>),
        CERTIFY Certify(CertifyResponse<'a>),
        CHECK Check(CheckResponse<'a>),
        CREATE Create(CreateResponse<'a>),
        CREATE_KEY_PAIR CreateKeyPair(CreateKeyPairResponse<'a>),
        CREATE_SPLIT_KEY CreateSplitKey(CreateSplitKeyResponse<'a>),
        DECRYPT Decrypt(DecryptResponse<'a>),
        DELEGATED_LOGIN DelegatedLogin(DelegatedLoginResponse<'a>),
        DELETE_ATTRIBUTE DeleteAttribute(DeleteAttributeResponse<'a>),
        DERIVE_KEY DeriveKey(DeriveKeyResponse<'a>),
        DESTROY Destroy(DestroyResponse<'a>),
        DISCOVER_VERSIONS DiscoverVersions(DiscoverVersionsResponse<'a>),
        ENCRYPT Encrypt(EncryptResponse<'a>),
        EXPORT Export(ExportResponse<'a>),
        GET Get(GetResponse<'a>),
        GET_ATTRIBUTE_LIST GetAttributeList(GetAttributeListResponse<'a>),
        GET_ATTRIBUTES GetAttributes(GetAttributesResponse<'a>),
        GET_CONSTRAINTS GetConstraints(GetConstraintsResponse<'a>),
        GET_USAGE_ALLOCATION GetUsageAllocation(GetUsageAllocationResponse<'a>),
        HASH Hash(HashResponse<'a>),
        IMPORT Import(ImportResponse<'a>),
        INTEROP Interop(InteropResponse),
        JOIN_SPLIT_KEY JoinSplitKey(JoinSplitKeyResponse<'a>),
        LOCATE Locate(LocateResponse<'a>),
        LOG Log(LogResponse),
        LOGIN Login(LoginResponse<'a>),
        LOGOUT Logout(LogoutResponse),
        MAC Mac(MacResponse<'a>),
        MAC_VERIFY MacVerify(MacVerifyResponse<'a>),
        MODIFY_ATTRIBUTE ModifyAttribute(ModifyAttributeResponse<'a>),
        NOTIFY Notify(NotifyResponse),
        OBTAIN_LEASE ObtainLease(ObtainLeaseResponse<'a>),
        PING Ping(PingResponse),
        PKCS_11 Pkcs11(Pkcs11Response<'a>),
        PROCESS Process(ProcessResponse),
        PUT Put(PutResponse),
        QUERY Query(QueryResponse<'a>),
        QUERY_ASYNCHRONOUS_REQUESTS QueryAsynchronousRequests(QueryAsynchronousRequestsResponse<'a>),
        RE_CERTIFY ReCertify(ReCertifyResponse<'a>),
        RE_KEY ReKey(ReKeyResponse<'a>),
        RE_KEY_KEY_PAIR ReKeyKeyPair(ReKeyKeyPairResponse<'a>),
        RE_PROVISION ReProvision(ReProvisionResponse<'a>),
        RECOVER Recover(RecoverResponse<'a>),
        REGISTER Register(RegisterResponse<'a>),
        REVOKE Revoke(RevokeResponse<'a>),
        RNG_RETRIEVE RngRetrieve(RngRetrieveResponse<'a>),
        RNG_SEED RngSeed(RngSeedResponse),
        SET_ATTRIBUTE SetAttribute(SetAttributeResponse<'a>),
        SET_CONSTRAINTS SetConstraints(SetConstraintsResponse),
        SET_DEFAULTS SetDefaults(SetDefaultsResponse),
        SET_ENDPOINT_ROLE SetEndpointRole(SetEndpointRoleResponse),
        SIGN Sign(SignResponse<'a>),
        SIGNATURE_VERIFY SignatureVerify(SignatureVerifyResponse<'a>),
        VALIDATE Validate(ValidateResponse),
    }
}

impl<'a> Request<'a> {
    /// Reads the payload of a batch item; `None` if this crate has no such operation.
    pub fn of(item: &RequestBatchItem<'a>, version: Version) -> Option<Result<Self, DecodeError>> {
        Request::decode(item.operation, item.payload, version)
    }
}
