//! Query: asks the server what it can do.
//!
//! A response holds only what the version has: the writer leaves out fields that are newer, and [`listed_in`] leaves out
//! enumerated values that are.
//! Rules: KMIP 1.4, sections 2.1.9, 2.1.19 to 2.1.21 and 4.25; KMIP 2.1, sections 6.1.40 and 7.

use crate::attribute::RngParameters;
use crate::enums::{
    AttestationType, ClientRegistrationMethod, DestroyAction, Enumeration, ObjectType, Operation,
    ProfileName, QueryFunction, RngMode, ShreddingAlgorithm, UnwrapMode, ValidationAuthorityType,
    ValidationType,
};
use crate::field::{Field, List, structure};
use crate::mask::ProtectionStorageMasks;
use crate::tag::Tag;
use crate::ttlv::{DecodeError, Item, ItemType, Writer};
use crate::version::Version;

structure! {
    /// What Query is given.
    #[derive(Clone, Copy)]
    QueryRequest<'a> {
        /// What is asked.
        functions: List<'a, QueryFunction> = QUERY_FUNCTION,
        /// For which object groups (2.1).
        object_groups: Option<Item<'a>> = OBJECT_GROUPS,
    }
}

structure! {
    /// What Query yields.
    #[derive(Clone, Copy, Default)]
    QueryResponse<'a> {
        /// Operations.
        operations: List<'a, Operation> = OPERATION,
        /// Object types.
        object_types: List<'a, ObjectType> = OBJECT_TYPE,
        /// Who made the server.
        vendor_identification: Option<&'a str> = VENDOR_IDENTIFICATION,
        /// More about the server.
        server_information: Option<ServerInformation<'a>> = SERVER_INFORMATION,
        /// Namespaces for which the server makes application data.
        application_namespaces: List<'a, &'a str> = APPLICATION_NAMESPACE,
        /// Extensions.
        extensions: List<'a, ExtensionInformation<'a>> = EXTENSION_INFORMATION,
        /// Attestation types.
        attestation_types: List<'a, AttestationType> = ATTESTATION_TYPE,
        /// Random number generators.
        rng_parameters: List<'a, RngParameters> = RNG_PARAMETERS,
        /// Profiles.
        profiles: List<'a, ProfileInformation<'a>> = PROFILE_INFORMATION,
        /// Validations.
        validations: List<'a, ValidationInformation<'a>> = VALIDATION_INFORMATION,
        /// Capabilities.
        capabilities: List<'a, CapabilityInformation> = CAPABILITY_INFORMATION,
        /// How clients are registered.
        client_registration_methods: List<'a, ClientRegistrationMethod> = CLIENT_REGISTRATION_METHOD,
        /// Attributes that new objects get unasked (2.x).
        defaults: Option<Item<'a>> = DEFAULTS_INFORMATION,
        /// Storage that can be asked for (2.x).
        protection_storage_masks: Option<ProtectionStorageMasks<'a>> = PROTECTION_STORAGE_MASKS,
    }
}

/// The values of `all` that `version` defines, in their order.
pub fn listed_in<E: Enumeration>(version: Version, all: &[E]) -> impl Iterator<Item = E> {
    all.iter().copied().filter(move |value| E::NAMES.defines(value.code(), version))
}

/// What the server says of itself: a structure that is the vendor's own in 1.x, and mostly the standard's in 2.x.
#[derive(Clone, Copy)]
pub enum ServerInformation<'a> {
    /// As read.
    Read(Item<'a>),
    /// To be written: named texts under the standard's tags. In 1.x, which has none, the structure stays empty.
    Texts(&'a [(Tag, &'a str)]),
}

impl<'a> Field<'a> for ServerInformation<'a> {
    fn decode(item: Item<'a>, _: Version) -> Result<Self, DecodeError> {
        item.children().map(|_| ServerInformation::Read(item))
    }

    fn encode(&self, tag: Tag, version: Version, out: &mut Writer<'_>) {
        match self {
            ServerInformation::Read(item) => out.item(tag, item),
            ServerInformation::Texts(texts) => out.structure(tag, |out| {
                for (tag, text) in texts.iter().filter(|(tag, _)| tag.exists_in(version)) {
                    out.text(*tag, text);
                }
            }),
        }
    }
}

structure! {
    /// A tag that the server uses and the standard has not.
    #[derive(Clone, Copy)]
    ExtensionInformation<'a> {
        /// Its name.
        name: &'a str = EXTENSION_NAME,
        /// Its number.
        tag: Option<i32> = EXTENSION_TAG,
        /// Its type.
        ty: Option<ExtensionType> = EXTENSION_TYPE,
        /// More about it (2.x).
        enumeration: Option<i32> = EXTENSION_ENUMERATION,
        /// Whether it is an attribute (2.x).
        attribute: Option<bool> = EXTENSION_ATTRIBUTE,
        /// The tag of the structure around it (2.x).
        parent: Option<i32> = EXTENSION_PARENT_STRUCTURE_TAG,
        /// What it is for (2.x).
        description: Option<&'a str> = EXTENSION_DESCRIPTION,
    }
}

/// The type of an extension: an Integer in 1.x, an Enumeration in 2.x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtensionType(pub ItemType);

impl Field<'_> for ExtensionType {
    fn decode(item: Item<'_>, _: Version) -> Result<Self, DecodeError> {
        let number = match item.ty() {
            ItemType::Enumeration => item.enumeration()?,
            _ => u32::try_from(item.integer()?).map_err(|_| item.bad_value())?,
        };
        let ty = u8::try_from(number).ok().and_then(ItemType::from_byte);
        ty.map(ExtensionType).ok_or_else(|| item.bad_value())
    }

    fn encode(&self, tag: Tag, version: Version, out: &mut Writer<'_>) {
        if version.tags_attributes() {
            out.enumeration(tag, u32::from(self.0.byte()));
        } else {
            out.integer(tag, i32::from(self.0.byte()));
        }
    }
}

structure! {
    /// A profile that the server conforms to.
    #[derive(Clone, Copy)]
    ProfileInformation<'a> {
        /// Which.
        name: ProfileName = PROFILE_NAME,
        /// In which version (2.x).
        version: Option<ProfileVersion> = PROFILE_VERSION,
        /// Where.
        server_uri: Option<&'a str> = SERVER_URI,
        /// On which port.
        server_port: Option<i32> = SERVER_PORT,
    }
}

structure! {
    /// The version of a profile (2.x).
    #[derive(Clone, Copy)]
    ProfileVersion {
        /// Major.
        major: i32 = PROFILE_VERSION_MAJOR,
        /// Minor.
        minor: i32 = PROFILE_VERSION_MINOR,
    }
}

structure! {
    /// A formal validation of the server.
    #[derive(Clone, Copy)]
    ValidationInformation<'a> {
        /// Who validated.
        authority: ValidationAuthorityType = VALIDATION_AUTHORITY_TYPE,
        /// In which country.
        country: Option<&'a str> = VALIDATION_AUTHORITY_COUNTRY,
        /// The validator's address.
        authority_uri: Option<&'a str> = VALIDATION_AUTHORITY_URI,
        /// By which version of the rules.
        major: i32 = VALIDATION_VERSION_MAJOR,
        /// Its minor part.
        minor: Option<i32> = VALIDATION_VERSION_MINOR,
        /// What was validated.
        ty: ValidationType = VALIDATION_TYPE,
        /// To which level.
        level: i32 = VALIDATION_LEVEL,
        /// The certificate's number.
        certificate: Option<&'a str> = VALIDATION_CERTIFICATE_IDENTIFIER,
        /// The certificate's address.
        certificate_uri: Option<&'a str> = VALIDATION_CERTIFICATE_URI,
        /// The vendor's address.
        vendor_uri: Option<&'a str> = VALIDATION_VENDOR_URI,
        /// Profiles that were validated.
        profiles: List<'a, &'a str> = VALIDATION_PROFILE,
    }
}

structure! {
    /// What the server is capable of.
    #[derive(Clone, Copy, Default)]
    CapabilityInformation {
        /// Cryptographic operations in parts.
        streaming: Option<bool> = STREAMING_CAPABILITY,
        /// Answers later.
        asynchronous: Option<bool> = ASYNCHRONOUS_CAPABILITY,
        /// Attestation.
        attestation: Option<bool> = ATTESTATION_CAPABILITY,
        /// Undoing a batch (1.4).
        batch_undo: Option<bool> = BATCH_UNDO_CAPABILITY,
        /// Going on after a failed item (1.4).
        batch_continue: Option<bool> = BATCH_CONTINUE_CAPABILITY,
        /// What is done with wrapped keys.
        unwrap_mode: Option<UnwrapMode> = UNWRAP_MODE,
        /// What Destroy leaves.
        destroy_action: Option<DestroyAction> = DESTROY_ACTION,
        /// How material is destroyed.
        shredding_algorithm: Option<ShreddingAlgorithm> = SHREDDING_ALGORITHM,
        /// Whose the random number generator is.
        rng_mode: Option<RngMode> = RNG_MODE,
        /// Algorithms that hold against quantum computers (2.x).
        quantum_safe: Option<bool> = QUANTUM_SAFE_CAPABILITY,
    }
}
