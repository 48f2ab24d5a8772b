//! Query: what this server can do. It says what is so, in the words of the version asked in.
//!
//! Rules: KMIP 1.4, section 4.25; KMIP 2.1, section 6.1.40.

use super::TABLE;
use super::birth::GENERATOR;
use super::call::{Answer, Call};
use super::profiles::profiles;
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::enums::{
    DestroyAction, ObjectType, Operation, QueryFunction, RngMode, ShreddingAlgorithm, UnwrapMode,
};
use kmip::field::Field;
use kmip::operation::{CapabilityInformation, QueryRequest, QueryResponse, ServerInformation};
use kmip::result::Refusal;
use kmip::tag::Tag;

const VENDOR: &str = "OpenKCM Holdfast";

/// Every type that can be kept.
const OBJECT_TYPES: &[ObjectType] = &[
    ObjectType::CERTIFICATE,
    ObjectType::SYMMETRIC_KEY,
    ObjectType::PUBLIC_KEY,
    ObjectType::PRIVATE_KEY,
    ObjectType::SPLIT_KEY,
    ObjectType::TEMPLATE,
    ObjectType::SECRET_DATA,
    ObjectType::OPAQUE_OBJECT,
    ObjectType::PGP_KEY,
    ObjectType::CERTIFICATE_REQUEST,
];

const SERVER_INFORMATION: &[(Tag, &str)] =
    &[(Tag::SERVER_NAME, "Holdfast"), (Tag::SERVER_VERSION, env!("CARGO_PKG_VERSION"))];

const CAPABILITIES: CapabilityInformation = CapabilityInformation {
    streaming: Some(true),
    asynchronous: Some(true),
    attestation: Some(false),
    batch_undo: Some(true),
    batch_continue: Some(true),
    unwrap_mode: Some(UnwrapMode::NOT_PROCESSED),
    destroy_action: Some(DestroyAction::KEY_MATERIAL_SHREDDED),
    shredding_algorithm: Some(ShreddingAlgorithm::CRYPTOGRAPHIC),
    rng_mode: Some(RngMode::SHARED_INSTANTIATION),
    quantum_safe: Some(false),
};

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: QueryRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let version = call.version;
    let functions: Vec<_> = request.functions.iter().take(QueryFunction::all(version).count() + 1).collect();
    if functions.iter().any(|function| !function.exists_in(version)) {
        return Err(Refusal::InvalidField);
    }
    Ok(call.used(Answer::new(move |version, out| {
        let asks = |function| functions.contains(&function);
        let operations: Vec<Operation> =
            TABLE.iter().map(|row| row.operation).filter(|operation| operation.exists_in(version)).collect();
        let types: Vec<ObjectType> =
            OBJECT_TYPES.iter().copied().filter(|ty| ty.exists_in(version)).collect();
        let mut response = QueryResponse::default();
        if asks(QueryFunction::QUERY_OPERATIONS) {
            response.operations = (&operations).into();
        }
        if asks(QueryFunction::QUERY_OBJECTS) {
            response.object_types = (&types).into();
        }
        if asks(QueryFunction::QUERY_SERVER_INFORMATION) {
            response.vendor_identification = Some(VENDOR);
            response.server_information = Some(ServerInformation::Texts(SERVER_INFORMATION));
        }
        let generators = [GENERATOR];
        if asks(QueryFunction::QUERY_RN_GS) {
            response.rng_parameters = (&generators).into();
        }
        let capabilities = [CAPABILITIES];
        if asks(QueryFunction::QUERY_CAPABILITIES) {
            response.capabilities = (&capabilities).into();
        }
        let profiles = profiles(version);
        if asks(QueryFunction::QUERY_PROFILES) {
            response.profiles = (&profiles).into();
        }
        // Namespaces, extensions, attestation types, validations, registration methods, defaults: none.
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    })))
}
