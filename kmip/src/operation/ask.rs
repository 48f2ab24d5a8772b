//! Ties the payload of a request to its operation and to the payload of the answer, so that a client cannot mix them up.
//!
//! Separate from the operations because it is one table. Poll is not in it: its answer is that of another operation.

use super::*;
use crate::field::Field;

/// The payload of a request that knows its operation and its answer.
pub trait Ask<'a>: Field<'a> {
    /// The operation.
    const OPERATION: Operation;
    /// The payload of the answer.
    type Answer<'r>: Field<'r>;
}

macro_rules! asks {
    ($( $code:ident $request:ty => $answer:ty; )*) => {
        $( impl<'a> Ask<'a> for $request {
            const OPERATION: Operation = Operation::$code;
            type Answer<'r> = $answer;
        } )*
    };
}

asks! {
    ACTIVATE ActivateRequest<'a> => ActivateResponse<'r>;
    ADD_ATTRIBUTE AddAttributeRequest<'a> => AddAttributeResponse<'r>;
    ADJUST_ATTRIBUTE AdjustAttributeRequest<'a> => AdjustAttributeResponse<'r>;
    ARCHIVE ArchiveRequest<'a> => ArchiveResponse<'r>;
    CANCEL CancelRequest<'a> => CancelResponse<'r>;
    CERTIFY CertifyRequest<'a> => CertifyResponse<'r>;
    CHECK CheckRequest<'a> => CheckResponse<'r>;
    CREATE CreateRequest<'a> => CreateResponse<'r>;
    CREATE_KEY_PAIR CreateKeyPairRequest<'a> => CreateKeyPairResponse<'r>;
    CREATE_SPLIT_KEY CreateSplitKeyRequest<'a> => CreateSplitKeyResponse<'r>;
    DECRYPT DecryptRequest<'a> => DecryptResponse<'r>;
    DELEGATED_LOGIN DelegatedLoginRequest<'a> => DelegatedLoginResponse<'r>;
    DELETE_ATTRIBUTE DeleteAttributeRequest<'a> => DeleteAttributeResponse<'r>;
    DERIVE_KEY DeriveKeyRequest<'a> => DeriveKeyResponse<'r>;
    DESTROY DestroyRequest<'a> => DestroyResponse<'r>;
    DISCOVER_VERSIONS DiscoverVersionsRequest<'a> => DiscoverVersionsResponse<'r>;
    ENCRYPT EncryptRequest<'a> => EncryptResponse<'r>;
    EXPORT ExportRequest<'a> => ExportResponse<'r>;
    GET GetRequest<'a> => GetResponse<'r>;
    GET_ATTRIBUTE_LIST GetAttributeListRequest<'a> => GetAttributeListResponse<'r>;
    GET_ATTRIBUTES GetAttributesRequest<'a> => GetAttributesResponse<'r>;
    GET_CONSTRAINTS GetConstraintsRequest => GetConstraintsResponse<'r>;
    GET_USAGE_ALLOCATION GetUsageAllocationRequest<'a> => GetUsageAllocationResponse<'r>;
    HASH HashRequest<'a> => HashResponse<'r>;
    IMPORT ImportRequest<'a> => ImportResponse<'r>;
    INTEROP InteropRequest<'a> => InteropResponse;
    JOIN_SPLIT_KEY JoinSplitKeyRequest<'a> => JoinSplitKeyResponse<'r>;
    LOCATE LocateRequest<'a> => LocateResponse<'r>;
    LOG LogRequest<'a> => LogResponse;
    LOGIN LoginRequest => LoginResponse<'r>;
    LOGOUT LogoutRequest<'a> => LogoutResponse;
    MAC MacRequest<'a> => MacResponse<'r>;
    MAC_VERIFY MacVerifyRequest<'a> => MacVerifyResponse<'r>;
    MODIFY_ATTRIBUTE ModifyAttributeRequest<'a> => ModifyAttributeResponse<'r>;
    NOTIFY NotifyRequest<'a> => NotifyResponse;
    OBTAIN_LEASE ObtainLeaseRequest<'a> => ObtainLeaseResponse<'r>;
    PING PingRequest => PingResponse;
    PKCS_11 Pkcs11Request<'a> => Pkcs11Response<'r>;
    PROCESS ProcessRequest<'a> => ProcessResponse;
    PUT PutRequest<'a> => PutResponse;
    QUERY QueryRequest<'a> => QueryResponse<'r>;
    QUERY_ASYNCHRONOUS_REQUESTS QueryAsynchronousRequestsRequest<'a> => QueryAsynchronousRequestsResponse<'r>;
    RE_CERTIFY ReCertifyRequest<'a> => ReCertifyResponse<'r>;
    RE_KEY ReKeyRequest<'a> => ReKeyResponse<'r>;
    RE_KEY_KEY_PAIR ReKeyKeyPairRequest<'a> => ReKeyKeyPairResponse<'r>;
    RE_PROVISION ReProvisionRequest<'a> => ReProvisionResponse<'r>;
    RECOVER RecoverRequest<'a> => RecoverResponse<'r>;
    REGISTER RegisterRequest<'a> => RegisterResponse<'r>;
    REVOKE RevokeRequest<'a> => RevokeResponse<'r>;
    RNG_RETRIEVE RngRetrieveRequest => RngRetrieveResponse<'r>;
    RNG_SEED RngSeedRequest<'a> => RngSeedResponse;
    SET_ATTRIBUTE SetAttributeRequest<'a> => SetAttributeResponse<'r>;
    SET_CONSTRAINTS SetConstraintsRequest<'a> => SetConstraintsResponse;
    SET_DEFAULTS SetDefaultsRequest<'a> => SetDefaultsResponse;
    SET_ENDPOINT_ROLE SetEndpointRoleRequest => SetEndpointRoleResponse;
    SIGN SignRequest<'a> => SignResponse<'r>;
    SIGNATURE_VERIFY SignatureVerifyRequest<'a> => SignatureVerifyResponse<'r>;
    VALIDATE ValidateRequest<'a> => ValidateResponse;
}
