//! Names the protocol versions this crate speaks and picks one with a peer.
//!
//! Separate from `message` because tables, attributes and payloads all depend on the version spoken.
//! Rules: KMIP 1.4, sections 4.26 (Discover Versions), 6.1 (Protocol Version); KMIP 2.1, section 6.1.18.

use core::fmt;

/// A protocol version that this crate speaks, oldest first: comparisons mean "older" and "newer".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// KMIP 1.0.
    V1_0,
    /// KMIP 1.1.
    V1_1,
    /// KMIP 1.2.
    V1_2,
    /// KMIP 1.3.
    V1_3,
    /// KMIP 1.4.
    V1_4,
    /// KMIP 2.0.
    V2_0,
    /// KMIP 2.1.
    V2_1,
}

impl Version {
    /// All versions, newest first: the order in which Discover Versions lists them.
    pub const NEWEST_FIRST: [Version; 7] = [
        Version::V2_1,
        Version::V2_0,
        Version::V1_4,
        Version::V1_3,
        Version::V1_2,
        Version::V1_1,
        Version::V1_0,
    ];

    /// The two numbers that stand for this version on the wire.
    #[must_use]
    pub const fn number(self) -> ProtocolVersion {
        let (major, minor) = match self {
            Version::V1_0 => (1, 0),
            Version::V1_1 => (1, 1),
            Version::V1_2 => (1, 2),
            Version::V1_3 => (1, 3),
            Version::V1_4 => (1, 4),
            Version::V2_0 => (2, 0),
            Version::V2_1 => (2, 1),
        };
        ProtocolVersion { major, minor }
    }

    /// Whether attributes are tagged items (2.0 and later) rather than named ones.
    #[must_use]
    pub fn tags_attributes(self) -> bool {
        self >= Version::V2_0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// Any version a peer may name, known to us or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolVersion {
    /// Incompatible changes.
    pub major: i32,
    /// Compatible changes.
    pub minor: i32,
}

impl ProtocolVersion {
    /// The version itself, if we speak exactly this one.
    #[must_use]
    pub fn spoken(self) -> Option<Version> {
        Version::NEWEST_FIRST.into_iter().find(|version| version.number() == self)
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The versions a server is willing to speak: a span without holes.
///
/// ```
/// use kmip::version::{ProtocolVersion, Supported, Version};
/// let server = Supported::new(Version::V1_0, Version::V1_4);
/// assert_eq!(server.accept(ProtocolVersion { major: 1, minor: 2 }), Some(Version::V1_2));
/// assert_eq!(server.accept(ProtocolVersion { major: 2, minor: 1 }), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supported {
    oldest: Version,
    newest: Version,
}

impl Supported {
    /// A span of versions; bounds given the wrong way round are put right.
    #[must_use]
    pub fn new(one: Version, other: Version) -> Self {
        Supported { oldest: one.min(other), newest: one.max(other) }
    }

    /// Everything this crate speaks.
    #[must_use]
    pub fn all() -> Self {
        Supported::new(Version::V1_0, Version::V2_1)
    }

    /// The version to answer in, if the one asked for is supported. There is no silent downgrade: a client
    /// that asks for something else is refused and may use Discover Versions.
    #[must_use]
    pub fn accept(self, asked: ProtocolVersion) -> Option<Version> {
        asked.spoken().filter(|version| self.contains(*version))
    }

    /// Whether `version` lies in the span.
    #[must_use]
    pub fn contains(self, version: Version) -> bool {
        (self.oldest..=self.newest).contains(&version)
    }

    /// The newest supported version: what a server answers in when it cannot answer in the one asked for.
    #[must_use]
    pub fn newest(self) -> Version {
        self.newest
    }

    /// The version in which to refuse one that is not supported: the newest that is not newer, which a client with the same
    /// major version must be able to read (KMIP 1.4, section 6.1), or else the oldest.
    #[must_use]
    pub fn nearest(self, asked: ProtocolVersion) -> Version {
        self.newest_first().find(|version| version.number() <= asked).unwrap_or(self.oldest)
    }

    /// The supported versions, newest first.
    pub fn newest_first(self) -> impl Iterator<Item = Version> {
        Version::NEWEST_FIRST.into_iter().filter(move |version| self.contains(*version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_does_not_exist_is_not_spoken() {
        assert_eq!(ProtocolVersion { major: 1, minor: 5 }.spoken(), None);
        assert_eq!(ProtocolVersion { major: -1, minor: 0 }.spoken(), None);
    }

    #[test]
    fn a_version_that_is_not_spoken_is_refused_in_the_nearest_below_it() {
        let nearest = |major, minor| Supported::all().nearest(ProtocolVersion { major, minor });
        assert_eq!(nearest(1, 9), Version::V1_4);
        assert_eq!(nearest(9, 9), Version::V2_1);
        assert_eq!(nearest(2, 7), Version::V2_1);
        assert_eq!(nearest(0, 9), Version::V1_0);
        let old = Supported::new(Version::V1_0, Version::V1_2);
        assert_eq!(old.nearest(Version::V2_1.number()), Version::V1_2);
    }

    #[test]
    fn every_version_survives_its_numbers() {
        for version in Version::NEWEST_FIRST {
            assert_eq!(version.number().spoken(), Some(version));
        }
    }

    #[test]
    fn versions_are_listed_newest_first() {
        let span = Supported::new(Version::V1_2, Version::V1_0);
        let listed: Vec<_> = span.newest_first().collect();
        assert_eq!(listed, [Version::V1_2, Version::V1_1, Version::V1_0]);
    }
}
