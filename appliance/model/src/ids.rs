//! Identifiers: short names that people write, and numbers that only grow.

use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Longest name in bytes; short enough to be copied without thought.
pub const NAME_BYTES_MAX: usize = 40;

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there, or more than [`NAME_BYTES_MAX`] bytes.
    #[error("a name has 1 to 40 characters")]
    Length,
    /// Something other than lower-case letters, digits and inner hyphens.
    #[error("a name has lower-case letters, digits and hyphens, and begins with a letter or digit")]
    Character,
}

/// 1 to 40 of `a-z`, `0-9`, `-`, not beginning with a hyphen. Safe in a log, a path and a metric label.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Name {
    bytes: [u8; NAME_BYTES_MAX],
    length: u8,
}

impl Name {
    const fn parse(text: &str) -> Result<Self, NameError> {
        let source = text.as_bytes();
        if source.is_empty() || source.len() > NAME_BYTES_MAX {
            return Err(NameError::Length);
        }
        let mut bytes = [0; NAME_BYTES_MAX];
        let mut at = 0;
        #[expect(clippy::indexing_slicing, reason = "`at` is below both lengths; const fn has no iterators")]
        while at < source.len() {
            let byte = source[at];
            let allowed = byte.is_ascii_lowercase() || byte.is_ascii_digit() || (byte == b'-' && at > 0);
            if !allowed {
                return Err(NameError::Character);
            }
            bytes[at] = byte;
            at += 1;
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most NAME_BYTES_MAX")]
        Ok(Self { bytes, length: at as u8 })
    }

    fn as_str(&self) -> &str {
        let used = self.bytes.get(..usize::from(self.length)).unwrap_or_default();
        core::str::from_utf8(used).unwrap_or_default()
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Name);

        impl $name {
            /// Reads a name; `const`, so that fixed names are checked at compile time.
            ///
            /// # Errors
            /// [`NameError`] when the text is not a name.
            pub const fn parse(text: &str) -> Result<Self, NameError> {
                match Name::parse(text) {
                    Ok(name) => Ok(Self(name)),
                    Err(error) => Err(error),
                }
            }

            /// The name as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl de::Visitor<'_> for Visitor {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a name of 1 to 40 lower-case letters, digits and hyphens")
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::parse(text).map_err(E::custom)
                    }
                }
                from.deserialize_str(Visitor)
            }
        }
    )*};
}

names! {
    /// A customer. In every lookup, record, metric, audit line and wrap context.
    TenantId;
    /// One service of a tenant: the namespace of one L3 key.
    ServiceId;
    /// The set of appliances that share a keystore.
    ClusterId;
    /// One box.
    ApplianceId;
    /// Whoever issues bundles: one governance plane, one order of sequences.
    SourceId;
    /// One HSM as the configuration names it; there is one root-agent for each.
    HsmName;
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident($int:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $int);

        impl $name {
            /// The next one; stays at the largest rather than beginning again.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )*};
}

numbers! {
    /// Version of an L3 service key or of any other rotated key; the first is 1.
    KeyVersion(u32);
    /// Counts the starts of one process, so that a restarted one is never taken for the old one.
    Generation(u64);
    /// Position of a bundle in the order of its source; the first is 1.
    Sequence(u64);
    /// One fast lane of `core`.
    LaneIndex(u16);
}

/// Identifier of a managed object: 48 bits of milliseconds, then 80 random bits, so that identifiers sort by
/// age and cannot be guessed. Written like a UUID (RFC 9562, version 7 layout).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectId([u8; 16]);

impl ObjectId {
    /// The smallest identifier: where a listing begins.
    pub const MIN: Self = Self([0; 16]);
    /// The largest identifier: where a listing from the newest begins.
    pub const MAX: Self = Self([0xff; 16]);

    /// Builds an identifier from the present time and ten random bytes.
    #[must_use]
    pub fn new(now: crate::Timestamp, random: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        let (head, tail) = bytes.split_at_mut(6);
        head.copy_from_slice(now.millis().to_be_bytes().get(2..).unwrap_or_default());
        tail.copy_from_slice(&random);
        bytes[6] = (bytes[6] & 0x0f) | 0x70;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self(bytes)
    }

    /// Takes sixteen bytes as they are, for instance from a record.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// An identifier as text, without the heap: every reply names one.
#[derive(Clone, Copy)]
pub struct ObjectIdText([u8; 36]);

impl ObjectIdText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Hexadecimal digits and hyphens are always UTF-8.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl ObjectId {
    /// The hyphenated form.
    #[must_use]
    pub fn text(&self) -> ObjectIdText {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'-'; 36];
        let places = text.iter_mut().enumerate().filter(|(at, _)| !matches!(at, 8 | 13 | 18 | 23));
        let nibbles = self.0.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
        for ((_, place), nibble) in places.zip(nibbles) {
            *place = DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'-');
        }
        ObjectIdText(text)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

impl FromStr for ObjectId {
    type Err = NameError;

    /// Accepts the hyphenated form alone: one identifier, one spelling.
    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.len() != 36 {
            return Err(NameError::Length);
        }
        let mut bytes = [0; 16];
        let mut digits = text.bytes().enumerate().filter(|(at, _)| !matches!(at, 8 | 13 | 18 | 23));
        if [8, 13, 18, 23].iter().any(|at| text.as_bytes().get(*at) != Some(&b'-')) {
            return Err(NameError::Character);
        }
        for byte in &mut bytes {
            let (Some(high), Some(low)) = (digits.next(), digits.next()) else {
                return Err(NameError::Length);
            };
            *byte = hex_digit(high.1)? << 4 | hex_digit(low.1)?;
        }
        Ok(Self(bytes))
    }
}

fn hex_digit(digit: u8) -> Result<u8, NameError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(NameError::Character),
    }
}

/// SHA-256 of a certificate or public key in DER.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_spelling() {
        assert_eq!(TenantId::parse("acme-1").map(|t| t.to_string()), Ok("acme-1".to_owned()));
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        for text in ["", "-a", "A", "a_b", "a/b", "ä", &"a".repeat(41)] {
            assert!(TenantId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_object_id_reads_back_as_it_was_written() {
        let id = ObjectId::new(crate::Timestamp::from_millis(1_700_000_000_000), [7; 10]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("not-an-id".parse::<ObjectId>().is_err());
        assert!(id.to_string().to_uppercase().parse::<ObjectId>().is_err());
    }

    #[test]
    fn a_later_object_id_sorts_after_an_earlier_one() {
        let early = ObjectId::new(crate::Timestamp::from_millis(1), [0xff; 10]);
        let late = ObjectId::new(crate::Timestamp::from_millis(2), [0; 10]);
        assert!(early < late);
    }
}
