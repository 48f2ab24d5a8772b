//! The profiles that Query tells of: those whose published cases this server passes, in the versions that have a name
//! for them.
//!
//! Separate from `query` because it is a statement to be kept true, and nothing else there is.
//! Rules: KMIP Profiles 1.4 and 2.1.

use kmip::enums::{Enumeration, ProfileName};
use kmip::operation::{ProfileInformation, ProfileVersion};
use kmip::version::Version;

/// What profiles are called before their version; in 2.x that is the whole name.
const PROFILES: &[&str] = &[
    "BaselineServer",
    "BaselineServerBasic",
    "BaselineServerTLSV1_2",
    "TapeLibraryServer",
    "SymmetricKeyLifecycleServer",
    "SymmetricKeyFoundryServer",
    "BasicCryptographicServer",
    "RNGCryptographicServer",
    "OpaqueManagedObjectStoreServer",
    "StorageArrayWithSelfEncryptingDriveServer",
];

/// The profiles in the words of `version`.
pub(super) fn profiles(version: Version) -> Vec<ProfileInformation<'static>> {
    let ours = |name: &str| {
        let family = name.split_once("KMIPV").map_or(name, |(family, _)| family);
        PROFILES.contains(&family)
    };
    let number = version.number();
    let in_version =
        version.tags_attributes().then_some(ProfileVersion { major: number.major, minor: number.minor });
    ProfileName::NAMES
        .values(version)
        .map(ProfileName::from_code)
        .filter(|profile| profile.name(version).is_some_and(ours))
        .map(|name| ProfileInformation { name, version: in_version, server_uri: None, server_port: None })
        .collect()
}
