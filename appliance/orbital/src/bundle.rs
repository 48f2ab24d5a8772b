//! What a bundle says: its header, and the directives behind it.
//!
//! Reads a payload whose signatures are good in two steps: the header first, so that a bundle for another box or of
//! another time is refused for that reason even if this box would not understand its directives.
//! Rules: the crate's header (format, version 1).

use crate::cbor;
use crate::directive::Directive;
use crate::refusal::Refusal;
use ciborium::Value;
use core::fmt;
use core::str::FromStr;
use holdfast_model::limits::{
    BUNDLE_APPLIANCES_MAX, BUNDLE_DEPTH_MAX, BUNDLE_DIRECTIVES_MAX, BUNDLE_ITEMS_MAX,
};
use holdfast_model::{ApplianceId, ClusterId, Sequence, SourceId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

/// The format version that this box knows.
pub const FORMAT: u16 = 1;

/// A whole bundle. On the box it exists only as `Verified<Bundle>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// For whom, when, and where in the order.
    pub header: Header,
    /// What is to be done, in this order. All of it or nothing is taken.
    pub directives: Vec<Directive>,
}

/// For whom a bundle is, when it holds, and where it stands in the order of its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Format version: [`FORMAT`].
    pub format: u16,
    /// Who issues it.
    pub source: SourceId,
    /// Audience: the cluster.
    pub cluster: ClusterId,
    /// Audience: each appliance of it that is meant; at least one.
    pub appliances: Vec<ApplianceId>,
    /// Larger than that of every bundle before it.
    pub sequence: Sequence,
    /// Digest of the bundle before it; zeros for the first.
    pub previous: BundleDigest,
    /// When it was made (milliseconds since 1970).
    pub issued_at: Timestamp,
    /// It holds from here on.
    pub not_before: Timestamp,
    /// It is worthless from here on, unless taken before.
    pub not_after: Timestamp,
    /// How urgent it is.
    pub lane: Lane,
}

/// How urgent a bundle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Lane {
    /// 0: orders that only take away. Jumps every queue, and does not wait for bundles lost on the way.
    Critical,
    /// 1: definitions and links.
    High,
    /// 2: the rest.
    Standard,
}

impl TryFrom<u8> for Lane {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            0 => Ok(Self::Critical),
            1 => Ok(Self::High),
            2 => Ok(Self::Standard),
            _ => Err("a lane is 0, 1 or 2"),
        }
    }
}

impl From<Lane> for u8 {
    fn from(lane: Lane) -> Self {
        match lane {
            Lane::Critical => 0,
            Lane::High => 1,
            Lane::Standard => 2,
        }
    }
}

/// SHA-256 of a bundle's payload. Bytes in CBOR, 64 lower-case hexadecimal digits for people.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BundleDigest(pub [u8; 32]);

impl BundleDigest {
    /// What the first bundle of a box names as the one before it.
    pub const NONE: Self = Self([0; 32]);

    pub(crate) fn of(payload: &[u8]) -> Self {
        Self(Sha256::digest(payload).into())
    }
}

impl fmt::Display for BundleDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BundleDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BundleDigest({self})")
    }
}

impl FromStr for BundleDigest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a bundle digest has 64 lower-case hexadecimal digits";
        let digit = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            _ => Err(WRONG),
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(WRONG);
        }
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for BundleDigest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { to.collect_str(self) } else { to.serialize_bytes(&self.0) }
    }
}

impl<'de> Deserialize<'de> for BundleDigest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = BundleDigest;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the SHA-256 digest of a bundle")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<BundleDigest, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<BundleDigest, E> {
                bytes.try_into().map(BundleDigest).map_err(|_| E::invalid_length(bytes.len(), &self))
            }
        }
        if from.is_human_readable() { from.deserialize_str(Visitor) } else { from.deserialize_bytes(Visitor) }
    }
}

/// A payload with its header read and its directives not yet.
pub(crate) struct Opened {
    pub(crate) header: Header,
    directives: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    header: Value,
    directives: Vec<Value>,
}

/// Reads the header of an authentic payload.
pub(crate) fn open(payload: &[u8]) -> Result<Opened, Refusal> {
    cbor::check(payload, BUNDLE_DEPTH_MAX, BUNDLE_ITEMS_MAX)
        .map_err(|_| Refusal::Malformed("the body is not deterministic CBOR"))?;
    let body: Body = ciborium::from_reader(payload)
        .map_err(|_| Refusal::Malformed("the body is not header and directives"))?;
    let format = body.header.as_map().and_then(|pairs| {
        let (_, value) = pairs.iter().find(|(key, _)| key.as_text() == Some("format"))?;
        value.as_integer()
    });
    match format {
        None => return Err(Refusal::Malformed("the header has no format version")),
        Some(format) if format != FORMAT.into() => return Err(Refusal::UnknownFormat),
        Some(_) => {}
    }
    let header: Header = body.header.deserialized().map_err(|_| {
        Refusal::Malformed("the header lacks a field, has one too many, or one is out of range")
    })?;
    header.judge()?;
    if body.directives.is_empty() || body.directives.len() > BUNDLE_DIRECTIVES_MAX {
        return Err(Refusal::Malformed("a bundle has 1 to 1024 directives"));
    }
    Ok(Opened { header, directives: body.directives })
}

impl Opened {
    /// Reads and judges the directives, each and among each other.
    pub(crate) fn bundle(self) -> Result<Bundle, Refusal> {
        let directives = self
            .directives
            .into_iter()
            .enumerate()
            .map(|(index, value)| Directive::read(index, value))
            .collect::<Result<Vec<_>, _>>()?;
        let bundle = Bundle { header: self.header, directives };
        bundle.judge()?;
        Ok(bundle)
    }
}

impl Header {
    fn judge(&self) -> Result<(), Refusal> {
        let appliances = self.appliances.len();
        if appliances == 0 || appliances > BUNDLE_APPLIANCES_MAX {
            return Err(Refusal::Malformed("the audience names 1 to 256 appliances"));
        }
        if self.sequence == Sequence(0) {
            return Err(Refusal::Malformed("the first sequence is 1"));
        }
        if self.not_before >= self.not_after || self.issued_at >= self.not_after {
            return Err(Refusal::Malformed("the bundle ends before it begins"));
        }
        Ok(())
    }
}

impl Bundle {
    /// What must hold among the directives: lanes, and task ids that name one task each.
    fn judge(&self) -> Result<(), Refusal> {
        let mut tasks = std::collections::HashSet::new();
        for (index, directive) in self.directives.iter().enumerate() {
            if self.header.lane < directive.order.lane() {
                return Err(Refusal::WrongLane(index));
            }
            if !tasks.insert(directive.task_id.as_str()) {
                return Err(Refusal::Senseless { index, what: "another directive has the same task id" });
            }
        }
        Ok(())
    }

    /// Judges the header and every directive as `verify` will, before anybody signs.
    #[cfg(any(test, feature = "sign"))]
    pub(crate) fn judge_all(&self) -> Result<(), Refusal> {
        self.header.judge()?;
        self.judge()
    }
}
